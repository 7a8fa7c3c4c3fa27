#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/aws/service.hpp"

namespace ci_lambda {

/// Where an AWS API is called.
struct AwsEndpointOptions {
    std::string region;
    std::optional<std::string> endpoint = {};  ///< overrides the region's own; without a slash at its end
    bool fips = false;                         ///< the region's endpoint for FIPS 140
    bool dualstack = false;                    ///< the region's endpoint that has IPv6 addresses, too
};

/// The override, or `https://HOST[-fips].REGION.SUFFIX`, the suffix by the region's partition and by whether it is the
/// dual-stack one (botocore's partitions.json).
[[nodiscard]] std::string aws_endpoint(const AwsService& service, const AwsEndpointOptions& options);

/// True for the regions whose endpoints have certificates of Amazon Trust Services: those of the partitions `aws` and
/// `aws-us-gov`. The others (China, the isolated and the sovereign ones) have authorities of their own.
[[nodiscard]] bool signed_by_amazon(std::string_view region);

/// The partition of a region, as ARNs begin: `aws`, `aws-cn`, `aws-us-gov`, ..
[[nodiscard]] std::string_view partition_of(std::string_view region);

}  // namespace ci_lambda
