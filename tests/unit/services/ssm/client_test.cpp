#include "services/ssm/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SsmClientTest : public ::testing::Test {
protected:
    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    SsmClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(SsmClientTest, AsksForADecryptedParameter) {
    http_.then(200, R"({"Parameter":{"Name":"/shop/ci","Type":"SecureString","Value":"{}","Version":12}})");
    const auto parameter = client_.get_parameter("/shop/ci", Deadline::none());
    ASSERT_THAT(parameter, IsOk());
    EXPECT_EQ(parameter->value, "{}");
    EXPECT_EQ(parameter->version, "12");
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.url.reveal(), "https://ssm.eu-west-1.amazonaws.com/");
    EXPECT_EQ(sent.headers.at(1).value, "AmazonSSM.GetParameter");
    EXPECT_EQ(*parse_json(sent.body), Json::parse(R"({"Name":"/shop/ci","WithDecryption":true})"));
    EXPECT_EQ(sent.signing->service, "ssm");
    EXPECT_THAT(sent.body_in_log(R"({"Parameter":{"Value":"hunter2"}})"), Not(HasSubstr("hunter2")));
}

TEST_F(SsmClientTest, SaysThatThereIsNoSuchParameter) {
    for (const std::string code : {"ParameterNotFound", "ParameterVersionNotFound"}) {
        FakeHttp http;
        http.then(400, R"({"__type":")" + code + R"("})");
        SsmClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        EXPECT_THAT(client.get_parameter("/shop/ci", Deadline::none()), IsErr(ErrorKind::kNotFound, HasSubstr(code)));
    }
}

TEST_F(SsmClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"no"})");
    const auto refused = [&](const std::string& name) { return client_.get_parameter(name, Deadline::none()); };
    EXPECT_THAT(refused("/shop/ci:7"),
                IsErr(ErrorKind::kAccessDenied,
                      AllOf(HasSubstr("needs ssm:GetParameter on arn:aws:ssm:eu-west-1:*:parameter/shop/ci;"),
                            HasSubstr("kms:Decrypt"))));
    EXPECT_THAT(refused("plain"), IsErr(ErrorKind::kAccessDenied, HasSubstr(":parameter/plain;")));
    EXPECT_THAT(refused("arn:aws:ssm:eu-west-1:123456789012:parameter/x"),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("on arn:aws:ssm:eu-west-1:123456789012:parameter/x;")));
}

TEST_F(SsmClientTest, TakesNoAnswerWithoutAValueForAParameter) {
    for (const std::string odd :
         {"{}", R"({"Parameter":{}})", R"({"Parameter":{"Value":7}})", R"({"Parameter":[]})", "7"}) {
        FakeHttp http;
        http.then(200, odd);
        SsmClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        EXPECT_THAT(client.get_parameter("x", Deadline::none()), IsErr(ErrorKind::kProtocol, HasSubstr("no value")));
    }
}

}  // namespace
}  // namespace ci_lambda::testing
