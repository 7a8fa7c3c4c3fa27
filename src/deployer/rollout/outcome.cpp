#include "deployer/rollout/outcome.hpp"

namespace ci_lambda {

std::string overdue_fact(const Rollout& rollout) { return rollout.deployment_id + " is overdue"; }

}  // namespace ci_lambda
