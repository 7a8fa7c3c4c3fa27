#include "services/secrets_manager/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SecretsManagerClientTest : public ::testing::Test {
protected:
    Result<SecretText> get() { return client_.get_secret_text("shop/slack", Deadline::none()); }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    SecretsManagerClient client_{{.region = "cn-north-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(SecretsManagerClientTest, ReadsTheCurrentText) {
    http_.then(200, R"({"ARN":"a","Name":"shop/slack","SecretString":"hunter2","VersionId":"v-1"})");
    const auto secret = get();
    ASSERT_THAT(secret, IsOk());
    EXPECT_EQ(secret->text, "hunter2");
    EXPECT_EQ(secret->version_id, "v-1");
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.url.reveal(), "https://secretsmanager.cn-north-1.amazonaws.com.cn/");
    EXPECT_EQ(sent.headers.at(1).value, "secretsmanager.GetSecretValue");
    EXPECT_EQ(sent.body, R"({"SecretId":"shop/slack"})");
    EXPECT_THAT(sent.body_in_log(R"({"SecretString":"hunter2"})"), Not(HasSubstr("hunter2")));
}

TEST_F(SecretsManagerClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(400, R"({"__type":"AccessDeniedException","Message":"no"})");
    EXPECT_THAT(get(), IsErr(ErrorKind::kAccessDenied,
                             AllOf(HasSubstr("needs secretsmanager:GetSecretValue on "
                                             "arn:aws-cn:secretsmanager:cn-north-1:*:secret:shop/slack-??????"),
                                   HasSubstr("kms:Decrypt"))));
}

TEST_F(SecretsManagerClientTest, SaysThatTheKeyMayNotBeUsedOrThatThereIsNoSecret) {
    http_.then(400, R"({"__type":"DecryptionFailure","Message":"can't decrypt"})");
    http_.then(400, R"({"__type":"ResourceNotFoundException","Message":"can't find"})");
    EXPECT_THAT(get(), IsErr(ErrorKind::kRejected, HasSubstr("kms:Decrypt")));
    EXPECT_THAT(get(), IsErr(ErrorKind::kNotFound, HasSubstr("can't find")));
}

TEST_F(SecretsManagerClientTest, WantsATextAndNoBytes) {
    http_.then(200, R"({"SecretBinary":"aGk=","VersionId":"v"})").then(200, "{}");
    EXPECT_THAT(get(), IsErr(ErrorKind::kConfiguration, HasSubstr("the secret is binary")));
    EXPECT_THAT(get(), IsErr(ErrorKind::kProtocol, HasSubstr("no secret")));
}

}  // namespace
}  // namespace ci_lambda::testing
