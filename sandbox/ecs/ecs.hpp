#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/ecs/faults.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/ecs/past.hpp"
#include "sandbox/ecs/quirks.hpp"
#include "sandbox/ecs/quotas.hpp"
#include "sandbox/ecs/rollout.hpp"
#include "sandbox/ecs/scenario.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

struct EcsOptions {
    EcsState state;
    /// How many seconds pass in ECS while the clock moves by one. Greater than 0; 1 is the pace of the real ECS.
    double speed = 1.0;
    /// How deployments go, of all services.
    Scenario scenario = Scenario::kHealthy;
    /// Called outside of the lock, for one event at a time, in the order of the events, before the call that brought
    /// the event about returns (or in another thread that is at it already). It may call this Ecs again.
    EventSink on_event = {};
    /// The same for what lifecycle hooks ask the function `state.function`; who is called says the answer by
    /// `answer_function`, then or later.
    std::function<void(const HookCall&)> on_hook_call = {};
};

/// Amazon ECS as far as deployments need it: state, operations and rollouts, no HTTP. Request and answer are those of
/// the ECS API (version 2014-11-13), the errors in AWS's words; too many requests are throttled as AWS throttles them.
/// Thread-safe. Ids and clock must outlive it.
///
/// There is no thread and no waiting in it: a rollout goes on with the clock. Each call first does what was due since
/// the last one, step by step and each step at its own time, so that one look after ten minutes finds the same state,
/// and brings about the same events, as a look every second.
class Ecs {
public:
    Ecs(EcsOptions options, Ids& ids, const Clock& clock);

    /// `operation` without the target prefix: "UpdateService".
    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);

    /// An operation of CodeDeploy (version 2014-10-06), which deploys some of the services.
    [[nodiscard]] AwsAnswer handle_code_deploy(std::string_view operation, std::string_view body);
    /// An operation of CloudWatch Logs, which has what the tasks write.
    [[nodiscard]] AwsAnswer handle_logs(std::string_view operation, std::string_view body);
    /// Adds a service, with its families, that CodeDeploy deploys, or changes how: `settings` as JSON. An error says
    /// what is wrong with them.
    [[nodiscard]] AwsAnswer add_code_deployed(std::string_view settings);

    /// Does what was due until now.
    void advance();
    /// When something will happen next if nobody calls; nullopt when all is at rest. For the one who drives it.
    [[nodiscard]] std::optional<WallTime> next_change() const;

    /// From now on deployments of this service (its name in ECS), or of all services, go like this. Rollouts that are
    /// under way keep their scenario. False when there is no such service.
    [[nodiscard]] bool set_scenario(const ScenarioChoice& choice);
    /// Each service, and how its next deployments go.
    [[nodiscard]] std::vector<std::pair<std::string, Scenario>> scenarios_of_services() const;

    /// From now on this ECS is like that. Rollouts that are under way go on with it.
    void set_quirks(Quirks quirks);
    void add_fault(Fault fault);
    void clear_faults();
    /// Somebody pushes another image under this name (`repository:tag`): deployments to come find another digest, and
    /// go like this wherever they use it, but for healthy, which leaves it to the service's scenario.
    void push_image(const std::string& image, Scenario fate = Scenario::kHealthy);
    /// From now on deployments of this revision (`family:revision`) go like this, whatever the service's scenario is.
    void set_fate(const std::string& task_definition, Scenario fate);
    /// What is true of the service now, whatever a lag shows; nullopt when there is no such service.
    [[nodiscard]] std::optional<Deployment> primary(std::string_view service);
    [[nodiscard]] int unfinished_deployments(std::string_view service);
    /// What the function answered that a lifecycle hook has asked; nothing where it failed.
    void answer_function(const std::string& hook_id, const std::optional<std::string>& answer);
    /// Tasks that RunTask starts from now on run for so long, of ECS's time, and end with this exit code.
    void set_alone(AloneFate fate);
    /// A CloudWatch alarm goes off, or is over.
    void set_alarm(const std::string& name, bool is_on);
    /// Those that are in ALARM, also those that deployments have raised.
    [[nodiscard]] std::vector<std::string> alarms_on();
    /// So many more of the service's running tasks are not to be stopped by deployments for that long (of ECS's time).
    /// False when there is no such service.
    [[nodiscard]] bool protect_tasks(std::string_view service, int count, std::chrono::seconds duration);

private:
    [[nodiscard]] AwsAnswer answer(const EcsOperation& operation, const nlohmann::json& request, std::string_view body);
    [[nodiscard]] AwsAnswer run(const EcsOperation& operation, const nlohmann::json& request, WallTime now);
    void deliver();

    mutable std::mutex mutex_;
    EcsState state_;
    Ids& ids_;
    const Clock& clock_;
    RequestQuotas quotas_;
    Faults faults_;
    Past past_;
    Pace pace_;
    std::vector<std::string> outbox_;
    RolloutEngine engine_;
    EventSink on_event_;
    std::function<void(const HookCall&)> on_hook_call_;
    bool delivering_ = false;
};

}  // namespace ci_lambda::sandbox
