#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/notify/approval_replies.hpp"

namespace ci_lambda::testing {

/// Remembers who was told what; fails as often as it is told to.
class FakeApprovalReplies final : public ApprovalReplies {
public:
    Status replace(const std::string& reply_to, const Announcement& with, Deadline /*deadline*/) override {
        replaced.emplace_back(reply_to, with);
        return outcome;
    }
    Status tell(const std::string& reply_to, const std::string& text, Deadline /*deadline*/) override {
        told.emplace_back(reply_to, text);
        return outcome;
    }

    std::vector<std::pair<std::string, Announcement>> replaced;
    std::vector<std::pair<std::string, std::string>> told;
    Status outcome = {};
};

}  // namespace ci_lambda::testing
