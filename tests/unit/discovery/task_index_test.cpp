#include "discovery/task_index.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

const std::string kAccountOfTasks = "arn:aws:ecs:us-east-1:123456789012";
const std::string kRunTask = "arn:aws:scheduler:::aws-sdk:ecs:runTask";

/// Schedules with the time when each was changed. Thread-safe while they are read.
class ListedSchedules final : public TaskSchedules {
public:
    struct One {
        TaskTarget target;
        std::string listed_arn;
        std::optional<WallTime> changed_at;
    };
    std::map<GroupedName, One> all;
    std::optional<Error> unlisted;
    std::map<std::string, std::vector<Error>> unreadable;  // by name: one error for each try
    std::atomic<int> lists = 0;
    std::atomic<int> reads = 0;

    Result<std::vector<ListedSchedule>> list(Deadline) override {
        ++lists;
        if (unlisted) return std::unexpected(*unlisted);
        std::vector<ListedSchedule> listed;
        for (const auto& [name, one] : all)
            listed.push_back({.name = name, .target_arn = one.listed_arn, .changed_at = one.changed_at});
        return listed;
    }
    Result<TaskTarget> get(const GroupedName& name, Deadline) override {
        ++reads;
        const std::scoped_lock lock(mutex_);
        if (auto& errors = unreadable[name.name]; !errors.empty()) {
            const auto error = errors.front();
            if (errors.size() > 1) errors.erase(errors.begin());
            if (error.kind != ErrorKind::kInternal) return std::unexpected(error);
        }
        return all.at(name).target;
    }
    Result<std::vector<GroupedName>> of_cluster(const std::string&, Deadline) override {
        return fail(ErrorKind::kInternal, "all clusters are looked at together");
    }
    Status put(const GroupedName&, const TaskTarget&, const std::string&, Deadline) override {
        return fail(ErrorKind::kInternal, "looking changes nothing");
    }

private:
    std::mutex mutex_;
};

class ListedRules final : public TaskRules {
public:
    std::map<std::string, std::vector<GroupedName>> by_cluster;
    std::map<GroupedName, std::vector<TaskTarget>> targets;
    std::optional<Error> unlisted;
    int lists = 0;

    Result<std::vector<GroupedName>> of_cluster(const std::string& arn, Deadline) override {
        ++lists;
        if (unlisted) return std::unexpected(*unlisted);
        return by_cluster[arn];
    }
    Result<std::vector<TaskTarget>> get(const GroupedName& name, Deadline) override { return targets.at(name); }
    Status put(const GroupedName&, const TaskTarget&, const std::string&, Deadline) override {
        return fail(ErrorKind::kInternal, "looking changes nothing");
    }
};

class TaskIndexTest : public ::testing::Test {
protected:
    TaskIndexTest() {
        ecs.on_revision = [this](const TaskDefinition& name) -> Result<DescribedRevision> {
            if (unreadable.contains(name.str())) return fail(ErrorKind::kRejected, "ecs DescribeTaskDefinition: no");
            return DescribedRevision{
                .definition = {.arn = name.str()},
                .references = {.images = {"123456789012.dkr.ecr.us-east-1.amazonaws.com/" + repository_ + ":v1"},
                               .values = {},
                               .files = {}}};
        };
        put("night", arn("report", 42));
    }
    static std::string arn(const std::string& family, int number) {
        return fmt::format("{}:task-definition/{}:{}", kAccountOfTasks, family, number);
    }
    static TaskTarget target(const std::string& task_definition, const std::string& cluster = "shop") {
        return {.id = {},
                .cluster = kAccountOfTasks + ":cluster/" + cluster,
                .task_definition = task_definition,
                .whole = "x"};
    }
    void put(const std::string& name, const std::string& task_definition, const std::string& cluster = "shop") {
        schedules.all[{.name = name}] = {.target = target(task_definition, cluster),
                                         .listed_arn = kAccountOfTasks + ":cluster/" + cluster,
                                         .changed_at = clock.now() - 1h};
    }
    [[nodiscard]] TaskIndex index() {
        return {{.clusters = {ClusterName("shop"), ClusterName("jobs")}, .project = "shop", .environment = "dev"},
                {.ecs = ecs, .schedules = schedules, .rules = rules},
                known,
                clock,
                log.logger};
    }
    bool look_at(TaskIndex& tasks) { return tasks.renew(kAccountOfTasks, Deadline::none()); }
    [[nodiscard]] static std::vector<std::string> ids(const TaskIndex& tasks) {
        std::vector<std::string> all;
        for (const auto& task : tasks.found()->tasks) all.push_back(task.id.str());
        return all;
    }
    [[nodiscard]] auto warnings() const {
        return std::ranges::count_if(log.sink.lines(),
                                     [](const auto& line) { return line.contains("discovery of tasks: "); });
    }
    static Error denied(const std::string& resource) {
        return {.kind = ErrorKind::kAccessDenied, .message = "not authorized on " + resource};
    }

    FakeClock clock;
    FakeEcs ecs;
    RecordingLog log;
    ListedSchedules schedules;
    ListedRules rules;
    KnownTasks known;
    std::set<std::string> unreadable;
    std::string repository_ = "shop/report";
};

TEST_F(TaskIndexTest, FindsWhatSchedulesAndRulesStartOnOurClusters) {
    put("other", arn("foreign", 1), "elsewhere");
    put("jobs", arn("clean", 3), "jobs");
    schedules.all[{.name = "call"}] = {
        .target = target("calls"), .listed_arn = kRunTask, .changed_at = clock.now() - 1h};
    schedules.all[{.name = "call-elsewhere"}] = {
        .target = target("foreign", "elsewhere"), .listed_arn = kRunTask, .changed_at = clock.now() - 1h};
    schedules.all[{.name = "queue"}] = {
        .target = {}, .listed_arn = "arn:aws:sqs:us-east-1:123456789012:q", .changed_at = clock.now() - 1h};
    const GroupedName weekly{.name = "weekly"};
    rules.by_cluster[kAccountOfTasks + ":cluster/shop"] = {weekly};
    rules.by_cluster[kAccountOfTasks + ":cluster/jobs"] = {weekly};
    rules.targets[weekly] = {target(arn("report", 41)), target(arn("sums", 1), "jobs"),
                             target(arn("no", 1), "elsewhere")};
    auto tasks = index();
    EXPECT_TRUE(look_at(tasks));
    EXPECT_THAT(ids(tasks), ElementsAre("task:calls", "task:clean", "task:report", "task:sums"));
    const auto* report = tasks.found()->find(ServiceId("task:report"));
    ASSERT_NE(report, nullptr);
    EXPECT_THAT(report->starters, SizeIs(2));
    EXPECT_TRUE(uses_repository(*report, "shop/report", {}));
    EXPECT_THAT(tasks.found()->warnings, IsEmpty());
    EXPECT_EQ(schedules.reads, 4) << "not what starts something else";
}

TEST_F(TaskIndexTest, LooksWhenWhatItKnowsIsOldAndReadsOnlyWhatHasChanged) {
    put("noon", "report");
    auto tasks = index();
    EXPECT_TRUE(look_at(tasks));
    EXPECT_FALSE(look_at(tasks));
    EXPECT_EQ(schedules.lists, 1);
    EXPECT_EQ(schedules.reads, 2);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
    clock.advance(3min);
    EXPECT_TRUE(look_at(tasks));
    EXPECT_EQ(schedules.lists, 2);
    EXPECT_EQ(schedules.reads, 2) << "nothing has changed";
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
    put("night", arn("report", 43));
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(schedules.reads, 3);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 3) << "the new revision";
    EXPECT_EQ(known.revisions.size(), 2U) << "the old one is forgotten";
    schedules.all.erase({.name = "noon"});
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(known.schedules.size(), 1U);
}

TEST_F(TaskIndexTest, AScheduleThatWasChangedAsItWasReadIsReadAgain) {
    schedules.all[{.name = "night"}].changed_at = clock.now();
    auto tasks = index();
    look_at(tasks);
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(schedules.reads, 2);
    schedules.all[{.name = "night"}].changed_at = std::nullopt;
    clock.advance(3min);
    look_at(tasks);
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(schedules.reads, 4) << "nobody knows when";
}

TEST_F(TaskIndexTest, AFamilyWithoutANumberIsAskedForNowAndThen) {
    put("night", "report");
    auto tasks = index();
    look_at(tasks);
    repository_ = "shop/new";
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 1);
    tasks.look_again(kAccountOfTasks, Deadline::none());
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2) << "an event that nothing matches may be for it";
    EXPECT_TRUE(uses_repository(tasks.found()->tasks[0], "shop/new", {}));
    clock.advance(15min);
    look_at(tasks);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 3);
}

TEST_F(TaskIndexTest, AMissingPermissionIsOneWarningAndTheRestGoesOn) {
    for (const auto* name : {"a", "b", "c"}) {
        put(name, arn("report", 1));
        schedules.unreadable[name] = {denied(name)};
    }
    rules.unlisted = denied("*");
    auto tasks = index();
    look_at(tasks);
    EXPECT_THAT(ids(tasks), ElementsAre("task:report"));
    EXPECT_THAT(tasks.found()->warnings,
                ElementsAre(HasSubstr("which rules of EventBridge have targets on the cluster shop could not be read"),
                            HasSubstr("on the cluster jobs could not be read"),
                            "the schedule a and 2 more could not be read: not authorized on a"));
    EXPECT_THAT(tasks.found()->unread, IsEmpty()) << "nothing that would heal by itself";
    const auto told = warnings();
    EXPECT_EQ(schedules.reads, 4);
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(warnings(), told) << "not with every look";
    EXPECT_EQ(schedules.reads, 4) << "what may not be read is not asked for each time";
    clock.advance(15min);
    look_at(tasks);
    EXPECT_EQ(schedules.reads, 7);
}

TEST_F(TaskIndexTest, WhereNothingMayBeListedOneWarningSaysSo) {
    schedules.unlisted = denied("scheduler:ListSchedules");
    auto tasks = index();
    look_at(tasks);
    EXPECT_THAT(ids(tasks), IsEmpty());
    EXPECT_THAT(tasks.found()->warnings,
                ElementsAre("what the schedules of EventBridge Scheduler start could not be read: not authorized on "
                            "scheduler:ListSchedules"));
    for (int i = 0; i < 5; ++i) {
        clock.advance(3min);
        look_at(tasks);
    }
    EXPECT_EQ(warnings(), 1);
}

TEST_F(TaskIndexTest, WhatIsThrottledIsAskedAgainAndSoonWhereThatDoesNotHelp) {
    const Error throttled{.kind = ErrorKind::kThrottled, .message = "slow down"};
    schedules.unreadable["night"] = {throttled, {.kind = ErrorKind::kInternal, .message = "(reads)"}};
    auto tasks = index();
    look_at(tasks);
    EXPECT_THAT(ids(tasks), ElementsAre("task:report"));
    EXPECT_EQ(schedules.reads, 2);
    put("noon", arn("sums", 1));
    schedules.unreadable["noon"] = {throttled};
    clock.advance(3min);
    look_at(tasks);
    EXPECT_THAT(tasks.found()->unread, HasSubstr("the schedule noon could not be read: slow down"));
    EXPECT_THAT(ids(tasks), ElementsAre("task:report")) << "what is known stays";
    schedules.unreadable.clear();
    clock.advance(30s);
    EXPECT_TRUE(look_at(tasks));
    EXPECT_THAT(ids(tasks), ElementsAre("task:report", "task:sums"));
    EXPECT_THAT(tasks.found()->unread, IsEmpty());
}

TEST_F(TaskIndexTest, WhatCannotBeListedIsAsItWasBefore) {
    const GroupedName weekly{.name = "weekly"};
    rules.by_cluster[kAccountOfTasks + ":cluster/jobs"] = {weekly};
    rules.targets[weekly] = {target(arn("sums", 1), "jobs")};
    auto tasks = index();
    look_at(tasks);
    schedules.unlisted = Error{.kind = ErrorKind::kServer, .message = "503"};
    rules.unlisted = Error{.kind = ErrorKind::kServer, .message = "503"};
    clock.advance(3min);
    look_at(tasks);
    EXPECT_THAT(ids(tasks), ElementsAre("task:report", "task:sums"));
    EXPECT_THAT(tasks.found()->unread, HasSubstr("503"));
}

TEST_F(TaskIndexTest, ATaskDefinitionThatCannotBeReadIsNamed) {
    unreadable.insert(arn("report", 42));
    auto tasks = index();
    look_at(tasks);
    EXPECT_THAT(tasks.found()->warnings, ElementsAre(HasSubstr("the task definition report:42 could not be read")));
    EXPECT_FALSE(uses_repository(tasks.found()->tasks.at(0), "shop/report", {}));
}

TEST_F(TaskIndexTest, WithoutAnAccountTheRulesAreLeftOut) {
    auto tasks = index();
    tasks.renew("", Deadline::none());
    EXPECT_EQ(rules.lists, 0);
    EXPECT_THAT(tasks.found()->warnings, ElementsAre(HasSubstr("which account the clusters are in is not known")));
    EXPECT_THAT(ids(tasks), ElementsAre("task:report"));
}

TEST_F(TaskIndexTest, FiveHundredSchedulesAreReadOnce) {
    for (int i = 0; i < 500; ++i) put(fmt::format("s{:03}", i), arn(fmt::format("family{}", i), 1));
    auto tasks = index();
    look_at(tasks);
    EXPECT_THAT(tasks.found()->tasks, SizeIs(501));
    EXPECT_EQ(schedules.reads, 501);
    clock.advance(3min);
    look_at(tasks);
    EXPECT_EQ(schedules.reads, 501);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 501);
}

}  // namespace
}  // namespace ci_lambda::testing
