#include "services/aws/endpoint.hpp"

#include <fmt/format.h>

#include <array>

namespace ci_lambda {

namespace {

/// What the regions of a partition have in common: botocore, data/partitions.json.
struct Partition {
    std::string_view region_prefix;
    std::string_view name;
    std::string_view suffix;
    std::string_view dualstack_suffix;
    bool signed_by_amazon = false;
};

constexpr std::string_view kSuffix = "amazonaws.com";
constexpr std::string_view kDualstackSuffix = "api.aws";

constexpr Partition kCommon{"", "aws", kSuffix, kDualstackSuffix, true};

constexpr Partition kGovCloud{"us-gov-", "aws-us-gov", kSuffix, kDualstackSuffix, true};

constexpr std::array<Partition, 7> kOthers{{
    kGovCloud,
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
}};

const Partition& find_partition(std::string_view region) {
    for (const auto& other : kOthers)
        if (region.starts_with(other.region_prefix)) return other;
    return kCommon;
}

}  // namespace

std::string aws_endpoint(const AwsService& service, const AwsEndpointOptions& options) {
    if (options.endpoint) return *options.endpoint;
    const auto& partition = find_partition(options.region);
    const bool in_host = options.dualstack && service.dualstack_in_host;
    const bool in_govcloud = partition.name == kGovCloud.name;
    const bool always_fips = options.dualstack
                                 ? service.dualstack_always_fips_in_govcloud
                                 : service.always_fips_in_govcloud ||
                                       (service.always_fips_in_us_gov_west_1 && options.region == "us-gov-west-1");
    const bool says_fips = (options.fips && !(always_fips && in_govcloud)) ||
                           (options.dualstack && service.dualstack_says_fips_in_govcloud && in_govcloud);
    // China has no FIPS; what botocore makes of it all the same is another name.
    const bool usual_suffix =
        !options.dualstack || in_host ||
        (service.usual_is_dualstack && (partition.signed_by_amazon || (partition.name == "aws-cn" && !options.fips)));
    const auto host = options.dualstack && !service.dualstack_host.empty() ? service.dualstack_host : service.host;
    return fmt::format("https://{}{}{}.{}.{}", host, says_fips ? "-fips" : "", in_host ? ".dualstack" : "",
                       options.region, usual_suffix ? partition.suffix : partition.dualstack_suffix);
}

bool signed_by_amazon(std::string_view region) { return find_partition(region).signed_by_amazon; }

std::string_view partition_of(std::string_view region) { return find_partition(region).name; }

}  // namespace ci_lambda
