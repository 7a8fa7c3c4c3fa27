#include "services/documents/aws_document_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class AwsDocumentReaderTest : public ::testing::Test {
protected:
    Result<std::optional<SourceText>> read(const std::string& source, const std::string& if_not_version = "") {
        return reader_.read(*parse_source(source), if_not_version, deadline_);
    }

    FakeEnvironment environment_{{{"AWS_REGION", "eu-west-1"}}};
    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    Deadline deadline_;
    AwsDocumentReader reader_{environment_, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(AwsDocumentReaderTest, ReadsAParameterOnlyWhenItsVersionIsAnotherOne) {
    http_.then(200, R"({"Parameter":{"Value":"{\"a\":1}","Version":3}})");
    const auto first = read("ssm:/shop/ci");
    ASSERT_THAT(first, IsOk());
    ASSERT_TRUE(*first);
    EXPECT_EQ((*first)->text, R"({"a":1})");
    EXPECT_EQ((*first)->version, "3");
    const auto again = read("ssm:/shop/ci", "3");
    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(*again);
}

TEST_F(AwsDocumentReaderTest, ReadsAnObjectOfS3ByItsETag) {
    http_.then(200, "{}", {{.name = "ETag", .value = "\"e1\""}}).then(304, "");
    const auto first = read("s3://shop-config/ci.json");
    ASSERT_THAT(first, IsOk());
    EXPECT_EQ((*first)->version, "\"e1\"");
    const auto again = read("s3://shop-config/ci.json", "\"e1\"");
    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(*again);
    EXPECT_EQ(http_.requests().back().headers.at(0).value, "\"e1\"");
}

TEST_F(AwsDocumentReaderTest, ReadsASecretByItsVersionId) {
    http_.then(200, R"({"SecretString":"https://hooks/x","VersionId":"v1"})");
    const auto first = read("secretsmanager:shop/slack");
    ASSERT_THAT(first, IsOk());
    EXPECT_EQ((*first)->text, "https://hooks/x");
    const auto again = read("secretsmanager:shop/slack", "v1");
    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(*again);
}

TEST_F(AwsDocumentReaderTest, AsksTheRegionThatAnArnNames) {
    http_.then(200, R"({"Parameter":{"Value":"{}","Version":3}})");
    ASSERT_THAT(read("ssm:arn:aws:ssm:us-east-2:123456789012:parameter/shop/ci"), IsOk());
    EXPECT_EQ(http_.requests().back().url.reveal(), "https://ssm.us-east-2.amazonaws.com/");
    EXPECT_EQ(http_.requests().back().signing->region, "us-east-2");
}

TEST_F(AwsDocumentReaderTest, TriesAgainWhatFailsForAMomentAndNothingElse) {
    http_.then(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})")
        .then(500, "")
        .then(200, R"({"Parameter":{"Value":"{}","Version":3}})");
    ASSERT_THAT(read("ssm:/shop/ci"), IsOk());
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds{250}, Milliseconds{500}));

    FakeHttp refusing;
    refusing.then(400, R"({"__type":"AccessDeniedException","message":"no"})");
    AwsDocumentReader reader(environment_, refusing, credentials_, log_.clock, sleeper_, log_.logger);
    EXPECT_THAT(reader.read(*parse_source("ssm:/shop/ci"), "", deadline_),
                IsErr(ErrorKind::kAccessDenied,
                      AllOf(StartsWith("ssm:/shop/ci: ssm GetParameter: "), HasSubstr("needs ssm:GetParameter"))));
    EXPECT_THAT(refusing.requests(), SizeIs(1));
}

TEST_F(AwsDocumentReaderTest, GivesUpAfterTwoMoreTriesAndBeforeTheDeadline) {
    http_.then_fail({.kind = ErrorKind::kConnection, .message = "no connection"});
    EXPECT_THAT(read("s3://shop-config/x"), IsErr(ErrorKind::kConnection, HasSubstr("gave up after 3 attempts")));
    deadline_ = Deadline::after(log_.clock, Milliseconds{200});
    EXPECT_THAT(read("s3://shop-config/x"), IsErr(ErrorKind::kConnection, HasSubstr("after the deadline")));
    EXPECT_THAT(http_.requests(), SizeIs(4));
}

TEST_F(AwsDocumentReaderTest, RefusesADocumentOfMoreThanAMegabyte) {
    http_.then(200, std::string(kMaxDocumentBytes, ' ')).then(200, std::string(kMaxDocumentBytes + 1, ' '));
    EXPECT_THAT(read("s3://shop-config/x"), IsOk());
    EXPECT_THAT(read("s3://shop-config/x"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("s3://shop-config/x: it has more than the 1048576 bytes")));
}

TEST_F(AwsDocumentReaderTest, AsksNobodyWithoutARegionAndSaysSo) {
    environment_.unset("AWS_REGION");
    EXPECT_THAT(read("ssm:/shop/ci"), IsErr(ErrorKind::kConfiguration, HasSubstr("AWS_REGION is not set")));
    environment_.set("AWS_DEFAULT_REGION", "eu-west-3");
    http_.then(200, R"({"Parameter":{"Value":"{}","Version":3}})");
    EXPECT_THAT(read("ssm:/shop/ci"), IsOk());
    EXPECT_EQ(http_.requests().back().signing->region, "eu-west-3");
}

TEST_F(AwsDocumentReaderTest, KeepsWhatItReadOutOfTheLog) {
    http_.then(500, "").then(200, R"({"Parameter":{"Value":"hunter2","Version":3}})");
    ASSERT_THAT(read("ssm:/shop/ci"), IsOk());
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("source read again"), HasSubstr("ssm:/shop/ci")));
    EXPECT_THAT(http_.requests().front().body_in_log("hunter2"), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace ci_lambda::testing
