#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/result.hpp"
#include "config/names.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// Services of several clusters, as ECS described them: by cluster.
class DescribedTargets {
public:
    using Describe =
        std::function<Result<DescribedServices>(const ClusterName& cluster, const std::vector<EcsServiceName>& names)>;

    /// Asks for those of one cluster together.
    [[nodiscard]] static Result<DescribedTargets> of(const std::vector<EcsTarget>& targets, const Describe& describe);

    /// nullptr for what ECS did not show.
    [[nodiscard]] const EcsService* find(const EcsTarget& target) const;

private:
    std::map<ClusterRef, DescribedServices> clusters_;
};

}  // namespace ci_lambda
