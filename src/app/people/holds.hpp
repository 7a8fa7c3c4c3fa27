#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/app.hpp"
#include "base/result.hpp"
#include "config/names.hpp"
#include "deployer/holds/hold.hpp"
#include "deployer/holds/thaws.hpp"

namespace ci_lambda {

/// What keeps one service from being deployed now, what waits for it, and what comes.
struct ServiceHolds {
    EcsTarget target;
    std::optional<Hold> hold = {};  ///< also one whose time is over, as long as the tag is there
    bool hold_is_over = false;
    std::optional<FrozenTime> frozen = {};       ///< points into the configuration
    std::optional<FrozenTime> next = {};         ///< the next freeze; points into the configuration
    std::optional<Thaws::Waiting> waiting = {};  ///< what begins afterwards
    std::string unknown = {};                    ///< what could not be found out; may be empty

    [[nodiscard]] bool is_held() const { return (hold && !hold_is_over) || frozen; }
};

/// What keeps deployments from beginning.
struct Holds {
    std::vector<ServiceHolds> services;  ///< in the order in which they were asked for
    std::string calendar = {};           ///< what the change calendars say: in words; empty without any
    bool calendar_closed = false;
};

/// Tags and freezes alone. Changes nothing.
[[nodiscard]] Result<std::vector<ServiceHolds>> look_at_tags_and_freezes(App& app, const Clock& clock,
                                                                         const std::vector<EcsTarget>& targets,
                                                                         Deadline deadline);

/// All that keeps these services from being deployed, and what waits. Changes nothing.
[[nodiscard]] Result<Holds> look_at_holds(App& app, const Clock& clock, const std::vector<EcsTarget>& targets,
                                          Deadline deadline);

}  // namespace ci_lambda
