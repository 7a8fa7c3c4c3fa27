#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// What every channel over HTTP needs; all of it must outlive the channel.
struct ChannelTools {
    HttpClient& http;
    const Clock& clock;
    Sleeper& sleeper;
};

/// One message to a channel.
struct Posting {
    std::string_view to;            ///< in errors: "Slack"
    std::string_view log_name;      ///< in log lines, instead of the URL: "slack webhook"
    const Secret& url;              ///< all of it but the host may be a secret
    const std::string& body;        ///< JSON
    std::vector<Secret> secrets{};  ///< what else an answer may repeat
    /// Sent twice, it is the same to the receiver: then it is sent again also where it may have arrived.
    bool has_key = false;
    bool any_success = true;  ///< every 2xx is one; else 200 alone
    /// What there is to do when nothing takes messages there any more (401, 403, 404, 410).
    std::string way_out{};
    /// Made anew for each try, beside the content type.
    std::function<std::vector<HttpHeader>()> headers{};
};

/// Posts it, and tries 5xx and what never arrived again, briefly and before the deadline. 429 is no failure: it is
/// handed on for how long the channel wants to be left alone, by its header `Retry-After` or the `retry_after` of its
/// JSON, whichever is longer; so are 502, 503 and 504 of a posting with a key where they say it. Redirects are refused.
/// Errors hold neither the URL nor a secret, also where an answer repeats them.
[[nodiscard]] Result<NotificationChannel::Answer> post(const Posting& posting, ChannelTools tools, Deadline deadline);

}  // namespace ci_lambda
