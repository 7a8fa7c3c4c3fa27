// How ECS's quotas are kept.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "services/ecs/client.hpp"
#include "unit/services/ecs/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(EcsClientTest, LetsTheBurstOfAQuotaGoAndPacesWhatComesAfterIt) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    const auto begin = clock_.now();
    for (int i = 0; i < 47; ++i) ASSERT_THAT(update(), IsOk());
    EXPECT_EQ(clock_.now(), begin);
    for (int i = 0; i < 50; ++i) ASSERT_THAT(update(), IsOk());
    const auto took = std::chrono::duration<double>(clock_.now() - begin).count();
    EXPECT_GT(took, 50 / 5.0) << "five a second";
    EXPECT_LT(took, 50 / 5.0 * 1.1);
}

TEST_F(EcsClientTest, CountsOperationsOfOneQuotaTogetherAndOthersForThemselves) {
    http_.then(200, R"({"services":[],"serviceArns":[]})");
    const auto begin = clock_.now();
    for (int i = 0; i < 47; ++i) {
        ASSERT_THAT(client_.describe_services(kCluster, {kService}, Deadline::none()), IsOk());
        ASSERT_THAT(client_.list_services(kCluster, Deadline::none()), IsOk());
    }
    EXPECT_EQ(clock_.now(), begin);
    for (int i = 0; i < 10; ++i) ASSERT_THAT(client_.list_services(kCluster, Deadline::none()), IsOk());
    EXPECT_GT(clock_.now(), begin);
    FakeHttp http;
    http.then(200, R"({"service":{"deployments":[]}})");
    const auto later = clock_.now();
    EXPECT_THAT(
        client_with(http).update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, Deadline::none()),
        IsOk());
    EXPECT_EQ(clock_.now(), later);
}

TEST_F(EcsClientTest, ATurnThatIsGivenBackIsThereForTheNextOne) {
    for (int i = 0; i < 200; ++i) {
        ASSERT_THAT(client_.take_turn_to_update(Deadline::after(clock_, Milliseconds{1500})), IsOk());
        client_.give_turn_back();
    }
    EXPECT_THAT(sleeper_.slept(), ::testing::IsEmpty());
}

TEST_F(EcsClientTest, FailsAtOnceWhatItsTurnWouldComeTooLateForAndNamesTheQuota) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    const auto deadline = Deadline::after(clock_, std::chrono::seconds{5});
    const auto update = [&]() -> Result<AcceptedDeployment> {
        TRY(client_.take_turn_to_update(deadline));
        return client_.update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, deadline);
    };
    auto updated = update();
    while (updated) updated = update();
    EXPECT_EQ(updated.error().kind, ErrorKind::kDeadline);
    EXPECT_FALSE(updated.error().retryable());
    EXPECT_THAT(updated.error().message, AllOf(HasSubstr("ecs UpdateService not sent"), HasSubstr("50 calls at once"),
                                               HasSubstr("5 a second"), HasSubstr("deploy it again")));
    const auto sent = http_.requests().size();
    EXPECT_GT(sent, 47U);
    EXPECT_FALSE(update());
    EXPECT_EQ(http_.requests().size(), sent);
    EXPECT_LT(clock_.now(), *deadline.at()) << "it did not wait in vain";
}

TEST_F(EcsClientTest, SlowsDownWhenEcsThrottlesAndSaysSo) {
    http_.then(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})")
        .then(200, R"({"service":{"deployments":[]}})");
    const auto begin = clock_.now();
    EXPECT_EQ(update().error().kind, ErrorKind::kThrottled);
    EXPECT_EQ(clock_.now(), begin);
    EXPECT_THAT(update(), IsOk());
    EXPECT_GT(clock_.now(), begin) << "the burst was not there";
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("ecs throttles"), HasSubstr("service modify")));
}

}  // namespace
}  // namespace ci_lambda::testing
