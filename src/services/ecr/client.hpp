#pragma once

#include <vector>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/ecr/api.hpp"

namespace ci_lambda {

/// Amazon ECR, as AWS JSON 1.1.
extern const AwsService kEcrService;

/// Amazon ECR over HTTP, in one region. Calls wait for their turn where the account's quotas ask for it, and fail
/// (kDeadline) when that would be too late. The log shows no manifests. Whatever is passed in must outlive it.
class EcrClient final : public EcrApi {
public:
    EcrClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
              Sleeper& sleeper, const Logger& logger);

    Result<std::vector<EcrImage>> describe_images(const EcrRepository& repository, const std::vector<EcrImageId>& ids,
                                                  Deadline deadline) override;
    Result<EcrManifest> get_manifest(const EcrRepository& repository, const EcrImageId& id, Deadline deadline) override;

private:
    AwsClient client_;
};

}  // namespace ci_lambda
