#include "services/event_bus/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "services/event_rules/client.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kPutEvents = "PutEvents";

ErrorKind kind_of_entry(std::string_view code) {
    if (code == "ThrottlingException") return ErrorKind::kThrottled;
    if (code == "InternalFailure" || code == "InternalException") return ErrorKind::kServer;
    return ErrorKind::kRejected;
}

/// PutEvents answers 200 also where the bus has not taken all of them (EventBridge API reference, PutEvents).
Status check_entries_put(const Json& answer) {
    const auto* entries = find(answer, "Entries");
    if (entries == nullptr || !entries->is_array())
        return fail(ErrorKind::kProtocol, "EventBridge's answer to PutEvents has no Entries");
    for (const auto& entry : *entries) {
        const auto code = find_string(entry, "ErrorCode");
        if (!code) continue;
        return fail(kind_of_entry(*code),
                    fmt::format("events {}: {}: {}", kPutEvents, one_line(*code, 100),
                                one_line(find_string(entry, "ErrorMessage").value_or("the event was not taken"), 500)));
    }
    return {};
}

}  // namespace

EventBusClient::EventBusClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                               const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kEventsService, std::move(options), http, credentials, clock, sleeper, logger) {}

Status EventBusClient::put(const std::vector<BusEvent>& events, Deadline deadline) {
    Json entries = Json::array();
    for (const auto& event : events)
        entries.push_back({{"Source", event.source}, {"DetailType", event.detail_type}, {"Detail", event.detail}});
    const Json request{{"Entries", std::move(entries)}};
    auto answer = client_.make(
        {.operation = kPutEvents, .body = dump_json(request), .repeatable = AwsCall::Repeatable::kNo}, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.kind == ErrorKind::kAccessDenied) {
            const auto& region = client_.options().region;
            error.message += fmt::format(" (needs events:PutEvents on arn:{}:events:{}:*:event-bus/default)",
                                         partition_of(region), region);
        }
        return std::unexpected(std::move(error));
    }
    TRY_ASSIGN(const auto said, client_.parse(kPutEvents, *answer));
    return check_entries_put(said);
}

}  // namespace ci_lambda
