#pragma once

// Private to config/: how the document's `before` and `after` are read.

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "config/service_task.hpp"

namespace ci_lambda {

/// Told what is wrong with the value at a place, which begins with what the reader was given.
using ServiceTaskProblem = std::function<void(const std::string& place, std::string what, std::string_view expects)>;

inline constexpr std::string_view kServiceTaskExpects = R"(`{"task":"migrate","command":["./migrate","up"]}`)";
inline constexpr std::string_view kTaskAfterExpects = R"(`{"task":"smoke","command":["./smoke"]}`)";
inline constexpr std::string_view kRollBack = "roll_back";
inline constexpr std::string_view kTell = "tell";
inline constexpr std::string_view kServiceTaskNameFormat = "^[A-Za-z0-9_.-]{1,64}$";
inline constexpr int kLongestTaskMinutes = 1440;
inline constexpr std::size_t kMostWordsOfCommand = 50;
inline constexpr std::size_t kLongestWordOfCommand = 1000;

enum class WhenTaskRuns { kBefore, kAfter };

/// The document's `before` or `after` of one service. What is wrong with it is told, and left as it is by default.
[[nodiscard]] ServiceTask read_service_task(const nlohmann::json& value, WhenTaskRuns when, const std::string& place,
                                            const ServiceTaskProblem& problem);
/// As the reader takes it: JSON.
[[nodiscard]] std::string service_task_json(const ServiceTask& task);

}  // namespace ci_lambda
