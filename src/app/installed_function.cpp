#include "app/installed_function.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "config/settings.hpp"
#include "services/aws/environment.hpp"

namespace ci_lambda {
namespace {

/// Says how AWS is reached, and not what the function does.
bool is_of_the_connection(const Setting& setting) { return setting.pointer.starts_with("/aws/"); }

}  // namespace

Result<LambdaFunction> find_installed_function(Foundation& foundation, const std::string& name, Deadline deadline) {
    TRY_ASSIGN(auto options, endpoint_options_from(foundation.environment, kLambdaService));
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME
    if (const auto parts = split(name, ':'); parts.size() > 3 && parts[0] == "arn" && !parts[3].empty())
        options.region = parts[3];
    LambdaClient lambda(std::move(options), foundation.http, foundation.credentials, foundation.clock,
                        foundation.sleeper, foundation.logger);
    return lambda.get_function(name, deadline);
}

std::optional<std::string> FunctionEnvironment::get(const std::string& name) const {
    if (const auto found = function_.variables.find(name); found != function_.variables.end()) return found->second;
    if (name == "AWS_REGION") return function_.region;
    const auto setting = std::ranges::find(settings(), name, &Setting::name);
    if (setting != settings().end() && !is_of_the_connection(*setting)) return std::nullopt;
    return here_.get(name);
}

}  // namespace ci_lambda
