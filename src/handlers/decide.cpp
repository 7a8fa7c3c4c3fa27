#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "handlers/decision.hpp"
#include "handlers/handlers.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

/// Event text is quoted in reasons, and an event may hold a megabyte of it.
constexpr std::size_t kLongestText = 500;

/// Line breaks and escape sequences have no place in a reason.
void tidy(std::string& text) { text = one_line(text, kLongestText); }

void tidy(std::optional<std::string>& text) {
    if (text) tidy(*text);
}

void tidy(std::vector<SkippedService>& skipped) {
    for (auto& one : skipped) tidy(one.reason);
}

void tidy(Decision& decision) {
    if (auto* deploy = std::get_if<Deploy>(&decision)) {
        tidy(deploy->skipped);
        for (auto& request : deploy->requests) tidy(request.reason);
        for (auto& task : deploy->tasks) tidy(task.reason);
        for (auto& warning : deploy->warnings) tidy(warning);
    } else if (auto* notify = std::get_if<Notify>(&decision)) {
        tidy(notify->event_name);
        tidy(notify->status);
        tidy(notify->deployment_id);
        tidy(notify->reason);
        tidy(notify->doubt);
    } else if (auto* nothing = std::get_if<Ignore>(&decision)) {
        tidy(nothing->reason);
        tidy(nothing->skipped);
    }
}

void add_envelope(std::vector<PushedImage>& images, const Envelope& envelope, const Config& config) {
    for (auto& image : images) {
        image.account = envelope.account;
        image.region = envelope.region;
        image.replica_region = config.replica_region(envelope.region);
        image.at = parse_rfc3339(envelope.time).value_or(WallTime{});
    }
}

/// When and where it happened.
void add_envelope(Decision& decision, const Envelope& envelope, const Config& config) {
    auto* deploy = std::get_if<Deploy>(&decision);
    if (deploy == nullptr) return;
    for (auto& request : deploy->requests) {
        request.changed_at = parse_rfc3339(envelope.time);
        add_envelope(request.images, envelope, config);
    }
    for (auto& task : deploy->tasks) add_envelope(task.images, envelope, config);
}

void add_strategies(Decision& decision, const Config& config) {
    if (auto* deploy = std::get_if<Deploy>(&decision))
        for (auto& request : deploy->requests) {
            request.strategy = config.strategy_of(request.target.id);
            request.before = config.task_before(request.target.id);
        }
}

/// What concerns several stages of a pipeline keeps its order.
void add_pipelines(Decision& decision, const Config& config) {
    auto* deploy = std::get_if<Deploy>(&decision);
    if (deploy == nullptr) return;
    for (const auto& [name, pipeline] : config.pipelines) {
        std::set<std::size_t> stages;
        for (const auto& request : deploy->requests)
            if (const auto stage = pipeline.stage_of(request.target.id)) stages.insert(*stage);
        if (stages.size() < 2) continue;
        for (auto& request : deploy->requests)
            if (pipeline.stage_of(request.target.id)) request.pipeline = name;
    }
}

/// ECS's news of a rollout that has completed, once more: now that the task after it has ended, or should have.
Notify completed_with_its_task(const ServiceId& id, std::string deployment_id) {
    return {.level = NoticeLevel::kSuccess,
            .service = id,
            .event_name = "SERVICE_DEPLOYMENT_COMPLETED",
            .status = "completed",
            .deployment_id = std::move(deployment_id),
            .reason = std::nullopt,
            .task_after_ended = true};
}

/// A service that is not ours any more is watched no longer.
Decision decide_verify(const VerifyRequest& request, const Config& config) {
    const auto id = config.names.canonical(request.service);
    if (!id) return ignore(fmt::format("{} is not a service id", request.service));
    auto target = config.names.target(*id);
    if (!target) return ignore(fmt::format("{} is watched no longer: {}", *id, why_not_ours(*id, config)));
    if (request.state == kTaskAfterState) return completed_with_its_task(*id, request.deployment_id);
    return Verify{.target = *std::move(target),
                  .deployment_id = request.deployment_id,
                  .task_definition = request.task_definition,
                  .started_at = parse_rfc3339(request.started_at).value_or(WallTime{}),
                  .at = parse_rfc3339(request.at).value_or(WallTime{}),
                  .until = parse_rfc3339(request.until).value_or(WallTime{}),
                  .state = request.state};
}

/// How it has ended is looked up by whoever hears of it: what the event says could be said by others.
Decision decide_task_after_ended(const TaskEnded& ended, const Config& config) {
    const auto json = parse_json(ended.request);
    const auto said = json ? find_string(*json, "s") : std::nullopt;
    const auto deployment = json ? find_string(*json, "d") : std::nullopt;
    const auto id = said && deployment ? config.names.canonical(*said) : std::nullopt;
    const auto target = id ? config.names.target(*id) : std::nullopt;
    if (!target) return ignore("the task ran after a deployment of a service that is none of ours any more");
    if (!ended.cluster.empty() && ended.cluster != target->cluster.str())
        return ignore(
            fmt::format("the task ran in the cluster {}, and {} is in {}", ended.cluster, target->id, target->cluster));
    return completed_with_its_task(*id, *deployment);
}

/// What the task was started for goes on, or, where it has failed, is told.
Decision decide_task_ended(const TaskEnded& ended, const Envelope& envelope, const Config& config) {
    if (ended.ran == TaskEnded::Ran::kAfter) return decide_task_after_ended(ended, config);
    const auto at = parse_rfc3339(envelope.time);
    const auto until = parse_rfc3339(ended.waited_for_until);
    if (at && until && *at < *until)
        return ignore("whoever has started the task before the deployment waits for its end, and goes on with it");
    auto request = request_of_json(ended.request, config);
    if (!request) return ignore(fmt::format("nothing follows the task: {}", request.error().message));
    if (!request->before)
        return ignore(fmt::format("nothing follows the task: none runs before {} any more", request->target.id));
    if (!ended.cluster.empty() && ended.cluster != request->target.cluster.str())
        return ignore(fmt::format("the task ran in the cluster {}, and {} is in {}", ended.cluster, request->target.id,
                                  request->target.cluster));
    return Deploy{.requests = {*std::move(request)}, .skipped = {}};
}

/// What was held is what is deployed; whether that is still needed is found out then.
Decision decide_thaw(const ThawRequest& thaw, const Config& config) {
    auto request = request_of_json(thaw.request, config);
    if (!request) return ignore(request.error().message);
    const auto id = request->target.id;
    if (!thaw.by_person && !config.deploys_on_events(id))
        return Ignore{
            .reason = fmt::format("{} was held, and automatic deployments of it have been switched off since ({})", id,
                                  config.called("AUTO_DEPLOY_MAP", id)),
            .skipped = {{.service = id.str(), .reason = "automatic deployments are off"}},
            .hint = fmt::format("it was to be deployed because {}", one_line(request->reason, kLongestText))};
    request->kept_for_person = thaw.by_person;
    request->told_held = thaw.told;
    return Deploy{.requests = {*std::move(request)}, .skipped = {}};
}

struct Decide {
    const Event& event;
    const Config& config;
    const Home& home;

    [[nodiscard]] Place where() const { return {.account = event.envelope.account, .region = event.envelope.region}; }

    Result<Decision> operator()(const EcrImageAction& push) const { return decide_ecr(push, config, where()); }
    Result<Decision> operator()(const ParameterChange& change) const { return decide_ssm(change, config, where()); }
    Result<Decision> operator()(const SecretChange& change) const { return decide_secret(change, config, where()); }
    Result<Decision> operator()(const S3ObjectChange& change) const { return decide_s3(change, config); }
    Result<Decision> operator()(const EcsServiceEvent& service_event) const {
        return decide_ecs(service_event, config);
    }
    /// Before it comes here, the group's service has been looked up, and made it one of ECS's (EventHandler).
    Result<Decision> operator()(const CodeDeployChange& change) const {
        return ignore(config.code_deploy
                          ? fmt::format("{} of the deployment group {}/{} is no news of a service of ours",
                                        change.state, change.application, change.group)
                          : fmt::format("{} is off", config.called("CODE_DEPLOY")));
    }
    Result<Decision> operator()(const ManualRequest& request) const {
        return decide_manual(request, event.envelope.source, config, home);
    }
    Result<Decision> operator()(const LifecycleHookCall& call) const { return decide_hook(call, config); }
    Result<Decision> operator()(const SweepRequest& request) const { return Sweep{.scheduled = request.scheduled}; }
    Result<Decision> operator()(const VerifyRequest& request) const { return decide_verify(request, config); }
    Result<Decision> operator()(const ApprovalEvent& approval) const {
        const bool asked =
            approval.what == ApprovalEvent::What::kApprove || approval.what == ApprovalEvent::What::kReject;
        if (asked && !config.manual_enabled)
            return ignore("manual requests do not deploy (ENABLE_MANUAL_DEPLOY is off)");
        return AnswerApproval{.event = approval};
    }
    Result<Decision> operator()(const TaskEnded& ended) const {
        return decide_task_ended(ended, event.envelope, config);
    }
    Result<Decision> operator()(const ThawRequest& request) const { return decide_thaw(request, config); }
    Result<Decision> operator()(const PipelineStep& step) const { return StepPipeline{.run = step.run}; }
    Result<Decision> operator()(const OtherEvent& other) const { return ignore(other.reason); }
    /// It has its answer before it comes here (FrontDoor).
    Result<Decision> operator()(const HttpCall& call) const {
        return ignore(
            fmt::format("{} {} is answered at the door, and deploys nothing by itself", call.method, call.path));
    }
};

/// Why nothing of what was found may deploy this service, which no map names.
std::optional<std::string> why_held(const ServiceId& id, const Config& config) {
    const auto* found = config.discovered == nullptr ? nullptr : config.discovered->find(id);
    if (found == nullptr) return std::nullopt;
    if (!found->cannot_deploy.empty()) return fmt::format("{} cannot be deployed: {}", id, found->cannot_deploy);
    if (!found->rules.held.empty()) return fmt::format("no event deploys {}: {}", id, found->rules.held);
    return std::nullopt;
}

}  // namespace

Result<Decision> decide(const Event& event, const Config& config, const Home& home) {
    const auto elsewhere = why_not_for_us(event, config, home);
    auto decision = elsewhere && !std::holds_alternative<OtherEvent>(event.body)
                        ? ignore(*elsewhere)
                        : std::visit(Decide{.event = event, .config = config, .home = home}, event.body);
    if (decision) {
        tidy(*decision);
        // What follows a task, and what was held, has its own times and places.
        const bool is_kept =
            std::holds_alternative<TaskEnded>(event.body) || std::holds_alternative<ThawRequest>(event.body);
        if (!is_kept) add_envelope(*decision, event.envelope, config);
        add_strategies(*decision, config);
        add_pipelines(*decision, config);
    } else {
        tidy(decision.error().message);
    }
    return decision;
}

bool may_concern_tasks(const Event& event, const Config& config) {
    if (const auto* push = std::get_if<EcrImageAction>(&event.body)) return is_push_of_an_image(*push, config);
    const auto* request = std::get_if<ManualRequest>(&event.body);
    return request != nullptr && request->service && task_id(*request->service).has_value();
}

bool may_concern_an_unknown_service(const Event& event, const Result<Decision>& decision, const Config& config) {
    if (!config.discovery) return false;
    if (decision) {
        // Tasks that no service runs may have matched, whatever services there are.
        if (const auto* deploy = std::get_if<Deploy>(&*decision)) return deploy->requests.empty();
        const auto* nothing = std::get_if<Ignore>(&*decision);
        return nothing != nullptr && nothing->unmatched;
    }
    const auto* request = std::get_if<ManualRequest>(&event.body);
    if (request == nullptr || !request->service) return false;
    const auto id = config.names.canonical(*request->service);
    return id && !config.names.target(*id);
}

std::string name_of(const WantedImage& wanted) {
    if (wanted.repository.empty()) return wanted.tag;
    return with_tag_and_digest({.registry = wanted.registry, .repository = wanted.repository, .tag = {}, .digest = {}},
                               wanted.tag, wanted.digest);
}

bool is_own_revision(const TaskDefinition& revision, const EcsTarget& target) {
    auto name = std::string_view(revision.str());
    if (name.starts_with("arn:")) name.remove_prefix(std::min(name.size(), name.find('/') + 1));
    const auto family = name.substr(0, name.find(':'));
    return family == target.family.str() || family == rollback_family(target.family).str();
}

std::optional<std::string> why_not_by_event(const WantedStrategy& strategy) {
    if (!strategy.hooks ||
        std::ranges::none_of(*strategy.hooks, [](const auto& hook) { return !hook.function.empty(); }))
        return std::nullopt;
    return "a hook of the type lambda belongs into the configuration, not into a request";
}

Decision ignore(std::string reason) { return Ignore{.reason = std::move(reason)}; }

Decision unmatched(std::string reason) { return Ignore{.reason = std::move(reason), .unmatched = true}; }

void keep_existing(std::vector<ServiceId>& by_pattern, const Config& config) {
    if (config.names.are_discovered())
        std::erase_if(by_pattern, [&](const ServiceId& id) { return !config.names.target(id); });
}

void add(std::vector<ServiceId>& services, std::vector<ServiceId> more) {
    for (auto& id : more)
        if (std::ranges::find(services, id) == services.end()) services.push_back(std::move(id));
}

std::string why_not_ours(const ServiceId& id, const Config& config) {
    if (config.names.are_discovered()) return fmt::format("{} is not in {}", id, clusters_in_words(config));
    if (config.names.has_service_map()) return fmt::format("{} is not in {}", id, config.called("ECS_SERVICE_MAP"));
    return fmt::format("the patterns ({}, {}) leave no name for {}", config.called("SERVICE_NAME_PATTERN"),
                       config.called("TASK_FAMILY_PATTERN"), id);
}

Decision deploy_automatically(std::vector<ServiceId> ids, const std::string& reason, const Config& config,
                              const std::function<std::optional<std::string>(const ServiceId&)>& why_not) {
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());

    Deploy deploy;
    for (const auto& id : ids) {
        auto target = config.names.target(id);
        if (!target) {
            deploy.skipped.push_back({.service = id.str(), .reason = why_not_ours(id, config)});
        } else if (!config.deploys_on_events(id)) {
            deploy.skipped.push_back({.service = id.str(),
                                      .reason = fmt::format("automatic deployments of {} are off ({})", id,
                                                            config.called("AUTO_DEPLOY_MAP", id))});
        } else if (auto held = why_held(id, config)) {
            deploy.skipped.push_back({.service = id.str(), .reason = *std::move(held)});
        } else if (auto why = why_not ? why_not(id) : std::nullopt) {
            deploy.skipped.push_back({.service = id.str(), .reason = *std::move(why)});
        } else {
            deploy.requests.push_back(
                {.target = *std::move(target), .task_definition = std::nullopt, .reason = reason});
        }
    }
    if (!deploy.requests.empty()) return deploy;

    std::vector<std::string> why;
    why.reserve(deploy.skipped.size());
    for (const auto& service : deploy.skipped) why.push_back(service.reason);
    return Ignore{.reason = fmt::format("{}, but {}", reason, join(why, "; ")), .skipped = std::move(deploy.skipped)};
}

}  // namespace ci_lambda
