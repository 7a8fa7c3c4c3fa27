#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/references.hpp"
#include "base/text.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// `action.production` is accepted in every environment, as the origin does.
std::array<std::string, 5> our_sources(const Config& config) {
    return {"action.production", "action.deploy", "action." + config.environment,
            "github.actions." + config.environment, "terraform." + config.environment};
}

/// Given, not empty, and another than ours.
bool is_foreign(const std::optional<std::string>& given, const std::string& ours) {
    return given && !given->empty() && *given != ours;
}

/// Why a request is none of our business; `nullopt` if it is.
std::optional<std::string> why_foreign(const ManualRequest& request, const std::string& source, const Config& config) {
    const auto sources = our_sources(config);
    if (!request.bare && std::ranges::find(sources, source) == sources.end())
        return fmt::format("source {} is not for {}; that would be one of {}", truncate_utf8(source, 100),
                           config.environment, join(sources, ", "));
    if (is_foreign(request.project, config.project))
        return fmt::format("the request is for the project {}, not for {}", *request.project, config.project);
    if (is_foreign(request.environment, config.environment))
        return fmt::format("the request is for the environment {}, not for {}", *request.environment,
                           config.environment);
    return std::nullopt;
}

std::vector<std::string> existing_services(const Config& config) {
    if (config.names.has_service_map()) return config.names.mapped_ids();
    std::vector<std::string> ids;
    for (const auto& id : config.known_services()) ids.push_back(id.str());
    return ids;
}

/// An error about the service, with what would have been right.
std::unexpected<Error> bad_service(std::string problem, std::string_view given, const Config& config) {
    const auto services = existing_services(config);
    if (const auto meant = closest(given, services)) problem += fmt::format("; did you mean {}?", *meant);
    if (!services.empty()) problem += fmt::format(" (services: {})", join(services, ", "));
    return fail(ErrorKind::kInvalidEvent, std::move(problem));
}

Result<EcsTarget> find_target(const ManualRequest& request, const Config& config) {
    if (!request.service)
        return bad_service(R"(the request has no "service"; it looks like {"service":"api"})", "", config);
    const auto id = config.names.canonical(*request.service);
    if (!id)
        return bad_service(fmt::format("\"{}\" cannot be a service: ids have letters, digits, '_', '-' and '.'",
                                       truncate_utf8(*request.service, 60)),
                           *request.service, config);
    auto target = config.names.target(*id);
    if (!target)
        return bad_service(
            fmt::format("there is no service \"{}\": {}", truncate_utf8(id->str(), 60), why_not_ours(*id, config)),
            id->str(), config);
    return *std::move(target);
}

std::unexpected<Error> bad_task_definition(std::string_view given, std::string_view problem) {
    return fail(ErrorKind::kInvalidEvent,
                fmt::format(R"("task_definition" is "{}"{})", truncate_utf8(given, 100), problem));
}

constexpr std::string_view kLooksLike = "; it looks like family:42, :42, 42, a family or an ARN";

/// The revision, if the text is one.
std::optional<unsigned long long> read_revision(std::string_view text) {
    const auto revision = parse_unsigned(text);
    return revision && *revision > 0 ? revision : std::nullopt;
}

/// `FAMILY[:REVISION]` of `arn:PARTITION:ecs:REGION:ACCOUNT:task-definition/FAMILY[:REVISION]`.
Result<std::string> read_arn(const std::string& arn, const Config& config, const Home& home) {
    constexpr std::string_view kResource = "task-definition/";
    constexpr std::size_t kFewestParts = 6;
    const auto parts = split(arn, ':');
    if (parts.size() < kFewestParts || parts.size() > kFewestParts + 1 || parts[2] != "ecs" ||
        !parts[5].starts_with(kResource))
        return bad_task_definition(arn, kLooksLike);
    if (parts[3] != config.region)
        return bad_task_definition(arn, fmt::format(", which is in another region than {}", config.region));
    const auto& account = config.names.account().empty() ? home.account : config.names.account();
    if (!account.empty() && parts[4] != account)
        return bad_task_definition(arn, fmt::format(", which is in another account than {}", account));
    auto name = parts[5].substr(kResource.size());
    return parts.size() == kFewestParts ? name : name + ":" + parts[6];
}

/// What was asked for, in a form that ECS takes: a revision of the service's own family, or one of the copies that a
/// rollback made of them. Whoever may send a request must not have a service run another one's tasks, with their role
/// and their secrets.
Result<std::optional<TaskDefinition>> read_task_definition(const ManualRequest& request, const EcsTarget& target,
                                                           const Config& config, const Home& home) {
    if (!request.task_definition || request.task_definition->empty()) return std::nullopt;
    const std::string& given = *request.task_definition;
    if (!std::ranges::all_of(given, [](char c) { return c > ' ' && c <= '~'; }))
        return bad_task_definition(given, kLooksLike);
    if (const auto revision = read_revision(std::string_view(given).substr(given.starts_with(':') ? 1 : 0)))
        return TaskDefinition{fmt::format("{}:{}", target.family, *revision)};

    auto name = given;
    if (given.starts_with("arn:")) {
        TRY_ASSIGN(name, read_arn(given, config, home));
    }
    const auto colon = name.find(':');
    const TaskFamily family{name.substr(0, colon)};
    const bool has_revision = colon != std::string::npos;
    // Text without letters is a revision that cannot be, not the name of a family.
    if (family.empty() || (has_revision && !read_revision(std::string_view(name).substr(colon + 1))) ||
        (!has_revision && family.str().find_first_not_of("0123456789") == std::string::npos))
        return bad_task_definition(given, kLooksLike);
    if (family == rollback_family(target.family) && !has_revision)
        return bad_task_definition(given, ", the copies that rollbacks made; say which one of them, by its revision");
    if (family != target.family && family != rollback_family(target.family))
        return bad_task_definition(given,
                                   fmt::format(", which is not of {}, the family of {}: a service runs revisions "
                                               "of its own family only",
                                               target.family, target.id));
    return TaskDefinition{given};
}

constexpr std::string_view kImageLooksLike =
    "; it looks like 123456789012.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG, or ..@sha256:.., or both";

std::unexpected<Error> bad_image(std::string_view member, std::string_view given, std::string_view problem) {
    return fail(ErrorKind::kInvalidEvent, fmt::format(R"("{}" is "{}"{})", member, truncate_utf8(given, 200), problem));
}

/// An empty one is a variable that is not set, and must not become the newest revision.
std::unexpected<Error> empty_image(std::string_view member) {
    return fail(ErrorKind::kInvalidEvent, fmt::format(R"("{}" is empty (a variable that is not set?))", member));
}

Result<WantedImage> read_image(const std::string& given) {
    const auto parts = parse_image(given);
    if (trim(given).empty()) return empty_image("image");
    if (given.contains('@') && !is_image_digest(parts.digest))
        return bad_image("image", given, ": a digest is sha256: and 64 hexadecimal digits");
    if (!is_repository_name(parts.repository) || (!parts.tag.empty() && !is_image_tag(parts.tag)))
        return bad_image("image", given, kImageLooksLike);
    if (parts.tag.empty() && parts.digest.empty())
        return bad_image("image", given, ", without a tag or a digest: which one is meant?");
    return WantedImage{.registry = std::string(parts.registry),
                       .repository = std::string(parts.repository),
                       .tag = std::string(parts.tag),
                       .digest = std::string(parts.digest)};
}

/// What was asked for instead of the image that the newest revision has.
Result<std::vector<WantedImage>> read_wanted(const ManualRequest& request) {
    std::vector<WantedImage> wanted;
    if (!request.image && !request.image_tag) return wanted;
    if (request.image && request.image_tag)
        return fail(ErrorKind::kInvalidEvent, R"("image" and "image_tag" are both given; one of them says it)");
    if (request.task_definition && !request.task_definition->empty())
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("task_definition" names a revision, and that names its images: leave out )"
                                R"("task_definition" or "{}")",
                                request.image ? "image" : "image_tag"));
    if (request.image) {
        TRY_ASSIGN(auto image, read_image(*request.image));
        wanted.push_back(std::move(image));
        return wanted;
    }
    const auto& tag = *request.image_tag;
    if (trim(tag).empty()) return empty_image("image_tag");
    if (!is_image_tag(tag))
        return bad_image(
            "image_tag", tag,
            ": a tag is at most 128 letters, digits, '_', '.' and '-'; with a repository or a digest it is "
            "\"image\"");
    wanted.push_back({.tag = tag});
    return wanted;
}

/// Where the service is whose images are asked for.
Result<std::optional<PromotionSource>> read_promotion(const ManualRequest& request, const EcsTarget& target,
                                                      const Config& config) {
    if (!request.promote_from) return std::nullopt;
    const auto& environment = *request.promote_from;
    if (request.image || request.image_tag || (request.task_definition && !request.task_definition->empty()))
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("promote_from" and "{}" are both given; one of them says it)",
                                request.image       ? "image"
                                : request.image_tag ? "image_tag"
                                                    : "task_definition"));
    if (!is_valid_service_id(environment))
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("promote_from" is "{}"; it is an environment, as in "promote_from":"dev")",
                                truncate_utf8(environment, 60)));
    if (environment == config.environment)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("promote_from" is "{}", which is this environment itself)", environment));
    auto source = config.names.in_environment(environment).target(target.id);
    if (!source || (source->cluster == target.cluster && source->service == target.service))
        return fail(
            ErrorKind::kInvalidEvent,
            fmt::format(R"(the configuration does not say which service {} is in {}: it names it without the )"
                        R"(environment ({} in {}); name the image itself with "image", or use ci_lambda promote)",
                        target.id, environment, target.service, target.cluster));
    return PromotionSource{.environment = environment, .target = *std::move(source)};
}

Result<std::optional<WantedStrategy>> read_strategy(const ManualRequest& request) {
    if (!request.strategy) return std::nullopt;
    auto strategy = parse_strategy(*request.strategy);
    if (!strategy) return fail(ErrorKind::kInvalidEvent, fmt::format(R"("strategy": {})", in_words(strategy.error())));
    if (const auto why = why_not_by_event(*strategy))
        return fail(ErrorKind::kInvalidEvent, fmt::format(R"("strategy": {})", *why));
    return *std::move(strategy);
}

/// True where neither the source nor the request itself says which environment is meant. Such a request is heard by
/// every environment of the account. `action.production` does say it where that is the name, as for the origin.
bool names_no_environment(const ManualRequest& request, const std::string& source, const Config& config) {
    if (request.bare || (request.environment && !request.environment->empty())) return false;
    if (source == "action.production" && config.environment == "prod") return false;
    return (source == "action.deploy" || source == "action.production") && source != "action." + config.environment;
}

std::string warning_of(const std::string& source, const ServiceId& id, const Config& config) {
    return fmt::format(
        R"(a request of {0} for {1} names no environment: every environment of this account whose rule has that source )"
        R"(deploys it, not {2} alone; put "project":"{3}","env":"{2}" into its detail, or set REQUESTS_WITHOUT_ENV)",
        source, id, config.environment, config.project);
}

std::unexpected<Error> no_such_task(const ServiceId& id, const Config& config) {
    std::vector<std::string> tasks;
    for (const auto& [known, task] : config.scheduled_tasks) tasks.push_back(known.str());
    auto problem = fmt::format("there is no task \"{}\"", truncate_utf8(id.str(), 60));
    if (const auto meant = closest(id.str(), tasks)) problem += fmt::format("; did you mean {}?", *meant);
    problem += tasks.empty() ? fmt::format(": {} names none{}", config.called("SCHEDULED_TASK_MAP"),
                                           config.discovers_tasks ? ", and nothing starts one on our clusters" : "")
                             : fmt::format(" (tasks: {})", join(tasks, ", "));
    return fail(ErrorKind::kInvalidEvent, std::move(problem));
}

std::string reason_of(const ManualRequest& request, const std::string& source) {
    if (request.reason && !trim(*request.reason).empty()) return *request.reason;
    const auto what = request.image          ? " of " + *request.image
                      : request.image_tag    ? " of " + *request.image_tag
                      : request.promote_from ? " of what runs in " + *request.promote_from
                                             : std::string();
    return fmt::format("manual deployment{}{}", what, request.bare ? "" : fmt::format(" ({})", source));
}

/// A task gets the image that a person asks for. Without one there is nothing that could be done for it.
Result<Decision> decide_for_task(const ManualRequest& request, const ServiceId& id, const std::string& source,
                                 const Config& config, std::vector<std::string> warnings) {
    const auto task = config.scheduled_tasks.find(id);
    if (task == config.scheduled_tasks.end()) return no_such_task(id, config);
    TRY_ASSIGN(auto wanted, read_wanted(request));
    if (request.task_definition && !request.task_definition->empty())
        return fail(
            ErrorKind::kInvalidEvent,
            fmt::format(R"("task_definition" is for services: {} follows the image that "image" or "image_tag" )"
                        "names",
                        id));
    if (request.promote_from)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("promote_from" is for services: name the image of {} itself with "image")", id));
    if (request.strategy)
        return fail(ErrorKind::kInvalidEvent, fmt::format(R"("strategy" is for services: no service runs {})", id));
    if (wanted.empty())
        return ignore(
            fmt::format(R"({} is a scheduled task: it starts anew by itself each time, so there is nothing to )"
                        R"(be done (another image is "image_tag" or "image"))",
                        id));
    Deploy deploy;
    deploy.warnings = std::move(warnings);
    deploy.tasks.push_back({.task = task->second,
                            .cluster = config.names.cluster(),
                            .reason = reason_of(request, source),
                            .images = {},
                            .image_pin = config.image_pin,
                            .after = {},
                            .wanted = std::move(wanted),
                            .own_repositories = task->second.repositories});
    return deploy;
}

/// What is done deploys nothing: whatever would say what is to be deployed is a mistake.
Status check_that_nothing_is_deployed(const ManualRequest& request) {
    const auto says = [](const std::optional<std::string>& member) { return member && !member->empty(); };
    for (const auto& [name, said] :
         {std::pair{"task_definition", says(request.task_definition)}, std::pair{"image", says(request.image)},
          std::pair{"image_tag", says(request.image_tag)}, std::pair{"promote_from", says(request.promote_from)},
          std::pair{"strategy", says(request.strategy)}, std::pair{"override_hold", says(request.override_hold)}})
        if (said)
            return fail(
                ErrorKind::kInvalidEvent,
                fmt::format(R"("action":"{}" deploys nothing, so "{}" makes no sense with it)", *request.action, name));
    return {};
}

Result<Decision> decide_to_hold(const ManualRequest& request, EcsTarget target, const std::string& source,
                                std::vector<std::string> warnings) {
    const bool holds = *request.action == "hold";
    TRY(check_that_nothing_is_deployed(request));
    if (request.rollback) return fail(ErrorKind::kInvalidEvent, R"("rollback" is for "action":"stop")");
    if (!holds && request.until) return fail(ErrorKind::kInvalidEvent, R"("until" is for "action":"hold")");
    return SetHold{.what = holds ? SetHold::What::kHold : SetHold::What::kRelease,
                   .target = std::move(target),
                   .until = request.until.value_or(""),
                   .by = request.by.value_or(source),
                   .reason = request.reason.value_or(""),
                   .warnings = std::move(warnings)};
}

/// What is to become of a rollout that is under way, or of the service.
Result<Decision> decide_to_steer(const ManualRequest& request, EcsTarget target, const std::string& source,
                                 std::vector<std::string> warnings) {
    if (*request.action == "hold" || *request.action == "release")
        return decide_to_hold(request, std::move(target), source, std::move(warnings));
    const bool go_on = *request.action == "continue";
    if (!go_on && *request.action != "stop")
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("action" is "{}"; for a service it is "continue", "stop", "hold" or "release" (and )"
                                "without it, the service is deployed)",
                                truncate_utf8(*request.action, 60)));
    TRY(check_that_nothing_is_deployed(request));
    if (go_on && request.rollback) return fail(ErrorKind::kInvalidEvent, R"("rollback" is for "action":"stop")");
    return Steer{.what = go_on ? Steer::What::kContinue : Steer::What::kStop,
                 .target = std::move(target),
                 .rollback = request.rollback,
                 .reason = request.reason.value_or(""),
                 .warnings = std::move(warnings)};
}

/// What a person wants of one service.
Result<DeploymentRequest> wanted_by(const ManualRequest& request, EcsTarget target, const std::string& source,
                                    const Config& config, const Home& home) {
    if (request.until) return fail(ErrorKind::kInvalidEvent, R"("until" is for "action":"hold")");
    if (request.override_hold && trim(*request.override_hold).empty())
        return fail(ErrorKind::kInvalidEvent,
                    R"("override_hold" is empty; it says why, as in "override_hold":"fixes the outage")");
    TRY_ASSIGN(auto task_definition, read_task_definition(request, target, config, home));
    TRY_ASSIGN(auto promoted_from, read_promotion(request, target, config));
    TRY_ASSIGN(auto wanted, read_wanted(request));
    TRY_ASSIGN(auto strategy, read_strategy(request));
    auto own_repositories =
        wanted.empty() && !promoted_from ? std::vector<std::string>{} : repositories_of(target.id, config);
    return DeploymentRequest{.target = std::move(target),
                             .task_definition = std::move(task_definition),
                             .reason = reason_of(request, source),
                             .image_pin = config.image_pin,
                             .wanted = std::move(wanted),
                             .promoted_from = std::move(promoted_from),
                             .own_repositories = std::move(own_repositories),
                             .strategy_once = std::move(strategy),
                             .past_holds = request.override_hold,
                             .asked_for = true};
}

/// All services of a pipeline, in its order.
Result<Decision> decide_for_pipeline(const ManualRequest& request, const std::string& source, const Config& config,
                                     const Home& home, bool warns) {
    const auto& name = *request.pipeline;
    const auto found = config.pipelines.find(name);
    if (found == config.pipelines.end()) {
        std::vector<std::string> known;
        for (const auto& [one, pipeline] : config.pipelines) known.push_back(one);
        const auto meant = closest(name, known);
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"(there is no pipeline "{}"{}{})", truncate_utf8(name, 60),
                                meant ? fmt::format("; did you mean {}?", *meant) : "",
                                known.empty() ? fmt::format(": {} has none", config.called("PIPELINES"))
                                              : fmt::format(" (pipelines: {})", join(known, ", "))));
    }
    for (const auto& [member, said] :
         {std::pair{"service", request.service.has_value()}, std::pair{"action", request.action.has_value()},
          std::pair{"task_definition", request.task_definition && !request.task_definition->empty()},
          std::pair{"image", request.image.has_value()}})
        if (said)
            return fail(
                ErrorKind::kInvalidEvent,
                fmt::format(R"("pipeline" deploys all services of {}, so "{}" makes no sense with it)", name, member));
    Deploy deploy;
    for (const auto& id : found->second.services()) {
        auto target = config.names.target(id);
        if (!target)
            return fail(ErrorKind::kInvalidEvent,
                        fmt::format("the pipeline {} cannot run: {}", name, why_not_ours(id, config)));
        TRY_ASSIGN(auto wanted, wanted_by(request, *std::move(target), source, config, home));
        wanted.pipeline = name;
        deploy.requests.push_back(std::move(wanted));
    }
    if (warns) deploy.warnings.push_back(warning_of(source, ServiceId{name}, config));
    return deploy;
}

/// That all that are named are there. Whether this is one of them was looked at before.
Status check_targets(const ManualRequest& request, const Config& config) {
    for (const auto& name : request.targets) {
        if (config.targets.find(name) != nullptr) continue;
        if (config.targets.all.empty())
            return fail(ErrorKind::kInvalidEvent,
                        fmt::format(R"("targets" names {}, and there are none: {} and {} say where to deploy)",
                                    truncate_utf8(name, 60), config.called("REGIONS"), config.called("TARGETS")));
        std::vector<std::string> known;
        for (const auto& target : config.targets.all) known.push_back(target.name);
        const auto meant = closest(name, known);
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format(R"("targets" names {}, which is none of {}{})", truncate_utf8(name, 60),
                                config.targets.names(), meant ? fmt::format("; did you mean {}?", *meant) : ""));
    }
    return {};
}

}  // namespace

Result<Decision> decide_manual(const ManualRequest& request, const std::string& source, const Config& config,
                               const Home& home) {
    if (!config.manual_enabled) return ignore("manual requests do not deploy (ENABLE_MANUAL_DEPLOY is off)");
    if (auto foreign = why_foreign(request, source, config)) return ignore(*std::move(foreign));
    const bool unaddressed = names_no_environment(request, source, config);
    if (unaddressed && config.requests_without_environment == WithoutEnvironment::kIgnore)
        return ignore(fmt::format(R"(a request of {} must say for which environment it is, as in "env":"{}" )"
                                  "(REQUESTS_WITHOUT_ENV is ignore)",
                                  source, config.environment));
    if (request.malformed) return fail(ErrorKind::kInvalidEvent, "the request is malformed: " + *request.malformed);
    TRY(check_targets(request, config));
    const bool warns = unaddressed && config.requests_without_environment == WithoutEnvironment::kWarn;
    if (request.pipeline) return decide_for_pipeline(request, source, config, home, warns);
    if (const auto task = request.service ? task_id(*request.service) : std::nullopt)
        return decide_for_task(request, *task, source, config,
                               warns ? std::vector{warning_of(source, *task, config)} : std::vector<std::string>{});
    TRY_ASSIGN(auto target, find_target(request, config));
    if (request.action) {
        auto said = warns ? std::vector{warning_of(source, target.id, config)} : std::vector<std::string>{};
        return decide_to_steer(request, std::move(target), source, std::move(said));
    }
    TRY_ASSIGN(auto wanted, wanted_by(request, std::move(target), source, config, home));
    std::vector<std::string> warnings;
    if (warns) warnings.push_back(warning_of(source, wanted.target.id, config));
    return Deploy{.requests = {std::move(wanted)}, .skipped = {}, .warnings = std::move(warnings)};
}

}  // namespace ci_lambda
