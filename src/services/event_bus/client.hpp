#pragma once

#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/event_bus/api.hpp"

namespace ci_lambda {

/// The event bus over HTTP: PutEvents (EventBridge API, version 2015-10-07). The log shows no details of events.
/// Whatever is passed in must outlive it.
class EventBusClient final : public EventBus {
public:
    EventBusClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                   Sleeper& sleeper, const Logger& logger);

    Status put(const std::vector<BusEvent>& events, Deadline deadline) override;

private:
    AwsClient client_;
};

}  // namespace ci_lambda
