#include "services/lambda/client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "net/url.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 1> kNoSuchFunction{"ResourceNotFoundException"};
constexpr std::string_view kGetFunctionConfiguration = "GetFunctionConfiguration";
constexpr std::string_view kInvoke = "Invoke";

std::string arn_of(std::string_view name, std::string_view region) {
    if (name.starts_with("arn:")) return std::string(name);
    return fmt::format("arn:{}:lambda:{}:*:function:{}", partition_of(region), region, name);
}

/// Of a function by its name or ARN: one segment of the path, whatever is in it.
std::string path_of(const std::string& name, std::string_view what) {
    return fmt::format("/2015-03-31/functions/{}/{}", escape_component(name), what);
}

/// What Lambda says instead of the variables when it cannot decrypt them.
Status check_environment(const Json& environment, std::string_view arn) {
    const Json* error = find(environment, "Error");
    if (error == nullptr) return {};
    const auto code = find_string(*error, "ErrorCode").value_or("");
    const auto message = find_string(*error, "Message").value_or("");
    return std::unexpected(Error{
        .kind = ErrorKind::kAccessDenied,
        .message =
            fmt::format("the environment of {} cannot be read: {}: {} (needs kms:Decrypt on the key of the function)",
                        arn, one_line(code, 100), one_line(message, 500)),
        .code = code});
}

}  // namespace

constinit const AwsService kLambdaService{.name = "lambda",
                                          .title = "Lambda",
                                          .host = "lambda",
                                          .signing_name = "lambda",
                                          .endpoint_variable = "AWS_ENDPOINT_URL_LAMBDA",
                                          .not_found_codes = kNoSuchFunction};

LambdaClient::LambdaClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                           const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kLambdaService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<LambdaFunction> LambdaClient::get_function(const std::string& name, Deadline deadline) {
    const AwsCall call{.operation = kGetFunctionConfiguration, .method = "GET", .path = path_of(name, "configuration")};
    auto answer = client_.parse_read(kGetFunctionConfiguration, client_.make(call, deadline));
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.kind == ErrorKind::kAccessDenied)
            error.message +=
                fmt::format(" (needs lambda:GetFunctionConfiguration on {})", arn_of(name, client_.options().region));
        return std::unexpected(std::move(error));
    }
    LambdaFunction function{.arn = find_string(*answer, "FunctionArn").value_or(""), .region = {}, .variables = {}};
    if (function.arn.empty())
        return fail(ErrorKind::kProtocol, "Lambda's answer to GetFunctionConfiguration names no function");
    function.region = region_of_arn(function.arn);
    const Json* environment = find(*answer, "Environment");
    if (environment == nullptr) return function;
    TRY(check_environment(*environment, function.arn));
    if (const Json* variables = find(*environment, "Variables"); variables != nullptr && variables->is_object())
        for (const auto& [variable, value] : variables->items())
            if (value.is_string()) function.variables[variable] = value.get<std::string>();
    return function;
}

Status LambdaClient::invoke_later(const std::string& name, std::string event, Deadline deadline) {
    const AwsCall call{.operation = kInvoke,
                       .body = std::move(event),
                       .repeatable = AwsCall::Repeatable::kNo,
                       .path = path_of(name, "invocations"),
                       .headers = {{.name = "Content-Type", .value = "application/json"},
                                   {.name = "X-Amz-Invocation-Type", .value = "Event"}},
                       .is_accepted = true};
    auto answer = client_.make(call, deadline);
    if (answer) return {};
    auto error = std::move(answer).error();
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(" (needs lambda:InvokeFunction on {})", arn_of(name, client_.options().region));
    return std::unexpected(std::move(error));
}

}  // namespace ci_lambda
