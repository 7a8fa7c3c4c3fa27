#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "events/event.hpp"

namespace ci_lambda {

/// Where this function lives, beside the region, which the configuration knows.
struct Home {
    std::string account;        ///< empty where nobody knows it: on a laptop
    std::string function = {};  ///< ARN by which the function was invoked; empty where none was

    /// The account in the ARN by which a function was invoked, `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`; of
    /// anything else, none.
    [[nodiscard]] static Home of_function(std::string_view arn);
};

/// Why an event is none of our business, for either of the two reasons below. `nullopt` for what is ours.
[[nodiscard]] std::optional<std::string> why_not_for_us(const Event& event, const Config& config, const Home& home);

/// Why an event comes from somewhere that is none of our business: another account or region, unless EVENT_ACCOUNTS or
/// EVENT_REGIONS names it, or we deploy there; what people ask for in an account where we deploy counts only with
/// EVENT_ACCOUNTS. `nullopt` for what is ours, and for what does not say where it comes from.
[[nodiscard]] std::optional<std::string> why_from_elsewhere(const Event& event, const Config& config, const Home& home);

/// Why an event is none of the business of this one of several deployment targets (`Config::deployment_target`).
///
/// What can only be about one place is for the targets there: what ECS and CodeDeploy say of a rollout, a parameter or
/// a secret that changed, a replicated image, a revision by its ARN. If there is no target in that place, it is for
/// nobody where it is about a rollout, and else for all, as is all other, unless a request names targets.
[[nodiscard]] std::optional<std::string> why_for_another_target(const Event& event, const Config& config,
                                                                const Home& home);

}  // namespace ci_lambda
