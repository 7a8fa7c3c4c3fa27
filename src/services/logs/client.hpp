#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/logs/api.hpp"

namespace ci_lambda {

/// Amazon CloudWatch Logs, as AWS JSON 1.1.
extern const AwsService kLogsService;

/// CloudWatch Logs over HTTP, in whatever region a stream is. What is in a log is not logged again. Whatever is passed
/// in must outlive it.
class LogsClient final : public LogEvents {
public:
    /// `options`: of any region.
    LogsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
               Sleeper& sleeper, const Logger& logger);

    Result<std::vector<std::string>> latest(const LogStream& stream, std::size_t most, Deadline deadline) override;

private:
    AwsClient& in(const std::string& region);

    AwsEndpointOptions options_;
    HttpClient& http_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<AwsClient>> clients_;  // by region
};

}  // namespace ci_lambda
