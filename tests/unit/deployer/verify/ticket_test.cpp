#include "deployer/verify/ticket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/config.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;

Verification verification_of_8(seconds time) {
    return {.rollout = rollout_to_8(), .until = start() + time, .state = {.urls = {{.good = 1, .answered = true}}}};
}

TEST(VerifyTicket, WhoPlansTheNextLookPlansTheSameOneAndTimeGoesOn) {
    std::mt19937 random(3);
    const auto any = [&](unsigned most) { return seconds{random() % most}; };
    for (int i = 0; i < 500; ++i) {
        const auto verification = verification_of_8(seconds{400} + any(600));
        const auto now = start() + any(900) + Milliseconds{random() % 1000};
        const auto at = next_look(verification, now, seconds{60});
        EXPECT_LE(at, verification.until);
        if (at == verification.until) continue;
        EXPECT_GE(at - now, seconds{30});
        EXPECT_LE(at - now, seconds{90});
        EXPECT_EQ((at - start()) % seconds{60}, seconds{0});
        EXPECT_EQ(next_look(verification, now + Milliseconds{1}, seconds{60}) - at <= seconds{60}, true);
    }
    EXPECT_EQ(step_of(seconds{86'400}), seconds{60});
    EXPECT_EQ(step_of(seconds{300}), seconds{60});
    EXPECT_EQ(step_of(seconds{1}), seconds{1});
}

TEST(VerifyTicket, NamesAreThoseThatSchedulesMayHave) {
    auto rollout = rollout_to_8();
    rollout.deployment_id = "ecs-svc/1234567890123456789";
    EXPECT_EQ(first_schedule_name(rollout), "ci_lambda-verify-1234567890123456789");
    EXPECT_EQ(schedule_name(rollout, start() + seconds{86'400}), "ci_lambda-verify-1234567890123456789-86400");
    rollout.deployment_id = "ecs-svc/" + std::string(200, '.');
    EXPECT_LE(schedule_name(rollout, start() + seconds{86'400}).size(), 64U);
}

TEST(VerifyTicket, TheEventOfAScheduleIsReadAsItWasWrittenAndNeverDeploys) {
    const auto verification = verification_of_8(seconds{300});
    const auto event = decode_event(event_of(verification, start() + seconds{60}));
    ASSERT_THAT(event, IsOk());
    const auto* request = std::get_if<VerifyRequest>(&event->body);
    ASSERT_NE(request, nullptr) << "it names a service, and is no wish to deploy it";
    const auto config =
        load_config(FakeEnvironment({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}}));
    ASSERT_THAT(config, IsOk());
    const auto decision = decide(*event, config->config);
    ASSERT_THAT(decision, IsOk());
    const auto* verify = std::get_if<Verify>(&*decision);
    ASSERT_NE(verify, nullptr);
    EXPECT_EQ(verify->at, start() + seconds{60});
    const auto again = verification_of(*verify);
    EXPECT_EQ(again.rollout.target.id, verification.rollout.target.id);
    EXPECT_EQ(again.rollout.target.service, verification.rollout.target.service);
    EXPECT_EQ(again.rollout.deployment_id, verification.rollout.deployment_id);
    EXPECT_EQ(again.rollout.task_definition, verification.rollout.task_definition);
    EXPECT_EQ(again.rollout.started_at, verification.rollout.started_at);
    EXPECT_EQ(again.until, verification.until);
    EXPECT_EQ(again.state, verification.state);
}

TEST(VerifyTicket, WhatIsMissingOrNoTimeIsRefused) {
    for (const auto* event : {R"({"action":"verify"})", R"({"action":"verify","service":"api"})",
                              R"({"action":"verify","service":"api","deployment_id":"ecs-svc/1","task_definition":"x",
                                 "started_at":"yesterday","at":"2026-01-31T09:05:03Z","until":"2026-01-31T09:05:03Z"})"})
        EXPECT_THAT(decode_event(event), ::testing::Not(IsOk())) << event;
}

}  // namespace
}  // namespace ci_lambda::testing
