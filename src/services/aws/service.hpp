#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"
#include "services/aws/token_bucket.hpp"

namespace ci_lambda {

struct AwsCall;

/// Operations that share one of the account's quotas.
struct QuotaGroup {
    std::string_view name;  ///< in AWS's words
    CallQuota quota;
    std::span<const std::string_view> operations;
};

/// All that sets one AWS API apart from the others for whoever calls it. Everything in it is constant data that lives
/// as long as the program.
struct AwsService {
    std::string_view name;                 ///< in log lines and errors: "ecs"
    std::string_view title;                ///< for people: "ECS"
    std::string_view host;                 ///< its endpoints' host begins with it: "ecs", "api.ecr"
    std::string_view dualstack_host = {};  ///< the same of the dual-stack endpoints, where it is another: "ecr"
    std::string_view signing_name;         ///< "ecs"
    std::string_view endpoint_variable;    ///< AWS_ENDPOINT_URL_ECS
    /// Of AWS JSON, before the operation: "AmazonEC2ContainerServiceV20141113."; empty for REST.
    std::string_view target_prefix = {};
    std::string_view content_type = "application/x-amz-json-1.1";
    /// Codes that say that the thing does not exist; all other codes mean the same at every service.
    std::span<const std::string_view> not_found_codes = {};
    std::span<const QuotaGroup> quotas = {};
    /// What a debug line shows of bodies: the size, where nobody has thought about what may be in them.
    std::string (*body_in_log)(std::string_view body) = &size_only;
    /// Adds to an error what only this service knows of it; nullptr: nothing.
    void (*explain)(Error& error, const AwsCall& call, const HttpResponse& response) = nullptr;
    SigningPath signing_path = SigningPath::kEscapedAgain;
    /// The dual-stack endpoint is `HOST.dualstack.REGION.` before the usual suffix: S3, which had it before others.
    bool dualstack_in_host = false;
    /// In GovCloud the usual endpoint is the one for FIPS, and there is no other (botocore's endpoint rules).
    bool always_fips_in_govcloud = false;
    /// The same of GovCloud's dual-stack endpoint.
    bool dualstack_always_fips_in_govcloud = false;
    /// The usual endpoint of us-gov-west-1 is the one for FIPS, while other regions of GovCloud have two.
    bool always_fips_in_us_gov_west_1 = false;
    /// GovCloud's dual-stack endpoint is the one for FIPS, and its name says so.
    bool dualstack_says_fips_in_govcloud = false;
    /// The usual endpoint has IPv6 addresses, too, where botocore's endpoint rules say so: in all partitions that
    /// everybody may see.
    bool usual_is_dualstack = false;
};

}  // namespace ci_lambda
