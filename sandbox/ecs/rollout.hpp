#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/notices.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/ecs/state.hpp"
#include "sandbox/ecs/task_life.hpp"

namespace ci_lambda::sandbox {

/// Moves an EcsState on: tasks live and die, the scheduler starts and stops them within the service's percentages, the
/// circuit breaker counts, deployments end. A state machine over the times that it is given; it knows no clock.
///
/// How a rollback looks in DescribeServices is what people have posted of the real ECS, where AWS documents little: the
/// deployment that is gone back to is PRIMARY again under its old id (which is the number of its service revision),
/// with a new createdAt, IN_PROGRESS, "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/N." naming
/// itself, and later "(deployment ecs-svc/N) deployment completed."; the failed one is ACTIVE and FAILED, "tasks failed
/// to start.", with a desired count of 0, until it is gone (aws/copilot-cli issue 4838; transcripts of DescribeServices
/// and service events in public post-mortems of 2022 to 2026).
class RolloutEngine {
public:
    /// All must outlive it. Events for EventBridge are appended to `outbox`.
    RolloutEngine(EcsState& state, Ids& ids, double speed, std::vector<std::string>& outbox)
        : state_(state), ids_(ids), pace_(speed), notices_(state, ids, outbox) {}

    /// When something is due; nullopt when all is at rest.
    [[nodiscard]] std::optional<WallTime> next_change() const;
    /// Called after all that is due at one time was done, with that time.
    void on_step(std::function<void(WallTime)> on_step) { on_step_ = std::move(on_step); }
    /// Does all that is due until `to`, each thing at its own time.
    void advance(WallTime to);

    /// RunTask. What it is of stands in it already; not its id and its times.
    LoneTask& run_alone(LoneTask one, WallTime at);

    // What callers of the API want. advance() has been called for the same time.

    /// A new deployment. One that is under way is superseded.
    void deploy(Service& service, const TaskDefinitionRevision& revision, WallTime at);
    /// The desired count or the configuration has changed.
    void look_soon(Service& service, WallTime at) const;
    /// StopServiceDeployment, of the one that is under way.
    void request_rollback(Service& service, WallTime at) const;
    void request_stop(Service& service, WallTime at) const;
    /// ContinueServiceDeployment: the answer to a hook of the deployment that is under way.
    void answer_hook(Service& service, HookRun& run, bool goes_on, WallTime at) const;
    /// The answer of a function that a hook has asked: `{"hookStatus":..}` (developer guide, "Lifecycle hooks");
    /// nothing where the function failed. Late answers are nobody's.
    void answer_function(std::string_view hook_id, const std::optional<std::string>& answer, WallTime at);

private:
    // Time and tasks: rollout.cpp.
    void do_what_is_due(WallTime at);
    bool step_tasks(Service& service, WallTime at);
    void take_news(Service& service, const Task& task, TaskNews news, WallTime at);
    void bury_stopped(Service& service, WallTime at) const;
    void look(Service& service, WallTime at);
    void look_no_later_than(Service& service, WallTime at) const;
    void stop_surplus(Service& service, WallTime at);
    void stop(const Service& service, const std::vector<Task*>& tasks, WallTime at) const;
    void start_missing(Service& service, WallTime at);
    void fail_placement(Service& service, Deployment& deployment, WallTime at);
    void hold_launches(Service& service, int failures, WallTime at) const;

    // Stages, traffic and hooks: shift.cpp.
    void move_stages(Service& service, WallTime at);
    void enter_next_stage(const Service& service, ServiceDeployment& shift, WallTime at);
    [[nodiscard]] static bool is_stage_over(const Service& service, const ServiceDeployment& shift, WallTime at);
    /// False when the deployment is rolled back.
    bool settle_hooks(Service& service, ServiceDeployment& shift, WallTime at);
    void ask_functions(const Service& service, ServiceDeployment& shift, WallTime at);
    [[nodiscard]] std::string hook_payload(const Service& service, const ServiceDeployment& shift,
                                           const HookRun& run) const;

    /// Why a deployment is given up.
    struct Ending {
        std::string cause;       ///< "because .."
        std::string_view words;  ///< "ECS deployment circuit breaker"
        bool rolls_back = false;
    };

    // How deployments end: rollout_ends.cpp.
    void carry_out_request(Service& service, WallTime at);
    [[nodiscard]] static bool is_to_be_rolled_back(Service& service);
    void judge_failures(Service& service, WallTime at);
    void break_circuit(Service& service, WallTime at);
    void judge_alarms(Service& service, WallTime at);
    void fail(Service& service, std::string_view message, std::string_view reason, std::string_view event_reason,
              WallTime at);
    void give_up(Service& service, const Ending& ending, WallTime at);
    void roll_back(Service& service, const ServiceRevision& revision, std::string_view cause, std::string_view words,
                   WallTime at);
    Deployment& bring_back(Service& service, const ServiceRevision& revision, WallTime at);
    void drop_drained(Service& service) const;
    [[nodiscard]] std::optional<WallTime> bake_over_at(Service& service, WallTime at) const;
    void conclude(Service& service, WallTime at);
    void complete(Service& service, WallTime at);
    void update_counts(Service& service) const;

    EcsState& state_;
    Ids& ids_;
    Pace pace_;
    Notices notices_;
    std::function<void(WallTime)> on_step_;
};

/// How many failures the circuit breaker takes: half of the desired count, at least 3, at most 200 (Amazon ECS
/// developer guide, "How the Amazon ECS deployment circuit breaker detects failures").
[[nodiscard]] int breaker_threshold(int desired_count);

}  // namespace ci_lambda::sandbox
