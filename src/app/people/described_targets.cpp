#include "app/people/described_targets.hpp"

#include <utility>

namespace ci_lambda {

Result<DescribedTargets> DescribedTargets::of(const std::vector<EcsTarget>& targets, const Describe& describe) {
    std::map<ClusterRef, std::vector<EcsServiceName>> names;
    for (const auto& target : targets) names[target.cluster_ref()].push_back(target.service);
    DescribedTargets all;
    for (const auto& [cluster, of_cluster] : names) {
        TRY_ASSIGN(all.clusters_[cluster], describe(cluster.name, of_cluster));
    }
    return all;
}

const EcsService* DescribedTargets::find(const EcsTarget& target) const {
    const auto cluster = clusters_.find(target.cluster_ref());
    return cluster == clusters_.end() ? nullptr : cluster->second.find(target.service);
}

}  // namespace ci_lambda
