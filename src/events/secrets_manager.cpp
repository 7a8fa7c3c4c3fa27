#include <algorithm>
#include <array>

#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kCall = "AWS API Call via CloudTrail";
constexpr std::string_view kServiceEvent = "AWS Service Event via CloudTrail";
constexpr std::string_view kCurrent = "AWSCURRENT";

/// The calls that give a stage of a secret another value. Others may name several secrets, or none.
constexpr std::array<std::string_view, 4> kChanges{"PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage",
                                                   "RotationSucceeded"};

/// The member of `detail.object`, if both are there.
std::optional<std::string> nested(const Json& detail, std::string_view object, std::string_view key) {
    const Json* member = find(detail, object);
    if (member == nullptr || !member->is_object()) return std::nullopt;
    auto text = find_string(*member, key);
    return text && !text->empty() ? text : std::nullopt;
}

/// The answer has the whole ARN, while whoever called may have written the name, or an ARN without its end.
std::string secret_of(const Json& detail) {
    for (const std::string_view key : {"arn", "ARN", "aRN"})
        if (auto arn = nested(detail, "responseElements", key)) return *std::move(arn);
    for (const auto& [object, key] : {std::pair{"requestParameters", "secretId"}, {"additionalEventData", "SecretId"}})
        if (auto secret = nested(detail, object, key)) return *std::move(secret);
    return {};
}

/// The stages that hold another version now. Without a word of them, a new value becomes the current one.
std::vector<std::string> stages_of(const std::string& operation, const Json& detail) {
    if (operation == "UpdateSecretVersionStage") {
        auto stage = nested(detail, "requestParameters", "versionStage");
        return stage ? std::vector{*std::move(stage)} : std::vector<std::string>{};
    }
    std::vector<std::string> stages;
    if (const Json* parameters = find(detail, "requestParameters"))
        if (const Json* said = find(*parameters, "versionStages"); said != nullptr && said->is_array())
            for (const auto& stage : *said)
                if (stage.is_string()) stages.push_back(stage.get<std::string>());
    if (stages.empty()) stages.emplace_back(kCurrent);
    return stages;
}

}  // namespace

/// Shapes: CloudTrail user guide, "CloudTrail record contents"; Secrets Manager user guide, "Log AWS Secrets Manager
/// events with AWS CloudTrail" and "Match AWS Secrets Manager events with Amazon EventBridge".
Result<EventBody> decode_secret(const Envelope& envelope, const Json& event) {
    if (envelope.detail_type != kCall && envelope.detail_type != kServiceEvent) return other_kind(envelope);
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    SecretChange change;
    TRY_ASSIGN(change.operation, require_string(*detail, "eventName", "detail.eventName"));
    if (std::ranges::find(kChanges, change.operation) == kChanges.end())
        return OtherEvent{cut(change.operation) + " changes no secret's value"};
    change.error_code = read_error_code(*detail);
    change.secret = secret_of(*detail);
    change.stages = stages_of(change.operation, *detail);
    return change;
}

}  // namespace ci_lambda
