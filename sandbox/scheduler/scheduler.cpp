#include "sandbox/scheduler/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::array<std::string_view, 6> kRuleOperations{"PutRule",           "DescribeRule",          "PutTargets",
                                                          "ListTargetsByRule", "ListRuleNamesByTarget", "ListRules"};

/// REST: the error's name is in a header.
HttpExchangeAnswer rest_error(int status, const std::string& type, const std::string& message) {
    return {.status = status, .body = dump_json({{"Message", message}}), .headers = {{"x-amzn-ErrorType", type}}};
}

HttpExchangeAnswer not_found(const GroupedName& name) {
    return rest_error(404, "ResourceNotFoundException", fmt::format("Schedule {} does not exist.", name.name));
}

std::string query_of(const HttpExchangeRequest& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
}

std::string arn_of(const SchedulerState& state, const GroupedName& name) {
    return fmt::format("arn:aws:scheduler:{}:{}:schedule/{}/{}", state.region, state.account, name.group, name.name);
}

/// `at(2026-01-31T09:05:03)`, in UTC; nullopt for any other expression, and another zone.
std::optional<WallTime> one_time_of(const Json& schedule) {
    const auto expression = find_string(schedule, "ScheduleExpression").value_or("");
    if (!expression.starts_with("at(") || !expression.ends_with(")")) return std::nullopt;
    if (find_string(schedule, "ScheduleExpressionTimezone").value_or("UTC") != "UTC") return std::nullopt;
    constexpr std::size_t kAround = 4;  // at( and )
    return parse_rfc3339(expression.substr(3, expression.size() - kAround) + "Z");
}

/// What is wrong with a schedule that somebody puts; empty for nothing.
std::string why_invalid(const Json& request) {
    for (const auto* member : {"ScheduleExpression", "Target", "FlexibleTimeWindow"})
        if (!request.contains(member)) return fmt::format("{} is missing", member);
    const auto& target = request["Target"];
    if (!find_string(target, "Arn") || !find_string(target, "RoleArn")) return "Target needs Arn and RoleArn";
    if (find_string(request, "ScheduleExpression").value_or("").starts_with("at(") && !one_time_of(request) &&
        find_string(request, "ScheduleExpressionTimezone").value_or("UTC") == "UTC")
        return "Invalid Schedule Expression";
    if (const auto action = find_string(request, "ActionAfterCompletion").value_or("NONE");
        action != "NONE" && action != "DELETE")
        return "ActionAfterCompletion must be NONE or DELETE";
    if (!find_string(request["FlexibleTimeWindow"], "Mode")) return "FlexibleTimeWindow needs Mode";
    if (const auto* ecs = find(target, "EcsParameters"); ecs != nullptr && !find_string(*ecs, "TaskDefinitionArn"))
        return "EcsParameters needs TaskDefinitionArn";
    return {};
}

/// As GetSchedule shows it: what nobody said has its default.
Json as_stored(const SchedulerState& state, const GroupedName& name, Json request, double created_at, double now) {
    request.erase("ClientToken");
    request["Arn"] = arn_of(state, name);
    request["GroupName"] = name.group;
    request["Name"] = name.name;
    request["CreationDate"] = created_at;
    request["LastModificationDate"] = now;
    for (const auto& [member, value] : {std::pair{"State", "ENABLED"}, std::pair{"ScheduleExpressionTimezone", "UTC"},
                                        std::pair{"ActionAfterCompletion", "NONE"}})
        if (!request.contains(member)) request[member] = value;
    auto& target = request["Target"];
    if (!target.contains("RetryPolicy"))
        target["RetryPolicy"] = {{"MaximumEventAgeInSeconds", 86'400}, {"MaximumRetryAttempts", 185}};
    return request;
}

/// When it will call a function by itself.
std::optional<WallTime> due_of(const Json& schedule) {
    const auto arn = find_string(schedule.at("Target"), "Arn").value_or("");
    if (find_string(schedule, "State") != "ENABLED" || !arn.contains(":lambda:")) return std::nullopt;
    return one_time_of(schedule);
}

Json summary_of(const Json& schedule) {
    Json summary;
    for (const auto* member : {"Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate"})
        summary[member] = schedule.at(member);
    summary["Target"] = {{"Arn", schedule.at("Target").at("Arn")}};
    return summary;
}

}  // namespace

void add_schedule(SchedulerState& state, const GroupedName& name, const Json& content, WallTime now) {
    const auto at = epoch_seconds(now);
    state.schedules[name] = dump_json(as_stored(state, name, content, at, at));
}

void add_schedule_routes(HttpServer& server,
                         const std::function<HttpExchangeAnswer(const HttpExchangeRequest& request,
                                                                const ScheduleAnswer& answer)>& with_scheduler) {
    constexpr const char* kOne = "/schedules/([^/]+)";
    const auto asking = [&](auto ask) {
        return [with_scheduler, ask](const HttpExchangeRequest& request) {
            return with_scheduler(request, [&](Scheduler& scheduler) { return ask(scheduler, request); });
        };
    };
    server.get("/schedules", asking([](Scheduler& one, const HttpExchangeRequest& asked) { return one.list(asked); }));
    server.get(kOne, asking([](Scheduler& one, const HttpExchangeRequest& asked) { return one.get(asked); }));
    server.put(kOne, asking([](Scheduler& one, const HttpExchangeRequest& asked) { return one.put(asked, false); }));
    server.remove(kOne, asking([](Scheduler& one, const HttpExchangeRequest& asked) { return one.remove(asked); }));
    server.post(kOne, asking([](Scheduler& one, const HttpExchangeRequest& asked) { return one.put(asked, true); }));
}

/// Pages by numbers.
HttpExchangeAnswer Scheduler::list(const HttpExchangeRequest& request) {
    const std::scoped_lock lock(mutex_);
    const auto group = query_of(request, "ScheduleGroup");
    const auto prefix = query_of(request, "NamePrefix");
    const auto most = parse_unsigned(query_of(request, "MaxResults")).value_or(100);
    const auto begin = parse_unsigned(query_of(request, "NextToken")).value_or(0);
    if (most < 1 || most > 100) return rest_error(400, "ValidationException", "MaxResults must be 1 to 100");
    Json answer{{"Schedules", Json::array()}};
    std::size_t place = 0;
    for (const auto& [name, text] : state_.schedules) {
        if ((!group.empty() && name.group != group) || !name.name.starts_with(prefix)) continue;
        if (place++ < begin) continue;
        if (answer["Schedules"].size() == most) {
            answer["NextToken"] = std::to_string(place - 1);
            break;
        }
        answer["Schedules"].push_back(summary_of(*parse_json(text)));
    }
    return {.status = 200, .body = dump_json(answer)};
}

HttpExchangeAnswer Scheduler::get(const HttpExchangeRequest& request) {
    const std::scoped_lock lock(mutex_);
    const auto group = query_of(request, "groupName");
    const GroupedName name{.group = group.empty() ? "default" : group, .name = request.captures.at(0)};
    const auto found = state_.schedules.find(name);
    return found == state_.schedules.end() ? not_found(name) : HttpExchangeAnswer{.status = 200, .body = found->second};
}

HttpExchangeAnswer Scheduler::put(const HttpExchangeRequest& request, bool create) {
    auto body = parse_json(request.body);
    if (!body || !body->is_object()) return rest_error(400, "ValidationException", "the body is no JSON object");
    if (const auto why = why_invalid(*body); !why.empty()) return rest_error(400, "ValidationException", why);
    const GroupedName name{.group = find_string(*body, "GroupName").value_or("default"),
                           .name = request.captures.at(0)};
    {
        const std::scoped_lock lock(mutex_);
        const auto found = state_.schedules.find(name);
        const bool same = create && find_string(*body, "ClientToken") && found != state_.schedules.end() &&
                          state_.tokens[name] == request.body;
        if (create && found != state_.schedules.end() && !same)
            return rest_error(409, "ConflictException", fmt::format("Schedule {} already exists.", name.name));
        if (!create && found == state_.schedules.end()) return not_found(name);
        const auto now = epoch_seconds(clock_.now());
        if (!same) {
            const auto created_at = create ? now : parse_json(found->second)->at("CreationDate").get<double>();
            state_.schedules[name] = dump_json(as_stored(state_, name, *std::move(body), created_at, now));
            state_.fired.erase(name);
        }
        if (create) state_.tokens[name] = request.body;
    }
    tell_change();
    return {.status = 200, .body = dump_json({{"ScheduleArn", arn_of(state_, name)}})};
}

HttpExchangeAnswer Scheduler::remove(const HttpExchangeRequest& request) {
    const auto group = query_of(request, "groupName");
    const GroupedName name{.group = group.empty() ? "default" : group, .name = request.captures.at(0)};
    const std::scoped_lock lock(mutex_);
    if (state_.schedules.erase(name) == 0) return not_found(name);
    state_.tokens.erase(name);
    return {.status = 200, .body = "{}"};
}

std::vector<std::string> Scheduler::fire_due() {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.now();
    std::vector<std::pair<WallTime, GroupedName>> due;
    for (const auto& [name, text] : state_.schedules) {
        if (state_.fired.contains(name)) continue;
        if (const auto at = due_of(*parse_json(text)); at && *at <= now) due.emplace_back(*at, name);
    }
    std::ranges::sort(due);
    std::vector<std::string> inputs;
    for (const auto& [at, name] : due) {
        const auto schedule = *parse_json(state_.schedules.at(name));
        inputs.push_back(find_string(schedule.at("Target"), "Input").value_or("{}"));
        state_.fired.insert(name);
        if (find_string(schedule, "ActionAfterCompletion") != "DELETE") continue;
        state_.schedules.erase(name);
        state_.tokens.erase(name);
        state_.fired.erase(name);
    }
    return inputs;
}

std::optional<WallTime> Scheduler::next_due() {
    const std::scoped_lock lock(mutex_);
    std::optional<WallTime> next;
    for (const auto& [name, text] : state_.schedules) {
        const auto at = state_.fired.contains(name) ? std::nullopt : due_of(*parse_json(text));
        if (at && (!next || *at < *next)) next = at;
    }
    return next;
}

bool Scheduler::is_about_rules(std::string_view operation) {
    return std::ranges::find(kRuleOperations, operation) != kRuleOperations.end();
}

AwsAnswer Scheduler::handle_rules(std::string_view operation, std::string_view body) {
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    const std::scoped_lock lock(mutex_);
    return to_answer(run(operation, *request));
}

AwsResult<Json> Scheduler::run(std::string_view operation, const Json& request) {
    if (operation == "ListRuleNamesByTarget") return list_rule_names_by_target(request);
    if (operation == "PutTargets") return put_targets(request);
    const auto json_of = [this](const std::string& name, const StoredRule& rule) {
        Json json{{"Name", name},
                  {"Arn", fmt::format("arn:aws:events:{}:{}:rule/{}", state_.region, state_.account, name)},
                  {"State", "ENABLED"},
                  {"EventBusName", "default"}};
        if (!rule.schedule_expression.empty()) json["ScheduleExpression"] = rule.schedule_expression;
        if (!rule.managed_by.empty()) json["ManagedBy"] = rule.managed_by;
        return json;
    };
    if (operation == "ListRules") {
        Json rules = Json::array();
        for (const auto& [name, rule] : state_.rules) rules.push_back(json_of(name, rule));
        return Json{{"Rules", std::move(rules)}};
    }
    if (operation == "PutRule") {
        TRY_ASSIGN(const auto name, Parameters(request).text("Name"));
        TRY_ASSIGN(const auto expression, Parameters(request).text("ScheduleExpression"));
        if (!name || !expression) return aws_fail("ValidationException", "a rule needs Name and ScheduleExpression");
        state_.rules[*name].schedule_expression = *expression;
        return Json{{"RuleArn", json_of(*name, {})["Arn"]}};
    }
    const auto* member = operation == "DescribeRule" ? "Name" : "Rule";
    TRY_ASSIGN(auto* rule, rule_of(request, member));
    if (operation == "DescribeRule") return json_of(*Parameters(request).text("Name").value(), *rule);
    Json targets = Json::array();
    for (const auto& [id, text] : rule->targets) targets.push_back(*parse_json(text));
    return Json{{"Targets", std::move(targets)}};
}

AwsResult<StoredRule*> Scheduler::rule_of(const Json& request, std::string_view member) {
    TRY_ASSIGN(const auto name, Parameters(request).text(member));
    TRY_ASSIGN(const auto bus, Parameters(request).text("EventBusName"));
    const auto found = state_.rules.find(name.value_or(""));
    if (bus.value_or("default") != "default")
        return aws_fail("ResourceNotFoundException", fmt::format("Event bus {} does not exist.", *bus));
    if (found == state_.rules.end())
        return aws_fail("ResourceNotFoundException",
                        fmt::format("Rule {} does not exist on EventBus default.", name.value_or("")));
    return &found->second;
}

AwsResult<Json> Scheduler::list_rule_names_by_target(const Json& request) {
    TRY_ASSIGN(const auto arn, Parameters(request).text("TargetArn"));
    Json names = Json::array();
    for (const auto& [name, rule] : state_.rules)
        if (std::ranges::any_of(rule.targets, [&](const auto& target) {
                return find_string(*parse_json(target.second), "Arn") == arn;
            }))
            names.push_back(name);
    return Json{{"RuleNames", std::move(names)}};
}

/// A target that cannot be put does not fail the call.
AwsResult<Json> Scheduler::put_targets(const Json& request) {
    constexpr std::size_t kMostTargets = 5;
    TRY_ASSIGN(auto* rule, rule_of(request, "Rule"));
    if (!rule->managed_by.empty())
        return aws_fail("ManagedRuleException", fmt::format("The rule is managed by {}.", rule->managed_by));
    const auto* targets = find(request, "Targets");
    if (targets == nullptr || !targets->is_array() || targets->empty())
        return aws_fail("ValidationException", "Targets must have a member");
    Json failed = Json::array();
    for (const auto& target : *targets) {
        const auto id = find_string(target, "Id").value_or("");
        const auto fails = [&](std::string_view code, std::string_view message) {
            failed.push_back({{"TargetId", id}, {"ErrorCode", code}, {"ErrorMessage", message}});
        };
        if (id.empty() || !find_string(target, "Arn"))
            fails("ValidationException", "a target needs Id and Arn");
        else if (!rule->targets.contains(id) && rule->targets.size() == kMostTargets)
            fails("LimitExceededException", "a rule has at most 5 targets");
        else
            rule->targets[id] = dump_json(target);
    }
    return Json{{"FailedEntryCount", failed.size()}, {"FailedEntries", std::move(failed)}};
}

}  // namespace ci_lambda::sandbox
