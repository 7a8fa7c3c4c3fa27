#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::IsEmpty;

std::string parameter_update(int number, WallTime at) {
    return dump_json({{"id", fmt::format("p{}", number)},
                      {"source", "aws.ssm"},
                      {"detail-type", "Parameter Store Change"},
                      {"time", in_whole_seconds(at)},
                      {"detail", {{"name", fmt::format("/dev/shop/api/P{}", number)}, {"operation", "Update"}}}});
}

std::string push(int number, WallTime at, const std::string& tag) {
    Json detail{{"result", "SUCCESS"}, {"action-type", "PUSH"}, {"repository-name", "shop_service_api"}};
    if (!tag.empty()) detail["image-tag"] = tag;
    return dump_json({{"id", fmt::format("i{}", number)},
                      {"source", "aws.ecr"},
                      {"detail-type", "ECR Image Action"},
                      {"time", in_whole_seconds(at)},
                      {"detail", detail}});
}

std::vector<std::string> burst_of_updates(WallTime begin) {
    std::vector<std::string> events;
    for (int i = 0; i < 200; ++i) events.push_back(parameter_update(i, begin + Milliseconds(i * 10)));
    return events;
}

std::string in_a_queue(const std::vector<std::string>& events) {
    Json records = Json::array();
    for (const auto& event : events)
        records.push_back({{"messageId", fmt::format("m{}", records.size())},
                           {"body", event},
                           {"eventSource", "aws:sqs"},
                           {"eventSourceARN", "arn:aws:sqs:us-east-1:1:events"}});
    return dump_json({{"Records", records}});
}

/// One process; time stands still while it works and passes while it waits.
class StormsTest : public ::testing::Test {
protected:
    explicit StormsTest(const WorldOptions& options = {.sweep = false}) : world_(options) {}

    /// Begins so long after a full second, when nothing has begun for a while.
    WallTime begin(Milliseconds after_the_second) {
        world_.run_for(std::chrono::minutes{1});
        const auto now = world_.now();
        world_.run_for(std::chrono::ceil<Milliseconds>(std::chrono::ceil<std::chrono::seconds>(now) - now) +
                       after_the_second);
        return world_.now();
    }
    [[nodiscard]] int rollouts() const { return world_.calls("UpdateService"); }
    [[nodiscard]] long started_messages() const {
        return std::ranges::count(world_.titles(), std::string("Deployment started: api"));
    }

    World world_;
};

TEST_F(StormsTest, TwoHundredParametersOneByOneEndInTwoRolloutsOfWhichTheLastHasAll) {
    for (const auto after : {Milliseconds(0), Milliseconds(500), Milliseconds(990)}) {
        const auto before = rollouts();
        const auto first = begin(after);
        for (int i = 0; i < 200; ++i) {
            const auto changed_at = first + Milliseconds(i * 10);
            if (world_.now() < changed_at) world_.run_for(std::chrono::ceil<Milliseconds>(changed_at - world_.now()));
            EXPECT_FALSE(world_.handle(parameter_update(i, changed_at)).error);
        }
        EXPECT_LE(rollouts() - before, 2) << after.count();
        EXPECT_GT(world_.last_rollout(), first + Milliseconds(1990)) << after.count() << ": the last value is in it";
    }
}

TEST_F(StormsTest, TwoHundredParametersInAQueueEndInOneRollout) {
    const auto first = begin(Milliseconds(300));
    world_.run_for(std::chrono::seconds{7});
    const auto handled = world_.handle(in_a_queue(burst_of_updates(first)));
    EXPECT_THAT(handled.answer.failed_messages, ::testing::Optional(IsEmpty()));
    EXPECT_EQ(rollouts(), 1);
    EXPECT_EQ(started_messages(), 1);
}

/// What a rotation of the database's password tells, of which backend and api get the new one.
std::string moved(WallTime at) {
    return dump_json({{"id", fmt::format("moved {}", at.time_since_epoch().count())},
                      {"source", "aws.secretsmanager"},
                      {"detail-type", "AWS API Call via CloudTrail"},
                      {"time", in_whole_seconds(at)},
                      {"detail",
                       {{"eventName", "UpdateSecretVersionStage"},
                        {"requestParameters", {{"secretId", "shop/db"}, {"versionStage", "AWSCURRENT"}}}}}});
}

std::string succeeded(WallTime at) {
    return dump_json(
        {{"id", fmt::format("succeeded {}", at.time_since_epoch().count())},
         {"source", "aws.secretsmanager"},
         {"detail-type", "AWS Service Event via CloudTrail"},
         {"time", in_whole_seconds(at)},
         {"detail", {{"eventName", "RotationSucceeded"}, {"additionalEventData", {{"SecretId", "shop/db"}}}}}});
}

class RotationTest : public StormsTest {
protected:
    RotationTest() : StormsTest({.sweep = false, .environment = {{"DISCOVERY", "true"}}}) {}

    /// The rotation is over so long after the stage has moved.
    void expect_one_rollout_for_each_service(Milliseconds after_the_second, Milliseconds over, bool reversed,
                                             Milliseconds delay) {
        const auto before = rollouts();
        const auto first = begin(after_the_second);
        const auto second = first + over;
        world_.run_for(over + delay);
        const auto a = reversed ? succeeded(second) : moved(first);
        const auto b = reversed ? moved(first) : succeeded(second);
        EXPECT_FALSE(world_.handle(a).error);
        EXPECT_FALSE(world_.handle(b).error);
        EXPECT_EQ(rollouts() - before, 2) << "of backend and api; after " << after_the_second.count() << ", over "
                                          << over.count() << ", delay " << delay.count() << ", reversed " << reversed;
        EXPECT_GE(world_.last_rollout(), second) << "it has the value";
    }
};

TEST_F(RotationTest, ItsTwoEventsEndInOneRolloutOfEachServiceInWhateverOrderTheyCome) {
    for (const auto after : {Milliseconds(0), Milliseconds(500), Milliseconds(990)})
        for (const auto over : {Milliseconds(0), Milliseconds(20), Milliseconds(1500)})
            for (const auto delay : {Milliseconds(0), Milliseconds(3000), Milliseconds(60'000)})
                for (const bool reversed : {false, true})
                    expect_one_rollout_for_each_service(after, over, reversed, delay);
}

TEST_F(RotationTest, ManagedRotationIsToldOnceAndRollsOnce) {
    const auto first = begin(Milliseconds(300));
    EXPECT_FALSE(world_.handle(succeeded(first)).error);
    EXPECT_EQ(rollouts(), 2);
}

TEST_F(StormsTest, APushForFourPlatformsWithAttestationsIsOneRollout) {
    const auto first = begin(Milliseconds(700));
    for (int i = 0; i < 8; ++i) world_.handle(push(i, first, i % 2 == 0 ? "" : fmt::format("sha256-{:064x}.att", i)));
    world_.handle(push(8, first + std::chrono::seconds{1}, "v7"));
    EXPECT_EQ(rollouts(), 1);
    EXPECT_EQ(started_messages(), 1);
}

TEST_F(StormsTest, EventsThatAreDeliveredTwiceInAnyOrderAddNothing) {
    const auto first = begin(Milliseconds(200));
    std::vector<std::string> events;
    for (int i = 0; i < 20; ++i) events.push_back(parameter_update(i, first));
    for (const auto& event : events) world_.handle(event);
    const auto once = rollouts();
    const auto messages = world_.titles();
    std::ranges::reverse(events);
    for (const auto& event : events) EXPECT_FALSE(world_.handle(event).error);
    EXPECT_EQ(rollouts(), once);
    EXPECT_EQ(world_.titles(), messages);
    world_.forget_all();
    for (const auto& event : events) EXPECT_EQ(world_.handle(event).answer.status, "ignored") << "another process";
    EXPECT_EQ(rollouts(), once);
    EXPECT_EQ(world_.titles(), messages);
}

}  // namespace
}  // namespace ci_lambda::testing
