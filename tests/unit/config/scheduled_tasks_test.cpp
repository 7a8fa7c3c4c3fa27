#include "config/scheduled_tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<LoadedConfig> load_tasks(const Variables& more) {
    Variables variables{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}};
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(FakeEnvironment(variables));
}

TEST(ScheduledTasks, AreDiscoveredOnlyWithDiscovery) {
    const auto alone = load_tasks({{"DISCOVERY_TASKS", "true"}});
    ASSERT_THAT(alone, IsOk());
    EXPECT_FALSE(alone->config.discovers_tasks);
    EXPECT_THAT(alone->warnings, Contains(HasSubstr("DISCOVERY_TASKS finds nothing, for DISCOVERY is off")));
    const auto both = load_tasks({{"DISCOVERY_TASKS", "true"}, {"DISCOVERY", "true"}});
    EXPECT_TRUE(both->config.discovers_tasks);
    EXPECT_THAT(both->warnings, Not(Contains(HasSubstr("DISCOVERY"))));
    EXPECT_FALSE(load_tasks({{"DISCOVERY", "true"}})->config.discovers_tasks);
}

TEST(ScheduledTasks, AreReadAsMerokuWritesThem) {
    const auto loaded = load_tasks({
        {"SCHEDULED_TASK_MAP", R"({"task:report":{"task_family":"report","type":"scheduled_task"}})"},
        {"ECR_REPO_MAP", R"({"shop_backend":["backend"],"shop_task_report":["task:report"]})"},
        {"SSM_SERVICE_MAP", R"({"/dev/shop/backend":"backend","/dev/shop/task/report":"task:report"})"},
        {"AUTO_DEPLOY_MAP", R"({"backend":true,"task:report":false})"},
    });
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, Not(Contains(HasSubstr("task"))));
    const auto& config = loaded->config;
    ASSERT_THAT(config.scheduled_tasks, SizeIs(1));
    const auto& task = config.scheduled_tasks.begin()->second;
    EXPECT_EQ(task.id.str(), "task:report");
    EXPECT_EQ(task.family.str(), "report");
    EXPECT_THAT(task.repositories, ElementsAre("shop_task_report"));
    EXPECT_TRUE(task.is_found_by_listing());
    EXPECT_FALSE(config.deploys_on_events(task));
    // No service is called so, whatever the patterns would make of it.
    EXPECT_THAT(config.known_services(), ElementsAre(ServiceId("backend")));
    EXPECT_THAT(config.ssm_prefixes, SizeIs(1)) << "parameters leave a task alone";
}

TEST(ScheduledTasks, SayWhatStartsThemInTheDocumentAsInTheVariable) {
    constexpr const char* kMap = R"({"report":{"task_family":"shop_report","repositories":["shop/report"],
        "schedules":["night/report","hourly"],"rules":[],"auto_deploy":true,"tags":["v*"]}})";
    const auto by_variable = load_tasks({{"SCHEDULED_TASK_MAP", kMap}});
    const auto by_document = load_config(FakeEnvironment(
        Variables{{"CI_LAMBDA_CONFIG",
                   std::string(R"({"project":"shop","environment":"dev","scheduled_tasks":)") + kMap + "}"}}));
    ASSERT_THAT(by_variable, IsOk());
    ASSERT_THAT(by_document, IsOk());
    EXPECT_EQ(by_variable->config.scheduled_tasks, by_document->config.scheduled_tasks);
    EXPECT_EQ(by_document->config.called("SCHEDULED_TASK_MAP"), "/scheduled_tasks of the configuration document");
    const auto& task = by_variable->config.scheduled_tasks.at(ServiceId("task:report"));
    EXPECT_FALSE(task.is_found_by_listing());
    EXPECT_THAT(*task.schedules,
                ElementsAre(GroupedName{.name = "hourly"}, GroupedName{.group = "night", .name = "report"}));
    EXPECT_THAT(*task.rules, IsEmpty());
    EXPECT_TRUE(task.tags->accepts("v2"));
    EXPECT_FALSE(task.tags->accepts("pr-17"));
}

TEST(ScheduledTasks, TellAllThatIsWrongWithThem) {
    const auto wrong = [](const std::string& map) { return load_tasks({{"SCHEDULED_TASK_MAP", map}}); };
    EXPECT_THAT(wrong("[]"), IsErr(ErrorKind::kConfiguration, HasSubstr("SCHEDULED_TASK_MAP: must be a JSON object")));
    EXPECT_THAT(wrong(R"({"task:a b":{"task_family":"x"}})"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("\"task:a b\" is not the id of a task")));
    EXPECT_THAT(wrong(R"({"report":7})"), IsErr(ErrorKind::kConfiguration, HasSubstr("must be an object")));
    EXPECT_THAT(wrong(R"({"report":{}})"), IsErr(ErrorKind::kConfiguration, HasSubstr("\"task_family\" is missing")));
    EXPECT_THAT(wrong(R"({"report":{"task_family":"shop:42"}})"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("without ARN or revision")));
    EXPECT_THAT(wrong(R"({"report":{"task_family":"x"},"task:report":{"task_family":"y"}})"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("a second name for task:report")));
    EXPECT_THAT(
        wrong(R"({"report":{"task_family":"x","schedule":[],"schedules":["a/b/c",7],"rules":{},"repositories":[""],
                 "auto_deploy":"perhaps","tags":["v[1]"]}})"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("\"schedule\" is not known (did you mean \"schedules\"?)"),
                    HasSubstr("[0] must be NAME or GROUP/NAME, not \"a/b/c\""), HasSubstr("[1] must be NAME"),
                    HasSubstr("\"rules\" must be a list"), HasSubstr("no name of a repository"),
                    HasSubstr("\"auto_deploy\" must be true or false"), HasSubstr("tags have no \"[\""))));
}

TEST(ScheduledTasks, WarnsOfATaskThatDoesNotExist) {
    const auto loaded = load_tasks({{"SCHEDULED_TASK_MAP", R"({"report":{"task_family":"report"}})"},
                                    {"ECR_REPO_MAP", R"({"r":["task:reprot"]})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings,
                Contains(AllOf(HasSubstr("ECR_REPO_MAP names task:reprot"), HasSubstr("not in SCHEDULED_TASK_MAP"),
                               HasSubstr("did you mean \"task:report\"?"))));
}

TEST(ScheduledTasks, AreNoServices) {
    EXPECT_THAT(load_tasks({{"ECS_SERVICE_MAP", R"({"task:report":{"service_name":"a","task_family":"b"}})"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("belongs into SCHEDULED_TASK_MAP")));
}

}  // namespace
}  // namespace ci_lambda::testing
