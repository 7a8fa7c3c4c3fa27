#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// Amazon Simple Notification Service, by the query protocol: all that it speaks.
extern const AwsService kSnsService;

/// By which subscribers may filter.
struct SnsAttribute {
    std::string name;
    std::string value;      ///< not empty
    bool is_array = false;  ///< `value` is a list of texts in JSON
};

struct SnsMessage {
    std::string topic_arn;
    std::string subject = {};  ///< empty: none
    std::string message;
    std::vector<SnsAttribute> attributes = {};
    // Of a FIFO topic alone:
    std::string group = {};
    std::string deduplication_id = {};
};

/// SNS over HTTP, at the endpoint of the topic's region. The log shows nothing of messages. Whatever is passed in must
/// outlive it.
class SnsClient {
public:
    SnsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
              Sleeper& sleeper, const Logger& logger);

    /// Idempotent with a deduplication id alone. kAccessDenied names what has to allow it.
    Status publish(const SnsMessage& message, Deadline deadline);

private:
    AwsClient client_;
};

}  // namespace ci_lambda
