#include "deployer/scheduled/task_updater.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/matchers.hpp"
#include "unit/deployer/scheduled/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(TaskUpdaterTest, RegistersTheImageAndMovesWhatNamesAnOlderRevision) {
    put("night/report", 42);
    put("hourly", 41);
    schedules_.all[named("newest")] = target_at("arn:aws:ecs:us-east-1:123456789012:task-definition/shop_report");
    schedules_.all[named("other")] = target_at(revision_of("other", 7));
    rules_.all[named("weekly")] = target_at(revision_of("shop_report", 42));
    const auto report = update(request({pushed_report("v2", '2', 1)}));
    EXPECT_EQ(report.status, TaskStatus::kUpdated);
    EXPECT_EQ(report.task_definition, revision_of("shop_report", 43));
    EXPECT_EQ(revisions_["shop_report"][43].images.front().image, kReportImages + ":v2@sha256:" + std::string(64, '2'));
    EXPECT_THAT(report.moved, ElementsAre("schedule hourly", "schedule night/report", "rule weekly"));
    EXPECT_EQ(
        report.outcome,
        "runs shop_report:43 with shop/report:v2 from now on (schedule hourly, schedule night/report, rule weekly)");
    EXPECT_EQ(starts("night/report"), "shop_report:43");
    EXPECT_EQ(starts("newest"), "shop_report") << "each run takes the newest revision anyway";
    EXPECT_EQ(starts("other"), "other:7");
    EXPECT_EQ(schedules_.all[named("hourly")].whole, "as it was") << "nothing else of it changes";
    EXPECT_EQ(rules_.all[named("weekly")].task_definition, revision_of("shop_report", 43));
}

TEST_F(TaskUpdaterTest, DoesNothingTwice) {
    const auto push = request({pushed_report("v2", '2', 1)});
    (void)update(push);
    const auto again = update(push);
    EXPECT_EQ(again.status, TaskStatus::kNothing);
    EXPECT_EQ(again.outcome, "runs shop_report:43 with shop/report:v2 already");
    EXPECT_EQ(registered_, 1);
    EXPECT_EQ(schedules_.puts, 1);
}

TEST_F(TaskUpdaterTest, FinishesWhatWasRegisteredAndNotMoved) {
    schedules_.before_put = [](const GroupedName&) -> Status {
        return fail(ErrorKind::kAccessDenied, "AccessDeniedException: iam:PassRole");
    };
    const auto push = request({pushed_report("v2", '2', 1)});
    const auto failed = update(push);
    ASSERT_TRUE(failed.error);
    EXPECT_THAT(failed.error->message,
                AllOf(HasSubstr("schedule night/report: AccessDeniedException: iam:PassRole"),
                      HasSubstr("shop_report:43 was registered for it and is not used yet by schedule night/report"),
                      HasSubstr("send the event again")));
    EXPECT_EQ(starts("night/report"), "shop_report:42");

    const auto still = update(push);
    ASSERT_TRUE(still.error);
    EXPECT_THAT(still.error->message, HasSubstr("shop_report:43 has the image and is not used yet"));
    schedules_.before_put = [](const GroupedName&) -> Status { return {}; };
    EXPECT_EQ(update(push).status, TaskStatus::kUpdated);
    EXPECT_EQ(starts("night/report"), "shop_report:43");
    EXPECT_EQ(registered_, 1);
}

TEST_F(TaskUpdaterTest, NeverGoesBackToAnOlderRevision) {
    before_register_ = [this]() -> Status {
        put("night/report", 44);  // somebody is quicker
        return {};
    };
    const auto report = update(request({pushed_report("v2", '2', 1)}));
    EXPECT_EQ(starts("night/report"), "shop_report:44");
    EXPECT_THAT(report.outcome,
                HasSubstr("schedule night/report is left alone: it names shop_report:44, which is newer"));
}

TEST_F(TaskUpdaterTest, KeepsWhatSomebodyChangedOfTheScheduleWhileTheRevisionWasRegistered) {
    before_register_ = [this]() -> Status {
        schedules_.all[named("night/report")].whole = "disabled by somebody";
        return {};
    };
    (void)update(request({pushed_report("v2", '2', 1)}));
    EXPECT_EQ(schedules_.all[named("night/report")].whole, "disabled by somebody");
    EXPECT_EQ(starts("night/report"), "shop_report:43");
}

TEST_F(TaskUpdaterTest, LooksAnewAfterAConflict) {
    bool first = true;
    schedules_.before_put = [&](const GroupedName& name) -> Status {
        if (!std::exchange(first, false)) return {};
        schedules_.all[name].whole = "changed by somebody";
        return fail(ErrorKind::kBusy, "ConflictException");
    };
    const auto report = update(request({pushed_report("v2", '2', 1)}));
    EXPECT_EQ(report.status, TaskStatus::kUpdated);
    EXPECT_EQ(schedules_.all[named("night/report")].whole, "changed by somebody");
    EXPECT_EQ(registered_, 1) << "what is there is not registered again";
}

TEST_F(TaskUpdaterTest, MovesTheOthersWhereOneCannotBeMoved) {
    put("hourly", 42);
    schedules_.before_put = [](const GroupedName& name) -> Status {
        if (name.name == "hourly") return fail(ErrorKind::kRejected, "ValidationException");
        return {};
    };
    const auto report = update(request({pushed_report("v2", '2', 1)}));
    EXPECT_EQ(starts("night/report"), "shop_report:43");
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                AllOf(HasSubstr("schedule hourly: ValidationException"), HasSubstr("not used yet by schedule hourly:"),
                      HasSubstr("(done: schedule night/report)")));
}

TEST_F(TaskUpdaterTest, LeavesARuleAloneThatAnAwsServiceManages) {
    rules_.all[named("managed")] = target_at(revision_of("shop_report", 42));
    rules_.before_put = [](const GroupedName&) -> Status {
        return std::unexpected(
            Error{.kind = ErrorKind::kRejected, .message = "managed", .code = "ManagedRuleException"});
    };
    const auto report = update(request({pushed_report("v2", '2', 1)}));
    EXPECT_FALSE(report.error);
    EXPECT_THAT(report.outcome, HasSubstr("rule managed is left alone: an AWS service manages it"));
}

TEST_F(TaskUpdaterTest, LooksOnlyAtWhatIsNamed) {
    auto push = request({pushed_report("v2", '2', 1)});
    put("hourly", 42);
    push.task.schedules = {named("hourly")};
    EXPECT_THAT(update(push).moved, ElementsAre("schedule hourly"));
    EXPECT_EQ(starts("night/report"), "shop_report:42");
    EXPECT_EQ(schedules_.lists + rules_.lists + rules_.reads, 0);

    push.task.schedules = {named("gone")};
    push.images = {pushed_report("v3", '3', 2)};
    const auto gone = update(push);
    ASSERT_TRUE(gone.error);
    EXPECT_THAT(gone.error->message, HasSubstr("schedule gone: ResourceNotFoundException"));
}

TEST_F(TaskUpdaterTest, OnlyRegistersWhereNothingStartsTheTaskAtTimes) {
    auto push = request({pushed_report("v2", '2', 1)});
    push.task.schedules.emplace();
    const auto report = update(push);
    EXPECT_EQ(report.status, TaskStatus::kUpdated);
    EXPECT_EQ(report.outcome, "runs shop_report:43 with shop/report:v2 from now on");
    EXPECT_EQ(schedules_.reads + schedules_.lists + rules_.lists, 0);
}

TEST_F(TaskUpdaterTest, PassesByWhatUsesAnotherRepositoryUnlessSomebodySaysThatItDoes) {
    auto push = request({pushed_report("v2", '2', 1)});
    push.images.front().repository = "shop/other";
    const auto named_one = update(push);
    ASSERT_TRUE(named_one.error);
    EXPECT_THAT(named_one.error->message, HasSubstr("no container of shop_report:42 uses the repository shop/other"));
    push.task.repositories.clear();
    const auto report = update(push);
    EXPECT_FALSE(report.error);
    EXPECT_EQ(report.status, TaskStatus::kNothing);
    EXPECT_EQ(schedules_.lists, 0);
}

TEST_F(TaskUpdaterTest, ChangesNothingInADryRunAndSaysWhatItWould) {
    const auto report = update(request({pushed_report("v2", '2', 1)}), {.dry_run = true});
    EXPECT_EQ(report.status, TaskStatus::kDryRun);
    EXPECT_EQ(report.outcome, "would run a copy of shop_report:42 with shop/report:v2 (schedule night/report)");
    EXPECT_EQ(registered_ + schedules_.puts, 0);
}

TEST_F(TaskUpdaterTest, WaitsUntilTheServicesOfTheSameImageHaveCompletedWithIt) {
    add("shop_api", 7, kReportImages + ":v1");
    add("shop_api", 8, kReportImages + ":v2@sha256:" + std::string(64, '2'));
    EcsDeployment primary{.id = "ecs-svc/1",
                          .status = "PRIMARY",
                          .task_definition = revision_of("shop_api", 8),
                          .rollout_state = RolloutState::kInProgress};
    ecs_.on_describe = [&](const auto&) -> Result<DescribedServices> {
        return DescribedServices{
            .services = {{.name = EcsServiceName("api"), .status = "ACTIVE", .deployments = {primary}}},
            .failures = {}};
    };
    auto push = request({pushed_report("v2", '2', 1)});
    push.after = {{.id = ServiceId("api"),
                   .cluster = push.cluster,
                   .service = EcsServiceName("api"),
                   .family = TaskFamily("shop_api")}};
    const auto waiting = update(push);
    EXPECT_EQ(waiting.status, TaskStatus::kWaiting);
    EXPECT_EQ(waiting.outcome, "follows once api has completed with shop/report:v2");
    primary.rollout_state = RolloutState::kCompleted;
    primary.task_definition = revision_of("shop_api", 7);
    EXPECT_EQ(update(push).status, TaskStatus::kWaiting) << "what has completed is another image";
    EXPECT_EQ(registered_, 0) << "a schedule without a revision would run it";
    primary.task_definition = revision_of("shop_api", 8);
    EXPECT_EQ(update(push).status, TaskStatus::kUpdated);
}

TEST_F(TaskUpdaterTest, TriesAgainWhatCanHealAndSaysWhatCannot) {
    int left = 2;
    schedules_.before_read = [&]() -> Status {
        if (left-- > 0) return fail(ErrorKind::kThrottled, "ThrottlingException");
        return {};
    };
    EXPECT_EQ(update(request({pushed_report("v2", '2', 1)})).status, TaskStatus::kUpdated);
    EXPECT_EQ(registered_, 1);
    before_register_ = []() -> Status { return fail(ErrorKind::kRejected, "ClientException: too large"); };
    const auto refused = update(request({pushed_report("v3", '3', 2)}));
    ASSERT_TRUE(refused.error);
    EXPECT_THAT(refused.error->message, AllOf(HasSubstr("too large"), Not(HasSubstr("not used yet"))));
}

/// Pushes in any order and in any number of tries, calls that fail, somebody who registers and who moves schedules: in
/// the end the family's newest revision and the schedule have the newest image, nobody was sent back, and nothing that
/// somebody else has written is lost.
TEST_F(TaskUpdaterTest, EndsWithTheNewestImageWhateverHappensInBetween) {
    for (unsigned seed = 0; seed < 300 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto chance = [&](unsigned in) {
            return std::uniform_int_distribution<unsigned>(0, in - 1)(random) == 0;
        };
        revisions_.clear();
        add("shop_report", 42, kReportImages + ":v1");
        schedules_.all.clear();
        put("night/report", 42);
        int edits = 0;
        unsigned long long highest = 42;
        bool calm = false;
        const auto disturb = [&]() -> Status {
            if (calm) return {};
            auto& schedule = schedules_.all[named("night/report")];
            if (chance(5)) schedule.whole = fmt::format("edit {}", ++edits);
            if (chance(8)) {  // Terraform registers what it had, with another memory, and names that
                auto copy = revisions_["shop_report"].rbegin()->second;
                const auto number = revisions_["shop_report"].rbegin()->first + 1;
                copy.arn = revision_of("shop_report", number);
                revisions_["shop_report"][number] = copy;
                if (chance(2)) schedule.task_definition = copy.arn;
            }
            if (chance(6)) return fail(chance(2) ? ErrorKind::kThrottled : ErrorKind::kServer, "a bad moment");
            return {};
        };
        before_register_ = disturb;
        schedules_.before_read = [&]() -> Status {
            auto done = disturb();
            const auto number = parse_revision(schedules_.all[named("night/report")].task_definition)->number;
            EXPECT_GE(number, highest) << "somebody was sent back";
            highest = std::max(highest, number);
            return done;
        };
        std::vector<PushedImage> pushes{pushed_report("v2", '2', 1), pushed_report("v3", '3', 2),
                                        pushed_report("v4", '4', 3), pushed_report("v4", '4', 3)};
        std::ranges::shuffle(pushes, random);
        for (const auto& push : pushes)
            for (int tries = 0; tries < 5; ++tries)  // a queue brings back what failed
                if (!update(request({push})).error && !chance(4)) break;
        calm = true;
        for (const auto& push : pushes) (void)update(request({push}));
        const auto& newest = revisions_["shop_report"].rbegin()->second;
        EXPECT_THAT(newest.images.front().image, HasSubstr(":v4@"));
        EXPECT_EQ(schedules_.all[named("night/report")].task_definition, newest.arn);
        EXPECT_EQ(schedules_.all[named("night/report")].whole,
                  edits == 0 ? "as it was" : fmt::format("edit {}", edits));
        const auto before = std::pair(registered_, schedules_.puts);
        for (const auto& push : pushes) (void)update(request({push}));
        EXPECT_EQ(std::pair(registered_, schedules_.puts), before) << "repeated events change nothing";
    }
}

}  // namespace
}  // namespace ci_lambda::testing
