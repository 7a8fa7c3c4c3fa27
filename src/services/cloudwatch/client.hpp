#pragma once

#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/cloudwatch/api.hpp"

namespace ci_lambda {

/// Amazon CloudWatch, as AWS JSON 1.0. The SDKs speak CBOR or the query protocol to it; the service's model names all
/// three.
extern const AwsService kCloudWatchService;

/// CloudWatch over HTTP. Whatever is passed in must outlive it.
class CloudWatchClient final : public Alarms {
public:
    CloudWatchClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger);

    Result<std::vector<AlarmState>> describe(const std::vector<std::string>& names, Deadline deadline) override;

private:
    AwsClient client_;
};

}  // namespace ci_lambda
