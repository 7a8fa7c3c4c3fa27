#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "discovery/discovered.hpp"
#include "discovery/tasks.hpp"
#include "handlers/merge.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

const std::string kImagesOfTasks = "123456789012.dkr.ecr.us-east-1.amazonaws.com/";

std::shared_ptr<const ServiceUses> uses_of_image(const std::string& repository) {
    return std::make_shared<const ServiceUses>(
        uses_of({.images = {kImagesOfTasks + repository + ":v1"}, .values = {}, .files = {}}, {}));
}

/// A cluster whose schedule `night` starts a family that uses an image; a service `api` runs `shop/api`.
struct Started {
    std::string family = "shop_report_dev";
    std::string repository = "shop/report";
    EcsTags tags = {};
    std::map<std::string, std::string> more = {};
};

Config with_task(const Started& started = {}) {
    std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"},
                                                 {"PROJECT_ENV", "dev"},
                                                 {"ECS_CLUSTER_NAME", "shop"},
                                                 {"DISCOVERY", "true"},
                                                 {"DISCOVERY_TASKS", "true"}};
    for (const auto& [name, value] : started.more) variables[name] = value;
    const auto written = load_config(FakeEnvironment(variables)).value().config;
    auto services = std::make_shared<Discovered>();
    services->services.push_back({.target = {.id = ServiceId("api"),
                                             .cluster = ClusterName("shop"),
                                             .service = EcsServiceName("api"),
                                             .family = TaskFamily("api-tasks"),
                                             .region = "us-east-1"},
                                  .task_definition = "api-tasks:1",
                                  .uses = uses_of_image("shop/api"),
                                  .rules = {}});
    auto [rules, problems] = read_task_rules(started.tags);
    const auto revision = started.family + ":42";
    auto tasks = std::make_shared<const DiscoveredTasks>(
        tasks_of({{.kind = TaskStarter::Kind::kSchedule,
                   .name = {.name = "night"},
                   .cluster = ClusterName("shop"),
                   .task_definition = revision}},
                 {{revision, {.uses = uses_of_image(started.repository), .rules = std::move(rules), .problems = {}}}},
                 "shop", "dev"));
    return with_discovered_tasks(with_discovered(written, services), tasks);
}

Result<Decision> pushed_here(const std::string& repository, const Config& config, const std::string& tag = "v7",
                             const std::string& account = "123456789012") {
    auto push = push_to(repository);
    push.tag = tag;
    return decide(Event{.envelope = {.account = account, .region = "us-east-1"}, .body = std::move(push)}, config);
}

TEST(DiscoveredTask, FollowsThePushOfAnImageThatItUsesWithoutAMap) {
    const auto decision = pushed_here("shop/report", with_task());
    ASSERT_THAT(decision, IsOk());
    const auto& deploy = std::get<Deploy>(*decision);
    EXPECT_THAT(deploy.requests, IsEmpty());
    ASSERT_THAT(deploy.tasks, SizeIs(1));
    EXPECT_EQ(deploy.tasks[0].task.id, ServiceId("task:report"));
    EXPECT_EQ(deploy.tasks[0].task.family, TaskFamily("shop_report_dev"));
    EXPECT_THAT(*deploy.tasks[0].task.schedules, ElementsAre(GroupedName{.name = "night"}));
    EXPECT_EQ(ignored_because(pushed_here("shop/report", with_task(), "v7", "210987654321")),
              "no service and no scheduled task of the cluster shop uses the repository shop/report");
    EXPECT_EQ(ignored_because(pushed_here("shop/other", with_task())),
              "no service and no scheduled task of the cluster shop uses the repository shop/other");
}

TEST(DiscoveredTask, ComesAfterTheServiceOfTheSameImage) {
    const auto config = with_task({.repository = "shop/api", .more = {{"ECR_DEPLOY_MODE", "revision"}}});
    const auto decision = pushed_here("shop/api", config);
    const auto& deploy = std::get<Deploy>(*decision);
    EXPECT_THAT(deploy.requests, SizeIs(1));
    ASSERT_THAT(deploy.tasks, SizeIs(1));
    EXPECT_THAT(deploy.tasks[0].after, SizeIs(1));
}

TEST(DiscoveredTask, OfAServicesFamilyGetsNoRevisionThatTheServiceWouldNotGet) {
    const Started shared{.family = "api-tasks", .repository = "shop/api"};
    const auto redeployed = pushed_here("shop/api", with_task(shared));
    const auto& deploy = std::get<Deploy>(*redeployed);
    EXPECT_THAT(deploy.tasks, IsEmpty());
    ASSERT_THAT(deploy.skipped, SizeIs(1));
    EXPECT_EQ(deploy.skipped[0].reason,
              "task:api-tasks runs api-tasks, the family of api, which gets no revision by this push");
    auto registered = shared;
    registered.more = {{"ECR_DEPLOY_MODE", "revision"}};
    EXPECT_THAT(std::get<Deploy>(*pushed_here("shop/api", with_task(registered))).tasks, SizeIs(1));
    registered.more["AUTO_DEPLOY_MAP"] = R"({"api":false})";
    EXPECT_THAT(ignored_because(pushed_here("shop/api", with_task(registered))),
                HasSubstr("the family of api, which gets no revision by this push"));
}

TEST(DiscoveredTask, ItsTagsSayTheExceptions) {
    const auto why = [](const EcsTags& tags, const std::string& tag = "v7") {
        return ignored_because(pushed_here("shop/report", with_task({.tags = tags}), tag));
    };
    EXPECT_THAT(why({{"ci_lambda:auto-deploy", "false"}}),
                HasSubstr("automatic deployments of task:report are off (its tag ci_lambda:auto-deploy)"));
    EXPECT_THAT(why({{"ci_lambda:image-mode", "redeploy"}}),
                HasSubstr("task:report gets no revisions (its tag ci_lambda:image-mode is redeploy)"));
    EXPECT_EQ(why({{"ci_lambda:tags", "v@"}}), "(not ignored)");
    EXPECT_EQ(why({{"ci_lambda:tags", "v@"}}, "pr-17"),
              "shop/report:pr-17 is not a tag that deploys task:report (its tag ci_lambda:tags: v*)");
    EXPECT_THAT(why({{"ci_lambda:tags", "/["}}),
                HasSubstr("no event changes task:report: its tag ci_lambda:tags cannot be read"));
}

TEST(DiscoveredTask, ByVersionNeverGoesBack) {
    const auto config = with_task({.tags = {{"ci_lambda:tags", "2.x"}}});
    const auto decision = pushed_here("shop/report", config, "v2.1.0");
    EXPECT_TRUE(std::get<Deploy>(*decision).tasks.at(0).images.at(0).by_version);
    const auto any = pushed_here("shop/report", with_task(), "v2.1.0");
    EXPECT_FALSE(std::get<Deploy>(*any).tasks.at(0).images.at(0).by_version);
    const auto for_all =
        pushed_here("shop/report", with_task({.more = {{"ECR_TAG_FILTER", R"({"default":["2.x"]})"}}}), "v2.1.0");
    EXPECT_TRUE(std::get<Deploy>(*for_all).tasks.at(0).images.at(0).by_version);
}

TEST(DiscoveredTask, IsLookedForOnlyWhereAPushOrARequestMayBeForOne) {
    const auto config = with_task();
    const auto may = [&](EventBody body) {
        return may_concern_tasks(Event{.envelope = {}, .body = std::move(body)}, config);
    };
    EXPECT_TRUE(may(push_to("anything")));
    auto untagged = push_to("anything");
    untagged.tag.reset();
    EXPECT_FALSE(may(untagged));
    auto deleted = push_to("anything");
    deleted.action = "DELETE";
    EXPECT_FALSE(may(deleted));
    EXPECT_FALSE(may(ParameterChange{.operation = "Update", .name = "/a"}));
    EXPECT_FALSE(may(ManualRequest{.bare = true, .service = "api"}));
    EXPECT_TRUE(may(ManualRequest{.bare = true, .service = "task:report"}));
}

TEST(RequestForATask, NamesTheImageThatItIsToGet) {
    const auto decision =
        decide_body(ManualRequest{.bare = true, .service = "task:report", .image_tag = "v42"}, with_task());
    ASSERT_THAT(decision, IsOk());
    const auto& deploy = std::get<Deploy>(*decision);
    EXPECT_THAT(deploy.requests, IsEmpty());
    ASSERT_THAT(deploy.tasks, SizeIs(1));
    EXPECT_THAT(deploy.tasks[0].wanted, ElementsAre(WantedImage{.tag = "v42"}));
    EXPECT_THAT(deploy.tasks[0].own_repositories, ElementsAre("shop/report"));
    EXPECT_THAT(deploy.tasks[0].after, IsEmpty()) << "a person need not wait";
    EXPECT_EQ(deploy.tasks[0].reason, "manual deployment of v42");
}

TEST(RequestForATask, WithoutAnImageSaysThatNothingIsToBeDone) {
    EXPECT_THAT(ignored_because(decide_body(ManualRequest{.bare = true, .service = "task:report"}, with_task())),
                AllOf(HasSubstr("task:report is a scheduled task: it starts anew by itself each time"),
                      HasSubstr("image_tag")));
    EXPECT_THAT(
        decide_body(ManualRequest{.bare = true, .service = "task:report", .task_definition = "42"}, with_task()),
        IsErr(ErrorKind::kInvalidEvent, HasSubstr(R"("task_definition" is for services)")));
    EXPECT_THAT(decide_body(ManualRequest{.bare = true, .service = "task:report", .image_tag = " "}, with_task()),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("is empty")));
}

TEST(RequestForATask, IsNoPromotion) {
    EXPECT_THAT(decide_body(ManualRequest{.bare = true, .service = "task:report", .promote_from = "dev"}, with_task()),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr(R"("promote_from" is for services)")));
}

TEST(RequestForATask, ThatIsNotThereNamesThoseThatAre) {
    EXPECT_THAT(decide_body(ManualRequest{.bare = true, .service = "task:reprt", .image_tag = "v1"}, with_task()),
                IsErr(ErrorKind::kInvalidEvent,
                      HasSubstr(R"(there is no task "task:reprt"; did you mean task:report? (tasks: task:report))")));
    EXPECT_THAT(
        decide_body(ManualRequest{.bare = true, .service = "task:x", .image_tag = "v1"}, shop()),
        IsErr(ErrorKind::kInvalidEvent, HasSubstr(R"(there is no task "task:x": SCHEDULED_TASK_MAP names none)")));
}

TEST(RequestForATask, IsReplacedByALaterPush) {
    const auto config = with_task();
    const auto wish = std::get<Deploy>(
        *decide_body(ManualRequest{.bare = true, .service = "task:report", .image_tag = "v42"}, config));
    const auto push = std::get<Deploy>(*pushed_here("shop/report", config));
    EXPECT_THAT(merge({wish, push}).tasks.at(0).wanted, IsEmpty());
    EXPECT_THAT(merge({wish, push}).tasks.at(0).images, SizeIs(1));
    EXPECT_THAT(merge({push, wish}).tasks.at(0).wanted, SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
