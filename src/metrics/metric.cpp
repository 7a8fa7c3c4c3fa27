#include "metrics/metric.hpp"

#include <array>
#include <cstddef>

namespace ci_lambda {
namespace {

constexpr auto kMetrics = std::to_array<MetricInfo>({
    {"DeploymentsStarted", "Count", "ECS has accepted a deployment"},
    {"DeploymentsCouldNotStart", "Count", "a deployment was wanted and could not be begun"},
    {"DeploymentsCompleted", "Count", "a rollout has completed, forward"},
    {"DeploymentsFailed", "Count", "a rollout has failed, or the task after it has"},
    {"DeploymentsRolledBack", "Count", "a service runs again what it ran before"},
    {"DeploymentsTimedOut", "Count", "a rollout takes longer than it may"},
    {"DeploymentsSuperseded", "Count", "a rollout that was waited for gave way to a newer one"},
    {"DeploymentsAwaitingApproval", "Count", "a person is asked for a deployment"},
    {"DeploymentsHeld", "Count", "a deployment waits, as it is no time for it"},
    {"IgnoredRepeated", "Count", "an event came again that was answered before"},
    {"IgnoredElsewhere", "Count", "an event of another account or region"},
    {"IgnoredKind", "Count",
     "an event that deploys nothing by what it says, such as a deleted image or a tag that the filter keeps out"},
    {"IgnoredUnmatched", "Count", "an event that would deploy, and concerns none of the services"},
    {"IgnoredSwitchedOff", "Count", "an event that concerns only services that are switched off for it"},
    {"IgnoredRolling", "Count", "what a deployment would bring is rolling or there already"},
    {"Retries", "Count", "another try of a deployment, after one that failed and can heal"},
    {"Throttles", "Count", "AWS has refused a call because of a quota"},
    {"PacingWaits", "Count", "a call waited for its turn, so that AWS does not refuse it"},
    {"EventToAccepted", "Milliseconds",
     "from the change, as the event tells its time, to the deployment, as ECS tells its own"},
    {"RolloutDuration", "Seconds",
     "from the deployment to the end of the rollout, of what has completed, failed or was rolled back"},
    {"LeadTime", "Seconds", "from the push of the image to the completion of its rollout"},
    {"TimeToRestore", "Seconds", "from the first bad rollout to the next one of the service that completes"},
    {"ApprovalsWaited", "Seconds", "from the question to the answer that counts"},
    {"NotificationsLost", "Count", "a message could not be delivered"},
    {"ColdStarts", "Count", "a process of the function has begun"},
    {"MemoryUsed", "Megabytes", "the most that the process has used so far"},
});
static_assert(kMetrics.size() == kMetricCount);

}  // namespace

std::span<const MetricInfo> metrics() { return kMetrics; }

const MetricInfo& info_of(Metric metric) { return kMetrics[static_cast<std::size_t>(metric)]; }

}  // namespace ci_lambda
