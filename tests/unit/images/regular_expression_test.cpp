#include "images/regular_expression.hpp"

#include <random>
#include <regex>
#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

bool matches(const std::string& expression, const std::string& text) {
    const auto parsed = RegularExpression::parse(expression);
    EXPECT_THAT(parsed, IsOk()) << expression;
    return parsed && parsed->matches(text);
}

TEST(RegularExpression, IsComparedWithTheWholeText) {
    const struct {
        std::string expression;
        std::vector<std::string> matching;
        std::vector<std::string> others;
    } cases[] = {
        {"v1", {"v1"}, {"v", "v12", "xv1", ""}},
        {"", {""}, {"a"}},
        {"a|bc|", {"a", "bc", ""}, {"ab", "abc", "c"}},
        {"(a|b)c", {"ac", "bc"}, {"c", "abc"}},
        {"(?:ab)+", {"ab", "abab"}, {"", "aba"}},
        {"a*", {"", "a", "aaa"}, {"b", "ab"}},
        {"ab?c", {"ac", "abc"}, {"abbc"}},
        {"a+?b", {"ab", "aab"}, {"b"}},
        {"a{2}", {"aa"}, {"a", "aaa"}},
        {"a{2,}", {"aa", "aaaa"}, {"a"}},
        {"a{1,3}", {"a", "aaa"}, {"", "aaaa"}},
        {"(ab?){0,2}c", {"c", "abc", "aabc"}, {"aaac"}},
        {"a{0}b", {"b"}, {"ab"}},
        {"v\\d+\\.\\d+", {"v1.2", "v10.20"}, {"v1x2", "v1."}},
        {"\\w-\\W\\S", {"_--x"}, {"--_x", "a-bx"}},
        {"[a-c_]+", {"abc_"}, {"abcd", "-"}},
        {"[^a-c]", {"d", "-"}, {"a", "", "dd"}},
        {"[]a]+[a-]", {"]a-", "aa"}, {"]", "b"}},
        {"[\\d.]+", {"1.2"}, {"1-2"}},
        {"^v$", {"v"}, {"vv"}},
        {"(^|x)v", {"v", "xv"}, {"yv"}},
        {"a^b|a$b", {}, {"ab", "a^b"}},
        {"(v|^$)", {"", "v"}, {"a"}},
        {".", {"a", "-"}, {"", "ab"}},
        {"(a*)*b", {"b", "aab"}, {"a"}},
        {"(|a)+c", {"c", "aac"}, {"b"}},
        {"}]", {"}]"}, {"]"}},
        {"release-20[0-9]{2}\\.(0[1-9]|1[0-2])", {"release-2026.11"}, {"release-2026.13"}},
    };
    for (const auto& [expression, matching, others] : cases) {
        for (const auto& text : matching) EXPECT_TRUE(matches(expression, text)) << text << " by " << expression;
        for (const auto& text : others) EXPECT_FALSE(matches(expression, text)) << text << " by " << expression;
    }
}

TEST(RegularExpression, SaysWhatIsWrong) {
    const struct {
        std::string expression;
        std::string what;
    } cases[] = {
        {"(a", "a \"(\" has no \")\""},
        {"a)", "a \")\" without a \"(\""},
        {"[a", "a \"[\" has no \"]\""},
        {"[", "a \"[\" has no \"]\""},
        {"[]", "a \"[\" has no \"]\""},
        {"[z-a]", "[z-a] is no range"},
        {"[a-\\d]", "is no range"},
        {"[\\.-z]", "stands last"},
        {"[[:alpha:]]", "write a-z"},
        {"*a", "nothing before a \"*\""},
        {"a|+", "nothing before a \"+\""},
        {"a**", "nothing before a \"*\""},
        {"{2}", "nothing before a \"{\""},
        {"a{", "a \"{\" has no \"}\""},
        {"a{}", "{} is not {2}"},
        {"a{x}", "{x} is not {2}"},
        {"a{2,1}", "{2,1} is not"},
        {"a{,2}", "{,2} is not"},
        {"a{129}", "numbers up to 128"},
        {"a{1,129}", "numbers up to 128"},
        {"\\", "nothing behind a \"\\\""},
        {"[\\", "nothing behind a \"\\\""},
        {"\\b", "\"\\b\" is not known"},
        {"(a)\\1", "\"\\1\" is not known"},
        {"(?=a)", "only \"(?:..)\""},
        {"(?<n>a)", "only \"(?:..)\""},
        {"(?i)a", "only \"(?:..)\""},
        {"\xC3\xA9", "not ASCII"},
        {"a\nb", "not ASCII"},
        {"(a{128}){128}", "too large"},
        {"((((a{99}){99}){99}){99}){99}", "too large"},
        {std::string(33, '(') + "a" + std::string(33, ')'), "too many groups"},
    };
    for (const auto& [expression, what] : cases)
        EXPECT_THAT(RegularExpression::parse(expression), IsErr(ErrorKind::kConfiguration, HasSubstr(what)))
            << expression;
}

TEST(RegularExpression, NeverMatchesWhatIsNotAscii) {
    EXPECT_FALSE(matches(".*", "v\xC3\xA9"));
    EXPECT_FALSE(matches("[^a]", "\xFF"));
}

// Expressions that take others minutes to hours: each step of the program is looked at once for each character.
TEST(RegularExpression, TakesNoLongerForWhatOthersTryInAllWays) {
    const std::string longest(128, 'a');
    for (const std::string expression : {"(a+)+b", "(a*)*b", "(a|aa)+b", "(a|a)*b", "((a?){30}){4}a{120}b",
                                         "(.*)*(.*)*(.*)*b", "(((a*)*)*)*b", "(a?){128}a{128}b"}) {
        EXPECT_FALSE(matches(expression, longest)) << expression;
        EXPECT_FALSE(matches(expression, std::string(2000, 'a'))) << expression;
    }
}

/// Expressions of few characters, of which a fair part matches texts of as few.
class RandomExpression {
public:
    explicit RandomExpression(unsigned seed) : random_(seed) {}

    std::string expression(int depth = 2) {
        std::string text;
        const auto parts = number(3);
        for (unsigned i = 0; i <= parts; ++i) {
            if (i > 0 && number(4) == 0) text += '|';
            text += atom(depth) + quantifier();
        }
        return text;
    }
    std::string text() {
        std::string text;
        for (auto length = number(7); length > 0; --length) text += "ab1-"[number(4)];
        return text;
    }

private:
    unsigned number(unsigned below) { return static_cast<unsigned>(random_() % below); }
    std::string one_of(const std::vector<std::string>& words) {
        return words[number(static_cast<unsigned>(words.size()))];
    }
    std::string atom(int depth) {
        if (depth > 0 && number(3) == 0) return one_of({"(", "(?:"}) + expression(depth - 1) + ")";
        return one_of({"a", "b", "1", "-", ".", "[ab]", "[^a]", "[a-b1]", "\\d", "\\w", "\\D", "\\W", "\\-"});
    }
    std::string quantifier() { return one_of({"", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}", "*?"}); }

    std::mt19937 random_;
};

TEST(RegularExpression, AgreesWithTheStandardLibrary) {
    int matched = 0;
    for (unsigned seed = 0; seed < 1000; ++seed) {
        RandomExpression random(seed);
        const auto expression = random.expression();
        // All ways at once there, too: one after the other takes minutes for some of these.
        const std::regex standard(expression, std::regex::ECMAScript | std::regex_constants::__polynomial);
        for (int i = 0; i < 12; ++i) {
            const auto text = random.text();
            const bool wanted = std::regex_match(text, standard);
            EXPECT_EQ(matches(expression, text), wanted) << text << " by " << expression;
            matched += wanted ? 1 : 0;
        }
    }
    EXPECT_GT(matched, 1000) << "the texts have little to do with the expressions";
}

}  // namespace
}  // namespace ci_lambda::testing
