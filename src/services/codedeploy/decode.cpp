#include "services/codedeploy/decode.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/json.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

/// `find` of a member that may not be there, of an object that may not be there.
const Json* at(const Json* object, std::string_view key) { return object == nullptr ? nullptr : find(*object, key); }

std::string text(const Json* object, std::string_view key) {
    return object == nullptr ? std::string() : find_string(*object, key).value_or("");
}

bool is_true(const Json* object, std::string_view key) { return object != nullptr && ci_lambda::is_true(*object, key); }

/// More than any of CodeDeploy's waits may take (two days; 30 days for what is Ready).
constexpr std::int64_t kMostMinutes = 43'200;

std::optional<Milliseconds> minutes(const Json* object, std::string_view key) {
    const Json* value = at(object, key);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    return std::chrono::minutes{std::clamp<std::int64_t>(value->get<std::int64_t>(), 0, kMostMinutes)};
}

std::vector<std::string> texts(const Json* object, std::string_view key) {
    std::vector<std::string> all;
    if (const Json* list = at(object, key); list != nullptr && list->is_array())
        for (const auto& one : *list)
            if (one.is_string()) all.push_back(one.get<std::string>());
    return all;
}

std::vector<std::string> rollback_events(const Json& of) {
    const Json* rollback = find(of, "autoRollbackConfiguration");
    return is_true(rollback, "enabled") ? texts(rollback, "events") : std::vector<std::string>{};
}

bool has(const std::vector<std::string>& events, std::string_view event) {
    return std::ranges::find(events, event) != events.end();
}

}  // namespace

CodeDeployRevision read_code_deploy_revision(const Json& revision) {
    const Json* content = find(revision, "appSpecContent");
    if (content == nullptr) content = find(revision, "string");  // the older form of the same
    return {.type = text(&revision, "revisionType"),
            .content = text(content, "content"),
            .sha256 = text(content, "sha256")};
}

CodeDeployDeployment read_code_deployment(const Json& info) {
    CodeDeployDeployment one{
        .id = text(&info, "deploymentId"),
        .group = {.application = text(&info, "applicationName"), .group = text(&info, "deploymentGroupName")},
        .status = parse_code_deploy_status(text(&info, "status")),
        .description = text(&info, "description"),
        .creator = text(&info, "creator"),
        .revision = {},
        .configuration = text(&info, "deploymentConfigName"),
        .created_at = find_epoch_seconds(info, "createTime").value_or(WallTime{}),
        .started_at = find_epoch_seconds(info, "startTime"),
        .completed_at = find_epoch_seconds(info, "completeTime"),
        .error_code = text(find(info, "errorInformation"), "code"),
        .error_message = text(find(info, "errorInformation"), "message"),
        .rollback_id = text(find(info, "rollbackInfo"), "rollbackDeploymentId"),
        .rolls_back = text(find(info, "rollbackInfo"), "rollbackTriggeringDeploymentId"),
        .rollback_message = text(find(info, "rollbackInfo"), "rollbackMessage"),
        .waits_for_termination = is_true(&info, "instanceTerminationWaitTimeStarted"),
        .waits_for_yes = {}};
    // Both of the two deployments may name both: each is told by the other one's id.
    if (one.rollback_id == one.id) one.rollback_id.clear();
    if (one.rolls_back == one.id || !one.rollback_id.empty()) one.rolls_back.clear();
    if (const Json* revision = find(info, "revision")) one.revision = read_code_deploy_revision(*revision);
    const auto events = rollback_events(info);
    one.goes_back_on_failure = has(events, "DEPLOYMENT_FAILURE");
    one.goes_back_on_stop = has(events, "DEPLOYMENT_STOP_ON_REQUEST") || has(events, "DEPLOYMENT_STOP_ON_ALARM");
    const Json* blue_green = find(info, "blueGreenDeploymentConfiguration");
    const Json* termination = at(blue_green, "terminateBlueInstancesOnDeploymentSuccess");
    one.keeps_old_for = minutes(termination, "terminationWaitTimeInMinutes").value_or(Milliseconds{0});
    const Json* ready = at(blue_green, "deploymentReadyOption");
    if (text(ready, "actionOnTimeout") == "STOP_DEPLOYMENT")
        one.waits_for_yes = minutes(ready, "waitTimeInMinutes").value_or(Milliseconds{0});
    return one;
}

CodeDeployGroupInfo read_code_deploy_group(const Json& info) {
    CodeDeployGroupInfo one{
        .group = {.application = text(&info, "applicationName"), .group = text(&info, "deploymentGroupName")},
        .services = {},
        .target = {},
        .last_attempted = text(find(info, "lastAttemptedDeployment"), "deploymentId"),
        .last_successful = text(find(info, "lastSuccessfulDeployment"), "deploymentId"),
        .rollback_events = rollback_events(info)};
    one.goes_back_on_failure = has(one.rollback_events, "DEPLOYMENT_FAILURE");
    if (const Json* services = find(info, "ecsServices"); services != nullptr && services->is_array())
        for (const auto& service : *services)
            one.services.push_back({.cluster = ClusterName{text(&service, "clusterName")},
                                    .service = EcsServiceName{text(&service, "serviceName")}});
    if (const Json* revision = find(info, "targetRevision")) one.target = read_code_deploy_revision(*revision);
    return one;
}

CodeDeployTraffic read_code_deploy_traffic(const Json& info) {
    const Json* routing = find(info, "trafficRoutingConfig");
    const auto type = text(routing, "type");
    const auto steps = [&](const Json* config, CodeDeployTraffic::Kind kind, std::string_view percent,
                           std::string_view interval) {
        const Json* value = at(config, percent);
        return CodeDeployTraffic{.kind = kind,
                                 .percent = value != nullptr && value->is_number() ? value->get<double>() : 100,
                                 .interval = minutes(config, interval).value_or(Milliseconds{0})};
    };
    if (type == "TimeBasedCanary")
        return steps(at(routing, "timeBasedCanary"), CodeDeployTraffic::Kind::kCanary, "canaryPercentage",
                     "canaryInterval");
    if (type == "TimeBasedLinear")
        return steps(at(routing, "timeBasedLinear"), CodeDeployTraffic::Kind::kLinear, "linearPercentage",
                     "linearInterval");
    return {};
}

CodeDeployProgress read_code_deploy_progress(const Json& target) {
    CodeDeployProgress progress;
    const Json* ecs = find(target, "ecsTarget");
    if (const Json* events = at(ecs, "lifecycleEvents"); events != nullptr && events->is_array())
        for (const auto& event : *events)
            progress.stages.push_back({.name = text(&event, "lifecycleEventName"),
                                       .status = text(&event, "status"),
                                       .started_at = find_epoch_seconds(event, "startTime"),
                                       .ended_at = find_epoch_seconds(event, "endTime"),
                                       .message = text(find(event, "diagnostics"), "message")});
    if (const Json* sets = at(ecs, "taskSetsInfo"); sets != nullptr && sets->is_array())
        for (const auto& set : *sets) {
            const Json* weight = find(set, "trafficWeight");
            if (text(&set, "taskSetLabel") == "Green" && weight != nullptr && weight->is_number())
                progress.green_percent = weight->get<double>();
        }
    return progress;
}

}  // namespace ci_lambda
