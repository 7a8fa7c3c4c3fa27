#include "sandbox/ecs.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/operations.hpp"

namespace ci_lambda::sandbox {

Ecs::Ecs(EcsOptions options, Ids& ids, const Clock& clock)
    : state_(std::move(options.state)),
      clock_(clock),
      quotas_(clock.now()),
      engine_(state_, ids, options.speed, outbox_),
      on_event_(std::move(options.on_event)) {
    for (auto& service : state_.services) service.scenario = options.scenario;
}

AwsAnswer Ecs::handle(std::string_view operation, std::string_view body) {
    const EcsOperation* known = find_operation(operation);
    if (known == nullptr)
        return to_answer(AwsError{.type = "UnknownOperationException",
                                  .message = fmt::format("The sandbox's ECS does not know {}.", operation)});
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    AwsAnswer answer;
    {
        const std::scoped_lock lock(mutex_);
        EcsContext context{.state = state_, .engine = engine_, .now = clock_.now()};
        engine_.advance(context.now);
        answer = quotas_.admits(operation, context.now)
                     ? to_answer(known->run(context, *request))
                     : to_answer(AwsError{.type = "ThrottlingException", .message = "Rate exceeded"});
    }
    deliver();
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
        service.scenario = choice.scenario;
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

void Ecs::deliver() {
    std::unique_lock lock(mutex_);
    if (delivering_) return;  // somebody is at it, and takes these along
    delivering_ = true;
    while (!outbox_.empty()) {
        const auto events = std::exchange(outbox_, {});
        lock.unlock();
        if (on_event_)
            for (const auto& event : events) on_event_(event);
        lock.lock();
    }
    delivering_ = false;
}

}  // namespace ci_lambda::sandbox
