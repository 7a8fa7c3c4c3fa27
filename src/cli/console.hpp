#pragma once

#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.hpp"
#include "cli/live_block.hpp"
#include "cli/text.hpp"
#include "logging/logger.hpp"

namespace ci_lambda::cli {

/// Where a command's words go: results to standard output, everything else to standard error, and a block that changes
/// in place between them. What is printed for people is made printable in here and nowhere else. Thread-safe.
class Console {
public:
    struct End {
        std::ostream& to;
        std::function<Screen()> screen;
    };
    Console(End out, End err)
        : out_(std::move(out)), err_(std::move(err)), out_block_(out_.to, out_.screen), block_(err_.to, err_.screen) {}

    /// From now on nothing is printed that this knows to be a secret. It must outlive the console's use, or be taken
    /// back with nullptr.
    void redact_with(const Redactor* redactor);

    /// A result, for people.
    void print(const Line& line);
    void print(std::string_view text);
    /// A result, for machines: JSON, which means the same with what a terminal would act upon escaped.
    void print_for_machines(std::string_view text);

    /// From now on that is kept back, by this name; at the end all of it is printed as one object.
    void gather_for_machines(const std::string& name);
    void print_gathered();

    /// What went wrong: "ci_lambda: ..".
    void complain(std::string_view text);
    /// What somebody who looks should know; the block stays below it.
    void note(std::string_view text);

    [[nodiscard]] Screen out_screen() const { return out_.screen(); }
    [[nodiscard]] Screen err_screen() const { return err_.screen(); }

    /// Draws the block on standard error anew.
    void show(std::vector<Line> lines);
    void end_show();
    /// The same on standard output, for what is itself the result.
    void show_result(const std::vector<Line>& lines);

private:
    void write_error(std::string_view text);
    [[nodiscard]] std::string redacted(std::string_view text) const;
    [[nodiscard]] std::vector<Line> redacted(std::vector<Line> lines) const;

    End out_;
    End err_;
    std::mutex mutex_;
    LiveBlock out_block_;
    LiveBlock block_;
    std::vector<Line> shown_;
    std::string gathering_;  // the name of what is printed for machines; empty: it is printed at once
    std::vector<std::pair<std::string, std::string>> gathered_;
    const Redactor* redactor_ = nullptr;
};

/// What is at the other end of a file descriptor. NO_COLOR and TERM=dumb say what they say everywhere; COLUMNS and
/// LINES count where the terminal does not know its size.
[[nodiscard]] Screen screen_of(int fd, const Environment& environment);

}  // namespace ci_lambda::cli
