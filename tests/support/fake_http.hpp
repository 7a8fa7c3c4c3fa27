#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/credentials.hpp"
#include "net/http.hpp"

namespace ci_lambda::testing {

/// Answers from a script, in order, and remembers what was asked. The last answer is given again and again.
class FakeHttp final : public HttpClient {
public:
    Result<HttpResponse> send(const HttpRequest& request) override {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
        auto answer = answers_.front();
        if (answers_.size() > 1) answers_.pop_front();
        return answer;
    }
    FakeHttp& then(int status, std::string body, std::vector<HttpHeader> headers = {}) {
        answers_.emplace_back(HttpResponse{.status = status, .headers = std::move(headers), .body = std::move(body)});
        return *this;
    }
    FakeHttp& then_fail(Error error) {
        answers_.emplace_back(std::unexpected(std::move(error)));
        return *this;
    }
    [[nodiscard]] std::vector<HttpRequest> requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

private:
    mutable std::mutex mutex_;
    std::deque<Result<HttpResponse>> answers_;
    std::vector<HttpRequest> requests_;
};

class FakeCredentials final : public CredentialsProvider {
public:
    Result<Credentials> get() override {
        return Credentials{.access_key_id = "AKID" + std::to_string(invalidated_),
                           .secret_access_key = Secret("secret")};
    }
    void invalidate() override { ++invalidated_; }
    [[nodiscard]] int invalidated() const { return invalidated_; }

private:
    int invalidated_ = 0;
};

}  // namespace ci_lambda::testing
