#include "discovery/tasks.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

std::string arn_of_task(const std::string& family, int number) {
    return fmt::format("arn:aws:ecs:us-east-1:123456789012:task-definition/{}:{}", family, number);
}

TaskStarter started_by(const std::string& schedule, const std::string& task_definition,
                       const std::string& cluster = "shop") {
    return {.kind = TaskStarter::Kind::kSchedule,
            .name = {.name = schedule},
            .cluster = ClusterName(cluster),
            .task_definition = task_definition};
}

TaskRevision revision_that_uses(const std::string& repository, const EcsTags& tags = {}) {
    const EcsReferences references{
        .images = {"123456789012.dkr.ecr.us-east-1.amazonaws.com/" + repository + ":v1"}, .values = {}, .files = {}};
    auto [rules, problems] = read_task_rules(tags);
    return {.uses = std::make_shared<const ServiceUses>(uses_of(references, {})),
            .rules = std::move(rules),
            .problems = std::move(problems)};
}

std::vector<std::string> ids_of_tasks(const DiscoveredTasks& found) {
    std::vector<std::string> ids;
    for (const auto& task : found.tasks) ids.push_back(task.id.str());
    return ids;
}

TEST(TaskName, IsTheFamilyWithoutWhatAllOfTheProjectShare) {
    const auto name = [](const std::string& family) { return task_name(TaskFamily(family), "shop", "dev"); };
    EXPECT_EQ(name("shop_task_report_dev"), "report") << "as Meroku has it";
    EXPECT_EQ(name("shop_report_dev"), "report");
    EXPECT_EQ(name("shop-report-dev"), "report");
    EXPECT_EQ(name("report"), "report");
    EXPECT_EQ(name("report_dev"), "report");
    EXPECT_EQ(name("task_report"), "report");
    EXPECT_EQ(name("shopping_report"), "shopping_report");
    EXPECT_EQ(name("report_prod"), "report_prod") << "another environment's";
    EXPECT_EQ(name("shop_dev"), "dev") << "something is left";
    EXPECT_EQ(name("shop"), "shop");
    EXPECT_EQ(name("shop_task_dev"), "task");
    EXPECT_EQ(task_name(TaskFamily("a_b"), "", ""), "a_b");
}

TEST(TasksOf, AreTheFamiliesThatSomethingStarts) {
    const auto found = tasks_of({started_by("night", arn_of_task("shop_report_dev", 42)),
                                 started_by("noon", "shop_report_dev:41"), started_by("any", "clean", "jobs")},
                                {{arn_of_task("shop_report_dev", 42), revision_that_uses("shop/report")},
                                 {"shop_report_dev:41", revision_that_uses("shop/old")},
                                 {"clean", revision_that_uses("shop/clean")}},
                                "shop", "dev");
    ASSERT_THAT(ids_of_tasks(found), ElementsAre("task:clean", "task:report"));
    const auto& report = found.tasks[1];
    EXPECT_EQ(report.family, TaskFamily("shop_report_dev"));
    EXPECT_THAT(report.starters, SizeIs(2));
    EXPECT_TRUE(uses_repository(report, "shop/report", {.account = "123456789012", .region = "us-east-1"}));
    EXPECT_TRUE(uses_repository(report, "shop/old", {})) << "whatever is started";
    EXPECT_FALSE(uses_repository(report, "shop/report", {.account = "210987654321", .region = "us-east-1"}));
    EXPECT_FALSE(uses_repository(report, "shop/clean", {}));
    EXPECT_EQ(found.find(ServiceId("task:clean")), &found.tasks[0]);
    EXPECT_EQ(found.find(ServiceId("task:other")), nullptr);
}

TEST(TasksOf, TwoFamiliesOfOneNameAreToldApart) {
    const auto found = tasks_of({started_by("a", "shop_report_dev:1"), started_by("b", "shop-report-dev:1"),
                                 started_by("c", "shop_clean_dev:1"), started_by("d", "clean:1")},
                                {}, "shop", "dev");
    EXPECT_THAT(ids_of_tasks(found),
                ElementsAre("task:clean", "task:shop-report-dev", "task:shop_clean_dev", "task:shop_report_dev"));
}

TEST(TasksOf, TheTagsOfTheNewestRevisionThatIsStartedSayTheExceptions) {
    const auto off = revision_that_uses("shop/report", {{"ci_lambda:auto-deploy", "false"}});
    const auto filtered = revision_that_uses("shop/report", {{"ci_lambda:tags", "v@ -@-rc@"}, {"team", "web"}});
    const auto found = tasks_of({started_by("a", "report:9"), started_by("b", "report:10")},
                                {{"report:9", off}, {"report:10", filtered}}, "shop", "dev");
    ASSERT_THAT(found.tasks, SizeIs(1));
    EXPECT_EQ(found.tasks[0].rules.auto_deploy, std::nullopt) << "numbers, not texts";
    EXPECT_THAT(found.tasks[0].rules.tags->texts(), ElementsAre("v*", "!*-rc*"));
    const auto newest = tasks_of({started_by("a", "report:10"), started_by("b", "report")},
                                 {{"report:10", filtered}, {"report", off}}, "shop", "dev");
    EXPECT_THAT(newest.tasks[0].rules.auto_deploy, Optional(false)) << "without a number it is the newest one";
}

TEST(TasksOf, ABadTagIsAWarningThatNamesItAndHoldsTheTaskBack) {
    const auto found = tasks_of(
        {started_by("a", "report:9")},
        {{"report:9", revision_that_uses("shop/report", {{"ci_lambda:image-mode", "sometimes"}})}}, "shop", "dev");
    ASSERT_THAT(found.warnings, SizeIs(1));
    EXPECT_THAT(found.warnings[0], HasSubstr("the task definition report:9: the tag ci_lambda:image-mode is"));
    EXPECT_EQ(found.tasks[0].rules.held, "its tag ci_lambda:image-mode cannot be read");
}

TEST(TaskRules, AreNotDisturbedByWhatWeWriteThere) {
    const auto [rules, problems] = read_task_rules({{"ci_lambda:image", "shop/report:v2"},
                                                    {"ci_lambda:reason", "a push"},
                                                    {"ci_lambda:pushed-at/app", "2026-11-29T10:01:00.000Z"},
                                                    {"ci_lambda:parameters", "/a"}});
    EXPECT_THAT(problems, IsEmpty());
    EXPECT_EQ(rules, ServiceRules{});
}

TEST(TaskRules, SayWhyAnImageIsNotLetIn) {
    const auto why = [](const EcsTags& tags) {
        return why_not_by_tags(read_task_rules(tags).rules, "v2", "report:43").value_or("");
    };
    EXPECT_EQ(why({}), "");
    EXPECT_EQ(why({{"ci_lambda:auto-deploy", "true"}, {"ci_lambda:tags", "v@"}, {"ci_lambda:image-mode", "revision"}}),
              "");
    EXPECT_EQ(why({{"ci_lambda:auto-deploy", "false"}}),
              "no push changes it: the tag ci_lambda:auto-deploy of report:43 says so");
    EXPECT_EQ(why({{"ci_lambda:image-mode", "match"}}),
              "no push changes it: the tag ci_lambda:image-mode of report:43 is match");
    EXPECT_EQ(why({{"ci_lambda:tags", "w@"}}),
              "v2 is not a tag that changes it (the tag ci_lambda:tags of report:43: w*)");
    EXPECT_THAT(why({{"ci_lambda:tags", "/["}}), HasSubstr("its tag ci_lambda:tags cannot be read"));
}

Config config_with(const std::map<std::string, std::string>& more, const std::vector<TaskStarter>& starters,
                   const EcsTags& tags = {}) {
    std::map<std::string, std::string> variables{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"DISCOVERY", "true"}, {"DISCOVERY_TASKS", "true"}};
    for (const auto& [name, value] : more) variables[name] = value;
    std::map<std::string, TaskRevision> revisions;
    for (const auto& starter : starters) revisions[starter.task_definition] = revision_that_uses("shop/report", tags);
    auto found = std::make_shared<const DiscoveredTasks>(tasks_of(starters, revisions, "shop", "dev"));
    return with_discovered_tasks(load_config(FakeEnvironment(variables)).value().config, found);
}

TEST(WithDiscoveredTasks, TheyAreAmongTheTasksWithWhatStartsThem) {
    const auto config = config_with({}, {started_by("night", "shop_report_dev:42"),
                                         started_by("night", "other:1", "jobs"),
                                         {.kind = TaskStarter::Kind::kRule,
                                          .name = {.name = "weekly"},
                                          .cluster = ClusterName("jobs"),
                                          .task_definition = "shop_report_dev:41"}});
    ASSERT_TRUE(config.scheduled_tasks.contains(ServiceId("task:report")));
    const auto& report = config.scheduled_tasks.at(ServiceId("task:report"));
    EXPECT_TRUE(report.is_discovered());
    EXPECT_FALSE(report.is_found_by_listing()) << "what starts it is known";
    EXPECT_THAT(report.found_on, ElementsAre(ClusterName("jobs"), ClusterName("shop")));
    EXPECT_THAT(*report.schedules, ElementsAre(GroupedName{.name = "night"}));
    EXPECT_THAT(*report.rules, ElementsAre(GroupedName{.name = "weekly"}));
    EXPECT_THAT(report.repositories, ElementsAre("shop/report"));
}

TEST(WithDiscoveredTasks, MapsWinForTheTasksThatTheyNameByIdOrFamily) {
    const auto by_family = config_with({{"SCHEDULED_TASK_MAP", R"({"mine":{"task_family":"shop_report_dev"}})"}},
                                       {started_by("night", "shop_report_dev:42")});
    EXPECT_THAT(by_family.scheduled_tasks, SizeIs(1));
    EXPECT_TRUE(by_family.scheduled_tasks.contains(ServiceId("task:mine")));
    const auto by_id = config_with({{"SCHEDULED_TASK_MAP", R"({"report":{"task_family":"elsewhere"}})"}},
                                   {started_by("night", "shop_report_dev:42")}, {{"ci_lambda:auto-deploy", "false"}});
    EXPECT_THAT(by_id.scheduled_tasks, SizeIs(1));
    EXPECT_FALSE(by_id.scheduled_tasks.begin()->second.is_discovered());
    EXPECT_TRUE(by_id.deploys_on_events(by_id.scheduled_tasks.begin()->second));
    EXPECT_THAT(by_id.said_by_tags, IsEmpty());
}

TEST(WithDiscoveredTasks, TagsAreSaidToBeWhereASettingComesFrom) {
    const auto config = config_with({}, {started_by("night", "shop_report_dev:42")},
                                    {{"ci_lambda:auto-deploy", "false"}, {"ci_lambda:tags", "v@"}});
    const ServiceId id("task:report");
    EXPECT_FALSE(config.deploys_on_events(config.scheduled_tasks.at(id)));
    EXPECT_EQ(config.called("AUTO_DEPLOY_MAP", id), "its tag ci_lambda:auto-deploy");
    EXPECT_EQ(config.called("ECR_TAG_FILTER", id), "its tag ci_lambda:tags");
}

}  // namespace
}  // namespace ci_lambda::testing
