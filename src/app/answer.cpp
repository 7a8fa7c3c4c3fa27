#include <fmt/format.h>

#include "app/app.hpp"
#include "base/json.hpp"

namespace ci_lambda {

std::string to_json(const Answer& answer) {
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson deployments = OrderedJson::array();
    for (const auto& report : answer.deployments) {
        OrderedJson one;
        one["service"] = report.target.id.str();
        one["status"] = to_string(report.status);
        one["cluster"] = report.target.cluster.str();
        one["ecs_service"] = report.target.service.str();
        if (!report.task_definition.empty()) one["task_definition"] = report.task_definition;
        if (!report.deployment_id.empty()) one["deployment_id"] = report.deployment_id;
        one["attempts"] = report.attempts;
        one["reason"] = report.reason;
        if (report.error) one["error"] = report.error->message;
        deployments.push_back(std::move(one));
    }
    OrderedJson json;
    json["status"] = answer.status;
    json["detail"] = answer.detail;
    json["deployments"] = std::move(deployments);
    return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace ci_lambda
