#include "sandbox/ecs/quotas.hpp"

#include <algorithm>
#include <array>

namespace ci_lambda::sandbox {
namespace {

using namespace std::string_view_literals;

// What the sandbox knows of each group; that the calls for Express services count with the others is a guess. The
// client has a table of its own: a mistake in one shows against the other.
constexpr std::array kServiceModify{"CreateService"sv, "DeleteService"sv, "UpdateService"sv,
                                    "UpdateExpressGatewayService"sv};
constexpr std::array kServiceRead{"DescribeServices"sv, "ListServices"sv, "DescribeExpressGatewayService"sv};
constexpr std::array kServiceDeploymentRead{"DescribeServiceDeployments"sv, "ListServiceDeployments"sv};
constexpr std::array kServiceRevisionRead{"DescribeServiceRevisions"sv};
constexpr std::array kTaskDefinitionModify{"RegisterTaskDefinition"sv, "DeregisterTaskDefinition"sv};
constexpr std::array kTaskDefinitionRead{"DescribeTaskDefinition"sv, "ListTaskDefinitions"sv,
                                         "ListTaskDefinitionFamilies"sv};
constexpr std::array kTagModify{"TagResource"sv, "UntagResource"sv};
constexpr std::array kTagRead{"ListTagsForResource"sv};
constexpr std::array kClusterModify{"CreateCluster"sv, "DeleteCluster"sv};
constexpr std::array kClusterRead{"DescribeClusters"sv, "ListClusters"sv};
constexpr std::array kClusterResourceModify{"RunTask"sv, "StopTask"sv};
constexpr std::array kClusterResourceRead{"DescribeTasks"sv, "ListTasks"sv};

}  // namespace

RequestQuotas::RequestQuotas(WallTime now) {
    const auto add = [&](std::span<const std::string_view> operations, double burst, double per_second) {
        buckets_.push_back(
            {.operations = operations, .burst = burst, .per_second = per_second, .tokens = burst, .filled_at = now});
    };
    add(kServiceModify, 50, 5);
    add(kServiceRead, 100, 20);
    add(kServiceDeploymentRead, 50, 20);
    add(kServiceRevisionRead, 50, 20);
    add(kTaskDefinitionModify, 20, 1);
    add(kTaskDefinitionRead, 50, 20);
    add(kTagModify, 20, 10);
    add(kTagRead, 50, 20);
    add(kClusterModify, 20, 1);
    add(kClusterRead, 50, 20);
    add(kClusterResourceModify, 100, 40);
    add(kClusterResourceRead, 100, 20);
}

bool RequestQuotas::admits(std::string_view operation, WallTime now) {
    const auto bucket = std::ranges::find_if(buckets_, [&](const Bucket& one) {
        return std::ranges::find(one.operations, operation) != one.operations.end();
    });
    if (bucket == buckets_.end()) return true;
    const double passed = std::max(0.0, std::chrono::duration<double>(now - bucket->filled_at).count());
    bucket->tokens = std::min(bucket->burst, bucket->tokens + passed * bucket->per_second);
    bucket->filled_at = now;
    if (bucket->tokens < 1) return false;
    bucket->tokens -= 1;
    return true;
}

}  // namespace ci_lambda::sandbox
