#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<LoadedConfig> config_with_task(const std::string& before) {
    return load_config(FakeEnvironment(
        {{"PROJECT_NAME", "shop"},
         {"PROJECT_ENV", "dev"},
         {"SERVICE_CONFIG", "{}"},
         {"CI_LAMBDA_CONFIG", fmt::format(R"({{"services":{{"api":{{"before":{}}},"web":{{}}}}}})", before)}}));
}

TEST(ServiceTask, IsReadAsTheDocumentSaysIt) {
    const auto loaded = config_with_task(
        R"({"task":"migrate","family":"shop_migrate","container":"job","command":["./m","up"],"timeout_minutes":90})");
    ASSERT_THAT(loaded, IsOk());
    const auto task = loaded->config.task_before(ServiceId("api"));
    ASSERT_TRUE(task);
    EXPECT_EQ(task->name, "migrate");
    EXPECT_EQ(task->family.str(), "shop_migrate");
    EXPECT_EQ(task->container, "job");
    EXPECT_THAT(task->command, ElementsAre("./m", "up"));
    EXPECT_EQ(task->timeout, std::chrono::minutes{90});
    EXPECT_FALSE(loaded->config.task_before(ServiceId("web")));
    EXPECT_EQ(config_with_task(R"({"task":"m","command":["x"]})")->config.task_before(ServiceId("api"))->timeout,
              std::chrono::minutes{15});
}

TEST(ServiceTask, SaysWhatIsWrongAndWhere) {
    for (const auto& [before, place, what] : {
             std::tuple{R"("migrate")", "/services/api/before", "is a string"},
             std::tuple{R"({"command":["x"]})", "/services/api/before", "has no \"task\""},
             std::tuple{R"({"task":"m"})", "/services/api/before", "has neither \"family\" nor \"command\""},
             std::tuple{R"({"task":"a b","command":["x"]})", "/services/api/before/task", "is no plain name"},
             std::tuple{R"({"task":"m","command":"x y"})", "/services/api/before/command", "is a string"},
             std::tuple{R"({"task":"m","command":[]})", "/services/api/before/command", "is no command"},
             std::tuple{R"({"task":"m","command":[7]})", "/services/api/before/command", "is no command"},
             std::tuple{R"({"task":"m","command":["x"],"timeout_minutes":0})", "/services/api/before/timeout_minutes",
                        "is not a number in range"},
             std::tuple{R"({"task":"m","comand":["x"]})", "/services/api/before/comand", "\"command\"?"},
         }) {
        const auto loaded = config_with_task(before);
        ASSERT_FALSE(loaded) << before;
        EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration);
        EXPECT_THAT(loaded.error().message, AllOf(HasSubstr(place), HasSubstr(what))) << before;
    }
}

TEST(ServiceTask, OfOneThatRunsAfterwardsSaysWhatComesOfItsFailure) {
    const auto after = [](const std::string& text) {
        return load_config(FakeEnvironment(
            {{"PROJECT_NAME", "shop"},
             {"PROJECT_ENV", "dev"},
             {"SERVICE_CONFIG", "{}"},
             {"CI_LAMBDA_CONFIG", fmt::format(R"({{"services":{{"api":{{"after":{}}},"web":{{}}}}}})", text)}}));
    };
    const auto loaded = after(R"({"task":"smoke","command":["./smoke"],"timeout_minutes":5,"on_failure":"tell"})");
    ASSERT_THAT(loaded, IsOk());
    const auto task = loaded->config.task_after(ServiceId("api"));
    ASSERT_TRUE(task);
    EXPECT_EQ(task->name, "smoke");
    EXPECT_EQ(task->timeout, std::chrono::minutes{5});
    EXPECT_FALSE(task->roll_back);
    EXPECT_FALSE(loaded->config.task_after(ServiceId("web")));
    EXPECT_FALSE(loaded->config.task_before(ServiceId("api")));
    EXPECT_TRUE(after(R"({"task":"smoke","command":["x"]})")->config.task_after(ServiceId("api"))->roll_back);
    EXPECT_TRUE(after(R"({"task":"smoke","command":["x"],"on_failure":"roll_back"})")
                    ->config.task_after(ServiceId("api"))
                    ->roll_back);
    const auto wrong = after(R"({"task":"smoke","command":["x"],"on_failure":"ignore"})");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, AllOf(HasSubstr("/services/api/after/on_failure"), HasSubstr("\"tell\"")));
    const auto before = config_with_task(R"({"task":"m","command":["x"],"on_failure":"tell"})");
    ASSERT_FALSE(before) << "before a deployment there is nothing to take back";
    EXPECT_THAT(before.error().message, HasSubstr("/services/api/before/on_failure"));
}

}  // namespace
}  // namespace ci_lambda::testing
