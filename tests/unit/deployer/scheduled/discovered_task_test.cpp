#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_ecr.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/scheduled/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A task that nobody has named: schedules and rules that discovery has found.
class DiscoveredTaskTest : public TaskUpdaterTest {
protected:
    DiscoveredTaskTest() {
        task_.task.found_on = {ClusterName("shop_cluster_dev"), ClusterName("jobs")};
        task_.task.schedules = {named("night/report"), named("jobs")};
        task_.task.rules = {named("weekly")};
        rules_.all[named("weekly")] = target_at(revision_of("shop_report", 41));
        schedules_.all[named("jobs")] = {.id = {},
                                         .cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/jobs",
                                         .task_definition = revision_of("shop_report", 42),
                                         .whole = "as it was"};
    }
    TaskReport push(const std::string& tag = "v2") {
        task_.images = {pushed_report(tag, '2', 1)};
        task_.images[0].by_version = by_version_;
        return update(task_);
    }
    TaskReport ask_for(WantedImage wanted, TaskUpdater::Options options = {}) {
        task_.images = {};
        task_.wanted = {std::move(wanted)};
        TaskUpdater updater(options, {.ecs = ecs_,
                                      .registries = &ecr_,
                                      .schedules = schedules_,
                                      .rules = rules_,
                                      .clock = clock_,
                                      .sleeper = sleeper_,
                                      .logger = log_.logger});
        return updater.update({task_}, Deadline::none()).at(0);
    }

    TaskRequest task_ = request({});
    bool by_version_ = false;
    FakeEcr ecr_;
};

TEST_F(DiscoveredTaskTest, IsMovedOnEachOfOurClustersWithoutAnotherList) {
    const auto report = push();
    EXPECT_EQ(report.status, TaskStatus::kUpdated) << (report.error ? report.error->message : "");
    EXPECT_THAT(report.moved, ElementsAre("schedule night/report", "schedule jobs", "rule weekly"));
    EXPECT_EQ(schedules_.lists, 0);
    EXPECT_EQ(rules_.lists, 0);
}

TEST_F(DiscoveredTaskTest, WhatHasChangedSinceItWasFoundIsLeftAlone) {
    schedules_.all.erase(named("jobs"));
    schedules_.all[named("night/report")].cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/elsewhere";
    rules_.all[named("weekly")] = target_at(revision_of("other", 1));
    const auto report = push();
    EXPECT_FALSE(report.error);
    EXPECT_THAT(report.moved, IsEmpty());
    EXPECT_EQ(schedules_.puts + rules_.puts, 0);
}

TEST_F(DiscoveredTaskTest, IsHeldByTheTagsOfTheNewestRevision) {
    add("shop_report", 43, kReportImages + ":v1", {{"ci_lambda:auto-deploy", "false"}});
    const auto report = push();
    EXPECT_EQ(report.status, TaskStatus::kNothing);
    EXPECT_EQ(report.outcome, "no push changes it: the tag ci_lambda:auto-deploy of shop_report:43 says so");
    EXPECT_EQ(registered_, 0);
    EXPECT_EQ(starts("night/report"), "shop_report:42");
}

TEST_F(DiscoveredTaskTest, ABadTagOfTheNewestRevisionIsAWarningThatNamesIt) {
    add("shop_report", 43, kReportImages + ":v1", {{"ci_lambda:tags", "/["}});
    EXPECT_THAT(push().outcome, HasSubstr("its tag ci_lambda:tags cannot be read"));
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("bad tag of a task definition"), HasSubstr("ci_lambda:tags is")));
    EXPECT_EQ(registered_, 0);
}

TEST_F(DiscoveredTaskTest, TheTagsThatSayTheExceptionsStayWithTheCopies) {
    add("shop_report", 43, kReportImages + ":v1",
        {{"ci_lambda:tags", "v@"}, {"ci_lambda:reason", "an older push"}, {"team", "shop"}});
    (void)push();
    const auto& tags = revisions_["shop_report"].at(44).tags;
    EXPECT_EQ(tags.at("ci_lambda:tags"), "v@");
    EXPECT_EQ(tags.at("team"), "shop");
    EXPECT_EQ(tags.at("ci_lambda:reason"), "image shop/report was pushed");
}

TEST_F(DiscoveredTaskTest, WhatItsNewestRevisionDoesNotUseIsNoneOfItsBusiness) {
    add("shop_report", 43, "nginx:1");
    const auto report = push();
    EXPECT_FALSE(report.error);
    EXPECT_EQ(report.status, TaskStatus::kNothing);
    EXPECT_THAT(report.outcome, HasSubstr("no container of shop_report:43 uses the repository shop/report"));
}

TEST_F(DiscoveredTaskTest, WithoutAnActiveRevisionIsLeftAlone) {
    revisions_["shop_report"].clear();
    const auto report = push();
    EXPECT_FALSE(report.error) << "a schedule that nobody has taken away fails no push";
    EXPECT_EQ(report.outcome, "is left alone: no task definitions found");
    task_.task.found_on.clear();
    EXPECT_TRUE(push().error) << "what somebody has named must be there";
}

TEST_F(DiscoveredTaskTest, ByVersionNeverGoesBack) {
    add("shop_report", 43, kReportImages + ":v2.2.0");
    by_version_ = true;
    const auto older = push("v2.1.0");
    EXPECT_EQ(older.status, TaskStatus::kNothing);
    EXPECT_THAT(older.outcome, HasSubstr("shop/report:v2.1.0 is an older version than v2.2.0"));
    EXPECT_EQ(registered_, 0);
    EXPECT_EQ(push("v2.10.0").status, TaskStatus::kUpdated);
}

TEST_F(DiscoveredTaskTest, APersonMayGoBackAndNeedNotWait) {
    add("shop_report", 43, kReportImages + ":v2", {{"ci_lambda:auto-deploy", "false"}});
    ecr_.add("shop/report", "sha256:" + std::string(64, '1'), {"v1"});
    task_.after = {{.id = ServiceId("api"), .cluster = {}, .service = {}, .family = {}}};
    const auto report = ask_for({.tag = "v1"});
    ASSERT_FALSE(report.error) << report.error->message;
    EXPECT_EQ(report.status, TaskStatus::kUpdated);
    EXPECT_THAT(report.outcome,
                HasSubstr("runs shop_report:44 with shop/report:v1 from now on (schedule night/report"));
    EXPECT_EQ(revisions_["shop_report"].at(44).images.front().image,
              kReportImages + ":v1@sha256:" + std::string(64, '1'));
    EXPECT_EQ(starts("night/report"), "shop_report:44");
    EXPECT_EQ(ask_for({.tag = "v1"}).status, TaskStatus::kNothing);
    EXPECT_EQ(registered_, 1);
}

TEST_F(DiscoveredTaskTest, AnImageThatIsNotThereChangesNothing) {
    const auto report = ask_for({.tag = "v9"});
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message, HasSubstr("there is no image"));
    EXPECT_EQ(registered_, 0);
    EXPECT_EQ(schedules_.puts, 0);
}

TEST_F(DiscoveredTaskTest, ADryRunSaysWhatAPersonWouldGet) {
    ecr_.add("shop/report", "sha256:" + std::string(64, '1'), {"v3"});
    const auto report = ask_for({.tag = "v3"}, {.dry_run = true});
    EXPECT_EQ(report.status, TaskStatus::kDryRun);
    EXPECT_THAT(report.outcome, HasSubstr("would run a copy of shop_report:42 with shop/report:v3"));
    EXPECT_EQ(registered_, 0);
}

}  // namespace
}  // namespace ci_lambda::testing
