#pragma once

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <string>
#include <string_view>

namespace ci_lambda::sandbox {

// The Amazon States Language, as far as a machine needs it that asks one function again and again: with JSONPath; the
// states Task (of lambda:invoke), Choice, Wait, Pass, Succeed and Fail. Pure.

/// Why the sandbox does not take a definition, whether Step Functions would or not; empty: it does. Says where.
[[nodiscard]] std::string why_not_taken(const nlohmann::json& definition);

/// What a state reads from.
struct StateData {
    const nlohmann::json& input;    ///< `$`
    const nlohmann::json& context;  ///< `$$`
};

/// In Step Functions' words.
struct StateError {
    std::string error;
    std::string cause;
};
template <typename T>
using StateResult = std::expected<T, StateError>;

/// `$.a.b`, `$.list[0]`, `$$.Execution.Name`; fails with States.Runtime for what is not there.
[[nodiscard]] StateResult<nlohmann::json> at_path(std::string_view path, const StateData& data);

/// A payload template: members whose names end with `.$` are read from where their value says.
[[nodiscard]] StateResult<nlohmann::json> filled(const nlohmann::json& payload_template, const StateData& data);

/// What goes on to the next state: `result`, as ResultSelector, ResultPath and the input make it. At most 256 KiB.
[[nodiscard]] StateResult<nlohmann::json> output_of(const nlohmann::json& state, nlohmann::json result,
                                                    const StateData& data);

/// Where a Choice leads; fails with States.NoChoiceMatched.
[[nodiscard]] StateResult<std::string> chosen(const nlohmann::json& state, const StateData& data);

/// Of a Wait.
[[nodiscard]] StateResult<int> seconds_to_wait(const nlohmann::json& state, const StateData& data);

/// Of a Fail: its own words, or those that it is told to read.
[[nodiscard]] StateResult<StateError> failure_of(const nlohmann::json& state, const StateData& data);

/// Whether an `ErrorEquals` means this error.
[[nodiscard]] bool means(const nlohmann::json& error_equals, std::string_view error);

/// The largest input or output of a state, and of an execution, in bytes.
inline constexpr std::size_t kMostStateData = std::size_t{256} * 1024;

}  // namespace ci_lambda::sandbox
