#pragma once

#include <string>
#include <string_view>

namespace ci_lambda::sandbox {

/// What a signature says of a call, unchecked: `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ecs/aws4_request,
/// ..` (IAM user guide, "Elements of an AWS API request signature"). Empty is what it does not say.
struct Credential {
    std::string access_key;
    std::string region;
    std::string service;  ///< as it signs: `ecs`
};

[[nodiscard]] Credential credential_of(std::string_view authorization);

}  // namespace ci_lambda::sandbox
