#include "sandbox/secrets_manager/rotation.hpp"

#include "base/json.hpp"
#include "sandbox/secrets_manager/trail.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kPasswordCharacters = 32;

SecretValue another(const SecretValue& value, Ids& ids) {
    auto password = ids.token(kPasswordCharacters);
    auto json = parse_json(value.content);
    if (value.binary || !json || !json->is_object()) return {.content = std::move(password)};
    (*json)["password"] = std::move(password);
    return {.content = dump_json(*json)};
}

}  // namespace

void rotate(SecretsContext& context, StoredSecret& secret, const std::string& version) {
    const std::string pending(kPendingStage);
    const std::string current(kCurrentStage);
    const auto id = context.state.arn_of(secret);
    const auto before = secret.stages.at(current);
    secret.versions.push_back(
        {.id = version, .value = another(secret.with_stage(current)->value, context.ids), .created_at = context.now});
    move_stage(secret, pending, version);
    tell_call_of_rotation(context, "PutSecretValue",
                          {{"SecretId", id}, {"ClientRequestToken", version}, {"VersionStages", {pending}}}, secret);
    move_stage(secret, current, version);
    tell_call_of_rotation(
        context, "UpdateSecretVersionStage",
        {{"SecretId", id}, {"VersionStage", current}, {"MoveToVersionId", version}, {"RemoveFromVersionId", before}},
        secret);
    secret.changed_at = context.now;
    secret.rotated_at = context.now;
    tell_of_itself(context, "RotationSucceeded", secret);
}

}  // namespace ci_lambda::sandbox
