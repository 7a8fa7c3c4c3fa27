#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "base/result.hpp"

namespace ci_lambda {

inline void PrintTo(const Error& error, std::ostream* out) {
    *out << to_string(error.kind) << ": " << error.message;
    if (!error.code.empty()) *out << " [" << error.code << "]";
}

}  // namespace ci_lambda

namespace ci_lambda::testing {

/// `EXPECT_THAT(result, IsOk())`: there is a value.
MATCHER(IsOk, negation ? "is an error" : "is a value") {
    if (arg.has_value()) return true;
    *result_listener << "error " << to_string(arg.error().kind) << ": " << arg.error().message;
    return false;
}

/// `EXPECT_THAT(result, IsErr(ErrorKind::kInvalidEvent, HasSubstr("service")))`: that kind of error and that text.
MATCHER_P2(IsErr, kind, message, "") {
    if (arg.has_value()) {
        *result_listener << "is a value";
        return false;
    }
    *result_listener << "error " << to_string(arg.error().kind) << ": " << arg.error().message;
    return arg.error().kind == kind &&
           ::testing::Matches(::testing::Matcher<std::string>(message))(arg.error().message);
}

}  // namespace ci_lambda::testing
