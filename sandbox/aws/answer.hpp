#pragma once

#include <string>
#include <vector>

namespace ci_lambda::sandbox {

/// What an AWS API answers: HTTP status and JSON body.
struct AwsAnswer {
    int status = 200;
    std::string body;
    bool hang_up = false;  ///< there is no answer: the connection is closed
};

/// An AWS error: the name that SDKs turn into a type, and AWS's words.
struct AwsError {
    std::string type;
    std::string message;
    std::vector<std::string> resource_ids = {};  ///< a member of ConflictException only
};

/// HTTP 400 with `{"__type":..,"message":..}`, the error form of AWS JSON 1.1.
[[nodiscard]] AwsAnswer to_answer(const AwsError& error);

}  // namespace ci_lambda::sandbox
