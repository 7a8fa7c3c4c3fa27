#include "services/s3/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class S3ClientTest : public ::testing::Test {
protected:
    Result<std::optional<S3Object>> get(const std::string& bucket, const std::string& key,
                                        const std::string& etag = "") {
        S3Client client(options_, http_, credentials_, log_.clock, sleeper_, log_.logger);
        return client.get_object(bucket, key, etag, Deadline::none());
    }
    [[nodiscard]] std::string last_url() const { return http_.requests().back().url.reveal(); }

    AwsEndpointOptions options_{.region = "eu-west-1"};
    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
};

TEST_F(S3ClientTest, ReadsAnObjectWithItsETag) {
    http_.then(200, "{}", {{.name = "ETag", .value = "\"abc\""}});
    const auto object = get("shop-config", "ci/lambda.json");
    ASSERT_THAT(object, IsOk());
    ASSERT_TRUE(*object);
    EXPECT_EQ((*object)->body, "{}");
    EXPECT_EQ((*object)->etag, "\"abc\"");
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "GET");
    EXPECT_EQ(last_url(), "https://shop-config.s3.eu-west-1.amazonaws.com/ci/lambda.json");
    EXPECT_THAT(sent.headers, IsEmpty());
    EXPECT_EQ(sent.signing->service, "s3");
    EXPECT_EQ(sent.signing->path, SigningPath::kAsSent);
    EXPECT_THAT(sent.body_in_log("hunter2"), Not(HasSubstr("hunter2")));
}

TEST_F(S3ClientTest, AsksOnlyForWhatHasChanged) {
    http_.then(304, "");
    const auto object = get("shop-config", "x", "\"abc\"");
    ASSERT_THAT(object, IsOk());
    EXPECT_FALSE(*object);
    ASSERT_THAT(http_.requests().front().headers, SizeIs(1));
    EXPECT_EQ(http_.requests().front().headers[0].name, "If-None-Match");
    EXPECT_EQ(http_.requests().front().headers[0].value, "\"abc\"");
}

TEST_F(S3ClientTest, EscapesTheKeyOnceAndKeepsItsSlashes) {
    http_.then(200, "");
    ASSERT_THAT(get("shop-config", "a b//\xC3\xBC+~%2F.json"), IsOk());
    EXPECT_EQ(last_url(), "https://shop-config.s3.eu-west-1.amazonaws.com/a%20b//%C3%BC%2B~%252F.json");
}

TEST_F(S3ClientTest, PutsTheBucketIntoThePathWhereNoCertificateNorEmulatorKnowsItAsAHost) {
    http_.then(200, "");
    ASSERT_THAT(get("shop.config", "x"), IsOk());
    EXPECT_EQ(last_url(), "https://s3.eu-west-1.amazonaws.com/shop.config/x");
    options_.endpoint = "http://localhost:5000";
    ASSERT_THAT(get("shop-config", "x"), IsOk());
    EXPECT_EQ(last_url(), "http://localhost:5000/shop-config/x");
}

TEST_F(S3ClientTest, RefusesKeysThatNoUrlKeeps) {
    for (const std::string key : {"..", "a/../b", "./a", "a/."})
        EXPECT_THAT(get("shop-config", key), IsErr(ErrorKind::kConfiguration, HasSubstr("no URL can hold"))) << key;
    EXPECT_THAT(http_.requests(), IsEmpty());
    http_.then(200, "");
    EXPECT_THAT(get("shop-config", "a..b/.c/..d"), IsOk());
}

TEST_F(S3ClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
    EXPECT_THAT(
        get("shop-config", "ci/x.json"),
        IsErr(ErrorKind::kAccessDenied, AllOf(HasSubstr("needs s3:GetObject on arn:aws:s3:::shop-config/ci/x.json"),
                                              HasSubstr("s3:ListBucket on arn:aws:s3:::shop-config "))));
}

TEST_F(S3ClientTest, SaysThatThereIsNoSuchObjectOrBucket) {
    for (const std::string code : {"NoSuchKey", "NoSuchBucket"}) {
        http_.then(404, "<Error><Code>" + code + "</Code><Message>gone</Message></Error>");
    }
    EXPECT_THAT(get("shop-config", "x"), IsErr(ErrorKind::kNotFound, HasSubstr("NoSuchKey: gone")));
    EXPECT_THAT(get("shop-config", "x"), IsErr(ErrorKind::kNotFound, HasSubstr("NoSuchBucket: gone")));
}

TEST_F(S3ClientTest, SaysInWhichRegionTheBucketIs) {
    const std::vector<HttpHeader> there{{.name = "x-amz-bucket-region", .value = "eu-central-1"}};
    http_.then(301, "<Error><Code>PermanentRedirect</Code><Message>..</Message></Error>", there);
    http_.then(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>..</Message></Error>", there);
    http_.then(403, "<Error><Code>AccessDenied</Code><Message>..</Message></Error>", there);
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(get("shop-config", "x"),
                    IsErr(ErrorKind::kConfiguration, HasSubstr("the bucket is in eu-central-1")));
    }
    EXPECT_THAT(get("shop-config", "x"), IsErr(ErrorKind::kAccessDenied, HasSubstr("needs s3:GetObject")));
}

}  // namespace
}  // namespace ci_lambda::testing
