#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "app/people/named_services.hpp"
#include "app/people/promotion.hpp"
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
    ProvenService service;
    std::string region;
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

Result<Proven> find_proven(App& app, const EcsTarget& target, Deadline deadline) {
    TRY_ASSIGN(const auto described, app.ecs().describe_services(target.cluster, {target.service}, deadline));
    const auto* service = described.find(target.service);
    if (service == nullptr || service->primary() == nullptr)
        return fail(ErrorKind::kNotFound, no_such_service(app.config(), app.ecs(), target, deadline));
    TRY_ASSIGN(auto proven, find_proven_service(app.ecs(), target, *service, app.config().environment, deadline));
    return Proven{.service = std::move(proven), .region = app.config().region};
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

DeployCommand as_deployment(const PromoteCommand& command, const std::string& from) {
    DeployCommand deploy;
    deploy.services = command.services;
    deploy.reason = command.reason.value_or(fmt::format("promoted from {}", from));
    deploy.dry_run = command.dry_run;
    return deploy;
}

/// Whoever promotes a service to itself has named the environments by something that does not tell them apart.
bool is_the_same(const Proven& proven, const EcsTarget& target, const Config& config, bool same_credentials) {
    const auto& source = proven.service.target;
    return same_credentials && proven.region == config.region && source.cluster == target.cluster &&
           source.service == target.service;
}

Result<Deploy> decide_promotion(const PromoteCommand& command, const std::vector<Proven>& proven, App& app,
                                const Session& session) {
    TRY_ASSIGN(auto decision, decide_wish(as_deployment(command, proven.front().service.environment), app, session));
    for (auto& request : decision.requests) {
        const auto source =
            std::ranges::find(proven, request.target.id, [](const Proven& one) { return one.service.target.id; });
        if (source == proven.end())
            return fail(ErrorKind::kNotFound,
                        fmt::format("{}: the first environment has no such service", request.target.id));
        if (is_the_same(*source, request.target, app.config(), command.source_profile == command.target_profile))
            return fail(ErrorKind::kConfiguration,
                        fmt::format("{} in {} is the same service as in {} ({} in {}): the configuration names it "
                                    "without the environment; use --from-function and --to-function, or other profiles "
                                    "or regions",
                                    request.target.id, source->service.environment, app.config().environment,
                                    request.target.service, request.target.cluster));
        auto wanted = images_to_promote(app.ecs(), request.target, source->service, session.patience());
        if (!wanted) return std::unexpected(with_context(std::move(wanted).error(), request.target.id.str()));
        request.wanted = *std::move(wanted);
        request.image_pin = app.config().image_pin;
        if (!command.reason)
            request.reason = fmt::format("promoted from {}: {}", source->service.environment,
                                         short_name(source->service.revision.task_definition));
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
    const auto decisions =
        decide_for_all(**app, [&](App& one) { return decide_promotion(command, *proven, one, session); });
    if (!decisions) return session.failed(decisions.error());
    const auto handled = (*app)->deploy(*decisions, {}, Deadline::none());
    watching.end();
    say(session.console(), handled.answer, command.json);
    return all_done(handled.answer, command.wait) ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
