#include "deployer/start/replicas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"

namespace ci_lambda {
namespace {

std::string name_of(const Replica& replica) {
    return with_tag_and_digest(parse_image(replica.repository), replica.tag, replica.digest);
}

/// What ECR says of the one image, or that there is none; an error that can heal is one, too.
Result<std::optional<EcrImage>> look_for(EcrApi& ecr, const Replica& replica, const EcrImageId& id, Deadline deadline) {
    auto found = ecr.describe_images({.name = replica.repository, .registry_id = replica.account}, {id}, deadline);
    if (!found && found.error().kind == ErrorKind::kNotFound) return std::nullopt;  // also: not even the repository
    if (!found) return std::unexpected(std::move(found).error());
    if (found->empty()) return std::nullopt;
    return std::move(found->front());
}

}  // namespace

std::vector<Replica> replicas_in(const std::vector<EcsTaskDefinition::Image>& images,
                                 const std::vector<PushedImage>& pushed) {
    std::vector<Replica> replicas;
    for (const auto& container : images) {
        const auto* last = newest_for(container.image, pushed);
        if (last == nullptr || !is_of_replica(container.image, *last)) continue;
        const auto named = parse_image(container.image);
        const bool by_tag = named.digest.empty();
        if (by_tag ? named.tag != last->tag : named.digest != last->digest) continue;
        Replica replica{.region = last->replica_region,
                        .account = std::string(parse_ecr_registry(named.registry)->account),
                        .repository = last->repository,
                        .tag = last->tag,
                        .digest = last->digest,
                        .pushed_in = last->region,
                        .pushed_at = last->at,
                        .by_tag = by_tag};
        if (std::ranges::find(replicas, replica) == replicas.end()) replicas.push_back(std::move(replica));
    }
    return replicas;
}

Result<bool> ReplicaWatch::are_there(const std::vector<Replica>& replicas, Deadline deadline) {
    if (registries_ == nullptr) return true;
    for (const auto& replica : replicas) {
        if (std::ranges::find(there_, replica) != there_.end()) continue;
        auto why = why_missing(replica, deadline);
        if (!why && !why.error().retryable())
            return std::unexpected(with_context(std::move(why).error(),
                                                fmt::format("whether {}, which was pushed in {}, is in {} is not known",
                                                            name_of(replica), replica.pushed_in, replica.region)));
        if (why && why->empty()) {
            there_.push_back(replica);
            continue;
        }
        if (why) has_arrived(clock_.now());  // not before now
        missing_ = why ? *std::move(why)
                       : fmt::format("whether {} is there is not known: {}", name_of(replica), why.error().message);
        return false;
    }
    return true;
}

Result<std::string> ReplicaWatch::why_missing(const Replica& replica, Deadline deadline) {
    auto& ecr = registries_->in(replica.region);
    const bool by_tag = replica.by_tag || replica.digest.empty();
    EcrImageId id;
    (by_tag ? id.tag : id.digest) = by_tag ? replica.tag : replica.digest;
    TRY_ASSIGN(const auto found, look_for(ecr, replica, id, deadline));
    if (!found) return fmt::format("{} is not there", name_of(replica));
    // What has come after the push has taken the tag over, and its own event says so. All else the tag stood for
    // before.
    const bool is_another = !replica.digest.empty() && found->digest != replica.digest;
    if (is_another && found->pushed_at <= replica.pushed_at)
        return fmt::format("the tag {} stands for {} there, not for {}", replica.tag,
                           short_image(fmt::format("x@{}", found->digest)),
                           short_image(fmt::format("x@{}", replica.digest)));
    has_arrived(found->pushed_at);
    return std::string();
}

Status ReplicaWatch::wait_for(const std::vector<Replica>& replicas, Deadline deadline) {
    const auto began = clock_.now();
    if (!give_up_at_) {
        Milliseconds patience = kPatience;
        if (const auto left = deadline.remaining(clock_)) patience = std::min(patience, *left / 2);
        give_up_at_ = began + patience;
        logger_.info("deployment waits: what was pushed in another region has not been replicated yet",
                     {{log_key::kService, name_},
                      {log_key::kReason, missing_},
                      {"region", replicas.front().region},
                      {"wait_ms", patience.count()}});
    }
    for (;;) {
        const auto left = std::chrono::duration_cast<Milliseconds>(*give_up_at_ - clock_.now());
        if (left <= Milliseconds{0}) break;
        sleeper_.sleep_for(std::min(kBetweenLooks, left));
        TRY_ASSIGN(const bool there, are_there(replicas, deadline));
        if (there) return {};
    }
    const auto& first = replicas.front();
    return fail(ErrorKind::kBusy,
                fmt::format("the image {} was pushed in {} and is pulled from {}, where it has not come yet: {}. Does "
                            "the registry {} in {} replicate the repository {} to {} (aws ecr describe-registry "
                            "--region {})? What comes late is deployed when the event comes again",
                            name_of(first), first.pushed_in, first.region, missing_, first.account, first.pushed_in,
                            first.repository, first.region, first.pushed_in));
}

}  // namespace ci_lambda
