#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/states/api.hpp"

namespace ci_lambda {

/// AWS Step Functions, as AWS JSON 1.0.
extern const AwsService kStatesService;

/// Step Functions over HTTP, in one region. The log shows no inputs and outputs: they may hold anything. Whatever is
/// passed in must outlive it.
class StatesClient final : public StateMachines {
public:
    StatesClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                 Sleeper& sleeper, const Logger& logger);

    Result<Start> start(const std::string& machine, const std::string& name, const std::string& input,
                        Deadline deadline) override;
    Result<Execution> describe(const std::string& execution, Deadline deadline) override;
    Result<std::vector<ListedExecution>> list(const std::string& machine, std::optional<ExecutionStatus> status,
                                              std::size_t most, Deadline deadline) override;
    Status stop(const std::string& execution, const std::string& error, const std::string& cause,
                Deadline deadline) override;
    Status redrive(const std::string& execution, const std::string& token, Deadline deadline) override;

private:
    AwsClient client_;
};

}  // namespace ci_lambda
