#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"

namespace ci_lambda {

/// A URL that has to answer as told once a rollout has completed.
struct VerifiedUrl {
    std::string url;   ///< http or https; its query may hold a secret
    int status = 200;  ///< redirects are not followed
    std::string body;  ///< text that the answer must have in it; empty: whatever it says
    int times = 3;     ///< so often in a row it has to fail until that counts, or to answer until it counts as healthy
    friend bool operator==(const VerifiedUrl&, const VerifiedUrl&) = default;
};

/// What is to be watched, as far as somebody says it: for all services, or for one.
struct VerifyWish {
    std::optional<std::vector<std::string>> alarms;  ///< names, each once
    std::optional<std::vector<VerifiedUrl>> urls;
    std::optional<std::chrono::seconds> time;
    [[nodiscard]] bool says_nothing() const { return !alarms && !urls && !time; }
    friend bool operator==(const VerifyWish&, const VerifyWish&) = default;
};

/// What is watched of one service after a rollout of it has completed, and for how long.
struct VerifyRules {
    std::vector<std::string> alarms;
    std::vector<VerifiedUrl> urls;
    std::chrono::seconds time{0};
    [[nodiscard]] bool watches_anything() const { return !alarms.empty() || !urls.empty(); }
    friend bool operator==(const VerifyRules&, const VerifyRules&) = default;
};

/// VERIFY_ALARMS, VERIFY_URLS, VERIFY_SECONDS and what the document says of one service (`verify`).
struct VerifySettings {
    VerifyWish all;
    std::map<ServiceId, VerifyWish> by_service;

    /// What one service says itself goes first, each of the three by itself.
    [[nodiscard]] VerifyRules of(const ServiceId& id) const;
    /// Whether anything of any service is watched.
    [[nodiscard]] bool is_on() const;
    friend bool operator==(const VerifySettings&, const VerifySettings&) = default;
};

/// The URL for a person: without its query, which may hold a secret.
[[nodiscard]] std::string shown_url(const std::string& url);

}  // namespace ci_lambda
