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

}  // namespace

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
    TRY_ASSIGN(event.token, require_string(object, key, key));
    if (event.token.size() > kLongestToken)
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"{}\" is longer than {} bytes", key, kLongestToken));
    event.reason = find_string(object, "reason").value_or("").substr(0, kLongestReason);
    return event;
}

}  // namespace ci_lambda
