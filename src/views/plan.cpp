#include "views/plan.hpp"

#include <fmt/format.h>

#include <variant>

#include "base/json.hpp"
#include "base/text.hpp"
#include "views/decision_view.hpp"

namespace ci_lambda {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson to_json(const DeploymentRequest& request) {
    OrderedJson json{{"service", request.target.id.str()},
                     {"cluster", request.target.cluster.str()},
                     {"ecs_service", request.target.service.str()},
                     {"task_family", request.target.family.str()}};
    if (request.task_definition) json["task_definition"] = request.task_definition->str();
    for (const auto& image : request.wanted) json["images"].push_back(name_of(image));
    json["reason"] = request.reason;
    return json;
}

OrderedJson to_json(const TaskRequest& request) {
    OrderedJson json{{"task", request.task.id.str()}, {"task_family", request.task.family.str()}};
    for (const auto& image : request.images)
        json["images"].push_back({{"repository", image.repository}, {"tag", image.tag}, {"digest", image.digest}});
    for (const auto& image : request.wanted) json["images"].push_back(name_of(image));
    for (const auto& name : request.task.schedules.value_or(std::vector<GroupedName>{}))
        json["schedules"].push_back(name.str());
    for (const auto& name : request.task.rules.value_or(std::vector<GroupedName>{}))
        json["rules"].push_back(name.str());
    for (const auto& service : request.after) json["after"].push_back(service.id.str());
    json["reason"] = request.reason;
    return json;
}

OrderedJson to_json(const Notify& notice) {
    OrderedJson json{{"type", to_string(notice.level)},
                     {"service", notice.service.str()},
                     {"event_name", notice.event_name},
                     {"status", notice.status}};
    if (notice.deployment_id) json["deployment_id"] = *notice.deployment_id;
    if (notice.reason) json["reason"] = *notice.reason;
    if (notice.doubt) json["not_rolled_back"] = *notice.doubt;
    return json;
}

/// Anybody may have made up the event: what it says must neither act on a terminal nor look like a line of ours.
std::string line(std::string_view label, std::string_view text) {
    return fmt::format("{:<10}{}\n", label, one_line(text));
}

}  // namespace

std::string plan_json(const Event& event, const Decision& decision) {
    const auto view = view_of(decision);
    OrderedJson json;
    json["event"] = {{"kind", describe(event)},
                     {"id", event.envelope.id},
                     {"source", event.envelope.source},
                     {"detail_type", event.envelope.detail_type},
                     {"time", event.envelope.time}};
    json["decision"] = to_string(view.kind);
    json["reason"] = view.reason;
    json["deployments"] = OrderedJson::array();
    json["passed_by"] = OrderedJson::array();
    if (const auto* deploy = std::get_if<Deploy>(&decision)) {
        for (const auto& request : deploy->requests) json["deployments"].push_back(to_json(request));
        for (const auto& task : deploy->tasks) json["tasks"].push_back(to_json(task));
    }
    for (const auto& one : view.skipped)
        json["passed_by"].push_back({{"service", one.service}, {"reason", one.reason}});
    if (!view.warnings.empty()) json["warnings"] = view.warnings;
    if (view.hint) json["hint"] = *view.hint;
    if (const auto* notice = std::get_if<Notify>(&decision)) json["notification"] = to_json(*notice);
    return json_for_terminal(json.dump(2, ' ', false, OrderedJson::error_handler_t::replace));
}

std::string plan_text(const Event& event, const Decision& decision) {
    const auto view = view_of(decision);
    std::string kind = describe(event);
    if (!event.envelope.id.empty()) kind += fmt::format(", id {}", event.envelope.id);
    auto text = line("event", kind) + line("decision", view.headline);
    for (const auto& deployment : view.deployments) {
        text += line("", fmt::format("{}: ECS service {} in cluster {}", deployment.service, deployment.ecs_service,
                                     deployment.cluster));
        text += line("", "  to " + deployment.wanted);
        text += line("", "  because " + deployment.reason);
    }
    for (const auto& task : view.tasks) {
        text += line("", fmt::format("{}: {}", task.task, task.wanted));
        text += line("", "  because " + task.reason);
    }
    if (view.deployments.empty() && view.tasks.empty()) text += line("because", view.reason);
    if (const auto* notice = std::get_if<Notify>(&decision); notice != nullptr && notice->reason)
        text += line("reason", *notice->reason);
    if (view.hint) text += line("hint", *view.hint);
    for (const auto& warning : view.warnings) text += line("warning", warning);
    for (const auto& one : view.skipped) text += line("passed by", fmt::format("{}: {}", one.service, one.reason));
    return text;
}

}  // namespace ci_lambda
