// What people are told, once, whatever Slack does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(AppTest, HasDeliveredTheNotificationWhenItReturns) {
    handle(kManual);
    EXPECT_THAT(slack_messages(), Contains(AllOf(HasSubstr("Deployment started: api"), HasSubstr("a test wants it"))));
}

TEST_F(AppTest, ADeploymentDoesNotCareWhatSlackDoes) {
    for (const auto& rude :
         {reply(500, "rollup_error"), reply(404, "no_service"), reply(429, "", "Retry-After: 99\r\n"),
          ServerReply{.bytes = "garbage", .close = true}, ServerReply{.close = true}}) {
        slack_ = rude;
        const auto handled = handle(kManual);
        EXPECT_FALSE(handled.error);
        EXPECT_EQ(handled.answer.status, "deployed");
    }
}

TEST_F(AppTest, PassesOnWhatEcsSays) {
    const auto handled = handle(kCompleted);
    EXPECT_EQ(handled.answer.status, "notified");
    EXPECT_THAT(slack_messages(),
                Contains(AllOf(HasSubstr(":white_check_mark:"), HasSubstr("Deployment completed: api"))));
}

TEST_F(AppTest, SaysThatANotificationWasNotDeliveredWithoutFailingTheInvocation) {
    slack_ = reply(404, "no_service");
    const auto handled = handle(kCompleted);
    EXPECT_FALSE(handled.error);
    EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("not delivered"), HasSubstr("no_service")));
}

TEST_F(AppTest, DoesNotClaimToHaveNotifiedWhenNobodyListens) {
    environment_.set("ENABLE_SLACK_NOTIFICATIONS", "false");
    const auto handled = handle(kCompleted);
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(handled.answer.detail, HasSubstr("no notification channel"));
}

TEST_F(AppTest, TellsAHopelessEventOnceOverTheTriesOfLambda) {
    const auto same = app();
    for (const std::string event : {R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})",
                                    R"({"service":"worker","reason":"without an id"})"}) {
        const auto before = slack_messages().size();
        for (int attempt = 0; attempt < 3; ++attempt) EXPECT_TRUE(same->handle(event, Deadline::none()).error);
        EXPECT_EQ(slack_messages().size(), before + 1) << event;
    }
}

TEST_F(AppTest, TellsAHopelessEventAgainWhenSlackDidNotGetIt) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})";
    slack_ = reply(404, "no_service");
    same->handle(kEvent, Deadline::none());
    slack_ = reply(200, "ok");
    same->handle(kEvent, Deadline::none());
    same->handle(kEvent, Deadline::none());
    ASSERT_THAT(slack_messages(), SizeIs(2));
    EXPECT_THAT(slack_messages()[1], HasSubstr("a message before this one may not have arrived"));
}

TEST_F(AppTest, TellsWhatEcsRepeatsWithoutADeploymentOnceWithEcsOwnName) {
    const auto same = app();
    const auto impaired = [](const std::string& id, const std::string& time) {
        return R"({"source":"aws.ecs","detail-type":"ECS Service Action","id":")" + id + R"(","time":")" + time +
               R"(","resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"],
                "detail":{"eventType":"WARN","eventName":"SERVICE_TASK_START_IMPAIRED"}})";
    };
    EXPECT_EQ(same->handle(impaired("i1", "2026-03-01T10:00:00Z"), Deadline::none()).answer.status, "notified");
    const auto again = same->handle(impaired("i2", "2026-03-01T10:05:00Z"), Deadline::none());
    EXPECT_EQ(again.answer.status, "ignored");
    EXPECT_THAT(again.answer.detail, HasSubstr("said before"));
    ASSERT_THAT(slack_messages(), SizeIs(1));
    EXPECT_THAT(slack_messages()[0], HasSubstr("SERVICE_TASK_START_IMPAIRED"));
}

/// Thirty services that share a file, and a Slack that takes one message a second; time passes only when somebody
/// waits.
class ManyServicesTest : public AppTest {
protected:
    static constexpr int kServices = 30;

    ManyServicesTest() {
        std::vector<std::string> files;
        for (const auto& id : ids()) files.push_back('"' + id + R"(":[{"bucket":"b","key":"k"}])");
        environment_.set("SERVICE_CONFIG", '{' + join(files, ",") + '}');
        environment_.set("SLACK_WEBHOOK_URL", hook_.url("/services/T000/B000/hook"));
        auto created = App::create({}, environment_, log_.sink, time_, pause_);
        EXPECT_THAT(created, IsOk());
        app_ = std::move(*created);
    }
    /// s01 to s29, and the worker, which ECS refuses.
    static std::vector<std::string> ids() {
        std::vector<std::string> all;
        for (int i = 1; i < kServices; ++i) all.push_back((i < 10 ? "s0" : "s") + std::to_string(i));
        all.emplace_back("worker");
        return all;
    }
    static std::string completed(const std::string& id, int number) {
        return R"({"source":"aws.ecs","detail-type":"ECS Deployment State Change","id":"c)" + std::to_string(number) +
               R"(","resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_)" + id +
               R"(_dev"],"detail":{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_COMPLETED","deploymentId":"ecs-svc/)" +
               std::to_string(number) + R"(","reason":"done"}})";
    }
    Handled handle(const std::string& event, Milliseconds lambda_timeout = std::chrono::minutes{2}) {
        return app_->handle(event, Deadline::after(time_, lambda_timeout));
    }
    /// What Slack took. It refuses what comes within a second of the last one.
    ServerReply one_a_second(const ServerRequest& request) {
        const std::scoped_lock lock(mutex_);
        const auto now = time_.now();
        if (now < next_) {
            ++refused_;
            return reply(429, "rate_limited", "Retry-After: " + retry_after_ + "\r\n");
        }
        next_ = now + std::chrono::seconds{1};
        taken_.push_back(request.body);
        return reply(200, "ok");
    }
    std::vector<std::string> taken() {
        const std::scoped_lock lock(mutex_);
        return taken_;
    }

    FakeClock time_;
    FakeSleeper pause_{time_};
    std::mutex mutex_;
    WallTime next_{};
    int refused_ = 0;
    std::string retry_after_ = "1";
    std::vector<std::string> taken_;
    LoopbackServer hook_{[this](const ServerRequest& request) { return one_a_second(request); }};
    std::unique_ptr<App> app_;
};

TEST_F(ManyServicesTest, OneEventIsOneMessageWithTheErrorFirst) {
    const auto handled = handle(
        R"({"source":"aws.s3","detail-type":"Object Created","id":"e1","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}})");
    EXPECT_THAT(handled.answer.deployments, SizeIs(kServices));
    ASSERT_THAT(taken(), SizeIs(1));
    const auto message = *parse_json(taken()[0]);
    EXPECT_EQ(message["blocks"][0]["text"]["text"], ":x: *Deployments: 1 could not start, 29 started*");
    const std::string lines = message["blocks"][2]["text"]["text"];
    EXPECT_THAT(lines, ::testing::StartsWith(":x: worker: could not start"));
    EXPECT_THAT(lines, HasSubstr("ECS says no"));
    for (const auto& id : ids()) EXPECT_THAT(taken()[0], HasSubstr(id + ": "));
}

TEST_F(ManyServicesTest, LosesNothingAtOneMessageASecond) {
    for (const auto& id : ids()) handle(R"({"service":")" + id + "\"}");
    int number = 100;
    for (const auto& id : ids()) EXPECT_EQ(handle(completed(id, number++)).answer.status, "notified");
    const auto messages = taken();
    EXPECT_THAT(messages, SizeIs(2 * kServices));
    EXPECT_GT(refused_, kServices) << "or nothing was proven";
    for (const auto& id : ids()) {
        EXPECT_EQ(std::ranges::count_if(messages, [&](const auto& one) { return one.contains(": " + id + '*'); }), 2);
    }
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("notification lost")));
}

TEST_F(ManyServicesTest, NewsOfOneBatchAreOneMessage) {
    Json records = Json::array();
    int number = 100;
    for (const auto& id : ids()) {
        const auto name = std::to_string(number);
        records.push_back({{"messageId", "m" + name},
                           {"body", completed(id, number++)},
                           {"eventSource", "aws:sqs"},
                           {"eventSourceARN", "arn:aws:sqs:us-east-1:1:events"}});
    }
    const auto handled = handle(dump_json({{"Records", records}}));
    EXPECT_EQ(handled.answer.status, "notified");
    ASSERT_THAT(taken(), SizeIs(1));
    EXPECT_EQ((*parse_json(taken()[0]))["blocks"][0]["text"]["text"], ":white_check_mark: *Deployments: 30 completed*");
}

TEST_F(ManyServicesTest, WhatThereWasNoTimeForIsALogLineAndAWordInTheNextMessage) {
    handle(R"({"service":"s01"})");
    retry_after_ = "30";
    EXPECT_FALSE(handle(R"({"service":"s02"})", std::chrono::seconds{10}).error);
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("notification lost"), HasSubstr("Slack asks for a pause of")));
    time_.advance(std::chrono::minutes{1});
    handle(R"({"service":"s03"})");
    ASSERT_THAT(taken(), SizeIs(2));
    EXPECT_THAT(taken()[1], AllOf(HasSubstr("s03"), HasSubstr("a message before this one may not have arrived")));
}

}  // namespace
}  // namespace ci_lambda::testing
