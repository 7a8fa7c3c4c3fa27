#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "handlers/merge.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

constexpr const char* kTasks = R"({"report":{"task_family":"shop_report","repositories":["shop_service_api"]},
    "clean":{"task_family":"shop_clean","repositories":["shop/clean"],"tags":["v*"]},
    "off":{"task_family":"shop_off","repositories":["shop/off"],"auto_deploy":false},
    "any":{"task_family":"shop_any"}})";

Event pushed_to(const std::string& repository, const std::string& tag) {
    Event event;
    event.envelope = {.id = "1",
                      .source = "aws.ecr",
                      .detail_type = "ECR Image Action",
                      .account = "",
                      .time = "2026-11-29T12:00:00Z",
                      .region = ""};
    event.body = EcrImageAction{.action = "PUSH",
                                .result = "SUCCESS",
                                .repository = repository,
                                .tag = tag,
                                .digest = "sha256:" + std::string(64, 'a')};
    return event;
}

Decision decision_on(const std::string& repository, const std::string& tag,
                     const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> variables{{"SCHEDULED_TASK_MAP", kTasks}};
    for (const auto& [name, value] : more) variables[name] = value;
    auto decision = decide(pushed_to(repository, tag), shop(variables));
    EXPECT_TRUE(decision.has_value());
    return *decision;
}

std::vector<std::string> ids_of(const Deploy& deploy) {
    std::vector<std::string> ids;
    for (const auto& task : deploy.tasks) ids.push_back(task.task.id.str());
    return ids;
}

TEST(DecideTasks, FollowThePushOfTheirRepositoryAndOfAnyWhereNobodySaysWhich) {
    const auto decision = decision_on("shop/clean", "v2");
    const auto* deploy = std::get_if<Deploy>(&decision);
    ASSERT_NE(deploy, nullptr);
    EXPECT_THAT(deploy->requests, IsEmpty()) << "no service has anything to do with it";
    EXPECT_THAT(ids_of(*deploy), ElementsAre("task:any", "task:clean"));
    const auto& clean = deploy->tasks.at(1);
    EXPECT_EQ(clean.cluster.str(), "shop_cluster_dev");
    EXPECT_EQ(clean.reason, "image shop/clean:v2 was pushed");
    EXPECT_THAT(clean.images, SizeIs(1));
    EXPECT_EQ(clean.images.front().tag, "v2");
    EXPECT_EQ(clean.images.front().at, *parse_rfc3339("2026-11-29T12:00:00Z"));
    EXPECT_THAT(clean.after, IsEmpty());
}

TEST(DecideTasks, WaitForTheServicesThatCertainlyGetTheImage) {
    for (const auto& [mode, waits] :
         {std::pair{"redeploy", false}, std::pair{"match", false}, std::pair{"revision", true}}) {
        const auto decision = decision_on("shop_service_api", "v2", {{"ECR_DEPLOY_MODE", mode}});
        const auto& deploy = std::get<Deploy>(decision);
        EXPECT_THAT(deploy.requests, SizeIs(1));
        EXPECT_THAT(ids_of(deploy), ElementsAre("task:any", "task:report"));
        EXPECT_EQ(deploy.tasks.back().after.size(), waits ? 1U : 0U) << mode;
    }
}

TEST(DecideTasks, ArePassedByWithTheReason) {
    const auto filtered = decision_on("shop/clean", "pr-17", {{"SCHEDULED_TASK_MAP", R"({"clean":{"task_family":"x",
        "repositories":["shop/clean"],"tags":["v*"]}})"}});
    ASSERT_TRUE(std::holds_alternative<Ignore>(filtered));
    EXPECT_THAT(
        std::get<Ignore>(filtered).reason,
        HasSubstr("shop/clean:pr-17 is not a tag that deploys task:clean (its tags in SCHEDULED_TASK_MAP: v*)"));
    const auto off = decision_on("shop/off", "v2", {{"SCHEDULED_TASK_MAP", R"({"off":{"task_family":"x",
        "repositories":["shop/off"],"auto_deploy":false}})"}});
    EXPECT_THAT(std::get<Ignore>(off).reason, HasSubstr("automatic deployments of task:off are off"));
    const auto for_all =
        decision_on("shop_service_api", "pr-17", {{"ECR_TAG_FILTER", R"({"default":["v*"],"api":[]})"}});
    EXPECT_THAT(std::get<Deploy>(for_all).requests, SizeIs(1));
    EXPECT_THAT(ids_of(std::get<Deploy>(for_all)), IsEmpty());
}

TEST(DecideTasks, LeaveAllElseAsItWas) {
    const auto cache = decision_on("shop/clean", "buildcache");
    EXPECT_TRUE(std::holds_alternative<Ignore>(cache));
    const auto foreign = decide(pushed_to("elsewhere", "v2"), shop());
    ASSERT_TRUE(foreign.has_value());
    EXPECT_THAT(std::get<Ignore>(*foreign).reason, HasSubstr("is not one of shop"));
}

TEST(DecideTasks, FollowTheImageThatAServiceHasCompletedWith) {
    const PushedImage image{.repository = "shop_service_api",
                            .tag = "v2",
                            .digest = "sha256:" + std::string(64, 'b'),
                            .account = "123456789012",
                            .region = "us-east-1",
                            .at = *parse_rfc3339("2026-11-29T11:00:00Z")};
    const auto tasks =
        tasks_that_follow(image, shop({{"SCHEDULED_TASK_MAP", kTasks}, {"ECR_DEPLOY_MODE", "revision"}}));
    ASSERT_THAT(tasks, SizeIs(2));
    EXPECT_EQ(tasks.back().task.id.str(), "task:report");
    EXPECT_THAT(tasks.back().images, ElementsAre(image));
    EXPECT_THAT(tasks.back().after, SizeIs(1)) << "also the other services of the image must have completed";
    EXPECT_THAT(tasks_that_follow(image, shop()), IsEmpty());
}

TEST(DecideTasks, OfAMapGetTheImageThatAPersonAsksFor) {
    const auto config = shop({{"SCHEDULED_TASK_MAP", kTasks}});
    const auto decision = decide_body(ManualRequest{.bare = true, .service = "task:report", .image_tag = "v1"}, config);
    ASSERT_THAT(decision, IsOk());
    EXPECT_THAT(ids_of(std::get<Deploy>(*decision)), ElementsAre("task:report"));
    EXPECT_THAT(decide_body(ManualRequest{.bare = true, .service = "task:other"}, config),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("there is no task \"task:other\"")));
}

TEST(DecideTasks, AreMergedIntoOneRequestATask) {
    const auto first = std::get<Deploy>(decision_on("shop_service_api", "v2", {{"ECR_DEPLOY_MODE", "revision"}}));
    const auto second = std::get<Deploy>(decision_on("shop_service_api", "v3", {{"ECR_DEPLOY_MODE", "revision"}}));
    const auto merged = merge({first, second, second});
    EXPECT_THAT(ids_of(merged), ElementsAre("task:any", "task:report"));
    const auto& report = merged.tasks.back();
    EXPECT_THAT(report.images, SizeIs(2));
    EXPECT_THAT(report.after, SizeIs(1));
    EXPECT_EQ(report.reason, "image shop_service_api:v2 was pushed; image shop_service_api:v3 was pushed");
}

}  // namespace
}  // namespace ci_lambda::testing
