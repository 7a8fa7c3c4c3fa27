#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/description.hpp"

namespace ci_lambda::cli {

/// The manual page ci_lambda(1), in the macros of man(7): commands with all of their options, the settings, the exit
/// codes. Pure; no date is in it, so that the same program gives the same bytes.
[[nodiscard]] std::string man_page(std::span<const CommandDescription> commands, std::string_view version);

}  // namespace ci_lambda::cli
