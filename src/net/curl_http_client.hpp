#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/http.hpp"

namespace ci_lambda {

/// libcurl behind `HttpClient`: one curl_multi for all, driven by the threads that call `send()` and by no thread of
/// its own (docs/adr/0007); a bounded number of connections per host, kept for the next request.
///
/// A kept connection is trusted for `kMaxIdle` of wall-clock time only. Lambda freezes the process between
/// invocations, and the other side or a NAT gateway drops the connection meanwhile without a word; a request that
/// must not happen twice would then be in doubt. After a longer pause all connections are made anew.
///
/// Redirects are never followed, certificates are always verified. Clock and logger must outlive it. When `send()` has
/// returned, nothing of its request goes on; all calls must have returned before the client is destroyed.
class CurlHttpClient final : public HttpClient {
public:
    static constexpr Milliseconds kMaxIdle{15000};
    /// More would not be faster, because of ECS's quotas (docs/adr/0003).
    static constexpr long kMaxConnectionsPerHost = 8;

    struct Options {
        /// The PEM file for `Trust::kSystem`; absent: HTTPS requests of that kind fail, saying so.
        std::optional<std::string> ca_bundle = {};
        /// AWS_CA_BUNDLE was given: it also takes the place of the built-in roots.
        bool ca_bundle_overrides = false;
    };
    CurlHttpClient(Options options, const Clock& clock, const Logger& logger);
    ~CurlHttpClient() override;

    Result<HttpResponse> send(const HttpRequest& request) override;
    /// All on the calling thread.
    std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests) override;

private:
    class Multi;
    std::unique_ptr<Multi> multi_;
};

/// The PEM file with the roots to trust: `configured` (AWS_CA_BUNDLE), SSL_CERT_FILE, then the first of `candidates`
/// that exists. `nullopt` when there is none. Fails (kConfiguration) when one of
/// the two variables names a file that cannot be read: trusting something else instead would be a surprise.
[[nodiscard]] Result<std::optional<std::string>> find_ca_bundle(const std::optional<std::string>& configured,
                                                                const Environment& environment,
                                                                const std::vector<std::string>& candidates);

/// Where distributions keep their bundle: Amazon Linux (and so Lambda) first, then Debian, Alpine and the BSDs.
[[nodiscard]] std::vector<std::string> usual_ca_bundles();

}  // namespace ci_lambda
