#include "services/aws/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

/// What the SDKs' standard retry mode calls throttling (botocore, retries/standard.py).
constexpr std::array<std::string_view, 13> kThrottlingCodes{"Throttling",
                                                            "ThrottlingException",
                                                            "ThrottledException",
                                                            "RequestThrottled",
                                                            "RequestThrottledException",
                                                            "TooManyRequestsException",
                                                            "RequestLimitExceeded",
                                                            "BandwidthLimitExceeded",
                                                            "LimitExceededException",
                                                            "SlowDown",
                                                            "EC2ThrottledException",
                                                            "ProvisionedThroughputExceededException",
                                                            "PriorRequestNotComplete"};

constexpr std::array<std::string_view, 3> kExpiredCodes{"ExpiredTokenException", "ExpiredToken", "RequestExpired"};

constexpr std::array<std::string_view, 6> kBadCredentialCodes{
    "UnrecognizedClientException",         "InvalidSignatureException",    "InvalidClientTokenId",
    "MissingAuthenticationTokenException", "IncompleteSignatureException", "SignatureDoesNotMatch"};

/// Of a service that does not know the operation: one that is older, or somebody else's. It will not learn it soon.
constexpr std::array<std::string_view, 5> kNoSuchOperationCodes{
    "UnknownOperationException", "UnknownOperation", "NotImplemented", "NotImplementedException", "InvalidAction"};
constexpr int kNotImplemented = 501;

ErrorKind kind_of(const AwsService& service, std::string_view code, int status) {
    const auto is_in = [&](const auto& codes) { return std::ranges::find(codes, code) != codes.end(); };
    if (is_in(kThrottlingCodes) || status == 429) return ErrorKind::kThrottled;
    if (is_in(kNoSuchOperationCodes) || status == kNotImplemented) return ErrorKind::kRejected;
    if (status >= 500 || code == "ServerException") return ErrorKind::kServer;
    if (code == "RequestTimeout" || code == "RequestTimeoutException") return ErrorKind::kTimeout;
    if (is_in(kExpiredCodes)) return ErrorKind::kExpiredCredentials;
    if (is_in(kBadCredentialCodes)) return ErrorKind::kCredentials;
    // SNS calls it AuthorizationError.
    if (code == "AccessDeniedException" || code == "AccessDenied" || code == "AuthorizationError")
        return ErrorKind::kAccessDenied;
    if (is_in(service.not_found_codes)) return ErrorKind::kNotFound;
    if (status >= 400) return ErrorKind::kRejected;
    return ErrorKind::kProtocol;  // a redirect, an empty 200: not an answer of AWS
}

/// AWS's own names are shorter. A proxy may send anything.
constexpr std::size_t kLongestCode = 100;
constexpr std::size_t kLongestMessage = 2000;

/// `com.amazonaws#Name:http://..` -> `Name` (botocore, parsers.py, BaseJSONParser).
std::string bare_error_code(std::string_view type) {
    type = type.substr(0, type.find(':'));
    if (const auto hash = type.find('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
    return one_line(type, kLongestCode);
}

/// `<Error><Code>..` of S3, `<ErrorResponse><Error><Code>..` of the query protocol; a page of HTML is neither.
bool is_xml_error(std::string_view body) {
    body = body.substr(0, 500);
    return body.contains("<Error>") || body.contains("<ErrorResponse");
}

struct Said {
    std::string code;
    std::string message;
};

Said said_by(const HttpResponse& response) {
    Said said;
    const auto body = sanitize_utf8(response.body);
    if (const auto json = parse_json(body); json && json->is_object()) {
        // `{"Error":{"Code","Message"}}`: of the query protocol, as STS has it in JSON.
        const auto* inner = find(*json, "Error");
        const bool of_query = inner != nullptr && inner->is_object();
        const auto& at = of_query ? *inner : *json;
        said.code = bare_error_code(find_string(at, of_query ? "Code" : "__type").value_or(""));
        said.message = find_string(at, "message").value_or(find_string(at, "Message").value_or(""));
    } else if (is_xml_error(body)) {
        said = {.code = bare_error_code(text_of_element(body, "Code")), .message = text_of_element(body, "Message")};
    } else {
        said.message = body_in_words(response.body, 200);
    }
    if (said.code.empty()) {
        if (const auto* type = response.header("x-amzn-errortype")) said.code = bare_error_code(*type);
    }
    return said;
}

}  // namespace

Error aws_error(const AwsService& service, const HttpResponse& response) {
    auto [code, message] = said_by(response);
    Error error{
        .kind = kind_of(service, code, response.status), .code = std::move(code), .http_status = response.status};
    error.message = error.code.empty() ? fmt::format("HTTP {}", response.status) : error.code;
    if (!message.empty()) error.message += ": " + one_line(message, kLongestMessage);
    if (response.status >= 300 && response.status < 400)
        error.message += fmt::format(" (a redirect, which is not followed: check {})", service.endpoint_variable);
    // A 5xx may come from a proxy after the service has acted.
    error.outcome_unknown = error.kind == ErrorKind::kServer;
    return error;
}

}  // namespace ci_lambda
