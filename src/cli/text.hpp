#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda::cli {

enum class Color { kNone, kGreen, kYellow, kRed, kDim, kBold };

/// Some words of a line, and their colour where there are colours.
struct Span {
    std::string text;
    Color color = Color::kNone;
    friend bool operator==(const Span&, const Span&) = default;
};
using Line = std::vector<Span>;

/// The text as one line that does nothing to a terminal but show it: whatever stood in an event, a message of ECS or an
/// error. All that is printed for people goes through here.
[[nodiscard]] std::string printable(std::string_view text);

/// The lines of a text, without the line break at its end.
[[nodiscard]] std::vector<Line> lines_of(std::string_view text);

/// How many columns it takes: two for wide characters (CJK, emoji), none for marks that combine. `text` is printable.
[[nodiscard]] std::size_t columns_of(std::string_view text);
[[nodiscard]] std::size_t columns_of(const Line& line);

/// At most so many columns; what was cut ends in an ellipsis.
[[nodiscard]] Line cut_to(const Line& line, std::size_t columns);

/// The text in lines of at most so many columns, broken at blanks; a word that is longer than a line is cut into
/// pieces. At least one line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// A text's lines for a screen of so many columns: what is wider is broken at blanks, and goes on below its beginning.
[[nodiscard]] std::vector<Line> prose(std::string_view text, std::size_t columns);

/// What is written: printable, and with the colours where they are wanted.
[[nodiscard]] std::string rendered(const Line& line, bool color);

}  // namespace ci_lambda::cli
