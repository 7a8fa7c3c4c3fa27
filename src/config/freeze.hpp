#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/time_zone.hpp"

namespace ci_lambda {

/// When nothing is deployed: hours of the week or of the day, again and again, or one range of dates. Clocks of a zone
/// say when. What they show twice, or never, because they are changed, makes it longer rather than shorter.
struct Freeze {
    /// Minutes since Monday 00:00. `to` is after `from`, by less than a week.
    struct Hours {
        int from = 0;
        int to = 0;
        friend bool operator==(const Hours&, const Hours&) = default;
    };
    struct Dates {
        std::chrono::local_seconds from{};
        std::chrono::local_seconds to{};
        friend bool operator==(const Dates&, const Dates&) = default;
    };
    TimeZone zone = TimeZone::utc();
    std::vector<Hours> hours = {};
    std::optional<Dates> dates = {};
    std::string reason = {};   ///< for a person; may be empty
    std::string words = {};    ///< as it was written: "Fri 16:00 - Mon 08:00, Europe/Berlin"
    std::string written = {};  ///< the JSON object
    friend bool operator==(const Freeze& a, const Freeze& b) { return a.written == b.written; }
};

/// A time at which it is frozen: which ends when none of the freezes holds any more.
struct FrozenTime {
    WallTime from{};
    WallTime until{};
    const Freeze* freeze = nullptr;  ///< with which it begins, or which holds at the moment that was asked for
};

/// Whether it is frozen at this moment; `from` is when the freeze that holds then began.
[[nodiscard]] std::optional<FrozenTime> frozen_at(const std::vector<Freeze>& freezes, WallTime at);

/// The next time that begins after this moment, within a year.
[[nodiscard]] std::optional<FrozenTime> next_freeze(const std::vector<Freeze>& freezes, WallTime after);

/// HOLDS, FREEZE_WINDOWS, CHANGE_CALENDARS, and what the document says of one service (`freezes`).
struct HoldSettings {
    bool tags = false;                                  ///< HOLDS: services are held by their tag
    std::vector<Freeze> freezes = {};                   ///< of all services that have none of their own
    std::map<ServiceId, std::vector<Freeze>> own = {};  ///< may be empty: it is never frozen
    std::vector<std::string> calendars = {};            ///< of Systems Manager: names or ARNs

    [[nodiscard]] const std::vector<Freeze>& freezes_of(const ServiceId& id) const {
        const auto found = own.find(id);
        return found == own.end() ? freezes : found->second;
    }
    /// Whether anything can keep a deployment from beginning.
    [[nodiscard]] bool is_on() const;
    friend bool operator==(const HoldSettings&, const HoldSettings&) = default;
};

/// What is wrong with a freeze: where, as a JSON pointer below the list; what; and what is expected.
using FreezeProblem = std::function<void(const std::string& place, std::string what, std::string_view expects)>;

/// Reads the JSON array that FREEZE_WINDOWS, `/freezes` and `freezes` of a service have. Told of each problem, it
/// leaves the freeze out.
[[nodiscard]] std::vector<Freeze> read_freezes(std::string_view json, const FreezeProblem& problem);

/// The JSON array.
[[nodiscard]] std::string to_json(const std::vector<Freeze>& freezes);

/// Reads when a hold ends, counted from `now`: `2h`, `90m`, `3d`, `18:00` (the next time that clocks show it),
/// `2026-12-01`, `2026-12-01 08:00`; the last three with a zone behind them (`18:00 Europe/Berlin`), else in UTC; or
/// RFC 3339. The error says what is wrong with it.
[[nodiscard]] Result<WallTime> parse_until(std::string_view text, WallTime now);

}  // namespace ci_lambda
