#include "cli/live_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ci_lambda::cli {
namespace {

/// The last column stays free: a character in it makes some terminals go to the next line, and others not yet.
std::size_t usable(std::size_t columns) { return columns > 1 ? columns - 1 : 1; }

std::vector<Line> fitting(const std::vector<Line>& lines, std::size_t rows) {
    const auto most = rows > 2 ? rows - 1 : 1;  // the cursor stands below the block
    if (lines.size() <= most) return lines;
    std::vector<Line> some(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(most - 1));
    some.push_back({{.text = fmt::format("and {} more lines", lines.size() - most + 1), .color = Color::kDim}});
    return some;
}

/// What is measured must be what is written.
Line made_printable(Line line) {
    for (auto& span : line) span.text = printable(span.text);
    return line;
}

}  // namespace

void LiveBlock::draw(const std::vector<Line>& lines) {
    const auto screen = screen_();
    auto text = way_back(screen);
    drawn_.clear();
    for (const auto& line : fitting(lines, screen.rows)) {
        const auto cut = cut_to(made_printable(line), usable(screen.columns));
        text += rendered(cut, screen.color) + "\033[K\n";
        drawn_.push_back(columns_of(cut));
    }
    to_ << text << "\033[J" << std::flush;  // in one piece, or it flickers
}

void LiveBlock::clear() {
    if (!shown()) return;
    to_ << way_back(screen_()) << "\033[J" << std::flush;
    drawn_.clear();
}

std::string LiveBlock::way_back(const Screen& screen) const {
    std::size_t rows = 0;
    for (const auto columns : drawn_)
        rows += std::max<std::size_t>(1, (columns + screen.columns - 1) / std::max<std::size_t>(screen.columns, 1));
    rows = std::min(rows, screen.rows > 1 ? screen.rows - 1 : 0);
    return rows == 0 ? "\r" : fmt::format("\r\033[{}A", rows);
}

}  // namespace ci_lambda::cli
