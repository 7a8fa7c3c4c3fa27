#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/ecs/client.hpp"

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

/// Of an ECS that does not know the operation: one that is older, or somebody else's. It will not learn it soon.
constexpr std::array<std::string_view, 5> kNoSuchOperationCodes{
    "UnknownOperationException", "UnknownOperation", "NotImplemented", "NotImplementedException", "InvalidAction"};
constexpr int kNotImplemented = 501;

ErrorKind kind_of(std::string_view code, int status) {
    const auto is_in = [&](const auto& codes) { return std::ranges::find(codes, code) != codes.end(); };
    if (is_in(kThrottlingCodes) || status == 429) return ErrorKind::kThrottled;
    if (is_in(kNoSuchOperationCodes) || status == kNotImplemented) return ErrorKind::kRejected;
    if (status >= 500 || code == "ServerException") return ErrorKind::kServer;
    if (code == "RequestTimeout" || code == "RequestTimeoutException") return ErrorKind::kTimeout;
    if (is_in(kExpiredCodes)) return ErrorKind::kExpiredCredentials;
    if (is_in(kBadCredentialCodes)) return ErrorKind::kCredentials;
    if (code == "AccessDeniedException" || code == "AccessDenied") return ErrorKind::kAccessDenied;
    if (code == "ServiceNotFoundException" || code == "ClusterNotFoundException") return ErrorKind::kNotFound;
    if (status >= 400) return ErrorKind::kRejected;
    return ErrorKind::kProtocol;  // a redirect, an empty 200: not an answer of ECS
}

/// ECS's own names are shorter. A proxy may send anything.
constexpr std::size_t kLongestCode = 100;
constexpr std::size_t kLongestMessage = 2000;

/// `com.amazonaws#Name:http://..` -> `Name` (botocore, parsers.py, BaseJSONParser).
std::string bare_error_code(std::string_view type) {
    type = type.substr(0, type.find(':'));
    if (const auto hash = type.find('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
    return truncate_utf8(type, kLongestCode);
}

}  // namespace

Error ecs_error(const HttpResponse& response) {
    std::string code;
    std::string message;
    if (const auto body = parse_json(sanitize_utf8(response.body)); body && body->is_object()) {
        code = bare_error_code(find_string(*body, "__type").value_or(""));
        message = find_string(*body, "message").value_or(find_string(*body, "Message").value_or(""));
    } else {
        message = body_in_words(response.body, 200);
    }
    if (code.empty()) {
        if (const auto* type = response.header("x-amzn-errortype")) code = bare_error_code(*type);
    }
    Error error{.kind = kind_of(code, response.status), .code = code, .http_status = response.status};
    error.message = code.empty() ? fmt::format("HTTP {}", response.status) : code;
    if (!message.empty()) error.message += ": " + one_line(message, kLongestMessage);
    if (response.status >= 300 && response.status < 400)
        error.message += " (a redirect, which is not followed: check AWS_ENDPOINT_URL_ECS)";
    // A 5xx may come from a proxy after ECS has acted.
    error.maybe_done = error.kind == ErrorKind::kServer;
    return error;
}

}  // namespace ci_lambda
