#include "cli/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace ci_lambda::cli {
namespace {

using ::ci_lambda::testing::IsErr;
using ::ci_lambda::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename T>
T parsed(const std::vector<std::string>& arguments) {
    const auto command = parse_command(arguments);
    EXPECT_THAT(command, IsOk());
    return std::get<T>(*command);
}

TEST(ParseCommand, ReadsPlan) {
    const auto plan = parsed<PlanCommand>({"plan", "event.json", "--json"});
    EXPECT_EQ(plan.file, "event.json");
    EXPECT_TRUE(plan.json);
    EXPECT_EQ(parsed<PlanCommand>({"plan", "-"}).file, "-");
}

TEST(ParseCommand, ReadsInvokeAndCheck) {
    EXPECT_EQ(parsed<InvokeCommand>({"invoke", "-"}).file, "-");
    parsed<CheckCommand>({"check"});
}

TEST(ParseCommand, ReadsDeployWithAllItsOptions) {
    const auto deploy = parsed<DeployCommand>(
        {"deploy", "api", "--task-definition", "41", "--reason", "a reason with blanks", "--dry-run"});
    EXPECT_EQ(deploy.service, "api");
    EXPECT_EQ(deploy.task_definition, "41");
    EXPECT_EQ(deploy.reason, "a reason with blanks");
    EXPECT_TRUE(deploy.dry_run);
    EXPECT_FALSE(deploy.json);
    EXPECT_FALSE(parsed<DeployCommand>({"deploy", "api"}).reason);
}

TEST(ParseCommand, ReadsTheVerbsOfRollouts) {
    EXPECT_TRUE(parsed<DeployCommand>({"deploy", "api", "--wait"}).wait);
    EXPECT_EQ(parsed<StatusCommand>({"status", "api", "worker"}).services, (std::vector<std::string>{"api", "worker"}));
    EXPECT_TRUE(parsed<StatusCommand>({"status"}).services.empty());
    const auto rollback = parsed<RollbackCommand>({"rollback", "api", "--wait"});
    EXPECT_EQ(rollback.service, "api");
    EXPECT_TRUE(rollback.wait);
}

TEST(ParseCommand, ReadsSandbox) {
    const auto sandbox = parsed<SandboxCommand>({"sandbox", "--demo", "--port", "8080", "--no-color"});
    EXPECT_TRUE(sandbox.demo);
    EXPECT_EQ(sandbox.port, 8080);
    EXPECT_TRUE(sandbox.no_color);
    EXPECT_EQ(parsed<SandboxCommand>({"sandbox"}).port, std::nullopt);
    EXPECT_TRUE(parsed<SandboxCommand>({"sandbox", "--env"}).env);

    const auto rollouts =
        parsed<SandboxCommand>({"sandbox", "--speed", "2.5", "--scenario", "api=slow", "--scenario", "no-capacity"});
    EXPECT_EQ(rollouts.speed, 2.5);
    EXPECT_EQ(rollouts.scenarios, (std::vector<std::string>{"api=slow", "no-capacity"}));
}

TEST(ParseCommand, ShowsHelpOfTheProgramAndOfAVerb) {
    EXPECT_THAT(parsed<ShowText>({"--help"}).text, AllOf(HasSubstr("plan"), HasSubstr("sandbox")));
    EXPECT_THAT(parsed<ShowText>({"deploy", "--help"}).text, HasSubstr("--task-definition"));
    EXPECT_THAT(parsed<ShowText>({"--version"}).text, HasSubstr("ci_lambda "));
}

TEST(ParseCommand, SuggestsTheVerbThatWasMeant) {
    EXPECT_THAT(parse_command({"depoly", "api"}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("did you mean \"deploy\"")));
    EXPECT_THAT(parse_command({"xyzzy"}), IsErr(ErrorKind::kConfiguration, HasSubstr("Commands: plan")));
}

TEST(ParseCommand, NamesWhatIsMissingOrTooMuch) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> table{
        {{}, "subcommand"},
        {{"plan"}, "file"},
        {{"deploy"}, "service"},
        {{"rollback"}, "service"},
        {{"deploy", "api", "--wait", "--dry-run"}, "--dry-run"},
        {{"plan", "a", "b"}, "b"},
        {{"deploy", "api", "--reason"}, "--reason"},
        {{"deploy", "api", "--dryrun"}, "--dryrun"},
        {{"sandbox", "--port", "65536"}, "--port"},
        {{"sandbox", "--port", "x"}, "--port"},
        {{"sandbox", "--speed", "fast"}, "--speed"},
        {{"sandbox", "--scenario"}, "--scenario"}};
    for (const auto& [arguments, text] : table)
        EXPECT_THAT(parse_command(arguments), IsErr(ErrorKind::kConfiguration, HasSubstr(text))) << text;
}

}  // namespace
}  // namespace ci_lambda::cli
