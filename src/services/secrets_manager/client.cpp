#include "services/secrets_manager/client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 1> kNoSuchSecret{"ResourceNotFoundException"};

/// The ARN of a secret ends with six characters that only Secrets Manager knows.
std::string arn_of(std::string_view id, std::string_view region) {
    if (id.starts_with("arn:")) return std::string(id);
    return fmt::format("arn:{}:secretsmanager:{}:*:secret:{}-??????", partition_of(region), region, id);
}

/// The key of the secret is not there, is switched off, or may not be used.
bool is_about_the_key(const Error& error) { return error.code == "DecryptionFailure"; }

}  // namespace

constinit const AwsService kSecretsManagerService{.name = "secretsmanager",
                                                  .title = "Secrets Manager",
                                                  .host = "secretsmanager",
                                                  .signing_name = "secretsmanager",
                                                  .endpoint_variable = "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                                  .target_prefix = "secretsmanager.",
                                                  .not_found_codes = kNoSuchSecret,
                                                  .usual_is_dualstack = true};

SecretsManagerClient::SecretsManagerClient(AwsEndpointOptions options, HttpClient& http,
                                           CredentialsProvider& credentials, const Clock& clock, Sleeper& sleeper,
                                           const Logger& logger)
    : client_(kSecretsManagerService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<SecretText> SecretsManagerClient::get_secret_text(const std::string& id, Deadline deadline) {
    auto answer = client_.read("GetSecretValue", {{"SecretId", id}}, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.kind == ErrorKind::kAccessDenied || is_about_the_key(error))
            error.message += fmt::format(
                " (needs secretsmanager:GetSecretValue on {}; with a key of one's own also kms:Decrypt on it)",
                arn_of(id, client_.options().region));
        return std::unexpected(std::move(error));
    }
    auto text = find_string(*answer, "SecretString");
    if (!text && find(*answer, "SecretBinary") != nullptr)
        return fail(ErrorKind::kConfiguration, "the secret is binary; a text (SecretString) is expected");
    if (!text) return fail(ErrorKind::kProtocol, "Secrets Manager's answer to GetSecretValue has no secret");
    return SecretText{.text = *std::move(text), .version_id = find_string(*answer, "VersionId").value_or("")};
}

}  // namespace ci_lambda
