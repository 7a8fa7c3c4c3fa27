#include "cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "app/answer.hpp"
#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/rollout/image_proof.hpp"

namespace ci_lambda::cli {
namespace {

constexpr std::size_t kColumnGap = 2;
constexpr std::size_t kIndent = 4;

using Row = std::array<Span, 6>;
using OrderedJson = nlohmann::ordered_json;

std::string_view state_of(const ServiceOverview& one) {
    if (!one.service) return "missing";
    const auto* primary = one.service->primary();
    if (one.service->status != "ACTIVE") return "deleted";
    if (primary == nullptr) return "unknown";
    switch (primary->rollout_state) {
        case RolloutState::kCompleted: return "steady";
        case RolloutState::kInProgress: return one.last && one.last->judgement.rolling_back ? "going back" : "rolling";
        case RolloutState::kFailed: return "failed";
        case RolloutState::kNone: return one.service->deployments.size() > 1 ? "rolling" : "steady";
    }
    return "unknown";
}

Color color_of(std::string_view state) {
    if (state == "steady") return Color::kGreen;
    return state == "rolling" || state == "unknown" ? Color::kYellow : Color::kRed;
}

std::string age(WallTime since, WallTime now) {
    return in_words(std::max(std::chrono::duration_cast<Milliseconds>(now - since), Milliseconds{0}));
}

std::string images_text(const ServiceOverview& one) {
    if (one.images.empty()) return "?";
    return in_words(one.images, one.definition ? pushed_images_of(*one.definition) : std::vector<PushedImage>{});
}

std::string rolling_text(const EcsService& service) {
    const auto* primary = service.primary();
    auto text = fmt::format("{} of {} new tasks run", primary->running_count, primary->desired_count);
    if (primary->pending_count > 0) text += fmt::format(", {} pending", primary->pending_count);
    if (primary->failed_tasks > 0) text += fmt::format(", {} failed", primary->failed_tasks);
    for (const auto& older : service.deployments)
        if (older.status != "PRIMARY" && older.running_count > 0)
            text += fmt::format("; {} of {} still run", older.running_count, short_name(older.task_definition));
    return text;
}

/// How the last rollout ended, where that is not what one sees anyway.
std::string last_text(const LastRollout& last, WallTime now) {
    if (last.judgement.verdict == Verdict::kCompleted) return "";
    const auto words = last.judgement.final() ? ended_in_words(last, now) : last.judgement.reason;
    return (last.judgement.final() ? "last rollout: " : "") + words;
}

std::string copy_text(const EcsTaskDefinition& definition) {
    const auto copy = RollbackCopy::read(definition.tags);
    if (!copy) return "";
    return fmt::format("a copy of {}, brought back in place of {} {}{}{}", copy->stands_for, copy->rollback_of,
                       copy->by_person ? "by a person" : "automatically", copy->reason.empty() ? "" : ": ",
                       copy->reason);
}

/// What there is to say of a service beyond its row.
std::vector<Span> details_of(const ServiceOverview& one, WallTime now) {
    if (!one.service) return {{.text = fmt::format("ECS has no service {}", one.target.service), .color = Color::kRed}};
    std::vector<Span> details;
    const auto state = state_of(one);
    const auto* primary = one.service->primary();
    if (primary == nullptr) return details;
    const auto add = [&](std::string text, Color color) {
        if (!text.empty()) details.push_back({.text = std::move(text), .color = color});
    };
    add(one.held, Color::kYellow);
    if (state != "steady") add(rolling_text(*one.service), Color::kYellow);
    if (one.last)
        add(last_text(*one.last, now), Color::kYellow);
    else if (primary->rollout_state == RolloutState::kFailed)
        add(primary->rollout_reason, Color::kRed);
    if (one.definition) add(copy_text(*one.definition), Color::kNone);
    if (one.last && one.last->judgement.last_words) {
        const auto& words = *one.last->judgement.last_words;
        add(title_of(words) + ":", Color::kYellow);
        for (const auto& line : words.lines) add("  " + line, Color::kNone);
    }
    return details;
}

Row row_of(const ServiceOverview& one, WallTime now) {
    const auto state = state_of(one);
    Row row{Span{.text = one.target.id.str(), .color = Color::kBold},
            Span{.text = std::string(state), .color = color_of(state)}};
    if (!one.service) return row;
    const auto* primary = one.service->primary();
    row[2].text = fmt::format("{}/{}", one.service->running_count, one.service->desired_count);
    row[3].text = short_name(primary == nullptr ? one.service->task_definition : primary->task_definition);
    row[4].text = images_text(one);
    row[5].text = primary == nullptr ? "" : age(primary->created_at, now);
    return row;
}

/// Trailing blanks are nobody's friend in a terminal that wraps.
void drop_trailing_blanks(Line& line) {
    while (!line.empty()) {
        auto& text = line.back().text;
        text.erase(text.find_last_not_of(' ') + 1);
        if (!text.empty()) return;
        line.pop_back();
    }
}

Line table_line(const Row& row, const std::array<std::size_t, 6>& widths) {
    Line line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        auto cell = row[i];
        cell.text += std::string(widths[i] - columns_of(cell.text) + kColumnGap, ' ');
        line.push_back(std::move(cell));
    }
    drop_trailing_blanks(line);
    return line;
}

/// The same without columns.
void append_paragraph(std::vector<Line>& lines, const Row& row, std::size_t columns) {
    lines.push_back({row[0], {.text = "  "}, row[1], {.text = "  " + row[2].text}});
    static constexpr std::array<std::string_view, 3> kLabels{"", "image ", "since "};
    for (std::size_t i = 0; i < kLabels.size(); ++i) {
        if (row[i + 3].text.empty()) continue;
        for (auto& words : wrapped(fmt::format("{}{}", kLabels[i], row[i + 3].text), columns - kIndent))
            lines.push_back({{.text = std::string(kIndent, ' ') + std::move(words)}});
    }
}

void append_details(std::vector<Line>& lines, const std::vector<Span>& details, std::size_t columns) {
    for (const auto& detail : details) {
        auto parts = columns == 0 ? std::vector{detail.text} : wrapped(detail.text, columns - kIndent);
        for (auto& words : parts)
            lines.push_back({{.text = std::string(kIndent, ' ')}, {.text = std::move(words), .color = detail.color}});
    }
}

OrderedJson deployment_json(const EcsDeployment& deployment, WallTime now) {
    return {{"id", deployment.id},
            {"status", deployment.status},
            {"task_definition", deployment.task_definition},
            {"running", deployment.running_count},
            {"desired", deployment.desired_count},
            {"failed_tasks", deployment.failed_tasks},
            {"created_at", format_rfc3339(deployment.created_at)},
            {"age_seconds", std::chrono::duration_cast<std::chrono::seconds>(now - deployment.created_at).count()},
            {"reason", deployment.rollout_reason}};
}

OrderedJson image_json(const EcsServiceRevision::Image& image) {
    OrderedJson json{{"container", image.container}, {"image", image.image}};
    if (!image.digest.empty()) json["digest"] = image.digest;
    return json;
}

OrderedJson definition_json(const EcsTaskDefinition& definition) {
    OrderedJson json = OrderedJson::object();
    if (const auto copy = RollbackCopy::read(definition.tags))
        json["rollback"] = {{"stands_for", copy->stands_for},
                            {"rollback_of", copy->rollback_of},
                            {"because", copy->by_person ? "person" : "automatic"},
                            {"reason", copy->reason}};
    return json;
}

}  // namespace

std::vector<Line> status_table(const std::vector<ServiceOverview>& services, WallTime now, std::size_t columns) {
    const Row head{Span{"SERVICE"}, Span{"STATE"}, Span{"TASKS"}, Span{"REVISION"}, Span{"IMAGE"}, Span{"SINCE"}};
    std::array<std::size_t, 6> widths{};
    std::vector<Row> rows{head};
    for (const auto& one : services) rows.push_back(row_of(one, now));
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i].text));
    const auto whole = std::accumulate(widths.begin(), widths.end(), kColumnGap * (widths.size() - 1));
    const auto least = 2 * kIndent;
    if (columns > 0) columns = std::max(columns, least);
    const bool table = columns == 0 || whole <= columns;
    std::vector<Line> lines;
    if (table) lines.push_back(table_line(head, widths));
    for (std::size_t i = 0; i < services.size(); ++i) {
        if (table)
            lines.push_back(table_line(rows[i + 1], widths));
        else
            append_paragraph(lines, rows[i + 1], columns);
        append_details(lines, details_of(services[i], now), columns);
    }
    return lines;
}

std::string status_json(const std::vector<ServiceOverview>& services, WallTime now) {
    OrderedJson list = OrderedJson::array();
    for (const auto& overview : services) {
        const auto& target = overview.target;
        OrderedJson one{{"service", target.id.str()},
                        {"cluster", target.cluster.str()},
                        {"ecs_service", target.service.str()},
                        {"state", state_of(overview)}};
        if (overview.service) {
            one["running"] = overview.service->running_count;
            one["desired"] = overview.service->desired_count;
            one["deployments"] = OrderedJson::array();
            for (const auto& deployment : overview.service->deployments)
                one["deployments"].push_back(deployment_json(deployment, now));
        }
        if (!overview.held.empty()) one["held"] = overview.held;
        for (const auto& image : overview.images) one["images"].push_back(image_json(image));
        if (overview.definition) one.update(definition_json(*overview.definition));
        if (overview.last) {
            one["last_rollout"] = {{"task_definition", overview.last->rollout.task_definition},
                                   {"deployment_id", overview.last->rollout.deployment_id},
                                   {"started_at", format_rfc3339(overview.last->rollout.started_at)},
                                   {"outcome", to_string(overview.last->judgement.verdict)},
                                   {"reason", overview.last->judgement.reason}};
            if (overview.last->judgement.phase)
                one["last_rollout"]["phase"] = phase_json(*overview.last->judgement.phase);
            if (overview.last->judgement.last_words)
                one["last_rollout"]["last_words"] = last_words_json(*overview.last->judgement.last_words);
        }
        list.push_back(std::move(one));
    }
    return list.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace ci_lambda::cli
