#include <fmt/format.h>

#include <array>

#include "services/ecs/client.hpp"

namespace ci_lambda {

namespace {

/// DNS suffixes of a partition's endpoints: botocore, data/partitions.json.
struct Suffixes {
    std::string_view region_prefix;
    std::string_view usual;
    std::string_view dualstack;
};

constexpr Suffixes kCommon{.region_prefix = "", .usual = "amazonaws.com", .dualstack = "api.aws"};

constexpr std::array<Suffixes, 6> kOwn{{
    {.region_prefix = "cn-", .usual = "amazonaws.com.cn", .dualstack = "api.amazonwebservices.com.cn"},
    {.region_prefix = "eusc-", .usual = "amazonaws.eu", .dualstack = "api.amazonwebservices.eu"},
    {.region_prefix = "us-iso-", .usual = "c2s.ic.gov", .dualstack = "api.aws.ic.gov"},
    {.region_prefix = "us-isob-", .usual = "sc2s.sgov.gov", .dualstack = "api.aws.scloud"},
    {.region_prefix = "eu-isoe-", .usual = "cloud.adc-e.uk", .dualstack = "api.cloud-aws.adc-e.uk"},
    {.region_prefix = "us-isof-", .usual = "csp.hci.ic.gov", .dualstack = "api.aws.hci.ic.gov"},
}};

const Suffixes& suffixes_of(std::string_view region) {
    for (const auto& own : kOwn)
        if (region.starts_with(own.region_prefix)) return own;
    return kCommon;
}

}  // namespace

std::string ecs_endpoint(std::string_view region, bool fips, bool dualstack) {
    const auto& suffixes = suffixes_of(region);
    return fmt::format("https://ecs{}.{}.{}", fips ? "-fips" : "", region,
                       dualstack ? suffixes.dualstack : suffixes.usual);
}

bool signed_by_amazon(std::string_view region) { return &suffixes_of(region) == &kCommon; }

}  // namespace ci_lambda
