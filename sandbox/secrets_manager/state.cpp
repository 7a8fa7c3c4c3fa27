#include "sandbox/secrets_manager/state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda::sandbox {

const SecretVersion* StoredSecret::with_id(std::string_view id) const {
    const auto found = std::ranges::find(versions, id, &SecretVersion::id);
    return found == versions.end() ? nullptr : &*found;
}

const SecretVersion* StoredSecret::with_stage(const std::string& stage) const {
    const auto found = stages.find(stage);
    return found == stages.end() ? nullptr : with_id(found->second);
}

std::vector<std::string> StoredSecret::stages_of(std::string_view id) const {
    std::vector<std::string> held;
    for (const auto& [stage, version] : stages)
        if (version == id) held.push_back(stage);
    return held;
}

std::string SecretsManagerState::arn_of(const StoredSecret& secret) const {
    return fmt::format("arn:aws:secretsmanager:{}:{}:secret:{}-{}", region, account, secret.name, secret.suffix);
}

StoredSecret* SecretsManagerState::find(std::string_view id) {
    if (const auto named = secrets.find(std::string(id)); named != secrets.end()) return &named->second;
    for (auto& [name, secret] : secrets) {
        const auto arn = arn_of(secret);
        if (id == arn || id == std::string_view(arn).substr(0, arn.size() - secret.suffix.size() - 1)) return &secret;
    }
    return nullptr;
}

void move_stage(StoredSecret& secret, const std::string& stage, const std::string& version) {
    const std::string current(kCurrentStage);
    if (stage == current)
        if (const auto held = secret.stages.find(current); held != secret.stages.end() && held->second != version)
            secret.stages[std::string(kPreviousStage)] = held->second;
    secret.stages[stage] = version;
}

}  // namespace ci_lambda::sandbox
