#include "sandbox/secrets_manager/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sandbox/aws/paging.hpp"
#include "sandbox/secrets_manager/rotation.hpp"
#include "sandbox/secrets_manager/trail.hpp"
#include "sandbox/secrets_manager/values.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr PageSizes kSecretPages{.usual = 100, .most = 100};
constexpr int kUsualRecoveryDays = 30;
constexpr int kLeastRecoveryDays = 7;
constexpr std::size_t kSuffixCharacters = 6;
constexpr std::size_t kMaxStages = 20;

std::unexpected<AwsError> bad_parameter(std::string message) {
    return aws_fail("InvalidParameterException", std::move(message));
}

std::unexpected<AwsError> bad_request(std::string message) {
    return aws_fail("InvalidRequestException", std::move(message));
}

std::unexpected<AwsError> no_such_version(std::string_view kind, std::string_view what) {
    return aws_fail("ResourceNotFoundException",
                    fmt::format("Secrets Manager can't find the specified secret value for {}: {}", kind, what));
}

enum class Deleted { kRefused, kTaken };

/// The secret that the request names; never nullptr.
AwsResult<StoredSecret*> secret_of(SecretsContext& context, const Json& request, Deleted deleted = Deleted::kRefused) {
    TRY_ASSIGN(const auto id, Parameters(request).text("SecretId"));
    if (!id || id->empty()) return bad_parameter("You must provide a SecretId.");
    auto* secret = context.state.find(*id);
    if (secret == nullptr)
        return aws_fail("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    if (secret->deleted_at && deleted == Deleted::kRefused)
        return bad_request("You can't perform this operation on the secret because it was marked for deletion.");
    return secret;
}

Json named(const SecretsContext& context, const StoredSecret& secret) {
    return {{"ARN", context.state.arn_of(secret)}, {"Name", secret.name}};
}

Json with_version(const SecretsContext& context, const StoredSecret& secret, const std::string& version) {
    auto answer = named(context, secret);
    answer["VersionId"] = version;
    return answer;
}

/// The request with the id that its version got: CloudTrail shows the one that an SDK made up.
Json with_token(Json request, const std::string& version) {
    request["ClientRequestToken"] = version;
    return request;
}

/// What CreateSecret and UpdateSecret may say beside a value.
AwsResult<bool> take_metadata(const Json& request, StoredSecret& secret) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto description, parameters.text("Description"));
    TRY_ASSIGN(const auto key, parameters.text("KmsKeyId"));
    if (description) secret.description = *description;
    if (key) secret.kms_key_id = *key;
    return description || key;
}

bool is_secret_name(std::string_view name) {
    constexpr std::size_t kLongestName = 512;
    constexpr std::string_view kOthers = "/_+=.@-!";
    return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
    });
}

AwsResult<std::string> secret_tags_of(const Json& request) {
    const Json* tags = find(request, "Tags");
    if (tags == nullptr) return "[]";
    if (!tags->is_array()) return aws_fail("SerializationException", "Tags: expected a list");
    return dump_json(*tags);
}

SecretsAnswer create_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(const auto name, Parameters(request).text("Name"));
    TRY_ASSIGN(auto version, new_version_of(context, request));
    TRY_ASSIGN(auto tags, secret_tags_of(request));
    if (!name || !is_secret_name(*name))
        return aws_fail("ValidationException",
                        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
                        "following: -/_+=.@!");
    if (const auto found = context.state.secrets.find(*name); found != context.state.secrets.end()) {
        const auto& secret = found->second;
        if (secret.deleted_at)
            return bad_request(
                "You can't create this secret because a secret with this name is already scheduled "
                "for deletion.");
        const auto* known = secret.with_id(version.id);
        if (known != nullptr && version.value == known->value) return with_version(context, secret, version.id);
        return aws_fail("ResourceExistsException",
                        fmt::format("The operation failed because the secret {} already exists.", *name));
    }
    StoredSecret secret{.name = *name,
                        .suffix = context.ids.hex(kSuffixCharacters),
                        .tags = std::move(tags),
                        .created_at = context.now,
                        .changed_at = context.now};
    TRY(take_metadata(request, secret));
    const auto id = version.id;
    const bool has_value = version.value.has_value();
    if (has_value) {
        TRY(keep_version(context, secret, std::move(version)));
        move_stage(secret, std::string(kCurrentStage), id);
    }
    const auto& kept = context.state.secrets[*name] = std::move(secret);
    return has_value ? with_version(context, kept, id) : named(context, kept);
}

/// Where the request names none: AWSCURRENT. The first version of a secret gets that one, whatever the request says.
AwsResult<std::vector<std::string>> stages_for(const Json& request, const StoredSecret& secret) {
    TRY_ASSIGN(auto stages, Parameters(request).texts("VersionStages"));
    if (stages.size() > kMaxStages)
        return bad_parameter(fmt::format("A version can have at most {} staging labels.", kMaxStages));
    const std::string current(kCurrentStage);
    const bool is_first = !secret.stages.contains(current);
    if (stages.empty() || (is_first && std::ranges::find(stages, current) == stages.end())) stages.push_back(current);
    return stages;
}

SecretsAnswer put_secret_value(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(auto* secret, secret_of(context, request));
    TRY_ASSIGN(auto version, new_version_of(context, request));
    if (!version.value) return bad_request("You must provide either SecretString or SecretBinary.");
    TRY_ASSIGN(const auto stages, stages_for(request, *secret));
    const auto id = version.id;
    TRY_ASSIGN(const bool is_new, keep_version(context, *secret, std::move(version)));
    if (is_new)
        for (const auto& stage : stages) move_stage(*secret, stage, id);
    tell_call(context, "PutSecretValue", with_token(request, id), *secret);
    auto answer = with_version(context, *secret, id);
    answer["VersionStages"] = secret->stages_of(id);
    return answer;
}

SecretsAnswer update_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(auto* secret, secret_of(context, request));
    TRY_ASSIGN(auto version, new_version_of(context, request));
    const auto id = version.id;
    const bool has_value = version.value.has_value();
    if (has_value) {
        TRY_ASSIGN(const bool is_new, keep_version(context, *secret, std::move(version)));
        if (is_new) move_stage(*secret, std::string(kCurrentStage), id);
    }
    TRY(take_metadata(request, *secret));
    secret->changed_at = context.now;
    tell_call(context, "UpdateSecret", with_token(request, id), *secret);
    return has_value ? with_version(context, *secret, id) : named(context, *secret);
}

/// The version that a request for a value means; never nullptr.
AwsResult<const SecretVersion*> wanted_version(const Json& request, const StoredSecret& secret) {
    TRY_ASSIGN(const auto id, Parameters(request).text("VersionId"));
    TRY_ASSIGN(const auto asked_stage, Parameters(request).text("VersionStage"));
    const auto stage = asked_stage.value_or(std::string(kCurrentStage));
    if (!id) {
        const auto* held = secret.with_stage(stage);
        if (held == nullptr) return no_such_version("staging label", stage);
        return held;
    }
    const auto* version = secret.with_id(*id);
    if (version == nullptr) return no_such_version("VersionId", *id);
    if (asked_stage && secret.with_stage(stage) != version)
        return bad_request("You provided a VersionStage that is not associated to the provided VersionId.");
    return version;
}

SecretsAnswer get_secret_value(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(const auto* secret, secret_of(context, request));
    TRY_ASSIGN(const auto* version, wanted_version(request, *secret));
    auto answer = with_version(context, *secret, version->id);
    answer[version->value.binary ? "SecretBinary" : "SecretString"] = version->value.content;
    answer["VersionStages"] = secret->stages_of(version->id);
    answer["CreatedDate"] = epoch_seconds(version->created_at);
    return answer;
}

/// What DescribeSecret and ListSecrets show, but for the versions.
Json described_secret(const SecretsContext& context, const StoredSecret& secret) {
    auto json = named(context, secret);
    json["CreatedDate"] = epoch_seconds(secret.created_at);
    json["LastChangedDate"] = epoch_seconds(secret.changed_at);
    json["Tags"] = parse_json(secret.tags).value_or(Json::array());
    if (!secret.description.empty()) json["Description"] = secret.description;
    if (!secret.kms_key_id.empty()) json["KmsKeyId"] = secret.kms_key_id;
    if (secret.rotated_at) json["LastRotatedDate"] = epoch_seconds(*secret.rotated_at);
    if (secret.deleted_at) json["DeletedDate"] = epoch_seconds(*secret.deleted_at);
    if (!secret.rotation_function.empty()) {
        json["RotationEnabled"] = true;
        json["RotationLambdaARN"] = secret.rotation_function;
        json["RotationRules"] = {{"AutomaticallyAfterDays", secret.rotation_days}};
    }
    return json;
}

/// Those with a stage.
Json versions_to_stages(const StoredSecret& secret) {
    Json versions = Json::object();
    for (const auto& [stage, version] : secret.stages) versions[version].push_back(stage);
    return versions;
}

SecretsAnswer describe_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(const auto* secret, secret_of(context, request, Deleted::kTaken));
    auto answer = described_secret(context, *secret);
    answer["VersionIdsToStages"] = versions_to_stages(*secret);
    return answer;
}

/// The page that `MaxResults` and `NextToken` ask for.
AwsResult<Page> secrets_page(const Json& request, std::size_t count) {
    Json asked = Json::object();
    for (const auto& [ours, theirs] : {std::pair{"maxResults", "MaxResults"}, std::pair{"nextToken", "NextToken"}})
        if (const Json* value = find(request, theirs)) asked[ours] = *value;
    return page_of(asked, count, kSecretPages);
}

/// What names must begin with: any of the values of the filter `name`; empty: all of them.
AwsResult<std::vector<std::string>> wanted_names(const Json& request) {
    std::vector<std::string> names;
    const Json* filters = find(request, "Filters");
    if (filters == nullptr) return names;
    if (!filters->is_array()) return aws_fail("SerializationException", "Filters: expected a list");
    for (const auto& filter : *filters) {
        TRY_ASSIGN(const auto key, Parameters(filter).text("Key"));
        if (key != "name") return bad_parameter("Filters: the sandbox knows the key name only.");
        TRY_ASSIGN(auto values, Parameters(filter).texts("Values"));
        names.insert(names.end(), values.begin(), values.end());
    }
    return names;
}

SecretsAnswer list_secrets(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(const auto deleted_too, Parameters(request).flag("IncludePlannedDeletion"));
    TRY_ASSIGN(const auto names, wanted_names(request));
    std::vector<const StoredSecret*> wanted;
    for (const auto& [name, secret] : context.state.secrets) {
        const bool fits = names.empty() || std::ranges::any_of(names, [&](const std::string& beginning) {
                              return name.starts_with(beginning);
                          });
        if (fits && (deleted_too || !secret.deleted_at)) wanted.push_back(&secret);
    }
    TRY_ASSIGN(const auto page, secrets_page(request, wanted.size()));
    Json answer{{"SecretList", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i) {
        answer["SecretList"].push_back(described_secret(context, *wanted[i]));
        answer["SecretList"].back()["SecretVersionsToStages"] = versions_to_stages(*wanted[i]);
    }
    if (!page.next_token.empty()) answer["NextToken"] = page.next_token;
    return answer;
}

SecretsAnswer list_secret_version_ids(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(const auto* secret, secret_of(context, request));
    TRY_ASSIGN(const auto deprecated_too, Parameters(request).flag("IncludeDeprecated"));
    std::vector<const SecretVersion*> wanted;
    for (const auto& version : secret->versions)
        if (deprecated_too || !secret->stages_of(version.id).empty()) wanted.push_back(&version);
    TRY_ASSIGN(const auto page, secrets_page(request, wanted.size()));
    auto answer = named(context, *secret);
    answer["Versions"] = Json::array();
    for (auto i = page.begin; i < page.end; ++i)
        answer["Versions"].push_back({{"VersionId", wanted[i]->id},
                                      {"VersionStages", secret->stages_of(wanted[i]->id)},
                                      {"CreatedDate", epoch_seconds(wanted[i]->created_at)}});
    if (!page.next_token.empty()) answer["NextToken"] = page.next_token;
    return answer;
}

SecretsAnswer update_secret_version_stage(SecretsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(auto* secret, secret_of(context, request));
    TRY_ASSIGN(const auto stage, parameters.text("VersionStage"));
    TRY_ASSIGN(const auto from, parameters.text("RemoveFromVersionId"));
    TRY_ASSIGN(const auto to, parameters.text("MoveToVersionId"));
    if (!stage || stage->empty()) return bad_parameter("You must provide a VersionStage.");
    const auto held = secret->stages.find(*stage);
    const auto holder = held == secret->stages.end() ? std::string() : held->second;
    if (to && secret->with_id(*to) == nullptr)
        return aws_fail("ResourceNotFoundException",
                        fmt::format("Secrets Manager can't find the specified secret version: {}.", *to));
    if (from && *from != holder)
        return bad_parameter(
            fmt::format("The staging label {} isn't currently attached to version {}.", *stage, *from));
    if (to && !from && !holder.empty() && holder != *to)
        return bad_parameter(
            fmt::format("The parameter RemoveFromVersionId can't be empty. Staging label {0} is currently attached to "
                        "version {1}, so you must explicitly reference that version in RemoveFromVersionId.",
                        *stage, holder));
    if (!to && *stage == kCurrentStage)
        return bad_parameter(
            "You can only move staging label AWSCURRENT to a different secret version. It can't "
            "be completely removed.");
    if (to)
        move_stage(*secret, *stage, *to);
    else if (from)
        secret->stages.erase(*stage);
    else
        return bad_parameter("You must provide MoveToVersionId or RemoveFromVersionId.");
    secret->changed_at = context.now;
    tell_call(context, "UpdateSecretVersionStage", request, *secret);
    return named(context, *secret);
}

/// How the secret is rotated from now on, where the request says it.
AwsResult<bool> take_rotation(const Json& request, StoredSecret& secret) {
    constexpr int kUsualDays = 30;
    constexpr int kMostDays = 1000;
    TRY_ASSIGN(const auto function, Parameters(request).text("RotationLambdaARN"));
    std::optional<int> days;
    if (const Json* rules = find(request, "RotationRules")) {
        TRY_ASSIGN(days, Parameters(*rules).number("AutomaticallyAfterDays"));
    }
    if (days && (*days < 1 || *days > kMostDays))
        return bad_parameter("AutomaticallyAfterDays must be from 1 to 1000.");
    if (function && !function->starts_with("arn:"))
        return bad_parameter("RotationLambdaARN must be the ARN of a Lambda function.");
    if (!function && secret.rotation_function.empty())
        return bad_request("No Lambda rotation function ARN is associated with this secret.");
    if (function) secret.rotation_function = *function;
    if (days || secret.rotation_days == 0) secret.rotation_days = days.value_or(kUsualDays);
    return true;
}

SecretsAnswer rotate_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(auto* secret, secret_of(context, request));
    TRY_ASSIGN(auto version, new_version_of(context, request));
    const auto* pending = secret->with_stage(std::string(kPendingStage));
    const auto* current = secret->with_stage(std::string(kCurrentStage));
    if (current == nullptr) return bad_request("You can't rotate a secret that has no value.");
    if (pending != nullptr && pending != current)
        return bad_request("A previous rotation isn't complete. That rotation will be reattempted.");
    TRY(take_rotation(request, *secret));
    const Json* at_once = find(request, "RotateImmediately");
    if (at_once != nullptr && !at_once->is_boolean())
        return aws_fail("SerializationException", "RotateImmediately: expected a boolean");
    if (at_once != nullptr && !at_once->get<bool>()) return named(context, *secret);
    // The same call once more begins no other rotation.
    if (secret->with_id(version.id) == nullptr) rotate(context, *secret, version.id);
    return with_version(context, *secret, version.id);
}

SecretsAnswer delete_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(auto* secret, secret_of(context, request));
    TRY_ASSIGN(const auto days, Parameters(request).number("RecoveryWindowInDays"));
    TRY_ASSIGN(const auto at_once, Parameters(request).flag("ForceDeleteWithoutRecovery"));
    if (days && at_once)
        return bad_parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    if (days && (*days < kLeastRecoveryDays || *days > kUsualRecoveryDays))
        return bad_parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
    auto answer = named(context, *secret);
    const auto gone_at = at_once ? context.now : context.now + std::chrono::days{days.value_or(kUsualRecoveryDays)};
    answer["DeletionDate"] = epoch_seconds(gone_at);
    if (at_once)
        context.state.secrets.erase(std::string(secret->name));
    else
        secret->deleted_at = gone_at;
    return answer;
}

SecretsAnswer restore_secret(SecretsContext& context, const Json& request) {
    TRY_ASSIGN(auto* secret, secret_of(context, request, Deleted::kTaken));
    secret->deleted_at.reset();
    return named(context, *secret);
}

constexpr std::array kSecretsOperations{
    SecretsOperation{"CreateSecret", &create_secret},
    SecretsOperation{"DeleteSecret", &delete_secret},
    SecretsOperation{"DescribeSecret", &describe_secret},
    SecretsOperation{"GetSecretValue", &get_secret_value},
    SecretsOperation{"ListSecretVersionIds", &list_secret_version_ids},
    SecretsOperation{"ListSecrets", &list_secrets},
    SecretsOperation{"PutSecretValue", &put_secret_value},
    SecretsOperation{"RestoreSecret", &restore_secret},
    SecretsOperation{"RotateSecret", &rotate_secret},
    SecretsOperation{"UpdateSecret", &update_secret},
    SecretsOperation{"UpdateSecretVersionStage", &update_secret_version_stage},
};

}  // namespace

const SecretsOperation* find_secrets_operation(std::string_view name) {
    const auto* const found = std::ranges::find(kSecretsOperations, name, &SecretsOperation::name);
    return found == kSecretsOperations.end() ? nullptr : found;
}

}  // namespace ci_lambda::sandbox
