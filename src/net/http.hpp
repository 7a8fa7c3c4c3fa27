#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// AWS credentials. The key id is public; the rest prints as `***`.
struct Credentials {
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;                ///< empty for long-lived keys
    std::optional<WallTime> expires_at;  ///< absent: does not expire, or nobody said
    std::string account_id = {};         ///< empty: nobody said
};

/// How a signature takes the path of a request.
enum class SigningPath {
    kEscapedAgain,  ///< all services but one
    kAsSent,        ///< S3, which also wants the hash of the body in a header of its own
};

/// Asks for an AWS Signature Version 4 over the request.
struct Signing {
    std::string region;
    std::string service;  ///< signing name: "ecs"
    Credentials credentials;
    SigningPath path = SigningPath::kEscapedAgain;
};

/// Whose certificates an HTTPS request believes.
enum class Trust {
    kSystem,       ///< the bundle of AWS_CA_BUNDLE or of the system
    kAmazonRoots,  ///< Amazon's own roots, which are built in; AWS_CA_BUNDLE goes first where it is set
};

struct HttpHeader {
    std::string name;
    std::string value;
};

struct HttpRequest {
    std::string method = "GET";       ///< GET, POST, PUT or DELETE
    Secret url;                       ///< a webhook's URL is a credential, so every URL is treated as one
    std::string log_name;             ///< what logs call the request instead of the URL: "ecs UpdateService"
    std::vector<HttpHeader> headers;  ///< all of them are signed when `signing` is set; none may be empty
    std::string body;
    std::optional<Signing> signing;
    Trust trust = Trust::kSystem;
    Milliseconds timeout{15000};         ///< for the whole exchange
    Milliseconds connect_timeout{3100};  ///< the AWS SDKs' default across regions
    /// False for what must not happen twice: it is never sent again behind the caller's back, not even on a kept
    /// connection that turns out to be dead.
    bool idempotent = true;
    /// What a debug line shows of a body, the request's and its answer's, where they may hold secrets; absent: all of
    /// it.
    std::string (*body_in_log)(std::string_view body) = nullptr;
    std::size_t max_response_bytes = std::size_t{8} * 1024 * 1024;
};

struct HttpResponse {
    int status = 0;
    std::vector<HttpHeader> headers;
    std::string body;

    /// First header of that name, any case; nullptr if there is none.
    [[nodiscard]] const std::string* header(std::string_view name) const;
};

/// For `HttpRequest::body_in_log`: nothing but the size.
[[nodiscard]] std::string size_only(std::string_view body);

/// What a body says that is not what was expected, on one line: the title of an HTML page (a proxy's), else its
/// beginning.
[[nodiscard]] std::string body_in_words(std::string_view body, std::size_t max_characters);

/// Sends requests. Any HTTP status is a response; an error means that there was none (kTimeout, kConnection, kTls,
/// kProtocol), and `outcome_unknown` then says whether the request may have been carried out. Thread-safe, blocking.
class HttpClient {
public:
    HttpClient() = default;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    virtual ~HttpClient() = default;
    virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
    /// Sends all of them, at the same time where the client can, and returns when each has ended: one result for each
    /// request, in their order.
    virtual std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests) {
        std::vector<Result<HttpResponse>> results;
        for (const auto& request : requests) results.push_back(send(request));
        return results;
    }
};

}  // namespace ci_lambda
