#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// AWS Security Token Service, by the query protocol: all that it speaks.
extern const AwsService kStsService;

/// What AssumeRole is asked for.
struct RoleRequest {
    std::string role_arn;
    std::string session_name;          ///< 2 to 64 of `[\w+=,.@-]`: CloudTrail names it
    std::string external_id = {};      ///< what the role's trust policy may ask for; empty for none
    std::chrono::seconds duration{0};  ///< 900 s to 12 h; at most 1 h where the asking credentials are a role's
};

/// STS over HTTP, at the endpoint of the region: that one's outage is no other region's, and its tokens are good in
/// every region. The log shows nothing of the answers. Whatever is passed in must outlive it.
class StsClient {
public:
    StsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
              Sleeper& sleeper, const Logger& logger);

    /// Credentials of the role, always with the time at which they end. kAccessDenied names what has to allow it;
    /// `outcome_unknown` is never set: a session that nobody knows of does nothing.
    Result<Credentials> assume_role(const RoleRequest& request, Deadline deadline);
    /// Idempotent. GetCallerIdentity, which everybody may ask: the ARN of whoever's credentials these are.
    Result<std::string> caller(Deadline deadline);

private:
    AwsClient client_;
    const Clock& clock_;
};

}  // namespace ci_lambda
