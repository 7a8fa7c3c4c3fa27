#include "cli/diff.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "app/people/proven_images.hpp"
#include "base/references.hpp"
#include "cli/verbs.hpp"
#include "cli/wishes.hpp"

namespace ci_lambda::cli {
namespace {

/// Where a container goes on to name the same tag, it may stand for another image by now.
void look_for_moved_tags(App& app, const EcsTarget& target, const EcsService& service, std::string_view after,
                         ServiceDifference& difference, Deadline deadline) {
    const auto proven = find_proven_images(app.ecs(), target, service, deadline);
    if (!proven || !proven->now) return;
    const auto next = images_in(after);
    for (const auto& [container, image, digest] : proven->now->images) {
        const auto same = next.find(container);
        const auto parts = parse_image(image);
        const auto registry = parse_ecr_registry(parts.registry);
        if (same == next.end() || same->second != image || !parts.digest.empty() || digest.empty() || !registry)
            continue;
        const auto found =
            app.registries()
                .in(registry->region)
                .describe_images({.name = std::string(parts.repository), .registry_id = std::string(registry->account)},
                                 {{.tag = std::string(parts.tag.empty() ? "latest" : parts.tag)}}, deadline);
        if (!found)
            difference.notes.push_back(
                fmt::format("whether {} is still the image that runs is not known: {}", image, found.error().message));
        else if (!found->empty() && found->front().digest != digest)
            add_moved_tag(difference.definition, container, digest, found->front().digest);
    }
}

/// What the deployment would change that a dry run has just thought through.
Result<ServiceDifference> difference_of(App& app, const DeploymentReport& report, Deadline deadline) {
    const auto& target = report.target;
    if (report.error) return std::unexpected(*report.error);
    auto& ecs = app.ecs();
    TRY_ASSIGN(const auto described, ecs.describe_services(target.cluster, {target.service}, deadline));
    const auto* service = described.find(target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary == nullptr) return fail(ErrorKind::kNotFound, "ECS shows nothing that runs, so there is no difference");
    const auto next = report.registration ? report.registration->base : TaskDefinition(report.task_definition);
    ServiceDifference difference{.service = target.id.str(),
                                 .running = short_name(primary->task_definition),
                                 .next = short_name(next.str()),
                                 .definition = {},
                                 .notes = report.notes};
    TRY_ASSIGN(const auto before, ecs.task_definition_json(TaskDefinition(primary->task_definition), deadline));
    TRY_ASSIGN(auto after, ecs.task_definition_json(next, deadline));
    if (report.registration) {
        difference.next = "a copy of " + difference.next;
        std::map<std::string, std::string> images;
        for (const auto& change : report.registration->changes) images[change.container] = change.to;
        TRY_ASSIGN(after, with_images(after, images));
    }
    TRY_ASSIGN(difference.definition, compare_definitions(before, after));
    if (!report.outcome.empty()) difference.notes.push_back(report.outcome);
    if (!report.left_out.empty())
        difference.notes.push_back(
            fmt::format("{} is newer and is left out, as it was taken back before", short_name(report.left_out)));
    look_for_moved_tags(app, target, *service, after, difference, deadline);
    return difference;
}

DeployCommand as_deploy(const DiffCommand& command) {
    DeployCommand deploy;
    deploy.services = command.services;
    deploy.task_definition = command.task_definition;
    deploy.image = command.image;
    deploy.image_tag = command.image_tag;
    deploy.dry_run = true;
    return deploy;
}

}  // namespace

int execute(const DiffCommand& command, Session& session) {
    AppOptions options;
    options.dry_run = true;
    options.wait = false;
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    auto& console = session.console();
    // What could not be looked up is said below, once.
    if (command.log == LogFormat::kSentences) (*app)->logger().set_level(LogLevel::kError);
    const auto decision = decide_wish(as_deploy(command), **app, session);
    if (!decision) return session.failed(decision.error());
    const auto handled = (*app)->deploy({*decision}, {}, session.patience());
    std::vector<ServiceDifference> differences;
    int code = kDone;
    for (const auto& report : handled.answer.deployments) {
        auto difference = difference_of(**app, report, session.patience());
        if (!difference) {
            console.complain(fmt::format("{}: {}", report.target.id, difference.error().message));
            code = kFailed;
            continue;
        }
        if (difference->changes() && command.exit_code && code == kDone) code = kDiffers;
        differences.push_back(*std::move(difference));
    }
    if (command.json) {
        console.print_for_machines(diff_json(differences));
        return code;
    }
    const auto screen = console.out_screen();
    for (const auto& one : differences)
        for (const auto& line : diff_lines(one, screen.terminal ? screen.columns - 1 : 0)) console.print(line);
    return code;
}

}  // namespace ci_lambda::cli
