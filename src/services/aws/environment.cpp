#include "services/aws/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

std::optional<std::string> word(const Environment& environment, std::string_view name) {
    auto value = environment.get_non_empty(std::string(name));
    if (!value) return std::nullopt;
    auto trimmed = std::string(trim(*value));
    if (trimmed.empty()) return std::nullopt;
    return trimmed;
}

/// What is no boolean counts as off; that it is wrong, the configuration says.
bool is_on(const Environment& environment, std::string_view name) {
    const auto value = word(environment, name);
    return value && parse_boolean(*value).value_or(false);
}

Result<std::string> checked_endpoint(const Environment& environment, std::string_view name, std::string value) {
    const auto url = parse_url(value);
    if (!url)
        // What stands in front of an @ may be a password.
        return fail(ErrorKind::kConfiguration, fmt::format("{}: {} is not the URL of an endpoint", name,
                                                           value.contains('@') ? "the value" : in_quotes(value)));
    if (!url->https && !is_loopback(url->host) && !is_on(environment, "ALLOW_PLAIN_HTTP"))
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: {} goes to another machine without encryption; use https, or set "
                                "ALLOW_PLAIN_HTTP=true where that is safe, as in a container network",
                                name, in_quotes(value)));
    if (value.ends_with('/')) value.pop_back();
    return value;
}

}  // namespace

Result<AwsEndpointOptions> endpoint_options_from(const Environment& environment, const AwsService& service) {
    auto region = word(environment, "AWS_REGION");
    if (!region) region = word(environment, "AWS_DEFAULT_REGION");
    if (!region)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("AWS_REGION is not set, and {} has to be asked in some region", service.title));
    AwsEndpointOptions options{.region = *std::move(region),
                               .endpoint = {},
                               .fips = is_on(environment, "AWS_USE_FIPS_ENDPOINT"),
                               .dualstack = is_on(environment, "AWS_USE_DUALSTACK_ENDPOINT")};
    if (is_on(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return options;
    for (const std::string_view name : {service.endpoint_variable, std::string_view("AWS_ENDPOINT_URL")}) {
        auto value = word(environment, name);
        if (!value) continue;
        TRY_ASSIGN(options.endpoint, checked_endpoint(environment, name, *std::move(value)));
        break;
    }
    return options;
}

}  // namespace ci_lambda
