#include <fmt/format.h>

#include <array>
#include <utility>

#include "services/ecs_client.hpp"

namespace ci_lambda {

namespace {

constexpr std::string_view kCommonSuffix = "amazonaws.com";

/// Region prefixes with a DNS suffix of their own: botocore, data/partitions.json.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOwnSuffixes{{
    {"cn-", "amazonaws.com.cn"},
    {"eusc-", "amazonaws.eu"},
    {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov"},
}};

std::string_view suffix_of(std::string_view region) {
    for (const auto& [prefix, suffix] : kOwnSuffixes)
        if (region.starts_with(prefix)) return suffix;
    return kCommonSuffix;
}

}  // namespace

std::string ecs_endpoint(std::string_view region) {
    return fmt::format("https://ecs.{}.{}", region, suffix_of(region));
}

bool signed_by_amazon(std::string_view region) { return suffix_of(region) == kCommonSuffix; }

}  // namespace ci_lambda
