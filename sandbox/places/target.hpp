#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sandbox/aws/site.hpp"

namespace ci_lambda::sandbox {

/// A deployment target of the function, and the name of what the sandbox has there.
struct Target {
    std::string name;  ///< `us`; where regions alone were named, the region
    Site site;
    bool by_role = false;  ///< the function works there with the credentials of a role
};

/// What a role of the sandbox wants to be told by whoever assumes it (IAM user guide, "The confused deputy problem").
inline constexpr std::string_view kExternalId = "shop-deployments";

/// The role of a target, which the function assumes: `arn:aws:iam::222222222222:role/ci_lambda_us`.
[[nodiscard]] std::string role_arn_of(const Target& target);
/// For people: `us (us-east-1 of 222222222222)`, `us-east-1`.
[[nodiscard]] std::string describe(const Target& target);

/// `eu-west-1`, `us-gov-east-1`
[[nodiscard]] bool looks_like_a_region(std::string_view text);

/// The one that there is where nobody asks for others.
[[nodiscard]] Target usual_target();
/// Reads `eu-west-1,us-east-1`. The first one is the home, where the function runs and images are pushed. Fails
/// (kConfiguration) for what names no region, and for one that is named twice.
[[nodiscard]] Result<std::vector<Target>> parse_regions(std::string_view text);
/// Reads `eu=eu-west-1,us=us-east-1@222222222222`: an account is one whose role the function assumes there. The first
/// one has none. Fails likewise.
[[nodiscard]] Result<std::vector<Target>> parse_targets(std::string_view text);

/// What tells the function of its targets: REGIONS, or TARGETS where they have names or roles. Nothing for none.
[[nodiscard]] std::map<std::string, std::string> target_variables(const std::vector<Target>& targets);

}  // namespace ci_lambda::sandbox
