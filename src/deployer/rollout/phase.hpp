#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// What a rollout is doing at a moment, in words that fit whatever makes it: ECS with each of its strategies, or
/// CodeDeploy. Pure.
struct RolloutPhase {
    enum class Kind {
        kScalingUp,       ///< its tasks start, or are about to
        kTestTraffic,     ///< test traffic goes to it, or is about to
        kTraffic,         ///< it has a part of the traffic, or the traffic moves
        kBaking,          ///< it has all of the traffic, and what ran before is kept for a while
        kWaitsForPerson,  ///< somebody has to say whether it goes on
        kWaitsForHook,    ///< a function has to
        kCleaningUp,      ///< it is done but for what ran before, which is being ended
        kGoingBack,       ///< what ran before is brought back
    };
    Kind kind = Kind::kScalingUp;
    std::string strategy = {};                ///< "canary", "linear", "blue/green"; empty for a rolling update
    std::string stage = {};                   ///< as the controller calls it, POST_TEST_TRAFFIC_SHIFT; may be empty
    std::optional<double> percent = {};       ///< of the production traffic, that it has or gets in this step
    std::optional<Milliseconds> holds = {};   ///< how long this, or the step that it is in, takes by the configuration
    std::optional<WallTime> until = {};       ///< when it goes on by itself, or is taken back
    bool about = false;                       ///< `until` is counted from when the controller last said something new
    std::optional<double> step_percent = {};  ///< linear: so much more with each step
    std::string then = {};                    ///< what happens at `until`: "ECS rolls it back"; empty: it goes on
    friend bool operator==(const RolloutPhase&, const RolloutPhase&) = default;
};

/// `scaling_up`, `test_traffic`, `traffic`, `baking`, `waits_for_person`, `waits_for_hook`, `cleaning_up`,
/// `going_back`.
[[nodiscard]] std::string_view to_string(RolloutPhase::Kind kind);

/// "canary: 10 % of the traffic for 10 min, until about 14:32 UTC", "waits for a person at POST_TEST_TRAFFIC_SHIFT
/// until 14:32 UTC (then ECS rolls it back)", ..; a time of another day than `now` has its date.
[[nodiscard]] std::string in_words(const RolloutPhase& phase, WallTime now);

/// What ECS says of a rollout that is in progress; absent for a rolling update that only moves tasks, and where ECS has
/// no word for it. `own`: the service's PRIMARY deployment; `record`: ECS's record of it in full, nullptr where it is
/// not known. Stages: ECS developer guide, "lifecycle stages for service deployments".
[[nodiscard]] std::optional<RolloutPhase> phase_of(const EcsService& service, const EcsDeployment& own,
                                                   const EcsServiceDeployment* record);

}  // namespace ci_lambda
