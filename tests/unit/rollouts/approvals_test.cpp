#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "approvals/token.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Deployments that a person has to approve: the whole function, in virtual time.

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kKey = "0123456789abcdef0123456789abcdef";

WorldOptions approving(std::map<std::string, std::string> more = {}) {
    WorldOptions options{.sweep = false};
    options.environment = {{"APPROVAL_REQUIRED", "true"}, {"APPROVAL_KEY", kKey}};
    for (auto& [name, value] : more) options.environment[name] = value;
    return options;
}

/// The same where EventBridge Scheduler can call the function.
WorldOptions approving_with_schedules(std::map<std::string, std::string> more = {}) {
    more["SCHEDULE_ROLE"] = "arn:aws:iam::123456789012:role/calls";
    auto options = approving(std::move(more));
    options.knows_itself = true;
    return options;
}

/// All tokens that were told, the newest last.
std::vector<std::string> tokens_in(const std::string& text) {
    std::vector<std::string> tokens;
    for (auto at = text.find("ca1."); at != std::string::npos; at = text.find("ca1.", at + 1)) {
        const auto end =
            text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", at);
        tokens.push_back(text.substr(at, end - at));
    }
    return tokens;
}

std::string last_token(const World& world) {
    const auto tokens = tokens_in(world.slack());
    return tokens.empty() ? std::string() : tokens.back();
}

std::string approve(const std::string& token) { return dump_json({{"approve", token}}); }

/// As the door hands on who has pressed a button of Slack.
std::string pressed(const World& world, const std::string& token, const std::string& name, bool approved = true) {
    const ApprovalAnswer answer{.token = token,
                                .approved = approved,
                                .by = {.channel = Approver::Channel::kSlack, .id = "U0" + name, .name = name},
                                .at = world.now()};
    return dump_json({{"approval_answer", sign(answer, {.current = Secret(kKey)}).value()}});
}

std::string change(World& world, const std::string& name = "LOG_LEVEL") {
    return world.handle(update_of_parameter(name, world.now())).answer.status;
}

TEST(Approval, BeginsWhatWasAskedForAndNothingBefore) {
    World world(approving());
    EXPECT_EQ(change(world), "awaiting_approval");
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.told(), "to be approved");
    EXPECT_THAT(world.slack(),
                AllOf(HasSubstr("runs now: shop_service_api_dev:9"), HasSubstr("would run: shop_service_api_dev:42"),
                      HasSubstr("parameter /dev/shop/api/LOG_LEVEL was updated")));
    const auto handled = world.handle(approve(last_token(world)));
    EXPECT_EQ(handled.answer.status, "deployed") << handled.answer.detail;
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.told(), "to be approved, started, completed");
    EXPECT_THAT(world.slack(), HasSubstr(", approved by a request"));
}

TEST(Approval, OfAPushThatIsYetToBeRegisteredDoesNotSayThatItIsMissing) {
    World world(approving({{"ECR_DEPLOY_MODE", "revision"}}));
    world.handle(dump_json({{"id", "push"},
                            {"source", "aws.ecr"},
                            {"detail-type", "ECR Image Action"},
                            {"account", "123456789012"},
                            {"region", "us-east-1"},
                            {"time", in_whole_seconds(world.now())},
                            {"detail",
                             {{"action-type", "PUSH"},
                              {"result", "SUCCESS"},
                              {"repository-name", "shop_service_api"},
                              {"image-digest", "sha256:" + std::string(64, 'a')},
                              {"image-tag", "v1.43"}}}}));
    EXPECT_THAT(world.slack(), AllOf(HasSubstr("would run: a copy of"), Not(HasSubstr("Not what was pushed"))));
}

TEST(Approval, IsAskedOnceForAllEventsThatWantTheSame) {
    World world(approving());
    for (int i = 0; i < 200; ++i) EXPECT_EQ(change(world, fmt::format("P{}", i)), "awaiting_approval");
    EXPECT_EQ(world.told(), "to be approved");
    world.run_for(hours{5});
    change(world);
    EXPECT_EQ(world.told(), "to be approved, to be approved") << "its time was over";
}

TEST(Approval, UsedAHundredTimesBeginsOneRollout) {
    World world(approving());
    change(world);
    const auto token = last_token(world);
    EXPECT_EQ(world.handle(approve(token)).answer.status, "deployed");
    for (int i = 0; i < 50; ++i) {
        const auto again = world.handle(approve(token));
        EXPECT_THAT(again.answer.status, ::testing::AnyOf("ignored", "refused")) << again.answer.detail;
        EXPECT_FALSE(again.error) << "nothing is to come again";
    }
    world.run_for(minutes{20});
    for (int i = 0; i < 50; ++i) {
        world.forget_all();
        EXPECT_THAT(world.handle(approve(token)).answer.status, ::testing::AnyOf("ignored", "refused"));
    }
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

/// Approved, and a migration in front that takes longer than an invocation.
WorldOptions approving_with_migration() {
    auto options =
        approving({{"CI_LAMBDA_CONFIG", R"({"services":{"api":{"before":{"task":"migrate","command":["up"]}}}})"}});
    options.lambda_timeout = minutes{2};
    options.lambda_retries = true;
    return options;
}

TEST(Approval, HoldsForWhatGoesOnByItselfOnceItsTaskHasEnded) {
    World world(approving_with_migration());
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{9}});
    change(world);
    world.send(approve(last_token(world)));
    EXPECT_EQ(world.outcomes().back().handled.answer.status, "held");
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.told(), "to be approved, started, completed") << "nobody is asked again";
}

TEST(Approval, IsAskedAnewWhereSomethingHasChangedWhileItsTaskRan) {
    World world(approving_with_migration());
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{9}});
    change(world);
    world.send(approve(last_token(world)));
    const auto theirs = world.somebody_deploys("shop_service_api_dev:9");
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("UpdateService"), 0) << theirs;
    EXPECT_EQ(std::ranges::count(world.titles(), "Deployment to be approved: api"), 2) << world.told();
}

TEST(Approval, HoldsForWhatBeginsOnceAHoldIsOver) {
    auto options = approving({{"HOLDS", "true"}, {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}});
    options.knows_itself = true;
    World world(options);
    change(world);
    world.handle(R"({"action":"hold","service":"api","until":"2h","reason":"moves","by":"bob"})");
    EXPECT_EQ(world.handle(approve(last_token(world))).answer.status, "held");
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(hours{3});
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

/// Whoever may start tasks, or write schedules, writes what he likes into what waits.
TEST(Approval, ThatSomebodyHasMadeUpIsNone) {
    World world(approving());
    change(world);
    const auto token = last_token(world);
    for (const auto& made_up : {std::string("ck1.e30.e30"), token, "ck1" + token.substr(3)}) {
        const auto thaw = dump_json({{"action", "thaw"},
                                     {"service", "api"},
                                     {"at", "2026-01-01T00:00:00Z"},
                                     {"by_person", true},
                                     {"request", {{"s", "api"}, {"why", "mine"}, {"ok", made_up}}}});
        EXPECT_EQ(world.handle(thaw).answer.status, "awaiting_approval");
    }
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(Approval, IsRefusedForWhateverIsNotWhatWasSeen) {
    struct Case {
        std::string_view what;
        std::function<void(World&)> happens;
        std::string_view words;
    };
    const std::vector<Case> cases{
        {"somebody else has deployed",
         [](World& world) {
             world.somebody_deploys("shop_service_api_dev:9");
             world.run_for(minutes{20});
         },
         "it has moved on since this was asked"},
        {"a newer revision was registered", [](World& world) { world.somebody_registers("example.com/other:v2"); },
         "is another one by now"},
        {"its tag stands for another image",
         [](World& world) { world.move_tag("v1.42", "sha256:" + std::string(64, 'b')); }, "is another one by now"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.what);
        World world(approving());
        change(world);
        const auto token = last_token(world);
        one.happens(world);
        const auto before = world.calls("UpdateService");
        const auto handled = world.handle(approve(token));
        EXPECT_EQ(handled.answer.status, "refused");
        EXPECT_THAT(handled.answer.detail, HasSubstr(one.words));
        EXPECT_FALSE(handled.error);
        EXPECT_EQ(world.calls("UpdateService"), before);
        EXPECT_THAT(world.slack(), HasSubstr(one.words)) << "people hear why";
        EXPECT_THAT(world.titles().back(), HasSubstr("not approved"));
    }
}

TEST(Approval, IsRefusedWithAClearWordWhereItIsNoneOfOursOrTooLate) {
    World world(approving());
    change(world);
    const auto token = last_token(world);
    auto flipped = token;
    flipped[flipped.size() / 2] = flipped[flipped.size() / 2] == 'A' ? 'B' : 'A';
    for (const auto& [text, words] : {std::pair(flipped, "not signed with our key"), std::pair(std::string("x"), "no "),
                                      std::pair(token.substr(0, token.size() - 1), "not signed with our key")}) {
        const auto handled = world.handle(approve(text));
        EXPECT_THAT(handled.answer.detail, HasSubstr(words));
        ASSERT_TRUE(handled.error);
        EXPECT_EQ(handled.error->type, "Function.InvalidEvent");
    }
    world.run_for(hours{4} + minutes{1});
    EXPECT_THAT(world.handle(approve(token)).answer.detail, HasSubstr("has expired at"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

/// A token is an answer as "approve" and in no other place, whatever else the event says.
TEST(Approval, IsGivenByNothingButAnAnswer) {
    World world(approving());
    change(world);
    const auto token = last_token(world);
    for (const auto& event : {Json{{"action", "remind"}, {"token", token}}, Json{{"token", token}},
                              Json{{"action", "approve"}, {"token", token}}})
        EXPECT_NE(world.handle(dump_json(event)).answer.status, "deployed") << event;
    world.run_for(hours{5});
    EXPECT_NE(world.handle(dump_json({{"action", "remind"}, {"token", token}})).answer.status, "deployed");
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(Approval, IsOfThoseWhoAreNamed) {
    World world(approving({{"APPROVAL_FROM", "oncall"}, {"APPROVAL_GROUPS", "oncall=@alice @bob"}}));
    change(world);
    const auto token = last_token(world);
    EXPECT_THAT(world.slack(), HasSubstr("waits to be approved by oncall until"));
    EXPECT_THAT(world.handle(approve(token)).answer.detail, HasSubstr("a request does not say who has sent it"));
    EXPECT_THAT(world.handle(pressed(world, token, "mallory")).answer.detail, HasSubstr("none of those who may"));
    EXPECT_THAT(world.handle(pressed(world, token, "mallory", false)).answer.status, "refused");
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.told(), "to be approved") << "who may not is told alone";
    const auto old = pressed(world, token, "alice");
    world.run_for(minutes{20});
    EXPECT_THAT(world.handle(old).answer.detail, HasSubstr("too long ago")) << "an answer that somebody has kept";
    EXPECT_EQ(world.handle(pressed(world, token, "alice")).answer.status, "deployed");
    EXPECT_THAT(world.slack(), HasSubstr(", approved by alice (Slack)"));
}

TEST(Approval, AfterANoNothingBeginsAndTheSameCanBeAskedAgain) {
    World world(approving());
    change(world);
    const auto token = last_token(world);
    EXPECT_EQ(world.handle(pressed(world, token, "alice", false)).answer.status, "rejected");
    world.run_for(minutes{20});
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.told(), "to be approved, rejected");
    // A no that comes after a yes is no way to take it back.
    EXPECT_EQ(world.handle(approve(token)).answer.status, "deployed");
    EXPECT_EQ(world.handle(pressed(world, token, "bob", false)).answer.status, "refused");
}

TEST(Approval, IsNotAskedOfWhatAPersonAsksForWhereThatIsExcepted) {
    World world(approving({{"APPROVAL_EXCEPT", "manual"}}));
    EXPECT_EQ(change(world), "awaiting_approval");
    EXPECT_EQ(world.deploy().answer.status, "deployed");
    World strict(approving());
    EXPECT_EQ(strict.deploy().answer.status, "awaiting_approval");
}

TEST(Approval, HoldsNoRollbackUp) {
    auto options = approving({{"APPROVAL_EXCEPT", "manual"}});
    options.scenario = sandbox::Scenario::kCrashOnStart;
    options.roll_back = true;
    World world(options);
    world.deploy();
    world.run_for(minutes{60});
    EXPECT_THAT(world.end_state(), HasSubstr("COMPLETED"));
    EXPECT_THAT(world.told(), AllOf(HasSubstr("started"), Not(HasSubstr("to be approved"))));
}

TEST(Approval, IsRemindedOfOnceAndItsEndIsTold) {
    World world(approving_with_schedules());
    change(world);
    world.run_for(hours{3} - minutes{1});
    EXPECT_EQ(world.told(), "to be approved");
    world.run_for(minutes{2});
    EXPECT_EQ(world.told(), "to be approved, still to be approved");
    EXPECT_THAT(world.slack(), AllOf(HasSubstr("Nobody has answered yet. It can be approved until"),
                                     HasSubstr("would run: shop_service_api_dev:42")));
    EXPECT_EQ(last_token(world), tokens_in(world.slack()).front()) << "it is answered by what was sent before";
    world.run_for(hours{1});
    EXPECT_EQ(world.told(), "to be approved, still to be approved, not approved in time");
    EXPECT_THAT(world.slack(), HasSubstr("nothing was deployed.\\nparameter /dev/shop/api/LOG_LEVEL was updated"));
    EXPECT_THAT(world.slack(), HasSubstr("To ask again: ci_lambda deploy api"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_FALSE(world.scheduler().next_due()) << "nothing is left behind";
    change(world);
    EXPECT_EQ(world.told(), "to be approved, still to be approved, not approved in time, to be approved");
}

TEST(Approval, NobodyIsRemindedOfWhatWasAnsweredOrHasMovedOn) {
    struct Case {
        std::string_view what;
        std::function<void(World&)> happens;
        std::string_view told;
    };
    const std::vector<Case> cases{
        {"approved", [](World& world) { world.handle(approve(last_token(world))); },
         "to be approved, started, completed"},
        {"rejected", [](World& world) { world.handle(pressed(world, last_token(world), "alice", false)); },
         "to be approved, rejected"},
        {"somebody else has deployed", [](World& world) { world.somebody_deploys("shop_service_api_dev:9"); },
         "to be approved, in progress, completed"},
        {"a newer revision was registered, and is another question",
         [](World& world) { world.somebody_registers("example.com/other:v2"); }, "to be approved"},
    };
    for (const auto& [what, happens, told] : cases) {
        SCOPED_TRACE(what);
        World world(approving_with_schedules());
        change(world);
        happens(world);
        world.run_for(hours{5});
        EXPECT_EQ(world.told(), told);
        EXPECT_FALSE(world.scheduler().next_due());
    }
}

TEST(Approval, IsAskedOnceByAllProcessesAndAnewAfterANo) {
    World world(approving_with_schedules());
    for (int i = 0; i < 20; ++i) {
        world.forget_all();
        EXPECT_EQ(change(world, fmt::format("P{}", i)), "awaiting_approval");
    }
    EXPECT_EQ(world.told(), "to be approved");
    world.handle(pressed(world, last_token(world), "alice", false));
    world.run_for(minutes{1});
    change(world);
    EXPECT_EQ(world.told(), "to be approved, rejected, to be approved");
}

/// What a schedule sends, or whoever writes like it, approves nothing, whatever else stands in it.
TEST(Approval, IsNotGivenByWhatIsDueOfIt) {
    World world(approving_with_schedules());
    change(world);
    const auto token = last_token(world);
    const auto now = world.now();
    const auto signed_answer =
        sign(ApprovalAnswer{.token = token, .approved = true, .by = {}, .at = now}, {.current = Secret(kKey)}).value();
    for (const auto& due : {"remind", "expired", "begun", "approve", ""}) {
        const Json event{{"action", "approval_due"}, {"due", due}, {"token", token}};
        EXPECT_NE(world.handle(dump_json(event)).answer.status, "deployed");
        for (const auto& [member, text] : {std::pair("approve", token), std::pair("approval_answer", signed_answer)}) {
            auto more = event;
            more[member] = text;
            const auto handled = world.handle(dump_json(more));
            ASSERT_TRUE(handled.error) << more;
            EXPECT_EQ(handled.error->type, "Function.InvalidEvent");
        }
        for (const auto* other : {"approval_answer", "cb1.a.b"}) {
            auto more = event;
            more["token"] = other == std::string("approval_answer") ? signed_answer : other;
            EXPECT_EQ(world.handle(dump_json(more)).answer.status,
                      due == std::string("approve") || *due == 0 ? "failed" : "ignored");
        }
    }
    world.run_for(hours{5});
    world.handle(dump_json({{"action", "approval_due"}, {"due", "begun"}, {"token", token}}));
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.calls("RegisterTaskDefinition"), 0);
}

TEST(Approval, AReminderThatCannotLookComesAgain) {
    auto options = approving_with_schedules({{"MAX_DEPLOYMENT_RETRIES", "0"}});
    options.lambda_retries = true;
    World world(options);
    change(world);
    world.run_for(hours{3} - minutes{1});
    world.add_fault({.operation = "DescribeServices", .kind = sandbox::FaultKind::kThrottled});
    world.run_for(minutes{5});
    EXPECT_EQ(world.told(), "to be approved, still to be approved");
}

/// Somebody else's yes comes in another process, before any of the calls of this one.
TEST(Approval, TwoAnswersInTheSameMomentBeginOneRollout) {
    int both = 0;
    for (int before = 0;; ++before) {
        SCOPED_TRACE(before);
        World world(approving_with_schedules());
        change(world);
        const auto token = last_token(world);
        const auto alices = pressed(world, token, "alice");
        const auto bobs = pressed(world, token, "bob");
        int calls = 0;
        Handled elsewhere;
        world.before_each_call([&](const std::string&, const std::string&) {
            if (calls++ != before) return;
            // What is captured is gone once there is nothing to be called any more.
            auto& same_world = world;
            auto& answered = elsewhere;
            const auto& other = bobs;
            same_world.before_each_call({});
            answered = same_world.handle_elsewhere(other);
        });
        const auto here = world.handle(alices);
        if (calls <= before) break;
        ++both;
        EXPECT_EQ(world.calls("UpdateService"), 1);
        EXPECT_EQ(here.answer.status, "deployed") << here.answer.detail;
        EXPECT_EQ(elsewhere.answer.status, "refused") << elsewhere.answer.detail;
        EXPECT_THAT(elsewhere.answer.detail, HasSubstr("alice (Slack) has approved it"));
        EXPECT_FALSE(elsewhere.error);
        world.run_for(hours{5});
        EXPECT_EQ(world.told(), "to be approved, started, completed");
        EXPECT_FALSE(world.scheduler().next_due());
    }
    EXPECT_GE(both, 3) << "else it proves nothing";
}

TEST(Approval, ThatBeganNothingIsTold) {
    World world(approving_with_schedules());
    change(world);
    const auto due = dump_json({{"action", "approval_due"}, {"due", "begun"}, {"token", last_token(world)}});
    EXPECT_EQ(world.handle(due).answer.status, "notified");
    EXPECT_EQ(world.told(), "to be approved, approved, but not begun");
    EXPECT_EQ(world.handle(approve(last_token(world))).answer.status, "deployed");
    EXPECT_EQ(world.handle(due).answer.status, "ignored");
}

/// A yes that fails, in a way that does not heal by itself, keeps nobody else from trying.
TEST(Approval, WhatCouldNotBeginCanBeApprovedAtOnceAgain) {
    World world(approving_with_schedules());
    change(world);
    world.add_fault({.operation = "UpdateService", .kind = sandbox::FaultKind::kDenied});
    const auto failed = world.handle(pressed(world, last_token(world), "alice"));
    EXPECT_EQ(failed.answer.status, "failed");
    EXPECT_EQ(world.handle(pressed(world, last_token(world), "bob")).answer.status, "deployed");
}

/// A pause of ECS: it is reminded of, and answered with both actions spelt out.
TEST(Approval, OfAPauseOfEcsIsRemindedOfAndAnswered) {
    for (const bool approves : {true, false}) {
        SCOPED_TRACE(approves);
        auto options = approving_with_schedules({{"APPROVAL_REQUIRED", "false"}});
        options.scenario = sandbox::Scenario::kPause;
        World world(options);
        std::vector<std::string> actions;
        world.before_each_call([&](const std::string& operation, const std::string& body) {
            if (operation == "ContinueServiceDeployment") actions.push_back((*parse_json(body))["action"]);
        });
        world.deploy();
        world.run_for(minutes{15});
        const auto due = world.scheduler().next_due();
        ASSERT_TRUE(due) << world.told();
        world.run_for(std::chrono::ceil<Milliseconds>(*due - world.now()));
        EXPECT_THAT(world.told(), HasSubstr("waiting for approval, still waiting for approval"));
        const auto handled = world.handle(pressed(world, last_token(world), "alice", approves));
        EXPECT_EQ(handled.answer.status, approves ? "continued" : "rejected") << handled.answer.detail;
        EXPECT_THAT(actions, ::testing::ElementsAre(approves ? "CONTINUE" : "ROLLBACK"));
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
        EXPECT_EQ(world.handle(pressed(world, last_token(world), "bob", !approves)).answer.status, "refused");
        world.run_for(hours{1});
        EXPECT_EQ(world.end_state(), (approves ? kNewRevision : kOldRevision) + " COMPLETED");
        EXPECT_FALSE(world.scheduler().next_due());
    }
}

/// Events, answers with any token that there ever was, deployments of others, time, and processes that die, in any
/// order: what rolls was approved, on top of what was seen; and what was approved in time rolls.
TEST(Approval, NothingRollsThatWasNotApprovedWhateverHappens) {
    int approved = 0;
    for (unsigned seed = 0; seed < 16 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto one_of = [&](unsigned count) { return random() % count; };
        World world(seed % 2 == 0 ? approving() : approving_with_schedules());
        int by_us = 0;
        for (int step = 0; step < 30; ++step) {
            const auto before = world.calls("UpdateService");
            bool approves = false;
            switch (one_of(7)) {
                case 0:
                case 1: change(world, fmt::format("P{}", one_of(3))); break;
                case 2:
                case 3: {
                    const auto tokens = tokens_in(world.slack());
                    if (tokens.empty()) break;
                    const auto token = tokens[one_of(static_cast<unsigned>(tokens.size()))];
                    const auto asked = open_token(token, {.current = Secret(kKey)}, "shop/dev", world.now());
                    const auto running = *parse_json(world.call_ecs(
                        "DescribeServices", R"({"cluster":"shop_cluster_dev","services":["shop_service_api_dev"]})"));
                    const std::string primary = running["services"][0]["deployments"][0]["id"];
                    const auto handled = world.handle(approve(token));
                    approves = handled.answer.status == "deployed";
                    if (approves) {
                        ++by_us;
                        ASSERT_TRUE(asked);
                        EXPECT_EQ(asked->running, primary) << "on top of what was seen";
                    } else if (!asked) {
                        EXPECT_THAT(handled.answer.detail, HasSubstr("has expired"));
                    } else {
                        EXPECT_TRUE(asked->running != primary || handled.answer.detail.contains("is another one"))
                            << handled.answer.detail;
                    }
                    break;
                }
                case 4: world.somebody_deploys(world.somebody_registers()); break;
                case 5: world.run_for(minutes{1 + one_of(90)}); break;
                default: world.forget_all(); break;
            }
            EXPECT_EQ(world.calls("UpdateService") - before, approves ? 1 : 0) << "step " << step;
        }
        EXPECT_EQ(world.calls("UpdateService"), by_us);
        approved += by_us;
    }
    EXPECT_GT(approved, 12) << "else it proves nothing";
}

}  // namespace
}  // namespace ci_lambda::testing
