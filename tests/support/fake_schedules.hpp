#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "services/schedules/api.hpp"

namespace ci_lambda::testing {

/// EventBridge Scheduler's one-time schedules, kept in memory. Counts; a test may come between a call and its effect.
class FakeSchedules final : public OneTimeSchedules {
public:
    /// Before each call: what happens meanwhile, or what it answers instead.
    std::function<Status(const std::string& operation)> before = [](const std::string&) -> Status { return {}; };
    /// After it: the answer that is lost.
    std::function<Status(const std::string& operation)> after = [](const std::string&) -> Status { return {}; };

    Result<Made> create(const OneTimeSchedule& schedule, Deadline /*deadline*/) override {
        TRY(count("create"));
        bool is_new = false;
        {
            const std::scoped_lock lock(mutex_);
            is_new = schedules_.try_emplace(schedule.name.name, schedule).second;
        }
        TRY(after("create"));
        return is_new ? Made::kNow : Made::kBefore;
    }
    Result<PlannedCall> read(const GroupedName& name, Deadline /*deadline*/) override {
        TRY(count("read"));
        const std::scoped_lock lock(mutex_);
        const auto found = schedules_.find(name.name);
        if (found == schedules_.end()) return fail(ErrorKind::kNotFound, "no such schedule");
        const auto& [unused, one] = *found;
        return PlannedCall{.at = one.at, .input = one.input, .function = one.function, .role = one.role};
    }
    Status replace(const OneTimeSchedule& schedule, Deadline /*deadline*/) override {
        TRY(count("replace"));
        const std::scoped_lock lock(mutex_);
        const auto found = schedules_.find(schedule.name.name);
        if (found == schedules_.end()) return fail(ErrorKind::kNotFound, "no such schedule");
        found->second = schedule;
        return {};
    }
    Result<std::vector<GroupedName>> names(const std::string& group, const std::string& prefix,
                                           Deadline /*deadline*/) override {
        TRY(count("names"));
        const std::scoped_lock lock(mutex_);
        std::vector<GroupedName> names;
        for (const auto& [name, one] : schedules_)
            if (name.starts_with(prefix)) names.push_back({.group = group, .name = name});
        return names;
    }
    Status remove(const GroupedName& name, Deadline /*deadline*/) override {
        TRY(count("remove"));
        const std::scoped_lock lock(mutex_);
        schedules_.erase(name.name);
        return {};
    }

    /// Those whose time has come, by then; they are gone.
    std::vector<OneTimeSchedule> fire(WallTime now) {
        const std::scoped_lock lock(mutex_);
        std::vector<OneTimeSchedule> due;
        for (const auto& [name, one] : schedules_)
            if (one.at <= now) due.push_back(one);
        for (const auto& one : due) schedules_.erase(one.name.name);
        return due;
    }
    [[nodiscard]] std::vector<OneTimeSchedule> all() const {
        const std::scoped_lock lock(mutex_);
        std::vector<OneTimeSchedule> copies;
        for (const auto& [name, one] : schedules_) copies.push_back(one);
        return copies;
    }
    void put(OneTimeSchedule schedule) {
        const std::scoped_lock lock(mutex_);
        schedules_[schedule.name.name] = std::move(schedule);
    }
    [[nodiscard]] int calls(const std::string& operation) const {
        const std::scoped_lock lock(mutex_);
        const auto found = calls_.find(operation);
        return found == calls_.end() ? 0 : found->second;
    }

private:
    Status count(const std::string& operation) {
        {
            const std::scoped_lock lock(mutex_);
            ++calls_[operation];
        }
        return before(operation);
    }

    mutable std::mutex mutex_;
    std::map<std::string, OneTimeSchedule> schedules_;
    std::map<std::string, int> calls_;
};

}  // namespace ci_lambda::testing
