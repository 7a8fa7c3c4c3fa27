#pragma once

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/answer.hpp"

namespace ci_lambda::sandbox {

template <typename T>
using AwsResult = std::expected<T, AwsError>;

[[nodiscard]] std::unexpected<AwsError> aws_fail(std::string type, std::string message);

[[nodiscard]] AwsAnswer to_answer(const AwsResult<nlohmann::json>& result);

/// AWS JSON 1.1: seconds since 1970 as a number, with milliseconds.
[[nodiscard]] double epoch_seconds(WallTime time);

/// The members of a request, with AWS's SerializationException for a wrong type. Absent and null are the same.
class Parameters {
public:
    /// Fails unless the body is a JSON object.
    [[nodiscard]] static AwsResult<nlohmann::json> parse(std::string_view body);

    explicit Parameters(const nlohmann::json& object) : object_(object) {}

    [[nodiscard]] AwsResult<std::optional<std::string>> text(std::string_view name) const;
    [[nodiscard]] AwsResult<std::optional<int>> number(std::string_view name) const;
    [[nodiscard]] AwsResult<bool> flag(std::string_view name) const;
    [[nodiscard]] AwsResult<std::vector<std::string>> texts(std::string_view name) const;

private:
    const nlohmann::json& object_;
};

}  // namespace ci_lambda::sandbox
