#include "services/lambda/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LambdaClientTest : public ::testing::Test {
protected:
    Result<LambdaFunction> get(const std::string& name = "ci") { return client_.get_function(name, Deadline::none()); }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    LambdaClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(LambdaClientTest, ReadsTheEnvironmentOfAFunction) {
    http_.then(200, R"({"FunctionName":"ci","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:ci",
        "Environment":{"Variables":{"PROJECT_NAME":"shop","SLACK_WEBHOOK_URL":"https://hooks/hunter2"}}})");
    const auto function = get();
    ASSERT_THAT(function, IsOk());
    EXPECT_EQ(function->arn, "arn:aws:lambda:eu-west-1:123456789012:function:ci");
    EXPECT_EQ(function->region, "eu-west-1");
    EXPECT_EQ(function->variables, (std::map<std::string, std::string>{
                                       {"PROJECT_NAME", "shop"}, {"SLACK_WEBHOOK_URL", "https://hooks/hunter2"}}));
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "GET");
    EXPECT_EQ(sent.url.reveal(), "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/ci/configuration");
    EXPECT_EQ(sent.signing->service, "lambda");
    EXPECT_THAT(sent.body_in_log("hunter2"), Not(HasSubstr("hunter2")));
}

TEST_F(LambdaClientTest, TakesAnArnAndAnAliasForANameAndNeverASlashForAnotherPath) {
    http_.then(404, "{}", {{.name = "x-amzn-ErrorType", .value = "ResourceNotFoundException"}});
    EXPECT_THAT(get("ci:live"), IsErr(ErrorKind::kNotFound, HasSubstr("ResourceNotFoundException")));
    EXPECT_THAT(http_.requests().back().url.reveal(), EndsWith("/functions/ci%3Alive/configuration"));
    EXPECT_THAT(get("../x"), IsErr(ErrorKind::kNotFound, HasSubstr("ResourceNotFoundException")));
    EXPECT_THAT(http_.requests().back().url.reveal(), EndsWith("/functions/..%2Fx/configuration"));
}

TEST_F(LambdaClientTest, AFunctionWithoutVariablesHasNone) {
    http_.then(200, R"({"FunctionArn":"arn:aws:lambda:eu-west-1:1:function:ci"})");
    const auto function = get();
    ASSERT_THAT(function, IsOk());
    EXPECT_THAT(function->variables, IsEmpty());
}

TEST_F(LambdaClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(403, R"({"Message":"User is not authorized"})",
               {{.name = "x-amzn-ErrorType", .value = "AccessDeniedException"}});
    EXPECT_THAT(get(), IsErr(ErrorKind::kAccessDenied, AllOf(HasSubstr("User is not authorized"),
                                                             HasSubstr("needs lambda:GetFunctionConfiguration on "
                                                                       "arn:aws:lambda:eu-west-1:*:function:ci"))));
}

TEST_F(LambdaClientTest, SaysThatTheEnvironmentCannotBeDecrypted) {
    http_.then(200, R"({"FunctionArn":"arn:aws:lambda:eu-west-1:1:function:ci","Environment":
        {"Error":{"ErrorCode":"AccessDeniedException","Message":"no key"}}})");
    EXPECT_THAT(get(), IsErr(ErrorKind::kAccessDenied, AllOf(HasSubstr("no key"), HasSubstr("needs kms:Decrypt"))));
}

TEST_F(LambdaClientTest, TakesNoAnswerWithoutAnArnForAFunction) {
    http_.then(200, "{}").then(200, "<html>");
    EXPECT_THAT(get(), IsErr(ErrorKind::kProtocol, HasSubstr("names no function")));
    EXPECT_THAT(get(), IsErr(ErrorKind::kProtocol, HasSubstr("not understood")));
}

TEST_F(LambdaClientTest, HasAFunctionInvokedByAndBy) {
    http_.then(202, "");
    EXPECT_THAT(client_.invoke_later("arn:aws:lambda:eu-west-1:123456789012:function:ci:live", R"({"a":"hunter2"})",
                                     Deadline::none()),
                IsOk());
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(sent.url.reveal(),
              "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/"
              "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aci%3Alive/invocations");
    EXPECT_EQ(sent.body, R"({"a":"hunter2"})");
    EXPECT_FALSE(sent.idempotent) << "an answer that is handed on twice is answered twice";
    EXPECT_THAT(sent.headers,
                ::testing::Contains(::testing::AllOf(::testing::Field(&HttpHeader::name, "X-Amz-Invocation-Type"),
                                                     ::testing::Field(&HttpHeader::value, "Event"))));
    EXPECT_THAT(sent.body_in_log("hunter2"), Not(HasSubstr("hunter2")));
}

TEST_F(LambdaClientTest, SaysWhyAFunctionCannotBeInvoked) {
    http_.then(403, R"({"Message":"not authorized"})", {{.name = "x-amzn-ErrorType", .value = "AccessDeniedException"}})
        .then(429, R"({"Reason":"ConcurrentInvocationLimitExceeded"})",
              {{.name = "x-amzn-ErrorType", .value = "TooManyRequestsException"}})
        .then(204, "");
    const auto invoked = [&] { return client_.invoke_later("ci", "{}", Deadline::none()); };
    EXPECT_THAT(invoked(), IsErr(ErrorKind::kAccessDenied, HasSubstr("needs lambda:InvokeFunction on "
                                                                     "arn:aws:lambda:eu-west-1:*:function:ci")));
    EXPECT_THAT(invoked(), IsErr(ErrorKind::kThrottled, HasSubstr("TooManyRequestsException")));
    EXPECT_FALSE(invoked()) << "what a dry run gets was not invoked";
}

}  // namespace
}  // namespace ci_lambda::testing
