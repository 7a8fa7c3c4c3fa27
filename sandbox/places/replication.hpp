#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/aws/due_thread.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/places/place.hpp"

namespace ci_lambda::sandbox {

/// How long after a push the image is in the other registries, of ECS's time; nullopt: it never gets there.
using ReplicationDelay = std::optional<std::chrono::seconds>;

/// AWS: "most images in less than 30 minutes, in rare cases longer"; people see seconds.
inline constexpr std::chrono::seconds kUsualReplicationDelay{20};

/// Reads seconds, or `off`. Fails (kConfiguration) for anything else.
[[nodiscard]] Result<ReplicationDelay> parse_replication_delay(std::string_view text);

/// ECR's replication of what is pushed at home into the registries of all other places (ECR user guide, "Private image
/// replication"): with its tag, after a while, manifest by manifest. Nothing is replicated that was there before, no
/// deletion, and nothing that was replicated. An image that is gone when its time has come is left out; a region that
/// is down gets it when it is there again. Thread-safe.
class Replication {
public:
    /// The places and the clock must outlive it. `speed`: of ECS.
    Replication(Place& home, std::vector<Place*> others, double speed, const Clock& clock);

    void start() { thread_.start(); }
    void stop() { thread_.stop(); }

    /// For pushes to come.
    void set_delay(ReplicationDelay delay);
    [[nodiscard]] ReplicationDelay delay() const;

    /// An event of the home's ECR: a push begins its way.
    void take(const std::string& event);
    /// Does what was due until now.
    void advance();

private:
    struct Copy {
        WallTime due{};
        Place* to = nullptr;
        std::string repository;
        std::string digest;
        std::string tag;
    };
    [[nodiscard]] std::optional<Copy> take_due();
    [[nodiscard]] std::optional<WallTime> next_due() const;
    void add(Copy copy);

    Place& home_;
    const std::vector<Place*> others_;
    const Pace pace_;
    const Clock& clock_;
    std::mutex advance_mutex_;  ///< who comes while another one is at it waits until all is done
    mutable std::mutex mutex_;
    ReplicationDelay delay_ = kUsualReplicationDelay;
    std::deque<Copy> copies_;  ///< in the order in which they are due
    DueThread thread_;
};

}  // namespace ci_lambda::sandbox
