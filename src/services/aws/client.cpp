#include "services/aws/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/aws/error.hpp"

namespace ci_lambda {
namespace {

/// Of one call. AWS answers within a second or two; a call that takes longer is lost.
constexpr Milliseconds kCallTimeout{15000};

/// A list that goes on for longer than this is a loop in the answers, not a list.
constexpr int kMaxPages = 1000;

constexpr int kOk = 200;
constexpr int kAccepted = 202;
constexpr int kNotModified = 304;

/// `https://HOST` with `prefix` in front of the host.
std::string with_host_prefix(std::string endpoint, std::string_view prefix) {
    const auto scheme_end = endpoint.find("://");
    if (!prefix.empty() && scheme_end != std::string::npos) endpoint.insert(scheme_end + 3, prefix);
    return endpoint;
}

}  // namespace

AwsClient::AwsClient(const AwsService& service, AwsEndpointOptions options, HttpClient& http,
                     CredentialsProvider& credentials, const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : service_(service),
      options_(std::move(options)),
      endpoint_(aws_endpoint(service, options_)),
      trust_(options_.endpoint || !signed_by_amazon(options_.region) ? Trust::kSystem : Trust::kAmazonRoots),
      http_(http),
      credentials_(credentials),
      clock_(clock),
      turns_(service, clock, sleeper, logger) {}

Result<HttpRequest> AwsClient::request_for(const AwsCall& call, Deadline deadline) {
    if (!call.has_turn) TRY(turns_.wait_for_turn(call.operation, deadline));
    TRY_ASSIGN(auto credentials, credentials_.get());
    auto headers = call.headers;
    if (!service_.target_prefix.empty()) {
        headers.reserve(headers.size() + 2);
        headers.push_back({.name = "Content-Type", .value = std::string(service_.content_type)});
        headers.push_back(
            {.name = "X-Amz-Target", .value = fmt::format("{}{}", service_.target_prefix, call.operation)});
    }
    return HttpRequest{
        .method = std::string(call.method),
        .url = Secret(with_host_prefix(endpoint_, call.host_prefix) + call.path +
                      (call.query.empty() ? "" : '?' + call.query)),
        .log_name = fmt::format("{} {}", service_.name, call.operation),
        .headers = std::move(headers),
        .body = call.body,
        .signing = Signing{.region = options_.region,
                           .service = std::string(service_.signing_name),
                           .credentials = std::move(credentials),
                           .path = service_.signing_path},
        .trust = trust_,
        .timeout = deadline.clamp(clock_, kCallTimeout),
        .idempotent = call.repeatable == AwsCall::Repeatable::kYes,
        .body_in_log = service_.body_in_log,
    };
}

Result<HttpResponse> AwsClient::answer_of(const AwsCall& call, Result<HttpResponse> response) {
    if (!response) return response;
    if (response->status == kOk || (call.is_accepted && response->status == kAccepted) ||
        (call.accepts_not_modified && response->status == kNotModified)) {
        turns_.succeeded(call.operation);
        return response;
    }
    auto error = aws_error(service_, *response);
    if (service_.explain != nullptr) service_.explain(error, call, *response);
    if (error.kind == ErrorKind::kThrottled) turns_.throttled(call.operation);
    return std::unexpected(with_context(std::move(error), fmt::format("{} {}", service_.name, call.operation)));
}

std::vector<Result<HttpResponse>> AwsClient::make(std::span<const AwsCall> calls, Deadline deadline) {
    std::vector<Result<HttpResponse>> answers(calls.size());
    std::vector<std::size_t> todo;  // the calls that are still to be answered
    for (std::size_t i = 0; i < calls.size(); ++i) todo.push_back(i);
    for (bool renewed = false; !todo.empty(); renewed = true) {
        std::vector<HttpRequest> requests;
        std::vector<std::size_t> sent;  // whose they are
        for (const auto i : todo) {
            if (auto request = request_for(calls[i], deadline)) {
                requests.push_back(*std::move(request));
                sent.push_back(i);
            } else {
                answers[i] = std::unexpected(std::move(request).error());
            }
        }
        auto responses = http_.send_all(requests);
        todo.clear();
        for (std::size_t k = 0; k < sent.size(); ++k) {
            auto& answer = answers[sent[k]] = answer_of(calls[sent[k]], std::move(responses[k]));
            if (!answer && answer.error().kind == ErrorKind::kExpiredCredentials && !renewed) todo.push_back(sent[k]);
        }
        if (!todo.empty())
            credentials_.invalidate();  // AWS has refused the call, so making it again does nothing twice
    }
    return answers;
}

Result<HttpResponse> AwsClient::make(const AwsCall& call, Deadline deadline) {
    return std::move(make(std::span(&call, 1), deadline).front());
}

Result<Json> AwsClient::parse(std::string_view operation, const HttpResponse& response) const {
    auto json = parse_json(response.body);
    // A message in another charset must not cost the answer around it.
    if (!json) json = parse_json(sanitize_utf8(response.body));
    if (!json)
        return std::unexpected(
            with_context(json.error(), fmt::format("{}'s answer to {} is not understood", service_.title, operation)));
    return json;
}

Result<Json> AwsClient::parse_read(std::string_view operation, Result<HttpResponse> response) const {
    if (!response) {
        response.error().outcome_unknown = false;  // what may be sent again has done nothing that counts
        return std::unexpected(std::move(response).error());
    }
    return parse(operation, *response);
}

Result<Json> AwsClient::read(std::string_view operation, const Json& request, Deadline deadline) {
    return parse_read(operation, make({.operation = operation, .body = dump_json(request)}, deadline));
}

Result<const Json*> AwsClient::require_array(const Json& answer, std::string_view key) const {
    const Json* array = find(answer, key);
    if (array == nullptr || !array->is_array())
        return fail(ErrorKind::kProtocol, fmt::format("{}'s answer has no list \"{}\"", service_.title, key));
    return array;
}

Status AwsClient::read_pages(std::string_view operation, Json request, Result<HttpResponse> first,
                             std::string_view member, Deadline deadline,
                             const std::function<Pages(const Json& items)>& on_page) {
    auto answer = parse_read(operation, std::move(first));
    for (int page = 0; page < kMaxPages; ++page) {
        if (!answer) return std::unexpected(std::move(answer).error());
        TRY_ASSIGN(const auto* items, require_array(*answer, member));
        const auto next = find_string(*answer, "nextToken").value_or("");
        if (on_page(*items) == Pages::kEnough || next.empty()) break;
        request["nextToken"] = next;
        answer = read(operation, request, deadline);
    }
    return {};
}

}  // namespace ci_lambda
