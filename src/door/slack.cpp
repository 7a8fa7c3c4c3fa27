#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/json.hpp"
#include "base/text.hpp"
#include "door/parts.hpp"
#include "net/hmac.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestName = 80;
constexpr std::size_t kLongestUrl = 500;

DoorStep forged(std::string words) {
    return {.answer = plain_answer(401, words), .words = std::move(words), .suspicious = true};
}

/// What Slack takes for "heard".
DoorStep heard(std::string words) { return {.answer = plain_answer(200, ""), .words = std::move(words)}; }

/// Why it is none of Slack's.
std::optional<std::string> why_not_slacks(const HttpCall& call, const Secret& secret, WallTime now) {
    // The year 2200: a later one cannot be reckoned with.
    constexpr unsigned long long kLastSecond = 7'258'118'400ULL;
    const auto stamp = call.header("x-slack-request-timestamp");
    const auto seconds = parse_unsigned(stamp);
    if (!seconds || *seconds > kLastSecond) return "the request has no timestamp of Slack";
    const WallTime at{std::chrono::seconds{static_cast<std::int64_t>(*seconds)}};
    if (now > at + kSlackWindow || at > now + kSlackWindow)
        return fmt::format("the request is of another time: its timestamp is more than {} minutes away",
                           kSlackWindow.count());
    const auto code = hmac_sha256(secret.reveal(), fmt::format("v0:{}:{}", stamp, call.body));
    if (!code) return "the signature cannot be checked: OpenSSL offers no HMAC-SHA-256";
    std::string expected = "v0=";
    for (const auto byte : *code) expected += fmt::format("{:02x}", byte);
    if (!same_in_constant_time(expected, call.header("x-slack-signature")))
        return "the request is not signed with SLACK_SIGNING_SECRET";
    return std::nullopt;
}

/// The button of ours that was pressed.
struct Press {
    bool approved = false;
    std::string token;
};

std::optional<Press> press_in(const Json& payload) {
    const Json* actions = find(payload, "actions");
    if (find_string(payload, "type") != "block_actions" || actions == nullptr || !actions->is_array())
        return std::nullopt;
    for (const auto& action : *actions) {
        const auto id = find_string(action, "action_id");
        auto value = find_string(action, "value").value_or("");
        if ((id == "approve" || id == "reject") && !value.empty())
            return Press{.approved = id == "approve", .token = std::move(value)};
    }
    return std::nullopt;
}

Approver who_pressed(const Json& payload) {
    const Json none = Json::object();
    const Json* given = find(payload, "user");
    const Json& user = given != nullptr ? *given : none;
    auto name = find_string(user, "name").value_or("");
    if (name.empty()) name = find_string(user, "username").value_or("");
    return {.channel = Approver::Channel::kSlack,
            .id = one_line(find_string(user, "id").value_or(""), kLongestName),
            .name = one_line(name, kLongestName)};
}

}  // namespace

DoorStep answer_slack(const HttpCall& call, const DoorSettings& settings, WallTime now) {
    if (auto why = why_not_slacks(call, *settings.slack_signing_secret, now)) return forged(*std::move(why));
    const auto payload = parse_json(field_of(call.body, "payload"));
    if (!payload)
        return {.answer = plain_answer(400, "the form has no payload of JSON"), .words = "a form without a payload"};
    auto press = press_in(*payload);
    if (!press) return heard("Slack told of something that is none of our buttons");
    auto by = who_pressed(*payload);
    if (by.id.empty()) return heard("Slack told of a button without saying who has pressed it");
    auto reply_to = find_string(*payload, "response_url").value_or("");
    if (reply_to.size() > kLongestUrl) reply_to.clear();

    const auto words = fmt::format("{} {}", in_words(by), press->approved ? "approves" : "rejects");
    auto handed = hand_over({.token = std::move(press->token),
                             .approved = press->approved,
                             .by = std::move(by),
                             .at = std::chrono::floor<std::chrono::seconds>(now),
                             .reply_to = std::move(reply_to)},
                            *settings.keys);
    if (!handed) return {.answer = plain_answer(500, handed.error().message), .words = handed.error().message};
    // Slack shows whoever has pressed that a button did not work, if the answer is no 200.
    handed->lost_answer = plain_answer(500, handed->if_lost);
    auto step = heard(words);
    step.hand_over = *std::move(handed);
    return step;
}

}  // namespace ci_lambda
