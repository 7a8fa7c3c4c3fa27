#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "images/pushed_image.hpp"

namespace ci_lambda {

/// What this process remembers of the deployments that it started and of what it has said about them. Only there to
/// say more and nothing twice: nothing that must be right depends on it, as another process may get the next event.
/// Bounded: the oldest is forgotten. Thread-safe.
class RolloutMemory {
public:
    struct Started {
        std::string reason;  ///< why it was deployed
        WallTime at{};
        bool rollback = false;                 ///< it brings back what ran before
        std::vector<PushedImage> pushed = {};  ///< where that is why
    };

    void remember_started(const std::string& deployment_id, Started started);
    [[nodiscard]] std::optional<Started> started(const std::string& deployment_id) const;

    /// False when this fact was said before, about the same moment: within a minute. ECS sends some facts twice.
    [[nodiscard]] bool first_time(const std::string& fact, WallTime at);

    /// The same of a fact about a deployment; but what ECS says again after it has said something else of that
    /// deployment is another fact, however soon it comes: a deployment that a rollback brings back is in progress, and
    /// completes anew. The last word is never taken for one that was said before.
    [[nodiscard]] bool is_news(const std::string& deployment_id, const std::string& fact, WallTime at);

private:
    static constexpr std::size_t kMax = 1024;

    struct Said {
        std::string subject;  ///< the deployment's id; empty where nothing but the fact itself counts
        std::string fact;
        WallTime at{};
    };

    mutable std::mutex mutex_;
    std::deque<std::pair<std::string, Started>> started_;
    std::deque<Said> said_;
};

}  // namespace ci_lambda
