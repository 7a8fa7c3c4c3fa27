#include "app/joint_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kInvalidEvent = "Function.InvalidEvent";

/// The worst first, as of the services of one target.
constexpr std::array<std::string_view, 18> kStatusesWorstFirst{
    "failed",      "timed_out", "rolled_back", "completed_with_another_image",
    "in_progress", "unwatched", "verifying",   "superseded",
    "deployed",    "completed", "verified",    "continued",
    "dry_run",     "notified",  "swept",       "already_rolling",
    "ignored",     ""};

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
    const auto first = text_of(all.front().handled);
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
        std::ranges::move(answer.held_back, std::back_inserter(joint.answer.held_back));
    }
    return joint;
}

Standing standing_of(const Handled& handled) {
    Standing standing;
    if (!handled.deploys) return standing;
    std::vector<std::string> bad;
    std::vector<std::string> going;
    std::vector<std::string> superseded;
    for (const auto& report : handled.answer.deployments) {
        switch (report.status) {
            case DeploymentStatus::kCompleted:
            case DeploymentStatus::kDryRun: break;
            case DeploymentStatus::kSuperseded: superseded.push_back(report.target.id.str()); break;
            case DeploymentStatus::kAlreadyRolling:
                // Of a change that an earlier rollout has brought already there is nothing to wait for.
                if (report.failed_before) bad.push_back(report.target.id.str());
                if (report.failed_before) standing.unhealthy.push_back(report.target.id);
                break;
            case DeploymentStatus::kDeployed:
            case DeploymentStatus::kInProgress:
                if (!report.rollback_error) {
                    going.push_back(report.target.id.str());
                    break;
                }
                [[fallthrough]];
            case DeploymentStatus::kFailed:
            case DeploymentStatus::kAnotherImage:
            case DeploymentStatus::kRolledBack:
            case DeploymentStatus::kTimedOut:
                bad.push_back(fmt::format(
                    "{} {}", report.target.id,
                    report.error ? "could not start" : replace_all(std::string(to_string(report.status)), "_", " ")));
                standing.unhealthy.push_back(report.target.id);
                break;
        }
    }
    if (!bad.empty()) {
        standing.why = join(bad, ", ");
    } else if (!going.empty()) {
        standing.why = fmt::format("{} {} under way", join(going, ", "), going.size() == 1 ? "is" : "are");
        standing.going = true;
    } else if (!superseded.empty()) {
        standing.why = fmt::format("somebody else deploys {}", join(superseded, ", "));
        standing.superseded = true;
    } else if (handled.error) {
        standing.why = handled.error->message;
    }
    return standing;
}

}  // namespace ci_lambda
