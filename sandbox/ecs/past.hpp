#pragma once

#include <deque>
#include <vector>

#include "base/time.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What the services were like a moment ago, for reads that lag behind.
class Past {
public:
    /// How far back it shall reach; 0 keeps nothing.
    void reach_back(Milliseconds longest) { longest_ = longest; }
    /// The services are like this from `at` on.
    void record(WallTime at, const std::vector<Service>& services);
    /// The services as they were; as far back as it reaches, if it does not reach that far. nullptr: it keeps nothing.
    [[nodiscard]] std::vector<Service>* services_at(WallTime at);

private:
    struct Look {
        WallTime at;
        std::vector<Service> services;
    };

    Milliseconds longest_{0};
    std::deque<Look> looks_;  ///< oldest first
};

}  // namespace ci_lambda::sandbox
