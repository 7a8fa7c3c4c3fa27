#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/secret.hpp"

namespace ci_lambda {

/// What is said about approvals, as far as somebody says it: of one service.
struct ApprovalWish {
    std::optional<bool> required;
    std::optional<std::vector<std::string>> from;
    std::optional<std::chrono::minutes> expires;
    std::optional<bool> except_manual;
    friend bool operator==(const ApprovalWish&, const ApprovalWish&) = default;
};

/// Whether the deployments of one service have to be approved, and by whom.
struct ApprovalRules {
    bool required = false;
    /// Who may: `@alice` or `U0123ABCD` (Slack), the ARN of a user or a role, or `requests`; empty: whoever can answer.
    std::vector<std::string> from;
    std::chrono::minutes expires{0};
    bool except_manual = false;  ///< what a person asks for is approved by that
    friend bool operator==(const ApprovalRules&, const ApprovalRules&) = default;
};

/// APPROVAL_REQUIRED and its like, and what the document says of one service (`approval`).
struct ApprovalSettings {
    ApprovalRules all;
    std::map<ServiceId, ApprovalWish> by_service;
    std::map<ServiceId, ApprovalWish> by_stage = {};  ///< of services that say nothing themselves: a pipeline's stage
    std::map<std::string, std::vector<std::string>> groups;  ///< APPROVAL_GROUPS
    std::optional<Secret> key = {};  ///< APPROVAL_KEY; absent: it is still to be read, or missing
    std::optional<Secret> previous_key = {};

    /// What one service says itself goes first, each member by itself. Groups are named, not resolved.
    [[nodiscard]] ApprovalRules of(const ServiceId& id) const;
    /// Whether the deployments of any service have to be approved.
    [[nodiscard]] bool is_on() const;
    /// `from` with the members of groups in place of their names, each once.
    [[nodiscard]] std::vector<std::string> people(const std::vector<std::string>& from) const;
    friend bool operator==(const ApprovalSettings&, const ApprovalSettings&) = default;
};

/// The id of a user of Slack: `U0123ABCD`.
[[nodiscard]] bool is_slack_user(std::string_view text);

}  // namespace ci_lambda
