#include "net/aws_signer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Keys, time and host of AWS's own SigV4 test suite; its get-vanilla and post-vanilla are among the expectations. The
// other signatures are botocore's. What leaves the whole program is compared with botocore by integration.signing.
class AwsSignerTest : public ::testing::Test {
protected:
    std::string signature_of(const AwsSigner::Parts& parts) {
        const auto headers = signer_.sign(parts, signing_, now_);
        if (!headers) return headers.error().message;
        const auto& authorization = headers->back().value;
        return authorization.substr(authorization.rfind('=') + 1);
    }

    static AwsSigner::Parts get() {
        return {.method = "GET", .host = "example.amazonaws.com", .path = "/", .headers = {}, .body = ""};
    }

    AwsSigner signer_;
    Signing signing_{.region = "us-east-1",
                     .service = "service",
                     .credentials = {.access_key_id = "AKIDEXAMPLE",
                                     .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                     .session_token = {},
                                     .expires_at = {}}};
    WallTime now_ = *parse_rfc3339("2015-08-30T12:36:00.999Z");
};

TEST_F(AwsSignerTest, GivesTheHeadersOfTheTestSuitesSimplestRequest) {
    const auto added = signer_.sign(get(), signing_, now_);
    ASSERT_THAT(added, IsOk());
    EXPECT_THAT(*added, ElementsAre(FieldsAre("X-Amz-Date", "20150830T123600Z"),
                                    FieldsAre("Authorization",
                                              "AWS4-HMAC-SHA256 "
                                              "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                                              "SignedHeaders=host;x-amz-date, Signature="
                                              "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")));
}

TEST_F(AwsSignerTest, CoversTheMethod) {
    auto post = get();
    post.method = "POST";
    EXPECT_EQ(signature_of(post), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST_F(AwsSignerTest, CoversAQueryInTheOrderOfItsNames) {
    auto list = get();
    list.path = "/schedules/a%20b";
    list.query = "groupName=my%2Fgroup&MaxResults=100&A&NextToken=a%2B%3D%3D";
    EXPECT_EQ(signature_of(list), "eb95b74557d71538174b83489a87488ccc3fbe7759cdd31f0dc8a358430c49db");
}

TEST_F(AwsSignerTest, CoversBodyHeadersAndToken) {
    signing_.service = "ecs";
    signing_.credentials.session_token = Secret("IQoJb3JpZ2luX2VjEXAMPLE//+==");
    const std::vector<HttpHeader> headers{
        {.name = "X-Amz-Target", .value = "AmazonEC2ContainerServiceV20141113.ListTaskDefinitions"},
        {.name = "Content-Type", .value = "application/x-amz-json-1.1"}};
    const auto added = signer_.sign({.method = "POST",
                                     .host = "ecs.us-east-1.amazonaws.com",
                                     .path = "/",
                                     .headers = headers,
                                     .body = R"({"familyPrefix":"shop"})"},
                                    signing_, now_);
    ASSERT_THAT(added, IsOk());
    ASSERT_THAT(*added, SizeIs(3));
    EXPECT_THAT(added->at(1), FieldsAre("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEXAMPLE//+=="));
    EXPECT_THAT(added->at(2).value,
                EndsWith("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                         "Signature=16482f17f58cf679e0c695fb12c0587ba397a100ddbfdf922d715a76ff539b40"));
}

TEST_F(AwsSignerTest, CountsBlanksInAHeaderOnce) {
    const std::vector<HttpHeader> headers{{.name = "My-Header1", .value = " a   b  c "},
                                          {.name = "My-Header2", .value = "d"}};
    auto parts = get();
    parts.headers = headers;
    EXPECT_EQ(signature_of(parts), "9e8fb29cad69098fd2e33a088c7bcdbfdd15771e8dd5cc5a4b20007aa5ca9138");
}

TEST_F(AwsSignerTest, EscapesThePathOnceMoreAndCountsSlashesOnce) {
    auto parts = get();
    parts.path = "/a%20b//c/d:e~f/";
    EXPECT_EQ(signature_of(parts), "05ea86c5e661a8bb568bca743e9c0cfefab8bf590922bf4ba2e9e19df6b56b87");
}

TEST_F(AwsSignerTest, TakesThePathAsItIsSentForS3AndNamesTheHashOfTheBody) {
    signing_.service = "s3";
    signing_.path = SigningPath::kAsSent;
    const std::vector<HttpHeader> headers{{.name = "If-None-Match", .value = "\"abc\""}};
    const auto added = signer_.sign({.method = "GET",
                                     .host = "bucket.s3.us-east-1.amazonaws.com",
                                     .path = "/a%20b//c%2B%C3%BC.json",
                                     .headers = headers,
                                     .body = ""},
                                    signing_, now_);
    ASSERT_THAT(added, IsOk());
    ASSERT_THAT(*added, SizeIs(3));
    EXPECT_THAT(added->at(1),
                FieldsAre("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    EXPECT_THAT(added->at(2).value,
                EndsWith("SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date, "
                         "Signature=65f12a8f560fef5666f8660966d0be702802523f164e9cf3b19c96d56714305a"));
}

TEST_F(AwsSignerTest, CoversThePortOfTheHost) {
    auto parts = get();
    parts.host = "localhost:8080";
    EXPECT_EQ(signature_of(parts), "f30e714cb1acad1ab9200325c5831fa60fd8efdf7b54eb9b122d6bdfc4b99046");
}

TEST_F(AwsSignerTest, KeepsADerivedKeyForItsDayRegionServiceAndSecretOnly) {
    const std::string first = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    const auto signing = signing_;
    const auto now = now_;
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(signature_of(get()), first);
        signing_.region = "eu-west-1";
        EXPECT_EQ(signature_of(get()), "c2247dd8625f9b1ca6e790cef12e752a4a4707fb14ecedede65539e6fd15f772");
        signing_ = signing;
        signing_.service = "ecs";
        EXPECT_EQ(signature_of(get()), "178fdb3d18d179f39cfef6c419bcdc85fd741d1b4dd13ce1247f1a8cf96397bd");
        signing_ = signing;
        signing_.credentials.secret_access_key = Secret("another");
        EXPECT_EQ(signature_of(get()), "0ba530eda2402804bef96a355f7dcfbe8e0aaa6e08f0550dcc53be114b71fc5f");
        signing_ = signing;
        now_ = *parse_rfc3339("2015-08-31T00:00:00Z");
        EXPECT_EQ(signature_of(get()), "fa3fba94187bf15a4fd1e2522dc0dc411d682bdd6ad70439810e6a51e24715a3");
        now_ = now;
    }
}

TEST_F(AwsSignerTest, RefusesIncompleteCredentials) {
    signing_.credentials.secret_access_key = {};
    EXPECT_THAT(signer_.sign(get(), signing_, now_), IsErr(ErrorKind::kCredentials, HasSubstr("incomplete")));
}

}  // namespace
}  // namespace ci_lambda::testing
