#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/ecs.hpp"

namespace ci_lambda::sandbox {

/// The pace of ECS in the demo: its time stands still until somebody asks for one of its events. So the demo tells the
/// same each time, and nobody has to wait. Thread-safe.
class DemoEcs final : public Clock {
public:
    explicit DemoEcs(WallTime start) : now_(start) {}

    [[nodiscard]] WallTime now() const override;
    /// Takes the events of the ECS that has this as its clock.
    void keep(std::string event);
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
