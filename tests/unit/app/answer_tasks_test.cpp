#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/answer.hpp"
#include "base/json.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

TaskReport task_with(TaskStatus status, const std::string& outcome = "runs shop_report:43 from now on") {
    return {.id = ServiceId("task:report"),
            .family = TaskFamily("shop_report"),
            .status = status,
            .reason = "image shop/report:v43 was pushed",
            .task_definition = "shop_report:43",
            .moved = {"schedule night/report"},
            .outcome = outcome,
            .error = {}};
}

DeploymentReport service_with_status(DeploymentStatus status) {
    return {.target = {.id = ServiceId("api"), .cluster = {}, .service = {}, .family = {}},
            .status = status,
            .reason = "x",
            .task_definition = {},
            .deployment_id = {},
            .outcome = {},
            .took = {}};
}

TEST(AnswerWithTasks, IsWhatTheTasksSayWhereNoServiceIsDeployed) {
    for (const auto& [status, said] :
         {std::pair{TaskStatus::kUpdated, "deployed"}, std::pair{TaskStatus::kDryRun, "dry_run"},
          std::pair{TaskStatus::kNothing, "ignored"}, std::pair{TaskStatus::kWaiting, "ignored"}}) {
        auto handled = answer_of(std::vector<DeploymentReport>{}, {});
        add_tasks(handled, {task_with(status)});
        EXPECT_EQ(handled.answer.status, said);
        EXPECT_EQ(handled.answer.detail, "task:report runs shop_report:43 from now on");
        EXPECT_FALSE(handled.error);
    }
}

TEST(AnswerWithTasks, LeavesTheWordToTheServicesAndToFailures) {
    auto handled = answer_of({service_with_status(DeploymentStatus::kDeployed)}, {});
    add_tasks(handled, {task_with(TaskStatus::kWaiting, "follows once api has completed")});
    EXPECT_EQ(handled.answer.status, "deployed");
    EXPECT_EQ(handled.answer.detail, "ECS accepted the deployment of api. task:report follows once api has completed");
    auto failed = task_with(TaskStatus::kFailed);
    failed.error = Error{.kind = ErrorKind::kRejected, .message = "too large"};
    add_tasks(handled, {failed});
    EXPECT_EQ(handled.answer.status, "failed");
    ASSERT_TRUE(handled.error) << "so that the event comes again";
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    EXPECT_EQ(handled.error->message, "deployment failed for task:report: too large");
}

TEST(AnswerJson, HasTheLastWordsOfAContainerThatFailed) {
    auto failed = service_with_status(DeploymentStatus::kFailed);
    failed.last_words = {.container = "app", .exit_code = 1, .lines = {"listening", "fatal: no \"db\""}};
    const auto json = parse_json(to_json(answer_of({failed}, {}).answer));
    ASSERT_TRUE(json);
    EXPECT_EQ((*json)["deployments"][0]["last_words"],
              *parse_json(R"({"container":"app","exit_code":1,"lines":["listening","fatal: no \"db\""]})"));
    const auto without = parse_json(to_json(answer_of({service_with_status(DeploymentStatus::kFailed)}, {}).answer));
    EXPECT_FALSE((*without)["deployments"][0].contains("last_words"));
}

TEST(AnswerWithTasks, HasThemInItsJson) {
    auto handled = answer_of(std::vector<DeploymentReport>{}, {});
    EXPECT_THAT(to_json(handled.answer), ::testing::Not(HasSubstr("tasks")));
    add_tasks(handled, {task_with(TaskStatus::kUpdated)});
    const auto json = *parse_json(to_json(handled.answer));
    EXPECT_EQ(json["tasks"], Json::parse(R"([{"task":"task:report","status":"updated","task_family":"shop_report",
        "task_definition":"shop_report:43","moved":["schedule night/report"],
        "reason":"image shop/report:v43 was pushed","outcome":"runs shop_report:43 from now on"}])"));
    EXPECT_EQ(json["deployments"], Json::array());
}

}  // namespace
}  // namespace ci_lambda::testing
