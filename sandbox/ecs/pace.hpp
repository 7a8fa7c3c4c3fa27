#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// Turns ECS's time into the clock's.
class Pace {
public:
    explicit Pace(double speed) : speed_(speed) {}

    /// The clock's time when `duration` has passed in ECS since `begin`. Never the same time: what takes time takes
    /// some, at any speed, or things that repeat themselves would never let the time go on.
    [[nodiscard]] WallTime after(WallTime begin, std::chrono::seconds duration) const {
        const std::chrono::duration<double> scaled{static_cast<double>(duration.count()) / speed_};
        return begin + std::max(Milliseconds{1}, std::chrono::duration_cast<Milliseconds>(scaled));
    }

private:
    double speed_;
};

}  // namespace ci_lambda::sandbox
