#include "deployer/verify/task_after.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/rollout/task_failure.hpp"
#include "deployer/verify/ticket.hpp"
#include "events/event.hpp"

namespace ci_lambda {
namespace {

using TaskStand = Afterwards::Stand;

constexpr Milliseconds kBetweenLooksAfterwards{5000};
/// ECS shows what has stopped for an hour: what ended before that had its task, and nobody would see it.
constexpr std::chrono::minutes kShownByEcs{50};
/// What was called completed a moment ago may not be shown as PRIMARY yet.
constexpr std::chrono::seconds kLag{60};
/// A schedule that looks whether the task has taken too long looks a little later.
constexpr std::chrono::seconds kGrace{30};

std::string started_by(const Rollout& rollout) {
    return fmt::format(
        "{}{}", kTaskAfterPrefix,
        name_of_text(fmt::format("{}\n{}\n{}", rollout.target.cluster, rollout.target.service, rollout.deployment_id)));
}

Afterwards of_error(const Error& error, std::string words) {
    const bool heals = error.retryable() || error.kind == ErrorKind::kDeadline;
    return {.stand = heals ? TaskStand::kUnclear : TaskStand::kNotRun,
            .words = std::move(words),
            .error = heals ? std::optional(error) : std::nullopt};
}

/// Of the service whose PRIMARY deployment is another one by now.
void say_what_took_its_place(const Rollout& rollout, const EcsDeployment& primary, Afterwards& afterwards) {
    if (revision_number(primary.task_definition, rollback_family(rollout.target.family))) {
        afterwards.rollback = RollbackReport{.means = RollbackReport::Means::kRevision,
                                             .words = "it has been taken back already",
                                             .rollout = rollout_of(rollout.target, primary)};
        return;
    }
    afterwards.words +=
        fmt::format("; {} with {} took its place, and is left alone", primary.id, short_name(primary.task_definition));
}

}  // namespace

std::string rollout_in_task(const Rollout& rollout) {
    return dump_json(Json{{"s", rollout.target.id.str()}, {"d", rollout.deployment_id}});
}

Afterwards TaskAfter::look(const Rollout& rollout, WallTime completed_at, Deadline deadline, Role role) {
    if (!concerns(rollout.target.id) || is_own_rollback(rollout, parts_.memory)) return {};
    auto looked = with_retries<Afterwards>(options_.retries, parts_.clock, parts_.sleeper, deadline,
                                           [&] { return try_to_look(rollout, completed_at, deadline, role); });
    const auto name = parts_.config.task_after(rollout.target.id)->name;
    auto afterwards = looked ? *std::move(looked)
                             : of_error(looked.error(), fmt::format("the task {} after it could not run: {}", name,
                                                                    looked.error().message));
    const bool bad = afterwards.stand == TaskStand::kFailed || afterwards.stand == TaskStand::kNotRun;
    const bool goes_on = afterwards.stand == TaskStand::kRuns;
    parts_.logger.log(bad       ? LogLevel::kError
                      : goes_on ? LogLevel::kDebug
                                : LogLevel::kInfo,
                      "task after the deployment looked at",
                      {{log_key::kService, rollout.target.id.str()},
                       {log_key::kDeploymentId, rollout.deployment_id},
                       {"task", name},
                       {log_key::kReason, afterwards.words}});
    return afterwards;
}

/// The tasks first, and then the service: what is said of a task that has ended is said of what runs at that moment.
Result<Afterwards> TaskAfter::try_to_look(const Rollout& rollout, WallTime completed_at, Deadline deadline, Role role) {
    const auto& target = rollout.target;
    const auto task = *parts_.config.task_after(target.id);
    TRY_ASSIGN(const auto known, parts_.tasks.tasks_started_by(target.cluster, started_by(rollout), deadline));
    const auto* own = known.empty() ? nullptr : &known.front();
    if (own != nullptr && !own->has_stopped()) {
        auto afterwards = judge(task, *own, rollout, deadline, role);
        if (afterwards.stand == TaskStand::kRuns) return afterwards;
    }
    TRY_ASSIGN(const auto described, parts_.observer.describe_again(target.cluster, {target.service}, deadline));
    const auto* service = described.find(target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    const bool leads = primary != nullptr && primary->id == rollout.deployment_id;
    if (!leads && primary != nullptr && primary->created_at < completed_at && parts_.clock.now() - completed_at < kLag)
        return fail(ErrorKind::kBusy, fmt::format("ECS still shows {}", primary->id));
    if (own != nullptr) {
        auto afterwards = judge(task, *own, rollout, deadline, role);
        const bool bad = afterwards.stand == TaskStand::kFailed;
        if (leads && bad && task.roll_back && role == Role::kActs) take_back(rollout, afterwards, deadline);
        if (leads) return afterwards;
        if (!bad) afterwards.stand = TaskStand::kOver;
        if (primary != nullptr) say_what_took_its_place(rollout, *primary, afterwards);
        return afterwards;
    }
    if (!leads) {
        Afterwards over{.stand = TaskStand::kOver, .words = fmt::format("the task {} after it has not run", task.name)};
        if (primary != nullptr) say_what_took_its_place(rollout, *primary, over);
        return over;
    }
    const bool may_have_run = parts_.clock.now() - std::max(rollout.started_at, completed_at) > kShownByEcs;
    if (may_have_run || role == Role::kWatches) return Afterwards{};
    TRY_ASSIGN(const auto started, start(task, rollout, *service, deadline));
    plan_last_look(task, rollout, started, deadline);
    auto afterwards = judge(task, started, rollout, deadline, role);
    // By the client token ECS may have known it before it has shown it.
    if (afterwards.stand == TaskStand::kFailed && task.roll_back) take_back(rollout, afterwards, deadline);
    return afterwards;
}

Result<EcsTask> TaskAfter::start(const ServiceTask& task, const Rollout& rollout, const EcsService& service,
                                 Deadline deadline) {
    const auto cannot = fmt::format("the task {} cannot run after it", task.name);
    if (service.express)
        return fail(ErrorKind::kRejected,
                    fmt::format("{}: it is an Express service, whose tasks ECS starts itself", cannot));
    const auto* primary = service.primary();
    const auto started = parts_.memory.started(rollout.deployment_id);
    const LoneTaskPlan plan{.placement = service.task_placement,
                            .balanced_container = service.balanced_container,
                            .revision = TaskDefinition(primary->task_definition),
                            .pushed = started ? started->pushed : rollout.pushed};
    TRY_ASSIGN(const auto definition, definition_of(task, plan, parts_.ecs, deadline));
    TRY_ASSIGN(auto container, container_of(task, cannot, definition, plan));
    const auto by = started_by(rollout);
    TRY_ASSIGN(auto one,
               parts_.tasks.run_task({.cluster = rollout.target.cluster,
                                      .task_definition = TaskDefinition(definition.arn),
                                      .placement = plan.placement,
                                      .container = std::move(container),
                                      .command = task.command,
                                      .environment = {{"CI_LAMBDA_TASK", task.name},
                                                      {std::string(kTaskRequestVariable), rollout_in_task(rollout)}},
                                      .started_by = by,
                                      .client_token = by.substr(kTaskAfterPrefix.size())},
                                     deadline));
    parts_.logger.info("task after the deployment started", {{log_key::kService, rollout.target.id.str()},
                                                             {log_key::kDeploymentId, rollout.deployment_id},
                                                             {"task", task.name},
                                                             {"task_arn", one.what.arn},
                                                             {log_key::kTaskDefinition, definition.arn}});
    return one;
}

/// Nobody ends one that takes too long: what it does may be half done.
Afterwards TaskAfter::judge(const ServiceTask& task, const EcsTask& one, const Rollout& rollout, Deadline deadline,
                            Role role) {
    const auto id = last_segment(one.what.arn);
    if (!one.has_stopped()) {
        if (parts_.clock.now() - one.created_at < task.timeout)
            return {.stand = TaskStand::kRuns,
                    .words = fmt::format("the task {} runs after it since {} ({})", task.name,
                                         minute_in_words(one.created_at), id)};
        return {.stand = TaskStand::kFailed,
                .words = fmt::format("the task {} after it ({}) has not ended after {}, and goes on", task.name, id,
                                     in_words(task.timeout))};
    }
    if (has_succeeded(one))
        return {.stand = TaskStand::kSucceeded, .words = fmt::format("the task {} after it succeeded", task.name)};
    auto why = why_task_stopped(one.what);
    parts_.logger.debug("task after the deployment failed",
                        {{log_key::kService, rollout.target.id.str()}, {"task_arn", one.what.arn}});
    return {.stand = TaskStand::kFailed,
            .words = fmt::format("the task {} after it failed ({}): {}", task.name, id,
                                 why.empty() ? "ECS does not say why" : std::move(why)),
            .last_words = role == Role::kActs ? parts_.last_words.of(one.what, deadline) : std::nullopt};
}

void TaskAfter::take_back(const Rollout& rollout, Afterwards& afterwards, Deadline deadline) {
    afterwards.rollback = parts_.rollback.take_back_completed(rollout, afterwards.words, deadline);
}

/// ECS tells the end of the task; nobody tells that there is none. Where no schedule can be made, nobody looks.
void TaskAfter::plan_last_look(const ServiceTask& task, const Rollout& rollout, const EcsTask& started,
                               Deadline deadline) {
    if (!parts_.calls.possible() || started.has_stopped()) return;
    const auto at = std::chrono::ceil<std::chrono::seconds>(started.created_at + task.timeout + kGrace);
    if (at <= parts_.clock.now()) return;
    const auto made =
        parts_.schedules.create({.name = {.group = parts_.calls.group, .name = task_schedule_name(rollout)},
                                 .at = at,
                                 .function = parts_.calls.function,
                                 .role = parts_.calls.role,
                                 .input = event_of_task(rollout, at),
                                 .description = fmt::format("ci_lambda looks at the task after {} of {}",
                                                            rollout.deployment_id, rollout.target.id)},
                                deadline);
    if (!made)
        parts_.logger.warn("last look at the task after the deployment not planned: ECS's event of its end goes on",
                           {{log_key::kService, rollout.target.id.str()}, {log_key::kError, made.error().message}});
}

std::vector<Afterwards> TaskAfter::wait_for(const std::vector<Completed>& rollouts, Deadline deadline, Role role,
                                            const OnLook& on_look) {
    std::vector<Afterwards> all(rollouts.size());
    std::vector<bool> ended(rollouts.size(), false);
    for (;;) {
        bool open = false;
        for (std::size_t i = 0; i < rollouts.size(); ++i) {
            if (ended[i]) continue;
            all[i] = look(rollouts[i].rollout, rollouts[i].at, deadline, role);
            // The function, which starts it, hears of the completion a little later than whoever watches.
            const bool may_come = role == Role::kWatches && all[i].stand == TaskStand::kNone &&
                                  parts_.clock.now() - rollouts[i].at < kLag;
            ended[i] = all[i].stand != TaskStand::kRuns && !may_come;
            open = open || !ended[i];
            if (all[i].stand == TaskStand::kRuns && on_look)
                on_look(rollouts[i].rollout, fmt::format("ECS has completed it; {}", all[i].words));
        }
        if (!open) return all;
        const auto left = deadline.remaining(parts_.clock);
        if (left && *left <= kBetweenLooksAfterwards) return all;
        parts_.sleeper.sleep_for(kBetweenLooksAfterwards);
    }
}

}  // namespace ci_lambda
