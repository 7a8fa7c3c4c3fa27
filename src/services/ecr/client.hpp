#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
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
    Result<EcrImageConfig> get_config(const EcrRepository& repository, const std::string& digest,
                                      Deadline deadline) override;

private:
    AwsClient client_;
    HttpClient& http_;
    const Clock& clock_;
};

/// A client for each region that is asked for, made when it is. Whatever is passed in must outlive it.
class EcrClients final : public EcrRegions {
public:
    /// `options`: of any region.
    EcrClients(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
               Sleeper& sleeper, const Logger& logger);
    EcrApi& in(std::string_view region) override;

private:
    AwsEndpointOptions options_;
    HttpClient& http_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<EcrClient>, std::less<>> clients_;
};

}  // namespace ci_lambda
