#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/verify.hpp"
#include "services/cloudwatch/api.hpp"

namespace ci_lambda {

// What looks at alarms and URLs mean. Pure.

/// What asking a URL once has shown.
struct UrlLook {
    enum class Found {
        kGood,      ///< it answers as told
        kBad,       ///< it answers, and in another way
        kNoAnswer,  ///< there was no answer: the service is gone, or it cannot be reached from here
        kNotAsked   ///< there was no time for it
    };
    Found found = Found::kNotAsked;
    std::string words = {};  ///< "it answers with status 503, not 200"; empty with kGood
};

/// One look at all that is watched of a service.
struct HealthLook {
    std::vector<AlarmState> alarms;  ///< those that there are
    std::string alarms_unread = {};  ///< why there are none; empty where they were read, or none are watched
    std::vector<UrlLook> urls = {};  ///< one for each URL of the rules
};

/// What is kept from one look to the next.
struct HealthState {
    struct Url {
        int good = 0;           ///< times in a row
        int bad = 0;            ///< times in a row
        bool answered = false;  ///< at least once, however
        friend bool operator==(const Url&, const Url&) = default;
    };
    std::vector<Url> urls = {};  ///< in the order of the rules
    friend bool operator==(const HealthState&, const HealthState&) = default;
};

/// "2/0/1,0/1/1": for an event or a hook's details. What is not understood is a state in which nothing was seen.
[[nodiscard]] std::string to_text(const HealthState& state);
[[nodiscard]] HealthState health_state_of(std::string_view text);

/// What is to be thought of a service after a look.
struct Health {
    enum class Kind {
        kHealthy,    ///< no alarm is on, and each URL has answered as told as often as it has to
        kUnhealthy,  ///< an alarm is on, or a URL has failed as often as that takes
        kNotYetKnown
    };
    Kind kind = Kind::kNotYetKnown;
    std::string why = {};                  ///< a sentence; empty with kHealthy
    std::vector<std::string> unseen = {};  ///< what could not be seen, or does not count, in sentences
    bool in_doubt = false;                 ///< a URL has failed, and not as often as it takes: look again soon
};

/// The verdict on one look. `since`: when the rollout began. Changes `state`, which the next look gets.
///
/// An alarm counts that is in ALARM and has been since then or later: what was on before is not this rollout's doing
/// (as in ECS, which ignores alarms that are in ALARM when a deployment begins), until it has been off. No data is no
/// alarm. A URL counts that has failed `times` in a row; that it does not answer at all counts once it has answered,
/// however, in this verification: before that nobody knows whether it can be reached from here.
[[nodiscard]] Health judge_health(const VerifyRules& rules, WallTime since, const HealthLook& look, HealthState& state);

}  // namespace ci_lambda
