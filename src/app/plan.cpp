#include "app/plan.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string_view level_name(NoticeLevel level) {
    switch (level) {
        case NoticeLevel::kSuccess: return "success";
        case NoticeLevel::kInfo: return "info";
        case NoticeLevel::kWarning: return "warning";
        case NoticeLevel::kError: return "error";
    }
    return "info";
}

std::string reason_of(const Deploy& deploy) { return deploy.requests.front().reason; }
std::string reason_of(const Ignore& ignore) { return ignore.reason; }
std::string reason_of(const Sweep& sweep) {
    return sweep.scheduled ? "the schedule of the sweep" : "a sweep was asked for";
}
std::string reason_of(const Notify& notice) {
    return fmt::format("ECS says {} of {}", notice.event_name, notice.service);
}

OrderedJson passed_by_json(const std::vector<PassedBy>& passed_by) {
    OrderedJson list = OrderedJson::array();
    for (const auto& one : passed_by) list.push_back({{"service", one.service}, {"reason", one.reason}});
    return list;
}

void put(OrderedJson& json, const Deploy& deploy) {
    for (const auto& request : deploy.requests) {
        OrderedJson one{{"service", request.target.id.str()},
                        {"cluster", request.target.cluster.str()},
                        {"ecs_service", request.target.service.str()},
                        {"task_family", request.target.family.str()}};
        if (request.task_definition) one["task_definition"] = request.task_definition->str();
        one["reason"] = request.reason;
        json["deployments"].push_back(std::move(one));
    }
    json["passed_by"] = passed_by_json(deploy.passed_by);
    if (!deploy.warnings.empty()) json["warnings"] = deploy.warnings;
}

void put(OrderedJson& json, const Ignore& ignore) {
    json["passed_by"] = passed_by_json(ignore.passed_by);
    if (ignore.hint) json["hint"] = *ignore.hint;
}

void put(OrderedJson& /*json*/, const Sweep& /*sweep*/) {}

void put(OrderedJson& json, const Notify& notice) {
    OrderedJson one{{"type", level_name(notice.level)},
                    {"service", notice.service.str()},
                    {"event_name", notice.event_name},
                    {"status", notice.status}};
    if (notice.deployment_id) one["deployment_id"] = *notice.deployment_id;
    if (notice.reason) one["reason"] = *notice.reason;
    if (notice.doubt) one["not_rolled_back"] = *notice.doubt;
    json["notification"] = std::move(one);
}

std::string_view name_of(const Deploy&) { return "deploy"; }
std::string_view name_of(const Ignore&) { return "ignore"; }
std::string_view name_of(const Sweep&) { return "sweep"; }
std::string_view name_of(const Notify&) { return "notify"; }

/// Anybody may have made up the event: what it says must neither act on a terminal nor look like a line of ours.
std::string line(std::string_view label, std::string_view text) {
    return fmt::format("{:<10}{}\n", label, one_line(text));
}

std::string passed_by_lines(const std::vector<PassedBy>& passed_by) {
    std::string text;
    for (const auto& one : passed_by) text += line("passed by", fmt::format("{}: {}", one.service, one.reason));
    return text;
}

std::string text_of(const Deploy& deploy) {
    std::string text = line(
        "decision", fmt::format("deploy {} service{}", deploy.requests.size(), deploy.requests.size() == 1 ? "" : "s"));
    for (const auto& request : deploy.requests) {
        const auto& target = request.target;
        text += line("", fmt::format("{}: ECS service {} in cluster {}", target.id, target.service, target.cluster));
        text += line("", request.task_definition ? fmt::format("  to the task definition {}", *request.task_definition)
                                                 : fmt::format("  to the newest ACTIVE revision of {}", target.family));
        text += line("", fmt::format("  because {}", request.reason));
    }
    for (const auto& warning : deploy.warnings) text += line("warning", warning);
    return text + passed_by_lines(deploy.passed_by);
}

std::string text_of(const Ignore& ignore) {
    std::string text = line("decision", "nothing to do");
    text += line("because", ignore.reason);
    if (ignore.hint) text += line("hint", *ignore.hint);
    return text + passed_by_lines(ignore.passed_by);
}

std::string text_of(const Sweep& sweep) {
    return line("decision", "look for rollouts that take too long, deploy nothing") + line("because", reason_of(sweep));
}

std::string text_of(const Notify& notice) {
    std::string text = line("decision", "notify the team, deploy nothing");
    text += line("message", fmt::format("[{}] {}: {}", level_name(notice.level), notice.service, notice.status));
    if (notice.reason) text += line("because", *notice.reason);
    return text;
}

}  // namespace

std::string plan_json(const Event& event, const Decision& decision) {
    OrderedJson json;
    json["event"] = {{"kind", describe(event)},
                     {"id", event.envelope.id},
                     {"source", event.envelope.source},
                     {"detail_type", event.envelope.detail_type},
                     {"time", event.envelope.time}};
    std::visit(
        [&](const auto& what) {
            json["decision"] = name_of(what);
            json["reason"] = reason_of(what);
            json["deployments"] = OrderedJson::array();
            json["passed_by"] = OrderedJson::array();
            put(json, what);
        },
        decision);
    return json_for_terminal(json.dump(2, ' ', false, OrderedJson::error_handler_t::replace));
}

std::string plan_text(const Event& event, const Decision& decision) {
    std::string kind = describe(event);
    if (!event.envelope.id.empty()) kind += fmt::format(", id {}", event.envelope.id);
    return line("event", kind) + std::visit([](const auto& what) { return text_of(what); }, decision);
}

}  // namespace ci_lambda
