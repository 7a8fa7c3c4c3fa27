#pragma once

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda::sandbox {

/// What an AWS API answers: HTTP status and JSON body.
struct AwsAnswer {
    int status = 200;
    std::string body;
};

/// An AWS error: the name that SDKs turn into a type, and AWS's words.
struct AwsError {
    std::string type;
    std::string message;
    std::vector<std::string> resource_ids = {};  ///< a member of ConflictException only
};

template <typename T>
using AwsResult = std::expected<T, AwsError>;

[[nodiscard]] std::unexpected<AwsError> aws_fail(std::string type, std::string message);

/// HTTP 400 with `{"__type":..,"message":..}`, the error form of AWS JSON 1.1.
[[nodiscard]] AwsAnswer to_answer(const AwsError& error);
[[nodiscard]] AwsAnswer to_answer(const AwsResult<nlohmann::json>& result);

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
