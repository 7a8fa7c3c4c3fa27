#include "runtime/invocation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

Result<Invocation> with_deadline(std::string deadline) {
    return read_invocation(
        {.status = 200,
         .headers = {{"Lambda-Runtime-Aws-Request-Id", "req-1"}, {"Lambda-Runtime-Deadline-Ms", std::move(deadline)}},
         .body = "{}"});
}

TEST(ReadInvocation, CountsADeadlineThatIsNoNumberAsNone) {
    for (const std::string text : {"", "-1", "soon", "1e3", "99999999999999999999"}) {
        const auto invocation = with_deadline(text);
        ASSERT_THAT(invocation, IsOk()) << text;
        EXPECT_EQ(invocation->deadline.at(), std::nullopt) << text;
    }
}

TEST(ReadInvocation, TakesADeadlineThatNoClockCanHold) {
    for (const std::string text : {"9999999999999999", "9223372036854775807", "18446744073709551615"}) {
        const auto invocation = with_deadline(text);
        ASSERT_THAT(invocation, IsOk()) << text;
        EXPECT_EQ(format_rfc3339(invocation->deadline.at().value()), "2200-01-01T00:00:00.000Z") << text;
    }
}

TEST(ReadInvocation, RefusesAnEmptyRequestId) {
    EXPECT_THAT(read_invocation({.status = 200, .headers = {{"Lambda-Runtime-Aws-Request-Id", ""}}, .body = "{}"}),
                IsErr(ErrorKind::kProtocol, HasSubstr("cannot be answered")));
}

}  // namespace
}  // namespace ci_lambda::testing
