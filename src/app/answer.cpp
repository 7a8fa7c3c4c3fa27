#include "app/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// The worst first: what the whole answer is called when its services fared differently.
constexpr std::array kWorstFirst{
    DeploymentStatus::kFailed,        DeploymentStatus::kTimedOut,   DeploymentStatus::kRolledBack,
    DeploymentStatus::kAnotherImage,  DeploymentStatus::kOutdated,   DeploymentStatus::kAwaitingApproval,
    DeploymentStatus::kHeld,          DeploymentStatus::kInProgress, DeploymentStatus::kSuperseded,
    DeploymentStatus::kDeployed,      DeploymentStatus::kCompleted,  DeploymentStatus::kDryRun,
    DeploymentStatus::kAlreadyRolling};

nlohmann::ordered_json registration_json(const Registration& registration) {
    nlohmann::ordered_json json{{"copy_of", registration.base.str()}};
    if (registration.revision) json["task_definition"] = registration.revision->str();
    for (const auto& change : registration.changes)
        json["images"].push_back({{"container", change.container}, {"from", change.from}, {"to", change.to}});
    return json;
}

std::vector<std::string> services_with(const std::vector<DeploymentReport>& reports, DeploymentStatus status) {
    std::vector<std::string> names;
    for (const auto& report : reports)
        if (report.status == status && !report.error && !report.barrier) names.push_back(report.target.id.str());
    return names;
}

std::string could_not_start(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> failed;
    for (const auto& report : reports)
        if (report.error) failed.push_back(fmt::format("{}: {}", report.target.id, report.error->message));
    return failed.empty() ? "" : "deployment failed for " + join(failed, "; ");
}

/// Those that had been begun already.
std::string already_rolling(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> all;
    for (const auto& report : reports)
        if (report.status == DeploymentStatus::kAlreadyRolling)
            all.push_back(fmt::format("{} is {}", report.target.id, report.outcome));
    return join(all, ", ");
}

/// Those that may not begin yet.
std::string waiting(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> all;
    for (const auto& report : reports)
        if (report.barrier) all.push_back(fmt::format("{}: {}", report.target.id, report.outcome));
    return join(all, "; ");
}

/// How those ended that were waited for, one after the other.
std::vector<std::string> outcomes(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> all;
    for (const auto& report : reports) {
        if (!report.took) continue;
        all.push_back(fmt::format("{}: {}, {}", report.target.id, how_it_ended(report), report.outcome));
    }
    return all;
}

std::string summary(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> parts;
    if (auto failed = could_not_start(reports); !failed.empty()) parts.push_back(std::move(failed));
    if (const auto started = services_with(reports, DeploymentStatus::kDeployed); !started.empty())
        parts.push_back(
            fmt::format("{} {}", parts.empty() ? "ECS accepted the deployment of" : "Started:", join(started, ", ")));
    if (const auto dry = services_with(reports, DeploymentStatus::kDryRun); !dry.empty())
        parts.push_back(fmt::format("would deploy {}", join(dry, ", ")));
    for (const auto& report : reports)
        if (!report.not_brought.empty())
            parts.push_back(fmt::format("{}: not what was pushed: {}", report.target.id, report.not_brought));
    if (auto already = already_rolling(reports); !already.empty()) parts.push_back(std::move(already));
    if (auto barred = waiting(reports); !barred.empty()) parts.push_back(std::move(barred));
    for (auto& outcome : outcomes(reports)) parts.push_back(std::move(outcome));
    return join(parts, ". ");
}

std::string skipped_clauses(const std::vector<SkippedService>& skipped) {
    std::string text;
    for (const auto& one : skipped) text += fmt::format("; {}: {}", one.service, one.reason);
    return text;
}

DeploymentStatus worst(const std::vector<DeploymentReport>& reports) {
    for (const auto status : kWorstFirst)
        if (std::ranges::find(reports, status, &DeploymentReport::status) != reports.end()) return status;
    return DeploymentStatus::kFailed;
}

}  // namespace

std::string how_it_ended(const DeploymentReport& report) {
    return fmt::format("{} after {}", replace_all(std::string(to_string(report.status)), "_", " "),
                       in_words(report.took.value_or(Milliseconds{0})));
}

void add_tasks(Handled& handled, std::vector<TaskReport> tasks) {
    auto& answer = handled.answer;
    std::vector<std::string> texts;
    bool updated = false;
    for (const auto& task : tasks) {
        texts.push_back(fmt::format("{} {}", task.id, task.error ? "failed: " + task.error->message : task.outcome));
        updated = updated || task.status == TaskStatus::kUpdated || task.status == TaskStatus::kDryRun;
        if (!task.error) continue;
        answer.status = "failed";
        auto message = fmt::format("deployment failed for {}: {}", task.id, task.error->message);
        if (handled.error) message = fmt::format("{}; {}", handled.error->message, message);
        handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = std::move(message)};
    }
    // Where no service was to be deployed, or nothing was left to do, the tasks say how it went.
    if (updated && answer.status == "ignored")
        answer.status = std::ranges::any_of(tasks, [](const auto& task) { return task.status == TaskStatus::kDryRun; })
                            ? "dry_run"
                            : "deployed";
    if (!texts.empty()) answer.detail += fmt::format("{}{}", answer.detail.empty() ? "" : ". ", join(texts, ". "));
    std::ranges::move(tasks, std::back_inserter(answer.tasks));
}

Handled answer_of(std::vector<DeploymentReport> reports, const std::vector<SkippedService>& skipped) {
    Handled handled{.answer = {.status = reports.empty() ? "ignored" : std::string(to_string(worst(reports))),
                               .detail = summary(reports),
                               .deployments = {}},
                    .error = std::nullopt};
    if (std::ranges::any_of(reports, [](const auto& report) { return report.error.has_value(); }))
        handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = handled.answer.detail};
    else if (std::ranges::any_of(reports, [](const auto& report) { return report.rollback_error.has_value(); }))
        handled.error = HandlingError{.type = "Function.RollbackFailed", .message = handled.answer.detail};
    handled.answer.detail += skipped_clauses(skipped);
    handled.answer.deployments = std::move(reports);
    return handled;
}

Handled answer_of(const std::vector<Sweeper::Overdue>& overdue, std::size_t services) {
    Handled handled{.answer = {.status = "swept", .detail = {}, .deployments = {}}, .error = std::nullopt};
    std::vector<std::string> details;
    for (const auto& one : overdue) {
        DeploymentReport report{.target = one.outcome.rollout.target,
                                .reason = "the sweep found it",
                                .task_definition = one.outcome.rollout.task_definition,
                                .deployment_id = one.outcome.rollout.deployment_id,
                                .started_at = one.outcome.rollout.started_at};
        add_outcome(report, one.outcome);
        details.push_back(fmt::format("{}: {}", report.target.id, report.outcome));
        handled.answer.deployments.push_back(std::move(report));
    }
    handled.answer.detail = fmt::format("looked at {} services, {} overdue", services, overdue.size());
    if (!details.empty()) handled.answer.detail += ": " + join(details, "; ");
    if (std::ranges::any_of(overdue, [](const auto& one) { return one.outcome.rollback_error.has_value(); }))
        handled.error = HandlingError{.type = "Function.RollbackFailed", .message = handled.answer.detail};
    return handled;
}

nlohmann::ordered_json phase_json(const RolloutPhase& phase) {
    nlohmann::ordered_json json{{"kind", to_string(phase.kind)}};
    if (!phase.strategy.empty()) json["strategy"] = phase.strategy;
    if (!phase.stage.empty()) json["stage"] = phase.stage;
    if (phase.percent) json["percent"] = *phase.percent;
    if (phase.step_percent) json["step_percent"] = *phase.step_percent;
    if (phase.holds) json["holds_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(*phase.holds).count();
    if (phase.until) json[phase.about ? "until_about" : "until"] = format_rfc3339(*phase.until);
    if (!phase.then.empty()) json["then"] = phase.then;
    return json;
}

nlohmann::ordered_json last_words_json(const LastWords& words) {
    nlohmann::ordered_json json{{"container", words.container}};
    if (words.exit_code) json["exit_code"] = *words.exit_code;
    json["lines"] = words.lines;
    return json;
}

nlohmann::ordered_json pipeline_json(const PipelineRun& run) {
    nlohmann::ordered_json json{
        {"pipeline", run.pipeline}, {"run", run.id}, {"status", to_string(run.next)}, {"detail", run.words}};
    for (const auto& stage : run.stages) {
        nlohmann::ordered_json one{{"stage", stage.name}};
        if (stage.promotes()) one["promote"] = stage.promote_to;
        for (const auto& service : stage.services) {
            nlohmann::ordered_json about{{"service", service.request.target.id.str()},
                                         {"status", to_string(service.stand)}};
            if (!service.deployment_id.empty()) about["deployment_id"] = service.deployment_id;
            if (!service.words.empty()) about["detail"] = service.words;
            one["services"].push_back(std::move(about));
        }
        json["stages"].push_back(std::move(one));
    }
    return json;
}

std::string to_json(const Answer& answer) {
    if (!answer.to_hook.empty()) return answer.to_hook;
    if (!answer.to_caller.empty()) return answer.to_caller;
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson deployments = OrderedJson::array();
    for (const auto& report : answer.deployments) {
        OrderedJson one;
        one["service"] = report.target.id.str();
        if (!report.target.deployment_target.empty()) {
            one["target"] = report.target.deployment_target;
            one["region"] = report.target.region;
            if (!report.target.account.empty()) one["account"] = report.target.account;
        }
        one["status"] = to_string(report.status);
        one["cluster"] = report.target.cluster.str();
        one["ecs_service"] = report.target.service.str();
        if (!report.task_definition.empty()) one["task_definition"] = report.task_definition;
        if (!report.deployment_id.empty()) one["deployment_id"] = report.deployment_id;
        one["attempts"] = report.attempts;
        one["reason"] = report.reason;
        if (!report.outcome.empty()) one["outcome"] = report.outcome;
        for (const auto& image : report.images) {
            OrderedJson container{{"container", image.container}, {"image", image.image}};
            if (!image.digest.empty()) container["digest"] = image.digest;
            one["images"].push_back(std::move(container));
        }
        if (!report.not_brought.empty()) one["warning"] = report.not_brought;
        if (report.phase) one["phase"] = phase_json(*report.phase);
        if (report.took) one["took_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(*report.took).count();
        if (report.registration) one["registration"] = registration_json(*report.registration);
        if (!report.notes.empty()) one["notes"] = report.notes;
        if (report.last_words) one["last_words"] = last_words_json(*report.last_words);
        if (report.error) one["error"] = report.error->message;
        deployments.push_back(std::move(one));
    }
    OrderedJson json;
    json["status"] = answer.status;
    json["detail"] = answer.detail;
    json["deployments"] = std::move(deployments);
    for (const auto& task : answer.tasks) {
        OrderedJson one;
        one["task"] = task.id.str();
        one["status"] = to_string(task.status);
        one["task_family"] = task.family.str();
        if (!task.task_definition.empty()) one["task_definition"] = task.task_definition;
        if (!task.moved.empty()) one["moved"] = task.moved;
        one["reason"] = task.reason;
        if (!task.outcome.empty()) one["outcome"] = task.outcome;
        if (task.error) one["error"] = task.error->message;
        json["tasks"].push_back(std::move(one));
    }
    for (const auto& [target, why] : answer.held_back)
        json["not_deployed"].push_back({{"target", target}, {"reason", why}});
    for (const auto& run : answer.pipelines) json["pipelines"].push_back(pipeline_json(run));
    if (!answer.step.empty()) json["pipeline"] = OrderedJson::parse(answer.step);
    if (answer.failed_messages) {
        auto& failures = json["batchItemFailures"] = OrderedJson::array();
        for (const auto& id : *answer.failed_messages) failures.push_back({{"itemIdentifier", id}});
    }
    return json_for_terminal(json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace ci_lambda
