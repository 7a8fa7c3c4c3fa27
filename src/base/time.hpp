#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ci_lambda {

/// Wall-clock time: Lambda's deadlines, log timestamps and credential expiries are all given in it.
using WallTime = std::chrono::system_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// The only source of time. Injected, so that no test depends on the machine's clock.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const override;
};

/// The only way to wait. Injected, so that no test sleeps.
class Sleeper {
public:
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    virtual ~Sleeper() = default;
    virtual void sleep_for(Milliseconds duration) = 0;
};

class SystemSleeper final : public Sleeper {
public:
    void sleep_for(Milliseconds duration) override;
};

/// A point in time after which nothing may be begun; absent when nobody set one (a laptop).
class Deadline {
public:
    Deadline() = default;
    explicit Deadline(WallTime at) : at_(at) {}

    [[nodiscard]] static Deadline none() { return {}; }
    [[nodiscard]] static Deadline after(const Clock& clock, Milliseconds duration) {
        return Deadline{clock.now() + duration};
    }

    [[nodiscard]] std::optional<WallTime> at() const { return at_; }
    /// Time left, never negative; `nullopt` when there is no deadline.
    [[nodiscard]] std::optional<Milliseconds> remaining(const Clock& clock) const;
    /// `wanted`, or what is left if that is less.
    [[nodiscard]] Milliseconds clamp(const Clock& clock, Milliseconds wanted) const;
    /// This deadline moved forward by `margin`, to leave time for what comes after.
    [[nodiscard]] Deadline minus(Milliseconds margin) const;
    [[nodiscard]] static Deadline earlier(Deadline a, Deadline b);

private:
    std::optional<WallTime> at_;
};

/// The point in time, or the nearest one that we reckon with, from 1970 to 2200: what others say may lie anywhere, and
/// far away the nanoseconds of a WallTime, or the difference of two, would overflow.
[[nodiscard]] WallTime wall_time(std::chrono::sys_time<Milliseconds> time);

/// `2026-01-31T09:05:03.007Z` (RFC 3339, UTC, milliseconds).
[[nodiscard]] std::string format_rfc3339(WallTime time);

/// For a person: `2026-01-31 09:05 UTC`.
[[nodiscard]] std::string minute_in_words(WallTime time);

/// Reads what AWS prints: `2026-01-31T09:05:03Z`, with or without a fraction; `nullopt` for anything else.
/// A time outside of what `wall_time()` knows is moved to its end.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(const std::string& text);

/// For a person: `4 s`, `3 min 20 s`, `1 h 5 min`, `30 d 4 h`.
[[nodiscard]] std::string in_words(Milliseconds duration);

}  // namespace ci_lambda
