#include "sandbox/parameter_store/state.hpp"

#include <fmt/format.h>

namespace ci_lambda::sandbox {

std::string ParameterStoreState::arn_of(std::string_view name) const {
    return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", region, account, name.starts_with('/') ? "" : "/", name);
}

std::string ParameterStoreState::name_of(std::string_view name_or_arn) const {
    const auto beginning = arn_of("/");
    if (!name_or_arn.starts_with(beginning)) return std::string(name_or_arn);
    const std::string plain(name_or_arn.substr(beginning.size()));
    return parameters.contains(plain) ? plain : "/" + plain;
}

}  // namespace ci_lambda::sandbox
