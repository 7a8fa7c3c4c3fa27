#include "deployer/code_deploy/code_deployed_ecs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "services/codedeploy/app_spec.hpp"

namespace ci_lambda {
namespace {

/// How many of CodeDeploy's deployments are looked at for what has happened: one call of BatchGetDeployments.
constexpr std::size_t kPastDeployments = 25;

/// What is remembered of deployments. More of them than any function sees; a limit all the same.
constexpr std::size_t kMostRemembered = 1000;

/// Two wishes with the same words so close to one another are one, whose answer was lost or that was told twice.
constexpr std::chrono::minutes kSameWish{15};

bool is_of_code_deploy(const EcsService& service) { return service.deployment_controller == "CODE_DEPLOY"; }

/// `autoRollbackConfiguration.events` with a rollback of what fails; empty where the group has that already.
std::vector<std::string> with_rollback(std::vector<std::string> events) {
    constexpr std::string_view kFailure = "DEPLOYMENT_FAILURE";
    if (std::ranges::find(events, kFailure) != events.end()) return {};
    events.emplace_back(kFailure);
    return events;
}

/// Room for the mark of what was cut off.
std::string description_of(const UpdateServiceRequest& request) {
    constexpr std::size_t kMark = 3;
    return truncate_utf8(request.reason, kLongestDescription - kMark);
}

std::unexpected<Error> in_the_way(const CodeDeployDeployment& deployment) {
    return fail(ErrorKind::kBusy,
                fmt::format("CodeDeploy makes one deployment at a time for a group, and in the way in {} is {}",
                            deployment.group.str(), in_the_way_in_words(deployment)));
}

}  // namespace

// --- what is seen ---------------------------------------------------------------------------------------------------

Result<DescribedServices> CodeDeployedEcs::describe_services(const ClusterName& cluster,
                                                             const std::vector<EcsServiceName>& names,
                                                             Deadline deadline) {
    TRY_ASSIGN(auto described, ecs_.describe_services(cluster, names, deadline));
    TRY(show(cluster, described, deadline));
    return described;
}

Result<DescribedServices> CodeDeployedEcs::describe_services_and_tags(const ClusterName& cluster,
                                                                      const std::vector<EcsServiceName>& names,
                                                                      Deadline deadline) {
    TRY_ASSIGN(auto described, ecs_.describe_services_and_tags(cluster, names, deadline));
    TRY(show(cluster, described, deadline));
    return described;
}

/// What is in a cluster, for discovery: CodeDeploy is not asked about each of them.
Result<DescribedServices> CodeDeployedEcs::describe_services_with_tags(const ClusterName& cluster,
                                                                       const std::vector<EcsServiceName>& names,
                                                                       Deadline deadline) {
    TRY_ASSIGN(auto described, ecs_.describe_services_with_tags(cluster, names, deadline));
    for (auto& service : described.services) {
        if (!is_of_code_deploy(service)) continue;
        service.by_code_deploy = true;
        show_code_deployments(service, nullptr, clock_.now());
    }
    return described;
}

EcsStarter::Lookup CodeDeployedEcs::look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                            const TaskFamily& family, WithTags tags, Deadline deadline) {
    auto found = ecs_.look_up(cluster, names, family, tags, deadline);
    if (!found.services) return found;
    if (auto shown = show(cluster, *found.services, deadline); !shown)
        found.services = std::unexpected(std::move(shown).error());
    return found;
}

Status CodeDeployedEcs::show(const ClusterName& cluster, DescribedServices& described, Deadline deadline) {
    for (auto& service : described.services) {
        if (!is_of_code_deploy(service)) continue;
        auto shown = show_one(cluster, service, deadline);
        if (shown) continue;
        if (shown.error().retryable() || shown.error().kind == ErrorKind::kDeadline) return shown;
        show_code_deployments(service, nullptr, clock_.now());
        service.by_code_deploy = false;
        service.code_deploy_error = std::move(shown).error();
    }
    return {};
}

Status CodeDeployedEcs::show_one(const ClusterName& cluster, EcsService& service, Deadline deadline) {
    TRY_ASSIGN(auto info, group_info({.cluster = cluster, .service = service.name}, service, deadline));
    const auto serving = std::ranges::find(service.task_sets, "PRIMARY", &EcsTaskSet::status);
    const Known now_known{.group = info.group,
                          .target = info.target,
                          .last_attempted = info.last_attempted,
                          .rollback_events = info.rollback_events,
                          .serves = serving == service.task_sets.end() ? std::string() : serving->external_id,
                          .task_sets = service.task_sets,
                          .container = service.balanced_container,
                          .port = service.balanced_port};
    {
        const std::scoped_lock lock(mutex_);
        known_.insert_or_assign(Key{cluster, service.name}, now_known);
        if (brings_.size() > kMostRemembered) brings_.clear();
        for (const auto& set : service.task_sets)
            if (!set.external_id.empty()) brings_[set.external_id] = set.task_definition;
    }
    service.by_code_deploy = true;
    if (info.last_attempted.empty()) {
        show_code_deployments(service, nullptr, clock_.now());
        return {};
    }
    TRY_ASSIGN(auto last, code_deploy_.deployment(info.last_attempted, deadline));
    // Of one that failed, the group may not know yet that it is being taken back.
    if (!last.rollback_id.empty()) {
        TRY_ASSIGN(last, code_deploy_.deployment(last.rollback_id, deadline));
    }
    const auto traffic = traffic_of(last.configuration, deadline);
    CodeDeployStory story{.deployment = std::move(last), .traffic = traffic};
    story.task_definition = brought_by(story.deployment, deadline);
    show_code_deployments(service, &story, clock_.now());
    service.configuration = as_configuration(story.deployment, traffic);
    return {};
}

Result<CodeDeployGroupInfo> CodeDeployedEcs::group_info(const CodeDeployGroupInfo::Service& service,
                                                        const EcsService& shown, Deadline deadline) {
    TRY_ASSIGN(const auto group, groups_.find(service, shown.task_sets, deadline));
    auto info = code_deploy_.deployment_group(group, deadline);
    const bool wrong =
        info ? !info->services.empty() && std::ranges::find(info->services, service) == info->services.end()
             : info.error().kind == ErrorKind::kNotFound;
    if (!wrong) return info;
    groups_.forget(service);
    TRY_ASSIGN(const auto other, groups_.find(service, {}, deadline));
    if (other == group)
        return fail(ErrorKind::kRejected,
                    fmt::format("the deployment group {} is not there, or deploys another service than {}", group.str(),
                                service.service));
    return code_deploy_.deployment_group(other, deadline);
}

/// Whatever cannot be found out of it is left open; how it goes on is not.
Result<CodeDeployStory> CodeDeployedEcs::story_of(CodeDeployDeployment deployment, Deadline deadline) {
    CodeDeployStory story{.deployment = std::move(deployment)};
    story.traffic = traffic_of(story.deployment.configuration, deadline);
    if (!story.deployment.rollback_id.empty()) {
        TRY_ASSIGN(story.rollback, code_deploy_.deployment(story.deployment.rollback_id, deadline));
    }
    if (!is_running(story.deployment.status)) return story;
    const auto service = known_of_group(story.deployment.group);
    if (!service) return story;
    auto progress = code_deploy_.progress(story.deployment.id, service->first.first, service->first.second, deadline);
    if (progress)
        story.progress = *std::move(progress);
    else
        logger_.debug("progress of a deployment not seen", {{log_key::kError, progress.error().message}});
    return story;
}

std::string CodeDeployedEcs::brought_by(const CodeDeployDeployment& deployment, Deadline deadline) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = brings_.find(deployment.id); found != brings_.end()) return found->second;
    }
    auto revision = deployment.revision;
    if (revision.content.empty() && !revision.sha256.empty())
        if (auto read = code_deploy_.application_revision(deployment.group.application, revision, deadline))
            revision = *std::move(read);
    auto named = task_definition_in(revision.content);
    if (named.empty()) return named;
    const std::scoped_lock lock(mutex_);
    return brings_[deployment.id] = named;
}

Result<std::string> CodeDeployedEcs::brought_by(const std::string& id, Deadline deadline) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = brings_.find(id); found != brings_.end()) return found->second;
    }
    TRY_ASSIGN(const auto deployment, code_deploy_.deployment(id, deadline));
    return brought_by(deployment, deadline);
}

CodeDeployTraffic CodeDeployedEcs::traffic_of(const std::string& configuration, Deadline deadline) {
    if (configuration.empty()) return {};
    if (const auto own = traffic_of_name(configuration)) return *own;
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = traffic_.find(configuration); found != traffic_.end()) return found->second;
    }
    auto read = code_deploy_.configuration(configuration, deadline);
    if (!read && (read.error().retryable() || read.error().kind == ErrorKind::kDeadline)) return {};
    const auto traffic = read ? *read : CodeDeployTraffic{};
    if (!read)
        logger_.warn("how CodeDeploy moves the traffic is not known, and its steps count as late",
                     {{"configuration", configuration}, {log_key::kError, read.error().message}});
    const std::scoped_lock lock(mutex_);
    return traffic_[configuration] = traffic;
}

std::optional<CodeDeployedEcs::Known> CodeDeployedEcs::known(const ClusterName& cluster,
                                                             const EcsServiceName& service) {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(Key{cluster, service});
    return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::pair<CodeDeployedEcs::Key, CodeDeployedEcs::Known>> CodeDeployedEcs::known_of_group(
    const CodeDeployGroup& group) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, service] : known_)
        if (service.group == group) return std::pair(key, service);
    return std::nullopt;
}

Result<std::vector<EcsServiceDeployment>> CodeDeployedEcs::service_deployments(const ClusterName& cluster,
                                                                               const EcsServiceName& service,
                                                                               Deadline deadline) {
    const auto of = known(cluster, service);
    if (!of) return ecs_.service_deployments(cluster, service, deadline);
    TRY_ASSIGN(auto ids, code_deploy_.list_deployments(of->group, false, deadline));
    // The newest come first, as it seems. Where they do not, there are more to look at.
    const auto newest = std::ranges::find(ids, of->last_attempted);
    if (ids.size() > kPastDeployments && std::distance(ids.begin(), newest) < std::ptrdiff_t{kPastDeployments})
        ids.resize(kPastDeployments);
    if (ids.empty()) return std::vector<EcsServiceDeployment>{};
    TRY_ASSIGN(auto deployments, code_deploy_.deployments(ids, deadline));
    std::ranges::stable_sort(deployments, std::ranges::greater{}, &CodeDeployDeployment::created_at);
    const auto now = clock_.now();
    std::vector<EcsServiceDeployment> records;
    for (const auto& one : deployments) {
        if (one.is_rollback()) continue;
        CodeDeployStory story{.deployment = one};
        const auto back = std::ranges::find(deployments, one.rollback_id, &CodeDeployDeployment::id);
        if (!one.rollback_id.empty() && back != deployments.end()) story.rollback = *back;
        records.push_back(as_record(story, of->serves, now));
        (void)brought_by(one, deadline);
    }
    return records;
}

Result<EcsServiceDeployment> CodeDeployedEcs::service_deployment(const std::string& arn, Deadline deadline) {
    if (!is_code_deployment(arn)) return ecs_.service_deployment(arn, deadline);
    TRY_ASSIGN(auto deployment, code_deploy_.deployment(arn, deadline));
    TRY_ASSIGN(const auto story, story_of(std::move(deployment), deadline));
    const auto service = known_of_group(story.deployment.group);
    return as_record(story, service ? service->second.serves : std::string(), clock_.now());
}

/// CodeDeploy knows no digests: the images are those that the task definition names.
Result<std::vector<EcsServiceRevision>> CodeDeployedEcs::service_revisions(const std::vector<std::string>& arns,
                                                                           Deadline deadline) {
    std::vector<std::string> of_ecs;
    std::vector<EcsServiceRevision> all;
    std::map<std::string, EcsTaskDefinition> described;  // most deployments bring what another one has brought before
    for (const auto& arn : arns) {
        if (!is_code_deployment(arn)) {
            of_ecs.push_back(arn);
            continue;
        }
        TRY_ASSIGN(const auto task_definition, brought_by(arn, deadline));
        if (task_definition.empty()) continue;
        if (!described.contains(task_definition)) {
            auto read = ecs_.describe_task_definition(TaskDefinition(task_definition), deadline);
            if (!read && read.error().retryable()) return std::unexpected(std::move(read).error());
            described[task_definition] =
                read ? *std::move(read)
                     : EcsTaskDefinition{.arn = task_definition, .status = {}, .images = {}, .tags = {}};
        }
        const auto& definition = described[task_definition];
        EcsServiceRevision one{.arn = arn, .task_definition = definition.arn, .images = {}};
        for (const auto& image : definition.images)
            one.images.push_back({.container = image.container, .image = image.image, .digest = {}});
        all.push_back(std::move(one));
    }
    if (of_ecs.empty()) return all;
    TRY_ASSIGN(auto more, ecs_.service_revisions(of_ecs, deadline));
    std::ranges::move(more, std::back_inserter(all));
    return all;
}

/// Tasks say which task set has started them.
std::string CodeDeployedEcs::deployment_of_task(const std::optional<Known>& service, std::string started_by) const {
    if (!service) return started_by;
    const auto set = std::ranges::find(service->task_sets, started_by, &EcsTaskSet::id);
    return set == service->task_sets.end() || set->external_id.empty() ? started_by : set->external_id;
}

Result<std::vector<EcsRunningTask>> CodeDeployedEcs::running_tasks(const ClusterName& cluster,
                                                                   const EcsServiceName& service, Deadline deadline) {
    TRY_ASSIGN(auto tasks, ecs_.running_tasks(cluster, service, deadline));
    const auto of = known(cluster, service);
    for (auto& task : tasks) task.started_by = deployment_of_task(of, std::move(task.started_by));
    return tasks;
}

Result<std::vector<EcsStoppedTask>> CodeDeployedEcs::stopped_tasks(const ClusterName& cluster,
                                                                   const EcsServiceName& service, Deadline deadline) {
    TRY_ASSIGN(auto tasks, ecs_.stopped_tasks(cluster, service, deadline));
    const auto of = known(cluster, service);
    for (auto& task : tasks) task.started_by = deployment_of_task(of, std::move(task.started_by));
    return tasks;
}

// --- what is done ---------------------------------------------------------------------------------------------------

Result<AcceptedDeployment> CodeDeployedEcs::update_service(const UpdateServiceRequest& request, Deadline deadline) {
    const auto of = known(request.cluster, request.service);
    return of ? create(request, *of, deadline) : ecs_.update_service(request, deadline);
}

Result<AcceptedDeployment> CodeDeployedEcs::create(const UpdateServiceRequest& request, const Known& service,
                                                   Deadline deadline) {
    TRY_ASSIGN(auto underway, same_underway(request, service, deadline));
    if (underway) return *std::move(underway);
    TRY_ASSIGN(auto app_spec, app_spec_for(request, service, deadline));
    NewCodeDeployment wanted{
        .group = service.group, .description = description_of(request), .app_spec = std::move(app_spec)};
    if (request.goes_back_alone) wanted.rollback_events = with_rollback(service.rollback_events);
    auto id = code_deploy_.create_deployment(wanted, deadline);
    if (id) {
        const std::scoped_lock lock(mutex_);
        brings_[*id] = request.task_definition.str();
        return AcceptedDeployment{.deployment_id = *std::move(id),
                                  .task_definition = request.task_definition.str(),
                                  .created_at = clock_.now()};
    }
    if (id.error().code != "DeploymentLimitExceededException") return std::unexpected(std::move(id).error());
    // Somebody was quicker; or it is our own, of which the list knew nothing yet.
    auto again = same_underway(request, service, deadline);
    if (!again) return std::unexpected(std::move(again).error());
    if (*again) return **std::move(again);
    return std::unexpected(std::move(id).error());
}

/// CodeDeploy takes no token: what is asked for may be under way although no answer came, and anything else that is
/// under way in the group has to end first, as nothing that somebody has begun is undone.
Result<std::optional<AcceptedDeployment>> CodeDeployedEcs::same_underway(const UpdateServiceRequest& request,
                                                                         const Known& service, Deadline deadline) {
    TRY_ASSIGN(const auto ids, code_deploy_.list_deployments(service.group, true, deadline));
    for (const auto& id : ids) {
        TRY_ASSIGN(const auto deployment, code_deploy_.deployment(id, deadline));
        if (!is_running(deployment.status)) continue;
        const auto brings = brought_by(deployment, deadline);
        const bool same = brings == request.task_definition.str() && !request.reason.empty() &&
                          deployment.description == description_of(request) &&
                          deployment.created_at + kSameWish > clock_.now();
        if (!same) return in_the_way(deployment);
        logger_.warn("deployment found at CodeDeploy: its answer was lost, or the same was asked for twice",
                     {{"group", service.group.str()}, {log_key::kDeploymentId, id}});
        return std::optional(
            AcceptedDeployment{.deployment_id = id, .task_definition = brings, .created_at = deployment.created_at});
    }
    return std::nullopt;
}

/// The one of the last deployment, whose hooks and network stay; else a new one.
Result<std::string> CodeDeployedEcs::app_spec_for(const UpdateServiceRequest& request, const Known& service,
                                                  Deadline deadline) {
    auto last = service.target;
    if (last.content.empty() && !last.sha256.empty()) {
        TRY_ASSIGN(last, code_deploy_.application_revision(service.group.application, last, deadline));
    }
    if (!last.content.empty()) return with_task_definition(last.content, request.task_definition.str());
    if (!last.type.empty())
        return fail(ErrorKind::kRejected,
                    fmt::format("what {} deployed last is a revision of the kind {}, and whether it has hooks is not "
                                "known; deploy once with the AppSpec in the request (aws deploy create-deployment "
                                "--revision revisionType=AppSpecContent,..)",
                                service.group.str(), last.type));
    if (service.container.empty() || service.port == 0)
        return fail(ErrorKind::kRejected,
                    fmt::format("{} has deployed nothing yet, and which container of {} gets the traffic is not known: "
                                "ECS shows no load balancer",
                                service.group.str(), request.service));
    return new_app_spec(request.task_definition.str(), service.container, service.port);
}

Status CodeDeployedEcs::roll_back_service_deployment(const std::string& arn, Deadline deadline) {
    if (!is_code_deployment(arn)) return ecs_.roll_back_service_deployment(arn, deadline);
    auto stopped = code_deploy_.stop_and_roll_back(arn, deadline);
    // ECS's word for one that has ended, or is being ended.
    if (!stopped && stopped.error().code == "DeploymentAlreadyCompletedException") {
        auto error = std::move(stopped).error();
        error.code = "ConflictException";
        return std::unexpected(std::move(error));
    }
    return stopped;
}

Status CodeDeployedEcs::continue_service_deployment(const std::string& arn, const std::string& hook,
                                                    Deadline deadline) {
    if (!is_code_deployment(arn)) return ecs_.continue_service_deployment(arn, hook, deadline);
    return fail(ErrorKind::kRejected,
                fmt::format("{} waits at CodeDeploy, which is not answered from here: aws deploy continue-deployment "
                            "--deployment-id {} --deployment-wait-type READY_WAIT",
                            arn, arn));
}

Status CodeDeployedEcs::reject_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) {
    if (!is_code_deployment(arn)) return ecs_.reject_service_deployment(arn, hook, deadline);
    return fail(ErrorKind::kRejected,
                fmt::format("{} waits at CodeDeploy, which is not answered from here: aws deploy stop-deployment "
                            "--deployment-id {} --auto-rollback-enabled",
                            arn, arn));
}

// --- ECS's own ------------------------------------------------------------------------------------------------------

Result<EcsExpressService> CodeDeployedEcs::describe_express_service(const std::string& arn, Deadline deadline) {
    return ecs_.describe_express_service(arn, deadline);
}
Result<std::vector<TaskDefinition>> CodeDeployedEcs::active_task_definitions(const TaskFamily& family,
                                                                             Deadline deadline) {
    return ecs_.active_task_definitions(family, deadline);
}
Result<EcsTaskDefinition> CodeDeployedEcs::describe_task_definition(const TaskDefinition& revision, Deadline deadline) {
    return ecs_.describe_task_definition(revision, deadline);
}
Status CodeDeployedEcs::take_turn_to_update(Deadline deadline) { return ecs_.take_turn_to_update(deadline); }
void CodeDeployedEcs::give_turn_back() { ecs_.give_turn_back(); }
Result<AcceptedDeployment> CodeDeployedEcs::update_express_service(const UpdateExpressRequest& request,
                                                                   Deadline deadline) {
    return ecs_.update_express_service(request, deadline);
}
Status CodeDeployedEcs::tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) {
    return ecs_.tag_task_definition(arn, tags, deadline);
}
Status CodeDeployedEcs::tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) {
    return ecs_.tag_service(arn, tags, deadline);
}
Status CodeDeployedEcs::untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline deadline) {
    return ecs_.untag_service(arn, keys, deadline);
}
Result<TaskDefinition> CodeDeployedEcs::register_pinned_copy(const EcsServiceRevision& revision,
                                                             const TaskFamily& family, const EcsTags& tags,
                                                             Deadline deadline) {
    return ecs_.register_pinned_copy(revision, family, tags, deadline);
}
Result<TaskDefinition> CodeDeployedEcs::register_with_images(const TaskDefinition& revision,
                                                             const std::map<std::string, std::string>& images,
                                                             const EcsTags& tags, Deadline deadline) {
    return ecs_.register_with_images(revision, images, tags, deadline);
}
Result<EcsCluster> CodeDeployedEcs::describe_cluster(const ClusterName& cluster, Deadline deadline) {
    return ecs_.describe_cluster(cluster, deadline);
}
Result<std::string> CodeDeployedEcs::task_definition_json(const TaskDefinition& revision, Deadline deadline) {
    return ecs_.task_definition_json(revision, deadline);
}
Result<std::vector<EcsServiceName>> CodeDeployedEcs::list_services(const ClusterName& cluster, Deadline deadline) {
    return ecs_.list_services(cluster, deadline);
}
std::vector<Result<DescribedRevision>> CodeDeployedEcs::describe_revisions(const std::vector<TaskDefinition>& revisions,
                                                                           Deadline deadline) {
    return ecs_.describe_revisions(revisions, deadline);
}

}  // namespace ci_lambda
