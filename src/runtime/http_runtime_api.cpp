#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/curl_global.hpp"
#include "net/header_line.hpp"
#include "net/http.hpp"
#include "runtime/invocation.hpp"
#include "runtime/runtime_api.hpp"

namespace ci_lambda {
namespace {

/// The API is on this very machine: a connection that takes longer is not coming. Answers to a post come at once;
/// `next` has no time limit at all.
constexpr long kConnectTimeoutMs = 1000;
constexpr long kPostTimeoutMs = 10000;

/// Lambda hands over 6 MB at most.
constexpr std::size_t kLargestReserve = std::size_t{8} * 1024 * 1024;

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<HttpResponse*>(user);
    // An event that grows by doubling would need three times its size.
    if (const auto* length = answer.body.empty() ? answer.header("Content-Length") : nullptr; length != nullptr)
        answer.body.reserve(std::min<std::size_t>(parse_unsigned(*length).value_or(0), kLargestReserve));
    answer.body.append(data, size * count);
    return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    read_header_line({data, size * count}, static_cast<HttpResponse*>(user)->headers);
    return size * count;
}

class HttpRuntimeApi final : public RuntimeApi {
public:
    explicit HttpRuntimeApi(const std::string& host_and_port)
        : base_(fmt::format("http://{}/2018-06-01/runtime", host_and_port)) {
        global_curl_init();
        easy_ = curl_easy_init();
    }
    HttpRuntimeApi(const HttpRuntimeApi&) = delete;
    HttpRuntimeApi& operator=(const HttpRuntimeApi&) = delete;
    ~HttpRuntimeApi() override { curl_easy_cleanup(easy_); }

    Result<Invocation> next() override {
        TRY_ASSIGN(auto answer, exchange("/invocation/next", nullptr, {}));
        return read_invocation(std::move(answer));
    }

    Status post_response(const std::string& request_id, const std::string& body) override {
        return post(fmt::format("/invocation/{}/response", request_id), body, {});
    }

    Status post_error(const std::string& request_id, const InvocationFailure& failure) override {
        return post(fmt::format("/invocation/{}/error", request_id), error_body(failure), failure.type);
    }

    Status post_init_error(const InvocationFailure& failure) override {
        return post("/init/error", error_body(failure), failure.type);
    }

private:
    static std::string error_body(const InvocationFailure& failure) {
        return dump_json(
            {{"errorMessage", failure.message}, {"errorType", failure.type}, {"stackTrace", Json::array()}});
    }

    Status post(const std::string& path, const std::string& body, const std::string& error_type) {
        TRY_ASSIGN(const auto answer, exchange(path, &body, error_type));
        if (answer.status == 202) return {};
        const auto kind = answer.status >= 400 && answer.status < 500 ? ErrorKind::kRejected : ErrorKind::kServer;
        return std::unexpected(Error{.kind = kind,
                                     .message = fmt::format("the Runtime API answered {} to {}: {}", answer.status,
                                                            path, body_in_words(answer.body, 200)),
                                     .http_status = answer.status});
    }

    /// One request: GET without a body, POST with one. The connection is kept for the next one.
    Result<HttpResponse> exchange(const std::string& path, const std::string* body, const std::string& error_type) {
        HttpResponse answer;
        std::array<char, CURL_ERROR_SIZE> error_text{};
        curl_slist* headers = nullptr;
        if (body != nullptr) {
            headers = curl_slist_append(headers, "Content-Type: application/json");
            // No "100 Continue" handshake for a large answer: the Runtime API does not take part in it.
            headers = curl_slist_append(headers, "Expect:");
        }
        if (!error_type.empty())
            headers =
                curl_slist_append(headers, fmt::format("Lambda-Runtime-Function-Error-Type: {}", error_type).c_str());

        curl_easy_reset(easy_);  // keeps the connection
        curl_easy_setopt(easy_, CURLOPT_URL, (base_ + path).c_str());
        curl_easy_setopt(easy_, CURLOPT_PROXY, "");
        curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferSize);
        curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
        curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, body == nullptr ? 0L : kPostTimeoutMs);
        curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text.data());
        curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &answer);
        curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &on_header);
        curl_easy_setopt(easy_, CURLOPT_HEADERDATA, &answer);
        curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
        if (body != nullptr) {
            curl_easy_setopt(easy_, CURLOPT_POST, 1L);
            curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
            curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body->c_str());
        }
        const CURLcode code = curl_easy_perform(easy_);
        curl_slist_free_all(headers);
        if (code != CURLE_OK)
            return fail(code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::kTimeout : ErrorKind::kConnection,
                        fmt::format("the Runtime API ({}): {}", path,
                                    error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code)));
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        return answer;
    }

    std::string base_;
    CURL* easy_ = nullptr;
};

}  // namespace

std::unique_ptr<RuntimeApi> http_runtime_api(const std::string& host_and_port) {
    return std::make_unique<HttpRuntimeApi>(host_and_port);
}

}  // namespace ci_lambda
