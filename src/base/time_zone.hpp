#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda {

struct ZoneRule;

/// A time zone of the IANA time zone database, by the rule that holds from the last change on that the database knows:
/// for times to come. The rules are in the program, as there are machines without a database (Lambda's
/// provided.al2023). What deviates from them for a while, as Ramadan in Gaza and the winter of 2026 in Cuba, is not
/// known.
class TimeZone {
public:
    /// `Europe/Berlin`, `UTC`; however it is spelt with capitals. `nullopt` for what is none.
    [[nodiscard]] static std::optional<TimeZone> find(std::string_view name);
    /// All names that there are, for who misspells one.
    [[nodiscard]] static std::vector<std::string> names();
    [[nodiscard]] static TimeZone utc() { return *find("UTC"); }

    [[nodiscard]] const std::string& name() const { return name_; }

    /// What clocks there show.
    [[nodiscard]] std::chrono::local_seconds local(WallTime at) const;

    /// Which of two moments is meant: when clocks are put back they show the same time twice.
    enum class Twice { kFirst, kSecond };
    /// When clocks there show this. What they never show, because they are put forward, is the moment at which they
    /// are.
    [[nodiscard]] WallTime moment(std::chrono::local_seconds shown, Twice twice) const;

    /// How far clocks there are ahead of UTC.
    [[nodiscard]] std::chrono::minutes ahead(WallTime at) const;

    friend bool operator==(const TimeZone& a, const TimeZone& b) { return a.name_ == b.name_; }

private:
    TimeZone(std::string name, const ZoneRule& rule) : name_(std::move(name)), rule_(&rule) {}

    std::string name_;
    const ZoneRule* rule_;
};

}  // namespace ci_lambda
