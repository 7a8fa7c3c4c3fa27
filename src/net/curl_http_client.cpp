#include "net/curl_http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/text.hpp"
#include "net/amazon_roots.hpp"
#include "net/aws_signer.hpp"
#include "net/curl_global.hpp"
#include "net/header_line.hpp"
#include "net/owned.hpp"
#include "net/url.hpp"

namespace ci_lambda {

namespace {

/// How much of a body a debug line shows.
constexpr std::size_t kLoggedBodyCharacters = 4000;

/// What forward secrecy and authenticated encryption leave of TLS 1.2: AWS's endpoints and Slack have all of them. TLS
/// 1.3 has nothing else.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

std::string body_in_log(const HttpRequest& request, std::string_view body) {
    return truncate_utf8(request.body_in_log == nullptr ? std::string(body) : request.body_in_log(body),
                         kLoggedBodyCharacters);
}

bool is_https(const HttpRequest& request) { return to_lower(request.url.reveal().substr(0, 6)) == "https:"; }

/// Loopback and link-local addresses are this machine's own: no proxy can reach them on our behalf.
bool never_by_proxy(const std::string& host) {
    return host == "localhost" || host == "[::1]" || host == "[fd00:ec2::23]" || host.starts_with("169.254.") ||
           is_loopback_v4(host);
}

/// Who waits for requests to end.
struct Caller {
    std::size_t left = 0;             // of its requests, which are on their way
    bool drives = false;              // it is its turn to drive
    std::condition_variable woken{};  // of its own, so that no other caller wakes up for nothing
};

/// One request on its way: lives on the stack of its caller, who stays until none is left.
struct Transfer {
    const HttpRequest& request;
    Caller& caller;
    Owned<CURL, &curl_easy_cleanup> easy{curl_easy_init()};
    Owned<curl_slist, &curl_slist_free_all> headers{};
    std::array<char, CURL_ERROR_SIZE> error_text{};
    HttpResponse response{};
    int sends = 0;
    bool resend_refused = false;
    bool too_large = false;
    CURLcode code = CURLE_OK;
    WallTime began{};
    WallTime ended{};
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::size_t bytes = size * count;
    if (transfer.response.body.size() + bytes > transfer.request.max_response_bytes) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(data, bytes);
    return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    read_header_line({data, size * count}, static_cast<Transfer*>(user)->response.headers);
    return size * count;
}

/// libcurl calls this each time it is about to send the request. It sends again by itself when a kept connection
/// turns out to be dead, and it cannot know whether the other side has acted on the first one.
int on_about_to_send(void* user, char*, char*, int, int) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (++transfer.sends > 1 && !transfer.request.idempotent) {
        transfer.resend_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

Status add_header(Transfer& transfer, const std::string& name, const std::string& value) {
    // An empty value would be signed but not sent, a line break would be a second header.
    if (value.empty() || value.contains('\r') || value.contains('\n'))
        return fail(ErrorKind::kInternal,
                    fmt::format("{}: the header {} is empty or holds a line break", transfer.request.log_name, name));
    auto* longer = curl_slist_append(transfer.headers.get(), fmt::format("{}: {}", name, value).c_str());
    if (longer == nullptr) return fail(ErrorKind::kInternal, "out of memory");
    (void)transfer.headers.release();
    transfer.headers.reset(longer);
    return {};
}

/// Says exactly which roots count: libcurl's compiled-in places are another distribution's when the binary is static.
Status set_trust(Transfer& transfer, const CurlHttpClient::Options& options) {
    const auto& request = transfer.request;
    CURL* easy = transfer.easy.get();
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    if (request.trust == Trust::kAmazonRoots && !options.ca_bundle_overrides) {
        const auto pem = amazon_roots_pem();
        // libcurl's structure is not const-correct; with NOCOPY it only reads.
        const curl_blob blob{.data = const_cast<char*>(pem.data()), .len = pem.size(), .flags = CURL_BLOB_NOCOPY};
        curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    } else if (options.ca_bundle) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_bundle->c_str());
    } else if (is_https(request)) {
        return fail(
            ErrorKind::kTls,
            fmt::format("{}: no bundle of root certificates was found, so no certificate can be checked (looked "
                        "at {}); install ca-certificates, or name a PEM file in AWS_CA_BUNDLE",
                        request.log_name, join(usual_ca_bundles(), ", ")));
    }
    return {};
}

/// Adds the signature, and the Host header that it covers: what is sent is what is signed.
Status sign(Transfer& transfer, const UrlParts& url, AwsSigner& signer, WallTime now) {
    const auto& request = transfer.request;
    const auto host = url.host_and_port();
    TRY_ASSIGN(const auto added, signer.sign({.method = request.method,
                                              .host = host,
                                              .path = url.path,
                                              .query = url.query,
                                              .headers = request.headers,
                                              .body = request.body},
                                             *request.signing, now));
    TRY(add_header(transfer, "Host", host));
    for (const auto& header : added) TRY(add_header(transfer, header.name, header.value));
    return {};
}

Status set_options(Transfer& transfer, const CurlHttpClient::Options& options, const std::string& host) {
    const auto& request = transfer.request;
    CURL* easy = transfer.easy.get();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.reveal().c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A name lookup that hangs is left to its thread: to wait for that would make the resolver's timeout ours.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    // Names are asked for anew with each new connection: a host that has moved is found by the next try, not after the
    // minute for which libcurl would remember its old address.
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferSize);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ci_lambda");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::min(request.connect_timeout, request.timeout).count()));
    curl_easy_setopt(
        easy, CURLOPT_MAXAGE_CONN,
        static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(CurlHttpClient::kMaxIdle).count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_about_to_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
    TRY(set_trust(transfer, options));
    // Not left to what a distribution has built into its libraries.
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, kCiphers);
    if (never_by_proxy(host)) curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (request.method == "POST" || request.method == "PUT") {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
        if (request.method == "PUT") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
    } else if (request.method == "DELETE") {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    return {};
}

/// What OpenSSL makes of an answer that is no TLS: it takes its letters for a version, or for a length.
bool says_no_tls(std::string_view text) {
    return text.contains("wrong version number") || text.contains("packet length too long");
}

/// What may be behind an answer that is none, to plain HTTP.
std::string_view if_tls(const HttpRequest& request) {
    return is_https(request) ? "" : " (the URL says http; if the port speaks TLS, it begins with https://)";
}

Error error_of(const Transfer& transfer) {
    const auto& request = transfer.request;
    long sent_bytes = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_REQUEST_SIZE, &sent_bytes);
    const bool sent = sent_bytes > 0;
    const std::string text =
        transfer.error_text[0] != '\0' ? transfer.error_text.data() : curl_easy_strerror(transfer.code);
    const auto make = [&](ErrorKind kind, const std::string& message, bool outcome_unknown) {
        return Error{.kind = kind,
                     .message = fmt::format("{}: {}", request.log_name, message),
                     .outcome_unknown = outcome_unknown};
    };

    if (transfer.too_large)
        return make(ErrorKind::kProtocol, fmt::format("the answer is larger than {} bytes", request.max_response_bytes),
                    true);
    if (transfer.resend_refused)
        return make(ErrorKind::kConnection,
                    "the connection broke before the answer came; whether the request was "
                    "carried out is not known",
                    true);
    switch (transfer.code) {
        case CURLE_OPERATION_TIMEDOUT: return make(ErrorKind::kTimeout, text, sent);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return make(ErrorKind::kTls,
                        fmt::format("{} (if the endpoint uses a private certificate authority, name its PEM file in "
                                    "AWS_CA_BUNDLE)",
                                    text),
                        false);
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT: return make(ErrorKind::kConnection, text, false);
        case CURLE_SSL_CONNECT_ERROR:
            if (says_no_tls(text))
                return make(ErrorKind::kConnection,
                            "the URL says https, but what answers on that port speaks no TLS; if it is plain HTTP, the "
                            "URL begins with http://",
                            false);
            return make(ErrorKind::kConnection, text, false);
        case CURLE_GOT_NOTHING: return make(ErrorKind::kConnection, fmt::format("{}{}", text, if_tls(request)), sent);
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_PARTIAL_FILE: return make(ErrorKind::kConnection, text, sent);
        case CURLE_URL_MALFORMAT: return make(ErrorKind::kConfiguration, "the URL is malformed", false);
        case CURLE_UNSUPPORTED_PROTOCOL:  // of the URL, or of an answer that is no HTTP
            if (!sent) return make(ErrorKind::kConfiguration, "the URL is malformed", false);
            return make(ErrorKind::kProtocol, fmt::format("the answer is not understood: {}{}", text, if_tls(request)),
                        true);
        default: return make(ErrorKind::kProtocol, text, sent);
    }
}

}  // namespace

/// curl_multi, driven by the callers: whoever comes first drives the transfers of all until its own is done, and then
/// hands over to one who still waits. Requests of a caller who is alone thus never leave its thread.
class CurlHttpClient::Multi {
public:
    Multi(Options options, const Clock& clock, const Logger& logger)
        : options_(std::move(options)), clock_(clock), logger_(logger) {
        global_curl_init();
    }

    Multi(const Multi&) = delete;
    Multi& operator=(const Multi&) = delete;

    ~Multi() { curl_multi_cleanup(multi_); }

    Result<HttpResponse> send(const HttpRequest& request) {
        Caller caller;
        Transfer transfer{.request = request, .caller = caller};
        TRY(get_ready(transfer));
        const std::array ready{&transfer};
        carry_out(caller, ready);
        return result_of(transfer);
    }

    std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests) {
        Caller caller;
        std::deque<Transfer> transfers;  // which stay where they are
        std::vector<Status> statuses;
        std::vector<Transfer*> ready;
        for (const auto& request : requests) {
            auto& transfer = transfers.emplace_back(Transfer{.request = request, .caller = caller});
            if (statuses.emplace_back(get_ready(transfer))) ready.push_back(&transfer);
        }
        if (!ready.empty()) carry_out(caller, ready);
        std::vector<Result<HttpResponse>> results;
        for (std::size_t i = 0; i < requests.size(); ++i)
            results.push_back(statuses[i] ? result_of(transfers[i]) : std::unexpected(std::move(statuses[i]).error()));
        return results;
    }

private:
    Status get_ready(Transfer& transfer) {
        const auto& request = transfer.request;
        if (request.timeout <= Milliseconds{0})
            return fail(ErrorKind::kDeadline, fmt::format("{}: no time left to send it", request.log_name));
        const auto url = split_url(request.url.reveal());
        if (url.host.empty())
            return fail(ErrorKind::kConfiguration, fmt::format("{}: the URL is malformed", request.log_name));
        if (transfer.easy == nullptr) return fail(ErrorKind::kInternal, "libcurl gave no handle");
        for (const auto& header : request.headers) TRY(add_header(transfer, header.name, header.value));
        if (request.signing) TRY(sign(transfer, url, signer_, clock_.now()));
        TRY(set_options(transfer, options_, url.host));
        if (logger_.enabled(LogLevel::kDebug))
            logger_.debug("http request", {{"request", request.log_name},
                                           {"method", request.method},
                                           {"host", url.host},
                                           {"body", body_in_log(request, request.body)}});
        transfer.began = clock_.now();
        return {};
    }

    Result<HttpResponse> result_of(Transfer& transfer) const {
        const auto& request = transfer.request;
        const bool log = logger_.enabled(LogLevel::kDebug);
        const auto took = std::chrono::duration_cast<Milliseconds>(transfer.ended - transfer.began);
        if (transfer.code != CURLE_OK) {
            auto error = error_of(transfer);
            if (log)
                logger_.debug("http error",
                              {{"request", request.log_name}, {"error", error.message}, {"duration_ms", took.count()}});
            return std::unexpected(std::move(error));
        }
        long status = 0;
        curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
        transfer.response.status = static_cast<int>(status);
        if (log)
            logger_.debug("http answer", {{"request", request.log_name},
                                          {"status", transfer.response.status},
                                          {"duration_ms", took.count()},
                                          {"body", body_in_log(request, transfer.response.body)}});
        return std::move(transfer.response);
    }

    /// With the mutex held and nothing on its way: makes the multi, at first (a cold start needs none), and anew
    /// when its connections are stale. Wall-clock time counts, because the monotonic clock may stand still while
    /// Lambda freezes the process; a clock that went backwards proves nothing either.
    void freshen_multi() {
        const auto idle = clock_.now() - last_activity_;
        if (multi_ != nullptr && idle <= kMaxIdle && idle >= Milliseconds{0}) return;
        curl_multi_cleanup(multi_);
        multi_ = curl_multi_init();
        curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kMaxConnectionsPerHost);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxConnectionsPerHost * 2);
    }

    /// Returns when all of the caller's transfers have ended: driven by itself, or by another caller meanwhile.
    void carry_out(Caller& caller, std::span<Transfer* const> transfers) {
        std::unique_lock lock(mutex_);
        caller.left = transfers.size();
        queue_.insert(queue_.end(), transfers.begin(), transfers.end());
        if (driven_) {
            curl_multi_wakeup(multi_);
            caller.woken.wait(lock, [&] { return caller.left == 0 || caller.drives; });
            if (caller.left == 0) return;
        }
        driven_ = true;
        drive_until_done(caller, lock);
        hand_over();
    }

    /// Drives everybody's transfers until the caller's own have ended. With the mutex held, before and after; nothing
    /// may be thrown across libcurl, nor past callers who wait.
    void drive_until_done(const Caller& own, std::unique_lock<std::mutex>& lock) noexcept {
        for (;;) {
            if (active_.empty()) freshen_multi();
            std::vector<Transfer*> fresh;
            fresh.swap(queue_);
            lock.unlock();
            for (auto* transfer : fresh) begin(*transfer);
            int running = 0;
            curl_multi_perform(multi_, &running);
            collect_finished();
            if (own.left > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);  // until carry_out() wakes it, too
            lock.lock();
            if (own.left == 0) return;
        }
    }

    /// With the mutex held, by the driver whose own transfers have ended: the next one is a caller who waits anyway.
    void hand_over() {
        driven_ = !active_.empty() || !queue_.empty();
        if (!driven_) return;
        Caller& next = active_.empty() ? queue_.front()->caller : (*active_.begin())->caller;
        next.drives = true;
        next.woken.notify_one();
    }

    void begin(Transfer& transfer) {
        active_.insert(&transfer);
        if (curl_multi_add_handle(multi_, transfer.easy.get()) != CURLM_OK) finish(transfer, CURLE_FAILED_INIT);
    }

    void collect_finished() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            Transfer* transfer = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            const CURLcode code = message->data.result;  // `message` dies with the removal below
            curl_multi_remove_handle(multi_, transfer->easy.get());
            finish(*transfer, code);
        }
    }

    void finish(Transfer& transfer, CURLcode code) {
        active_.erase(&transfer);
        const std::scoped_lock lock(mutex_);
        last_activity_ = clock_.now();
        transfer.code = code;
        transfer.ended = last_activity_;
        auto& caller = transfer.caller;
        if (--caller.left == 0) caller.woken.notify_one();  // when the mutex is free, it destroys the transfer
    }

    Options options_;
    const Clock& clock_;
    const Logger& logger_;
    AwsSigner signer_;
    std::mutex mutex_;
    CURLM* multi_ = nullptr;  // replaced only with the mutex held and nothing on its way
    WallTime last_activity_{};
    std::vector<Transfer*> queue_;          // not yet begun
    bool driven_ = false;                   // somebody drives, or has been told to
    std::unordered_set<Transfer*> active_;  // the driver's own; handed over with the mutex held
};

CurlHttpClient::CurlHttpClient(Options options, const Clock& clock, const Logger& logger)
    : multi_(std::make_unique<Multi>(std::move(options), clock, logger)) {}

CurlHttpClient::~CurlHttpClient() = default;

Result<HttpResponse> CurlHttpClient::send(const HttpRequest& request) { return multi_->send(request); }

std::vector<Result<HttpResponse>> CurlHttpClient::send_all(std::span<const HttpRequest> requests) {
    return multi_->send_all(requests);
}

}  // namespace ci_lambda
