#include "cli/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::cli {
namespace {

using ::testing::ElementsAre;

TEST(Printable, IsOneLineThatDoesNothingToATerminal) { EXPECT_EQ(printable("a\x1b[2Jb\nc\td"), "a [2Jb c d"); }

TEST(ColumnsOf, CountsWideCharactersTwiceAndCombiningMarksNotAtAll) {
    EXPECT_EQ(columns_of("abc"), 3U);
    EXPECT_EQ(columns_of("gr\xC3\xBC\xC3\x9F"), 4U);
    EXPECT_EQ(columns_of("\xE6\x97\xA5\xE6\x9C\xAC"), 4U) << "two characters of Chinese";
    EXPECT_EQ(columns_of("e\xCC\x81"), 1U) << "an e, and an accent that combines with it";
    EXPECT_EQ(columns_of("\xF0\x9F\x98\x80"), 2U) << "an emoji";
}

TEST(CutTo, KeepsColoursAndEndsInAnEllipsis) {
    const Line line{{.text = "green", .color = Color::kGreen}, {.text = " and red", .color = Color::kRed}};
    EXPECT_EQ(cut_to(line, 13), line);
    EXPECT_THAT(cut_to(line, 8), ElementsAre(Span{.text = "green", .color = Color::kGreen},
                                             Span{.text = " a\xE2\x80\xA6", .color = Color::kRed}));
    for (std::size_t columns = 0; columns < 16; ++columns) EXPECT_LE(columns_of(cut_to(line, columns)), columns);
}

TEST(Wrapped, BreaksAtBlanksAndCutsWhatIsLongerThanALine) {
    EXPECT_THAT(wrapped("one two three", 7), ElementsAre("one two", "three"));
    EXPECT_THAT(wrapped("one two three", 13), ElementsAre("one two three"));
    EXPECT_THAT(wrapped("a abcdefghij b", 4), ElementsAre("a", "abcd", "efgh", "ij b"));
    EXPECT_THAT(wrapped("", 5), ElementsAre(""));
    EXPECT_THAT(wrapped("\xE6\x97\xA5\xE6\x9C\xAC", 1), ElementsAre("\xE6\x97\xA5", "\xE6\x9C\xAC"));
}

TEST(Prose, BreaksWideLinesBelowTheirBeginningAndLeavesTheOthersAlone) {
    std::string text;
    for (const auto& line : prose("short\n  an indented line that is wide\n", 16)) text += rendered(line, false) + "\n";
    EXPECT_EQ(text, "short\n  an indented\n  line that is\n  wide\n");
}

TEST(Rendered, HasColoursOnlyWhereTheyAreWantedAndNothingElseThatIsNotText) {
    const Line line{{.text = "bad\x1b[31m", .color = Color::kRed}, {.text = " news"}};
    EXPECT_EQ(rendered(line, false), "bad [31m news");
    EXPECT_EQ(rendered(line, true), "\x1b[31mbad [31m\x1b[0m news");
}

}  // namespace
}  // namespace ci_lambda::cli
