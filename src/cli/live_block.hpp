#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <vector>

#include "cli/text.hpp"

namespace ci_lambda::cli {

/// What is at the other end of a stream.
struct Screen {
    bool terminal = false;
    bool color = false;
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// Some lines at the end of a terminal that are drawn anew in their place. The screen is asked at each drawing, as it
/// may have changed its size. Each line is cut to the width, and what does not fit into the height is counted: what is
/// drawn must be what can be erased. Not thread-safe.
class LiveBlock {
public:
    LiveBlock(std::ostream& to, std::function<Screen()> screen) : to_(to), screen_(std::move(screen)) {}

    void draw(const std::vector<Line>& lines);
    /// Erases it; nothing of it stays.
    void clear();
    [[nodiscard]] bool shown() const { return !drawn_.empty(); }

private:
    /// The way back to the block's first line. A terminal that has become narrower has wrapped what was drawn.
    [[nodiscard]] std::string way_back(const Screen& screen) const;

    std::ostream& to_;
    std::function<Screen()> screen_;
    std::vector<std::size_t> drawn_;  // columns of each line
};

}  // namespace ci_lambda::cli
