#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/gate/gate.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "deployer/tasks/lone_task.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The task that runs to its end before one service is deployed (`before`): found, where it was started already, by
/// whomever; else started; waited for. Its exit code decides. ECS is all the memory that there is: a task is known by
/// who started it, which is made of what is deployed and of what runs.
class TaskBefore {
public:
    /// Told of each look at a task that runs: what is waited for in a sentence, and since when. From any thread.
    using OnWait = std::function<void(const EcsTarget& target, WallTime since, const std::string& words)>;
    struct Parts {
        EcsTasks* tasks;  ///< nullptr: never used
        EcsStarter& ecs;
        LastWordsReader* last_words;  ///< nullptr where nobody wants them
        const Clock& clock;
        Sleeper& sleeper;
        const Logger& logger;
        OnWait on_wait = {};
    };
    /// All must outlive it, as must the request. `since`: when what the request asks for was changed.
    TaskBefore(Parts parts, const DeploymentRequest& request, WallTime since)
        : parts_(std::move(parts)), request_(request), since_(since) {}

    /// What it is for, by what is known now.
    using Plan = LoneTaskPlan;
    /// Starts the task where none has run for this. False: it runs now. kRejected: it has failed, or runs for too long;
    /// one that failed before the request counts no more. Whoever gets true looks at everything else anew.
    Result<bool> is_done(const Plan& plan, Deadline deadline);
    /// Waits for the end of the one that runs; false where the deadline is near, and it goes on.
    Result<bool> wait_for_end(Deadline deadline);

    /// Why the deployment does not begin yet: the task goes on, and ECS's event of its end brings the deployment.
    [[nodiscard]] Barrier barrier() const;
    /// Of the one that has failed.
    [[nodiscard]] const std::optional<LastWords>& last_words() const { return words_; }

private:
    [[nodiscard]] const ServiceTask& task() const { return *request_.before; }
    [[nodiscard]] std::string started_by(const Plan& plan) const;
    [[nodiscard]] bool is_of_before(const EcsTask& one) const;
    Result<bool> judge_ended(const EcsTask& ended, Deadline deadline);
    Result<EcsTask> start(const Plan& plan, const std::string& by, std::size_t failed_before, Deadline deadline);
    [[nodiscard]] std::string running_in_words() const;
    [[nodiscard]] std::optional<Error> late(const EcsTask& running) const;

    Parts parts_;
    const DeploymentRequest& request_;
    WallTime since_;
    std::string done_;       ///< by whom the one was started that has succeeded
    std::string waits_for_;  ///< the same of the one that runs
    std::optional<EcsTask> running_;
    std::optional<LastWords> words_;
};

}  // namespace ci_lambda
