#include "sandbox/places/place.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/strategy.hpp"
#include "sandbox/events/event_bus.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/shop/values.hpp"

namespace ci_lambda::sandbox {
namespace {

/// As Step Functions has it from Lambda: an error's cause is what the function has reported, as JSON.
TaskAnswer answer_of_task(const std::optional<InvocationRecord>& done) {
    if (!done) return {.error = {.error = "Lambda.ServiceException", .cause = "the function has not answered"}};
    if (done->failure) return {.error = {.error = done->failure->type, .cause = done->failure->body}};
    return {.payload = done->answer.value_or("null")};
}

}  // namespace

Place::Place(PlaceOptions options, Invocations& invocations, Ids& ids, const Clock& clock)
    : target_(std::move(options.target)),
      ids_(ids),
      clock_(clock),
      invocations_(invocations),
      ecr_({.state = shop_registry(clock.now(), target_.site),
            .on_event =
                [this, also = std::move(options.on_ecr_event)](const std::string& event) {
                    invocations_.enqueue(event, EventOrigin::kEcr);
                    if (also) also(event);
                }},
           ids, clock),
      ecs_({.state = shop_state(ids, clock.now(), &ecr_, target_.site),
            .speed = options.speed,
            .on_event = options.on_ecs_event
                            ? std::move(options.on_ecs_event)
                            : [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kEcs); },
            .on_hook_call =
                [this](const HookCall& call) {
                    if (!hook_caller_.call(call.hook_id, call.payload, EventOrigin::kEcs))
                        ecs_.answer_function(call.hook_id, std::nullopt);
                }},
           ids, options.ecs_clock == nullptr ? clock : *options.ecs_clock),
      secrets_(
          {.state = shop_secrets(ids, clock.now(), target_.site),
           .on_event =
               [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kSecretsManager); }},
          ids, clock),
      parameters_(
          {.state = shop_parameters(clock.now(), target_.site),
           .on_event = [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kSsm); }},
          ids, clock),
      scheduler_(shop_schedules(clock.now(), target_.site), clock),
      cloudwatch_(clock, {std::string(shop::kAlarm)}, target_.site),
      step_functions_({.state = shop_state_machines(clock.now(), target_.site),
                       .speed = options.speed,
                       .on_call = [this](const TaskCall& call) { make(call); }},
                      ids, clock),
      // At the clock's time and not at ECS's, as whoever makes schedules reckons with it.
      schedules_fire_(clock, {.do_what_is_due =
                                  [this] {
                                      for (auto& input : scheduler_.fire_due())
                                          invocations_.enqueue(std::move(input), EventOrigin::kScheduler);
                                  },
                              .next_due = [this] { return scheduler_.next_due(); }}),
      ecs_goes_on_(clock,
                   {.do_what_is_due = [this] { ecs_.advance(); }, .next_due = [this] { return ecs_.next_change(); }}),
      executions_go_on_(clock, {.do_what_is_due = [this] { step_functions_.advance(); },
                                .next_due = [this] { return step_functions_.next_due(); }}),
      hook_caller_(invocations_,
                   [this](const std::string& hook_id, const std::optional<InvocationRecord>& done) {
                       ecs_.answer_function(hook_id, done ? done->answer : std::nullopt);
                       ecs_goes_on_.wake();
                   }),
      task_caller_(invocations_,
                   [this](const std::string& call, const std::optional<InvocationRecord>& done) {
                       step_functions_.answer(call, answer_of_task(done));
                   }),
      by_itself_(options.ecs_clock == nullptr) {
    scheduler_.on_change([this] { schedules_fire_.wake(); });
    step_functions_.on_change([this] { executions_go_on_.wake(); });
}

void Place::start(const std::string& address, const std::string& slack_inbox) {
    ecr_.listen_at(address);
    secrets_.replace(shop::kSlackSecret, slack_inbox);
    parameters_.replace(std::string(shop::kSlackParameter), slack_inbox);
    if (by_itself_) ecs_goes_on_.start();
    schedules_fire_.start();
    executions_go_on_.start();
}

void Place::stop() {
    ecs_goes_on_.stop();
    schedules_fire_.stop();
    executions_go_on_.stop();
}

void Place::stop_asking() {
    hook_caller_.stop();
    task_caller_.stop();
}

void Place::make(const TaskCall& call) {
    const auto refuse = [&](std::string error, std::string cause) {
        step_functions_.answer(call.id, {.error = {.error = std::move(error), .cause = std::move(cause)}});
    };
    const auto arn = own_function(target_.site);
    const bool is_function =
        call.function == arn || call.function.starts_with(arn + ':') || arn.ends_with(':' + call.function);
    if (!is_function)
        refuse("Lambda.ResourceNotFoundException", fmt::format("Function not found: {}", call.function));
    else if (!task_caller_.call(call.id, call.payload, EventOrigin::kStepFunctions))
        refuse("Lambda.TooManyRequestsException", std::string(kTooManyWait));
}

void Place::set_trouble(Trouble trouble) {
    const std::scoped_lock lock(trouble_mutex_);
    trouble_ = trouble;
    next_call_ = {};
}

Trouble Place::trouble() const {
    const std::scoped_lock lock(trouble_mutex_);
    return trouble_;
}

bool Place::admits(WallTime now) {
    constexpr std::chrono::seconds kBetweenCalls{1};
    const std::scoped_lock lock(trouble_mutex_);
    if (trouble_ != Trouble::kRegionThrottled) return true;
    if (now < next_call_) return false;
    next_call_ = now + kBetweenCalls;
    return true;
}

AwsAnswer Place::call_ecs(const AwsCall& call) {
    auto answer = ecs_.handle(call.operation, call.body);
    ecs_goes_on_.wake();
    return answer;
}

AwsAnswer Place::call_code_deploy(const AwsCall& call) {
    auto answer = ecs_.handle_code_deploy(call.operation, call.body);
    ecs_goes_on_.wake();
    return answer;
}

AwsAnswer Place::call_events(const AwsCall& call) {
    if (Scheduler::is_about_rules(call.operation)) return scheduler_.handle_rules(call.operation, call.body);
    if (call.operation != "PutEvents")
        return to_answer(
            AwsError{.type = "UnknownOperationException",
                     .message = fmt::format("The sandbox's EventBridge does not know {}.", call.operation)});
    auto result = put_events(call.body, ids_, clock_.now(), target_.site);
    // As on AWS, whoever sends all of it again sends some of it twice.
    for (auto& event : result.events)
        if (!invocations_.enqueue(std::move(event)))
            return to_answer(AwsError{.type = "ThrottlingException", .message = std::string(kTooManyWait)});
    return std::move(result.answer);
}

AwsAnswer Place::call_cloudwatch(const AwsCall& call) {
    cloudwatch_.follow(ecs_.alarms_on());
    return cloudwatch_.handle(call.operation, call.body);
}

std::string Place::alarms_page() {
    cloudwatch_.follow(ecs_.alarms_on());
    return cloudwatch_.page();
}

void Place::set_alarm(const std::string& name, bool is_on) {
    cloudwatch_.follow(ecs_.alarms_on());
    cloudwatch_.set(name, is_on);
    ecs_.set_alarm(name, is_on);
    ecs_goes_on_.wake();
}

}  // namespace ci_lambda::sandbox
