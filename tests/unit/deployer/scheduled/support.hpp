#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "base/references.hpp"
#include "deployer/scheduled/task_updater.hpp"
#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {

inline std::string revision_of(const std::string& family, unsigned long long number) {
    return fmt::format("arn:aws:ecs:us-east-1:123456789012:task-definition/{}:{}", family, number);
}
inline const std::string kShopCluster = "arn:aws:ecs:us-east-1:123456789012:cluster/shop_cluster_dev";
inline const std::string kReportImages = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/report";

/// What starts tasks: a name and what it starts. `whole` holds what somebody else may change.
template <typename Interface>
class FakeStarters : public Interface {
public:
    std::map<GroupedName, TaskTarget> all;
    std::function<Status(const GroupedName&)> before_put = [](const GroupedName&) -> Status { return {}; };
    std::function<Status()> before_read = []() -> Status { return {}; };
    int lists = 0;
    int reads = 0;
    int puts = 0;

    Result<std::vector<GroupedName>> of_cluster(const std::string& cluster, Deadline) override {
        ++lists;
        TRY(before_read());
        std::vector<GroupedName> names;
        for (const auto& [name, target] : all)
            if (target.cluster == cluster) names.push_back(name);
        return names;
    }

protected:
    Result<TaskTarget> read(const GroupedName& name) {
        ++reads;
        TRY(before_read());
        const auto found = all.find(name);
        if (found == all.end()) return fail(ErrorKind::kNotFound, "ResourceNotFoundException");
        return found->second;
    }
    Status write(const GroupedName& name, const TaskTarget& read, const std::string& task_definition) {
        TRY(before_put(name));
        ++puts;
        all[name] = read;  // all that was changed since it was read is lost, as at AWS
        all[name].task_definition = task_definition;
        return {};
    }
};

class FakeTaskSchedules final : public FakeStarters<TaskSchedules> {
public:
    Result<std::vector<ListedSchedule>> list(Deadline) override {
        ++lists;
        TRY(before_read());
        std::vector<ListedSchedule> listed;
        for (const auto& [name, target] : all)
            listed.push_back({.name = name, .target_arn = target.cluster, .changed_at = {}});
        return listed;
    }
    Result<TaskTarget> get(const GroupedName& name, Deadline) override { return read(name); }
    Status put(const GroupedName& name, const TaskTarget& read, const std::string& revision, Deadline) override {
        return write(name, read, revision);
    }
};

class FakeRules final : public FakeStarters<TaskRules> {
public:
    Result<std::vector<TaskTarget>> get(const GroupedName& name, Deadline) override {
        TRY_ASSIGN(auto target, read(name));
        return std::vector{std::move(target)};
    }
    Status put(const GroupedName& name, const TaskTarget& read, const std::string& revision, Deadline) override {
        return write(name, read, revision);
    }
};

inline PushedImage pushed_report(const std::string& tag, char digit, int minute) {
    return {.repository = "shop/report",
            .tag = tag,
            .digest = "sha256:" + std::string(64, digit),
            .account = "123456789012",
            .region = "us-east-1",
            .at = *parse_rfc3339("2026-11-29T10:00:00Z") + std::chrono::minutes{minute}};
}

/// A family `shop_report` at 42, which names v1, and a schedule that names 42.
class TaskUpdaterTest : public ::testing::Test {
protected:
    TaskUpdaterTest() {
        add("shop_report", 42, kReportImages + ":v1");
        ecs_.on_active = [this](const TaskFamily& family) -> Result<std::vector<TaskDefinition>> {
            std::vector<TaskDefinition> active;
            for (const auto& [number, revision] : revisions_[family.str()] | std::views::reverse)
                active.emplace_back(revision.arn);
            if (active.empty()) return fail(ErrorKind::kNotFound, "no task definitions found");
            return active;
        };
        ecs_.on_task_definition = [this](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            const auto name = *parse_revision(revision.str());
            return revisions_.at(std::string(name.family)).at(name.number);
        };
        ecs_.on_register_with_images = [this](const TaskDefinition& base, const auto& images,
                                              const EcsTags& tags) -> Result<TaskDefinition> {
            TRY(before_register_());
            const auto name = *parse_revision(base.str());
            auto& family = revisions_.at(std::string(name.family));
            auto copy = family.at(name.number);
            const auto number = family.rbegin()->first + 1;
            copy.arn = revision_of(std::string(name.family), number);
            for (auto& container : copy.images)
                if (const auto image = images.find(container.container); image != images.end())
                    container.image = image->second;
            copy.tags = tags;
            family[number] = copy;
            ++registered_;
            return TaskDefinition(copy.arn);
        };
        put("night/report", 42);
    }

    void add(const std::string& family, unsigned long long number, const std::string& image, EcsTags tags = {}) {
        revisions_[family][number] = {.arn = revision_of(family, number),
                                      .status = "ACTIVE",
                                      .images = {{.container = "app", .image = image}},
                                      .tags = std::move(tags)};
    }
    static GroupedName named(const std::string& text) {
        const auto slash = text.find('/');
        if (slash == std::string::npos) return {.name = text};
        return {.group = text.substr(0, slash), .name = text.substr(slash + 1)};
    }
    static TaskTarget target_at(const std::string& task_definition) {
        return {.id = {}, .cluster = kShopCluster, .task_definition = task_definition, .whole = "as it was"};
    }
    void put(const std::string& schedule, unsigned long long number) {
        schedules_.all[named(schedule)] = target_at(revision_of("shop_report", number));
    }
    [[nodiscard]] std::string starts(const std::string& schedule) const {
        return std::string(short_name(schedules_.all.at(named(schedule)).task_definition));
    }

    static TaskRequest request(std::vector<PushedImage> images, const std::string& family = "shop_report") {
        return {.task = {.id = ServiceId("task:report"), .family = TaskFamily(family), .repositories = {"shop/report"}},
                .cluster = ClusterName("shop_cluster_dev"),
                .reason = "image shop/report was pushed",
                .images = std::move(images)};
    }
    TaskReport update(const TaskRequest& request, TaskUpdater::Options options = {}) {
        TaskUpdater updater(options, {.ecs = ecs_,
                                      .registries = nullptr,
                                      .schedules = schedules_,
                                      .rules = rules_,
                                      .clock = clock_,
                                      .sleeper = sleeper_,
                                      .logger = log_.logger});
        return updater.update({request}, Deadline::none()).at(0);
    }

    std::map<std::string, std::map<unsigned long long, EcsTaskDefinition>> revisions_;
    std::function<Status()> before_register_ = []() -> Status { return {}; };
    int registered_ = 0;
    FakeEcs ecs_;
    FakeTaskSchedules schedules_;
    FakeRules rules_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
};

}  // namespace ci_lambda::testing
