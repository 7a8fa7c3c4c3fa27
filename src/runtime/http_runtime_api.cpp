#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/curl_global.hpp"
#include "runtime/runtime_api.hpp"

namespace ci_lambda {
namespace {

/// The API is on this very machine: a connection that takes longer is not coming. Answers to a post come at once;
/// `next` has no time limit at all.
constexpr long kConnectTimeoutMs = 1000;
constexpr long kPostTimeoutMs = 10000;

struct Answer {
    long status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    static_cast<Answer*>(user)->body.append(data, size * count);
    return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    const std::string_view line(data, size * count);
    if (const auto colon = line.find(':'); colon != std::string_view::npos)
        static_cast<Answer*>(user)->headers[to_lower(trim(line.substr(0, colon)))] = trim(line.substr(colon + 1));
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
        if (answer.status != 200)
            return fail(ErrorKind::kServer, fmt::format("the Runtime API answered {} to next: {}", answer.status,
                                                        truncate_utf8(answer.body, 200)));
        Invocation invocation{.request_id = answer.headers["lambda-runtime-aws-request-id"],
                              .trace_id = answer.headers["lambda-runtime-trace-id"],
                              .function_arn = answer.headers["lambda-runtime-invoked-function-arn"],
                              .event = std::move(answer.body)};
        if (invocation.request_id.empty())
            return fail(ErrorKind::kProtocol,
                        "the Runtime API gave an invocation without Lambda-Runtime-Aws-Request-Id, so it cannot be "
                        "answered");
        if (const auto deadline = parse_unsigned(answer.headers["lambda-runtime-deadline-ms"]))
            invocation.deadline = Deadline{WallTime{Milliseconds{static_cast<std::int64_t>(*deadline)}}};
        return invocation;
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
                                                            path, truncate_utf8(answer.body, 200)),
                                     .http_status = static_cast<int>(answer.status)});
    }

    /// One request: GET without a body, POST with one. The connection is kept for the next one.
    Result<Answer> exchange(const std::string& path, const std::string* body, const std::string& error_type) {
        Answer answer;
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
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &answer.status);
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
