#include "services/sts/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"
#include "unit/services/sts/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StsClientTest : public ::testing::Test {
protected:
    Result<Credentials> assume(const std::string& external_id = "") {
        return world_.sts.assume_role({.role_arn = kDeployRole,
                                       .session_name = "ci_lambda-1",
                                       .external_id = external_id,
                                       .duration = std::chrono::hours{1}},
                                      Deadline::none());
    }

    StsWorld world_;
};

TEST_F(StsClientTest, AsksTheRegionsEndpointInTheQueryProtocol) {
    world_.http.then(200, assumed_in_json("1.79E9"), kJson);
    ASSERT_THAT(assume("a+b/c=d&e"), IsOk());
    const auto request = world_.http.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url.reveal(), "https://sts.eu-west-1.amazonaws.com/");
    EXPECT_EQ(request.body,
              "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdeploy"
              "&RoleSessionName=ci_lambda-1&DurationSeconds=3600&ExternalId=a%2Bb%2Fc%3Dd%26e");
    ASSERT_TRUE(request.signing);
    EXPECT_EQ(request.signing->service, "sts");
    EXPECT_EQ(request.signing->region, "eu-west-1");
    EXPECT_EQ(request.signing->credentials.access_key_id, "AKID0");
    EXPECT_EQ(request.trust, Trust::kAmazonRoots);
    EXPECT_EQ(request.body_in_log(assumed_in_json("1")), size_only(assumed_in_json("1")));
}

TEST_F(StsClientTest, SendsNoExternalIdWhereThereIsNone) {
    world_.http.then(200, assumed_in_json("1.79E9"), kJson);
    ASSERT_THAT(assume(), IsOk());
    EXPECT_THAT(world_.http.requests().at(0).body, Not(HasSubstr("ExternalId")));
}

TEST_F(StsClientTest, ReadsEveryWayInWhichStsSaysCredentialsAndTheirEnd) {
    const WallTime end{std::chrono::seconds{1'790'000'000}};
    const WallTime with_fraction{std::chrono::milliseconds{1'790'000'000'359}};
    const auto unknown = world_.log.clock.now() + std::chrono::hours{1};  // what was asked for
    const struct {
        std::string body;
        std::vector<HttpHeader> headers;
        WallTime end;
    } cases[] = {{assumed_in_json("1790000000"), kJson, end},
                 {assumed_in_json("1.79E9"), kJson, end},
                 {assumed_in_json("1.790000000359E9"), kJson, with_fraction},
                 {assumed_in_json(R"("2026-09-21T14:13:20Z")"), kJson, end},
                 {assumed_in_json("1790000000"), {}, end},
                 {assumed_in_json("1790000000"), {{"content-type", "application/x-amz-json-1.1; charset=utf-8"}}, end},
                 {assumed_in_xml("2026-09-21T14:13:20Z"), kXml, end},
                 {assumed_in_xml("2026-09-21T14:13:20.359Z"), {}, with_fraction},
                 {assumed_in_json("1.79E12"), kJson, unknown},
                 {assumed_in_json("null"), kJson, unknown},
                 {assumed_in_json("[]"), kJson, unknown},
                 {assumed_in_xml("soon"), kXml, unknown}};
    for (const auto& [body, headers, expected] : cases) {
        SCOPED_TRACE(body);
        StsWorld world;
        world.http.then(200, body, headers);
        const auto credentials = world.sts.assume_role(
            {.role_arn = kDeployRole, .session_name = "x1", .duration = std::chrono::hours{1}}, Deadline::none());
        ASSERT_THAT(credentials, IsOk());
        EXPECT_EQ(credentials->access_key_id, "ASIAEXAMPLE");
        EXPECT_EQ(credentials->secret_access_key.reveal(), "assumed-secret&key");
        EXPECT_EQ(credentials->session_token.reveal(), "assumed-token+/==");
        EXPECT_EQ(credentials->account_id, "111122223333");
        EXPECT_EQ(credentials->expires_at, expected);
    }
}

TEST_F(StsClientTest, TakesNoAnswerWithoutCredentials) {
    for (const auto* body : {"{}", R"({"AssumeRoleResponse":[]})", "<AssumeRoleResponse/>", "", "null",
                             "<AccessKeyId>A</AccessKeyId><SecretAccessKey>abcdefghij</SecretAccessKey>"}) {
        StsWorld world;
        world.http.then(200, body);
        EXPECT_THAT(
            world.sts.assume_role({.role_arn = kDeployRole, .session_name = "x1", .duration = std::chrono::hours{1}},
                                  Deadline::none()),
            IsErr(ErrorKind::kProtocol, AllOf(HasSubstr("AssumeRole"), Not(HasSubstr("abcdefghij")))))
            << body;
    }
    world_.http.then(200, R"({"SecretAccessKey":"abcdefghij)", kJson);
    EXPECT_THAT(assume(), IsErr(ErrorKind::kProtocol, AllOf(HasSubstr("AssumeRole"), Not(HasSubstr("abcdefghij")))));
}

std::string refused_in_xml(const std::string& code) {
    return R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>)" +
           code + "</Code><Message>said so</Message></Error><RequestId>1</RequestId></ErrorResponse>";
}
std::string refused_in_json(const std::string& code) {
    return R"({"Error":{"Code":")" + code + R"(","Message":"said so","Type":"Sender"},"RequestId":"1"})";
}

TEST_F(StsClientTest, NamesErrorsWhateverTheyAreWrittenIn) {
    const struct {
        int status;
        std::string code;
        ErrorKind kind;
        std::string text;
    } cases[] = {
        {403, "AccessDenied", ErrorKind::kAccessDenied,
         "needs sts:AssumeRole on arn:aws:iam::111122223333:role/deploy in the policy of our own role, and a trust "
         "policy of that role that names ours; no external_id was sent"},
        {403, "RegionDisabledException", ErrorKind::kRejected, "has not switched eu-west-1 on"},
        {400, "Throttling", ErrorKind::kThrottled, "Throttling: said so"},
        {503, "ServiceUnavailable", ErrorKind::kServer, "ServiceUnavailable: said so"},
        {403, "InvalidClientTokenId", ErrorKind::kCredentials, "InvalidClientTokenId: said so"},
        {400, "ValidationError", ErrorKind::kRejected, "ValidationError: said so"},
    };
    for (const auto& [status, code, kind, text] : cases) {
        for (const auto& [body, headers] : {std::pair{refused_in_xml(code), kXml}, {refused_in_json(code), kJson}}) {
            StsWorld world;
            world.http.then(status, body, headers);
            const auto answer = world.sts.assume_role(
                {.role_arn = kDeployRole, .session_name = "x1", .duration = std::chrono::hours{1}}, Deadline::none());
            ASSERT_THAT(answer, IsErr(kind, AllOf(HasSubstr("sts AssumeRole: " + code), HasSubstr(text)))) << body;
            EXPECT_FALSE(answer.error().outcome_unknown) << "of UpdateService, whose credentials these are";
        }
    }
    world_.http.then(403, refused_in_xml("AccessDenied"), kXml);
    EXPECT_THAT(assume("the-external-id"),
                IsErr(ErrorKind::kAccessDenied,
                      AllOf(HasSubstr("and takes the external_id that was sent"), Not(HasSubstr("the-external-id")))));
}

TEST_F(StsClientTest, RenewsOurOwnCredentialsOnceWhereTheyHaveExpired) {
    world_.http.then(403, refused_in_xml("ExpiredToken"), kXml).then(200, assumed_in_json("1790000000"), kJson);
    EXPECT_THAT(assume(), IsOk());
    EXPECT_EQ(world_.base.invalidated(), 1);
    EXPECT_EQ(world_.http.requests().at(1).signing->credentials.access_key_id, "AKID1");

    StsWorld expired;
    expired.http.then(400, refused_in_json("ExpiredTokenException"), kJson);
    EXPECT_THAT(
        expired.sts.assume_role({.role_arn = kDeployRole, .session_name = "x1", .duration = std::chrono::hours{1}},
                                Deadline::none()),
        IsErr(ErrorKind::kExpiredCredentials, HasSubstr("ExpiredTokenException")));
    EXPECT_EQ(expired.http.requests().size(), 2U);
}

TEST_F(StsClientTest, KnowsWhoseCredentialsTheseAre) {
    const std::string arn = "arn:aws:sts::111122223333:assumed-role/deployer/alice";
    const auto answer = [](const std::string& body, const std::vector<HttpHeader>& headers) {
        StsWorld world;
        world.http.then(200, body, headers);
        auto caller = world.sts.caller(Deadline::none());
        EXPECT_EQ(world.http.requests().at(0).body, "Action=GetCallerIdentity&Version=2011-06-15");
        return caller;
    };
    EXPECT_EQ(
        answer(R"({"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":")" + arn + R"("}}})", kJson).value(),
        arn);
    EXPECT_EQ(answer("<GetCallerIdentityResponse><Arn>" + arn + "</Arn></GetCallerIdentityResponse>", kXml).value(),
              arn);
    EXPECT_THAT(answer("{}", kJson), IsErr(ErrorKind::kProtocol, HasSubstr("has no ARN")));
}

}  // namespace
}  // namespace ci_lambda::testing
