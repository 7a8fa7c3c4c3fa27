#include "announce/announcer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AnnouncerTest : public ::testing::Test {
protected:
    /// An event wants these services, and each of them cannot start.
    void fail_to_deploy(const std::string& event_id, const std::vector<std::string>& ids,
                        ErrorKind kind = ErrorKind::kAccessDenied) {
        Deploy decision;
        std::vector<DeploymentReport> reports;
        for (const auto& id : ids) {
            decision.requests.push_back({.target = target(id), .reason = "an image was pushed"});
            reports.push_back({.target = target(id), .error = Error{.kind = kind, .message = "no"}});
        }
        announcer_.deployments(reports, {{.id = event_id, .decision = &decision}});
    }
    [[nodiscard]] std::vector<std::string> titles() const {
        std::vector<std::string> all;
        for (const auto& announcement : notifier_.said()) all.push_back(announcement.title);
        return all;
    }

    RecordingLog log_;
    RecordingNotifier notifier_;
    RolloutMemory memory_;
    ToldFacts told_{log_.clock};
    Announcer announcer_{{.project = "shop", .environment = "dev"}, notifier_, memory_, told_, log_.logger};
};

TEST_F(AnnouncerTest, TellsAHopelessEventOnceHoweverOftenLambdaTriesIt) {
    for (int i = 0; i < 3; ++i) {
        fail_to_deploy("e1", {"api"});
        log_.clock.advance(minutes{2});
    }
    EXPECT_THAT(titles(), ElementsAre("Deployment could not start: api"));
    EXPECT_EQ(notifier_.said()[0].parts[0].environment, "dev");
    EXPECT_THAT(log_.sink.text(), ::testing::HasSubstr("notification not repeated"));
}

TEST_F(AnnouncerTest, TellsItAgainWhenItFailsForAnotherReasonOrWhenItIsAnotherEvent) {
    fail_to_deploy("e1", {"api"});
    fail_to_deploy("e1", {"api"}, ErrorKind::kThrottled);
    fail_to_deploy("e2", {"api"});
    EXPECT_THAT(titles(), SizeIs(3));
}

TEST_F(AnnouncerTest, TellsOnlyWhatIsNewOfABatchThatComesAgain) {
    fail_to_deploy("e1", {"api"});
    fail_to_deploy("e1", {"api", "worker"});
    EXPECT_THAT(titles(), ElementsAre("Deployment could not start: api", "Deployment could not start: worker"));
}

TEST_F(AnnouncerTest, TellsARequestWithoutAnIdAgainWhenLambdaCannotBeTheOneWhoRepeatsIt) {
    for (const auto pause : {minutes{1}, minutes{2}, minutes{6}}) {
        fail_to_deploy("", {"api"});
        log_.clock.advance(pause);
    }
    EXPECT_THAT(titles(), SizeIs(1));
    fail_to_deploy("", {"api"});
    EXPECT_THAT(titles(), SizeIs(2));
}

TEST_F(AnnouncerTest, TellsAgainWhatDidNotArrive) {
    fail_to_deploy("e1", {"api"});
    announcer_.lost(notifier_.said());
    fail_to_deploy("e1", {"api"});
    EXPECT_THAT(titles(), SizeIs(2));
}

TEST_F(AnnouncerTest, GathersWhatComesTogetherAndSaysNothingOfNothing) {
    announcer_.news({});
    announcer_.verdicts({});
    announcer_.overdue({});
    EXPECT_THAT(titles(), IsEmpty());
    fail_to_deploy("e1", {"api", "worker", "mail"});
    EXPECT_THAT(titles(), ElementsAre("Deployments: 3 could not start"));
}

TEST_F(AnnouncerTest, TellsWhatEcsRepeatsOnceAnHour) {
    const Notification impaired{.type = NotificationType::kWarning, .title = "impaired", .facts = {"api impaired"}};
    for (int i = 0; i < 13; ++i) {
        announcer_.news({impaired, impaired});
        log_.clock.advance(minutes{5});
    }
    EXPECT_THAT(titles(), ElementsAre("impaired", "impaired"));
}

TEST_F(AnnouncerTest, TellsOnceWhatTakesTooLong) {
    const RolloutOutcome late{.rollout = rollout_to_8(),
                              .judgement = {.verdict = Verdict::kTimedOut, .reason = "late"}};
    announcer_.verdicts({late});
    announcer_.verdicts({late});
    EXPECT_THAT(titles(), ElementsAre("Deployment timed out: api"));
    announcer_.overdue({late, late});
    EXPECT_THAT(titles(), ElementsAre("Deployment timed out: api", "Deployments: 2 timed out"))
        << "what the sweep calls news is news";
}

TEST(ToldFacts, AreBoundedAndForgottenWithTime) {
    FakeClock clock;
    ToldFacts facts(clock);
    facts.remember("first", minutes{60});
    EXPECT_TRUE(facts.knows("first"));
    EXPECT_FALSE(facts.knows("second"));
    clock.advance(minutes{60});
    EXPECT_FALSE(facts.knows("first"));
    facts.remember("first", minutes{60});
    for (int i = 0; i < 5000; ++i) facts.remember(std::to_string(i), minutes{60});
    EXPECT_FALSE(facts.knows("first"));
    EXPECT_TRUE(facts.knows("4999"));
}

}  // namespace
}  // namespace ci_lambda::testing
