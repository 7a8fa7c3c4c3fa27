#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"

namespace ci_lambda::sandbox {

/// Where the sandbox is unless another port is asked for: so commands that speak to it need not be told.
inline constexpr std::uint16_t kDefaultPort = 7327;

/// What a running sandbox tells of its settings (`GET /sandbox/settings`): those of the function that the command
/// `ci_lambda` knows, by name. A JSON object.
[[nodiscard]] std::string settings_page(const std::map<std::string, std::string>& function_environment);

/// Commands for a POSIX shell, to be evaluated: from then on `ci_lambda`, the AWS CLI and the SDKs speak to the sandbox
/// at this port, as its own project, with credentials of no worth. Each setting that the sandbox does not have is
/// unset. Of `page` nothing but names that are settings is used, and every value is quoted: whoever listens at the port
/// cannot make the shell do anything else. Fails (kConfiguration) when it is not a settings page.
[[nodiscard]] Result<std::string> shell_commands(std::uint16_t port, const std::string& page);

}  // namespace ci_lambda::sandbox
