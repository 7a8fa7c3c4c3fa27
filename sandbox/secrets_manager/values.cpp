#include "sandbox/secrets_manager/values.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxValue = 65'536;
constexpr std::size_t kLeastToken = 32;
constexpr std::size_t kMostToken = 64;
/// Versions without a stage are taken away when there are about so many (user guide, "Secrets Manager quotas").
constexpr std::size_t kMaxVersions = 100;

void forget_old_versions(StoredSecret& secret) {
    while (secret.versions.size() > kMaxVersions) {
        const auto unused = std::ranges::find_if(
            secret.versions, [&](const SecretVersion& version) { return secret.stages_of(version.id).empty(); });
        if (unused == secret.versions.end()) return;
        secret.versions.erase(unused);
    }
}

}  // namespace

AwsResult<NewVersion> new_version_of(SecretsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(auto text, parameters.text("SecretString"));
    TRY_ASSIGN(auto bytes, parameters.text("SecretBinary"));
    TRY_ASSIGN(const auto token, parameters.text("ClientRequestToken"));
    if (text && bytes)
        return aws_fail("InvalidParameterException",
                        "You can't specify both a binary secret value and a string secret "
                        "value in the same secret.");
    if (token && (token->size() < kLeastToken || token->size() > kMostToken))
        return aws_fail("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.");
    NewVersion version{.value = {}, .id = token ? *token : context.ids.uuid()};
    if (!text && !bytes) return version;
    const bool binary = bytes.has_value();
    version.value = {.content = binary ? *std::move(bytes) : *std::move(text), .binary = binary};
    if (version.value->content.empty() || version.value->content.size() > kMaxValue)
        return aws_fail("InvalidParameterException", "A secret value must have 1 to 65536 bytes.");
    return version;
}

AwsResult<bool> keep_version(SecretsContext& context, StoredSecret& secret, NewVersion version) {
    if (const auto* known = secret.with_id(version.id)) {
        if (known->value == version.value) return false;
        return aws_fail("ResourceExistsException",
                        "You can't modify an existing version, you can only create a new version.");
    }
    secret.versions.push_back(
        {.id = std::move(version.id), .value = *std::move(version.value), .created_at = context.now});
    secret.changed_at = context.now;
    forget_old_versions(secret);
    return true;
}

}  // namespace ci_lambda::sandbox
