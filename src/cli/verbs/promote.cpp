#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "app/named_services.hpp"
#include "app/proven_images.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"
#include "cli/wishes.hpp"

namespace ci_lambda::cli {
namespace {

/// How one of the two environments is reached.
struct Side {
    std::optional<std::string> environment;
    std::optional<std::string> profile;
    std::optional<std::string> region;
    std::optional<std::string> function;
};

/// A service of the first environment, and what it runs.
struct Proven {
    EcsTarget target;
    std::string environment;
    std::string region;
    EcsServiceRevision revision;
};

Status enter(Session& session, const Side& side) {
    ChangedEnvironment::Changes changes;
    if (side.environment) changes["PROJECT_ENV"] = *side.environment;
    if (side.region) {
        changes["AWS_REGION"] = *side.region;
        changes["AWS_DEFAULT_REGION"] = *side.region;
    }
    if (side.profile) {
        changes["AWS_PROFILE"] = *side.profile;
        // What is found before a profile is of somebody else.
        for (const auto* name :
             {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
              "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"})
            changes[name] = std::nullopt;
    }
    session.use_variables(std::move(changes));
    if (side.function) TRY(session.use_function(*side.function));
    return {};
}

Status check_environment(const App& app, const Side& side) {
    if (!side.environment || app.config().environment == *side.environment) return {};
    return fail(ErrorKind::kConfiguration,
                fmt::format("the configuration{} is of the environment {}, not of {}",
                            side.function ? " of " + *side.function : "", app.config().environment, *side.environment));
}

bool is_ours_to_promote(const EcsServiceRevision::Image& image) {
    return !image.digest.empty() && parse_ecr_registry(parse_image(image.image).registry);
}

Result<Proven> find_proven(App& app, const EcsTarget& target, Deadline deadline) {
    const auto& environment = app.config().environment;
    TRY_ASSIGN(const auto described, app.ecs().describe_services(target.cluster, {target.service}, deadline));
    const auto* service = described.find(target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary == nullptr)
        return fail(ErrorKind::kNotFound, no_such_service(app.config(), app.ecs(), target, deadline));
    if (primary->rollout_state == RolloutState::kInProgress || primary->rollout_state == RolloutState::kFailed)
        return fail(ErrorKind::kRejected,
                    fmt::format("{} {} in {}, so nothing has proven good that could be promoted; see how it ends, then "
                                "promote: ci_lambda wait {}",
                                short_name(primary->task_definition),
                                primary->rollout_state == RolloutState::kFailed ? "has failed" : "is still rolling",
                                environment, target.id));
    TRY_ASSIGN(auto proven, find_proven_images(app.ecs(), target, *service, deadline));
    if (!proven.now || std::ranges::none_of(proven.now->images, is_ours_to_promote))
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS's records do not say which images of Amazon ECR {} runs in {}", target.service,
                                environment));
    return Proven{.target = target,
                  .environment = environment,
                  .region = app.config().region,
                  .revision = *std::move(proven.now)};
}

/// What the services of the first environment run. Its App is gone when this returns.
Result<std::vector<Proven>> find_all_proven(const PromoteCommand& command, const Side& side, Session& session) {
    TRY(enter(session, side));
    AppOptions options;
    options.dry_run = true;
    TRY_ASSIGN(auto* app, session.open(command.log, std::move(options)));
    TRY(check_environment(*app, side));
    TRY_ASSIGN(const auto targets, named_services(app->config(), command.services));
    std::vector<Proven> all;
    for (const auto& target : targets) {
        auto proven = find_proven(*app, target, session.patience());
        if (!proven) return std::unexpected(with_context(std::move(proven).error(), target.id.str()));
        all.push_back(*std::move(proven));
    }
    return all;
}

/// The image that a container gets: the proven one of its repository, also where that is in another account or region;
/// else what the container of the same name runs.
const EcsServiceRevision::Image* match(const EcsTaskDefinition::Image& container, const EcsServiceRevision& proven) {
    const auto repository = parse_image(container.image).repository;
    const EcsServiceRevision::Image* by_name = nullptr;
    for (const auto& image : proven.images) {
        if (!is_ours_to_promote(image)) continue;
        if (parse_image(image.image).repository == repository) return &image;
        if (image.container == container.container) by_name = &image;
    }
    return by_name;
}

std::string images_by_container(const auto& images) {
    std::vector<std::string> texts;
    for (const auto& image : images) texts.push_back(fmt::format("{}={}", image.container, image.image));
    return join(texts, ", ");
}

Result<std::vector<WantedImage>> images_for(App& app, const DeploymentRequest& request, const Proven& proven,
                                            Deadline deadline) {
    auto& ecs = app.ecs();
    TRY_ASSIGN(const auto active, ecs.active_task_definitions(request.target.family, deadline));
    TRY_ASSIGN(const auto newest, ecs.describe_task_definition(active.front(), deadline));
    std::vector<WantedImage> wanted;
    for (const auto& container : newest.images) {
        const auto parts = parse_image(container.image);
        const auto* image = parse_ecr_registry(parts.registry) ? match(container, proven.revision) : nullptr;
        if (image == nullptr) continue;
        WantedImage one{.registry = std::string(parts.registry),
                        .repository = std::string(parts.repository),
                        .tag = {},
                        .digest = image->digest};
        if (std::ranges::find(wanted, one) == wanted.end()) wanted.push_back(std::move(one));
    }
    if (wanted.empty())
        return fail(ErrorKind::kRejected,
                    fmt::format("no container of {} has a repository, or a name, of those that {} runs in {} ({}): its "
                                "images are {}",
                                short_name(newest.arn), proven.target.service, proven.environment,
                                images_by_container(proven.revision.images), images_by_container(newest.images)));
    return wanted;
}

DeployCommand as_deployment(const PromoteCommand& command, const std::string& from) {
    DeployCommand deploy;
    deploy.services = command.services;
    deploy.reason = command.reason.value_or(fmt::format("promoted from {}", from));
    deploy.dry_run = command.dry_run;
    return deploy;
}

/// Whoever promotes a service to itself has named the environments by something that does not tell them apart.
bool is_the_same(const Proven& proven, const EcsTarget& target, const Config& config, bool same_credentials) {
    return same_credentials && proven.region == config.region && proven.target.cluster == target.cluster &&
           proven.target.service == target.service;
}

Result<Deploy> decide_promotion(const PromoteCommand& command, const std::vector<Proven>& proven, App& app,
                                const Session& session) {
    TRY_ASSIGN(auto decision, decide_wish(as_deployment(command, proven.front().environment), app, session));
    for (auto& request : decision.requests) {
        const auto source =
            std::ranges::find(proven, request.target.id, [](const Proven& one) { return one.target.id; });
        if (source == proven.end())
            return fail(ErrorKind::kNotFound,
                        fmt::format("{}: the first environment has no such service", request.target.id));
        if (is_the_same(*source, request.target, app.config(), command.source_profile == command.target_profile))
            return fail(ErrorKind::kConfiguration,
                        fmt::format("{} in {} is the same service as in {} ({} in {}): the configuration names it "
                                    "without the environment; use --from-function and --to-function, or other profiles "
                                    "or regions",
                                    request.target.id, source->environment, app.config().environment,
                                    request.target.service, request.target.cluster));
        auto wanted = images_for(app, request, *source, session.patience());
        if (!wanted) return std::unexpected(with_context(std::move(wanted).error(), request.target.id.str()));
        request.wanted = *std::move(wanted);
        request.image_pin = app.config().image_pin;
        if (!command.reason)
            request.reason =
                fmt::format("promoted from {}: {}", source->environment, short_name(source->revision.task_definition));
    }
    return decision;
}

}  // namespace

int execute(const PromoteCommand& command, Session& session) {
    const Side source{.environment = command.source,
                      .profile = command.source_profile,
                      .region = command.source_region,
                      .function = command.source_function};
    const Side target{.environment = command.target,
                      .profile = command.target_profile,
                      .region = command.target_region,
                      .function = command.target_function};
    if (!source.environment && !source.function)
        return session.failed({.kind = ErrorKind::kConfiguration,
                               .message = "promote: from which environment? Name it with --from dev, or with "
                                          "--from-function NAME"});
    const auto proven = [&]() -> Result<std::vector<Proven>> {
        Session there(session.console(), session.environment());
        return find_all_proven(command, source, there);
    }();
    if (!proven) return session.failed(proven.error());
    if (const auto entered = enter(session, target); !entered) return session.failed(entered.error());
    Watching watching(session, command.services, command.log);
    AppOptions options{.patience = command.timeout};
    if (command.dry_run) options.dry_run = true;
    options.wait = command.wait;
    if (command.wait) options.on_look = watching.on_look();
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    if (const auto right = check_environment(**app, target); !right) return session.failed(right.error());
    watching.ask(**app);
    const auto decision = decide_promotion(command, *proven, **app, session);
    if (!decision) return session.failed(decision.error());
    const auto handled = (*app)->deploy(*decision, {}, Deadline::none());
    watching.end();
    say(session.console(), handled.answer, command.json);
    return all_done(handled.answer, command.wait) ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
