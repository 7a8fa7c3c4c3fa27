#pragma once

#include <optional>
#include <string>

#include "approvals/token.hpp"
#include "config/approval.hpp"

namespace ci_lambda {

/// Why this person may not approve, or reject, what these rules are about; `nullopt`: they may. Who answers by the page
/// is nobody whom anybody knows, and so is whoever sends a request: these may where the rules name nobody, or name
/// `requests`.
[[nodiscard]] std::optional<std::string> why_not_by(const Approver& approver, const ApprovalRules& rules,
                                                    const ApprovalSettings& settings);

}  // namespace ci_lambda
