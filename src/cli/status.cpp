#include "cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

using Row = std::array<std::string, 5>;

std::string_view state_of(const EcsService& service) {
    const auto* primary = service.primary();
    if (service.status != "ACTIVE") return "deleted";
    if (primary == nullptr) return "unknown";
    switch (primary->rollout_state) {
        case RolloutState::kCompleted: return "steady";
        case RolloutState::kInProgress: return "rolling";
        case RolloutState::kFailed: return "failed";
        case RolloutState::kNone: return service.deployments.size() > 1 ? "rolling" : "steady";
    }
    return "unknown";
}

/// What is running while something newer comes up.
std::vector<const EcsDeployment*> older_deployments(const EcsService& service) {
    std::vector<const EcsDeployment*> older;
    for (const auto& deployment : service.deployments)
        if (deployment.status != "PRIMARY" && deployment.running_count > 0) older.push_back(&deployment);
    return older;
}

std::string age(WallTime since, WallTime now) {
    return in_words(std::max(std::chrono::duration_cast<Milliseconds>(now - since), Milliseconds{0}));
}

std::string rolling_text(const EcsService& service) {
    const auto* primary = service.primary();
    if (primary == nullptr || state_of(service) == "steady") return "";
    std::string text = fmt::format("{} of {} new tasks", primary->running_count, primary->desired_count);
    for (const auto* older : older_deployments(service))
        text += fmt::format(", {} of {}", older->running_count, short_name(older->task_definition));
    if (primary->failed_tasks > 0) text += fmt::format(", {} failed", primary->failed_tasks);
    if (primary->rollout_state == RolloutState::kFailed) text += ": " + primary->rollout_reason;
    return text;
}

Row row_of(const ServiceStatus& one, WallTime now) {
    if (one.service == nullptr) return {one.target.id.str(), "missing", "", "", "ECS does not know this service"};
    const auto& service = *one.service;
    const auto* primary = service.primary();
    std::string last = rolling_text(service);
    if (primary != nullptr) {
        const auto since = age(primary->created_at, now);
        last = last.empty() ? fmt::format("since {}", since) : fmt::format("since {}: {}", since, last);
    }
    return {one.target.id.str(), std::string(state_of(service)),
            short_name(primary == nullptr ? service.task_definition : primary->task_definition),
            fmt::format("{}/{}", service.running_count, service.desired_count), last};
}

/// Trailing blanks are nobody's friend in a terminal that wraps.
std::string without_trailing_blanks(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace

std::string status_table(const std::vector<ServiceStatus>& services, WallTime now) {
    std::vector<Row> rows{{"SERVICE", "STATE", "REVISION", "TASKS", "ROLLOUT"}};
    for (const auto& one : services) rows.push_back(row_of(one, now));
    for (auto& row : rows)
        for (auto& cell : row) cell = one_line(cell);
    std::array<std::size_t, 5> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string table;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
        table += without_trailing_blanks(std::move(line)) + "\n";
    }
    return table;
}

std::string status_json(const std::vector<ServiceStatus>& services, WallTime now) {
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson list = OrderedJson::array();
    for (const auto& [target, service] : services) {
        OrderedJson one{{"service", target.id.str()},
                        {"cluster", target.cluster.str()},
                        {"ecs_service", target.service.str()},
                        {"state", service == nullptr ? "missing" : state_of(*service)}};
        if (service != nullptr) {
            one["running"] = service->running_count;
            one["desired"] = service->desired_count;
            one["deployments"] = OrderedJson::array();
            for (const auto& deployment : service->deployments)
                one["deployments"].push_back(
                    {{"id", deployment.id},
                     {"status", deployment.status},
                     {"task_definition", deployment.task_definition},
                     {"running", deployment.running_count},
                     {"desired", deployment.desired_count},
                     {"failed_tasks", deployment.failed_tasks},
                     {"created_at", format_rfc3339(deployment.created_at)},
                     {"age_seconds",
                      std::chrono::duration_cast<std::chrono::seconds>(now - deployment.created_at).count()},
                     {"reason", deployment.rollout_reason}});
        }
        list.push_back(std::move(one));
    }
    return json_for_terminal(list.dump(2, ' ', false, OrderedJson::error_handler_t::replace)) + "\n";
}

std::string progress_line(const RolloutOutcome& so_far, const EcsService* service) {
    std::string line = fmt::format("{:>11}  ", in_words(so_far.took));
    if (service == nullptr) return line + so_far.judgement.reason;
    const auto* primary = service->primary();
    if (primary != nullptr)
        line += fmt::format("{}: {} of {} tasks run", short_name(primary->task_definition), primary->running_count,
                            primary->desired_count);
    if (primary != nullptr && primary->pending_count > 0) line += fmt::format(", {} pending", primary->pending_count);
    if (primary != nullptr && primary->failed_tasks > 0) line += fmt::format(", {} failed", primary->failed_tasks);
    for (const auto* older : older_deployments(*service))
        line += fmt::format("; {}: {}", short_name(older->task_definition), older->running_count);
    if (so_far.judgement.rolling_back) line += "; rolling back";
    if (!service->messages.empty())
        line += fmt::format("; {}", truncate_utf8(without_service(*service, service->messages.front().text), 120));
    return line;
}

}  // namespace ci_lambda::cli
