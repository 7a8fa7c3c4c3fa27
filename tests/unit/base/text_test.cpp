#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(SanitizeUtf8, KeepsValidTextAndReplacesEveryOtherByte) {
    const std::string bad = "\xEF\xBF\xBD";
    const struct {
        std::string text;
        std::string expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\x80", "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\x80"},
        {"\xFFx", bad + "x"},
        {"\xC3", bad},                                // cut short
        {"\xE2\x82", bad + bad},                      // cut short
        {"\xC0\xAF", bad + bad},                      // overlong
        {"\xE0\x80\xAF", bad + bad + bad},            // overlong
        {"\xED\xA0\x80", bad + bad + bad},            // a surrogate
        {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // beyond U+10FFFF
        {"a\x80z", "a" + bad + "z"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(sanitize_utf8(text), expected) << text;
}

TEST(OneLine, MakesBlanksOfWhatBreaksALine) {
    EXPECT_EQ(one_line("a\r\nb\tc\x1b[2J\x7f\xC3\xBC", 20), "a  b c [2J \xC3\xBC");
    EXPECT_EQ(one_line(std::string_view("a\0b", 3), 20), "a b");
    EXPECT_EQ(one_line("abc\nd", 4), "abc\xE2\x80\xA6");
}

// What must not reach a terminal, each with its JSON escape.
const struct {
    std::string character;
    std::string escape;
} kActing[] = {
    {"\x7F", "\\u007f"},                     // DEL
    {"\xC2\x80", "\\u0080"},                 // C1
    {"\xC2\x9B", "\\u009b"},                 // CSI in one character
    {"\xC2\x9F", "\\u009f"},                 // C1
    {"\xD8\x9C", "\\u061c"},                 // Arabic letter mark
    {"\xE2\x80\x8B", "\\u200b"},             // zero-width space
    {"\xE2\x80\x8E", "\\u200e"},             // left-to-right mark
    {"\xE2\x80\x8F", "\\u200f"},             // right-to-left mark
    {"\xE2\x80\xA8", "\\u2028"},             // line separator
    {"\xE2\x80\xA9", "\\u2029"},             // paragraph separator
    {"\xE2\x80\xAA", "\\u202a"},             // embedding
    {"\xE2\x80\xAE", "\\u202e"},             // override
    {"\xE2\x81\xA6", "\\u2066"},             // isolate
    {"\xE2\x81\xA9", "\\u2069"},             // its end
    {"\xEF\xBB\xBF", "\\ufeff"},             // byte order mark
    {"\xF3\xA0\x81\x81", "\\udb40\\udc41"},  // an invisible A
};

TEST(ForTerminal, LeavesNothingThatActsOnATerminalAndTheLines) {
    for (const auto& [character, escape] : kActing) EXPECT_EQ(for_terminal("a" + character + "z"), "a z") << escape;
    EXPECT_EQ(for_terminal("one\n\x1b[2Jtwo\r\tthree\x07"), "one\n [2Jtwo  three ");
    EXPECT_EQ(for_terminal("\x9B"
                           "2J"),
              "\xEF\xBF\xBD"
              "2J")
        << "C1 as a bare byte";
}

TEST(ForTerminal, KeepsWhatPeopleWrite) {
    const std::string text = "gr\xC3\xBC\xC3\x9F\xC2\xA0\xE2\x82\xAC \xE2\x80\xA6 \xF0\x9F\x9A\x80 \xD7\xA9";
    EXPECT_EQ(for_terminal(text), text);
    EXPECT_EQ(one_line(text), text);
}

TEST(OneLine, LeavesNothingThatActsOnATerminal) {
    for (const auto& [character, escape] : kActing) EXPECT_EQ(one_line("a" + character + "z"), "a z") << escape;
}

TEST(JsonForTerminal, EscapesWhatActsOnATerminalAndMeansTheSame) {
    for (const auto& [character, escape] : kActing)
        EXPECT_EQ(json_for_terminal("{\n  \"a\": \"x" + character + "y\"\n}"), "{\n  \"a\": \"x" + escape + "y\"\n}");
    EXPECT_EQ(json_for_terminal(R"({"a":"\u001b \xC3\xBC"})"), R"({"a":"\u001b \xC3\xBC"})");
}

TEST(TruncateUtf8, CountsCharactersAndCutsBetweenThem) {
    const std::string dots = "\xE2\x80\xA6";
    EXPECT_EQ(truncate_utf8("abc", 3), "abc");
    EXPECT_EQ(truncate_utf8("abcd", 3), "ab" + dots);
    EXPECT_EQ(truncate_utf8("\xC3\xBC\xC3\xBC\xC3\xBC", 3), "\xC3\xBC\xC3\xBC\xC3\xBC");
    EXPECT_EQ(truncate_utf8("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 3), "\xC3\xBC\xC3\xBC" + dots);
    EXPECT_EQ(truncate_utf8("ab", 1), dots);
    EXPECT_EQ(truncate_utf8("ab", 0), "");
    EXPECT_EQ(truncate_utf8("", 0), "");
    EXPECT_EQ(truncate_utf8("\xFF\xFF", 1), dots);
    const std::string rocket = "\xF0\x9F\x9A\x80";
    EXPECT_EQ(truncate_utf8(rocket + rocket + rocket + rocket, 2), rocket + dots);
    EXPECT_EQ(truncate_utf8(rocket + rocket, 2), rocket + rocket);
}

TEST(Split, GivesOnePartMoreThanSeparators) {
    EXPECT_THAT(split("a/b", '/'), ElementsAre("a", "b"));
    EXPECT_THAT(split("", '/'), ElementsAre(""));
    EXPECT_THAT(split("/a//", '/'), ElementsAre("", "a", "", ""));
}

TEST(Join, UndoesSplitEvenWithEmptyParts) {
    for (const std::string text : {"a/b", "", "/a", "//", "a/"}) EXPECT_EQ(join(split(text, '/'), "/"), text);
    EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
}

TEST(Trim, TakesBlanksFromBothEndsOnly) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(trim(""), "");
}

TEST(ToLower, ChangesAsciiOnly) { EXPECT_EQ(to_lower("AbZ-1\xC3\x9C"), "abz-1\xC3\x9C"); }

TEST(ReplaceAll, ReplacesEachOccurrenceOnce) {
    EXPECT_EQ(replace_all("a.b.c", ".", "::"), "a::b::c");
    EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
    EXPECT_EQ(replace_all("abc", "", "x"), "abc");
    EXPECT_EQ(replace_all("abab", "ab", ""), "");
    EXPECT_EQ(replace_all("xabx", "ab", "abab"), "xababx");
}

TEST(ParseUnsigned, TakesWholeDecimalNumbersOnly) {
    EXPECT_THAT(parse_unsigned("0"), Optional(0U));
    EXPECT_THAT(parse_unsigned("0042"), Optional(42U));
    EXPECT_THAT(parse_unsigned("18446744073709551615"), Optional(18446744073709551615ULL));
    for (const std::string text : {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x10", "18446744073709551616", "a"})
        EXPECT_EQ(parse_unsigned(text), std::nullopt) << text;
}

TEST(Closest, SuggestsWhatWasProbablyMeant) {
    const std::vector<std::string> services{"api", "backend", "worker"};
    EXPECT_THAT(closest("wroker", services), Optional(std::string("worker")));
    EXPECT_THAT(closest("apis", services), Optional(std::string("api")));
    EXPECT_THAT(closest("api", services), Optional(std::string("api")));
    for (const std::string word : {"", "x", "zz", "billing"}) EXPECT_EQ(closest(word, services), std::nullopt) << word;
    EXPECT_EQ(closest("api", std::vector<std::string>{}), std::nullopt);
}

TEST(Closest, SuggestsNothingForAWordOfAMegabyte) {
    EXPECT_EQ(closest(std::string(1'000'000, 'a'), std::vector<std::string>{"api", "backend"}), std::nullopt);
}

TEST(LastSegment, IsTheNameInAnArnOrThePlainName) {
    EXPECT_EQ(last_segment("arn:aws:ecs:us-east-1:123456789012:service/cluster/api"), "api");
    EXPECT_EQ(last_segment("api"), "api");
    EXPECT_EQ(last_segment("api/"), "");
    EXPECT_EQ(last_segment(""), "");
}

TEST(DecodeForm, ReadsEscapesAndBlanksAndKeepsWhatIsNone) {
    EXPECT_EQ(decode_form("a+b%2Fc%c3%A9"), "a b/c\xC3\xA9");
    EXPECT_EQ(decode_form("100%"), "100%");
    EXPECT_EQ(decode_form("%4"), "%4");
    EXPECT_EQ(decode_form("%zz%-1%+1"), "%zz%-1% 1");
}

}  // namespace
}  // namespace ci_lambda
