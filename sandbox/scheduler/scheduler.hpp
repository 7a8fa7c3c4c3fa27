#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/http/http_server.hpp"

namespace ci_lambda::sandbox {

/// A rule of EventBridge, as far as it has targets.
struct StoredRule {
    std::string schedule_expression = {};
    std::string managed_by = {};  ///< an AWS service: only that may change its targets
    /// As they were put, by their ids: JSON.
    std::map<std::string, std::string> targets = {};
};

/// What the sandbox's Scheduler and the rules of its EventBridge keep: plain data.
struct SchedulerState {
    std::string account;
    std::string region;
    std::map<GroupedName, std::string> schedules = {};  ///< as GetSchedule answers: JSON
    std::map<std::string, StoredRule> rules = {};       ///< of the default bus
    std::set<GroupedName> fired = {};                   ///< one-time schedules that are kept
    std::map<GroupedName, std::string> tokens = {};     ///< ClientToken, and what came with it
};

/// EventBridge Scheduler (version 2021-06-30) and the rules of EventBridge (version 2015-10-07) as far as somebody
/// looks at what they start, and changes it. Of all of them only one-time schedules fire, those that call a function;
/// and no rule starts anything. Request, answer and errors are AWS's. What is put replaces what was there, and a member
/// that is left out has its default again. Thread-safe. Ids and clock must outlive it.
class Scheduler {
public:
    Scheduler(SchedulerState state, const Clock& clock) : state_(std::move(state)), clock_(clock) {}

    [[nodiscard]] HttpExchangeAnswer list(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer get(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer put(const HttpExchangeRequest& request, bool create);
    [[nodiscard]] HttpExchangeAnswer remove(const HttpExchangeRequest& request);

    /// The inputs of the one-time schedules whose time has come: each fires once, at the clock's time, and is gone
    /// where ActionAfterCompletion says so.
    [[nodiscard]] std::vector<std::string> fire_due();
    /// When the next one fires; nullopt when none will.
    [[nodiscard]] std::optional<WallTime> next_due();
    /// Told whenever `next_due()` may have become another one. Set before requests come.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    /// Whether it is an operation about rules: `PutTargets`.
    [[nodiscard]] static bool is_about_rules(std::string_view operation);
    [[nodiscard]] AwsAnswer handle_rules(std::string_view operation, std::string_view body);

private:
    [[nodiscard]] AwsResult<nlohmann::json> run(std::string_view operation, const nlohmann::json& request);
    [[nodiscard]] AwsResult<StoredRule*> rule_of(const nlohmann::json& request, std::string_view member);
    [[nodiscard]] AwsResult<nlohmann::json> put_targets(const nlohmann::json& request);
    [[nodiscard]] AwsResult<nlohmann::json> list_rule_names_by_target(const nlohmann::json& request);

    void tell_change() const {
        if (changed_) changed_();
    }

    std::function<void()> changed_;
    std::mutex mutex_;
    SchedulerState state_;
    const Clock& clock_;
};

/// Answers below `/schedules`. `with_scheduler` gets each request, and what answers it where there is somebody to
/// answer: it finds the one whose request it is.
using ScheduleAnswer = std::function<HttpExchangeAnswer(Scheduler& scheduler)>;
void add_schedule_routes(HttpServer& server,
                         const std::function<HttpExchangeAnswer(const HttpExchangeRequest& request,
                                                                const ScheduleAnswer& answer)>& with_scheduler);

/// A schedule that somebody has made: `content` is a request of CreateSchedule without the name.
void add_schedule(SchedulerState& state, const GroupedName& name, const nlohmann::json& content, WallTime now);

}  // namespace ci_lambda::sandbox
