#include "deployer/revision/choice.hpp"

#include <algorithm>
#include <string_view>

#include "base/references.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

bool uses(const EcsTaskDefinition& revision, const PushedImage& pushed) {
    return std::ranges::any_of(revision.images,
                               [&](const auto& container) { return is_of_repository(container.image, pushed); });
}

/// It is what failed, perhaps by another tag.
bool has_failed(const PushedImage& pushed, const LeftOut& left_out, const std::optional<EcsTaskDefinition>& newest) {
    const bool ran = std::ranges::any_of(
        left_out.bad, [&](const auto& image) { return is_same_image(pushed, image.image, image.digest); });
    return ran || (newest && std::ranges::any_of(newest->images, [&](const auto& container) {
                       return is_same_image(pushed, container.image, parse_image(container.image).digest);
                   }));
}

bool was_taken_back(ServiceDeploymentStatus status) {
    return is_rollback(status) || status == ServiceDeploymentStatus::kRollbackFailed;
}

const PastRollout* last_success(const std::vector<PastRollout>& past, std::size_t before) {
    for (std::size_t i = before; i < past.size(); ++i)
        if (past[i].record.status == ServiceDeploymentStatus::kSuccessful) return &past[i];
    return nullptr;
}

/// What runs was deployed after number `i` of the past. What has failed since, and was rolled back to it, changes
/// nothing about that.
const PastRollout* deployed_since(const RevisionFacts& facts, std::size_t i) {
    const auto end = facts.past.begin() + static_cast<std::ptrdiff_t>(i);
    const auto found = std::find_if(facts.past.begin(), end, [&](const auto& rollout) {
        const bool is_last = &rollout == &facts.past.front() && !was_taken_back(rollout.record.status);
        return rollout.revision.task_definition == facts.running &&
               (is_last || rollout.record.status == ServiceDeploymentStatus::kSuccessful);
    });
    return found == end ? nullptr : &*found;
}

/// The newest revision, or one with a higher number, was rolled out as number `i` of the past.
std::optional<LeftOut> left_out_since(const RevisionFacts& facts, std::size_t i) {
    const auto& rollout = facts.past[i];
    if (was_taken_back(rollout.record.status)) {
        const auto* good = last_success(facts.past, 0);
        if (good == nullptr || good->revision.task_definition.empty()) return std::nullopt;  // nothing else has worked
        if (runs_the_same(good->revision, rollout.revision)) return std::nullopt;
        // What failed is not ACTIVE any more, and what ran before it is the newest one.
        if (good->revision.task_definition == facts.newest.str() &&
            rollout.revision.task_definition != facts.newest.str())
            return std::nullopt;
        LeftOut left_out{.by_person = false,
                         .since = rollout.record.created_at,
                         .good = good->revision,
                         .bad = rollout.revision.images};
        // Something else was rolled out after it: whoever did that knew of it.
        if (deployed_since(facts, i) != nullptr) left_out.good.reset();
        return left_out;
    }
    if (rollout.record.status == ServiceDeploymentStatus::kSuccessful) {
        // It ran well, and then somebody deployed a lower one, which is what a rollback by hand looks like.
        const auto running = revision_number(facts.running, facts.family);
        const auto newest = revision_number(facts.newest.str(), facts.family);
        const bool lower = facts.copy || (running && newest && *running < *newest);
        if (!lower) return std::nullopt;
        if (const auto* runs = deployed_since(facts, i); runs != nullptr)
            return LeftOut{.by_person = true, .since = runs->record.created_at, .good = std::nullopt};
        // ECS was rolling back what seemed to run, to what somebody had deployed before that.
        if (const auto* good = last_success(facts.past, 0); good != &rollout && !good->revision.task_definition.empty())
            return LeftOut{.by_person = true, .since = good->record.created_at, .good = good->revision};
    }
    return std::nullopt;
}

}  // namespace

std::optional<unsigned long long> revision_number(std::string_view task_definition, const TaskFamily& family) {
    const auto revision = parse_revision(task_definition);
    if (!revision || revision->family != family.str()) return std::nullopt;
    return revision->number;
}

std::optional<LeftOut> find_left_out(const RevisionFacts& facts) {
    const auto newest = revision_number(facts.newest.str(), facts.family);
    if (!newest) return std::nullopt;
    // What came before the copy that runs was deployed first is what its tags speak of.
    auto end = facts.past.size();
    for (std::size_t i = 0; facts.copy && i < facts.past.size(); ++i)
        if (facts.past[i].revision.task_definition == facts.running) end = i;
    for (std::size_t i = 0; i < end; ++i) {
        const auto number = revision_number(facts.past[i].revision.task_definition, facts.family);
        if (!number || *number < *newest) continue;
        // ECS ended it because a newer deployment began: that says nothing about it.
        if (facts.past[i].record.status == ServiceDeploymentStatus::kStopped) continue;
        return left_out_since(facts, i);
    }
    if (!facts.copy) return std::nullopt;
    const auto bad = revision_number(facts.copy->rollback_of, facts.family);
    if (!bad || *newest > *bad) return std::nullopt;
    return LeftOut{.by_person = facts.copy->by_person, .since = facts.copy->bad_since, .good = std::nullopt};
}

std::optional<LeftOut> taken_back_by_its_tags(const RevisionFacts& facts, const EcsTags& tags_of_newest) {
    const auto at = when_taken_back_by_person(tags_of_newest);
    if (!at || facts.running == facts.newest.str()) return std::nullopt;
    const bool again = std::ranges::any_of(facts.past, [&](const auto& rollout) {
        return rollout.revision.task_definition == facts.newest.str() && rollout.record.created_at > *at;
    });
    if (again) return std::nullopt;
    return LeftOut{.by_person = true, .since = *at, .good = std::nullopt};
}

RevisionChoice choose_revision(const RevisionFacts& facts, const std::optional<LeftOut>& left_out,
                               const std::optional<EcsTaskDefinition>& newest, const std::vector<PushedImage>& images,
                               const std::optional<WallTime>& changed_at) {
    if (!left_out) return {.revision = facts.newest, .pin = std::nullopt};
    const bool newer_push = !images.empty() && (!changed_at || *changed_at > left_out->since);
    const bool of_its_own = std::ranges::any_of(images, [&](const auto& image) {
        return (!newest || uses(*newest, image)) && !has_failed(image, *left_out, newest);
    });
    // The tags of the revision itself tell what ECS's record cannot: that a person has asked for the rollback.
    const auto taken_back = newest ? when_taken_back_by_person(newest->tags) : std::nullopt;
    const bool by_person = left_out->by_person || (taken_back && *taken_back >= left_out->since);
    if (newer_push && of_its_own && !by_person) return {.revision = facts.newest, .pin = std::nullopt};

    RevisionChoice choice{.revision = {}, .pin = std::nullopt, .left_out = true, .by_person = by_person};
    const bool is_good = !left_out->good || left_out->good->task_definition == facts.running;
    if (facts.copy && is_good) {
        // A copy has its images by their digests: what was pushed cannot run in it.
        choice.hold = newer_push && of_its_own;
        if (!choice.hold) choice.revision = TaskDefinition(facts.running);
    } else if (left_out->good && left_out->good->task_definition == facts.newest.str()) {
        choice.pin = left_out->good;
    } else {
        choice.revision = TaskDefinition(left_out->good ? left_out->good->task_definition : facts.running);
    }
    return choice;
}

bool runs_the_same(const EcsServiceRevision& a, const EcsServiceRevision& b) {
    return a.task_definition == b.task_definition && a.images == b.images;
}

}  // namespace ci_lambda
