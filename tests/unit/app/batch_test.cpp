#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Messages of a queue; each body asks for one service.
std::string queue_of(const std::vector<std::string>& services, const std::string& name = "events") {
    Json records = Json::array();
    for (const auto& service : services)
        records.push_back(
            {{"messageId", "m" + std::to_string(records.size())},
             {"body", dump_json({{"service", service}, {"reason", "r" + std::to_string(records.size())}})},
             {"attributes", {{"SentTimestamp", "1772359200000"}, {"MessageGroupId", "g"}}},
             {"eventSource", "aws:sqs"},
             {"eventSourceARN", "arn:aws:sqs:us-east-1:1:" + name}});
    return dump_json({{"Records", records}});
}

class BatchTest : public AppTest {
protected:
    [[nodiscard]] std::vector<std::string> updated() const {
        std::vector<std::string> services;
        for (const auto& request : server_.requests())
            if (request.header("X-Amz-Target").ends_with(".UpdateService"))
                services.push_back(*find_string(*parse_json(request.body), "service"));
        return services;
    }
    static std::vector<std::string> failed_ids(const Handled& handled) {
        return handled.answer.failed_messages.value_or(std::vector<std::string>{"(no answer for a queue)"});
    }
};

TEST_F(BatchTest, BecomesOneDeploymentOfEachServiceWithAllReasons) {
    const auto handled = handle(queue_of({"api", "api", "backend", "api"}));
    EXPECT_FALSE(handled.error);
    EXPECT_THAT(failed_ids(handled), IsEmpty());
    EXPECT_THAT(updated(), ::testing::UnorderedElementsAre("shop_service_api_dev", "shop_service_dev"));
    ASSERT_THAT(handled.answer.deployments, SizeIs(2));
    EXPECT_EQ(handled.answer.deployments[0].reason, "r0; r1; r3");
    EXPECT_THAT(to_json(handled.answer), HasSubstr(R"("batchItemFailures":[])"));
}

TEST_F(BatchTest, NamesExactlyTheMessagesThatAreToComeAgain) {
    auto batch = *parse_json(queue_of({"api", "worker", "api", "worker"}));
    batch["Records"][2]["body"] = "Test message.";
    const auto handled = handle(dump_json(batch));
    EXPECT_FALSE(handled.error) << "Lambda would deliver all of them again";
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m1", "m2", "m3"));
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(to_json(handled.answer), HasSubstr(R"("batchItemFailures":[{"itemIdentifier":"m1"},)"));
    EXPECT_THAT(updated(), SizeIs(2));
}

TEST_F(BatchTest, AnswersOnOneLineWhateverTheIdsAre) {
    auto batch = *parse_json(queue_of({"worker"}));
    batch["Records"][0]["messageId"] = "m\n\x1b[2K";
    const auto handled = handle(dump_json(batch));
    EXPECT_THAT(handled.answer.detail, ::testing::Not(::testing::ContainsRegex("[[:cntrl:]]")));
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m\n\x1b[2K")) << "the queue gets the id as it is";
}

TEST_F(BatchTest, KeepsTheOrderOfAFifoQueueAndStopsBehindAFailure) {
    const auto handled = handle(queue_of({"api", "api", "backend", "worker", "api"}, "events.fifo"));
    EXPECT_THAT(updated(),
                ::testing::ElementsAre("shop_service_api_dev", "shop_service_dev", "shop_service_worker_dev"));
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m3", "m4"));
}

TEST_F(BatchTest, FailsAsAWholeWhereNoMessageCanFailByItself) {
    auto batch = *parse_json(queue_of({"worker"}));
    const auto body = batch["Records"][0]["body"];
    const auto handled = handle(
        dump_json({{"Records", {{{"EventSource", "aws:sns"}, {"Sns", {{"Message", body}, {"MessageId", "n"}}}}}}}));
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    EXPECT_FALSE(handled.answer.failed_messages);
}

TEST_F(BatchTest, AnswersAnEventThatComesAgainWithoutACallOrAMessage) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"api"}})";
    const auto first = same->handle(kEvent, Deadline::none());
    const auto requests = server_.requests().size();
    const auto second = same->handle(kEvent, Deadline::none());
    EXPECT_EQ(to_json(second.answer), to_json(first.answer));
    EXPECT_EQ(server_.requests().size(), requests);
    same->handle(queue_of({"api"}), Deadline::none());
    const auto after_queue = server_.requests().size();
    same->handle(queue_of({"api"}), Deadline::none());
    EXPECT_EQ(server_.requests().size(), after_queue) << "a message's own id does as well";
}

TEST_F(BatchTest, TriesAnEventAgainThatFailed) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})";
    EXPECT_TRUE(same->handle(kEvent, Deadline::none()).error);
    worker_update_ = reply(200, R"({"service":{"deployments":[{"id":"ecs-svc/2","status":"PRIMARY"}]}})");
    EXPECT_FALSE(same->handle(kEvent, Deadline::none()).error);
    EXPECT_THAT(updated(), SizeIs(2));
}

}  // namespace
}  // namespace ci_lambda::testing
