#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// AWS Systems Manager, as AWS JSON 1.1.
extern const AwsService kSsmService;

/// A parameter of the Parameter Store.
struct SsmParameter {
    std::string value;    ///< in clear text; it may be a secret
    std::string version;  ///< a number that grows with each change of the value
};

/// AWS Systems Manager over HTTP, as far as the Parameter Store is read. The log shows no values. Whatever is passed in
/// must outlive it.
class SsmClient {
public:
    SsmClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
              Sleeper& sleeper, const Logger& logger);

    /// Idempotent. A SecureString is decrypted. `name`: a name, a path or an ARN, also with `:VERSION` or `:LABEL`
    /// behind it. kNotFound when there is none; kAccessDenied names the permission.
    Result<SsmParameter> get_parameter(const std::string& name, Deadline deadline);

private:
    AwsClient client_;
};

}  // namespace ci_lambda
