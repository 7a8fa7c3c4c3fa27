#include "deployer/start/pushed_revision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/start/wanted_images.hpp"

namespace ci_lambda {
namespace {

/// How often one deployment registers a revision, where others do so at the same time.
constexpr std::size_t kMostRegistered = 3;

std::string images_text(const std::vector<ImageChange>& changes) {
    std::vector<std::string> images;
    for (const auto& change : changes)
        if (std::ranges::find(images, change.to) == images.end()) images.push_back(change.to);
    return join(images, ", ");
}

}  // namespace

/// What was taken back stays so, whatever is pushed.
Status PushedRevisionMaker::look_at(ChosenRevision& chosen, const std::vector<TaskDefinition>& active,
                                    const std::string& running, Deadline deadline) {
    push_.reset();
    not_named_.clear();
    if (!request_.wanted.empty()) return look_at_wanted(chosen, active, deadline);
    const bool by_push = !request_.images.empty() && !request_.task_definition;
    if (!by_push || request_.image_mode == ImageMode::kRedeploy) return {};
    if (chosen.left_out) return look_at_what_stays(chosen, deadline);
    TRY_ASSIGN(const auto newest, ecs_.describe_task_definition(chosen.newest, deadline));
    if (request_.image_mode == ImageMode::kRevision) {
        look_at_what_runs(chosen, running, deadline);
        return put_images_in(newest, chosen, active, deadline);
    }
    not_named_ = why_none_is_named(newest);
    return {};
}

/// Where the newest revision is left out, a rollout of what is deployed instead brings nothing of a push, unless that
/// names it.
Status PushedRevisionMaker::look_at_what_stays(const ChosenRevision& chosen, Deadline deadline) {
    if (const auto& pin = chosen.choice.pin) {
        EcsTaskDefinition pinned{.arn = pin->task_definition};
        for (const auto& [container, image, digest] : pin->images) {
            const auto name = parse_image(image);
            pinned.images.push_back({.container = container, .image = with_tag_and_digest(name, name.tag, digest)});
        }
        not_named_ = why_none_is_named(pinned);
        return {};
    }
    if (chosen.revision.empty()) return {};
    TRY_ASSIGN(const auto stays, ecs_.describe_task_definition(chosen.revision, deadline));
    not_named_ = why_none_is_named(stays);
    return {};
}

std::string PushedRevisionMaker::why_none_is_named(const EcsTaskDefinition& revision) const {
    std::string why;
    for (const auto& image : request_.images) {
        why = why_not_named(revision, image);
        if (why.empty()) break;
    }
    return why;
}

/// The images are looked up once: what they are found to be is what is deployed, whatever moves meanwhile.
Status PushedRevisionMaker::look_at_wanted(ChosenRevision& chosen, const std::vector<TaskDefinition>& active,
                                           Deadline deadline) {
    TRY_ASSIGN(const auto newest, ecs_.describe_task_definition(chosen.newest, deadline));
    if (!found_) {
        TRY_ASSIGN(auto found, find_wanted(*registries_, newest, request_, asked_at_, deadline));
        for (const auto& note : found.notes)
            logger_.warn("image not checked",
                         {{log_key::kService, request_.target.id.str()}, {log_key::kReason, note}});
        notes_ = std::move(found.notes);
        found_ = request_;
        found_->images = std::move(found.images);
        found_->images_alone = true;
        found_->image_mode = ImageMode::kRevision;
    }
    return put_images_in(newest, chosen, active, deadline);
}

Status PushedRevisionMaker::put_images_in(const EcsTaskDefinition& newest, ChosenRevision& chosen,
                                          const std::vector<TaskDefinition>& active, Deadline deadline) {
    auto put = put_into(newest);
    if (!put && !request().images_alone) {
        logger_.warn("pushed image left out: the rollout is for what else has changed",
                     {{log_key::kService, request_.target.id.str()}, {log_key::kError, put.error().message}});
        return {};
    }
    if (!put) return std::unexpected(std::move(put).error());
    const bool changes = !put->changes.empty();
    Push push{.base = chosen.newest, .put = *std::move(put), .to_be_registered = changes};
    if (!registered_.empty() && number_of(registered_.back().revision) >= number_of(chosen.newest)) {
        chosen.revision = registered_.back().revision;  // which ECS may not list yet
        push.to_be_registered = false;
        if (const auto theirs = registered_meanwhile(active)) {
            TRY_ASSIGN(const auto described, ecs_.describe_task_definition(*theirs, deadline));
            push.base = *theirs;
            TRY_ASSIGN(push.put, put_into(described));
            push.to_be_registered = true;
        }
    }
    push_ = std::move(push);
    return {};
}

void PushedRevisionMaker::look_at_what_runs(const ChosenRevision& chosen, const std::string& running,
                                            Deadline deadline) {
    running_.reset();
    if (running.empty() || running == chosen.newest.str()) return;
    if (std::ranges::none_of(request_.images, &PushedImage::by_version)) return;
    if (auto described = ecs_.describe_task_definition(TaskDefinition(running), deadline))
        running_ = *std::move(described);
}

unsigned long long PushedRevisionMaker::number_of(const TaskDefinition& revision) const {
    return revision_number(revision.str(), request_.target.family).value_or(0);
}

/// What somebody else has registered between the revision that ours is a copy of and ours, which does not have it.
std::optional<TaskDefinition> PushedRevisionMaker::registered_meanwhile(
    const std::vector<TaskDefinition>& active) const {
    for (const auto& revision : active) {
        const bool between = number_of(revision) < number_of(registered_.back().revision) &&
                             number_of(revision) > number_of(registered_.back().base);
        if (between && std::ranges::find(registered_, revision, &Registered::revision) == registered_.end())
            return revision;
    }
    return std::nullopt;
}

Status PushedRevisionMaker::register_it(Deadline deadline) {
    if (registered_.size() == kMostRegistered)
        return fail(ErrorKind::kBusy,
                    fmt::format("others register revisions of {} at the same time", request_.target.family));
    std::map<std::string, std::string> images;
    for (const auto& change : push_->put.changes) images[change.container] = change.to;
    auto registered = ecs_.register_with_images(push_->base, images, push_->put.tags, deadline);
    if (!registered)
        return std::unexpected(
            with_context(std::move(registered).error(),
                         fmt::format("a copy of {} with {} could not be registered", short_name(push_->base.str()),
                                     images_text(push_->put.changes))));
    auto revision = *std::move(registered);
    logger_.info("revision registered with the pushed image", {{log_key::kService, request_.target.id.str()},
                                                               {log_key::kTaskDefinition, revision.str()},
                                                               {"copy_of", push_->base.str()}});
    registered_.push_back({.revision = std::move(revision), .base = push_->base, .changes = push_->put.changes});
    return {};
}

std::optional<std::string> PushedRevisionMaker::why_nothing() const {
    if (!request().images_alone) return std::nullopt;  // what else has changed wants a rollout
    if (!not_named_.empty()) return "not deployed: " + not_named_;
    if (push_ && !push_->to_be_registered && !push_->put.names && !push_->put.overtaken.empty())
        return "not deployed: " + join(push_->put.overtaken, "; ");
    return std::nullopt;
}

std::optional<WallTime> PushedRevisionMaker::needed_since() const {
    if (request_.again) return std::nullopt;
    return push_ && push_->put.exact && request().images_alone ? std::optional(WallTime{}) : request_.changed_at;
}

std::string PushedRevisionMaker::registration_text() const {
    if (!is_to_be_registered()) return {};
    return fmt::format(" (in a copy of {} with {})", short_name(push_->base.str()), images_text(push_->put.changes));
}

std::optional<Registration> PushedRevisionMaker::registration() const {
    if (!registered_.empty())
        return Registration{.base = registered_.back().base,
                            .revision = registered_.back().revision,
                            .changes = registered_.back().changes};
    if (!is_to_be_registered()) return std::nullopt;
    return Registration{.base = push_->base, .revision = {}, .changes = push_->put.changes};
}

const TaskDefinition* PushedRevisionMaker::registered() const {
    return registered_.empty() ? nullptr : &registered_.back().revision;
}

}  // namespace ci_lambda
