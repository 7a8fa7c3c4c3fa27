#include "handlers/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// A log line holds it, and CloudWatch cuts lines at 256 KB.
constexpr std::size_t kLongestReason = 20'000;

/// The requests for one service, being merged.
struct Merged {
    DeploymentRequest request;
    std::vector<std::string> reasons;
    std::set<std::string> known;

    void add(const DeploymentRequest& next) {
        // A person's image stays what is wanted when something else changes; a later wish or push is newer.
        if (next.task_definition || !next.wanted.empty() || next.promoted_from || !next.images.empty()) {
            request.wanted = next.wanted;
            request.promoted_from = next.promoted_from;
            request.own_repositories = next.own_repositories;
            request.again = next.again;
        }
        request.asked_for = request.asked_for && next.asked_for;
        if (next.past_holds) request.past_holds = next.past_holds;
        if (next.strategy_once) request.strategy_once = next.strategy_once;
        request.task_definition = next.task_definition;
        request.changed_at = request.changed_at && next.changed_at
                                 ? std::optional(std::max(*request.changed_at, *next.changed_at))
                                 : std::nullopt;
        if (request.pipeline.empty()) request.pipeline = next.pipeline;
        if (!next.kept_approval.empty()) request.kept_approval = next.kept_approval;
        request.settles = std::max(request.settles, next.settles);
        request.images_alone = request.images_alone && next.images_alone;
        if (!next.images.empty()) {
            request.image_mode = next.image_mode;
            request.image_pin = next.image_pin;
        }
        for (const auto& image : next.images)
            if (std::ranges::find(request.images, image) == request.images.end()) request.images.push_back(image);
        add_reason(next.reason);
    }
    void add_reason(const std::string& reason) {
        if (known.insert(reason).second) reasons.push_back(reason);
    }
};

/// Images and reasons together; it follows all of the services.
void add(TaskRequest& task, const TaskRequest& next) {
    const auto add_all = [](auto& to, const auto& from) {
        for (const auto& one : from)
            if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    };
    // As with services: a later wish or push is newer.
    task.wanted = next.wanted;
    task.own_repositories = next.own_repositories;
    add_all(task.images, next.images);
    add_all(task.after, next.after);
    if (!task.reason.contains(next.reason))
        task.reason = truncate_utf8(fmt::format("{}; {}", task.reason, next.reason), kLongestReason);
}

}  // namespace

Deploy merge(const std::vector<Deploy>& decisions) {
    std::vector<const Deploy*> all;
    for (const auto& decision : decisions) all.push_back(&decision);
    return merge(all);
}

Deploy merge(const std::vector<const Deploy*>& decisions) {
    std::vector<Merged> all;
    std::map<std::pair<ClusterRef, EcsServiceName>, std::size_t> places;
    Deploy merged;
    for (const auto* one : decisions) {
        const auto& decision = *one;
        for (const auto& request : decision.requests) {
            const auto [place, is_new] =
                places.try_emplace({request.target.cluster_ref(), request.target.service}, all.size());
            if (is_new) {
                all.push_back({.request = request, .reasons = {}, .known = {}});
                all.back().add_reason(request.reason);
            } else {
                all[place->second].add(request);
            }
        }
        for (const auto& task : decision.tasks) {
            const auto known = std::ranges::find(merged.tasks, task.task.id,
                                                 [](const TaskRequest& request) { return request.task.id; });
            if (known == merged.tasks.end())
                merged.tasks.push_back(task);
            else
                add(*known, task);
        }
        for (const auto& passed : decision.skipped)
            if (std::ranges::find(merged.skipped, passed) == merged.skipped.end()) merged.skipped.push_back(passed);
        for (const auto& warning : decision.warnings)
            if (std::ranges::find(merged.warnings, warning) == merged.warnings.end())
                merged.warnings.push_back(warning);
    }
    for (auto& one : all) {
        one.request.reason = truncate_utf8(join(one.reasons, "; "), kLongestReason);
        merged.requests.push_back(std::move(one.request));
    }
    return merged;
}

}  // namespace ci_lambda
