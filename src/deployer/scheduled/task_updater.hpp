#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/scheduled/task_report.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// Gives tasks that no service runs a pushed image: registers a revision of their family with it, and moves the
/// schedules and rules to it that name a revision (docs/adr/0018). Keeps no state: each look is at what AWS says now,
/// so an event that comes again finds done what is done. Whatever is passed in must outlive it.
class TaskUpdater {
public:
    struct Options {
        int max_retries = 2;
        bool dry_run = false;
    };
    struct Context {
        EcsStarter& ecs;
        EcrRegions* registries;  ///< for images that people ask for; nullptr where nobody does
        TaskSchedules& schedules;
        TaskRules& rules;
        const Clock& clock;
        Sleeper& sleeper;
        const Logger& logger;
    };
    TaskUpdater(Options options, Context context) : options_(options), context_(context) {}

    /// One report a task, in the order of the requests. A task whose services do not run the image yet waits: once they
    /// have completed, `following` says what to do. Returns before the deadline.
    [[nodiscard]] std::vector<TaskReport> update(const std::vector<TaskRequest>& requests, Deadline deadline);

    /// What was pushed to this service, which has completed. Empty where it runs a revision that no push has made, and
    /// while it rolls again.
    [[nodiscard]] Result<std::vector<PushedImage>> completed_with(const EcsTarget& service, Deadline deadline);

private:
    class Looks;
    class Run;

    Options options_;
    Context context_;
};

/// The tasks that follow a service that has completed with these images. Pure.
[[nodiscard]] std::vector<TaskRequest> following(const ServiceId& service, const std::vector<PushedImage>& images,
                                                 const Config& config);

}  // namespace ci_lambda
