#include "services/aws/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::array<std::string_view, 1> kSlowOperation{"GetSlowly"};
constexpr std::array<QuotaGroup, 1> kSlowQuota{
    {{.name = "slow", .quota = {.burst = 2, .per_second = 1}, .operations = kSlowOperation}}};
constexpr std::array<std::string_view, 1> kNoSuchThing{"NoSuchThing"};

constexpr AwsService kRest{
    .name = "things",
    .title = "Things",
    .host = "api.things",
    .signing_name = "thing",
    .endpoint_variable = "AWS_ENDPOINT_URL_THINGS",
    .not_found_codes = kNoSuchThing,
    .quotas = kSlowQuota,
    .explain = [](Error& error, const AwsCall& call, const HttpResponse&) { error.message += " at " + call.path; },
    .signing_path = SigningPath::kAsSent};

constexpr AwsService kJson10{.name = "states",
                             .title = "Step Functions",
                             .host = "states",
                             .signing_name = "states",
                             .endpoint_variable = "AWS_ENDPOINT_URL_SFN",
                             .target_prefix = "AWSStepFunctions.",
                             .content_type = "application/x-amz-json-1.0"};

class AwsClientTest : public ::testing::Test {
protected:
    [[nodiscard]] AwsClient client_of(const AwsService& service) {
        return {service, {.region = "eu-west-1"}, http_, credentials_, clock_, sleeper_, log_.logger};
    }
    static AwsCall get(std::string path) {
        return {.operation = "Get", .method = "GET", .path = std::move(path), .headers = {}};
    }

    FakeHttp http_;
    FakeCredentials credentials_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
};

TEST_F(AwsClientTest, SpeaksTheServicesOwnVersionOfAwsJson) {
    http_.then(200, R"({"a":1})");
    auto client = client_of(kJson10);
    const auto answer = client.read("SendTaskSuccess", {{"taskToken", "t"}}, Deadline::none());
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->at("a"), 1);
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.url.reveal(), "https://states.eu-west-1.amazonaws.com/");
    ASSERT_THAT(sent.headers, SizeIs(2));
    EXPECT_EQ(sent.headers[0].value, "application/x-amz-json-1.0");
    EXPECT_EQ(sent.headers[1].value, "AWSStepFunctions.SendTaskSuccess");
    EXPECT_EQ(sent.body, R"({"taskToken":"t"})");
}

TEST_F(AwsClientTest, CallsRestWithItsOwnMethodPathHostAndHeaders) {
    http_.then(200, "text");
    auto client = client_of(kRest);
    auto call = get("/a%20b");
    call.host_prefix = "bucket.";
    call.headers.push_back({.name = "If-None-Match", .value = "\"1\""});
    const auto answer = client.make(call, Deadline::none());
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->body, "text");
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "GET");
    EXPECT_EQ(sent.url.reveal(), "https://bucket.api.things.eu-west-1.amazonaws.com/a%20b");
    ASSERT_THAT(sent.headers, SizeIs(1)) << "no content type without content";
    EXPECT_EQ(sent.headers[0].name, "If-None-Match");
    ASSERT_TRUE(sent.signing);
    EXPECT_EQ(sent.signing->service, "thing");
    EXPECT_EQ(sent.signing->path, SigningPath::kAsSent);
}

TEST_F(AwsClientTest, TakesNotModifiedForAnAnswerOnlyWhereTheCallSaysSo) {
    http_.then(304, "");
    auto client = client_of(kRest);
    auto call = get("/x");
    EXPECT_THAT(client.make(call, Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("check AWS_ENDPOINT_URL_THINGS")));
    call.accepts_not_modified = true;
    const auto answer = client.make(call, Deadline::none());
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->status, 304);
}

TEST_F(AwsClientTest, NamesServiceAndOperationInErrorsAndAddsWhatTheServiceKnows) {
    http_.then(404, "<Error><Code>NoSuchThing</Code><Message>gone</Message></Error>");
    auto client = client_of(kRest);
    const auto answer = client.make(get("/x"), Deadline::none());
    ASSERT_THAT(answer, IsErr(ErrorKind::kNotFound, HasSubstr("NoSuchThing")));
    EXPECT_EQ(answer.error().message, "things Get: NoSuchThing: gone at /x");
}

TEST_F(AwsClientTest, ShowsOfBodiesNoMoreThanTheSizeUnlessTheServiceSaysWhatMayBeSeen) {
    http_.then(200, "{}");
    auto client = client_of(kRest);
    ASSERT_THAT(client.make(get("/x"), Deadline::none()), IsOk());
    auto* const body_in_log = http_.requests().front().body_in_log;
    ASSERT_NE(body_in_log, nullptr);
    EXPECT_THAT(body_in_log("secret"), Not(HasSubstr("secret")));
}

TEST_F(AwsClientTest, PacesByTheServicesOwnGroupsAndNamesTheServiceWhenATurnWouldComeTooLate) {
    http_.then(200, "{}");
    auto client = client_of(kRest);
    for (int i = 0; i < 4; ++i) {
        ASSERT_THAT(client.make(get("/x"), Deadline::none()), IsOk());
    }
    EXPECT_THAT(sleeper_.slept(), IsEmpty()) << "is in no group";
    AwsCall slow = get("/slow");
    slow.operation = "GetSlowly";
    for (int i = 0; i < 4; ++i) {
        ASSERT_THAT(client.make(slow, Deadline::none()), IsOk());
    }
    EXPECT_THAT(sleeper_.slept(), Not(IsEmpty()));
    EXPECT_THAT(client.make(slow, Deadline::after(clock_, Milliseconds{1500})),
                IsErr(ErrorKind::kDeadline,
                      HasSubstr("things GetSlowly not sent: its turn would come after the deadline, because Things "
                                "allows 2 calls at once and then 1 a second (quota \"slow\")")));
}

TEST_F(AwsClientTest, SignsOnlyWhatExpiredOnceMore) {
    http_.then(400, R"({"__type":"ExpiredTokenException"})").then(200, "one").then(200, "two");
    auto client = client_of(kRest);
    const std::array calls{get("/1"), get("/2")};
    const auto answers = client.make(calls, Deadline::none());
    ASSERT_THAT(answers[0], IsOk());
    EXPECT_EQ(answers[0]->body, "two");
    EXPECT_EQ(answers[1]->body, "one");
    EXPECT_EQ(credentials_.invalidated(), 1);
    ASSERT_THAT(http_.requests(), SizeIs(3));
    EXPECT_EQ(http_.requests().back().signing->credentials.access_key_id, "AKID1");
    EXPECT_THAT(http_.requests().back().url.reveal(), HasSubstr("/1"));
}

}  // namespace
}  // namespace ci_lambda::testing
