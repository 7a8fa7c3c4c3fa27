#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/command.hpp"

namespace ci_lambda::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Strings = std::vector<std::string>;

const Strings kShop{"api", "backend", "worker"};

Completion completed(const Strings& words) { return complete(describe_commands(), words, kShop); }

/// The words that are offered.
Strings offered(const Strings& words) {
    Strings result;
    for (const auto& candidate : completed(words).candidates) result.push_back(candidate.word);
    return result;
}

TEST(Complete, OffersEveryCommandOfTheOverview) {
    Strings names;
    for (const auto& verb : verbs()) names.emplace_back(verb.name);
    EXPECT_EQ(offered({""}), names);
    EXPECT_EQ(offered({}), names);
    EXPECT_THAT(offered({"ro"}), ElementsAre("rollback"));
    EXPECT_THAT(offered({"help", "ro"}), ElementsAre("rollback"));
}

TEST(Complete, OffersEveryOptionThatTheHelpOfACommandHas) {
    for (const auto& command : describe_commands()) {
        const auto name = std::string(command.text.name);
        const auto help = parse_command({"help", name});
        ASSERT_TRUE(help);
        for (const auto& option : offered({name, "--"}))
            EXPECT_THAT(std::get<ShowText>(*help).text, HasSubstr(option)) << name;
    }
    EXPECT_THAT(offered({"deploy", "--"}),
                ElementsAre("--help", "--task-definition", "--image-tag", "--image", "--strategy", "--reason",
                            "--override-hold", "--dry-run", "--wait", "--force", "--timeout", "--json", "--log",
                            "--from-function", "--target"));
}

TEST(Complete, SaysBrieflyWhatAWordMeans) {
    EXPECT_THAT(completed({"deploy", "--wa"}).candidates,
                ElementsAre(Completion::Candidate{"--wait", "Stay, show the progress, and end with how it ended"}));
    EXPECT_THAT(completed({"versio"}).candidates, ElementsAre(Completion::Candidate{"version", "Which one this is"}));
}

TEST(Complete, OffersNoOptionTwiceAndNoneThatAnotherOneExcludes) {
    const auto after_wait = offered({"deploy", "api", "--wait", "--"});
    EXPECT_THAT(after_wait, AllOf(Not(Contains("--wait")), Not(Contains("--dry-run")), Contains("--force")));
    EXPECT_THAT(offered({"sandbox", "--scenario", "slow", "--sc"}), ElementsAre("--scenario"));
}

TEST(Complete, OffersTheServicesThatAreNotNamedYet) {
    EXPECT_THAT(offered({"deploy", ""}), ElementsAre("api", "backend", "worker"));
    EXPECT_THAT(offered({"deploy", "api", "--wait", "w"}), ElementsAre("worker"));
    EXPECT_THAT(offered({"status", "api", "worker", ""}), ElementsAre("backend"));
    EXPECT_THAT(offered({"rollback", "--to", "41", ""}), ElementsAre("api", "backend", "worker"));
}

TEST(Complete, OffersOptionsWhereNoMoreArgumentsAreTaken) {
    EXPECT_THAT(offered({"rollback", "api", ""}), AllOf(Contains("--to"), Not(Contains("worker"))));
    EXPECT_THAT(offered({"check", ""}), ElementsAre("--help", "--json", "--log", "--from-function", "--target"));
}

TEST(Complete, OffersTheValuesOfAnOption) {
    EXPECT_THAT(offered({"deploy", "--log", ""}), ElementsAre("text", "json"));
    EXPECT_THAT(offered({"deploy", "--log", "j"}), ElementsAre("json"));
    EXPECT_THAT(offered({"deploy", "--log=j"}), ElementsAre("--log=json"));
    EXPECT_THAT(offered({"deploy", "--reason", ""}), IsEmpty());
}

TEST(Complete, TakesTheWordsAsBashCutsThem) {
    EXPECT_THAT(offered({"deploy", "--log", "="}), ElementsAre("--log=text", "--log=json"));
    EXPECT_THAT(offered({"deploy", "--log", "=", "j"}), ElementsAre("--log=json"));
    EXPECT_THAT(offered({"deploy", "--log", "=", "json", "a"}), ElementsAre("api"));
}

TEST(Complete, LeavesFilesToTheShell) {
    EXPECT_TRUE(completed({"plan", ""}).files);
    EXPECT_TRUE(completed({"plan", "--json", "ev"}).files);
    EXPECT_TRUE(completed({"sandbox", "--bootstrap", ""}).files);
    EXPECT_FALSE(completed({"plan", "event.json", ""}).files);
    EXPECT_FALSE(completed({"deploy", ""}).files);
}

TEST(Complete, OffersNothingAfterWhatIsNoCommand) {
    EXPECT_THAT(offered({"depoly", ""}), IsEmpty());
    EXPECT_THAT(offered({"version", ""}), IsEmpty());
    EXPECT_THAT(offered({"", "--"}), IsEmpty());
}

TEST(Complete, IsPrintedALinePerWord) {
    EXPECT_EQ(completion_lines({.candidates = {{"--wait", "Stay"}, {"api", ""}}, .files = true}),
              "--wait Stay\napi\n:files\n");
    EXPECT_EQ(completion_lines({}), "");
}

TEST(CompletionScript, IsThereForThreeShells) {
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto script = completion_script(shell);
        ASSERT_TRUE(script) << shell;
        EXPECT_THAT(*script, AllOf(HasSubstr(" __complete "), HasSubstr(":files"))) << shell;
    }
    EXPECT_FALSE(completion_script("tcsh"));
}

TEST(ParseCommand, AnswersWhatShellsAndTheInstallationAsk) {
    const auto complete = parse_command({"__complete", "deploy", ""});
    ASSERT_TRUE(complete);
    EXPECT_THAT(std::get<CompleteCommand>(*complete).words, ElementsAre("deploy", ""));
    EXPECT_THAT(std::get<ShowText>(*parse_command({"__man"})).text, StartsWith(".TH CI_LAMBDA 1"));
    EXPECT_THAT(std::get<ShowText>(*parse_command({"__completion", "fish"})).text, HasSubstr("complete -c ci_lambda"));
    EXPECT_FALSE(parse_command({"__completion"}));
    EXPECT_FALSE(parse_command({"__completion", "tcsh"}));
}

}  // namespace
}  // namespace ci_lambda::cli
