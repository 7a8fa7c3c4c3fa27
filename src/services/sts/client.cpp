#include "services/sts/client.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "net/url.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kAssumeRole = "AssumeRole";

std::string form_of(const RoleRequest& request) {
    auto form = fmt::format("Action={}&Version=2011-06-15&RoleArn={}&RoleSessionName={}&DurationSeconds={}",
                            kAssumeRole, escape_component(request.role_arn), escape_component(request.session_name),
                            request.duration.count());
    if (!request.external_id.empty()) form += "&ExternalId=" + escape_component(request.external_id);
    return form;
}

/// As JSON has it: a number, maybe 1.79E9, or the text that stands in XML.
std::optional<WallTime> end_in(const Json& credentials) {
    if (const auto text = find_string(credentials, "Expiration")) return parse_rfc3339(*text);
    return find_epoch_seconds(credentials, "Expiration");
}

Credentials credentials_of(std::string key_id, std::string secret, std::string token, std::optional<WallTime> end) {
    return {.access_key_id = std::move(key_id),
            .secret_access_key = Secret(std::move(secret)),
            .session_token = Secret(std::move(token)),
            .expires_at = end};
}

Credentials credentials_in_json(const Json& answer) {
    const auto* at = &answer;
    for (const auto* member : {"AssumeRoleResponse", "AssumeRoleResult", "Credentials"})
        if (const auto* inner = find(*at, member)) at = inner;
    const auto text = [&](std::string_view key) { return find_string(*at, key).value_or(""); };
    return credentials_of(text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), end_in(*at));
}

Credentials credentials_in_xml(std::string_view answer) {
    const auto text = [&](std::string_view name) { return text_of_element(answer, name); };
    return credentials_of(text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"),
                          parse_rfc3339(text("Expiration")));
}

/// STS answers JSON where it is asked for it, which is not documented; what stands in for it mostly answers XML.
bool is_json(const HttpResponse& response) {
    const auto* type = response.header("content-type");
    return type == nullptr ? response.body.starts_with('{') : type->contains("json");
}

AwsCall post(std::string_view operation, std::string form) {
    return {.operation = operation,
            .body = std::move(form),
            .headers = {{.name = "Content-Type", .value = "application/x-www-form-urlencoded; charset=utf-8"},
                        {.name = "Accept", .value = "application/json"}}};
}

/// Names what has to be done about a refusal.
Error explained(Error error, const RoleRequest& request, const AwsEndpointOptions& options) {
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(
            " (needs sts:AssumeRole on {} in the policy of our own role, and a trust policy of that role that names "
            "ours{}; of a role that does not exist AWS says the same)",
            request.role_arn,
            request.external_id.empty() ? "; no external_id was sent" : " and takes the external_id that was sent");
    else if (error.code == "RegionDisabledException")
        error.message += fmt::format(
            " (our account has not switched {} on: do that in its account settings, or in those of IAM for STS)",
            options.region);
    return error;
}

}  // namespace

constinit const AwsService kStsService{.name = "sts",
                                       .title = "STS",
                                       .host = "sts",
                                       .signing_name = "sts",
                                       .endpoint_variable = "AWS_ENDPOINT_URL_STS",
                                       .always_fips_in_govcloud = true};

StsClient::StsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger)
    : client_(kStsService, std::move(options), http, credentials, clock, sleeper, logger), clock_(clock) {}

Result<std::string> StsClient::caller(Deadline deadline) {
    constexpr std::string_view kOperation = "GetCallerIdentity";
    TRY_ASSIGN(const auto answer,
               client_.make(post(kOperation, "Action=GetCallerIdentity&Version=2011-06-15"), deadline));
    std::string arn;
    if (is_json(answer)) {
        TRY_ASSIGN(const auto json, client_.parse(kOperation, answer));
        const auto* at = &json;
        for (const auto* member : {"GetCallerIdentityResponse", "GetCallerIdentityResult"})
            if (const auto* inner = find(*at, member)) at = inner;
        arn = find_string(*at, "Arn").value_or("");
    } else {
        arn = text_of_element(answer.body, "Arn");
    }
    if (arn.empty()) return fail(ErrorKind::kProtocol, "STS's answer to GetCallerIdentity has no ARN");
    return arn;
}

Result<Credentials> StsClient::assume_role(const RoleRequest& request, Deadline deadline) {
    const auto asked_at = clock_.now();
    auto answer = client_.make(post(kAssumeRole, form_of(request)), deadline);
    if (!answer) {
        auto error = explained(std::move(answer).error(), request, client_.options());
        error.outcome_unknown = false;
        return std::unexpected(std::move(error));
    }
    Credentials credentials;
    if (is_json(*answer)) {
        TRY_ASSIGN(const auto json, client_.parse(kAssumeRole, *answer));
        credentials = credentials_in_json(json);
    } else {
        credentials = credentials_in_xml(answer->body);
    }
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || credentials.session_token.empty())
        return fail(ErrorKind::kProtocol, "STS's answer to AssumeRole has no credentials");
    // Where the answer does not say it in a way that is known here: never longer than was asked for.
    if (!credentials.expires_at) credentials.expires_at = asked_at + request.duration;
    credentials.account_id = account_of_arn(request.role_arn);
    return credentials;
}

}  // namespace ci_lambda
