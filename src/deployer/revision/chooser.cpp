#include "deployer/revision/chooser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "deployer/revision/named_revision.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/rollout/direction.hpp"

namespace ci_lambda {
namespace {

/// How far back it matters how rollouts went; as many as one DescribeServiceRevisions takes.
constexpr std::size_t kPastRollouts = 20;

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

/// The pushed images that a deployment of `newest` can bring: a redeployment those that it names, the others any.
std::vector<PushedImage> brought_by(const std::optional<EcsTaskDefinition>& newest, const DeploymentRequest& request) {
    auto images = request.images;
    if (newest && request.image_mode == ImageMode::kRedeploy)
        std::erase_if(images, [&](const PushedImage& image) { return !why_not_named(*newest, image).empty(); });
    return images;
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

/// Somebody has begun the PRIMARY, and the records are too late to have it: the last of them was over by then, or goes
/// back from what the PRIMARY runs to something else.
bool was_begun_since(const std::vector<PastRollout>& past, const EcsService& service, const History& history) {
    if (past.empty() || !is_missing_in(history, service)) return false;
    if (awaits_its_record(service, history)) return true;
    const auto& last = past.front();
    const auto good = std::ranges::find(past, ServiceDeploymentStatus::kSuccessful,
                                        [](const auto& rollout) { return rollout.record.status; });
    return is_rollback(last.record.status) && last.revision.task_definition == service.primary()->task_definition &&
           good != past.end() && good->revision.task_definition != last.revision.task_definition;
}

/// Somebody has just asked ECS to take it back: what is deployed now, over the very revision, would undo that. Where
/// failures are rolled back the records say what to deploy instead.
bool is_about_to_go_back(ServiceView& view, const TaskDefinition& newest) {
    const auto* running = view.primary();
    if (running == nullptr || running->rollout_state != RolloutState::kInProgress || !runs(*running, newest))
        return false;
    const auto& records = view.history().records;
    return !records.empty() && records.front().status == ServiceDeploymentStatus::kRollbackRequested;
}

}  // namespace

Result<ChosenRevision> RevisionChooser::choose(const DeploymentRequest& request, const TaskDefinition& listed,
                                               ServiceView& view, Deadline deadline) {
    if (request.task_definition) {
        if (options_.dry_run) TRY(check_what_is_asked_for(request, deadline));
        return ChosenRevision{.newest = listed, .revision = listed, .choice = {}, .left_out = {}};
    }
    TRY_ASSIGN(const auto newest, newest_with_running(listed, view, deadline));
    ChosenRevision chosen{.newest = newest, .revision = newest, .choice = {}, .left_out = {}};
    if (!options_.rollback_on_failure && is_about_to_go_back(view, newest))
        return fail(ErrorKind::kBusy, "ECS was asked to roll back what runs, and has not begun to");
    // A person asks for an image: what was taken back is no reason to refuse it.
    if (!request.wanted.empty()) return chosen;
    TRY_ASSIGN(const auto facts, facts_of(newest, view, deadline));
    auto left_out = find_left_out(facts);
    std::optional<EcsTaskDefinition> described;
    if (left_out || may_have_been_taken_back(facts)) {
        TRY_ASSIGN(described, describe_if_allowed(newest, deadline));
    }
    if (!left_out && described) left_out = taken_back_by_its_tags(facts, described->tags);
    if (!left_out) return chosen;
    chosen.choice = choose_revision(facts, left_out, described, brought_by(described, request), request.changed_at);
    if (chosen.choice.left_out) {
        chosen.left_out = left_out;
        chosen.left_out->by_person = chosen.choice.by_person;
        chosen.revision =
            chosen.choice.pin ? TaskDefinition(chosen.choice.pin->task_definition) : chosen.choice.revision;
    }
    return chosen;
}

/// A real deployment would be refused by ECS.
Status RevisionChooser::check_what_is_asked_for(const DeploymentRequest& request, Deadline deadline) {
    const auto found = find_named_revision(ecs_, request.target, *request.task_definition, deadline);
    if (found || found.error().kind == ErrorKind::kAccessDenied) return {};
    return std::unexpected(found.error());
}

Result<std::optional<EcsTaskDefinition>> RevisionChooser::describe_if_allowed(const TaskDefinition& revision,
                                                                              Deadline deadline) {
    if (may_not_describe_) return std::nullopt;
    auto described = ecs_.describe_task_definition(revision, deadline);
    if (described) return *std::move(described);
    if (described.error().retryable()) return std::unexpected(std::move(described).error());
    if (described.error().kind == ErrorKind::kAccessDenied) may_not_describe_ = true;
    return std::nullopt;
}

/// What runs may be newer than what ECS lists: the list is late, or somebody has deregistered what runs well. Never
/// anything older than that.
Result<TaskDefinition> RevisionChooser::newest_with_running(const TaskDefinition& listed, const ServiceView& view,
                                                            Deadline deadline) {
    const auto* running = view.primary();
    if (running == nullptr) return listed;
    const auto& family = view.target().family;
    const auto newest = revision_number(listed.str(), family);
    const auto runs = revision_number(running->task_definition, family);
    if (!newest || !runs || *runs <= *newest) return listed;
    TRY_ASSIGN(const auto described, describe_if_allowed(TaskDefinition(running->task_definition), deadline));
    if (!described || described->status.empty() || described->status == "ACTIVE")
        return TaskDefinition(running->task_definition);
    if (running->rollout_state != RolloutState::kCompleted) return listed;
    return fail(ErrorKind::kRejected,
                fmt::format("the service runs {}, which somebody has deregistered, and the newest ACTIVE revision is "
                            "older ({}); register a new one, or deploy one by its number",
                            short_name(running->task_definition), short_name(listed.str())));
}

Result<RevisionFacts> RevisionChooser::facts_of(const TaskDefinition& newest, ServiceView& view, Deadline deadline) {
    RevisionFacts facts{.family = view.target().family, .newest = newest, .running = {}, .copy = {}, .past = {}};
    const auto* running = view.primary();
    if (running == nullptr) return facts;
    facts.running = running->task_definition;
    if (options_.rollback_on_failure) {
        TRY_ASSIGN(facts.past, past_rollouts(view, deadline));
    }
    if (revision_number(facts.running, rollback_family(facts.family))) {
        TRY_ASSIGN(const auto described, describe_if_allowed(TaskDefinition(facts.running), deadline));
        if (described) facts.copy = RollbackCopy::read(described->tags);
        if (!facts.copy) facts.copy = copy_by_its_place(facts);
    }
    return facts;
}

Result<std::vector<PastRollout>> RevisionChooser::past_rollouts(ServiceView& view, Deadline deadline) {
    const auto& all = view.history();
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
    TRY_ASSIGN(const auto revisions, observer_.revisions(arns, deadline));
    for (auto& rollout : past) {
        const auto found = std::ranges::find(revisions, rollout.record.target_revision, &EcsServiceRevision::arn);
        if (found != revisions.end()) rollout.revision = *found;
    }
    if (const auto* service = view.service(); service != nullptr && was_begun_since(past, *service, all)) {
        PastRollout begun;
        begun.record.status = ServiceDeploymentStatus::kInProgress;
        begun.record.created_at = service->primary()->created_at;
        begun.revision.task_definition = service->primary()->task_definition;
        past.insert(past.begin(), std::move(begun));
    }
    return past;
}

}  // namespace ci_lambda
