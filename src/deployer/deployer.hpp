#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs.hpp"
#include "services/notifier.hpp"

namespace ci_lambda {

enum class DeploymentStatus { kDeployed, kDryRun, kFailed };

[[nodiscard]] std::string_view to_string(DeploymentStatus status);

/// What became of one service.
struct DeploymentReport {
    EcsTarget target;
    DeploymentStatus status = DeploymentStatus::kFailed;
    std::string reason;  ///< why it was deployed
    /// The revision that ECS runs, or, in a dry run, would be asked to run; empty if it never got that far.
    std::string task_definition;
    std::string deployment_id;  ///< ECS's `ecs-svc/N`; empty unless accepted
    int attempts = 0;
    std::optional<Error> error;  ///< set when failed
};

/// Carries out a `Deploy` decision: pre-flight, UpdateService, retries. All services of one decision run at the same
/// time. Says "started" or "could not start" to the notifier, and nothing about how the rollout ends: ECS's own events
/// do that. Whatever is passed in must outlive it.
class Deployer {
public:
    struct Options {
        std::string project;
        std::string environment;
        int max_retries = 2;
        bool dry_run = false;
    };
    Deployer(Options options, EcsApi& ecs, Notifier& notifier, const Clock& clock, Sleeper& sleeper,
             const Logger& logger);

    /// One report per request, in the order of the requests. Returns before the deadline.
    [[nodiscard]] std::vector<DeploymentReport> deploy(const Deploy& decision, Deadline deadline);

private:
    class Run;
    Options options_;
    EcsApi& ecs_;
    Notifier& notifier_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
