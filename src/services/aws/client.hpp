#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/endpoint.hpp"
#include "services/aws/rate_limiter.hpp"
#include "services/aws/service.hpp"

namespace ci_lambda {

/// One call of an AWS API. What is not given is that of AWS JSON.
struct AwsCall {
    enum class Repeatable { kYes, kNo };

    std::string_view operation;  ///< lives until the call has ended
    std::string body = {};
    Repeatable repeatable = Repeatable::kYes;
    bool has_turn = false;  ///< the caller has waited for it

    // REST:
    std::string_view method = "POST";
    std::string path = "/";        ///< escaped for the URL, without a query
    std::string query = {};        ///< escaped for the URL: "groupName=default&.."; empty for none
    std::string host_prefix = {};  ///< in front of the endpoint's host: "bucket."
    std::vector<HttpHeader> headers = {};
    bool accepts_not_modified = false;  ///< 304 is an answer, and no error
    bool is_accepted = false;           ///< 202 is the answer: what is asked for is still to come
};

/// Calls one AWS API over HTTP: signs with SigV4, waits for its turn where the account's quotas ask for it (and fails
/// with kDeadline when that would be too late), fetches credentials anew once when AWS calls them expired, and turns
/// refusals into errors that begin with "ecs UpdateService: ". Retries nothing else: `Error::retryable()` says whether
/// that makes sense (`with_retries`). Thread-safe.
/// Service, HTTP client, credentials, clock, sleeper and logger must outlive it.
class AwsClient {
public:
    AwsClient(const AwsService& service, AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
              const Clock& clock, Sleeper& sleeper, const Logger& logger);

    /// Makes calls at the same time, on the calling thread; their answers (200, or 304 where that is one), in their
    /// order.
    std::vector<Result<HttpResponse>> make(std::span<const AwsCall> calls, Deadline deadline);
    Result<HttpResponse> make(const AwsCall& call, Deadline deadline);

    [[nodiscard]] RateLimiter& turns() { return turns_; }
    [[nodiscard]] const AwsEndpointOptions& options() const { return options_; }

    // AWS JSON and REST-JSON:

    /// The answer as JSON; the error (kProtocol) names the operation.
    [[nodiscard]] Result<nlohmann::json> parse(std::string_view operation, const HttpResponse& response) const;
    /// The same of a call that changes nothing, of which no failure is one that "may have been carried out".
    [[nodiscard]] Result<nlohmann::json> parse_read(std::string_view operation, Result<HttpResponse> response) const;
    /// One call that changes nothing.
    Result<nlohmann::json> read(std::string_view operation, const nlohmann::json& request, Deadline deadline);

    /// The member `key`, which must be a list.
    [[nodiscard]] Result<const nlohmann::json*> require_array(const nlohmann::json& answer, std::string_view key) const;

    enum class Pages { kEnough, kMore };
    /// The items of the list `member`, page by page; `first` is the answer that has the first one. `on_page` says
    /// whether it wants another one.
    Status read_pages(std::string_view operation, nlohmann::json request, Result<HttpResponse> first,
                      std::string_view member, Deadline deadline,
                      const std::function<Pages(const nlohmann::json& items)>& on_page);

private:
    /// Waits for its turn.
    Result<HttpRequest> request_for(const AwsCall& call, Deadline deadline);
    Result<HttpResponse> answer_of(const AwsCall& call, Result<HttpResponse> response);

    const AwsService& service_;
    AwsEndpointOptions options_;
    std::string endpoint_;
    Trust trust_;
    HttpClient& http_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    RateLimiter turns_;
};

}  // namespace ci_lambda
