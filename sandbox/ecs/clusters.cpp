#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

EcsAnswer describe_clusters(EcsContext& context, const Json& request) {
    TRY_ASSIGN(auto names, Parameters(request).texts("clusters"));
    if (names.empty()) names.emplace_back("default");
    Json clusters = Json::array();
    Json failures = Json::array();
    for (const auto& asked : names) {
        const std::string name(last_segment(asked));
        if (std::ranges::find(context.state.clusters, name) != context.state.clusters.end())
            clusters.push_back(cluster_json(context.state, name));
        else
            failures.push_back(missing(context.state.cluster_arn(name)));
    }
    return Json{{"clusters", std::move(clusters)}, {"failures", std::move(failures)}};
}

EcsAnswer list_clusters(EcsContext& context, const Json& request) {
    std::vector<std::string> arns;
    for (const auto& cluster : context.state.clusters) arns.push_back(context.state.cluster_arn(cluster));
    return list_page(request, arns, "clusterArns", 100);
}

constexpr std::array kClusterOperations{
    EcsOperation{"DescribeClusters", &describe_clusters},
    EcsOperation{"ListClusters", &list_clusters},
};

}  // namespace

std::span<const EcsOperation> cluster_operations() { return kClusterOperations; }

}  // namespace ci_lambda::sandbox
