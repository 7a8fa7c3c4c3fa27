#include "sandbox/secrets_manager/trail.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/aws/event.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kService = "secretsmanager.amazonaws.com";

/// CloudTrail writes `SecretId` as `secretId`, and leaves values out.
Json parameters_of(const Json& request) {
    Json parameters = Json::object();
    for (const auto& [name, value] : request.items()) {
        if (name == "SecretString" || name == "SecretBinary" || name.empty() || value.is_null()) continue;
        parameters[to_lower(name.substr(0, 1)) + name.substr(1)] = value;
    }
    return parameters;
}

/// A record of CloudTrail without what sets calls and service events apart.
Json record_of(const SecretsContext& context, std::string_view name, Json identity) {
    return {{"eventVersion", "1.11"},
            {"userIdentity", std::move(identity)},
            {"eventTime", event_time(context.now)},
            {"eventSource", kService},
            {"eventName", name},
            {"awsRegion", context.state.region},
            {"eventID", context.ids.uuid()},
            {"readOnly", false},
            {"managementEvent", true},
            {"recipientAccountId", context.state.account},
            {"eventCategory", "Management"}};
}

void tell(SecretsContext& context, std::string_view detail_type, const Json& record) {
    context.events.push_back(make_event({.source = "aws.secretsmanager",
                                         .detail_type = detail_type,
                                         .account = context.state.account,
                                         .region = context.state.region},
                                        record, context.ids, context.now));
}

void tell_call_of(SecretsContext& context, std::string_view operation, const Json& request, const StoredSecret& secret,
                  Json identity) {
    auto record = record_of(context, operation, std::move(identity));
    record["eventType"] = "AwsApiCall";
    record["sourceIPAddress"] = "127.0.0.1";
    record["userAgent"] = "sandbox";
    record["requestID"] = context.ids.uuid();
    record["requestParameters"] = parameters_of(request);
    record["responseElements"] = {{"arn", context.state.arn_of(secret)}};
    tell(context, "AWS API Call via CloudTrail", record);
}

}  // namespace

void tell_call(SecretsContext& context, std::string_view operation, const Json& request, const StoredSecret& secret) {
    const auto& account = context.state.account;
    tell_call_of(context, operation, request, secret,
                 {{"type", "IAMUser"},
                  {"principalId", "AIDASANDBOX"},
                  {"arn", fmt::format("arn:aws:iam::{}:user/sandbox", account)},
                  {"accountId", account},
                  {"accessKeyId", context.caller},
                  {"userName", "sandbox"}});
}

void tell_call_of_rotation(SecretsContext& context, std::string_view operation, const Json& request,
                           const StoredSecret& secret) {
    const auto& account = context.state.account;
    const auto name = secret.rotation_function.substr(secret.rotation_function.rfind(':') + 1);
    tell_call_of(context, operation, request, secret,
                 {{"type", "AssumedRole"},
                  {"principalId", fmt::format("AROASANDBOX:{}", name)},
                  {"arn", fmt::format("arn:aws:sts::{0}:assumed-role/{1}/{1}", account, name)},
                  {"accountId", account}});
}

void tell_of_itself(SecretsContext& context, std::string_view what, const StoredSecret& secret) {
    auto record = record_of(context, what, {{"accountId", context.state.account}, {"invokedBy", kService}});
    record["eventType"] = "AwsServiceEvent";
    record["sourceIPAddress"] = kService;
    record["userAgent"] = kService;
    record["requestParameters"] = nullptr;
    record["responseElements"] = nullptr;
    record["additionalEventData"] = {{"SecretId", context.state.arn_of(secret)}};
    tell(context, "AWS Service Event via CloudTrail", record);
}

}  // namespace ci_lambda::sandbox
