#pragma once

#include "base/environment.hpp"
#include "base/result.hpp"
#include "services/aws/endpoint.hpp"

namespace ci_lambda {

/// Where a service is called, as the variables say that all AWS tools know: AWS_REGION (else AWS_DEFAULT_REGION), the
/// service's own endpoint variable (else AWS_ENDPOINT_URL; neither where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is on),
/// AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT. For what is needed before there is a `Config`, by the same rules:
/// plain HTTP to another machine needs ALLOW_PLAIN_HTTP. The error (kConfiguration) names the variable.
[[nodiscard]] Result<AwsEndpointOptions> endpoint_options_from(const Environment& environment,
                                                               const AwsService& service);

}  // namespace ci_lambda
