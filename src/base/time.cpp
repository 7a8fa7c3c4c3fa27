#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>

namespace ci_lambda {
namespace {

/// `d` in the shape stands for a digit, everything else for itself. The text may go on behind the shape.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() < shape.size()) return false;
    return std::ranges::equal(text.substr(0, shape.size()), shape, [](char c, char expected) {
        return expected == 'd' ? c >= '0' && c <= '9' : c == expected;
    });
}

/// Digits that are known to be digits.
int to_number(std::string_view text, std::size_t at, std::size_t digits) {
    int number = 0;
    for (const char digit : text.substr(at, digits)) number = number * 10 + (digit - '0');
    return number;
}

}  // namespace

WallTime SystemClock::now() const { return std::chrono::system_clock::now(); }

void SystemSleeper::sleep_for(Milliseconds duration) { std::this_thread::sleep_for(duration); }

std::optional<Milliseconds> Deadline::remaining(const Clock& clock) const {
    if (!at_) return std::nullopt;
    const auto left = std::chrono::duration_cast<Milliseconds>(*at_ - clock.now());
    return std::max(left, Milliseconds{0});
}

Milliseconds Deadline::clamp(const Clock& clock, Milliseconds wanted) const {
    const auto left = remaining(clock);
    return left ? std::min(*left, wanted) : wanted;
}

Deadline Deadline::minus(Milliseconds margin) const { return at_ ? Deadline{*at_ - margin} : Deadline{}; }

Deadline Deadline::earlier(Deadline a, Deadline b) {
    if (!a.at_) return b;
    if (!b.at_) return a;
    return *a.at_ < *b.at_ ? a : b;
}

WallTime wall_time(std::chrono::sys_time<Milliseconds> time) {
    using namespace std::chrono_literals;
    constexpr std::chrono::sys_time<Milliseconds> kEarliest{};
    constexpr std::chrono::sys_time<Milliseconds> kLatest = std::chrono::sys_days{2200y / 1 / 1};
    return std::clamp(time, kEarliest, kLatest);
}

std::string format_rfc3339(WallTime time) {
    const auto whole = std::chrono::floor<Milliseconds>(time);
    const auto day = std::chrono::floor<std::chrono::days>(whole);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{whole - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string minute_in_words(WallTime time) {
    const auto text = format_rfc3339(time);
    return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::optional<WallTime> parse_rfc3339(const std::string& text) {
    constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
    if (!has_shape(text, kShape)) return std::nullopt;
    const auto rest = std::string_view(text).substr(kShape.size());
    const auto fraction_end = rest.starts_with('.') ? rest.find_first_not_of("0123456789", 1) : 0;
    const auto fraction = rest.substr(0, fraction_end);  // with its dot
    const auto zone = rest.substr(fraction.size());
    if (fraction == "." || (zone != "Z" && zone != "+00:00")) return std::nullopt;

    const auto number = [&](std::size_t at, std::size_t digits) { return to_number(text, at, digits); };
    const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                           std::chrono::month{static_cast<unsigned>(number(5, 2))},
                                           std::chrono::day{static_cast<unsigned>(number(8, 2))}};
    const int hour = number(11, 2);
    const int minute = number(14, 2);
    const int second = number(17, 2);
    // A leap second is 60.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;

    // The fraction may have any number of digits; three of them count.
    std::string milliseconds(fraction.empty() ? fraction : fraction.substr(1));
    milliseconds.resize(3, '0');
    return wall_time(std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                     std::chrono::seconds{second} + Milliseconds{to_number(milliseconds, 0, 3)});
}

std::string in_words(Milliseconds duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

}  // namespace ci_lambda
