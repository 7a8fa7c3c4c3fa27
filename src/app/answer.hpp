#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "deployer/follow_up/sweeper.hpp"
#include "deployer/scheduled/task_report.hpp"
#include "deployer/start/deployer.hpp"
#include "handlers/decision.hpp"
#include "pipelines/run.hpp"

namespace ci_lambda {

/// What the function answers.
struct Answer {
    /// deployed, dry_run, ignored, notified, swept, failed; where the function waited, the worst of its verdicts:
    /// failed, timed_out, rolled_back, in_progress, superseded, completed
    std::string status;
    std::string detail;  ///< one sentence for a person
    std::vector<DeploymentReport> deployments;
    /// For a queue: the ids of the messages that are to come again, possibly none.
    std::optional<std::vector<std::string>> failed_messages = {};
    std::vector<TaskReport> tasks = {};  ///< that no service runs
    /// A deployment target where nothing was deployed, as one that comes before it is not healthy.
    struct HeldBack {
        std::string target;
        std::string why;
    };
    std::vector<HeldBack> held_back = {};
    std::vector<PipelineRun> pipelines = {};  ///< runs that were carried out, or taken a step further
    std::string step = {};  ///< what the state machine is told that carries a run: `step_json(PipelineRun)`
    /// What ECS is told that asks by a lifecycle hook: JSON, and then all of the answer.
    std::string to_hook = {};
    /// What whoever has called by HTTP gets, `{"statusCode":..}`, and then all of the answer.
    std::string to_caller = {};
};

/// `{"status":..,"detail":..,"deployments":[..]}`, with `"tasks":[..]` where there are any; for a queue also
/// `"batchItemFailures":[{"itemIdentifier":..}]` (Lambda developer guide, "Implementing partial batch responses").
[[nodiscard]] std::string to_json(const Answer& answer);

/// `{"kind":"traffic","strategy":"canary","percent":10,"until":"2026-01-31T14:32:00Z"}`: of a rollout in progress, with
/// what is known of it; `holds_seconds` and `step_percent` by its configuration, `then` what happens at `until`.
[[nodiscard]] nlohmann::ordered_json phase_json(const RolloutPhase& phase);

/// `{"container":"api","exit_code":1,"lines":["..",".."]}`
[[nodiscard]] nlohmann::ordered_json last_words_json(const LastWords& words);

/// `{"pipeline":"release","run":..,"status":"look","detail":..,"stages":[{"stage":..,"services":[..]}]}`
[[nodiscard]] nlohmann::ordered_json pipeline_json(const PipelineRun& run);

/// An invocation that ended badly: what could not be deployed must be seen by Lambda's metrics, retries and
/// dead-letter queue.
struct HandlingError {
    std::string type;  ///< Function.InvalidEvent, Function.DeploymentFailed, Function.SweepFailed
    std::string message;
};

struct Handled {
    Answer answer;
    std::optional<HandlingError> error;
    bool deploys = false;    ///< it was decided to deploy something
    bool meant_here = true;  ///< false: the event is for another deployment target
};

/// "rolled back after 7 s", of a deployment that was waited for.
[[nodiscard]] std::string how_it_ended(const DeploymentReport& report);

/// The answer to an event that deployed. An error of the invocation only when a deployment could not start: a rollout
/// that began and ended badly would end so again if Lambda retried the event (docs/adr/0006).
[[nodiscard]] Handled answer_of(std::vector<DeploymentReport> reports, const std::vector<SkippedService>& skipped);

/// Puts what became of tasks into the answer to an event; a task that failed is an error of the invocation, so that the
/// event comes again.
void add_tasks(Handled& handled, std::vector<TaskReport> tasks);

/// The answer to a sweep of so many services.
[[nodiscard]] Handled answer_of(const std::vector<Sweeper::Overdue>& overdue, std::size_t services);

/// What became of a sample in one channel.
struct ChannelTest {
    std::string channel;  ///< "team (teams)"
    std::string problem;  ///< empty: it was taken
};

}  // namespace ci_lambda
