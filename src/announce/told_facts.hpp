#pragma once

#include <cstddef>
#include <deque>
#include <string_view>

#include "base/time.hpp"

namespace ci_lambda {

/// What this process has told people: so that an event that comes again because it failed, and what ECS says again and
/// again, are told once. Lambda's tries of one event mostly come to the process that has failed; where they do not, it
/// is told once more. Keeps hashes, a bounded number of them. Not thread-safe.
class ToldFacts {
public:
    explicit ToldFacts(const Clock& clock) : clock_(clock) {}

    [[nodiscard]] bool knows(std::string_view fact) const;
    void remember(std::string_view fact, Milliseconds duration);
    /// It was to be told, and was not delivered.
    void forget(std::string_view fact);

private:
    static constexpr std::size_t kMax = 4096;

    struct Told {
        std::size_t hash = 0;
        WallTime until{};
    };
    const Clock& clock_;
    std::deque<Told> told_;
};

}  // namespace ci_lambda
