#include "deployer/approve/questions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "config/config.hpp"
#include "support/fake_schedules.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Claim = Questions::Claim;
using Turn = Questions::Turn::Kind;

const std::string kQuestionKey = "0123456789abcdef0123456789abcdef";

Config question_config(std::map<std::string, std::string> variables = {}) {
    variables.insert({{"PROJECT_NAME", "shop"},
                      {"PROJECT_ENV", "dev"},
                      {"SERVICE_CONFIG", "{}"},
                      {"APPROVAL_REQUIRED", "true"},
                      {"APPROVAL_KEY", kQuestionKey},
                      {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}});
    return load_config(FakeEnvironment(std::move(variables))).value().config;
}

class QuestionsTest : public ::testing::Test {
protected:
    /// What another process has.
    std::unique_ptr<Questions> process(const OneTimeCalls& calls) {
        return std::make_unique<Questions>(config_, calls, schedules_, clock_, sleeper_, log_.logger);
    }
    [[nodiscard]] Approval approval(std::chrono::minutes lasts = hours{4}, const std::string& running = "ecs-svc/1") {
        const auto now = std::chrono::floor<seconds>(clock_.now());
        return {.environment = "shop/dev",
                .service = ServiceId("api"),
                .issued = now,
                .expires = now + lasts,
                .request = "{}",
                .running = running,
                .content = "hash"};
    }
    static std::string token_of(const Approval& approval) {
        return sign(approval, {.current = Secret(kQuestionKey)}).value();
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& one : schedules_.all()) names.push_back(one.name.name.substr(one.name.name.rfind('-') + 1));
        return names;
    }
    Questions::Turn turn_of(Questions& questions, const Approval& asked, const std::string& who,
                            Deadline invocation = Deadline::none()) {
        const ApprovalAnswer answer{.token = token_of(asked),
                                    .approved = true,
                                    .by = {.channel = Approver::Channel::kSlack, .id = who, .name = who},
                                    .at = clock_.now()};
        return questions.take_turn(asked, answer.token, answer, "answer of " + who, invocation);
    }

    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    FakeSchedules schedules_;
    RecordingLog log_;
    Config config_ = question_config();
    OneTimeCalls calls_{.role = config_.schedules.role,
                        .group = config_.schedules.group,
                        .function = "arn:aws:lambda:us-east-1:123456789012:function:f"};
    OneTimeCalls of_a_laptop_{.role = config_.schedules.role, .group = config_.schedules.group, .function = {}};
    OneTimeCalls none_{};
    std::unique_ptr<Questions> one_ = process(calls_);
    std::unique_ptr<Questions> other_ = process(calls_);
};

TEST_F(QuestionsTest, TheReminderComesInTimeOrNotAtAll) {
    struct Case {
        std::chrono::minutes lasts;
        std::optional<std::chrono::minutes> after;
    };
    for (const auto& [lasts, after] : std::vector<Case>{{minutes{5}, {}},
                                                        {minutes{9}, {}},
                                                        {minutes{10}, minutes{5}},
                                                        {minutes{16}, minutes{11}},
                                                        {minutes{20}, minutes{15}},
                                                        {minutes{240}, minutes{180}},
                                                        {minutes{20160}, minutes{15120}}}) {
        const auto asked = approval(lasts);
        const auto at = reminder_at(asked);
        EXPECT_EQ(at.has_value(), after.has_value()) << lasts.count();
        if (!at || !after) continue;
        EXPECT_EQ(*at, asked.issued + *after) << lasts.count();
    }
}

TEST_F(QuestionsTest, OfAllWhoWantToAskOneDoes) {
    const auto token = token_of(approval());
    EXPECT_EQ(one_->claim(token, Deadline::none()), Claim::kAsk);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(other_->claim(token, Deadline::none()), Claim::kAsked);
    one_->asked(token, true, Deadline::none());
    clock_.advance(hours{1});
    EXPECT_EQ(other_->claim(token_of(approval()), Deadline::none()), Claim::kAsked) << "asked later, it is the same";
    EXPECT_THAT(names(), ::testing::UnorderedElementsAre("remind", "expired"));
    for (const auto& one : schedules_.all()) EXPECT_LE(one.name.name.size(), 64U);
    EXPECT_EQ(other_->claim(token_of(approval(hours{4}, "ecs-svc/2")), Deadline::none()), Claim::kAsk)
        << "what runs is another one, and so is the question";
}

TEST_F(QuestionsTest, WhatNobodyHasHeardOfIsAskedAgain) {
    const auto token = token_of(approval());
    EXPECT_EQ(one_->claim(token, Deadline::none()), Claim::kAsk);  // and dies
    clock_.advance(seconds{44});
    EXPECT_EQ(other_->claim(token, Deadline::none()), Claim::kAsked) << "it may be at it";
    clock_.advance(seconds{1});
    EXPECT_EQ(other_->claim(token, Deadline::none()), Claim::kAsk) << "the event came again";
    EXPECT_EQ(one_->claim(token, Deadline::none()), Claim::kAsked) << "now the other one is at it";
    other_->asked(token, false, Deadline::none());
    EXPECT_EQ(one_->claim(token, Deadline::none()), Claim::kAsk) << "Slack did not take it";
}

TEST_F(QuestionsTest, WhatWasSettledIsAskedAnew) {
    const auto asked = approval();
    const auto token = token_of(asked);
    EXPECT_EQ(one_->claim(token, Deadline::none()), Claim::kAsk);
    other_->settle(asked, Deadline::none());
    EXPECT_THAT(schedules_.all(), IsEmpty());
    one_->asked(token, true, Deadline::none());
    EXPECT_THAT(schedules_.all(), IsEmpty()) << "a quick answer is not taken back";
    EXPECT_EQ(other_->claim(token, Deadline::none()), Claim::kAsk);
}

TEST_F(QuestionsTest, ALostAnswerOfTheSchedulerLosesNoQuestion) {
    int calls = 0;
    schedules_.after = [&](const std::string& operation) -> Status {
        if (operation == "create" && ++calls == 1) return fail(ErrorKind::kConnection, "connection reset");
        return {};
    };
    EXPECT_EQ(one_->claim(token_of(approval()), Deadline::none()), Claim::kAsk);
    schedules_.before = [](const std::string&) -> Status { return fail(ErrorKind::kAccessDenied, "not allowed"); };
    EXPECT_EQ(one_->claim(token_of(approval()), Deadline::none()), Claim::kUnknown);
    EXPECT_THAT(log_.sink.text(), HasSubstr("not allowed"));
    EXPECT_EQ(turn_of(*one_, approval(), "alice").kind, Turn::kNobodys) << "rather without than not at all";
}

TEST_F(QuestionsTest, WithoutSchedulesNothingIsAskedOfThem) {
    const auto without = process(none_);
    EXPECT_EQ(without->claim(token_of(approval()), Deadline::none()), Claim::kUnknown);
    EXPECT_EQ(turn_of(*without, approval(), "alice").kind, Turn::kNobodys);
    without->settle(approval(), Deadline::none());
    EXPECT_FALSE(without->are_listed());
    EXPECT_THAT(*without->open(Deadline::none()), IsEmpty());
    for (const auto* operation : {"create", "read", "replace", "remove", "names"})
        EXPECT_EQ(schedules_.calls(operation), 0) << operation;
}

TEST_F(QuestionsTest, WhatIsInASchedulesEventAnswersNothing) {
    const auto asked = approval();
    (void)one_->claim(token_of(asked), Deadline::none());
    (void)turn_of(*one_, asked, "alice");
    ASSERT_THAT(schedules_.all(), SizeIs(3));
    for (const auto& one : schedules_.all()) {
        const auto event = *parse_json(one.input);
        EXPECT_EQ(event["action"], "approval_due");
        for (const auto* member : {"approve", "reject", "approval_answer"}) EXPECT_FALSE(event.contains(member));
    }
}

TEST_F(QuestionsTest, ListsWhatCanBeAnsweredAndIsOfThisEnvironment) {
    const auto token = token_of(approval());
    (void)one_->claim(token, Deadline::none());
    const auto config_of_prod = question_config({{"PROJECT_ENV", "prod"}});
    Questions of_prod(config_of_prod, calls_, schedules_, clock_, sleeper_, log_.logger);
    EXPECT_THAT(*of_prod.open(Deadline::none()), IsEmpty());
    const auto laptop = process(of_a_laptop_);
    const auto open = *laptop->open(Deadline::none());
    ASSERT_THAT(open, SizeIs(1));
    EXPECT_EQ(open.front().token, token);
    EXPECT_FALSE(open.front().heard);
    clock_.advance(hours{4});
    EXPECT_THAT(*laptop->open(Deadline::none()), IsEmpty());
}

TEST_F(QuestionsTest, ATurnIsOfOneUntilItMustHaveEnded) {
    const auto asked = approval();
    const auto invocation = Deadline::after(clock_, minutes{10});
    EXPECT_EQ(turn_of(*one_, asked, "alice", invocation).kind, Turn::kMine);
    const auto refused = turn_of(*other_, asked, "bob", invocation);
    EXPECT_EQ(refused.kind, Turn::kOthers);
    EXPECT_THAT(refused.words,
                AllOf(HasSubstr("alice (Slack) has approved it at"), HasSubstr("approve it again after")));
    EXPECT_TRUE(other_->is_being_begun(asked, Deadline::none()));
    EXPECT_EQ(turn_of(*process(of_a_laptop_), asked, "carol").kind, Turn::kOthers) << "who cannot have one sees it";
    clock_.advance(seconds{49});
    EXPECT_EQ(turn_of(*other_, asked, "alice", invocation).kind, Turn::kOthers) << "the same event, delivered twice";
    clock_.advance(minutes{10} - seconds{39});
    EXPECT_FALSE(other_->is_being_begun(asked, Deadline::none()));
    const auto bobs = turn_of(*other_, asked, "bob");
    EXPECT_EQ(bobs.kind, Turn::kMine) << "alice's invocation cannot be there any more";
    EXPECT_EQ(turn_of(*one_, asked, "carol").kind, Turn::kOthers);
    other_->give_back(bobs, Deadline::none());
    EXPECT_EQ(turn_of(*one_, asked, "carol").kind, Turn::kMine);
}

TEST_F(QuestionsTest, TheSameAnswerThatComesAgainAfterADeathGetsATurn) {
    const auto asked = approval();
    EXPECT_EQ(turn_of(*one_, asked, "alice").kind, Turn::kMine);  // and dies
    clock_.advance(seconds{60});                                  // Lambda tries it again
    EXPECT_EQ(turn_of(*other_, asked, "alice").kind, Turn::kMine);
    EXPECT_EQ(turn_of(*one_, asked, "bob").kind, Turn::kOthers);
}

TEST_F(QuestionsTest, ATurnThatIsOverIsNotGivenBack) {
    const auto asked = approval();
    const auto alices = turn_of(*one_, asked, "alice", Deadline::after(clock_, seconds{30}));
    clock_.advance(seconds{41});
    const auto bobs = turn_of(*other_, asked, "bob");
    EXPECT_EQ(bobs.kind, Turn::kMine);
    schedules_.fire(clock_.now() + minutes{1});
    EXPECT_EQ(turn_of(*one_, asked, "carol").kind, Turn::kOthers) << "bob's is behind a name that is free again";
    one_->give_back(alices, Deadline::none());
    EXPECT_EQ(turn_of(*one_, asked, "carol").kind, Turn::kOthers);
}

/// Threads of which one goes on at a time, from call to call, in an order that a seed says.
class Interleaved {
public:
    explicit Interleaved(unsigned seed) : random_(seed) {}

    void run(const std::vector<std::function<void()>>& bodies) {
        states_.assign(bodies.size(), State::kRuns);
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < bodies.size(); ++i)
            threads.emplace_back([this, i, &bodies] {
                own_ = static_cast<int>(i);
                step();
                bodies[i]();
                const std::scoped_lock lock(mutex_);
                states_[i] = State::kDone;
                changed_.notify_all();
            });
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return std::ranges::count(states_, State::kRuns) == 0; });
            std::vector<std::size_t> waiting;
            for (std::size_t i = 0; i < states_.size(); ++i)
                if (states_[i] == State::kWaits) waiting.push_back(i);
            if (waiting.empty()) return;
            chosen_ = static_cast<int>(waiting[random_() % waiting.size()]);
            states_[static_cast<std::size_t>(chosen_)] = State::kRuns;
            changed_.notify_all();
        }
    }
    /// Of a thread of these: waits for its turn.
    void step() {
        if (own_ < 0) return;
        std::unique_lock lock(mutex_);
        states_[static_cast<std::size_t>(own_)] = State::kWaits;
        changed_.notify_all();
        changed_.wait(lock, [&] { return chosen_ == own_; });
        chosen_ = -1;
    }

private:
    enum class State { kRuns, kWaits, kDone };
    static thread_local int own_;
    std::mt19937 random_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<State> states_;
    int chosen_ = -1;
};
thread_local int Interleaved::own_ = -1;

/// However their calls are mixed, with what a process that has died has left, or not, and what fires meanwhile.
TEST_F(QuestionsTest, OfAllWhoTakeATurnAtTheSameTimeAtMostOneGetsItAndMostlyOneDoes) {
    constexpr unsigned kSeeds = 400;
    unsigned nobody = 0;
    for (unsigned seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        const auto asked = approval(hours{4}, "ecs-svc/" + std::to_string(seed));
        const bool after_a_death = seed % 2 == 1;
        if (after_a_death) {
            schedules_.before = [](const std::string&) -> Status { return {}; };
            EXPECT_EQ(turn_of(*one_, asked, "dave", Deadline::after(clock_, seconds{1})).kind, Turn::kMine);
            clock_.advance(seconds{12});
        }
        Interleaved interleaved(seed);
        schedules_.before = [&](const std::string&) -> Status {
            interleaved.step();
            return {};
        };
        std::vector<Questions::Turn> turns(3);
        std::vector<std::function<void()>> bodies;
        for (std::size_t i = 0; i < turns.size(); ++i)
            bodies.emplace_back([&, i] {
                auto questions = process(calls_);
                turns[i] = turn_of(*questions, asked, "person " + std::to_string(i));
            });
        bodies.emplace_back([&] {
            interleaved.step();
            if (after_a_death) (void)schedules_.fire(clock_.now() + minutes{1});
        });
        interleaved.run(bodies);
        const auto mine = std::ranges::count(turns, Turn::kMine, &Questions::Turn::kind);
        EXPECT_LE(mine, 1);
        if (mine == 0) ++nobody;
    }
    EXPECT_LT(nobody, kSeeds / 10) << "who gets none tries again";
}

/// The same of asking: what was claimed at the same time is asked once.
TEST_F(QuestionsTest, OfAllWhoAskAtTheSameTimeExactlyOneDoes) {
    for (unsigned seed = 0; seed < 100 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        const auto token = token_of(approval(hours{4}, "ecs-svc/" + std::to_string(seed)));
        Interleaved interleaved(seed);
        schedules_.before = [&](const std::string&) -> Status {
            interleaved.step();
            return {};
        };
        std::vector<Claim> claims(4, Claim::kUnknown);
        std::vector<std::function<void()>> bodies;
        for (auto& claim : claims)
            bodies.emplace_back([&] {
                claim = process(calls_)->claim(token, Deadline::none());
                if (claim == Claim::kAsk) process(calls_)->asked(token, true, Deadline::none());
            });
        interleaved.run(bodies);
        EXPECT_EQ(std::ranges::count(claims, Claim::kAsk), 1);
        EXPECT_EQ(std::ranges::count(claims, Claim::kAsked), 3);
    }
}

}  // namespace
}  // namespace ci_lambda::testing
