#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

using What = ApprovalEvent::What;

/// Far more than any token of ours has.
constexpr std::size_t kLongestToken = 16'000;
constexpr std::size_t kLongestReason = 1000;

constexpr auto kMembers = std::to_array<std::pair<std::string_view, What>>(
    {{"approve", What::kApprove}, {"reject", What::kReject}, {"approval_answer", What::kAnswer}});

constexpr auto kDue = std::to_array<std::pair<std::string_view, What>>(
    {{"remind", What::kRemind}, {"expired", What::kExpired}, {"begun", What::kBegun}});

Result<std::string> token_in(const Json& object, std::string_view key) {
    TRY_ASSIGN(auto token, require_string(object, key, key));
    if (token.size() > kLongestToken)
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"{}\" is longer than {} bytes", key, kLongestToken));
    return token;
}

}  // namespace

bool is_approval_due(const Json& event) { return find_string(event, "action") == "approval_due"; }

Result<EventBody> decode_approval_due(const Json& event) {
    // It answers nothing, whatever else stands in it.
    if (is_approval(event))
        return fail(ErrorKind::kInvalidEvent, "what is due of an approval is no answer to it: it is one or the other");
    const auto due = find_string(event, "due").value_or("");
    const auto* const known = std::ranges::find(kDue, due, &std::pair<std::string_view, What>::first);
    if (known == kDue.end())
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("\"due\" must be remind, expired or begun, not {}", cut(due)));
    TRY_ASSIGN(auto token, token_in(event, "token"));
    return ApprovalEvent{.what = known->second, .token = std::move(token)};
}

bool is_approval(const Json& object) {
    return std::ranges::any_of(kMembers,
                               [&](const auto& member) { return object.contains(std::string(member.first)); });
}

Result<EventBody> decode_approval(const Json& object) {
    ApprovalEvent event;
    std::string_view key;
    int given = 0;
    for (const auto& [name, what] : kMembers) {
        if (!object.contains(std::string(name))) continue;
        ++given;
        key = name;
        event.what = what;
    }
    if (given > 1)
        return fail(ErrorKind::kInvalidEvent, R"("approve" and "reject" are both given; one of them says it)");
    TRY_ASSIGN(event.token, token_in(object, key));
    event.reason = find_string(object, "reason").value_or("").substr(0, kLongestReason);
    return event;
}

}  // namespace ci_lambda
