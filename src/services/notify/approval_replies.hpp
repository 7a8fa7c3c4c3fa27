#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// What whoever has pressed a button is told, where the way of the answer leads back (`ApprovalAnswer::reply_to`). One
/// try, a few seconds at the most: nothing waits for it, and what does not arrive changes nothing.
class ApprovalReplies {
public:
    ApprovalReplies() = default;
    ApprovalReplies(const ApprovalReplies&) = delete;
    ApprovalReplies& operator=(const ApprovalReplies&) = delete;
    virtual ~ApprovalReplies() = default;

    /// Puts this in the place of the message with the buttons, for all to see. An empty `reply_to` is nothing to do.
    virtual Status replace(const std::string& reply_to, const Announcement& with, Deadline deadline) = 0;
    /// Tells only whoever has pressed; the buttons stay.
    virtual Status tell(const std::string& reply_to, const std::string& text, Deadline deadline) = 0;
};

}  // namespace ci_lambda
