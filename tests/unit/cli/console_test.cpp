#include "cli/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::cli {
namespace {

using ::ci_lambda::testing::FakeEnvironment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// As much of a terminal as what is drawn needs: text that wraps at the last column, line breaks, and the three escape
/// sequences that are used.
class Terminal {
public:
    explicit Terminal(std::size_t columns) : columns_(columns) {}

    void write(const std::string& written) {
        // A cell holds a byte here, and the ellipsis is the only character that has more.
        const auto bytes = replace_all(written, "\xE2\x80\xA6", "~");
        for (std::string_view text = bytes; !text.empty();) text.remove_prefix(take(text));
    }
    [[nodiscard]] std::vector<std::string> rows() const {
        auto rows = rows_;
        while (!rows.empty() && rows.back().empty()) rows.pop_back();
        return rows;
    }

private:
    std::size_t take(std::string_view text) {
        if (text.starts_with("\033[")) return escape(text);
        if (text.front() == '\r') {
            column_ = 0;
        } else if (text.front() == '\n') {
            go_down();
        } else {
            if (column_ == columns_) go_down();
            auto& row = current();
            if (row.size() < column_ + 1) row.resize(column_ + 1, ' ');
            row[column_++] = text.front();
        }
        return 1;
    }
    std::size_t escape(std::string_view text) {
        const auto end = text.find_first_of("AJKm");
        const char what = text[end];
        if (what == 'A') row_ -= std::min(row_, static_cast<std::size_t>(std::stoul(std::string(text.substr(2)))));
        if (what == 'K' || what == 'J') current().resize(std::min(current().size(), column_));
        if (what == 'J') rows_.resize(row_ + 1);
        return end + 1;
    }
    void go_down() {
        ++row_;
        column_ = 0;
        (void)current();
    }
    std::string& current() {
        if (rows_.size() <= row_) rows_.resize(row_ + 1);
        return rows_[row_];
    }

    std::size_t columns_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::vector<std::string> rows_;
};

std::vector<Line> lines(const std::vector<std::string>& texts) {
    std::vector<Line> all;
    for (const auto& text : texts) all.push_back({{.text = text}});
    return all;
}

struct Fixture {
    explicit Fixture(std::size_t columns, std::size_t rows = 24)
        : screen{.terminal = true, .color = false, .columns = columns, .rows = rows}, terminal(columns) {}
    void draw(const std::vector<std::string>& texts) {
        block.draw(lines(texts));
        flush();
    }
    void flush() {
        terminal.write(out.str());
        out.str("");
    }
    Screen screen;
    Terminal terminal;
    std::ostringstream out;
    LiveBlock block{out, [this] { return screen; }};
};

TEST(LiveBlock, LeavesNothingOfWhatWasDrawnBeforeAtAnyWidth) {
    for (const std::size_t columns : {8U, 20U, 60U, 80U, 100U, 130U}) {
        Fixture shown(columns);
        const std::string wide(150, 'x');
        shown.draw({"first " + wide, "second", "third " + wide});
        EXPECT_EQ(shown.terminal.rows().size(), 3U) << "nothing wraps at " << columns;
        for (const auto& row : shown.terminal.rows()) EXPECT_LT(row.size(), columns);
        shown.draw({"one", "two"});
        EXPECT_THAT(shown.terminal.rows(), ElementsAre("one", "two")) << columns;
        shown.draw({"one", "two", "three"});
        EXPECT_THAT(shown.terminal.rows(), ElementsAre("one", "two", "three")) << columns;
        shown.block.clear();
        shown.flush();
        EXPECT_THAT(shown.terminal.rows(), ElementsAre()) << columns;
    }
}

TEST(LiveBlock, CountsWhatDoesNotFitIntoTheHeight) {
    Fixture shown(40, 4);
    shown.draw({"a", "b", "c", "d", "e"});
    EXPECT_THAT(shown.terminal.rows(), ElementsAre("a", "b", "and 3 more lines"));
}

TEST(LiveBlock, FindsItsFirstLineAgainAfterTheTerminalHasBecomeNarrower) {
    std::ostringstream out;
    Screen screen{.terminal = true, .color = false, .columns = 80, .rows = 24};
    LiveBlock block(out, [&] { return screen; });
    block.draw(lines({std::string(70, 'x'), "short"}));
    out.str("");
    screen.columns = 30;
    block.draw(lines({"new"}));
    EXPECT_THAT(out.str(), HasSubstr("\033[4A")) << "70 columns are three rows of 30 now, and one for the short line";
}

class ConsoleTest : public ::testing::Test {
protected:
    std::ostringstream out_;
    std::ostringstream err_;
    Screen screen_{.terminal = true, .color = false, .columns = 40, .rows = 10};
    Console console_{{.to = out_, .screen = [this] { return screen_; }},
                     {.to = err_, .screen = [this] { return screen_; }}};
};

TEST_F(ConsoleTest, PutsNotesAboveTheBlock) {
    console_.show(lines({"the block"}));
    console_.note("a note");
    Terminal terminal(40);
    terminal.write(err_.str());
    EXPECT_THAT(terminal.rows(), ElementsAre("a note", "the block"));
    err_.str("");
    console_.end_show();
    terminal.write(err_.str());
    EXPECT_THAT(terminal.rows(), ElementsAre("a note"));
    EXPECT_EQ(out_.str(), "");
}

TEST_F(ConsoleTest, PrintsNothingThatMovesTheCursorNorAnySecret) {
    Redactor redactor;
    redactor.add(Secret("topsecretvalue"));
    console_.redact_with(&redactor);
    console_.print("a\x1b[2J topsecretvalue");
    console_.complain("b\x1b]0;x\x07 topsecretvalue");
    console_.print_for_machines(R"({"a":"topsecretvalue"})");
    EXPECT_EQ(out_.str(), "a [2J ***\n{\"a\":\"***\"}\n");
    EXPECT_EQ(err_.str(), "ci_lambda: b ]0;x  ***\n");
}

TEST(ScreenOf, TakesTheSizeFromTheEnvironmentWhereThereIsNoTerminal) {
    FakeEnvironment environment;
    EXPECT_EQ(screen_of(-1, environment).columns, 80U);
    environment.set("COLUMNS", "132");
    EXPECT_EQ(screen_of(-1, environment).columns, 132U);
    for (const auto* nonsense : {"0", "-1", "wide", "99999999999"}) {
        environment.set("COLUMNS", nonsense);
        EXPECT_EQ(screen_of(-1, environment).columns, 80U) << nonsense;
    }
    EXPECT_FALSE(screen_of(-1, environment).color);
}

}  // namespace
}  // namespace ci_lambda::cli
