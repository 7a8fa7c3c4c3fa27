#include "services/aws/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "services/ecs/client.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

TEST(EcsError, ClassifiesEveryKindOfRefusal) {
    const struct {
        int status;
        std::string body;
        ErrorKind kind;
        std::string text;
    } cases[] = {
        {400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})", ErrorKind::kThrottled, "Rate exceeded"},
        {429, "slow down", ErrorKind::kThrottled, "slow down"},
        {500, R"({"__type":"ServerException","message":"oops"})", ErrorKind::kServer, "ServerException: oops"},
        {503, "<html>busy</html>", ErrorKind::kServer, "HTTP 503"},
        // Of an ECS that will not know the operation the next time either.
        {400, R"({"__type":"UnknownOperationException"})", ErrorKind::kRejected, "UnknownOperationException"},
        {500, R"({"__type":"NotImplementedException"})", ErrorKind::kRejected, "NotImplementedException"},
        {501, R"({"__type":"InternalFailure","message":"not yet implemented"})", ErrorKind::kRejected,
         "not yet implemented"},
        {400, R"({"__type":"com.amazonaws.ecs#ServiceNotFoundException","message":"Service not found."})",
         ErrorKind::kNotFound, "ServiceNotFoundException: Service not found."},
        {400, R"({"__type":"ClusterNotFoundException:http://x/","Message":"Cluster not found."})", ErrorKind::kNotFound,
         "ClusterNotFoundException: Cluster not found."},
        {400, R"({"__type":"AccessDeniedException","message":"no"})", ErrorKind::kAccessDenied, "no"},
        {400, R"({"__type":"UnrecognizedClientException","message":"bad token"})", ErrorKind::kCredentials,
         "bad token"},
        {400, R"({"__type":"ExpiredTokenException","message":"old"})", ErrorKind::kExpiredCredentials, "old"},
        {400, R"({"__type":"ClientException","message":"TaskDefinition is inactive"})", ErrorKind::kRejected,
         "ClientException: TaskDefinition is inactive"},
        {400, R"([1])", ErrorKind::kRejected, "HTTP 400"},
        {400,
         "{\"__type\":\"ThrottlingException\",\"message\":\"zu h\xE4"
         "ufig\"}",
         ErrorKind::kThrottled, "Throttling"},
        {302, "", ErrorKind::kProtocol, "HTTP 302 (a redirect, which is not followed: check AWS_ENDPOINT_URL_ECS)"}};
    for (const auto& [status, body, kind, text] : cases) {
        const auto error = aws_error(kEcsService, {.status = status, .body = body});
        EXPECT_EQ(error.kind, kind) << body;
        EXPECT_THAT(error.message, HasSubstr(text));
    }
}

TEST(EcsError, TakesNoCodeAtItsWord) {
    const auto error = aws_error(
        kEcsService,
        {.status = 502, .headers = {{"x-amzn-errortype", std::string(500, 'x') + "\xFF"}}, .body = "\xC3 bad gateway"});
    EXPECT_EQ(error.kind, ErrorKind::kServer);
    EXPECT_EQ(error.message, sanitize_utf8(error.message));
    EXPECT_LT(error.code.size(), 110U);
    EXPECT_EQ(aws_error(kEcsService, {.status = 502, .headers = {{"x-amzn-errortype", "a\xFF"}}}).code,
              "a\xEF\xBF\xBD");
}

TEST(AwsError, ReadsTheJsonOfTheQueryProtocol) {
    const auto error = aws_error(
        kEcsService,
        {.status = 403, .body = R"({"Error":{"Code":"AccessDenied","Message":"no","Type":"Sender"},"RequestId":"1"})"});
    EXPECT_EQ(error.kind, ErrorKind::kAccessDenied);
    EXPECT_EQ(error.message, "AccessDenied: no");
    const auto other = aws_error(kEcsService, {.status = 400, .body = R"({"__type":"x#Throttling","Error":"a text"})"});
    EXPECT_EQ(other.code, "Throttling");
}

TEST(AwsError, ReadsTheXmlOfS3AndOfTheQueryProtocol) {
    const auto s3 =
        aws_error(kEcsService, {.status = 403,
                                .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>"
                                        "<Message>a &lt;b&gt; &amp;amp; c</Message></Error>"});
    EXPECT_EQ(s3.kind, ErrorKind::kAccessDenied);
    EXPECT_EQ(s3.code, "AccessDenied");
    EXPECT_EQ(s3.message, "AccessDenied: a <b> &amp; c");
    const auto query =
        aws_error(kEcsService, {.status = 400,
                                .body = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
                                        "<Error><Type>Sender</Type><Code>Throttling</Code>"
                                        "<Message>Rate exceeded</Message></Error></ErrorResponse>"});
    EXPECT_EQ(query.kind, ErrorKind::kThrottled);
    EXPECT_EQ(query.message, "Throttling: Rate exceeded");
    EXPECT_EQ(aws_error(kEcsService, {.status = 400, .body = "<Error><Code>Cut"}).message, "HTTP 400");
}

TEST(AwsError, KeepsACodeOnOneLine) {
    EXPECT_EQ(aws_error(kEcsService, {.status = 400, .body = R"({"__type":"a\nb"})"}).message, "a b");
}

TEST(AwsError, CallsAPageOfAProxyByItsTitleAndTakesNoCodeFromIt) {
    const auto error =
        aws_error(kEcsService, {.status = 502, .body = "<html><title>Bad Gateway</title><Code>X</Code></html>"});
    EXPECT_EQ(error.code, "");
    EXPECT_EQ(error.message, "HTTP 502: a page with the title \"Bad Gateway\"");
}

}  // namespace
}  // namespace ci_lambda::testing
