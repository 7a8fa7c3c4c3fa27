#include "cli/man_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace ci_lambda::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string page() { return man_page(describe_commands(), "1.2.3"); }

TEST(ManPage, HasEveryCommandWithAllOfItsOptions) {
    const auto text = page();
    for (const auto& command : describe_commands()) {
        const auto begin = text.find("\n.SS \\fB" + std::string(command.text.name) + "\\fR\n");
        ASSERT_NE(begin, std::string::npos) << command.text.name;
        const auto section = text.substr(begin, text.find("\n.S", begin + 1) - begin);
        for (const auto& option : command.options) {
            auto name = option.names.back();
            for (auto at = name.find('-'); at != std::string::npos; at = name.find('-', at + 2)) name.insert(at, "\\");
            EXPECT_THAT(section, HasSubstr(name)) << command.text.name;
        }
    }
}

TEST(ManPage, HasEverySettingAndEveryExitCode) {
    const auto text = page();
    for (const auto& setting : settings()) EXPECT_THAT(text, HasSubstr("\\fB" + std::string(setting.name) + "\\fR\n"));
    for (const auto& code : exit_codes())
        EXPECT_THAT(text, HasSubstr(".TP\n" + std::to_string(code.code) + "\n" + std::string(code.meaning) + "\n"));
}

TEST(ManPage, IsOfItsVersionAndOfNoDate) {
    EXPECT_THAT(page(), StartsWith(".TH CI_LAMBDA 1 \"\" \"ci_lambda 1.2.3\""));
}

TEST(ManPage, LetsNoTextBeTakenForARequestOrAnEscape) {
    const VerbText verb{.name = "x", .summary = ".so /etc/passwd", .argument = "", .example = "a \\fB -- b"};
    const auto text = man_page(std::vector{CommandDescription{verb, {}}}, "1");
    EXPECT_THAT(text, HasSubstr("\n\\&.so /etc/passwd\n"));
    EXPECT_THAT(text, HasSubstr("    a \\efB \\-\\- b\n"));
    EXPECT_THAT(text, Not(HasSubstr("\n.so")));
}

}  // namespace
}  // namespace ci_lambda::cli
