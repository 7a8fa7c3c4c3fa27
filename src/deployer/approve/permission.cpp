#include "deployer/approve/permission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` is a session of `arn:aws:iam::ACCOUNT:role/[PATH/]ROLE`. STS leaves
/// the path out (IAM user guide, "IAM identifiers").
bool is_session_of(std::string_view session, std::string_view role) {
    const auto caller = split(session, ':');
    const auto named = split(role, ':');
    constexpr std::size_t kParts = 6;
    if (caller.size() != kParts || named.size() != kParts || caller[4] != named[4] || caller[1] != named[1])
        return false;
    const auto parts = split(caller[5], '/');
    return parts.size() == 3 && parts[0] == "assumed-role" && named[5].starts_with("role/") &&
           parts[1] == last_segment(named[5]);
}

bool is_meant(const Approver& approver, std::string_view name) {
    switch (approver.channel) {
        case Approver::Channel::kSlack:
            return name == approver.id ||
                   (name.starts_with('@') && !approver.name.empty() && name.substr(1) == approver.name);
        case Approver::Channel::kIam: return name == approver.id || is_session_of(approver.id, name);
        case Approver::Channel::kPage: return false;
        case Approver::Channel::kRequest: return name == "requests";
    }
    return false;
}

}  // namespace

std::optional<std::string> why_not_by(const Approver& approver, const ApprovalRules& rules,
                                      const ApprovalSettings& settings) {
    if (rules.from.empty()) return std::nullopt;
    const auto people = settings.people(rules.from);
    if (std::ranges::any_of(people, [&](const auto& name) { return is_meant(approver, name); })) return std::nullopt;
    const auto who = join(rules.from, ", ");
    switch (approver.channel) {
        case Approver::Channel::kPage:
            return fmt::format("only {} may, and the page does not know who you are: use Slack or ci_lambda approve",
                               who);
        case Approver::Channel::kRequest:
            return fmt::format(
                "only {} may, and a request does not say who has sent it: use Slack or ci_lambda approve "
                "(or put \"requests\" among them)",
                who);
        case Approver::Channel::kSlack:
        case Approver::Channel::kIam: break;
    }
    return fmt::format("{} is none of those who may: {}", in_words(approver), who);
}

}  // namespace ci_lambda
