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

using Arguments = std::vector<std::string>;

TEST(ParseCommand, ReadsPlan) {
    const auto plan = parsed<PlanCommand>({"plan", "event.json", "--json"});
    EXPECT_EQ(plan.file, "event.json");
    EXPECT_TRUE(plan.json);
    EXPECT_EQ(parsed<PlanCommand>({"plan", "-"}).file, "-");
}

TEST(ParseCommand, ReadsInvokeAndCheck) {
    EXPECT_EQ(parsed<InvokeCommand>({"invoke", "-"}).file, "-");
    EXPECT_FALSE(parsed<CheckCommand>({"check"}).json);
    EXPECT_TRUE(parsed<CheckCommand>({"check", "--json"}).json);
}

TEST(ParseCommand, ReadsConfig) {
    const auto plain = parsed<ConfigCommand>({"config"});
    EXPECT_FALSE(plain.json || plain.schema || plain.from_env);
    EXPECT_TRUE(parsed<ConfigCommand>({"config", "--json"}).json);
    EXPECT_TRUE(parsed<ConfigCommand>({"config", "--schema"}).schema);
    EXPECT_TRUE(parsed<ConfigCommand>({"config", "--from-env"}).from_env);
    for (const Arguments& two : {Arguments{"config", "--schema", "--json"}, Arguments{"config", "--from-env", "--json"},
                                 Arguments{"config", "--from-env", "--schema"}})
        EXPECT_THAT(parse_command(two), IsErr(ErrorKind::kConfiguration, HasSubstr("xclude")));
}

TEST(ParseCommand, ReadsDeployWithAllItsOptions) {
    const auto deploy = parsed<DeployCommand>(
        {"deploy", "api", "--task-definition", "41", "--reason", "a reason with blanks", "--dry-run"});
    EXPECT_EQ(deploy.services, Arguments{"api"});
    EXPECT_EQ(deploy.task_definition, "41");
    EXPECT_EQ(deploy.reason, "a reason with blanks");
    EXPECT_TRUE(deploy.dry_run);
    EXPECT_FALSE(deploy.json);
    EXPECT_FALSE(parsed<DeployCommand>({"deploy", "api"}).reason);
    const auto waiting =
        parsed<DeployCommand>({"deploy", "api", "worker", "--wait", "--timeout", "900", "--force", "--log", "json"});
    EXPECT_EQ(waiting.services, (Arguments{"api", "worker"}));
    EXPECT_TRUE(waiting.wait && waiting.force);
    EXPECT_EQ(waiting.timeout, std::chrono::minutes{15});
    EXPECT_EQ(waiting.log, LogFormat::kJson);
}

TEST(ParseCommand, ReadsTheVerbsOfRollouts) {
    EXPECT_EQ(parsed<WaitCommand>({"wait", "api", "worker"}).services, (Arguments{"api", "worker"}));
    EXPECT_EQ(parsed<WaitCommand>({"wait", "api", "--timeout", "5"}).timeout, std::chrono::seconds{5});
    EXPECT_EQ(parsed<StatusCommand>({"status", "api", "worker"}).services, (Arguments{"api", "worker"}));
    EXPECT_TRUE(parsed<StatusCommand>({"status"}).services.empty());
    EXPECT_EQ(parsed<ServicesCommand>({"services", "api"}).services, (Arguments{"api"}));
    EXPECT_TRUE(parsed<ServicesCommand>({"services", "--json"}).json);
    EXPECT_TRUE(parsed<PlanCommand>({"plan", "--live", "event.json"}).live);
    EXPECT_FALSE(parsed<PlanCommand>({"plan", "event.json"}).live);
    EXPECT_TRUE(parsed<StatusCommand>({"status", "--watch"}).watch);
    const auto rollback =
        parsed<RollbackCommand>({"rollback", "api", "--to", "41", "--reason", "500s", "--wait", "--timeout", "60"});
    EXPECT_EQ(rollback.service, "api");
    EXPECT_EQ(rollback.to, "41");
    EXPECT_EQ(rollback.reason, "500s");
    EXPECT_TRUE(rollback.wait);
    EXPECT_EQ(rollback.timeout, std::chrono::minutes{1});
    EXPECT_TRUE(parsed<RollbackCommand>({"rollback", "api", "--dry-run"}).dry_run);
}

TEST(ParseCommand, TellsPeopleSentencesUnlessTheyWantTheLogOfTheLambda) {
    EXPECT_EQ(parsed<DeployCommand>({"deploy", "api"}).log, LogFormat::kSentences);
    EXPECT_EQ(parsed<InvokeCommand>({"invoke", "-"}).log, LogFormat::kJson);
    EXPECT_EQ(parsed<InvokeCommand>({"invoke", "-", "--log", "text"}).log, LogFormat::kSentences);
    EXPECT_THAT(parse_command({"deploy", "api", "--log", "xml"}), IsErr(ErrorKind::kConfiguration, HasSubstr("--log")));
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
    EXPECT_EQ(rollouts.scenarios, (Arguments{"api=slow", "no-capacity"}));
}

TEST(ParseCommand, ShowsAllCommandsWithALineEachAndExamples) {
    for (const Arguments& words :
         {Arguments{"--help"}, Arguments{"help"}, Arguments{"-h"}, Arguments{"help", "help"}}) {
        const auto shown = parsed<ShowText>(words);
        EXPECT_FALSE(shown.wrong_usage);
        for (const auto* verb :
             {"plan", "invoke", "replay", "deploy", "wait", "status", "services", "rollback", "check", "sandbox"})
            EXPECT_THAT(shown.text, HasSubstr(std::string("\n  ") + verb + " ")) << verb;
        EXPECT_THAT(shown.text, HasSubstr("Examples:\n  ci_lambda deploy"));
    }
}

TEST(ParseCommand, AnswersNoCommandAtAllWithTheOverviewAsWrongUsage) {
    const auto shown = parsed<ShowText>({});
    EXPECT_TRUE(shown.wrong_usage);
    EXPECT_THAT(shown.text, HasSubstr("Commands:"));
}

TEST(ParseCommand, ShowsHelpOfAVerbAndTheVersion) {
    for (const Arguments& words :
         {Arguments{"deploy", "--help"}, Arguments{"help", "deploy"}, Arguments{"deploy", "api", "-h"}})
        EXPECT_THAT(parsed<ShowText>(words).text, AllOf(HasSubstr("--task-definition"), HasSubstr("Example:")));
    EXPECT_THAT(parsed<ShowText>({"--version"}).text, HasSubstr("ci_lambda "));
    EXPECT_THAT(parsed<ShowText>({"version"}).text, HasSubstr("ci_lambda "));
    EXPECT_THAT(parse_command({"help", "depoly"}), IsErr(ErrorKind::kConfiguration, HasSubstr("\"deploy\"")));
}

TEST(ParseCommand, SuggestsTheVerbThatWasMeant) {
    EXPECT_THAT(parse_command({"depoly", "api"}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("did you mean \"deploy\"")));
    EXPECT_THAT(parse_command({"xyzzy"}), IsErr(ErrorKind::kConfiguration, HasSubstr("Commands: deploy")));
}

TEST(ParseCommand, SuggestsTheOptionThatWasMeant) {
    const std::vector<std::pair<Arguments, std::string>> table{
        {{"deploy", "api", "--dryrun"}, "deploy has no option --dryrun; did you mean --dry-run?"},
        {{"deploy", "--reson", "because", "api"}, "deploy has no option --reson; did you mean --reason?"},
        {{"deploy", "api", "--reson=because"}, "no option --reson; did you mean --reason?"},
        {{"rollback", "api", "--ot", "41"}, "did you mean --to?"},
        {{"status", "--wach"}, "did you mean --watch?"},
        {{"status", "--xyzzy"}, "status has no option --xyzzy. Its options: --"},
        {{"--json", "status"}, "the command comes first"}};
    for (const auto& [arguments, text] : table)
        EXPECT_THAT(parse_command(arguments), IsErr(ErrorKind::kConfiguration, HasSubstr(text))) << text;
}

TEST(ParseCommand, RefusesAServiceWithoutAName) {
    for (const Arguments& words : {Arguments{"deploy", ""}, Arguments{"deploy", "api", ""}, Arguments{"deploy", " "},
                                   Arguments{"wait", ""}, Arguments{"rollback", ""}, Arguments{"status", ""}})
        EXPECT_THAT(parse_command(words), IsErr(ErrorKind::kConfiguration, HasSubstr("is a variable not set?")))
            << words.front() << " of " << words.size();
}

TEST(ParseCommand, NamesWhatIsMissingOrTooMuch) {
    const std::vector<std::pair<Arguments, std::string>> table{
        {{"plan"}, "plan needs a file"},
        {{"deploy"}, "deploy needs a service's id"},
        {{"wait"}, "wait needs a service's id"},
        {{"rollback"}, "rollback needs a service's id"},
        {{"replay"}, "replay needs a dump"},
        {{"deploy", "api", "--wait", "--dry-run"}, "--dry-run"},
        {{"deploy", "api", "--timeout", "5"}, "--wait"},
        {{"deploy", "api", "--wait", "--timeout", "0"}, "--timeout"},
        {{"deploy", "api", "--force"}, "--wait"},
        {{"status", "--watch", "--json"}, "--watch"},
        {{"plan", "a", "b"}, "plan does not take \"b\""},
        {{"rollback", "api", "worker"}, "rollback does not take \"worker\""},
        {{"deploy", "api", "--reason"}, "--reason"},
        {{"sandbox", "--port", "65536"}, "--port"},
        {{"sandbox", "--port", "x"}, "--port"},
        {{"sandbox", "--speed", "fast"}, "--speed"},
        {{"sandbox", "--scenario"}, "--scenario"}};
    for (const auto& [arguments, text] : table)
        EXPECT_THAT(parse_command(arguments), IsErr(ErrorKind::kConfiguration, HasSubstr(text))) << text;
}

TEST(ParseCommand, ReadsTheImageThatIsToBeDeployed) {
    EXPECT_EQ(parsed<DeployCommand>({"deploy", "api", "--image-tag", "v42"}).image_tag, "v42");
    EXPECT_EQ(parsed<DeployCommand>({"deploy", "api", "--image", "repo:v42"}).image, "repo:v42");
    for (const Arguments& two : {Arguments{"deploy", "api", "--image", "r:1", "--image-tag", "v1"},
                                 Arguments{"deploy", "api", "--image", "r:1", "--task-definition", "41"},
                                 Arguments{"diff", "api", "--image-tag", "1", "--task-definition", "41"}})
        EXPECT_THAT(parse_command(two), IsErr(ErrorKind::kConfiguration, HasSubstr("xclude")));
}

TEST(ParseCommand, ReadsHistoryAndDiff) {
    const auto history = parsed<HistoryCommand>({"history", "api", "--limit", "3", "--json"});
    EXPECT_EQ(history.service, "api");
    EXPECT_EQ(history.limit, 3U);
    EXPECT_EQ(parsed<HistoryCommand>({"history", "api"}).limit, 10U);
    EXPECT_THAT(parse_command({"history", "api", "--limit", "0"}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("limit")));
    EXPECT_THAT(parse_command({"history"}), IsErr(ErrorKind::kConfiguration, HasSubstr("needs a service's id")));
    const auto diff = parsed<DiffCommand>({"diff", "api", "worker", "--image-tag", "v42", "--exit-code"});
    EXPECT_EQ(diff.services, (Arguments{"api", "worker"}));
    EXPECT_EQ(diff.image_tag, "v42");
    EXPECT_TRUE(diff.exit_code);
}

TEST(ParseCommand, ReadsPromoteWithBothEnvironments) {
    const auto promote = parsed<PromoteCommand>({"promote", "api", "--from", "dev", "--to", "prod", "--from-profile",
                                                 "d", "--to-region", "eu-west-1", "--to-function", "ci", "--dry-run"});
    EXPECT_EQ(promote.source, "dev");
    EXPECT_EQ(promote.target, "prod");
    EXPECT_EQ(promote.source_profile, "d");
    EXPECT_EQ(promote.target_region, "eu-west-1");
    EXPECT_EQ(promote.target_function, "ci");
    EXPECT_TRUE(promote.dry_run);
}

}  // namespace
}  // namespace ci_lambda::cli
