#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sandbox/record/journal.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::Each;
using ::testing::SizeIs;

EcsCall call_of(const std::string& operation, std::size_t size = 0) {
    return {.at = {},
            .caller = {},
            .invocation = "i",
            .operation = operation,
            .request = std::string(size, 'x'),
            .status = 200,
            .response = {}};
}

SlackMessage message_of(const std::string& payload) {
    return {.at = {}, .invocation = "i", .payload = payload, .status = 200, .answer = "ok"};
}

TEST(Journal, ForgetsTheOldestBeyondItsNumber) {
    Journal journal({.entries = 3});
    for (int i = 0; i < 10; ++i) {
        journal.add(call_of(std::to_string(i)));
        journal.add(message_of(std::to_string(i)));
    }
    ASSERT_THAT(journal.calls(), SizeIs(3));
    EXPECT_EQ(journal.calls().front().operation, "7");
    EXPECT_EQ(journal.calls_of("i").back().operation, "9");
    ASSERT_THAT(journal.messages(), SizeIs(3));
    EXPECT_EQ(journal.messages_of("i").front().payload, "7");
}

TEST(Journal, ForgetsTheOldestBeyondItsBytes) {
    Journal journal({.bytes = 10'000});
    for (int i = 0; i < 100; ++i) {
        journal.add(call_of(std::to_string(i), 3'000));
        journal.add(message_of(std::string(3'000, 'x')));
    }
    EXPECT_THAT(journal.calls(), SizeIs(3));
    EXPECT_THAT(journal.messages(), SizeIs(3));
    journal.add(call_of("large", 1'000'000));
    ASSERT_THAT(journal.calls(), SizeIs(1)) << "the last one stays";
    EXPECT_EQ(journal.calls().front().operation, "large");
}

class InvocationsTest : public ::testing::Test {
protected:
    static constexpr std::size_t kDone = 3;
    static constexpr std::size_t kWaiting = 5;

    /// Handles the one that waits longest.
    void handle(const std::string& answer = "{}") {
        const auto next = invocations_.next();
        ASSERT_EQ(next.handover, Invocations::Handover::kEvent);
        ASSERT_EQ(invocations_.answer(next.invocation.request_id, answer), Invocations::Acceptance::kAccepted);
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    Invocations invocations_{
        ids_, clock_, {.entries = kDone, .bytes = 100'000}, {.entries = kWaiting, .bytes = 100'000}};
};

TEST_F(InvocationsTest, TheOldestThatAreDoneAreForgotten) {
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(invocations_.enqueue(std::to_string(i)));
        handle();
    }
    const auto all = invocations_.all();  // three that are done, and the last, which is answered
    ASSERT_THAT(all, SizeIs(kDone + 1));
    EXPECT_EQ(all.front().event, "6");
    EXPECT_EQ(all.back().event, "9");
}

TEST_F(InvocationsTest, LargeAnswersAreForgottenEarlier) {
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(invocations_.enqueue("{}"));
        handle(std::string(60'000, 'x'));
    }
    EXPECT_THAT(invocations_.all(), SizeIs(2));
}

TEST_F(InvocationsTest, WhoFollowsTheEndsGoesOnWithTheFirstThatIsStillKnown) {
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(invocations_.enqueue(std::to_string(i)));
        handle();
    }
    const auto first = invocations_.wait_for_done(0);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->event, "6");
    EXPECT_EQ(first->end, 6U);
    const auto next = invocations_.wait_for_done(first->end + 1);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->event, "7");
}

TEST_F(InvocationsTest, NoMoreThanSoManyWaitAndThoseAreKept) {
    for (std::size_t i = 0; i < kWaiting; ++i) ASSERT_TRUE(invocations_.enqueue(std::to_string(i)));
    EXPECT_FALSE(invocations_.enqueue("one too many"));
    EXPECT_THAT(invocations_.all(), SizeIs(kWaiting));
    handle();
    EXPECT_TRUE(invocations_.enqueue("there is room again"));
    EXPECT_EQ(invocations_.next().invocation.event, "1");
}

TEST_F(InvocationsTest, NoMoreThanSoManyBytesWait) {
    ASSERT_TRUE(invocations_.enqueue(std::string(60'000, 'x')));
    EXPECT_FALSE(invocations_.enqueue(std::string(60'000, 'x')));
    EXPECT_TRUE(invocations_.enqueue("{}"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
