#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What ECS tells about a service: the lines of its `events`, and events for EventBridge.
class Notices {
public:
    /// All must outlive it. Complete events are appended to `outbox`.
    Notices(const EcsState& state, Ids& ids, std::vector<std::string>& outbox)
        : state_(state), ids_(ids), outbox_(outbox) {}

    /// `(service api) ` and this.
    void message(Service& service, std::string_view text, WallTime at) const;
    /// `(service api) (deployment ecs-svc/1) ` and this.
    void message(Service& service, const Deployment& deployment, std::string_view text, WallTime at) const;

    /// "ECS Deployment State Change".
    void deployment_event(const Service& service, const Deployment& deployment, std::string_view name,
                          std::string_view reason, WallTime at) const;
    /// "ECS Hook State Change".
    void hook_event(const Service& service, const ServiceDeployment& deployment, const HookRun& run,
                    std::string_view name, WallTime at) const;
    /// "ECS Task State Change" of a task that no service runs.
    void task_event(const LoneTask& one, WallTime at) const;
    /// "ECS Service Action"; no reason if it is empty.
    void service_event(const Service& service, std::string_view name, std::string_view reason, WallTime at) const;

private:
    const EcsState& state_;
    Ids& ids_;
    std::vector<std::string>& outbox_;
};

/// `1 tasks: (task 0123).`, `2 tasks: (task 0123) (task 4567).`: ECS knows no singular.
[[nodiscard]] std::string list_tasks(const std::vector<Task*>& tasks, std::string_view kind);

}  // namespace ci_lambda::sandbox
