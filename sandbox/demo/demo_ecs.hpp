#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/ecs/ecs.hpp"

namespace ci_lambda::sandbox {

/// The time of the demo's events and of its ECS. It stands still until a step moves it, or asks for an event of ECS
/// that is yet to come. So the demo tells the same each time, and nobody has to wait. It is past time: the function,
/// which has the machine's clock, waits where a change and a deployment lie within the same moment, and for what is to
/// come. Thread-safe.
class DemoEcs final : public Clock {
public:
    /// It is this much earlier than the machine's: longer than all the rollouts of the demo take.
    static constexpr std::chrono::hours kBehind{24};

    explicit DemoEcs(const Clock& machine) : now_(machine.now() - kBehind) {}

    [[nodiscard]] WallTime now() const override;
    /// Takes the events of the ECS that has this as its clock.
    void keep(std::string event);
    /// Lets time pass.
    void pass(Ecs& ecs, Milliseconds duration);
    /// The first event that is wanted. If it is not there yet, time goes on until it is; fails (kInternal) when nothing
    /// happens any more.
    [[nodiscard]] Result<std::string> event(Ecs& ecs, const std::function<bool(const nlohmann::json&)>& wanted);

private:
    [[nodiscard]] std::string find_event(const std::function<bool(const nlohmann::json&)>& wanted) const;
    void move_to(WallTime time);

    mutable std::mutex mutex_;
    WallTime now_;
    std::vector<std::string> events_;
};

}  // namespace ci_lambda::sandbox
