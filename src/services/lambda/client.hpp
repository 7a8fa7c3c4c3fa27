#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// AWS Lambda, as REST with JSON.
extern const AwsService kLambdaService;

struct LambdaFunction {
    std::string arn;
    std::string region;                            ///< of the ARN
    std::map<std::string, std::string> variables;  ///< its environment; may hold secrets
};

/// AWS Lambda over HTTP. The log shows no environments. Whatever is passed in must outlive it.
class LambdaClient {
public:
    LambdaClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                 Sleeper& sleeper, const Logger& logger);

    /// Idempotent. GetFunctionConfiguration. `name`: a name or an ARN, also with `:VERSION` or `:ALIAS` behind it.
    /// kNotFound when there is none; kAccessDenied names the permission, also where the environment cannot be
    /// decrypted.
    Result<LambdaFunction> get_function(const std::string& name, Deadline deadline);

    /// Has the function invoked with this event (JSON, at most 1 MB) by and by; returns once Lambda has it. Not
    /// idempotent. Invoke, with InvocationType `Event`. kAccessDenied names the permission.
    Status invoke_later(const std::string& name, std::string event, Deadline deadline);

private:
    AwsClient client_;
};

}  // namespace ci_lambda
