#include "approvals/token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/hmac.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kTokenKind = "ca1";
constexpr std::string_view kAnswerKind = "cb1";
constexpr std::string_view kKeptKind = "ck1";
constexpr std::chrono::minutes kLongestAnswer{15};
constexpr std::chrono::days kLongestKept{7};
/// Clocks of two machines differ by a little.
constexpr std::chrono::minutes kClocksDiffer{1};
/// Far more than any of ours: what is longer is not looked at.
constexpr std::size_t kLongestToken = 16'000;

/// Nobody answers what is not signed, be it only one thing: a kind says what a text is, so that none passes as another.
Result<std::string> code_for(std::string_view kind, std::string_view payload, const Secret& key) {
    const auto code = hmac_sha256(key.reveal(), fmt::format("ci_lambda {}\n{}", kind, payload));
    if (!code) return fail(ErrorKind::kServer, "nothing can be signed: OpenSSL offers no HMAC-SHA-256");
    return std::string(reinterpret_cast<const char*>(code->data()), code->size());
}

Result<std::string> sealed(std::string_view kind, const Json& payload, const ApprovalKeys& keys) {
    if (keys.current.empty()) return fail(ErrorKind::kConfiguration, "nothing can be signed: there is no APPROVAL_KEY");
    const auto text = encode_base64url(dump_json(payload));
    TRY_ASSIGN(const auto code, code_for(kind, text, keys.current));
    return fmt::format("{}.{}.{}", kind, text, encode_base64url(code));
}

/// The payload, where one of the keys has signed it.
Result<Json> unsealed(std::string_view kind, std::string_view what, std::string_view token, const ApprovalKeys& keys) {
    const auto parts = split(trim(token), '.');
    if (token.size() > kLongestToken || parts.size() != 3 || parts[0] != kind)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("this is no {} of ci_lambda: it must be all of it, from \"{}.\" "
                                "to its end",
                                what, kind));
    const auto given = decode_base64url(parts[2]).value_or("");
    bool good = false;
    for (const auto* key : {&keys.current, keys.previous ? &*keys.previous : &keys.current}) {
        if (key->empty()) continue;
        TRY_ASSIGN(const auto code, code_for(kind, parts[1], *key));
        good = same_in_constant_time(code, given) || good;  // all keys are tried, always
    }
    const auto payload = good ? decode_base64url(parts[1]) : std::nullopt;
    auto json = payload ? parse_json(*payload) : Result<Json>(fail(ErrorKind::kInvalidEvent, ""));
    if (!json)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("the {} is not signed with our key: it was changed, or the key has been", what));
    return json;
}

std::int64_t seconds_of(WallTime at) {
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

WallTime time_of(const Json& json, const char* key) {
    // The year 2200: as `wall_time`.
    constexpr std::int64_t kLast = 7'258'118'400;
    const auto* value = find(json, key);
    const auto seconds = value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : std::int64_t{0};
    return WallTime{std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kLast)}};
}

/// What changes with the moment at which it is asked is left out.
std::string subject_of(const Approval& approval) {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", approval.environment, approval.target, approval.service,
                       approval.running, approval.content, approval.service_deployment, approval.hook);
}

/// Crockford's base 32: no letter of it looks like another, or like a digit.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The letters of a token's code, without the hyphen.
Result<std::string> letters_of(std::string_view token, const Secret& key) {
    constexpr std::size_t kLetters = 10;
    constexpr unsigned kFiveBits = 31;
    if (key.empty()) return fail(ErrorKind::kConfiguration, "there is no code: there is no APPROVAL_KEY");
    TRY_ASSIGN(const auto bytes, code_for("code", trim(token), key));
    std::string letters;
    for (std::size_t i = 0; i < kLetters; ++i) letters += kAlphabet[static_cast<unsigned char>(bytes[i]) & kFiveBits];
    return letters;
}

std::string as_typed(std::string_view given) {
    std::string letters;
    for (const char c : given) {
        if (c == '-' || c == ' ') continue;
        const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        if (upper == 'O')
            letters += '0';
        else if (upper == 'I' || upper == 'L')
            letters += '1';
        else
            letters += upper;
    }
    return letters;
}

constexpr std::string_view channel_name(Approver::Channel channel) {
    switch (channel) {
        case Approver::Channel::kSlack: return "slack";
        case Approver::Channel::kPage: return "page";
        case Approver::Channel::kIam: return "iam";
        case Approver::Channel::kRequest: return "request";
    }
    return "request";
}

Approver::Channel channel_of(std::string_view name) {
    using enum Approver::Channel;
    for (const auto channel : {kSlack, kPage, kIam})
        if (name == channel_name(channel)) return channel;
    return kRequest;
}

}  // namespace

std::string id_of(const Approval& approval) {
    constexpr std::size_t kDigits = 8;
    return long_id_of(approval).substr(0, kDigits);
}

std::string long_id_of(const Approval& approval) {
    constexpr std::size_t kDigits = 24;
    return sha256_digest_of(subject_of(approval)).substr(std::string_view("sha256:").size(), kDigits);
}

Result<std::string> sign(const Approval& approval, const ApprovalKeys& keys) {
    Json json{{"e", approval.environment},
              {"s", approval.service.str()},
              {"i", seconds_of(approval.issued)},
              {"x", seconds_of(approval.expires)}};
    put_text(json, "t", approval.target);
    put_text(json, "q", approval.request);
    put_text(json, "r", approval.running);
    put_text(json, "c", approval.content);
    put_text(json, "d", approval.service_deployment);
    put_text(json, "h", approval.hook);
    return sealed(kTokenKind, json, keys);
}

Result<Approval> read_token(std::string_view token, const ApprovalKeys& keys, std::string_view environment) {
    TRY_ASSIGN(const auto json, unsealed(kTokenKind, "approval token", token, keys));
    Approval approval{.environment = text_of(json, "e"),
                      .target = text_of(json, "t"),
                      .service = ServiceId(text_of(json, "s")),
                      .issued = time_of(json, "i"),
                      .expires = time_of(json, "x"),
                      .request = text_of(json, "q"),
                      .running = text_of(json, "r"),
                      .content = text_of(json, "c"),
                      .service_deployment = text_of(json, "d"),
                      .hook = text_of(json, "h")};
    if (approval.environment != environment)
        return fail(ErrorKind::kInvalidEvent, fmt::format("the approval token is of {}, and this is {}",
                                                          one_line(approval.environment), environment));
    return approval;
}

Result<Approval> open_token(std::string_view token, const ApprovalKeys& keys, std::string_view environment,
                            WallTime now) {
    TRY_ASSIGN(auto approval, read_token(token, keys, environment));
    if (now >= approval.expires)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("the approval token of {} has expired at {}; ask anew by deploying it again",
                                approval.service, minute_in_words(approval.expires)));
    return approval;
}

Result<std::string> code_of(std::string_view token, const ApprovalKeys& keys) {
    TRY_ASSIGN(auto letters, letters_of(token, keys.current));
    return letters.insert(letters.size() / 2, "-");
}

Result<bool> is_code_of(std::string_view token, std::string_view given, const ApprovalKeys& keys) {
    constexpr std::size_t kLongest = 100;
    const auto typed = as_typed(given.substr(0, kLongest));
    bool good = false;
    for (const auto* key : {&keys.current, keys.previous ? &*keys.previous : &keys.current}) {
        if (key->empty()) continue;
        TRY_ASSIGN(const auto letters, letters_of(token, *key));
        good = same_in_constant_time(letters, typed) || good;
    }
    return good;
}

std::string in_words(const Approver& approver) {
    const auto& name = approver.name.empty() ? approver.id : approver.name;
    switch (approver.channel) {
        case Approver::Channel::kSlack: return fmt::format("{} (Slack)", one_line(name));
        case Approver::Channel::kPage: return "somebody with link and code";
        case Approver::Channel::kIam: return one_line(name);
        case Approver::Channel::kRequest: return "a request";
    }
    return "a request";
}

Result<std::string> sign(const ApprovalAnswer& answer, const ApprovalKeys& keys) {
    Json json{{"k", answer.token},
              {"y", answer.approved},
              {"w", channel_name(answer.by.channel)},
              {"a", seconds_of(answer.at)}};
    put_text(json, "u", answer.by.id);
    put_text(json, "n", answer.by.name);
    put_text(json, "p", answer.reply_to);
    return sealed(kAnswerKind, json, keys);
}

Result<ApprovalAnswer> open_answer(std::string_view text, const ApprovalKeys& keys, WallTime now) {
    TRY_ASSIGN(const auto json, unsealed(kAnswerKind, "answer to an approval", text, keys));
    ApprovalAnswer answer{
        .token = text_of(json, "k"),
        .approved = is_true(json, "y"),
        .by = {.channel = channel_of(text_of(json, "w")), .id = text_of(json, "u"), .name = text_of(json, "n")},
        .at = time_of(json, "a"),
        .reply_to = text_of(json, "p")};
    if (now > answer.at + kLongestAnswer || now + kClocksDiffer < answer.at)
        return fail(ErrorKind::kInvalidEvent, fmt::format("the answer to an approval is of {}, which is too long ago",
                                                          minute_in_words(answer.at)));
    return answer;
}

Result<std::string> sign(const KeptApproval& kept, const ApprovalKeys& keys) {
    Json json{{"e", kept.environment}, {"s", kept.service.str()}, {"b", kept.by}, {"a", seconds_of(kept.at)}};
    put_text(json, "t", kept.target);
    put_text(json, "r", kept.running);
    put_text(json, "c", kept.content);
    return sealed(kKeptKind, json, keys);
}

Result<KeptApproval> open_kept(std::string_view text, const ApprovalKeys& keys, std::string_view environment,
                               WallTime now) {
    TRY_ASSIGN(const auto json, unsealed(kKeptKind, "approval that was kept", text, keys));
    KeptApproval kept{.environment = text_of(json, "e"),
                      .target = text_of(json, "t"),
                      .service = ServiceId(text_of(json, "s")),
                      .by = text_of(json, "b"),
                      .running = text_of(json, "r"),
                      .content = text_of(json, "c"),
                      .at = time_of(json, "a")};
    if (kept.environment != environment)
        return fail(ErrorKind::kInvalidEvent, "the approval that was kept is of another environment");
    if (now > kept.at + kLongestKept || now + kClocksDiffer < kept.at)
        return fail(ErrorKind::kInvalidEvent, fmt::format("the approval that was kept is of {}, which is too long ago",
                                                          minute_in_words(kept.at)));
    return kept;
}

}  // namespace ci_lambda
