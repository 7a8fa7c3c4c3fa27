#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "handlers/request_json.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

constexpr const char* kWithTask =
    R"({"services":{"api":{"before":{"task":"migrate","command":["./migrate","up"],"timeout_minutes":20}}}})";

Config with_task() { return shop({{"CI_LAMBDA_CONFIG", kWithTask}}); }

TaskEnded ended_for(const std::string& id) {
    const auto config = with_task();
    DeploymentRequest request{.target = *config.names.target(ServiceId(id)),
                              .task_definition = std::nullopt,
                              .reason = "image shop_service_api:v7 was pushed"};
    request.changed_at = parse_rfc3339("2026-01-31T09:00:00Z");
    return {.task = "arn:aws:ecs:us-east-1:123456789012:task/shop_cluster_dev/1",
            .cluster = "shop_cluster_dev",
            .request = to_json(request),
            .waited_for_until = {}};
}

Result<Decision> decide_at(const TaskEnded& ended, const Config& config) {
    return decide({.envelope = {.source = "aws.ecs", .time = "2026-01-31T09:05:03Z"}, .body = ended}, config);
}

TEST(TaskEndedHandler, GoesOnWithWhatTheTaskWasStartedFor) {
    const auto decision = decide_at(ended_for("api"), with_task());
    ASSERT_THAT(decision, IsOk());
    const auto* deploy = std::get_if<Deploy>(&*decision);
    ASSERT_NE(deploy, nullptr);
    ASSERT_THAT(deploy->requests, SizeIs(1));
    const auto& request = deploy->requests[0];
    EXPECT_EQ(request.target.id.str(), "api");
    EXPECT_EQ(request.reason, "image shop_service_api:v7 was pushed");
    EXPECT_EQ(request.changed_at, parse_rfc3339("2026-01-31T09:00:00Z"))
        << "when it was pushed, not when the task ended";
    ASSERT_TRUE(request.before);
    EXPECT_EQ(request.before->name, "migrate");
    EXPECT_THAT(request.before->command, ElementsAre("./migrate", "up"));
    EXPECT_EQ(request.before->timeout, std::chrono::minutes{20});
}

TEST(TaskEndedHandler, LeavesItToWhoeverWaitsAndDoesNothingThatIsNotWantedAnyMore) {
    auto waited = ended_for("api");
    waited.waited_for_until = "2026-01-31T09:06:00.000Z";
    EXPECT_THAT(ignored_because(decide_at(waited, with_task())), HasSubstr("waits for its end"));
    waited.waited_for_until = "2026-01-31T09:04:00.000Z";
    EXPECT_THAT(deployed(decide_at(waited, with_task())), ElementsAre("api"));
    EXPECT_THAT(ignored_because(decide_at(ended_for("api"), shop())), HasSubstr("none runs before api any more"));
    EXPECT_THAT(ignored_because(decide_at(ended_for("worker"), with_task())), HasSubstr("none runs before worker"));
    auto elsewhere = ended_for("api");
    elsewhere.cluster = "other";
    EXPECT_THAT(ignored_because(decide_at(elsewhere, with_task())), HasSubstr("ran in the cluster other"));
    auto broken = ended_for("api");
    broken.request = "[";
    EXPECT_THAT(ignored_because(decide_at(broken, with_task())), HasSubstr("nothing follows the task"));
}

TEST(TaskBeforeSetting, ComesWithEachRequestOfTheService) {
    const auto decision = decide_body(push_to("shop_service_api"), with_task());
    ASSERT_THAT(decision, IsOk());
    const auto* deploy = std::get_if<Deploy>(&*decision);
    ASSERT_NE(deploy, nullptr);
    EXPECT_TRUE(deploy->requests.at(0).before);
    const auto other = decide_body(push_to("shop_service_worker"), with_task());
    EXPECT_FALSE(std::get<Deploy>(*other).requests.at(0).before);
}

TEST(TaskEndedHandler, OfATaskAfterADeploymentIsTheNewsOfItsCompletion) {
    const auto config = shop();
    TaskEnded ended{.task = "arn:aws:ecs:us-east-1:123456789012:task/shop_cluster_dev/1",
                    .cluster = "shop_cluster_dev",
                    .request = R"({"s":"api","d":"ecs-svc/7"})",
                    .waited_for_until = {},
                    .ran = TaskEnded::Ran::kAfter};
    const auto decision = decide_at(ended, config);
    ASSERT_THAT(decision, IsOk());
    const auto* notice = std::get_if<Notify>(&*decision);
    ASSERT_NE(notice, nullptr);
    EXPECT_EQ(notice->event_name, "SERVICE_DEPLOYMENT_COMPLETED");
    EXPECT_EQ(notice->service.str(), "api");
    EXPECT_EQ(notice->deployment_id, "ecs-svc/7");
    EXPECT_TRUE(notice->task_after_ended);
    ended.cluster = "other";
    EXPECT_THAT(ignored_because(decide_at(ended, config)), HasSubstr("ran in the cluster other"));
    ended.cluster = "shop_cluster_dev";
    for (const auto* text : {"", "7", "{}", R"({"s":"nobody/"})", R"({"s":7,"d":7})"}) {
        ended.request = text;
        EXPECT_THAT(ignored_because(decide_at(ended, config)), HasSubstr("none of ours")) << text;
    }
}

}  // namespace
}  // namespace ci_lambda::testing
