#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "images/pushed_image.hpp"
#include "logging/logger.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// Images that were pushed in another region and are pulled from their replicas in the service's own, which ECR makes
// within seconds, and sometimes only within half an hour (ECR user guide, "Private image replication").

/// A replica that has to be there before its service is deployed.
struct Replica {
    std::string region;
    std::string account;
    std::string repository;
    std::string tag;
    std::string digest;     ///< empty where the push does not say it: then the tag, whatever it stands for, will do
    std::string pushed_in;  ///< region
    WallTime pushed_at{};
    /// The revision names the tag, which then has to stand for the digest, or for what came after the push.
    bool by_tag = false;
    friend bool operator==(const Replica&, const Replica&) = default;
};

/// Those that `images`, of a revision, name of what was pushed. None of images that are pulled from where they were
/// pushed, and of those that name something else than what was pushed. Pure.
[[nodiscard]] std::vector<Replica> replicas_in(const std::vector<EcsTaskDefinition::Image>& images,
                                               const std::vector<PushedImage>& pushed);

/// Looks for replicas, and waits for them, for one deployment. Those that were seen are not looked for again. Whoever
/// has waited looks at everything else anew.
class ReplicaWatch {
public:
    static constexpr Milliseconds kBetweenLooks{5000};
    /// For all that one deployment waits. Most replicas come sooner; for what takes longer, or has no rule of
    /// replication, an event that comes again does better than a function that stands still. Never more than half of
    /// what is left before the deadline.
    static constexpr std::chrono::minutes kPatience{2};

    /// All must outlive it. `registries`: nullptr where nobody may look; then all is there. `name`: of the service, for
    /// the log.
    ReplicaWatch(EcrRegions* registries, std::string name, const Clock& clock, Sleeper& sleeper, const Logger& logger)
        : registries_(registries), name_(std::move(name)), clock_(clock), sleeper_(sleeper), logger_(logger) {}

    /// One look. False where one is not there, or ECR does not say for a reason that can heal. Fails where ECR refuses.
    [[nodiscard]] Result<bool> are_there(const std::vector<Replica>& replicas, Deadline deadline);
    /// Looks again and again. Fails with kBusy, which another try may heal, when its patience has ended: the error says
    /// which image is missing where, and what to do.
    Status wait_for(const std::vector<Replica>& replicas, Deadline deadline);

    /// Since when all that was looked for has been there, as far as ECR says; 1970 where nothing was.
    [[nodiscard]] WallTime arrived_at() const { return arrived_at_; }

private:
    /// Why it is not there, in words; empty where it is.
    Result<std::string> why_missing(const Replica& replica, Deadline deadline);
    void has_arrived(WallTime at) { arrived_at_ = std::max(arrived_at_, at); }

    EcrRegions* registries_;
    std::string name_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::vector<Replica> there_;
    std::string missing_;  ///< what the last look missed
    WallTime arrived_at_{};
    std::optional<WallTime> give_up_at_;
};

}  // namespace ci_lambda
