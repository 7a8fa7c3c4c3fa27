#include "deployer/code_deploy/events.hpp"

#include <fmt/format.h>

#include "deployer/code_deploy/translation.hpp"

namespace ci_lambda {
namespace {

struct Words {
    std::string_view name;
    std::string_view type;
    std::string reason;
};

std::string why_it_was_stopped(const CodeDeployDeployment& deployment) {
    auto why = why_it_ended(deployment);
    if (why.empty()) why = "stopped before it was done";
    if (!deployment.rollback_id.empty())
        return fmt::format("{}; CodeDeploy rolls it back ({})", why, deployment.rollback_id);
    if (deployment.goes_back_on_stop) return why + "; CodeDeploy rolls it back";
    return why;
}

/// `nullopt` for what is no news.
std::optional<Words> in_words(const CodeDeployChange& change, const CodeDeployDeployment& deployment) {
    if (change.state == "START") {
        if (!deployment.is_rollback()) return Words{"SERVICE_DEPLOYMENT_IN_PROGRESS", "INFO", {}};
        const auto of = deployment.rolls_back.empty() ? std::string("what ran before") : deployment.rolls_back;
        return Words{"SERVICE_DEPLOYMENT_IN_PROGRESS", "WARN", fmt::format("CodeDeploy: rolling back {}", of)};
    }
    if (change.state == "SUCCESS") return Words{"SERVICE_DEPLOYMENT_COMPLETED", "INFO", {}};
    if (change.state == "FAILURE") return Words{"SERVICE_DEPLOYMENT_FAILED", "ERROR", why_it_ended(deployment)};
    if (change.state == "STOP") return Words{"SERVICE_DEPLOYMENT_STOPPED", "WARN", why_it_was_stopped(deployment)};
    if (change.state == "READY" && deployment.waits_for_yes)
        return Words{"SERVICE_DEPLOYMENT_READY", "WARN",
                     fmt::format("CodeDeploy waits {} for somebody to let the traffic move (ContinueDeployment {})",
                                 ci_lambda::in_words(*deployment.waits_for_yes), deployment.id)};
    return std::nullopt;
}

}  // namespace

Result<std::optional<EcsServiceEvent>> as_service_event(const CodeDeployChange& change, CodeDeployGroups& groups,
                                                        CodeDeployApi& api, Deadline deadline) {
    TRY_ASSIGN(const auto service,
               groups.service_of({.application = change.application, .group = change.group}, deadline));
    if (!service) return std::nullopt;
    auto deployment = api.deployment(change.deployment_id, deadline);
    // What happened is told all the same; why, is not.
    if (!deployment && (deployment.error().retryable() || deployment.error().kind == ErrorKind::kDeadline))
        return std::unexpected(std::move(deployment).error());
    const auto known = deployment ? *std::move(deployment) : CodeDeployDeployment{.id = change.deployment_id};
    auto words = in_words(change, known);
    if (!words) return std::nullopt;
    return std::optional(
        EcsServiceEvent{.event_name = std::string(words->name),
                        .event_type = std::string(words->type),
                        .cluster = service->cluster.str(),
                        .service = service->service.str(),
                        .deployment_id = change.deployment_id,
                        .reason = words->reason.empty() ? std::nullopt : std::optional(std::move(words->reason))});
}

}  // namespace ci_lambda
