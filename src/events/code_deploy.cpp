#include "events/decoders.hpp"

namespace ci_lambda {

/// CodeDeploy user guide, "Monitoring deployments with Amazon CloudWatch Events". Those of instances are about EC2.
Result<EventBody> decode_code_deploy(const Envelope& envelope, const Json& event) {
    if (envelope.detail_type != "CodeDeploy Deployment State-change Notification") return other_kind(envelope);
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    CodeDeployChange body;
    TRY_ASSIGN(body.application, require_string(*detail, "application", "detail.application"));
    TRY_ASSIGN(body.group, require_string(*detail, "deploymentGroup", "detail.deploymentGroup"));
    TRY_ASSIGN(body.deployment_id, require_string(*detail, "deploymentId", "detail.deploymentId"));
    TRY_ASSIGN(body.state, require_string(*detail, "state", "detail.state"));
    return body;
}

}  // namespace ci_lambda
