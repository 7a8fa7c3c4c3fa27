#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "sandbox/aws/due_thread.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/front.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/cloudwatch/cloudwatch.hpp"
#include "sandbox/ecr/ecr.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/parameter_store/parameter_store.hpp"
#include "sandbox/places/target.hpp"
#include "sandbox/places/trouble.hpp"
#include "sandbox/runtime/function_caller.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "sandbox/scheduler/scheduler.hpp"
#include "sandbox/secrets_manager/secrets_manager.hpp"
#include "sandbox/stepfunctions/step_functions.hpp"

namespace ci_lambda::sandbox {

struct PlaceOptions {
    Target target;
    double speed = 1.0;  ///< of ECS, see EcsOptions
    /// Another clock for ECS, which must outlive it: ECS then goes on only when it is called.
    const Clock* ecs_clock = nullptr;
    /// Gets the events of ECS itself; without it they go to the function.
    EventSink on_ecs_event = {};
    /// Also gets the events of ECR, after the function.
    EventSink on_ecr_event = {};
};

/// All that is in one region of one account: the shop, and the services of AWS that hold it. What happens there goes to
/// the one function, as if rules forwarded it. Thread-safe.
class Place {
public:
    /// The others must outlive it.
    Place(PlaceOptions options, Invocations& invocations, Ids& ids, const Clock& clock);

    /// It is at this address of HTTP, and goes on by itself from now on.
    void start(const std::string& address, const std::string& slack_inbox);
    /// Nothing goes on by itself any more.
    void stop();
    /// Nobody is asked any more. After the invocations were stopped.
    void stop_asking();

    [[nodiscard]] const Target& target() const { return target_; }

    void set_trouble(Trouble trouble);
    [[nodiscard]] Trouble trouble() const;
    /// Whether it takes one more call now, as often as it is asked: one a second where it is throttled.
    [[nodiscard]] bool admits(WallTime now);

    // The calls of its APIs.
    [[nodiscard]] AwsAnswer call_ecs(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_code_deploy(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_ecr(const AwsCall& call) { return ecr_.handle(call.operation, call.body); }
    [[nodiscard]] AwsAnswer call_events(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_cloudwatch(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_logs(const AwsCall& call) { return ecs_.handle_logs(call.operation, call.body); }
    [[nodiscard]] AwsAnswer call_step_functions(const AwsCall& call) {
        return step_functions_.handle(call.operation, call.body);
    }
    [[nodiscard]] AwsAnswer call_secrets(const AwsCall& call) {
        return secrets_.handle(call.operation, call.body, call.caller);
    }
    [[nodiscard]] AwsAnswer call_parameters(const AwsCall& call) {
        return parameters_.handle(call.operation, call.body);
    }

    void set_calendar(const std::string& name, bool is_closed) { parameters_.set_calendar(name, is_closed); }

    /// An alarm goes off, or is over, and deployments that have it among their alarms see it.
    void set_alarm(const std::string& name, bool is_on);
    [[nodiscard]] std::string alarms_page();

    [[nodiscard]] Ecs& ecs() { return ecs_; }
    [[nodiscard]] Ecr& ecr() { return ecr_; }
    [[nodiscard]] Scheduler& scheduler() { return scheduler_; }
    [[nodiscard]] StepFunctions& step_functions() { return step_functions_; }
    [[nodiscard]] ParameterStore& parameters() { return parameters_; }
    [[nodiscard]] SecretsManager& secrets() { return secrets_; }

private:
    /// Calls the function for a task of a state machine.
    void make(const TaskCall& call);

    const Target target_;
    Ids& ids_;
    const Clock& clock_;
    Invocations& invocations_;
    Ecr ecr_;  // after the invocations, which take its events
    Ecs ecs_;  // likewise; and asks the registry
    SecretsManager secrets_;
    ParameterStore parameters_;
    Scheduler scheduler_;
    CloudWatch cloudwatch_;
    StepFunctions step_functions_;
    DueThread schedules_fire_;
    DueThread ecs_goes_on_;
    DueThread executions_go_on_;
    FunctionCaller hook_caller_;
    FunctionCaller task_caller_;
    const bool by_itself_;  ///< ECS goes on
    mutable std::mutex trouble_mutex_;
    Trouble trouble_ = Trouble::kNone;
    WallTime next_call_{};  ///< of a throttled place: when it takes one again
};

}  // namespace ci_lambda::sandbox
