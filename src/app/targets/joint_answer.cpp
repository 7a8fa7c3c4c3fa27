#include "app/targets/joint_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kInvalidEvent = "Function.InvalidEvent";

/// The worst first, as of the services of one target.
constexpr std::array<std::string_view, 22> kStatusesWorstFirst{"failed",
                                                               "stopped",
                                                               "timed_out",
                                                               "rolled_back",
                                                               "completed_with_another_image",
                                                               "awaiting_approval",
                                                               "held",
                                                               "in_progress",
                                                               "unwatched",
                                                               "verifying",
                                                               "superseded",
                                                               "deployed",
                                                               "completed",
                                                               "verified",
                                                               "continued",
                                                               "released",
                                                               "dry_run",
                                                               "notified",
                                                               "swept",
                                                               "already_rolling",
                                                               "ignored",
                                                               ""};

std::size_t rank_of(const std::string& status) {
    const auto* const found = std::ranges::find(kStatusesWorstFirst, status);
    return static_cast<std::size_t>(found - kStatusesWorstFirst.begin());
}

bool had_nothing_to_do(const Handled& handled) {
    return !handled.error && handled.answer.status == "ignored" && handled.answer.deployments.empty() &&
           handled.answer.tasks.empty() && handled.answer.to_hook.empty() && handled.answer.held_back.empty();
}

bool cannot_be_acted_upon(const Handled& handled) { return handled.error && handled.error->type == kInvalidEvent; }

std::string sentence(std::string text) {
    while (text.ends_with('.')) text.pop_back();
    return text;
}

/// "eu: ... us: ..", or once what they all say who do nothing.
template <typename Text>
std::string in_one(const std::vector<TargetHandled>& all, Text text_of) {
    auto first = text_of(all.front().handled);
    const bool alike = std::ranges::all_of(all, [&](const auto& one) {
        return text_of(one.handled) == first && !one.handled.deploys && one.handled.answer.deployments.empty();
    });
    if (all.size() > 1 && alike) return first;
    std::vector<std::string> texts;
    for (const auto& one : all)
        if (auto text = sentence(text_of(one.handled)); !text.empty())
            texts.push_back(fmt::format("{}: {}", one.target, text));
    return join(texts, ". ");
}

void add_failed_messages(const std::vector<TargetHandled>& all, Answer& answer) {
    for (const auto& one : all) {
        if (!one.handled.answer.failed_messages) continue;
        if (!answer.failed_messages) answer.failed_messages.emplace();
        for (const auto& id : *one.handled.answer.failed_messages)
            if (std::ranges::find(*answer.failed_messages, id) == answer.failed_messages->end())
                answer.failed_messages->push_back(id);
    }
}

}  // namespace

Handled not_deployed_in(const std::string& target, const std::string& why) {
    return {.answer = {.status = "ignored",
                       .detail = fmt::format("not deployed: {}", why),
                       .held_back = {{.target = target, .why = why}}}};
}

Handled joint_answer(std::vector<TargetHandled> all) {
    Handled joint;
    add_failed_messages(all, joint.answer);
    if (std::ranges::any_of(all, [](const auto& one) { return one.handled.meant_here; }))
        std::erase_if(all, [](const auto& one) { return !one.handled.meant_here; });
    // What only some cannot act upon is not for them.
    const bool some_can = std::ranges::any_of(
        all, [](const auto& one) { return !cannot_be_acted_upon(one.handled) && !had_nothing_to_do(one.handled); });
    if (some_can) {
        std::erase_if(all, [](const auto& one) { return had_nothing_to_do(one.handled); });
        for (auto& one : all)
            if (cannot_be_acted_upon(one.handled)) {
                one.handled.error.reset();
                one.handled.answer.status = "ignored";
            }
    }

    std::vector<TargetHandled> failed;
    for (const auto& one : all)
        if (one.handled.error) failed.push_back(one);
    joint.answer.status = std::ranges::min(all, {}, [](const auto& one) {
                              return rank_of(one.handled.answer.status);
                          }).handled.answer.status;
    joint.answer.detail = in_one(all, [](const Handled& handled) { return handled.answer.detail; });
    if (!failed.empty()) {
        joint.answer.status = "failed";
        joint.error =
            HandlingError{.type = failed.front().handled.error->type,
                          .message = in_one(failed, [](const Handled& handled) { return handled.error->message; })};
    }
    for (auto& one : all) {
        auto& answer = one.handled.answer;
        joint.deploys = joint.deploys || one.handled.deploys;
        if (joint.answer.to_hook.empty()) joint.answer.to_hook = std::move(answer.to_hook);
        std::ranges::move(answer.deployments, std::back_inserter(joint.answer.deployments));
        std::ranges::move(answer.tasks, std::back_inserter(joint.answer.tasks));
        std::ranges::move(answer.pipelines, std::back_inserter(joint.answer.pipelines));
        if (joint.answer.step.empty()) joint.answer.step = std::move(answer.step);
        std::ranges::move(answer.held_back, std::back_inserter(joint.answer.held_back));
    }
    return joint;
}

namespace {

enum class Readiness { kGood, kGoing, kLeft, kBad };

/// How one service stands in the way of the next target.
Readiness readiness_of(const DeploymentReport& report) {
    // What can heal is tried again with the event, and tells nothing of what was to be deployed.
    if (report.error) return report.error->retryable() ? Readiness::kGoing : Readiness::kBad;
    if (report.rollback_error || report.failed_before) return Readiness::kBad;
    switch (report.status) {
        case DeploymentStatus::kCompleted:
        case DeploymentStatus::kDryRun:
        // Of a change that an earlier rollout has brought there is nothing to wait for.
        case DeploymentStatus::kAlreadyRolling: return report.left_out.empty() ? Readiness::kGood : Readiness::kLeft;
        case DeploymentStatus::kSuperseded:
        case DeploymentStatus::kHeld:
        case DeploymentStatus::kOutdated:
        case DeploymentStatus::kAwaitingApproval: return Readiness::kLeft;
        case DeploymentStatus::kDeployed:
        case DeploymentStatus::kInProgress: return Readiness::kGoing;
        case DeploymentStatus::kFailed:
        case DeploymentStatus::kAnotherImage:
        case DeploymentStatus::kRolledBack:
        case DeploymentStatus::kTimedOut: return Readiness::kBad;
    }
    return Readiness::kBad;
}

std::string why_not_good(const DeploymentReport& report) {
    if (report.error) return fmt::format("{} could not start", report.target.id);
    if (report.status == DeploymentStatus::kSuperseded)
        return fmt::format("somebody else deploys {}", report.target.id);
    if (report.barrier) return fmt::format("{} is {}", report.target.id, report.barrier->words);
    if (!report.left_out.empty())
        return fmt::format("{} of {} was rolled back before", short_name(report.left_out), report.target.id);
    if (readiness_of(report) == Readiness::kGoing) return fmt::format("{} is under way", report.target.id);
    return fmt::format("{} {}", report.target.id, replace_all(std::string(to_string(report.status)), "_", " "));
}

}  // namespace

Standing standing_of(const Handled& handled) {
    Standing standing;
    if (!handled.deploys) return standing;
    for (const auto kind : {Readiness::kBad, Readiness::kGoing, Readiness::kLeft}) {
        std::vector<std::string> why;
        for (const auto& report : handled.answer.deployments) {
            if (readiness_of(report) != kind) continue;
            why.push_back(why_not_good(report));
            if (kind == Readiness::kBad) standing.unhealthy.push_back(report.target.id);
        }
        if (why.empty()) continue;
        standing.why = join(why, ", ");
        standing.going = kind == Readiness::kGoing;
        return standing;
    }
    if (handled.error) {
        standing.why = handled.error->message;
        standing.going = true;
    }
    return standing;
}

}  // namespace ci_lambda
