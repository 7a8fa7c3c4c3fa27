#include "base/result.hpp"

#include <set>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "base/secret.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using testing::FakeEnvironment;
using testing::IsErr;
using testing::IsOk;
using ::testing::Optional;

constexpr ErrorKind kAllKinds[] = {
    ErrorKind::kConfiguration, ErrorKind::kInvalidEvent, ErrorKind::kCredentials,  ErrorKind::kExpiredCredentials,
    ErrorKind::kThrottled,     ErrorKind::kServer,       ErrorKind::kTimeout,      ErrorKind::kConnection,
    ErrorKind::kTls,           ErrorKind::kRejected,     ErrorKind::kAccessDenied, ErrorKind::kNotFound,
    ErrorKind::kProtocol,      ErrorKind::kDeadline,     ErrorKind::kInternal};

TEST(ErrorKind, RetriesOnlyWhatCanHeal) {
    const std::set<ErrorKind> healing{ErrorKind::kThrottled, ErrorKind::kServer, ErrorKind::kTimeout,
                                      ErrorKind::kConnection};
    for (const auto kind : kAllKinds) EXPECT_EQ(retryable(kind), healing.contains(kind)) << to_string(kind);
}

TEST(ErrorKind, HasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (const auto kind : kAllKinds) names.insert(to_string(kind));
    EXPECT_EQ(names.size(), std::size(kAllKinds));
}

TEST(WithContext, PutsWhatWasDoneInFrontAndKeepsTheRest) {
    const Error error =
        with_context({.kind = ErrorKind::kServer, .message = "it broke", .code = "Oops"}, "UpdateService");
    EXPECT_EQ(error.message, "UpdateService: it broke");
    EXPECT_EQ(error.kind, ErrorKind::kServer);
    EXPECT_EQ(error.code, "Oops");
}

Result<int> half(int number) {
    if (number % 2 != 0) return fail(ErrorKind::kRejected, "odd");
    return number / 2;
}

Result<int> quarter(int number) {
    TRY_ASSIGN(const int once, half(number));
    TRY_ASSIGN(const int twice, half(once));
    return twice;
}

Status check_even(int number) {
    TRY(half(number));
    return {};
}

TEST(Try, ReturnsTheFirstErrorOrGoesOn) {
    EXPECT_THAT(quarter(8), Optional(2));
    EXPECT_THAT(quarter(6), IsErr(ErrorKind::kRejected, "odd"));
    EXPECT_THAT(check_even(2), IsOk());
    EXPECT_THAT(check_even(3), IsErr(ErrorKind::kRejected, "odd"));
}

TEST(Secret, PrintsAsStars) {
    const Secret secret("hunter2hunter2");
    EXPECT_EQ(fmt::format("{}", secret), "***");
    EXPECT_EQ(fmt::format("{}", Secret()), "(none)");
    EXPECT_EQ(secret.reveal(), "hunter2hunter2");
}

TEST(Name, PrintsAndComparesAsItsText) {
    EXPECT_EQ(fmt::format("{}", ServiceId("api")), "api");
    EXPECT_LT(ServiceId("api"), ServiceId("backend"));
    EXPECT_TRUE(ServiceId().empty());
}

TEST(Environment, CountsAnEmptyValueAsUnset) {
    const FakeEnvironment environment({{"EMPTY", ""}, {"SET", "x"}});
    EXPECT_EQ(environment.get_non_empty("EMPTY"), std::nullopt);
    EXPECT_EQ(environment.get_non_empty("MISSING"), std::nullopt);
    EXPECT_THAT(environment.get_non_empty("SET"), Optional(std::string("x")));
}

}  // namespace
}  // namespace ci_lambda
