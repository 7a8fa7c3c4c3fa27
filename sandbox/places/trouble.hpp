#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace ci_lambda::sandbox {

/// What is wrong with a whole deployment target, whatever its rollouts do.
enum class Trouble {
    kNone,
    kRegionDown,       ///< connections of calls to its region are closed without an answer, in all accounts
    kRegionThrottled,  ///< it takes one call a second
    kRoleDenied,       ///< nobody may assume its role, and the sessions that there were are over
};

struct TroubleText {
    Trouble trouble;
    std::string_view name;     ///< as a scenario: `region-down`
    std::string_view meaning;  ///< one line for people
};

/// All but `kNone`, in the order in which they are shown.
[[nodiscard]] std::span<const TroubleText> troubles();

/// `healthy` for none.
[[nodiscard]] std::string_view name_of(Trouble trouble);
/// nullopt for what is no trouble, `healthy` included.
[[nodiscard]] std::optional<Trouble> parse_trouble(std::string_view name);

}  // namespace ci_lambda::sandbox
