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

TEST(ParseSandboxPush, TakesAnImageAndThePortOfTheSandboxThatRuns) {
    const auto command = parse_command({"sandbox", "push", "api:v1.43", "--port", "8080"});
    ASSERT_THAT(command, IsOk());
    const auto* sandbox = std::get_if<SandboxCommand>(&*command);
    ASSERT_NE(sandbox, nullptr);
    EXPECT_EQ(sandbox->push, "api:v1.43");
    EXPECT_EQ(sandbox->port, 8080);
    const auto without = parse_command({"sandbox"});
    ASSERT_THAT(without, IsOk());
    EXPECT_EQ(std::get<SandboxCommand>(*without).push, std::nullopt);
}

TEST(ParseSandboxPush, NamesWhatIsMissingOrTooMuch) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> table{
        {{"sandbox", "push"}, "image"},
        {{"sandbox", "push", " "}, "sandbox needs an image to push"},
        {{"sandbox", "pull", "api:v1"}, "push"},
        {{"sandbox", "push", "api:v1", "api:v2"}, "sandbox does not take \"api:v2\""},
        {{"sandbox", "push", "api:v1", "--demo"}, "--demo"},
        {{"sandbox", "push", "api:v1", "--env"}, "--env"}};
    for (const auto& [arguments, text] : table)
        EXPECT_THAT(parse_command(arguments), IsErr(ErrorKind::kConfiguration, HasSubstr(text))) << text;
}

TEST(CompleteSandboxPush, OffersTheWord) {
    const auto commands = describe_commands();
    const auto offered = complete(commands, std::vector<std::string>{"sandbox", ""}, {});
    std::vector<std::string> words;
    for (const auto& candidate : offered.candidates) words.push_back(candidate.word);
    EXPECT_THAT(words, ElementsAre("push"));
}

}  // namespace
}  // namespace ci_lambda::cli
