#include "sandbox/sts/sts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/host/function_environment.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kAccessKeyPrefix = "ASIASANDBOX";
constexpr int kForbidden = 403;

/// As AWS has it (STS API reference, AssumeRole).
constexpr unsigned long long kUsualSeconds = 3600;
constexpr unsigned long long kFewestSeconds = 900;
constexpr unsigned long long kMostSeconds = 43'200;
/// Of who has credentials of a role already ("role chaining").
constexpr unsigned long long kMostChainedSeconds = 3600;

/// A member of an answer, in its order: text, or members of its own.
struct Member {
    std::string_view name;
    std::variant<std::string, std::vector<Member>, WallTime> value;
};

std::string escaped(std::string_view text) {
    auto safe = replace_all(std::string(text), "&", "&amp;");
    safe = replace_all(std::move(safe), "<", "&lt;");
    return replace_all(std::move(safe), ">", "&gt;");
}

std::string xml_of(const Member& member) {
    std::string content;
    if (const auto* text = std::get_if<std::string>(&member.value)) content = escaped(*text);
    if (const auto* time = std::get_if<WallTime>(&member.value)) content = format_rfc3339(*time);
    if (const auto* members = std::get_if<std::vector<Member>>(&member.value))
        for (const auto& one : *members) content += xml_of(one);
    return fmt::format("<{0}>{1}</{0}>", member.name, content);
}

/// Times are numbers with an exponent, which JSON libraries do not write by themselves.
std::string json_of(const Member& member) {
    constexpr double kScale = 1e9;
    std::string content;
    if (const auto* text = std::get_if<std::string>(&member.value)) content = dump_json(Json(*text));
    if (const auto* time = std::get_if<WallTime>(&member.value)) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count();
        content = fmt::format("{:.9f}E9", static_cast<double>(seconds) / kScale);
    }
    if (const auto* members = std::get_if<std::vector<Member>>(&member.value)) {
        for (const auto& one : *members) content += (content.empty() ? "" : ",") + json_of(one);
        content = fmt::format("{{{}}}", content);
    }
    return fmt::format("\"{}\":{}", member.name, content);
}

std::map<std::string, std::string> form_of(std::string_view body) {
    std::map<std::string, std::string> form;
    for (const auto& pair : split(body, '&')) {
        const auto equals = pair.find('=');
        if (equals != std::string::npos)
            form[decode_form(std::string_view(pair).substr(0, equals))] =
                decode_form(std::string_view(pair).substr(equals + 1));
    }
    return form;
}

std::string value_of(const std::map<std::string, std::string>& form, const std::string& name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string() : found->second;
}

bool is_session_name(std::string_view text) {
    constexpr std::size_t kShortest = 2;
    constexpr std::size_t kLongest = 64;
    constexpr std::string_view kOthers = "_+=,.@-";
    return text.size() >= kShortest && text.size() <= kLongest && std::ranges::all_of(text, [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
           });
}

/// Lambda's credentials are those of a role, too.
bool has_a_role(std::string_view caller) { return caller == kFunctionAccessKey || Sts::is_of_a_session(caller); }

}  // namespace

struct Sts::Answer {
    std::optional<Refusal> refusal = {};
    std::vector<Member> result = {};
};

void Sts::add_role(Role role) {
    const std::scoped_lock lock(mutex_);
    roles_[role.arn] = std::move(role);
}

void Sts::deny(const std::string& role_arn, bool denied) {
    const std::scoped_lock lock(mutex_);
    if (!denied) {
        denied_.erase(role_arn);
        return;
    }
    denied_.insert(role_arn);
    std::erase_if(sessions_, [&](const auto& one) { return one.second.role == role_arn; });
}

HttpExchangeAnswer Sts::handle(const HttpExchangeRequest& request, const std::string& caller) {
    const auto form = form_of(request.body);
    const auto action = value_of(form, "Action");
    const bool json = request.header("accept").contains("application/json") || value_of(form, "ContentType") == "JSON";
    Answer answer;
    if (caller.empty())
        answer.refusal = {kForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"};
    else if (is_of_a_session(caller) && !session(caller))
        answer.refusal = {kForbidden, "ExpiredToken", "The security token included in the request is expired"};
    else if (action == "AssumeRole")
        answer = assume_role(form, caller);
    else if (action == "GetCallerIdentity")
        answer = caller_identity(caller);
    else
        answer.refusal = {400, "InvalidAction", fmt::format("The sandbox's STS does not know {}.", action)};

    const auto id = ids_.uuid();
    HttpExchangeAnswer exchange{.status = 200,
                                .content_type = json ? "application/json" : "text/xml",
                                .body = {},
                                .headers = {{"x-amzn-RequestId", id}}};
    constexpr std::string_view kNamespace = R"( xmlns="https://sts.amazonaws.com/doc/2011-06-15/")";
    if (answer.refusal) {
        exchange.status = answer.refusal->status;
        const Member error{
            "Error", std::vector<Member>{
                         {"Type", "Sender"}, {"Code", answer.refusal->code}, {"Message", answer.refusal->message}}};
        const Member request_id{"RequestId", id};
        exchange.body =
            json ? fmt::format("{{{},{}}}", json_of(error), json_of(request_id))
                 : fmt::format("<ErrorResponse{}>{}{}</ErrorResponse>", kNamespace, xml_of(error), xml_of(request_id));
        return exchange;
    }
    const auto result_name = action + "Result";
    const auto answer_name = action + "Response";
    const Member result{result_name, std::move(answer.result)};
    const Member metadata{"ResponseMetadata", std::vector<Member>{{"RequestId", id}}};
    exchange.body =
        json ? fmt::format("{{{}}}", json_of({answer_name, std::vector<Member>{result, metadata}}))
             : fmt::format("<{0}{1}>{2}{3}</{0}>", answer_name, kNamespace, xml_of(result), xml_of(metadata));
    return exchange;
}

Sts::Answer Sts::assume_role(const Form& form, const std::string& caller) {
    constexpr std::size_t kKeyDigits = 9;
    constexpr std::size_t kSecretLength = 40;
    constexpr std::size_t kTokenLength = 360;
    const auto invalid = [](std::string message) {
        return Answer{.refusal = Refusal{400, "ValidationError", std::move(message)}};
    };
    const auto arn = value_of(form, "RoleArn");
    const auto name = value_of(form, "RoleSessionName");
    const auto asked = value_of(form, "DurationSeconds");
    const auto seconds = asked.empty() ? kUsualSeconds : parse_unsigned(asked).value_or(0);
    if (arn.empty() || !is_session_name(name))
        return invalid(
            "1 validation error detected: RoleArn and RoleSessionName must be given, and the name must have length "
            "from 2 to 64 and satisfy regular expression pattern: [\\w+=,.@-]*");
    if (seconds < kFewestSeconds || seconds > kMostSeconds)
        return invalid(
            fmt::format("1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy "
                        "constraint: Member must have value from {} to {}",
                        asked, kFewestSeconds, kMostSeconds));
    if (has_a_role(caller) && seconds > kMostChainedSeconds)
        return invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
    const auto who = arn_of(caller);
    const std::scoped_lock lock(mutex_);
    const auto role = roles_.find(arn);
    if (role == roles_.end() || denied_.contains(arn) || value_of(form, "ExternalId") != role->second.external_id)
        return {.refusal = Refusal{
                    kForbidden, "AccessDenied",
                    fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", who, arn)}};
    const auto now = clock_.now();
    std::erase_if(sessions_, [&](const auto& one) { return one.second.expires <= now; });
    const auto first = sessions_.find(caller);
    Session session{
        .account = role->second.account,
        .role = arn,
        .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role->second.account, last_segment(arn), name),
        .caller = first == sessions_.end() ? caller : first->second.caller,
        .expires = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::seconds{seconds}};
    const auto key = std::string(kAccessKeyPrefix) + ids_.digits(kKeyDigits);
    Answer answer{
        .result = {{"AssumedRoleUser",
                    std::vector<Member>{
                        {"AssumedRoleId", fmt::format("AROASANDBOX{}:{}", role->second.account.substr(0, 9), name)},
                        {"Arn", session.arn}}},
                   {"Credentials", std::vector<Member>{{"AccessKeyId", key},
                                                       {"SecretAccessKey", ids_.token(kSecretLength)},
                                                       {"SessionToken", ids_.token(kTokenLength)},
                                                       {"Expiration", session.expires}}}}};
    sessions_[key] = std::move(session);
    return answer;
}

Sts::Answer Sts::caller_identity(const std::string& caller) {
    const auto known = session(caller);
    return {.result = {{"Arn", arn_of(caller)}, {"UserId", caller}, {"Account", known ? known->account : account_}}};
}

std::string Sts::arn_of(const std::string& caller) {
    if (const auto known = session(caller)) return known->arn;
    if (caller == kFunctionAccessKey) return fmt::format("arn:aws:sts::{}:assumed-role/ci_lambda/ci_lambda", account_);
    return fmt::format("arn:aws:iam::{}:user/sandbox", account_);
}

bool Sts::is_of_a_session(std::string_view access_key) { return access_key.starts_with(kAccessKeyPrefix); }

std::optional<Sts::Session> Sts::session(const std::string& access_key) {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(access_key);
    if (found == sessions_.end() || found->second.expires <= clock_.now()) return std::nullopt;
    return found->second;
}

}  // namespace ci_lambda::sandbox
