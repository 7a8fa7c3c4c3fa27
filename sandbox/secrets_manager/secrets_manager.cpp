#include "sandbox/secrets_manager/secrets_manager.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "sandbox/aws/dispatch.hpp"
#include "sandbox/secrets_manager/operations.hpp"

namespace ci_lambda::sandbox {

SecretsManager::SecretsManager(SecretsManagerOptions options, Ids& ids, const Clock& clock)
    : state_(std::move(options.state)), ids_(ids), clock_(clock), on_event_(std::move(options.on_event)) {}

AwsAnswer SecretsManager::handle(std::string_view operation, std::string_view body, const std::string& caller) {
    return answer_request(
        find_secrets_operation(operation), "Secrets Manager", operation, body,
        [&](const auto& known, const auto& request) {
            return to_answer(change_and_tell(mutex_, on_event_, [&](std::vector<std::string>& events) {
                SecretsContext context{
                    .state = state_, .ids = ids_, .now = clock_.now(), .caller = caller, .events = events};
                return known.run(context, request);
            }));
        });
}

std::optional<std::string> SecretsManager::text(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    const auto* secret = state_.find(id);
    const auto* current = secret == nullptr ? nullptr : secret->with_stage(std::string(kCurrentStage));
    if (current == nullptr || current->value.binary) return std::nullopt;
    return current->value.content;
}

void SecretsManager::replace(std::string_view id, std::string text) {
    const std::scoped_lock lock(mutex_);
    auto* secret = state_.find(id);
    const auto* current = secret == nullptr ? nullptr : secret->with_stage(std::string(kCurrentStage));
    if (current == nullptr) return;
    std::ranges::find(secret->versions, current->id, &SecretVersion::id)->value = {.content = std::move(text)};
}

void add_secret(SecretsManagerState& state, StoredSecret secret, std::string text, Ids& ids, WallTime now) {
    secret.created_at = secret.changed_at = now;
    secret.versions = {{.id = ids.uuid(), .value = {.content = std::move(text)}, .created_at = now}};
    move_stage(secret, std::string(kCurrentStage), secret.versions.back().id);
    const auto name = secret.name;
    state.secrets[name] = std::move(secret);
}

}  // namespace ci_lambda::sandbox
