#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "config/config.hpp"

namespace ci_lambda {

/// What the name of an ECS service says about whose service it is.
struct ServiceReading {
    ServiceId id;                         ///< what it is to us, if it is ours
    bool named = false;                   ///< variable or document name the id
    std::optional<Names::Reading> rival;  ///< who else may have given it this name

    /// Only such a service may be acted upon when nobody has asked for it.
    [[nodiscard]] bool is_ours_beyond_doubt() const { return named && !rival; }
    /// Nothing but the pattern speaks for us, and for another one also that its service has an id that we know.
    [[nodiscard]] bool is_rather_another_ones() const { return !named && rival && rival->id.str() != kBackend; }
    /// Why it is not ours beyond doubt, and how to say that it is; empty if it is.
    [[nodiscard]] std::string doubt() const;
};

/// Reads the names of ECS services. An event that names a service of ours by its id needs nothing of this: by the
/// patterns there is one service that it can mean. But a service that was merely found in a cluster, which others may
/// share, is ours beyond doubt only where ECS_SERVICE_MAP has it, where all services of the cluster are (DISCOVERY), or
/// where the configuration names its id and the name cannot be read as another project's or environment's service (ADR
/// 10).
class Ownership {
public:
    /// The configuration must outlive it.
    explicit Ownership(const Config& config);

    /// `nullopt` for a name that is certainly none of ours.
    [[nodiscard]] std::optional<ServiceReading> read(const EcsServiceName& name) const;
    /// The same in any of our clusters.
    [[nodiscard]] std::optional<ServiceReading> read(const ClusterName& cluster, const EcsServiceName& name) const;

private:
    const Names& names_;
    std::vector<ServiceId> named_;  ///< sorted
    std::vector<ServiceId>
        plausible_;  ///< what services of others are called, as far as we can guess: the backend last
};

}  // namespace ci_lambda
