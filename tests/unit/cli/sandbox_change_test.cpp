#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/command.hpp"
#include "cli/completion.hpp"
#include "cli/description.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;

SandboxCommand parsed_sandbox(const std::vector<std::string>& arguments) {
    const auto command = parse_command(arguments);
    EXPECT_THAT(command, IsOk());
    const auto* sandbox = command ? std::get_if<SandboxCommand>(&*command) : nullptr;
    EXPECT_NE(sandbox, nullptr);
    return sandbox == nullptr ? SandboxCommand{} : *sandbox;
}

TEST(ParseSandboxChange, TakesAnImageAndThePortOfTheSandboxThatRuns) {
    const auto sandbox = parsed_sandbox({"sandbox", "push", "api:v1.43", "--port", "8080", "--from", "eu-west-1"});
    EXPECT_EQ(sandbox.change, "push");
    EXPECT_EQ(sandbox.what, "api:v1.43");
    EXPECT_EQ(sandbox.port, 8080);
    EXPECT_EQ(sandbox.from, "eu-west-1");
    EXPECT_EQ(parsed_sandbox({"sandbox"}).change, std::nullopt);
}

TEST(ParseSandboxChange, TakesAValueForParametersAndSecrets) {
    const auto parameter = parsed_sandbox({"sandbox", "set-parameter", "/dev/shop/api/LOG_LEVEL", "debug"});
    EXPECT_EQ(parameter.what, "/dev/shop/api/LOG_LEVEL");
    EXPECT_EQ(parameter.value, "debug");
    EXPECT_EQ(parsed_sandbox({"sandbox", "set-secret", "shop/db", ""}).value, "")
        << "what is refused there is refused there";
    EXPECT_EQ(parsed_sandbox({"sandbox", "rotate", "shop/db"}).what, "shop/db");
    EXPECT_EQ(parsed_sandbox({"sandbox", "edit-file", "api/.env"}).value, std::nullopt);
}

TEST(ParseSandboxChange, TakesAButtonAndPerhapsAServiceAndAUser) {
    const auto click = parsed_sandbox({"sandbox", "click", "approve", "api", "--user", "bob"});
    EXPECT_EQ(click.what, "approve");
    EXPECT_EQ(click.value, "api");
    EXPECT_EQ(click.user, "bob");
    EXPECT_EQ(parsed_sandbox({"sandbox", "click", "reject"}).value, std::nullopt);
}

TEST(ParseSandboxChange, TakesRegionsOrTargetsAndAChangeInOne) {
    EXPECT_EQ(parsed_sandbox({"sandbox", "--regions", "eu-west-1,us-east-1"}).regions, "eu-west-1,us-east-1");
    const auto several = parsed_sandbox({"sandbox", "--targets", "eu=eu-west-1", "--replication", "off"});
    EXPECT_EQ(several.targets, "eu=eu-west-1");
    EXPECT_EQ(several.replication, "off");
    EXPECT_EQ(parsed_sandbox({"sandbox", "set-parameter", "/x", "y", "--target", "us"}).target, "us");
}

TEST(ParseSandboxChange, NamesWhatIsMissingOrTooMuch) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> table{
        {{"sandbox", "push"}, "sandbox push needs an image, such as api:v1.43"},
        {{"sandbox", "push", " "}, "sandbox push needs an image"},
        {{"sandbox", "pull", "api:v1"}, "sandbox changes nothing by \"pull\"; did you mean \"push\"?"},
        {{"sandbox", "x"},
         "It knows push, set-parameter, set-secret, rotate, edit-file, click, close-calendar, open-calendar."},
        {{"sandbox", "push", "api:v1", "api:v2"}, "sandbox push takes no value"},
        {{"sandbox", "push", "api:v1", "x", "y"}, "sandbox does not take \"y\""},
        {{"sandbox", "push", "api:v1", "--demo"}, "--demo"},
        {{"sandbox", "push", "api:v1", "--env"}, "--env"},
        {{"sandbox", "set-parameter", "/x"}, "sandbox set-parameter needs a name and a value"},
        {{"sandbox", "set-secret"}, "sandbox set-secret needs a name and a value"},
        {{"sandbox", "rotate"}, "sandbox rotate needs a secret"},
        {{"sandbox", "click"}, "sandbox click needs approve or reject"},
        {{"sandbox", "click", "maybe"}, "sandbox click needs approve or reject"},
        {{"sandbox", "push", "api:v1", "--user", "bob"}, "--user is for sandbox click"},
        {{"sandbox", "edit-file"}, "sandbox edit-file needs the key"},
        {{"sandbox", "rotate", "shop/db", "--from", "eu-west-1"}, "--from is for sandbox push"},
        {{"sandbox", "--target", "us"}, "--target"},
        {{"sandbox", "--regions", "eu-west-1", "--targets", "eu=eu-west-1"}, "--regions"},
        {{"sandbox", "--from", "eu-west-1"}, "--from"}};
    for (const auto& [arguments, text] : table)
        EXPECT_THAT(parse_command(arguments), IsErr(ErrorKind::kConfiguration, HasSubstr(text))) << text;
}

TEST(ParseSandboxChange, NeverRepeatsAValue) {
    const auto refused = parse_command({"sandbox", "rotate", "shop/db", "hush-hush"});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("hush")));
}

TEST(CompleteSandboxChange, OffersTheWords) {
    const auto commands = describe_commands();
    const auto offered = complete(commands, std::vector<std::string>{"sandbox", ""}, {});
    std::vector<std::string> words;
    for (const auto& candidate : offered.candidates) words.push_back(candidate.word);
    EXPECT_THAT(words, ElementsAre("push", "set-parameter", "set-secret", "rotate", "edit-file", "click",
                                   "close-calendar", "open-calendar"));
}

}  // namespace
}  // namespace ci_lambda::cli
