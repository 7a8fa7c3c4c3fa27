#include "services/notify/slack_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kReplyUrl = "https://hooks.slack.com/actions/T1/2/3";

Announcement decided() {
    Notification notification{.title = "Approved: api",
                              .project = "shop",
                              .environment = "dev",
                              .service = "api",
                              .status = "approved",
                              .deployment_id = {},
                              .task_definition = {},
                              .started_because = {},
                              .took = {},
                              .reason = {}};
    notification.approval = ApprovalPrompt{.id = "0123abcd", .token = "ca1.a.b", .decided = "approved by alice"};
    return {.type = NotificationType::kInfo, .title = notification.title, .parts = {notification}};
}

class SlackRepliesTest : public ::testing::Test {
protected:
    FakeHttp http_;
    FakeClock clock_;
    SlackReplies replies_{http_, clock_, false};
};

TEST_F(SlackRepliesTest, PutTheMessageInThePlaceOfTheButtons) {
    http_.then(200, "ok");
    EXPECT_THAT(replies_.replace(kReplyUrl, decided(), Deadline::none()), IsOk());
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(sent.url.reveal(), kReplyUrl);
    EXPECT_FALSE(sent.idempotent);
    EXPECT_LE(sent.timeout, Milliseconds{2000}) << "nothing waits for it";
    const auto json = *parse_json(sent.body);
    EXPECT_EQ(json["replace_original"], true);
    EXPECT_THAT(sent.body, HasSubstr("approved by alice"));
}

TEST_F(SlackRepliesTest, TellOnlyWhoeverHasPressed) {
    http_.then(200, "ok");
    EXPECT_THAT(replies_.tell(kReplyUrl, "not <you>", Deadline::none()), IsOk());
    EXPECT_EQ(*parse_json(http_.requests().front().body),
              (Json{{"response_type", "ephemeral"}, {"replace_original", false}, {"text", "not &lt;you&gt;"}}));
}

TEST_F(SlackRepliesTest, SayWhatSlackSaidOfThemAndTryOnce) {
    http_.then(404, "used_url").then(500, "").then_fail({.kind = ErrorKind::kTimeout, .message = "timed out"});
    EXPECT_THAT(replies_.tell(kReplyUrl, "x", Deadline::none()),
                IsErr(ErrorKind::kRejected, HasSubstr("404 used_url")));
    EXPECT_THAT(replies_.tell(kReplyUrl, "x", Deadline::none()), IsErr(ErrorKind::kServer, HasSubstr("500")));
    EXPECT_THAT(replies_.tell(kReplyUrl, "x", Deadline::none()), IsErr(ErrorKind::kTimeout, HasSubstr("timed out")));
    EXPECT_THAT(http_.requests(), SizeIs(3));
}

TEST_F(SlackRepliesTest, GoNowhereButToSlack) {
    EXPECT_THAT(replies_.tell("", "x", Deadline::none()), IsOk()) << "who cannot be told is not told";
    for (const auto* bad :
         {"http://hooks.slack.com/a", "https://hooks.slack.com.evil.example/a", "https://evilslack.com/",
          "https://hooks.slack.com@evil.example/", "https://evil.example/?slack.com",
          "https://evil.example\\.slack.com/", "http://127.0.0.1:9001/2018-06-01/runtime", "file:///etc",
          "https://169.254.170.2/", "nonsense", "https://"})
        EXPECT_THAT(replies_.tell(bad, "x", Deadline::none()),
                    IsErr(ErrorKind::kInvalidEvent, HasSubstr("no address of Slack")))
            << bad;
    EXPECT_THAT(http_.requests(), IsEmpty());
    for (const auto* good : {"https://hooks.slack.com/a", "https://HOOKS.SLACK.COM/a", "https://hooks.slack-gov.com/a"})
        EXPECT_TRUE(is_reply_url(good, false)) << good;
    EXPECT_TRUE(is_reply_url("http://127.0.0.1:7327/sandbox/slack/reply/1", true));
    EXPECT_FALSE(is_reply_url("http://evil.example/", true));
}

}  // namespace
}  // namespace ci_lambda::testing
