#pragma once

// Private to config/: how VERIFY_ALARMS, VERIFY_URLS and the document's `verify` are read.

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "config/verify.hpp"

namespace ci_lambda {

/// Told what is wrong with the value at a place, which begins with what the reader was given.
using VerifyProblem = std::function<void(const std::string& place, std::string what, std::string_view expects)>;

inline constexpr std::string_view kVerifyExpects =
    R"(`{"alarms":["api-5xx"],"urls":["https://shop.example.com/health"],"seconds":300}`)";

/// A list of names of alarms.
[[nodiscard]] std::vector<std::string> read_verify_alarms(const nlohmann::json& value, const std::string& place,
                                                          const VerifyProblem& problem);
/// A list of URLs, each a text or an object.
[[nodiscard]] std::vector<VerifiedUrl> read_verify_urls(const nlohmann::json& value, const std::string& place,
                                                        const VerifyProblem& problem);
/// The document's `verify` of one service.
[[nodiscard]] VerifyWish read_verify_wish(const nlohmann::json& value, const std::string& place,
                                          const VerifyProblem& problem);

/// As the readers take it: JSON.
[[nodiscard]] std::string alarms_json(const std::vector<std::string>& alarms);
[[nodiscard]] std::string urls_json(const std::vector<VerifiedUrl>& urls);
[[nodiscard]] std::string wish_json(const VerifyWish& wish);

}  // namespace ci_lambda
