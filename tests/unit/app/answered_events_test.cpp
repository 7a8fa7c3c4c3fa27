#include "app/events/answered_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::Le;

Event with_body(EventBody body) {
    return {.envelope = {.id = "e-1", .source = "s", .detail_type = "d", .resources = {"r", "q"}},
            .body = std::move(body)};
}

Handled answer(std::string detail) {
    return {.answer = {.status = "deployed", .detail = std::move(detail)}, .error = {}};
}

class AnsweredEventsTest : public ::testing::Test {
protected:
    FakeClock clock_;
    AnsweredEvents answered_{clock_};
};

TEST_F(AnsweredEventsTest, KnowsAnEventAgainForAWhile) {
    const auto event = with_body(ManualRequest{.service = "api"});
    EXPECT_FALSE(answered_.find(event));
    answered_.remember(event, answer("done"));
    ASSERT_TRUE(answered_.find(event));
    EXPECT_EQ(answered_.find(event)->answer.detail, "done");
    clock_.advance(AnsweredEvents::kRemembered + Milliseconds{1});
    EXPECT_FALSE(answered_.find(event));
}

TEST_F(AnsweredEventsTest, PassesOverWhatHasNoIdAndWhatFailed) {
    auto event = with_body(SweepRequest{});
    answered_.remember(event, {.answer = {}, .error = HandlingError{}});
    EXPECT_FALSE(answered_.find(event));
    event.envelope.id.clear();
    answered_.remember(event, answer("done"));
    EXPECT_FALSE(answered_.find(event));
}

// Test events made by hand may share an id.
TEST_F(AnsweredEventsTest, TakesNoEventForAnotherThatDiffersInAnythingThatIsRead) {
    const std::vector<Event> events{
        with_body(EcrImageAction{.action = "a"}),
        with_body(EcrImageAction{.result = "a"}),
        with_body(EcrImageAction{.repository = "a"}),
        with_body(EcrImageAction{.tag = ""}),
        with_body(EcrImageAction{.tag = "a"}),
        with_body(EcrImageAction{.digest = "a"}),
        with_body(EcrImageAction{.manifest_media_type = "a"}),
        with_body(EcrImageAction{.artifact_media_type = "a"}),
        with_body(ParameterChange{.operation = "a"}),
        with_body(ParameterChange{.name = "a"}),
        with_body(ParameterChange{.failed = true}),
        with_body(S3ObjectChange{.origin = S3ObjectChange::Origin::kCloudTrail}),
        with_body(S3ObjectChange{.origin = S3ObjectChange::Origin::kNative}),
        with_body(S3ObjectChange{.operation = "a"}),
        with_body(S3ObjectChange{.bucket = "a"}),
        with_body(S3ObjectChange{.key = "a"}),
        with_body(S3ObjectChange{.error_code = "a"}),
        with_body(EcsServiceEvent{.event_name = "a"}),
        with_body(EcsServiceEvent{.event_type = "a"}),
        with_body(EcsServiceEvent{.cluster = "a"}),
        with_body(EcsServiceEvent{.service = "a"}),
        with_body(EcsServiceEvent{.deployment_id = "a"}),
        with_body(EcsServiceEvent{.reason = "a"}),
        with_body(ManualRequest{.bare = true}),
        with_body(ManualRequest{.service = "a"}),
        with_body(ManualRequest{.task_definition = "a"}),
        with_body(ManualRequest{.reason = "a"}),
        with_body(ManualRequest{.project = "a"}),
        with_body(ManualRequest{.environment = "a"}),
        with_body(ManualRequest{.malformed = "a"}),
        with_body(SweepRequest{}),
        with_body(SweepRequest{.scheduled = true}),
        with_body(OtherEvent{}),
        with_body(OtherEvent{.reason = "a"}),
        {.envelope = {.id = "e-1", .source = "sd", .resources = {"r", "q"}}, .body = OtherEvent{}},
        {.envelope = {.id = "e-1", .source = "s", .detail_type = "d", .account = "a"}, .body = OtherEvent{}},
        {.envelope = {.id = "e-1", .source = "s", .detail_type = "d", .time = "a"}, .body = OtherEvent{}},
        {.envelope = {.id = "e-1", .source = "s", .detail_type = "d", .region = "a"}, .body = OtherEvent{}},
        {.envelope = {.id = "e-1", .source = "s", .detail_type = "d", .resources = {"rq"}}, .body = OtherEvent{}},
        {.envelope = {.id = "e-2", .source = "s", .detail_type = "d", .resources = {"r", "q"}}, .body = OtherEvent{}},
    };
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_FALSE(answered_.find(events[i])) << i;
        answered_.remember(events[i], answer(std::to_string(i)));
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        ASSERT_TRUE(answered_.find(events[i])) << i;
        EXPECT_EQ(answered_.find(events[i])->answer.detail, std::to_string(i));
    }
}

TEST_F(AnsweredEventsTest, TakesNoMoreMemoryHoweverLargeEventsAndAnswersAre) {
    const auto event = [](int number) {
        return with_body(ManualRequest{.service = std::to_string(number), .reason = std::string(1'000'000, 'r')});
    };
    for (int i = 0; i < 100; ++i) {
        answered_.remember(event(i), answer(std::string(10'000, 'd')));
        EXPECT_THAT(answered_.bytes(), Le(AnsweredEvents::kMaxBytes));
        EXPECT_TRUE(answered_.find(event(i)));
    }
    EXPECT_FALSE(answered_.find(event(0))) << "the oldest goes first";
    answered_.remember(event(100), answer(std::string(AnsweredEvents::kMaxBytes, 'd')));
    EXPECT_FALSE(answered_.find(event(100)));
    EXPECT_TRUE(answered_.find(event(99))) << "what is too large for all must not cost the others";
}

}  // namespace
}  // namespace ci_lambda::testing
