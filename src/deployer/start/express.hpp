#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/rollout/rollout.hpp"
#include "images/pushed_image.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

// Express Mode services: ECS makes what a service needs, and writes its task definition as well, out of one container
// that UpdateExpressGatewayService takes (docs/adr/0019).

/// One of them, on its way to a deployment.
struct ExpressService {
    std::string arn;
    EcsExpressService::Configuration runs;  ///< what ECS makes true
    /// ECS writes the revisions of the task definition. Else somebody has brought one of their own, which is copied and
    /// deployed as any other is.
    bool written_by_ecs = false;
};

/// `service`: as DescribeServices has just shown it. Fails with kBusy where ECS shows no configuration.
[[nodiscard]] Result<ExpressService> find_express(EcsStarter& ecs, const EcsService& service, Deadline deadline);

/// Which of the pushed images ECS has run and taken back, and not run well since, in words; empty for none. Nobody
/// needs a list of revisions that were left out: ECS's records name the digest. Pure.
[[nodiscard]] std::string why_taken_back(const std::vector<PushedImage>& images, const History& history,
                                         const std::vector<EcsServiceRevision>& revisions);

}  // namespace ci_lambda
