#include "deployer/start/service_deployment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "base/retry.hpp"
#include "deployer/start/strategy.hpp"

namespace ci_lambda {
namespace {

/// What was looked up is as good as new for that long: about as long as the calls of one attempt take.
constexpr std::chrono::seconds kMoment{2};

/// Where ECS is so slow that what was seen is old when all is known, something has to be sent all the same.
constexpr int kMostLooks = 4;

/// What is only there to say more keeps nobody waiting for long.
constexpr Milliseconds kLongestToNameImages{5000};

/// May UpdateService be sent?
Status check_service(const EcsTarget& target, const DescribedServices& described) {
    for (const auto& failure : described.failures) {
        if (failure.name != target.service) continue;
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS does not know the service {} in cluster {} ({}); check SERVICE_NAME_PATTERN, "
                                "ECS_SERVICE_MAP or the configuration document",
                                target.service, target.cluster, failure.reason));
    }
    const auto* service = described.find(target.service);
    if (service == nullptr) return {};  // neither described nor missing: let UpdateService find out
    if (service->status != "ACTIVE")
        return fail(ErrorKind::kRejected, fmt::format("the service {} is {}, and only an ACTIVE one can be deployed",
                                                      target.service, service->status));
    if (!can_be_updated(*service)) return std::unexpected(why_it_cannot_be_updated(*service));
    return {};
}

AcceptedDeployment as_accepted(const EcsDeployment& deployment) {
    return {.deployment_id = deployment.id,
            .task_definition = deployment.task_definition,
            .created_at = deployment.created_at};
}

std::vector<LogField> fields_of(const DeploymentReport& report) {
    std::vector<LogField> fields{{log_key::kService, report.target.id.str()},
                                 {"cluster", report.target.cluster.str()},
                                 {"ecs_service", report.target.service.str()},
                                 {log_key::kReason, report.reason},
                                 {"attempts", report.attempts}};
    if (!report.task_definition.empty()) fields.emplace_back(log_key::kTaskDefinition, report.task_definition);
    if (!report.deployment_id.empty()) fields.emplace_back(log_key::kDeploymentId, report.deployment_id);
    return fields;
}

}  // namespace

ServiceDeployment::ServiceDeployment(Options options, Context context, const DeploymentRequest& request,
                                     ServiceSnapshots& snapshots, Deadline deadline)
    : options_(options),
      context_(context),
      request_(request),
      snapshots_(snapshots),
      deadline_(deadline),
      asked_at_(context.clock.now()),
      push_(context.ecs, &context.registries, context.logger, request, wanted_since()),
      replicas_(&context.registries, request.target.id.str(), context.clock, context.sleeper, context.logger),
      before_({.tasks = context.tasks,
               .ecs = context.ecs,
               .last_words = context.last_words,
               .clock = context.clock,
               .sleeper = context.sleeper,
               .logger = context.logger,
               .on_wait = context.on_wait},
              request, wanted_since()) {}

DeploymentReport ServiceDeployment::run() {
    DeploymentReport report{.target = target(), .reason = request_.reason};
    auto outcome = with_retries<Outcome>(
        {.max_retries = options_.max_retries}, context_.clock, context_.sleeper, deadline_,
        [&](const RetryNotice& notice) { log_retry(notice); }, report.attempts, [&] { return attempt(); });
    if (!outcome && unacknowledged_) {
        // The last chance to tell the truth about it.
        if (auto begun = look_once_more()) outcome = *std::move(begun);
    }
    finish(report, std::move(outcome));
    return report;
}

Result<ServiceDeployment::Outcome> ServiceDeployment::attempt() {
    for (;;) {
        if (!options_.dry_run) TRY(context_.ecs.take_turn_to_update(deadline_));
        auto instead = what_happens_instead();
        if (instead && !*instead) return update();
        if (!options_.dry_run) context_.ecs.give_turn_back();
        if (!instead) return std::unexpected(std::move(instead).error());
        if (waits_for_task_) {
            TRY_ASSIGN(const bool ended, before_.wait_for_end(deadline_));
            if (!ended)
                return Outcome{.deployment = {.task_definition = chosen_->revision.str()},
                               .barrier = before_.barrier()};
            continue;
        }
        if (missing_.empty()) return **std::move(instead);
        TRY(replicas_.wait_for(missing_, deadline_));
    }
}

/// Looks, decides, and waits where it has to, after which all begins anew. `nullopt`: UpdateService is to be sent, now.
/// Where `missing_` or `waits_for_task_` says what has to come first, what is returned means nothing.
Result<std::optional<ServiceDeployment::Outcome>> ServiceDeployment::what_happens_instead() {
    records_unreadable_ = false;
    missing_.clear();
    waits_for_task_ = false;
    for (int looks = 1;; ++looks) {
        TRY(look());
        TRY(pre_flight());
        TRY(choose());
        if (auto begun = begun_unacknowledged()) return begun;
        if (chosen_->choice.hold) return held_back();
        if (auto nothing = nothing_for_this_push()) return nothing;
        TRY_ASSIGN(auto replicas_to_come, replicas());
        TRY_ASSIGN(const bool are_there, replicas_.are_there(replicas_to_come, deadline_));
        if (!are_there) {
            missing_ = std::move(replicas_to_come);
            return Outcome{};
        }
        const bool registers = push_.is_to_be_registered();
        if (ecs_writes_revisions()) {
            TRY_ASSIGN(auto nothing, nothing_for_this_express_service());
            if (nothing) return nothing;
        } else if (registers && !options_.dry_run) {
            TRY_ASSIGN(auto closed, what_stands_in_the_way());
            if (closed) return closed;
            TRY(push_.register_it(deadline_));
            continue;
        }
        const auto has = registers ? HasChange::kNo : has_the_change(*view_, chosen_->revision, needed_since());
        if (has == HasChange::kPerhaps && !waited_ && wait_until(settled_at(there_since()))) {
            waited_ = true;
            continue;
        }
        if (has == HasChange::kYes)
            return Outcome{.deployment = as_accepted(*view_->primary()),
                           .already = already_in_words(*view_->primary()),
                           .failed = false,
                           .wanted = !request_.wanted.empty()};
        if (!registers)
            if (auto failed = failed_already()) return failed;
        if (auto newer = newer_than_ours()) return newer;
        const auto* service = view_->service();
        if (service != nullptr && !express_)
            if (auto why = why_no_more_deployments(*service)) return fail(ErrorKind::kBusy, *std::move(why));
        TRY_ASSIGN(auto closed, what_stands_in_the_way());
        if (closed) return closed;
        if (chosen_->choice.pin && !pin_ && !options_.dry_run) {
            TRY(register_pin(*chosen_->choice.pin));
            continue;
        }
        TRY_ASSIGN(const auto first, task_before());
        if (first && !options_.dry_run) {
            TRY_ASSIGN(const bool done, before_.is_done(*first, deadline_));
            if (!done) {
                waits_for_task_ = true;
                return Outcome{};
            }
        }
        would_run_before_ = first.has_value();
        if (options_.dry_run && service != nullptr)
            change_of_strategy_ = change_of_configuration(strategy(), *service, false).words;
        if (options_.dry_run) return Outcome{.deployment = {.task_definition = chosen_->revision.str()}};
        if (is_old() && looks < kMostLooks) continue;
        if (unacknowledged_) warn_of_a_second_rollout();
        return std::nullopt;
    }
}

/// What was seen, when all is known.
bool ServiceDeployment::is_old() {
    const auto& history = view_->history_so_far();
    // Records that could not be read a moment ago are not asked for again: that would only take longer still.
    records_unreadable_ = history && history->unknown;
    return context_.clock.now() - view_->asked_at() > kMoment || (history && history->waited) ||
           others_have_seen_another();
}

/// A look for another service of the same call, after this one's, has found another PRIMARY here: however little time
/// has passed, what is known to the process is not undone.
bool ServiceDeployment::others_have_seen_another() const {
    const auto last = snapshots_.last();
    if (last == nullptr || !last->services) return false;
    const auto* service = last->services->find(target().service);
    const auto* shown = service == nullptr ? nullptr : service->primary();
    const auto* known = view_->primary();
    return shown != nullptr && (known == nullptr || known->id != shown->id);
}

/// The snapshots of services are shared with the other services.
Status ServiceDeployment::look() {
    const auto began = context_.clock.now();
    auto not_before = began - kMoment;
    if (unacknowledged_) not_before = std::max(not_before, unacknowledged_->given_up_at + Milliseconds{1});
    Result<std::vector<TaskDefinition>> active{};
    if (!request_.task_definition) {
        const bool both = options_.alone && !snapshots_.taken_since(not_before);
        active = both ? snapshots_.take_with_revisions(target().family, deadline_)
                      : context_.ecs.active_task_definitions(target().family, deadline_);
        if (both) not_before = began;  // nobody else looks: it came after what was lost, be it in the same moment
        // An Express service need not have the family that a pattern makes.
        if (!active && active.error().kind != ErrorKind::kNotFound) return std::unexpected(std::move(active).error());
    }
    auto snapshot = snapshots_.take(not_before, deadline_);
    // It failed before this attempt began: that is no reason for this one to fail.
    if (!snapshot->services && snapshot->services.error().retryable() && snapshot->asked_at < began)
        snapshot = snapshots_.take(snapshot->asked_at + Milliseconds{1}, deadline_);
    view_.emplace(target(), std::move(snapshot), context_.observer, deadline_, records_unreadable_);
    TRY(look_at_express());
    active_.clear();
    if (request_.task_definition) {
        listed_ = request_.task_definition;
    } else if (ecs_writes_revisions()) {
        listed_ = TaskDefinition(express_->runs.task_definition);
    } else if (!active) {
        return std::unexpected(std::move(active).error());
    } else {
        listed_ = active->front();
        active_ = *std::move(active);
    }
    return {};
}

Status ServiceDeployment::look_at_express() {
    express_.reset();
    const auto* service = view_->service();
    if (service == nullptr || !service->express || service->status != "ACTIVE") return {};
    TRY_ASSIGN(express_, find_express(context_.ecs, *service, deadline_));
    return {};
}

Status ServiceDeployment::pre_flight() {
    if (ecs_writes_revisions() && request_.task_definition)
        return fail(
            ErrorKind::kRejected,
            fmt::format("{} is an Express service, whose task definition ECS writes: it takes no revision; name "
                        "the image instead: ci_lambda deploy {} --image-tag TAG",
                        target().service, target().id));
    const auto& described = view_->answer();
    if (described) {
        TRY(check_service(target(), *described));
        return check_strategy();
    }
    if (strategy() != nullptr)
        return std::unexpected(with_context(
            described.error(), fmt::format("whether {} can have the strategy {} is not known, and nothing is sent",
                                           target().service, in_words(*strategy()))));
    if (described.error().kind != ErrorKind::kAccessDenied) return std::unexpected(described.error());
    // The origin's IAM policy has no ecs:DescribeServices; its users must not be stopped by our looking first.
    if (!context_.warned.exchange(true))
        context_.logger.warn("services are not looked at before they are updated: allow ecs:DescribeServices",
                             {{log_key::kError, described.error().message}});
    return {};
}

/// The newest revision, or the one that was asked for; or another one, when the newest was taken back.
const WantedStrategy* ServiceDeployment::strategy() const {
    const auto& wanted = request_.strategy_once ? request_.strategy_once : request_.strategy;
    return wanted && wanted->type != WantedStrategy::Type::kKeep ? &*wanted : nullptr;
}

/// Before ECS refuses, and before anything is registered.
Status ServiceDeployment::check_strategy() const {
    const auto* wanted = strategy();
    const auto* service = view_->service();
    if (wanted == nullptr || service == nullptr) return {};
    if (auto why = why_not_with(*wanted, *service)) return fail(ErrorKind::kRejected, *std::move(why));
    return {};
}

/// It is the service's own configuration that changes, and ECS keeps that.
void ServiceDeployment::say_configuration_change(DeploymentReport& report) const {
    if (change_of_strategy_.empty()) return;
    std::string then = "ECS keeps it for the deployments that follow";
    if (request_.strategy_once)
        then += request_.strategy ? fmt::format(", until the next one brings back what is configured, {}",
                                                in_words(*request_.strategy))
                                  : ", as no strategy is configured";
    report.notes.push_back(fmt::format("the service's deployment configuration {}: {}; {}",
                                       options_.dry_run ? "would change" : "changes", change_of_strategy_, then));
    context_.logger.info(
        options_.dry_run ? "deployment configuration would change" : "deployment configuration changes",
        {{log_key::kService, target().id.str()}, {"change", change_of_strategy_}});
}

Status ServiceDeployment::choose() {
    chosen_ = ChosenRevision{.newest = *listed_, .revision = *listed_, .choice = {}, .left_out = {}};
    // Of revisions that ECS writes there is none to choose: what runs is the newest.
    if (!ecs_writes_revisions()) {
        RevisionChooser chooser({.dry_run = options_.dry_run, .rollback_on_failure = options_.rollback_on_failure},
                                context_.ecs, context_.observer, context_.may_not_describe);
        TRY_ASSIGN(chosen_, chooser.choose(request_, *listed_, *view_, deadline_));
    }
    if (chosen_->choice.pin && pin_) chosen_->revision = *pin_;
    const auto* primary = view_->primary();
    TRY(push_.look_at(*chosen_, active_, primary == nullptr ? std::string{} : primary->task_definition, deadline_));
    context_.logger.debug("deployment revision chosen", {{log_key::kService, target().id.str()},
                                                         {"task_family", target().family.str()},
                                                         {log_key::kTaskDefinition, chosen_->revision.str()}});
    return {};
}

/// What runs already has had its task, and so has what ran well before.
Result<std::optional<TaskBefore::Plan>> ServiceDeployment::task_before() const {
    if (!request_.before || context_.tasks == nullptr || chosen_->choice.pin) return std::nullopt;
    const auto* primary = view_->primary();
    const bool runs_already = primary != nullptr && primary->task_definition == chosen_->revision.str();
    if (runs_already && push_.images().empty()) return std::nullopt;
    const auto* service = view_->service();
    if (service == nullptr || service->express)
        return fail(ErrorKind::kRejected,
                    fmt::format("the task {} cannot run before {}: {}", request_.before->name, target().service,
                                service == nullptr ? "where its tasks run is not known (ecs:DescribeServices)"
                                                   : "it is an Express service, whose tasks ECS starts itself"));
    return TaskBefore::Plan{.placement = service->task_placement,
                            .balanced_container = service->balanced_container,
                            .revision = chosen_->revision,
                            .pushed = push_.images()};
}

Status ServiceDeployment::register_pin(const EcsServiceRevision& good) {
    const RollbackCopy copy{.stands_for = short_name(good.task_definition),
                            .rollback_of = short_name(chosen_->newest.str()),
                            .by_person = chosen_->left_out->by_person,
                            .reason = "its images were rolled back",
                            .bad_since = chosen_->left_out->since};
    TRY_ASSIGN(pin_, context_.ecs.register_pinned_copy(good, rollback_family(target().family), copy.tags(), deadline_));
    return {};
}

/// A revision that nobody may read says nothing of where its images come from.
Result<std::vector<Replica>> ServiceDeployment::replicas() {
    const auto& pushed = push_.images();
    const auto has_replica = [](const PushedImage& image) { return !image.replica_region.empty(); };
    if (options_.dry_run || std::ranges::none_of(pushed, has_replica)) return std::vector<Replica>{};
    if (const auto* put = push_.to_be_registered()) {
        std::vector<EcsTaskDefinition::Image> images;
        for (const auto& change : put->changes) images.push_back({.container = change.container, .image = change.to});
        return replicas_in(images, pushed);
    }
    if (chosen_->revision.empty()) return std::vector<Replica>{};  // what stays has digests that are here
    if (const auto known = context_.revision_images.find(chosen_->revision, deadline_))
        return replicas_in(known->images, pushed);
    const auto described = context_.ecs.describe_task_definition(chosen_->revision, deadline_);
    if (described) return replicas_in(described->images, pushed);
    if (described.error().kind != ErrorKind::kAccessDenied) return std::unexpected(described.error());
    context_.logger.warn(
        "deployment does not wait for what may have to be replicated: allow ecs:DescribeTaskDefinition",
        {{log_key::kService, target().id.str()}, {log_key::kError, described.error().message}});
    return std::vector<Replica>{};
}

std::optional<WallTime> ServiceDeployment::needed_since() const {
    const auto since = push_.needed_since();
    const bool whenever_it_began = since == WallTime{};
    return since && !whenever_it_began ? std::max(*since, replicas_.arrived_at()) : since;
}

Result<std::optional<ServiceDeployment::Outcome>> ServiceDeployment::what_stands_in_the_way() {
    PlannedDeployment planned{.service = view_->service(), .revision = chosen_->revision, .pushed = push_.images()};
    if (const auto& described = view_->answer(); !described) planned.unseen = described.error();
    if (const auto registration = push_.is_to_be_registered() ? push_.registration() : std::nullopt) {
        planned.revision = registration->base;
        planned.changes = registration->changes;
    }
    TRY_ASSIGN(auto barrier, context_.gate.barrier(request_, planned, deadline_));
    passed_ = barrier && !barrier->overridden.empty()
                  ? fmt::format("{} (passed all the same: {})", barrier->words, barrier->overridden)
                  : std::string();
    if (!barrier || !barrier->overridden.empty()) return std::nullopt;
    return Outcome{.deployment = {.task_definition = chosen_->revision.str()}, .barrier = std::move(barrier)};
}

/// An Express service keeps no revision that was taken back, but ECS's records have the digests.
Result<std::optional<ServiceDeployment::Outcome>> ServiceDeployment::nothing_for_this_express_service() {
    // How many revisions one DescribeServiceRevisions takes.
    constexpr std::size_t kPastRevisions = 20;
    const bool changes = push_.is_to_be_registered();
    if (changes && !request_.wanted.empty()) return std::nullopt;
    const auto& history = view_->history();
    if (history.unknown)
        return fail(ErrorKind::kBusy,
                    "whether the Express service goes back is not known: ECS does not answer ListServiceDeployments");
    if (!changes) {
        if (!history.records.empty() && is_rolling_back(history.records.front().status))
            return fail(ErrorKind::kBusy,
                        "ECS is rolling the Express service back, and what it runs is about to change");
        return std::nullopt;
    }
    std::vector<std::string> arns;
    for (const auto& record : history.records)
        if (arns.size() < kPastRevisions && !record.target_revision.empty()) arns.push_back(record.target_revision);
    if (arns.empty()) return std::nullopt;
    TRY_ASSIGN(const auto revisions, context_.observer.revisions(arns, deadline_));
    const auto why = why_taken_back(push_.images(), history, revisions);
    const auto* primary = view_->primary();
    if (why.empty() || primary == nullptr) return std::nullopt;
    return Outcome{.deployment = as_accepted(*primary), .already = "not deployed: " + why};
}

Result<AcceptedDeployment> ServiceDeployment::send() {
    if (express_) return send_to_express();
    const auto* service = view_->service();
    UpdateServiceRequest request{
        .cluster = target().cluster, .service = target().service, .task_definition = chosen_->revision};
    if (service != nullptr && service->by_code_deploy) {
        request.reason = request_.reason;
        request.goes_back_alone = options_.rollback_on_failure;
    } else if (service != nullptr) {
        auto change = change_of_configuration(strategy(), *service, options_.rollback_on_failure);
        request.deployment_configuration = std::move(change.json);
        change_of_strategy_ = std::move(change.words);
    }
    return context_.ecs.update_service(request, deadline_);
}

/// There is no `forceNewDeployment`: the same configuration once more is all that can be asked for.
Result<AcceptedDeployment> ServiceDeployment::send_to_express() {
    UpdateExpressRequest request{.service = express_->arn, .primary_container = {}};
    if (ecs_writes_revisions()) {
        request.primary_container = express_->runs.primary_container;
        const auto* put = push_.to_be_registered();
        tags_to_write_ = put == nullptr ? EcsTags{} : put->tags;
        // One container, and so one change.
        if (put != nullptr) request.image = put->changes.front().to;
    } else {
        request.task_definition = chosen_->revision;
    }
    auto accepted = context_.ecs.update_express_service(request, deadline_);
    if (!accepted)
        return std::unexpected(with_context(std::move(accepted).error(),
                                            fmt::format("the Express service {} was not updated", target().service)));
    const auto* primary = view_->primary();
    if (primary != nullptr && !primary->id.empty() && accepted->deployment_id == primary->id)
        return fail(ErrorKind::kRejected,
                    fmt::format("ECS began no deployment of the Express service {}: nothing in its configuration has "
                                "changed, and a new deployment cannot be forced; name an image by its digest "
                                "(ECR_DEPLOY_MODE=revision does so for pushes)",
                                target().service));
    tag_what_ecs_wrote(*accepted);
    return accepted;
}

/// So that an older push finds out that it is older, and the news what was deployed. Nothing fails for it.
void ServiceDeployment::tag_what_ecs_wrote(const AcceptedDeployment& deployment) {
    auto tags = std::exchange(tags_to_write_, {});
    std::erase_if(tags, [](const auto& tag) { return !tag.first.starts_with("ci_lambda:"); });
    if (tags.empty() || deployment.task_definition.empty()) return;
    const auto tagged = context_.ecs.tag_task_definition(deployment.task_definition, tags, deadline_);
    if (tagged) return;
    context_.logger.warn("revision not tagged with what was pushed: an older push that comes late may take its place",
                         {{log_key::kService, target().id.str()},
                          {log_key::kTaskDefinition, deployment.task_definition},
                          {"needs", "ecs:TagResource"},
                          {log_key::kError, tagged.error().message}});
}

Result<ServiceDeployment::Outcome> ServiceDeployment::update() {
    const auto sent_at = context_.clock.now();
    auto accepted = send();
    if (accepted) return Outcome{.deployment = *std::move(accepted)};
    if (accepted.error().outcome_unknown) {
        // What was PRIMARY before the first one: a later one may be the work of an earlier one.
        const auto* primary = view_->primary();
        auto before = primary == nullptr ? std::string() : primary->id;
        if (unacknowledged_) before = unacknowledged_->primary_before;
        unacknowledged_ = {.sent_at = unacknowledged_ ? unacknowledged_->sent_at : sent_at,
                           .given_up_at = context_.clock.now(),
                           .primary_before = std::move(before),
                           .revision = ecs_writes_revisions() ? TaskDefinition{} : chosen_->revision};
        unacknowledged_choice_ = chosen_;
    }
    return std::unexpected(std::move(accepted).error());
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::nothing_for_this_push() const {
    auto why = push_.why_nothing();
    if (!why) return std::nullopt;
    const auto* primary = view_->primary();
    return Outcome{.deployment = primary == nullptr ? AcceptedDeployment{} : as_accepted(*primary),
                   .already = *std::move(why)};
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::held_back() const {
    const auto* primary = view_->primary();
    if (primary == nullptr) return std::nullopt;
    return Outcome{
        .deployment = as_accepted(*primary),
        .already = fmt::format("held back with {}, whose images are fixed", short_name(primary->task_definition))};
}

/// Where failures are rolled back, the same once more would only be rolled back once more: Lambda tries an event again
/// whose rollback could not begin.
std::optional<ServiceDeployment::Outcome> ServiceDeployment::failed_already() {
    // A person who asks once more means it.
    if (!options_.rollback_on_failure || !request_.wanted.empty()) return std::nullopt;
    const auto failed = failed_with_the_change(*view_, chosen_->revision, needed_since());
    if (!failed) return std::nullopt;
    return Outcome{.deployment = as_accepted(*failed), .already = already_in_words(*failed), .failed = true};
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::newer_than_ours() {
    if (request_.task_definition) return std::nullopt;
    const auto newer = newer_than(chosen_->revision, *view_, there_since());
    if (!newer) return std::nullopt;
    return Outcome{.deployment = as_accepted(*newer),
                   .already = fmt::format("{} with {}, which is newer", already_in_words(*newer),
                                          short_name(newer->task_definition))};
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::begun_unacknowledged() {
    if (!unacknowledged_) return std::nullopt;
    const auto begun = begun_since(*unacknowledged_, *view_);
    if (!begun) return std::nullopt;
    // Whoever began it, it does not have the image.
    if (ecs_writes_revisions() && push_.is_to_be_registered()) return std::nullopt;
    tag_what_ecs_wrote(as_accepted(*begun));
    chosen_ = unacknowledged_choice_;  // by now there may be nothing any more that was left out
    context_.logger.warn("deployment found at ECS, whose answer was lost",
                         {{log_key::kService, target().id.str()}, {log_key::kDeploymentId, begun->id}});
    return Outcome{.deployment = as_accepted(*begun)};
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::look_once_more() {
    const auto left = deadline_.remaining(context_.clock);
    if (left && *left <= Milliseconds{0}) return std::nullopt;
    if (!look()) return std::nullopt;
    if (ecs_writes_revisions() && !choose()) return std::nullopt;
    return begun_unacknowledged();
}

void ServiceDeployment::warn_of_a_second_rollout() const {
    const bool looked = view_->primary() != nullptr && !unacknowledged_->primary_before.empty();
    context_.logger.warn(
        looked ? "deployment retry: UpdateService is sent again; its answer was lost, and ECS shows nothing that "
                 "it began"
               : "deployment retry: UpdateService is sent again; its answer was lost, and nobody knows what became "
                 "of it",
        {{log_key::kService, target().id.str()}, {"may_start_a_second_rollout", true}});
}

/// False where the deadline does not allow it: rather a rollout too many than one that is dropped.
bool ServiceDeployment::wait_until(WallTime at) {
    const auto wait = std::chrono::ceil<Milliseconds>(at - context_.clock.now());
    if (wait <= Milliseconds{0}) return false;
    if (const auto left = deadline_.remaining(context_.clock); left && *left / 2 <= wait) return false;
    context_.logger.info("deployment waits: another one began at the moment of the change, and may not contain it",
                         {{log_key::kService, target().id.str()}, {"wait_ms", wait.count()}});
    context_.sleeper.sleep_for(wait);
    return true;
}

void ServiceDeployment::log_retry(const RetryNotice& notice) {
    std::vector<LogField> fields{{log_key::kService, target().id.str()},
                                 {log_key::kAttempt, notice.attempt},
                                 {log_key::kMaxRetries, notice.max_retries},
                                 {"wait_ms", notice.wait.count()},
                                 {log_key::kError, notice.error->message}};
    context_.logger.warn("deployment retry: the last attempt failed in a way that can heal", std::move(fields));
}

std::string ServiceDeployment::left_out_text() const {
    if (!chosen_ || !chosen_->left_out) return "";
    const bool by_person = chosen_->left_out->by_person;
    return fmt::format(" (not with {}, which {}: register a new revision, {}or deploy it by its number)",
                       short_name(chosen_->newest.str()), by_person ? "somebody has taken back" : "was rolled back",
                       by_person ? "" : "push a newer image of it, ");
}

/// What the revision brings of what was pushed. After all that matters: nothing waits for it.
void ServiceDeployment::name_images(DeploymentReport& report) {
    report.pushed = push_.images();
    if (report.pushed.empty() || report.task_definition.empty()) return;
    const auto revision = context_.revision_images.find(
        TaskDefinition(report.task_definition),
        Deadline::earlier(deadline_, Deadline::after(context_.clock, kLongestToNameImages)));
    if (!revision) return;
    report.images = images_named_by(*revision);
    report.not_brought = why_not_brought(*revision, report.pushed);
}

void ServiceDeployment::finish(DeploymentReport& report, Result<Outcome> outcome) {
    report.reason += left_out_text();
    report.notes = push_.notes();
    report.registration = push_.registration();
    report.last_words = before_.last_words();
    if (options_.dry_run && would_run_before_)
        report.notes.push_back(
            fmt::format("the task {} would run first, unless it has run for this already", request_.before->name));
    if (options_.dry_run) report.reason += push_.registration_text();
    if (chosen_) report.task_definition = chosen_->revision.str();
    if (chosen_ && chosen_->left_out) report.left_out = chosen_->newest.str();
    if (!outcome) {
        report.error = outcome.error();
        if (const auto* registered = push_.registered(); registered != nullptr)
            report.error->message +=
                fmt::format("; {} was registered for it and is not deployed", short_name(registered->str()));
        auto fields = fields_of(report);
        fields.emplace_back(log_key::kError, report.error->message);
        fields.emplace_back("error_kind", to_string(report.error->kind));
        context_.logger.error("deployment failed: it could not start", std::move(fields));
        return;
    }
    report.task_definition = outcome->deployment.task_definition;
    report.outcome = std::move(outcome->already);
    // A redeployment that needs not be sent does not bring what a sent one would not have brought.
    // What is yet to be registered brings what was pushed, whatever the revision names that it is made of.
    const bool is_still_to_come = push_.is_to_be_registered() && (options_.dry_run || outcome->barrier);
    if (report.outcome.empty() || request_.image_mode == ImageMode::kRedeploy) {
        if (is_still_to_come)
            report.pushed = push_.images();
        else
            name_images(report);
    }
    if (ecs_writes_revisions() && report.registration && !options_.dry_run && report.outcome.empty())
        report.registration->revision = TaskDefinition(report.task_definition);
    report.deployment_id = outcome->deployment.deployment_id;
    report.started_at = outcome->deployment.created_at;
    report.failed_before = outcome->failed;
    report.has_what_was_wanted = outcome->wanted;
    if (report.outcome.empty()) say_configuration_change(report);
    if (outcome->barrier) {
        report.barrier = std::move(outcome->barrier);
        report.outcome = fmt::format("{}{}", options_.dry_run ? "would wait: " : "", report.barrier->words);
        report.status = options_.dry_run ? DeploymentStatus::kDryRun : status_of(report.barrier->kind);
        context_.logger.info("deployment not sent: " + report.outcome, fields_of(report));
    } else if (!report.outcome.empty()) {
        report.status = DeploymentStatus::kAlreadyRolling;
        context_.logger.info("deployment not sent: " + report.outcome, fields_of(report));
    } else if (options_.dry_run) {
        report.status = DeploymentStatus::kDryRun;
        context_.logger.info("deployment not sent: this is a dry run", fields_of(report));
    } else {
        report.status = DeploymentStatus::kDeployed;
        report.passed = passed_;
        context_.memory.remember_started(report.deployment_id,
                                         {.reason = report.reason, .at = report.started_at, .pushed = report.pushed});
        context_.logger.info("deployment accepted by ECS", fields_of(report));
    }
}

}  // namespace ci_lambda
