#include "cli/reports.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

/// What runs, of those that have completed.
std::string running_text(const DeploymentReport& report) {
    const auto images = in_words(report.images, report.pushed);
    return report.status == DeploymentStatus::kCompleted && !images.empty() ? fmt::format("; runs {}", images) : "";
}

std::string changes_text(const Registration& registration) {
    std::vector<std::string> changes;
    for (const auto& [container, from, to] : registration.changes)
        changes.push_back(fmt::format("{} = {} {} (now {})", container, parse_image(to).repository, short_image(to),
                                      image_name(from) == image_name(to) ? short_image(from) : from));
    return join(changes, ", ");
}

std::string result_of(const DeploymentReport& report) {
    if (report.took)
        return fmt::format("{}: {}: {}{}", report.target.label(), how_it_ended(report), report.outcome,
                           running_text(report));
    if (!report.outcome.empty()) return fmt::format("{}: {}", report.target.label(), report.outcome);
    const bool dry = report.status == DeploymentStatus::kDryRun;
    if (dry && report.registration)
        return fmt::format("{}: would register a copy of {} with {}, and deploy it: {} in {}", report.target.label(),
                           short_name(report.registration->base.str()), changes_text(*report.registration),
                           report.target.service, report.target.cluster);
    return fmt::format("{}: {} {} in {} with {}{}", report.target.label(),
                       dry ? "would deploy" : "deployment accepted by ECS:", report.target.service,
                       report.target.cluster, short_name(report.task_definition),
                       report.deployment_id.empty() ? "" : fmt::format(" ({})", report.deployment_id));
}

std::string not_brought_text(const DeploymentReport& report) {
    return fmt::format(
        "{}: this does not bring what was pushed: {}. To deploy it: ECR_DEPLOY_MODE=revision, or register a revision "
        "that names it",
        report.target.label(), report.not_brought);
}

std::string left_out_text(const DeploymentReport& report) {
    const auto newest = short_name(report.left_out);
    return fmt::format(
        "{}: {} is not the newest revision: {} was left out, as it was taken back before. Register a new revision, or "
        "deploy it by its name: ci_lambda deploy {} --task-definition {}",
        report.target.label(), short_name(report.task_definition), newest, report.target.id, newest);
}

std::string next_step(const DeploymentReport& report) {
    const auto& id = report.target.id.str();
    const auto label = report.target.label();
    const auto where = report.target.deployment_target.empty()
                           ? std::string()
                           : fmt::format(" --target {}", report.target.deployment_target);
    switch (report.status) {
        case DeploymentStatus::kInProgress:
        case DeploymentStatus::kTimedOut:
            return fmt::format(
                "{}: ECS goes on with it. To go on waiting: ci_lambda wait {}{}. To bring back what ran "
                "before: ci_lambda rollback {}{}",
                label, id, where, id, where);
        case DeploymentStatus::kFailed:
            return fmt::format("{}: to bring back what ran before: ci_lambda rollback {}{}", label, id, where);
        case DeploymentStatus::kAwaitingApproval:
            return fmt::format("{}: to approve it: ci_lambda approve {}", label, report.barrier->token);
        default: return "";
    }
}

}  // namespace

Words words_of(const Answer& answer) {
    Words words;
    for (const auto& report : answer.deployments) {
        if (report.error) {
            words.problems.push_back(fmt::format("{}: {}", report.target.label(), report.error->message));
            continue;
        }
        words.results.push_back(result_of(report));
        if (report.last_words) {
            words.results.push_back(fmt::format("{}: {}:", report.target.label(), title_of(*report.last_words)));
            for (const auto& line : report.last_words->lines) words.results.push_back("    " + line);
        }
        if (!report.not_brought.empty()) words.hints.push_back(not_brought_text(report));
        for (const auto& note : report.notes) words.hints.push_back(fmt::format("{}: {}", report.target.label(), note));
        if (!report.left_out.empty()) words.hints.push_back(left_out_text(report));
        if (auto next = next_step(report); !next.empty()) words.hints.push_back(std::move(next));
    }
    for (const auto& task : answer.tasks) {
        if (task.error)
            words.problems.push_back(fmt::format("{}: {}", task.id, task.error->message));
        else
            words.results.push_back(fmt::format("{}: {}", task.id, task.outcome));
    }
    for (const auto& one : answer.held_back)
        words.problems.push_back(fmt::format("{}: not deployed: {}", one.target, one.why));
    if (answer.deployments.empty() && answer.tasks.empty() && answer.held_back.empty())
        words.problems.push_back(answer.detail);
    return words;
}

void say(Console& console, const Answer& answer, bool json) {
    if (json) {
        console.print_for_machines(to_json(answer));
        return;
    }
    const auto words = words_of(answer);
    for (const auto& result : words.results) console.print(result);
    for (const auto& problem : words.problems) console.complain(problem);
    for (const auto& hint : words.hints) console.note(hint);
}

bool all_done(const Answer& answer, bool waited) {
    if ((answer.deployments.empty() && answer.tasks.empty()) || !answer.held_back.empty()) return false;
    if (std::ranges::any_of(answer.tasks, [](const auto& task) { return task.error.has_value(); })) return false;
    return std::ranges::all_of(answer.deployments, [&](const auto& report) {
        if (report.error || !report.left_out.empty()) return false;
        if (report.status == DeploymentStatus::kDryRun) return true;
        if (report.status == DeploymentStatus::kAlreadyRolling && report.has_what_was_wanted) return true;
        return report.status == (waited ? DeploymentStatus::kCompleted : DeploymentStatus::kDeployed);
    });
}

std::string how_to_follow(const std::vector<std::string>& services) { return "ci_lambda wait " + join(services, " "); }

std::string farewell(const std::vector<std::string>& services) {
    return fmt::format("ci_lambda: nothing was stopped: ECS goes on with {}.\nTo follow it: {}\n", join(services, ", "),
                       how_to_follow(services));
}

}  // namespace ci_lambda::cli
