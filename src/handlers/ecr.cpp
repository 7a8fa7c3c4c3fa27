#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/references.hpp"
#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "discovery/tasks.hpp"
#include "handlers/handlers.hpp"
#include "images/artifacts.hpp"
#include "images/tag_filter.hpp"

namespace ci_lambda {
namespace {

/// `{project}_backend` or `{project}_service_{name}`, the whole of it.
std::vector<ServiceId> services_by_name(std::string_view repository, const Config& config) {
    if (repository == config.project + "_backend") return {ServiceId{std::string(kBackend)}};
    const std::string prefix = config.project + "_service_";
    if (!repository.starts_with(prefix)) return {};
    const auto name = repository.substr(prefix.size());
    // Without this check, an empty name would mean the backend.
    if (!is_valid_service_id(name)) return {};
    const auto id = config.names.canonical(name);
    return id ? std::vector{*id} : std::vector<ServiceId>{};
}

/// By what the configuration says.
std::vector<ServiceId> configured_services(const std::string& repository, const Config& config) {
    if (config.ecr_repositories.empty()) {
        auto services = services_by_name(repository, config);
        keep_existing(services, config);
        return services;
    }
    const auto found = config.ecr_repositories.find(repository);
    return found == config.ecr_repositories.end() ? std::vector<ServiceId>{} : found->second;
}

std::vector<ServiceId> services_of(const std::string& repository, const Config& config, const Place& where) {
    auto services = configured_services(repository, config);
    add(services, discovered_users(config, config.ecr_repositories, [&](const DiscoveredService& service) {
            return (service.uses &&
                    uses_repository(*service.uses, repository, where, config.replica_region(where.region))) ||
                   std::ranges::find(service.rules.repositories, repository) != service.rules.repositories.end();
        }));
    return services;
}

std::string not_our_repository(const std::string& repository, const Config& config) {
    if (config.discovery)
        return fmt::format("no service{} of {} uses the repository {}",
                           config.discovers_tasks ? " and no scheduled task" : "", clusters_in_words(config),
                           repository);
    if (!config.ecr_repositories.empty())
        return fmt::format("repository {} is not in {}", repository, config.called("ECR_REPO_MAP"));
    return fmt::format("repository {0} is not one of {1}: neither {1}_backend nor {1}_service_NAME", repository,
                       config.project);
}

/// What was pushed, where that is no image, whatever a filter says.
std::optional<std::string> why_no_image(const EcrImageAction& push) {
    if (is_digest_tag(*push.tag)) return "is a signature or attestation, not an image";
    if (const auto type = type_of_no_image(push.manifest_media_type, push.artifact_media_type))
        return fmt::format("is no image but {}", *type);
    return std::nullopt;
}

/// Its push, in another region, has waited for the replica and deployed it. By the time at which it was replicated, an
/// image would pass for newer than what was pushed after it.
bool deployed_by_its_push(const EcrImageAction& push, const Config& config, const Place& where) {
    return push.action == "REPLICATE" && push.source_region && !config.replica_region(*push.source_region).empty() &&
           (!push.source_account || where.account.empty() || *push.source_account == where.account);
}

std::string in_words(const std::vector<SkippedService>& skipped) {
    std::vector<std::string> reasons;
    for (const auto& one : skipped) reasons.push_back(one.reason);
    return join(reasons, "; ");
}

/// What to call the filter of this service: the variable, or the place in the document.
std::string filter_called(const ServiceId& id, const Config& config) {
    constexpr std::string_view kSetting = "ECR_TAG_FILTER";
    if (config.said_by_tags.contains({kSetting, id})) return config.called(kSetting, id);
    if (const auto task = config.scheduled_tasks.find(id); task != config.scheduled_tasks.end() && task->second.tags)
        return fmt::format("its tags in {}", config.called("SCHEDULED_TASK_MAP"));
    const bool for_all = !config.tag_filters.by_service.contains(id) && !config.tag_filters.others.empty();
    if (for_all && config.in_document.contains(kSetting)) return "/defaults/tags of the configuration document";
    return config.called(kSetting, id);
}

/// Of a service or of a task.
const TagFilter& filter_of(const ServiceId& id, const Config& config) {
    const auto task = config.scheduled_tasks.find(id);
    const bool own = task != config.scheduled_tasks.end() && task->second.tags.has_value();
    return own ? *task->second.tags : config.tag_filters.of(id);
}

/// Why this tag does not deploy this service.
std::optional<std::string> why_filtered(const std::string& image, const std::string& tag, const ServiceId& id,
                                        const Config& config) {
    const auto& filter = filter_of(id, config);
    if (is_cache_tag(tag) && !filter.names(tag))
        return fmt::format("{} is a build cache by its name (a pattern \"{}\" in {} would deploy {} with it)", image,
                           tag, filter_called(id, config), id);
    if (!filter.accepts(tag))
        return fmt::format("{} is not a tag that deploys {} ({}: {})", image, id, filter_called(id, config),
                           join(filter.texts(), ", "));
    return std::nullopt;
}

/// What no registry would take is not put into a task definition.
PushedImage pushed_image(const EcrImageAction& push, const ServiceId& id, const Config& config) {
    const bool digest = push.digest && is_image_digest(*push.digest);
    return {.repository = push.repository,
            .tag = *push.tag,
            .digest = digest ? *push.digest : std::string(),
            .by_version = filter_of(id, config).takes_by_version(*push.tag)};
}

const DiscoveredTask* discovered_task(const ScheduledTask& task, const Config& config) {
    const bool known = task.is_discovered() && config.discovered_tasks != nullptr;
    return known ? config.discovered_tasks->find(task.id) : nullptr;
}

/// Where nobody says which repositories a task uses, its newest revision does.
bool may_use(const ScheduledTask& task, const std::string& repository, const Place& where, const Config& config) {
    if (const auto* found = discovered_task(task, config))
        return uses_repository(*found, repository, where, config.replica_region(where.region));
    const auto& named = task.repositories;
    return named.empty() || std::ranges::find(named, repository) != named.end();
}

/// Why a task that nobody has named must not get a revision by this push: `deploy` has the services that get it. A
/// service deploys the newest revision of its family, whatever that was registered for.
std::optional<std::string> why_not_without_its_service(const ScheduledTask& task, const Deploy& deploy,
                                                       const Config& config) {
    if (config.discovered == nullptr || !task.is_discovered()) return std::nullopt;
    for (const auto& service : config.discovered->services) {
        if (service.target.family != task.family) continue;
        const auto request = std::ranges::find_if(deploy.requests, [&](const DeploymentRequest& one) {
            return one.target.id == service.target.id;  // a map may say more of it
        });
        if (request == deploy.requests.end() || request->image_mode != ImageMode::kRevision)
            return fmt::format("{} runs {}, the family of {}, which gets no revision by this push", task.id,
                               task.family, service.target.id);
    }
    return std::nullopt;
}

std::optional<std::string> why_task_is_passed_by(const ScheduledTask& task, const std::string& image,
                                                 const std::string& tag, const Deploy& deploy, const Config& config) {
    const auto* found = discovered_task(task, config);
    if (found != nullptr && !found->rules.held.empty())
        return fmt::format("no event changes {}: {}", task.id, found->rules.held);
    if (!config.deploys_on_events(task))
        return fmt::format(
            "automatic deployments of {} are off ({})", task.id,
            found != nullptr ? config.called("AUTO_DEPLOY_MAP", task.id) : config.called("SCHEDULED_TASK_MAP"));
    if (found != nullptr && found->rules.image_mode.value_or(ImageMode::kRevision) != ImageMode::kRevision)
        return fmt::format("{} gets no revisions ({} is {})", task.id, config.called("ECR_DEPLOY_MODE", task.id),
                           to_string(*found->rules.image_mode));
    if (auto why = why_filtered(image, tag, task.id, config)) return why;
    return why_not_without_its_service(task, deploy, config);
}

/// Adds the tasks whose images are of this repository, or may be.
void add_tasks(const EcrImageAction& push, const std::string& reason, const Config& config, const Place& where,
               Deploy& deploy) {
    const auto image = fmt::format("{}:{}", push.repository, *push.tag);
    std::vector<EcsTarget> after;
    for (const auto& request : deploy.requests)
        if (request.image_mode == ImageMode::kRevision) after.push_back(request.target);
    for (const auto& [id, task] : config.scheduled_tasks) {
        if (!may_use(task, push.repository, where, config)) continue;
        if (auto why = why_task_is_passed_by(task, image, *push.tag, deploy, config))
            deploy.skipped.push_back({.service = id.str(), .reason = *std::move(why)});
        else
            deploy.tasks.push_back({.task = task,
                                    .cluster = config.names.cluster(),
                                    .reason = reason,
                                    .images = {pushed_image(push, id, config)},
                                    .image_pin = config.image_pin,
                                    .after = after});
    }
}

/// With the tasks of the push, if there are any.
Decision with_tasks(Decision services, const EcrImageAction& push, const std::string& reason, const Config& config,
                    const Place& where) {
    Deploy deploy;
    const auto* nothing = std::get_if<Ignore>(&services);
    if (nothing != nullptr)
        deploy.skipped = nothing->skipped;
    else if (auto* some = std::get_if<Deploy>(&services))
        deploy = std::move(*some);
    const auto skipped = deploy.skipped.size();
    add_tasks(push, reason, config, where, deploy);
    if (nothing == nullptr || !deploy.tasks.empty()) return deploy;
    if (deploy.skipped.size() == skipped) return services;
    return Ignore{.reason = fmt::format("{}, but {}", reason, in_words(deploy.skipped)),
                  .skipped = std::move(deploy.skipped)};
}

}  // namespace

std::vector<std::string> repositories_of(const ServiceId& id, const Config& config) {
    std::vector<std::string> repositories;
    for (const auto& [repository, ids] : config.ecr_repositories)
        if (std::ranges::find(ids, id) != ids.end()) repositories.push_back(repository);
    if (config.ecr_repositories.empty())
        repositories.push_back(id.str() == kBackend ? config.project + "_backend"
                                                    : fmt::format("{}_service_{}", config.project, id));
    return repositories;
}

bool is_push_of_an_image(const EcrImageAction& push, const Config& config) {
    return config.ecr_enabled && (push.action == "PUSH" || push.action == "REPLICATE") && push.result == "SUCCESS" &&
           push.tag && !push.tag->empty() && !why_no_image(push);
}

Decision decide_ecr(const EcrImageAction& push, const Config& config, const Place& where) {
    if (!config.ecr_enabled) return ignore("pushed images do not deploy (ENABLE_ECR_MONITORING is off)");
    const bool replicated = push.action == "REPLICATE";
    if (push.action != "PUSH" && !replicated)
        return ignore(fmt::format("action {} on an image is not a push", push.action));
    if (push.result != "SUCCESS")
        return ignore(fmt::format("the {} did not succeed ({})", replicated ? "replication" : "push", push.result));
    const auto how = replicated ? "replicated" : "pushed";
    if (!push.tag || push.tag->empty())
        return ignore(fmt::format("an image without a tag was {} to {}: part of another image, most likely", how,
                                  push.repository));
    const auto image = fmt::format("{}:{}", push.repository, *push.tag);
    if (const auto why = why_no_image(push)) return ignore(fmt::format("{} {}", image, *why));
    if (deployed_by_its_push(push, config, where))
        return ignore(fmt::format("image {} was replicated from {}, whose push deploys it here", image,
                                  one_line(*push.source_region, 40)));

    auto services = services_of(push.repository, config, where);
    const auto reason = fmt::format("image {} was {}", image, how);
    auto decision = services.empty()
                        ? unmatched(not_our_repository(push.repository, config))
                        : deploy_automatically(std::move(services), reason, config, [&](const ServiceId& id) {
                              return why_filtered(image, *push.tag, id, config);
                          });
    if (auto* deploy = std::get_if<Deploy>(&decision))
        for (auto& request : deploy->requests) {
            request.images = {pushed_image(push, request.target.id, config)};
            request.images_alone = true;
            request.image_mode = config.image_mode_of(request.target.id);
            request.image_pin = config.image_pin;
        }
    decision = with_tasks(std::move(decision), push, reason, config, where);
    // What is wrong with the tag says already what was pushed.
    const auto is_about_image = [&](const SkippedService& one) { return one.reason.starts_with(image); };
    if (auto* nothing = std::get_if<Ignore>(&decision);
        nothing && !nothing->skipped.empty() && std::ranges::all_of(nothing->skipped, is_about_image))
        nothing->reason = in_words(nothing->skipped);
    return decision;
}

std::vector<TaskRequest> tasks_that_follow(const PushedImage& image, const Config& config) {
    const EcrImageAction push{.action = "PUSH",
                              .result = "SUCCESS",
                              .repository = image.repository,
                              .tag = image.tag,
                              .digest = image.digest};
    auto decision = decide_ecr(push, config, {.account = image.account, .region = image.region});
    auto* deploy = std::get_if<Deploy>(&decision);
    if (deploy == nullptr) return {};
    for (auto& task : deploy->tasks) {
        const bool by_version = task.images.front().by_version;
        task.images = {image};
        task.images.front().by_version = by_version;
    }
    return std::move(deploy->tasks);
}

}  // namespace ci_lambda
