#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/tasks/lone_task.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// How the task stands that runs after one rollout.
struct Afterwards {
    enum class Stand {
        kNone,       ///< none is to run, or none has been seen
        kRuns,       ///< ECS's event of its end goes on
        kSucceeded,  ///< what has completed may be called so
        kFailed,     ///< or it has taken too long: it is taken back, as far as `rollback` says so
        kNotRun,     ///< it could not be run, for good: nobody knows, and nothing is taken back
        kOver,       ///< the service runs something else by now, which is left alone
        kUnclear     ///< it could not be looked at for a reason that can heal (`error`): look again
    };
    Stand stand = Stand::kNone;
    std::string words = {};                       ///< a sentence for a person; empty with kNone
    std::optional<LastWords> last_words = {};     ///< with kFailed
    std::optional<RollbackReport> rollback = {};  ///< with kFailed; with kOver: of somebody else
    std::optional<Error> error = {};              ///< with kUnclear
};

/// The task that runs once a rollout has completed, before people are told so (`after`): once for each rollout, whoever
/// hears of its end. ECS is all the memory that there is: a task is known by who started it, which is made of the
/// deployment. Where it fails, the rollout is taken back, as long as the service runs it. A rollback has none.
class TaskAfter {
public:
    struct Options {
        RetryPolicy retries{};
        bool dry_run = false;
    };
    /// All must outlive it. What the configuration and `calls` say is read anew each time.
    struct Parts {
        const Config& config;
        EcsTasks& tasks;
        EcsStarter& ecs;
        LastWordsReader& last_words;
        RolloutObserver& observer;
        Rollback& rollback;
        RolloutMemory& memory;
        const OneTimeCalls& calls;
        OneTimeSchedules& schedules;
        const Clock& clock;
        Sleeper& sleeper;
        const Logger& logger;
    };
    TaskAfter(Options options, const Parts& parts) : options_(options), parts_(parts) {}

    /// Whether one runs after the rollouts of this service.
    [[nodiscard]] bool concerns(const ServiceId& id) const {
        return !options_.dry_run && parts_.config.tasks_after.contains(id);
    }

    enum class Role {
        kActs,    ///< starts it, and takes back what it finds bad
        kWatches  ///< for somebody who only wants to know
    };
    /// Of a rollout that has completed, forward, at this time or later: starts the task where none has run. What has
    /// completed so long ago that ECS may have forgotten its task gets none.
    [[nodiscard]] Afterwards look(const Rollout& rollout, WallTime completed_at, Deadline deadline,
                                  Role role = Role::kActs);

    struct Completed {
        Rollout rollout;
        WallTime at{};  ///< or later
    };
    /// The same, and waits for the ends of all of them, or until the deadline, when the rest `kRuns`. One answer for
    /// each, in their order. `on_look` is told after each look of those that run.
    using OnLook = std::function<void(const Rollout& rollout, const std::string& words)>;
    [[nodiscard]] std::vector<Afterwards> wait_for(const std::vector<Completed>& rollouts, Deadline deadline,
                                                   Role role = Role::kActs, const OnLook& on_look = {});

private:
    [[nodiscard]] Result<Afterwards> try_to_look(const Rollout& rollout, WallTime completed_at, Deadline deadline,
                                                 Role role);
    [[nodiscard]] Result<EcsTask> start(const ServiceTask& task, const Rollout& rollout, const EcsService& service,
                                        Deadline deadline);
    [[nodiscard]] Afterwards judge(const ServiceTask& task, const EcsTask& one, const Rollout& rollout,
                                   Deadline deadline, Role role);
    void take_back(const Rollout& rollout, Afterwards& afterwards, Deadline deadline);
    void plan_last_look(const ServiceTask& task, const Rollout& rollout, const EcsTask& started, Deadline deadline);

    Options options_;
    Parts parts_;
};

/// What the task holds for whoever hears of its end: JSON.
[[nodiscard]] std::string rollout_in_task(const Rollout& rollout);

}  // namespace ci_lambda
