#include "services/states/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kStartExecution = "StartExecution";
constexpr std::string_view kDescribeExecution = "DescribeExecution";
constexpr std::string_view kListExecutions = "ListExecutions";
constexpr std::string_view kStopExecution = "StopExecution";
constexpr std::string_view kRedriveExecution = "RedriveExecution";

constexpr std::array<std::string_view, 3> kNotFoundCodes{"ExecutionDoesNotExist", "StateMachineDoesNotExist",
                                                         "ResourceNotFound"};
constexpr std::string_view kAlreadyExists = "ExecutionAlreadyExists";

// "Quotas related to API action throttling" in the developer guide: those of the regions that have less.
constexpr std::array kStarts{kStartExecution};
constexpr std::array<QuotaGroup, 1> kQuotas{{
    {"StartExecution", {.burst = 800, .per_second = 150}, kStarts},
}};

constexpr std::size_t kLongestError = 256;
constexpr std::size_t kLongestCause = 32'768;
constexpr std::size_t kLargestPage = 1000;

/// A million of open executions, or a key that is busy: both heal, and neither has the usual code.
void some_limits_heal(Error& error, const AwsCall& /*call*/, const HttpResponse& /*response*/) {
    if (error.code == "ExecutionLimitExceeded") error.kind = ErrorKind::kBusy;
    if (error.code == "KmsThrottlingException") error.kind = ErrorKind::kThrottled;
}

/// Names the permission.
std::unexpected<Error> explained_states(Error error, std::string_view operation, std::string_view resource) {
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(" (needs states:{} on {})", operation, resource);
    return std::unexpected(std::move(error));
}

Result<ListedExecution> read_execution(const Json& execution) {
    ListedExecution read{.arn = find_string(execution, "executionArn").value_or(""),
                         .name = find_string(execution, "name").value_or("")};
    const auto word = find_string(execution, "status").value_or("");
    const auto status = execution_status_of(word);
    const auto started = find_epoch_seconds(execution, "startDate");
    if (read.arn.empty() || !status || !started)
        return fail(ErrorKind::kProtocol, fmt::format("Step Functions' answer has an execution that is not understood "
                                                      "(\"{}\", with the status \"{}\")",
                                                      one_line(read.arn, 200), one_line(word, 100)));
    // What it says of itself always ends with the name, which DescribeExecution need not give.
    if (read.name.empty()) read.name = read.arn.substr(read.arn.rfind(':') + 1);
    read.status = *status;
    read.started = *started;
    read.stopped = find_epoch_seconds(execution, "stopDate");
    return read;
}

}  // namespace

constinit const AwsService kStatesService{.name = "stepfunctions",
                                          .title = "Step Functions",
                                          .host = "states",
                                          .signing_name = "states",
                                          .endpoint_variable = "AWS_ENDPOINT_URL_SFN",
                                          .target_prefix = "AWSStepFunctions.",
                                          .content_type = "application/x-amz-json-1.0",
                                          .not_found_codes = kNotFoundCodes,
                                          .quotas = kQuotas,
                                          .explain = &some_limits_heal,
                                          .always_fips_in_us_gov_west_1 = true,
                                          .dualstack_says_fips_in_govcloud = true};

StatesClient::StatesClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                           const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kStatesService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<StateMachines::Start> StatesClient::start(const std::string& machine, const std::string& name,
                                                 const std::string& input, Deadline deadline) {
    const auto arn = execution_arn(machine, name);
    if (!arn)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("\"{}\" is not the ARN of a state machine", one_line(machine, 200)));
    const Json request{{"stateMachineArn", machine}, {"name", name}, {"input", input}};
    auto answer = client_.make({.operation = kStartExecution, .body = dump_json(request)}, deadline);
    if (!answer) {
        if (answer.error().code == kAlreadyExists) return Start{.begun = Begun::kNameIsTaken, .execution = *arn};
        return explained_states(std::move(answer).error(), kStartExecution, machine);
    }
    TRY_ASSIGN(const auto json, client_.parse(kStartExecution, *answer));
    return Start{.begun = Begun::kRuns, .execution = find_string(json, "executionArn").value_or(*arn)};
}

Result<Execution> StatesClient::describe(const std::string& execution, Deadline deadline) {
    auto answer = client_.read(kDescribeExecution, {{"executionArn", execution}}, deadline);
    if (!answer) return explained_states(std::move(answer).error(), kDescribeExecution, execution);
    TRY_ASSIGN(auto listed, read_execution(*answer));
    const auto* redrives = find(*answer, "redriveCount");
    const auto why = find_string(*answer, "redriveStatusReason").value_or("");
    const bool redrivable = find_string(*answer, "redriveStatus").value_or("") == "REDRIVABLE";
    return Execution{
        .listed = std::move(listed),
        .input = find_string(*answer, "input").value_or(""),
        .output = find_string(*answer, "output").value_or(""),
        .error = find_string(*answer, "error").value_or(""),
        .cause = find_string(*answer, "cause").value_or(""),
        .redrives = redrives == nullptr ? 0 : whole_number_in(*redrives, 0, 1'000'000).value_or(0),
        .redrivable = redrivable,
        .why_not_redrivable = redrivable ? std::string() : why,
    };
}

Result<std::vector<ListedExecution>> StatesClient::list(const std::string& machine,
                                                        std::optional<ExecutionStatus> status, std::size_t most,
                                                        Deadline deadline) {
    Json request{{"stateMachineArn", machine}, {"maxResults", std::clamp<std::size_t>(most, 1, kLargestPage)}};
    if (status) request["statusFilter"] = std::string(to_string(*status));
    std::vector<ListedExecution> all;
    Status understood;
    const auto done = client_.read_pages(
        kListExecutions, request, client_.make({.operation = kListExecutions, .body = dump_json(request)}, deadline),
        "executions", deadline, [&](const Json& executions) {
            for (const auto& execution : executions) {
                if (all.size() >= most) break;
                auto read = read_execution(execution);
                if (!read) {
                    understood = std::unexpected(std::move(read).error());
                    return AwsClient::Pages::kEnough;
                }
                all.push_back(*std::move(read));
            }
            return all.size() >= most ? AwsClient::Pages::kEnough : AwsClient::Pages::kMore;
        });
    if (!done) return explained_states(done.error(), kListExecutions, machine);
    TRY(std::move(understood));
    return all;
}

Status StatesClient::stop(const std::string& execution, const std::string& error, const std::string& cause,
                          Deadline deadline) {
    const Json request{{"executionArn", execution},
                       {"error", truncate_utf8(error, kLongestError)},
                       {"cause", truncate_utf8(cause, kLongestCause)}};
    auto answer = client_.make({.operation = kStopExecution, .body = dump_json(request)}, deadline);
    if (!answer) return explained_states(std::move(answer).error(), kStopExecution, execution);
    return {};
}

Status StatesClient::redrive(const std::string& execution, const std::string& token, Deadline deadline) {
    const Json request{{"executionArn", execution}, {"clientToken", token}};
    auto answer = client_.make({.operation = kRedriveExecution, .body = dump_json(request)}, deadline);
    if (!answer) return explained_states(std::move(answer).error(), kRedriveExecution, execution);
    return {};
}

}  // namespace ci_lambda
