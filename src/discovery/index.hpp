#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "discovery/discovered.hpp"
#include "discovery/problems.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What the task definitions say that the services of our clusters run. A revision never changes, so each is read once,
/// and only what a service uses of it is kept. Outlives the configurations of a process.
struct KnownRevisions {
    struct Revision {
        std::shared_ptr<const ServiceUses> uses;
        TaskFamily family;  ///< whose newest revision a deployment takes: of a rollback's copy, the original's
    };
    std::map<std::string, Revision> by_arn;
};

/// What is in our clusters, by few calls of ECS: ListServices, DescribeServices for ten services a call, and
/// DescribeTaskDefinition for what is not known yet. Not thread-safe. All that is handed over must outlive it.
class DiscoveryIndex {
public:
    struct Options {
        std::vector<ClusterName> clusters;
        Milliseconds max_age = std::chrono::minutes{3};
        // Looks because of events that nothing matches: so many in a row, and then one each time so long has passed.
        int looks_in_a_row = 3;
        Milliseconds between_looks = std::chrono::seconds{30};
        /// Gets each revision that was read: whoever asks for it later need not ask ECS.
        std::function<void(const EcsTaskDefinition&)> on_read = [](const EcsTaskDefinition&) {};
    };
    DiscoveryIndex(Options options, const Names& names, EcsCatalog& ecs, KnownRevisions& revisions, const Clock& clock,
                   const Logger& logger);

    /// Looks, unless what is known is young enough. True when it has looked: `found()` is new then.
    bool renew(Deadline deadline);

    /// Looks for what an event means that matches nothing, unless the clusters were looked at after it, or too many
    /// such events have come: an account may push images all day that are none of our business.
    bool look_again(WallTime event_at, Deadline deadline);

    /// Never nullptr; empty before the first look. What could not be read this time is as it was before.
    [[nodiscard]] std::shared_ptr<const Discovered> found() const { return found_; }

private:
    struct Look;

    void look(Deadline deadline);
    void list(const ClusterName& cluster, Look& look, Deadline deadline);
    void describe(const ClusterName& cluster, const std::vector<EcsServiceName>& names, Look& look, Deadline deadline);
    void add(const ClusterName& cluster, const EcsService& service, Look& look);
    void keep_as_before(const ClusterName& cluster, const std::vector<EcsServiceName>* names, Look& look);
    void read_revisions(Look& look, Deadline deadline);
    std::vector<TaskDefinition> read_some(const std::vector<TaskDefinition>& revisions, Look& look, bool last,
                                          Deadline deadline);
    void use_revisions(Look& look);

    Options options_;
    const Names& names_;
    EcsCatalog& ecs_;
    KnownRevisions& revisions_;
    const Clock& clock_;
    const Logger& logger_;
    std::shared_ptr<const Discovered> found_ = std::make_shared<Discovered>();
    std::optional<WallTime> looked_at_;
    double looks_left_;
    WallTime looks_counted_at_;
    WarningLog warnings_{logger_, "discovery"};
};

}  // namespace ci_lambda
