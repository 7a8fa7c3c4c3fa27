#include "sandbox/ecs/ecs.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sandbox/aws/dispatch.hpp"
#include "sandbox/codedeploy/operations.hpp"
#include "sandbox/ecs/configuration.hpp"
#include "sandbox/logs/logs.hpp"

namespace ci_lambda::sandbox {
namespace {

void take_scenario(Service& service, Scenario scenario) {
    if (!service.express) service.configuration = configured_for(service.configuration, service.scenario, scenario);
    service.scenario = scenario;
}

}  // namespace

Ecs::Ecs(EcsOptions options, Ids& ids, const Clock& clock)
    : state_(std::move(options.state)),
      ids_(ids),
      clock_(clock),
      quotas_(clock.now()),
      pace_(options.speed),
      engine_(state_, ids, options.speed, outbox_),
      on_event_(std::move(options.on_event)),
      on_hook_call_(std::move(options.on_hook_call)) {
    for (auto& service : state_.services) take_scenario(service, options.scenario);
    engine_.on_step([this, &ids](WallTime at) {
        tell_of_code_deploy(state_, ids, outbox_, at);
        past_.record(at, state_.services);
    });
}

AwsAnswer Ecs::handle_code_deploy(std::string_view operation, std::string_view body) {
    return answer_request(find_code_deploy_operation(operation), "CodeDeploy", operation, body,
                          [&](const auto& known, const auto& request) {
                              AwsAnswer answer;
                              {
                                  const std::scoped_lock lock(mutex_);
                                  const WallTime now = clock_.now();
                                  engine_.advance(now);
                                  const auto fault = faults_.take(operation, body);
                                  answer = answer_with(fault, operation, [&] {
                                      EcsContext ecs{.state = state_, .engine = engine_, .now = now};
                                      CodeDeployContext context{.ecs = ecs, .ids = ids_};
                                      auto done = to_answer(known.run(context, request));
                                      tell_of_code_deploy(state_, ids_, outbox_, now);
                                      past_.record(now, state_.services);
                                      return done;
                                  });
                              }
                              deliver();
                              return answer;
                          });
}

AwsAnswer Ecs::handle_logs(std::string_view operation, std::string_view body) {
    const std::scoped_lock lock(mutex_);
    const WallTime now = clock_.now();
    engine_.advance(now);
    const auto fault = faults_.take(operation, body);
    return answer_with(fault, operation, [&] { return answer_of_logs(state_, operation, body, now); });
}

AwsAnswer Ecs::add_code_deployed(std::string_view settings) {
    const auto request = Parameters::parse(settings);
    if (!request) return to_answer(request.error());
    const std::scoped_lock lock(mutex_);
    engine_.advance(clock_.now());
    auto answer = to_answer(set_up_code_deploy(state_, ids_, *request, clock_.now()));
    past_.record(clock_.now(), state_.services);
    return answer;
}

AwsAnswer Ecs::handle(std::string_view operation, std::string_view body) {
    return answer_request(find_operation(operation), "ECS", operation, body,
                          [&](const auto& known, const auto& request) {
                              AwsAnswer answer;
                              {
                                  const std::scoped_lock lock(mutex_);
                                  answer = this->answer(known, request, body);
                              }
                              deliver();
                              return answer;
                          });
}

AwsAnswer Ecs::answer(const EcsOperation& operation, const Json& request, std::string_view body) {
    const WallTime now = clock_.now();
    engine_.advance(now);
    const auto fault = quotas_.admits(operation.name, now) ? faults_.take(operation.name, body) : FaultKind::kThrottled;
    return answer_with(fault, operation.name, [&] { return run(operation, request, now); });
}

AwsAnswer Ecs::run(const EcsOperation& operation, const Json& request, WallTime now) {
    EcsContext context{.state = state_, .engine = engine_, .now = now};
    const auto lag = state_.quirks.lag.find(operation.name);
    auto* past = lag == state_.quirks.lag.end() ? nullptr : past_.services_at(now - lag->second);
    if (past != nullptr) {
        std::swap(*past, state_.services);
        auto answer = to_answer(operation.run(context, request));
        std::swap(*past, state_.services);
        return answer;
    }
    auto answer = to_answer(operation.run(context, request));
    past_.record(now, state_.services);
    return answer;
}

void Ecs::advance() {
    {
        const std::scoped_lock lock(mutex_);
        engine_.advance(clock_.now());
    }
    deliver();
}

std::optional<WallTime> Ecs::next_change() const {
    const std::scoped_lock lock(mutex_);
    return engine_.next_change();
}

bool Ecs::set_scenario(const ScenarioChoice& choice) {
    const std::scoped_lock lock(mutex_);
    bool found = false;
    for (auto& service : state_.services) {
        if (choice.service && *choice.service != service.name) continue;
        take_scenario(service, choice.scenario);
        found = true;
    }
    return found;
}

std::vector<std::pair<std::string, Scenario>> Ecs::scenarios_of_services() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::pair<std::string, Scenario>> scenarios;
    for (const auto& service : state_.services) scenarios.emplace_back(service.name, service.scenario);
    return scenarios;
}

void Ecs::set_quirks(Quirks quirks) {
    const std::scoped_lock lock(mutex_);
    engine_.advance(clock_.now());
    Milliseconds longest{0};
    for (const auto& [operation, lag] : quirks.lag) longest = std::max(longest, lag);
    state_.quirks = std::move(quirks);
    past_.reach_back(longest);
    past_.record(clock_.now(), state_.services);
}

void Ecs::add_fault(Fault fault) {
    const std::scoped_lock lock(mutex_);
    faults_.add(std::move(fault));
}

void Ecs::clear_faults() {
    const std::scoped_lock lock(mutex_);
    faults_.clear();
}

void Ecs::push_image(const std::string& image, Scenario fate) {
    const std::scoped_lock lock(mutex_);
    auto& pushed = state_.images[image];
    ++pushed.pushes;
    if (state_.registry != nullptr) state_.registry->replace(image);
    pushed.fate = fate;
}

void Ecs::set_fate(const std::string& task_definition, Scenario fate) {
    const std::scoped_lock lock(mutex_);
    state_.fates[task_definition] = fate;
}

std::optional<Deployment> Ecs::primary(std::string_view service) {
    const std::scoped_lock lock(mutex_);
    engine_.advance(clock_.now());
    const auto found = std::ranges::find(state_.services, service, &Service::name);
    return found == state_.services.end() ? std::nullopt : std::optional(found->primary());
}

int Ecs::unfinished_deployments(std::string_view service) {
    const std::scoped_lock lock(mutex_);
    engine_.advance(clock_.now());
    const auto found = std::ranges::find(state_.services, service, &Service::name);
    return found == state_.services.end() ? 0 : found->unfinished_deployments();
}

void Ecs::set_alone(AloneFate fate) {
    const std::scoped_lock lock(mutex_);
    state_.alone = fate;
}

void Ecs::set_alarm(const std::string& name, bool is_on) {
    const std::scoped_lock lock(mutex_);
    const WallTime now = clock_.now();
    engine_.advance(now);
    if (is_on)
        state_.alarms.insert(name);
    else
        state_.alarms.erase(name);
    for (auto& service : state_.services)
        if (std::ranges::find(service.configuration.alarms.names, name) != service.configuration.alarms.names.end())
            engine_.look_soon(service, now);
}

std::vector<std::string> Ecs::alarms_on() {
    const std::scoped_lock lock(mutex_);
    engine_.advance(clock_.now());
    return {state_.alarms.begin(), state_.alarms.end()};
}

void Ecs::answer_function(const std::string& hook_id, const std::optional<std::string>& answer) {
    {
        const std::scoped_lock lock(mutex_);
        const WallTime now = clock_.now();
        engine_.advance(now);
        engine_.answer_function(hook_id, answer, now);
        past_.record(now, state_.services);
    }
    deliver();
}

bool Ecs::protect_tasks(std::string_view service, int count, std::chrono::seconds duration) {
    const std::scoped_lock lock(mutex_);
    const WallTime now = clock_.now();
    engine_.advance(now);
    const auto found = std::ranges::find(state_.services, service, &Service::name);
    if (found == state_.services.end()) return false;
    for (auto& task : found->tasks)
        if (task.is_running() && !task.is_protected(now) && count-- > 0)
            task.protected_until = pace_.after(now, duration);
    past_.record(now, state_.services);
    return true;
}

void Ecs::deliver() {
    std::unique_lock lock(mutex_);
    if (delivering_) return;  // somebody is at it, and takes these along
    delivering_ = true;
    while (!outbox_.empty() || !state_.hook_calls.empty()) {
        const auto events = std::exchange(outbox_, {});
        const auto calls = std::exchange(state_.hook_calls, {});
        lock.unlock();
        if (on_hook_call_)
            for (const auto& call : calls) on_hook_call_(call);
        if (on_event_)
            for (const auto& event : events) on_event_(event);
        lock.lock();
    }
    delivering_ = false;
}

}  // namespace ci_lambda::sandbox
