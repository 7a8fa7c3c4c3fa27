#include "sandbox/runtime/runtime_api.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

using Acceptance = Invocations::Acceptance;

/// Payload limits (Lambda developer guide, "Lambda quotas"; the 100 bytes are the emulator's).
constexpr std::size_t kMaxPayload = (std::size_t{6} * 1024 * 1024) + 100;
constexpr std::size_t kMaxAsyncPayload = std::size_t{1024} * 1024;

std::string error_body(std::string_view type, std::string_view message) {
    return dump_json({{"errorType", type}, {"errorMessage", message}});
}

HttpExchangeAnswer runtime_error(int status, std::string_view type, std::string_view message) {
    return {.status = status, .body = error_body(type, message)};
}

HttpExchangeAnswer to_answer(Acceptance acceptance) {
    switch (acceptance) {
        case Acceptance::kAccepted: return {.status = 202, .body = R"({"status":"OK"})"};
        case Acceptance::kUnknownId: return runtime_error(400, "InvalidRequestID", "Invalid request ID");
        case Acceptance::kWrongState: return runtime_error(403, "InvalidStateTransition", "Already answered");
    }
    return {.status = 500, .body = {}};
}

/// An error as the function reports it; the type is in a header, and in the body for whoever invoked it.
FunctionFailure reported_failure(const HttpExchangeRequest& request) {
    FunctionFailure failure{.type = request.header("lambda-runtime-function-error-type"), .body = request.body};
    const auto body = parse_json(request.body);
    if (failure.type.empty() && body) failure.type = find_string(*body, "errorType").value_or("");
    if (failure.type.empty()) failure.type = "Runtime.Unknown";
    if (!body) failure.body = error_body(failure.type, request.body);
    return failure;
}

HttpExchangeAnswer next(Invocations& invocations, const std::string& function) {
    const auto next = invocations.next();
    if (next.handover == Invocations::Handover::kWrongState)
        return runtime_error(403, "InvalidStateTransition", "The last event has not been answered");
    if (next.handover == Invocations::Handover::kReleased)
        return runtime_error(500, "ContainerError", "The sandbox has stopped");
    const auto& invocation = next.invocation;
    const auto deadline = std::chrono::duration_cast<Milliseconds>(invocation.deadline.time_since_epoch());
    const auto started = std::chrono::duration_cast<std::chrono::seconds>(invocation.started_at.time_since_epoch());
    // An X-Ray trace id is 8 hexadecimal digits of time and 24 random ones; the request id gives us those.
    std::string random;
    for (const char c : invocation.request_id)
        if (c != '-') random += c;
    return {.status = 200,
            .body = invocation.event,
            .headers = {{"Lambda-Runtime-Aws-Request-Id", invocation.request_id},
                        {"Lambda-Runtime-Deadline-Ms", fmt::format("{}", deadline.count())},
                        {"Lambda-Runtime-Invoked-Function-Arn", function},
                        {"Lambda-Runtime-Trace-Id", fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", started.count(),
                                                                random.substr(0, 24), random.substr(16, 16))}}};
}

HttpExchangeAnswer take_response(Invocations& invocations, const HttpExchangeRequest& request) {
    const std::string& id = request.captures[0];
    if (request.body.size() <= kMaxPayload) return to_answer(invocations.answer(id, request.body));
    const auto acceptance = invocations.fail(
        id, make_failure(
                "Function.ResponseSizeTooLarge",
                fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", kMaxPayload)));
    if (acceptance != Acceptance::kAccepted) return to_answer(acceptance);
    return runtime_error(413, "RequestEntityTooLarge", "The answer is larger than 6 MB");
}

HttpExchangeAnswer lambda_error(int status, const std::string& type, std::string_view message) {
    return {.status = status,
            .body = dump_json({{"Type", "User"}, {"Message", message}, {"message", message}}),
            .headers = {{"x-amzn-ErrorType", type}}};
}

HttpExchangeAnswer wait_for_answer(Invocations& invocations, const std::string& id) {
    constexpr Milliseconds kNotForever = Invocations::kTimeout * 4;  // other events may be before this one
    const auto done = invocations.wait_done(id, kNotForever);
    if (!done) return lambda_error(500, "ServiceException", "The sandbox stopped before the function had answered.");
    HttpExchangeAnswer answer{.status = 200, .body = {}, .headers = {{"x-amzn-RequestId", id}}};
    answer.headers["X-Amz-Executed-Version"] = "$LATEST";
    if (done->failure) {
        answer.headers["X-Amz-Function-Error"] = "Unhandled";
        answer.body = done->failure->body;
    } else {
        answer.body = done->answer.value_or("");
    }
    return answer;
}

HttpExchangeAnswer invoke(Invocations& invocations, const HttpExchangeRequest& request) {
    const std::string type = request.header("x-amz-invocation-type");
    const bool is_async = type == "Event";
    const auto limit = is_async ? kMaxAsyncPayload : kMaxPayload;
    if (request.body.size() > limit)
        return lambda_error(413, "RequestTooLargeException",
                            fmt::format("Request must be smaller than {} bytes for the Invoke operation", limit));
    const std::string event = request.body.empty() ? "{}" : request.body;  // as the emulator has it
    if (const auto parsed = parse_json(event); !parsed)
        return lambda_error(400, "InvalidRequestContentException",
                            fmt::format("Could not parse request body into json: {}", parsed.error().message));
    if (type == "DryRun") return {.status = 204, .body = {}};
    const auto id = invocations.enqueue(event);
    if (!id) return lambda_error(429, "TooManyRequestsException", kTooManyWait);
    if (is_async) return {.status = 202, .body = {}, .headers = {{"x-amzn-RequestId", *id}}};
    return wait_for_answer(invocations, *id);
}

}  // namespace

void add_runtime_api(HttpServer& server, Invocations& invocations, std::string function) {
    const std::string base = "/2018-06-01/runtime";
    server.get(base + "/invocation/next", [&invocations, name = std::move(function)](const HttpExchangeRequest&) {
        return next(invocations, name);
    });
    server.post(base + "/invocation/([^/]+)/response",
                [&](const HttpExchangeRequest& request) { return take_response(invocations, request); });
    server.post(base + "/invocation/([^/]+)/error", [&](const HttpExchangeRequest& request) {
        return to_answer(invocations.fail(request.captures[0], reported_failure(request)));
    });
    server.post(base + "/init/error", [&](const HttpExchangeRequest& request) {
        invocations.init_failed(reported_failure(request));
        return to_answer(Acceptance::kAccepted);
    });
}

void add_invoke_api(HttpServer& server, Invocations& invocations) {
    server.post("/2015-03-31/functions/([^/]+)/invocations",
                [&](const HttpExchangeRequest& request) { return invoke(invocations, request); });
}

}  // namespace ci_lambda::sandbox
