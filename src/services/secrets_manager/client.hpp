#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// AWS Secrets Manager, as AWS JSON 1.1.
extern const AwsService kSecretsManagerService;

struct SecretText {
    std::string text;  ///< the secret itself
    std::string version_id;
};

/// AWS Secrets Manager over HTTP. The log shows no secrets. Whatever is passed in must outlive it.
class SecretsManagerClient {
public:
    SecretsManagerClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                         const Clock& clock, Sleeper& sleeper, const Logger& logger);

    /// Idempotent. The current version, which has to be a text; `id` is a name or an ARN. kNotFound when there is none;
    /// kAccessDenied names the permission; kConfiguration for a binary secret.
    Result<SecretText> get_secret_text(const std::string& id, Deadline deadline);

private:
    AwsClient client_;
};

}  // namespace ci_lambda
