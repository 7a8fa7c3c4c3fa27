#include "deployer/start/service_deployment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "base/retry.hpp"
#include "deployer/revision/named_revision.hpp"
#include "deployer/rollout/direction.hpp"
#include "deployer/start/coalescing.hpp"

namespace ci_lambda {
namespace {

/// What was looked up is as good as new for that long: about as long as the calls of one attempt take.
constexpr std::chrono::seconds kMoment{2};

/// Where ECS is so slow that what was seen is old when all is known, something has to be sent all the same.
constexpr int kMostLooks = 4;

/// How far back it matters how rollouts went; as many as one DescribeServiceRevisions takes.
constexpr std::size_t kPastRollouts = 20;

/// May UpdateService be sent?
Status check_service(const EcsTarget& target, const DescribedServices& described) {
    for (const auto& failure : described.failures) {
        if (failure.name != target.service) continue;
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS does not know the service {} in cluster {} ({}); check SERVICE_NAME_PATTERN or "
                                "ECS_SERVICE_MAP",
                                target.service, target.cluster, failure.reason));
    }
    const auto* service = described.find(target.service);
    if (service == nullptr) return {};  // neither described nor missing: let UpdateService find out
    if (service->status != "ACTIVE")
        return fail(ErrorKind::kRejected, fmt::format("the service {} is {}, and only an ACTIVE one can be deployed",
                                                      target.service, service->status));
    if (!can_be_updated(*service))
        return fail(ErrorKind::kRejected,
                    fmt::format("the service {} has the deployment controller {}, which UpdateService cannot drive",
                                target.service, service->deployment_controller));
    return {};
}

AcceptedDeployment as_accepted(const EcsDeployment& deployment) {
    return {.deployment_id = deployment.id,
            .task_definition = deployment.task_definition,
            .created_at = deployment.created_at};
}

/// Copies that were registered before copies had tags stand for what the rollout before them was.
std::optional<RollbackCopy> copy_by_its_place(const RevisionFacts& facts) {
    bool reached = false;
    for (const auto& rollout : facts.past) {
        if (rollout.revision.task_definition == facts.running) {
            reached = true;
        } else if (reached && revision_number(rollout.revision.task_definition, facts.family)) {
            return RollbackCopy{.stands_for = {},
                                .rollback_of = short_name(rollout.revision.task_definition),
                                .by_person = false,
                                .reason = {},
                                .bad_since = rollout.record.created_at};
        }
    }
    return std::nullopt;
}

/// Only then are the tags of the newest revision worth a call.
bool may_have_been_taken_back(const RevisionFacts& facts) {
    if (facts.running == facts.newest.str()) return false;
    if (facts.past.empty()) {  // nobody asked
        const auto running = revision_number(facts.running, facts.family);
        const auto newest = revision_number(facts.newest.str(), facts.family);
        return newest && (!running || *running < *newest);  // what runs may be a copy
    }
    return std::ranges::any_of(
        facts.past, [&](const auto& rollout) { return rollout.revision.task_definition == facts.newest.str(); });
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
      asked_at_(context.clock.now()) {}

DeploymentReport ServiceDeployment::run() {
    DeploymentReport report{.target = target(), .reason = request_.reason};
    auto outcome = with_retries<Outcome>(
        {.max_retries = options_.max_retries}, context_.clock, context_.sleeper, deadline_,
        [&](const RetryNotice& notice) { log_retry(notice); }, report.attempts, [&] { return attempt(); });
    if (!outcome && lost_) {
        // The last chance to tell the truth about it.
        if (auto begun = look_for_the_lost_one()) outcome = *std::move(begun);
    }
    finish(report, std::move(outcome));
    return report;
}

Result<ServiceDeployment::Outcome> ServiceDeployment::attempt() {
    if (!options_.dry_run) TRY(context_.ecs.take_turn_to_update(deadline_));
    auto instead = what_happens_instead();
    if (instead && !*instead) return update();
    if (!options_.dry_run) context_.ecs.give_turn_back();
    if (!instead) return std::unexpected(std::move(instead).error());
    return **std::move(instead);
}

/// Looks, decides, and waits where it has to, after which all begins anew. `nullopt`: UpdateService is to be sent, now.
Result<std::optional<ServiceDeployment::Outcome>> ServiceDeployment::what_happens_instead() {
    records_unreadable_ = false;
    for (int looks = 1;; ++looks) {
        TRY(look());
        TRY(pre_flight());
        TRY(choose());
        if (lost_) {
            if (auto begun = begun_since()) return begun;
        }
        if (choice_.hold) return held_back();
        auto has = has_the_change();
        if (has == HasChange::kPerhaps && !waited_ && wait_until(settled_at(wanted_since()))) {
            waited_ = true;
            continue;
        }
        if (has == HasChange::kYes) return Outcome{as_accepted(*primary()), already_in_words(*primary())};
        if (auto newer = newer_than_ours()) return newer;
        if (choice_.pin && !pin_ && !options_.dry_run) {
            TRY(register_pin(*choice_.pin));
            continue;
        }
        if (options_.dry_run) return Outcome{.deployment = {.task_definition = revision_->str()}};
        if (is_old() && looks < kMostLooks) continue;
        if (lost_) warn_of_a_second_rollout();
        return std::nullopt;
    }
}

/// What was seen, when all is known.
bool ServiceDeployment::is_old() {
    // Records that could not be read a moment ago are not asked for again: that would only take longer still.
    records_unreadable_ = history_ && history_->unknown;
    return context_.clock.now() - snapshot_->asked_at > kMoment || (history_ && history_->waited);
}

/// The looks at services are shared with the other services.
Status ServiceDeployment::look() {
    history_.reset();
    choice_ = {};
    const auto began = context_.clock.now();
    auto not_before = began - kMoment;
    if (lost_) not_before = std::max(not_before, lost_->at + Milliseconds{1});
    if (request_.task_definition) {
        newest_ = request_.task_definition;
    } else {
        const bool both = options_.alone && !snapshots_.taken_since(not_before);
        auto active = both ? snapshots_.take_with_revisions(target().family, deadline_)
                           : context_.ecs.active_task_definitions(target().family, deadline_);
        if (both) not_before = began;  // nobody else looks: it came after what was lost, be it in the same moment
        if (!active) return std::unexpected(std::move(active).error());
        newest_ = active->front();
    }
    snapshot_ = snapshots_.take(not_before, deadline_);
    const auto& services = snapshot_->services;
    // It failed before this attempt began: that is no reason for this one to fail.
    if (!services && services.error().retryable() && snapshot_->asked_at < began)
        snapshot_ = snapshots_.take(snapshot_->asked_at + Milliseconds{1}, deadline_);
    return {};
}

Status ServiceDeployment::pre_flight() {
    const auto& described = snapshot_->services;
    if (described) return check_service(target(), *described);
    if (described.error().kind != ErrorKind::kAccessDenied) return std::unexpected(described.error());
    // The origin's IAM policy has no ecs:DescribeServices; its users must not be stopped by our looking first.
    if (!context_.warned.exchange(true))
        context_.logger.warn("services are not looked at before they are updated: allow ecs:DescribeServices",
                             {{log_key::kError, described.error().message}});
    return {};
}

/// The newest revision, or the one that was asked for; or another one, when the newest was taken back.
Status ServiceDeployment::choose() {
    left_out_.reset();
    revision_ = newest_;
    if (request_.task_definition) return options_.dry_run ? check_what_is_asked_for() : Status{};
    TRY_ASSIGN(newest_, newest_with_running(*newest_));
    revision_ = newest_;
    if (!options_.rollback_on_failure && is_about_to_go_back())
        return fail(ErrorKind::kBusy, "ECS was asked to roll back what runs, and has not begun to");
    TRY_ASSIGN(const auto facts, revision_facts(*newest_));
    auto left_out = find_left_out(facts);
    std::optional<EcsTaskDefinition> newest;
    if (left_out || may_have_been_taken_back(facts)) {
        TRY_ASSIGN(newest, describe_if_allowed(*newest_));
    }
    if (!left_out && newest) left_out = taken_back_by_its_tags(facts, newest->tags);
    if (left_out) {
        choice_ = choose_revision(facts, left_out, newest, request_.images, request_.changed_at);
        if (choice_.left_out) {
            left_out_ = left_out;
            left_out_->by_person = choice_.by_person;
            revision_ = choice_.pin ? pin_.value_or(TaskDefinition(choice_.pin->task_definition)) : choice_.revision;
        }
    }
    context_.logger.debug("deployment revision chosen", {{log_key::kService, target().id.str()},
                                                         {"task_family", target().family.str()},
                                                         {log_key::kTaskDefinition, revision_->str()}});
    return {};
}

/// A real deployment would be refused by ECS.
Status ServiceDeployment::check_what_is_asked_for() {
    const auto found = find_named_revision(context_.ecs, target(), *request_.task_definition, deadline_);
    if (found || found.error().kind == ErrorKind::kAccessDenied) return {};
    return std::unexpected(found.error());
}

Result<std::optional<EcsTaskDefinition>> ServiceDeployment::describe_if_allowed(const TaskDefinition& revision) {
    if (context_.may_not_describe) return std::nullopt;
    auto described = context_.ecs.describe_task_definition(revision, deadline_);
    if (described) return *std::move(described);
    if (described.error().retryable()) return std::unexpected(std::move(described).error());
    if (described.error().kind == ErrorKind::kAccessDenied) context_.may_not_describe = true;
    return std::nullopt;
}

/// What runs may be newer than what ECS lists: the list is late, or somebody has deregistered what runs well. Never
/// anything older than that.
Result<TaskDefinition> ServiceDeployment::newest_with_running(TaskDefinition newest) {
    const auto* running = primary();
    if (running == nullptr) return newest;
    const auto listed = revision_number(newest.str(), target().family);
    const auto runs = revision_number(running->task_definition, target().family);
    if (!listed || !runs || *runs <= *listed) return newest;
    TRY_ASSIGN(const auto described, describe_if_allowed(TaskDefinition(running->task_definition)));
    if (!described || described->status.empty() || described->status == "ACTIVE")
        return TaskDefinition(running->task_definition);
    if (running->rollout_state != RolloutState::kCompleted) return newest;
    return fail(ErrorKind::kRejected,
                fmt::format("the service runs {}, which somebody has deregistered, and the newest ACTIVE revision is "
                            "older ({}); register a new one, or deploy one by its number",
                            short_name(running->task_definition), short_name(newest.str())));
}

/// Somebody has just asked ECS to take it back: what is deployed now, over the very revision, would undo that. Where
/// failures are rolled back the records say what to deploy instead.
bool ServiceDeployment::is_about_to_go_back() {
    const auto* running = primary();
    if (running == nullptr || running->rollout_state != RolloutState::kInProgress || !runs(*running, *newest_))
        return false;
    const auto& records = history().records;
    return !records.empty() && records.front().status == ServiceDeploymentStatus::kRollbackRequested;
}

Result<RevisionFacts> ServiceDeployment::revision_facts(TaskDefinition newest) {
    RevisionFacts facts{.family = target().family, .newest = std::move(newest), .running = {}, .copy = {}, .past = {}};
    const auto* running = primary();
    if (running == nullptr) return facts;
    facts.running = running->task_definition;
    if (options_.rollback_on_failure) {
        TRY_ASSIGN(facts.past, past_rollouts());
    }
    if (revision_number(facts.running, rollback_family(target().family))) {
        TRY_ASSIGN(const auto described, describe_if_allowed(TaskDefinition(facts.running)));
        if (described) facts.copy = RollbackCopy::read(described->tags);
        if (!facts.copy) facts.copy = copy_by_its_place(facts);
    }
    return facts;
}

Result<std::vector<PastRollout>> ServiceDeployment::past_rollouts() {
    const auto& all = history();
    if (all.unknown)
        return fail(ErrorKind::kBusy,
                    "whether the newest revision was rolled back is not known: ECS does not answer "
                    "ListServiceDeployments");
    std::vector<PastRollout> past;
    std::vector<std::string> arns;
    for (const auto& record : all.records) {
        if (past.size() == kPastRollouts) break;
        past.push_back({.record = record, .revision = {}});
        if (!record.target_revision.empty() && std::ranges::find(arns, record.target_revision) == arns.end())
            arns.push_back(record.target_revision);
    }
    if (arns.empty()) return past;
    TRY_ASSIGN(const auto revisions, context_.observer.revisions(arns, deadline_));
    for (auto& rollout : past) {
        const auto found = std::ranges::find(revisions, rollout.record.target_revision, &EcsServiceRevision::arn);
        if (found != revisions.end()) rollout.revision = *found;
    }
    return past;
}

Status ServiceDeployment::register_pin(const EcsServiceRevision& good) {
    const RollbackCopy copy{.stands_for = short_name(good.task_definition),
                            .rollback_of = short_name(newest_->str()),
                            .by_person = left_out_->by_person,
                            .reason = "its images were rolled back",
                            .bad_since = left_out_->since};
    TRY_ASSIGN(pin_, context_.ecs.register_pinned_copy(good, rollback_family(target().family), copy.tags(), deadline_));
    return {};
}

Result<ServiceDeployment::Outcome> ServiceDeployment::update() {
    UpdateServiceRequest request{
        .cluster = target().cluster, .service = target().service, .task_definition = *revision_};
    if (options_.rollback_on_failure && present() != nullptr)
        request.deployment_configuration = configuration_with_rollback(*present());
    const auto sent_at = context_.clock.now();
    auto accepted = context_.ecs.update_service(request, deadline_);
    if (accepted) return Outcome{.deployment = *std::move(accepted)};
    if (accepted.error().maybe_done) {
        // What was PRIMARY before the first one that was lost: a later one may be the work of an earlier one.
        auto before = primary() == nullptr ? std::string() : primary()->id;
        if (lost_) before = lost_->primary_before;
        lost_ = {.sent_at = lost_ ? lost_->sent_at : sent_at,
                 .at = context_.clock.now(),
                 .primary_before = std::move(before),
                 .revision = *revision_};
    }
    return std::unexpected(std::move(accepted).error());
}

/// Whether ECS is making true already what is asked for.
HasChange ServiceDeployment::has_the_change() {
    if (!request_.changed_at || present() == nullptr) return HasChange::kNo;
    const auto has = has_change(*present(), *revision_, *request_.changed_at);
    if (has == HasChange::kNo) return has;
    if (primary()->rollout_state == RolloutState::kFailed) return HasChange::kNo;
    return direction_of_primary(*present(), history()) == Direction::kForward ? has : HasChange::kNo;
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::held_back() const {
    if (primary() == nullptr) return std::nullopt;
    return Outcome{
        .deployment = as_accepted(*primary()),
        .already = fmt::format("held back with {}, whose images are fixed", short_name(primary()->task_definition))};
}

/// Somebody has begun, since the change, a newer revision than the one that would be deployed: its tasks have the
/// change, and nobody who did not name a revision means an older one.
std::optional<ServiceDeployment::Outcome> ServiceDeployment::newer_than_ours() {
    const auto* running = primary();
    if (request_.task_definition || running == nullptr) return std::nullopt;
    if (running->created_at < wanted_since() - kClockDifference) return std::nullopt;
    const auto ours = revision_number(revision_->str(), target().family);
    const auto theirs = revision_number(running->task_definition, target().family);
    if (!ours || !theirs || *theirs <= *ours || running->rollout_state == RolloutState::kFailed) return std::nullopt;
    if (direction_of_primary(*present(), history()) == Direction::kBack) return std::nullopt;
    return Outcome{.deployment = as_accepted(*running),
                   .already = fmt::format("{} with {}, which is newer", already_in_words(*running),
                                          short_name(running->task_definition))};
}

/// The deployment that has begun since we looked before a lost UpdateService: that one's, or somebody else's of the
/// same revision, which does as well. What ECS has brought back is none.
std::optional<ServiceDeployment::Outcome> ServiceDeployment::begun_since() {
    const auto* running = primary();
    if (running == nullptr || lost_->primary_before.empty()) return std::nullopt;
    if (running->id == lost_->primary_before || !runs(*running, lost_->revision)) return std::nullopt;
    if (running->created_at < lost_->sent_at - kClockDifference) return std::nullopt;
    if (direction_of_primary(*present(), history()) == Direction::kBack) return std::nullopt;
    context_.logger.warn("deployment found at ECS, whose answer was lost",
                         {{log_key::kService, target().id.str()}, {log_key::kDeploymentId, running->id}});
    return Outcome{.deployment = as_accepted(*running)};
}

std::optional<ServiceDeployment::Outcome> ServiceDeployment::look_for_the_lost_one() {
    const auto left = deadline_.remaining(context_.clock);
    if (left && *left <= Milliseconds{0}) return std::nullopt;
    if (!look()) return std::nullopt;
    return begun_since();
}

void ServiceDeployment::warn_of_a_second_rollout() {
    const bool looked = primary() != nullptr && !lost_->primary_before.empty();
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

const History& ServiceDeployment::history() {
    if (!history_ && records_unreadable_) history_ = History{.records = {}, .unknown = true};
    if (!history_) history_ = context_.observer.history(target(), deadline_);
    return *history_;
}

const EcsService* ServiceDeployment::present() const {
    return snapshot_ && snapshot_->services ? snapshot_->services->find(target().service) : nullptr;
}

const EcsDeployment* ServiceDeployment::primary() const {
    const auto* service = present();
    return service == nullptr ? nullptr : service->primary();
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
    if (!left_out_) return "";
    return fmt::format(" (not with {}, which {}: register a new revision, {}or deploy it by its number)",
                       short_name(newest_->str()), left_out_->by_person ? "somebody has taken back" : "was rolled back",
                       left_out_->by_person ? "" : "push a newer image of it, ");
}

void ServiceDeployment::finish(DeploymentReport& report, Result<Outcome> outcome) {
    report.reason += left_out_text();
    if (left_out_) report.left_out = newest_->str();
    if (revision_) report.task_definition = revision_->str();
    if (!outcome) {
        report.error = outcome.error();
        auto fields = fields_of(report);
        fields.emplace_back(log_key::kError, report.error->message);
        fields.emplace_back("error_kind", to_string(report.error->kind));
        context_.logger.error("deployment failed: it could not start", std::move(fields));
        return;
    }
    report.task_definition = outcome->deployment.task_definition;
    report.deployment_id = outcome->deployment.deployment_id;
    report.started_at = outcome->deployment.created_at;
    report.outcome = std::move(outcome->already);
    if (!report.outcome.empty()) {
        report.status = DeploymentStatus::kAlreadyRolling;
        context_.logger.info("deployment not sent: " + report.outcome, fields_of(report));
    } else if (options_.dry_run) {
        report.status = DeploymentStatus::kDryRun;
        context_.logger.info("deployment not sent: this is a dry run", fields_of(report));
    } else {
        report.status = DeploymentStatus::kDeployed;
        context_.memory.remember_started(report.deployment_id, {.reason = report.reason, .at = report.started_at});
        context_.logger.info("deployment accepted by ECS", fields_of(report));
    }
}

}  // namespace ci_lambda
