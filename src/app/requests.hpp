#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "config/names.hpp"
#include "deployer/start/report.hpp"

namespace ci_lambda {

/// What a person, or a job of CI, asks for by the service's id.
struct DeployOptions {
    /// Where the very revision that is asked for rolls already: that rollout is waited for, and no other begun.
    bool attach = false;
    /// Told of each deployment that is waited for instead of begun.
    std::function<void(const DeploymentReport& attached)> on_attached = {};
};

struct RollbackRequest {
    EcsTarget target;
    std::optional<TaskDefinition> to = {};  ///< absent: what ran well before
    std::string reason = {};                ///< why, in the person's words; may be empty
    bool wait = false;                      ///< until it is done
};

}  // namespace ci_lambda
