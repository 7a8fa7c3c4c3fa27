#include "cli/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

/// Nobody has a wider terminal; a nonsense value must not become a huge allocation.
constexpr unsigned long long kMostColumns = 10'000;

std::size_t size_from(const Environment& environment, const std::string& name, std::size_t otherwise) {
    const auto size = parse_unsigned(environment.get_non_empty(name).value_or(""));
    return size && *size > 0 && *size <= kMostColumns ? static_cast<std::size_t>(*size) : otherwise;
}

/// A terminal would break lines in the middle of words. A file or a pipe gets them whole.
std::vector<Line> for_screen(std::string_view text, const Screen& screen) {
    return screen.terminal ? prose(text, screen.columns) : lines_of(text);
}

}  // namespace

void Console::redact_with(const Redactor* redactor) {
    const std::scoped_lock lock(mutex_);
    redactor_ = redactor;
}

void Console::print(const Line& line) {
    const std::scoped_lock lock(mutex_);
    for (const auto& safe : redacted(std::vector<Line>{line})) out_.to << rendered(safe, out_.screen().color) << '\n';
    out_.to << std::flush;
}

void Console::print(std::string_view text) {
    for (const auto& line : for_screen(text, out_.screen())) print(line);
}

void Console::gather_for_machines(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    gathering_ = name;
}

void Console::print_gathered() {
    std::string all;
    {
        const std::scoped_lock lock(mutex_);
        gathering_.clear();
        for (const auto& [name, text] : gathered_)
            all += fmt::format("{}\n{}: {}", all.empty() ? "" : ",", dump_json(name), trim(text));
        gathered_.clear();
    }
    print_for_machines(fmt::format("{{{}\n}}", all));
}

void Console::print_for_machines(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (!gathering_.empty()) {
        gathered_.emplace_back(gathering_, text);
        return;
    }
    out_.to << json_for_terminal(redacted(text)) << (text.ends_with('\n') ? "" : "\n") << std::flush;
}

void Console::complain(std::string_view text) { write_error("ci_lambda: " + std::string(text)); }

void Console::note(std::string_view text) { write_error(text); }

void Console::write_error(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    block_.clear();
    for (const auto& line : for_screen(redacted(text), err_.screen())) err_.to << rendered(line, false) << '\n';
    err_.to << std::flush;
    if (!shown_.empty()) block_.draw(shown_);
}

void Console::show(std::vector<Line> lines) {
    const std::scoped_lock lock(mutex_);
    shown_ = redacted(std::move(lines));
    block_.draw(shown_);
}

void Console::end_show() {
    const std::scoped_lock lock(mutex_);
    shown_.clear();
    block_.clear();
}

void Console::show_result(const std::vector<Line>& lines) {
    const std::scoped_lock lock(mutex_);
    out_block_.draw(redacted(lines));
}

std::string Console::redacted(std::string_view text) const {
    return redactor_ == nullptr ? std::string(text) : redactor_->redact(std::string(text));
}

std::vector<Line> Console::redacted(std::vector<Line> lines) const {
    for (auto& line : lines)
        for (auto& span : line) span.text = redacted(span.text);
    return lines;
}

Screen screen_of(int fd, const Environment& environment) {
    Screen screen{.terminal = ::isatty(fd) == 1};
    const bool dumb = environment.get("TERM") == "dumb";
    screen.color = screen.terminal && !dumb && !environment.get_non_empty("NO_COLOR");
    winsize size{};
    const bool known = screen.terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0;
    screen.columns = known && size.ws_col > 0 ? size.ws_col : size_from(environment, "COLUMNS", screen.columns);
    screen.rows = known && size.ws_row > 0 ? size.ws_row : size_from(environment, "LINES", screen.rows);
    // A dumb terminal cannot go back to what it has shown.
    if (dumb) screen.terminal = false;
    return screen;
}

}  // namespace ci_lambda::cli
