#include "sandbox/pages/client_environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;

std::string commands_for(const std::string& page) { return shell_commands(7327, page).value_or("no commands"); }

TEST(ClientEnvironment, PointsTheCommandAndAwsClientsAtTheSandbox) {
    const MapEnvironment user({{"PATH", "/bin"}, {"DRY_RUN", "true"}});
    const auto commands = commands_for(settings_page(function_environment(7327, user, UserSettings::kPassed)));
    EXPECT_THAT(commands,
                AllOf(HasSubstr("export PROJECT_NAME='shop'\n"), HasSubstr("export PROJECT_ENV='dev'\n"),
                      HasSubstr("export AWS_ENDPOINT_URL='http://127.0.0.1:7327'\n"),
                      HasSubstr("export AWS_ENDPOINT_URL_ECS='http://127.0.0.1:7327'\n"),
                      HasSubstr("export AWS_DEFAULT_REGION='us-east-1'\n"),
                      HasSubstr("export AWS_ACCESS_KEY_ID='sandbox'\n"), HasSubstr("export DRY_RUN='true'\n"),
                      HasSubstr("export SLACK_WEBHOOK_URL='http://127.0.0.1:7327/slack/services/T000/B000/shell'\n")));
    EXPECT_THAT(commands, Not(HasSubstr("PATH='/bin'")));
}

TEST(ClientEnvironment, LeavesNothingOfWhatTheShellWasSetUpForBefore) {
    const auto commands =
        commands_for(settings_page(function_environment(7327, MapEnvironment({}), UserSettings::kPassed)));
    EXPECT_THAT(commands, AllOf(HasSubstr("unset ECS_SERVICE_MAP\n"), HasSubstr("unset SERVICE_NAME_PATTERN\n"),
                                HasSubstr("unset DRY_RUN\n"), HasSubstr("AWS_PROFILE")));
}

TEST(ClientEnvironment, WhateverAnswersCannotMakeTheShellDoAnythingElse) {
    const std::string page = R"({"PROJECT_NAME":"'; touch /tmp/x; '","LD_PRELOAD":"/tmp/evil.so","PATH":"/tmp",)"
                             R"("x;touch /tmp/y":"z","PROJECT_ENV":"$(touch /tmp/z)\nDRY_RUN"})";
    const auto commands = commands_for(page);
    EXPECT_THAT(commands, HasSubstr(R"(export PROJECT_NAME=''\''; touch /tmp/x; '\''')"));
    EXPECT_THAT(commands, HasSubstr("export PROJECT_ENV='$(touch /tmp/z)\n"));
    EXPECT_THAT(commands, Not(AnyOf(HasSubstr("LD_PRELOAD"), HasSubstr(" PATH="), HasSubstr("/tmp/y"))));
}

TEST(ClientEnvironment, WhatIsNoSandboxIsSaidToBeNone) {
    for (const std::string page : {"", "{}", "<html>", "[]"}) {
        const auto commands = shell_commands(7327, page);
        ASSERT_FALSE(commands) << page;
        EXPECT_THAT(commands.error().message, HasSubstr("no sandbox"));
    }
}

std::string timeout_of(const std::string& set, double speed) {
    const MapEnvironment user({{"DEPLOYMENT_TIMEOUT_SECONDS", set}});
    return function_environment(7327, user, UserSettings::kPassed, speed).at("DEPLOYMENT_TIMEOUT_SECONDS");
}

TEST(FunctionEnvironment, MakesTheFunctionAsPatientAsEcsIsFast) {
    EXPECT_EQ(timeout_of("", 1), "600");
    EXPECT_EQ(timeout_of("", 20), "30");
    EXPECT_EQ(timeout_of("1200", 20), "60");
    EXPECT_EQ(timeout_of("300", 0.5), "600");
    EXPECT_EQ(timeout_of("", 1000), "10") << "its calls take real time";
    EXPECT_EQ(timeout_of("5", 20), "5");
    EXPECT_EQ(timeout_of("soon", 20), "soon") << "the function says what is wrong with it";
}

}  // namespace
}  // namespace ci_lambda::sandbox
