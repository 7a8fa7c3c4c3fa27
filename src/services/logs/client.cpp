#include "services/logs/client.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kGetLogEvents = "GetLogEvents";
constexpr std::array<std::string_view, 1> kNotFoundCodes{"ResourceNotFoundException"};

std::vector<std::string> messages_of(const Json& events) {
    std::vector<std::string> messages;
    for (const auto& event : events)
        if (auto message = find_string(event, "message")) messages.push_back(*std::move(message));
    return messages;
}

}  // namespace

constinit const AwsService kLogsService{.name = "logs",
                                        .title = "CloudWatch Logs",
                                        .host = "logs",
                                        .signing_name = "logs",
                                        .endpoint_variable = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
                                        .target_prefix = "Logs_20140328.",
                                        .not_found_codes = kNotFoundCodes,
                                        .always_fips_in_govcloud = true};

LogsClient::LogsClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                       const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : options_(std::move(options)),
      http_(http),
      credentials_(credentials),
      clock_(clock),
      sleeper_(sleeper),
      logger_(logger) {}

AwsClient& LogsClient::in(const std::string& region) {
    const std::scoped_lock lock(mutex_);
    auto& client = clients_[region];
    if (client == nullptr) {
        auto options = options_;
        options.region = region;
        client = std::make_unique<AwsClient>(kLogsService, std::move(options), http_, credentials_, clock_, sleeper_,
                                             logger_);
    }
    return *client;
}

Result<std::vector<std::string>> LogsClient::latest(const LogStream& stream, std::size_t most, Deadline deadline) {
    auto& client = in(stream.region);
    // Without startFromHead it is the end of the stream.
    Json request{{"logGroupName", stream.group}, {"logStreamName", stream.name}, {"limit", most}};
    // An answer may be empty though there are events: the token leads to them (API reference, GetLogEvents).
    for (bool again = false;; again = true) {
        auto answer = client.read(kGetLogEvents, request, deadline);
        if (!answer) {
            auto error = std::move(answer).error();
            if (error.kind == ErrorKind::kAccessDenied)
                error.message += fmt::format(" (needs logs:GetLogEvents on the log group {})", stream.group);
            return std::unexpected(std::move(error));
        }
        TRY_ASSIGN(const auto* events, client.require_array(*answer, "events"));
        auto token = find_string(*answer, "nextBackwardToken");
        if (!events->empty() || again || !token) return messages_of(*events);
        request["nextToken"] = *std::move(token);
    }
}

}  // namespace ci_lambda
