#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace ci_lambda {

/// What this process remembers of the deployments that it started and of what it has said about them. Only there to
/// say more and nothing twice: nothing that must be right depends on it, as another process may get the next event.
/// Bounded: the oldest is forgotten. Thread-safe.
class RolloutMemory {
public:
    struct Started {
        std::string reason;  ///< why it was deployed
        WallTime at{};
        bool rollback = false;  ///< it brings back what ran before
    };

    void remember_started(const std::string& deployment_id, Started started);
    [[nodiscard]] std::optional<Started> started(const std::string& deployment_id) const;

    /// False when this fact was said before, about the same moment: within a minute. ECS sends some facts twice; what
    /// it says again later, of the same deployment, is another fact: a deployment that a rollback brings back completes
    /// anew.
    [[nodiscard]] bool first_time(const std::string& fact, WallTime at);

private:
    static constexpr std::size_t kMax = 1024;

    mutable std::mutex mutex_;
    std::deque<std::pair<std::string, Started>> started_;
    std::deque<std::pair<std::string, WallTime>> said_;
};

}  // namespace ci_lambda
