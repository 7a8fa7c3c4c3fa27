#include "deployer/verify/health_check.hpp"

#include <fmt/format.h>

#include <utility>

namespace ci_lambda {
namespace {

constexpr Milliseconds kTimeoutOfUrl{5000};
constexpr Milliseconds kConnectTimeoutOfUrl{3000};
/// Less would be no time to answer in, and say nothing about the service.
constexpr Milliseconds kLeastTimeOfUrl{1000};
constexpr std::size_t kLargestAnswerOfUrl = std::size_t{1024} * 1024;

UrlLook look_of(const VerifiedUrl& url, const Result<HttpResponse>& response) {
    using Found = UrlLook::Found;
    if (!response) {
        const auto& error = response.error();
        // Reasons of our own say nothing about the service.
        const bool ours = error.kind == ErrorKind::kDeadline || error.kind == ErrorKind::kInternal ||
                          error.kind == ErrorKind::kConfiguration;
        return {.found = ours ? Found::kNotAsked : Found::kNoAnswer, .words = error.message};
    }
    if (response->status != url.status)
        return {.found = Found::kBad,
                .words = fmt::format("it answers with status {}, not {}", response->status, url.status)};
    if (!url.body.empty() && !response->body.contains(url.body))
        return {.found = Found::kBad, .words = fmt::format("its answer does not have \"{}\" in it", url.body)};
    return {.found = Found::kGood};
}

}  // namespace

HealthLook HealthCheck::look(const VerifyRules& rules, Deadline deadline) {
    HealthLook look;
    if (!rules.alarms.empty()) {
        auto alarms = alarms_.describe(rules.alarms, deadline);
        if (alarms)
            look.alarms = *std::move(alarms);
        else
            look.alarms_unread = alarms.error().message;
    }
    if (!rules.urls.empty()) look.urls = ask(rules.urls, deadline);
    return look;
}

std::vector<UrlLook> HealthCheck::ask(const std::vector<VerifiedUrl>& urls, Deadline deadline) {
    const auto timeout = deadline.clamp(clock_, kTimeoutOfUrl);
    if (timeout < kLeastTimeOfUrl) return std::vector<UrlLook>(urls.size());
    std::vector<HttpRequest> requests;
    for (const auto& url : urls) {
        HttpRequest request;
        request.url = Secret{url.url};
        request.log_name = fmt::format("GET {}", shown_url(url.url));
        request.timeout = timeout;
        request.connect_timeout = kConnectTimeoutOfUrl;
        request.body_in_log = &size_only;
        request.max_response_bytes = kLargestAnswerOfUrl;
        requests.push_back(std::move(request));
    }
    const auto responses = http_.send_all(requests);
    std::vector<UrlLook> looks;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        looks.push_back(look_of(urls[i], responses[i]));
        logger_.debug("url asked", {{"url", shown_url(urls[i].url)},
                                    {"good", looks.back().found == UrlLook::Found::kGood},
                                    {log_key::kReason, looks.back().words}});
    }
    return looks;
}

}  // namespace ci_lambda
