#include "app/pipelines/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "announce/words.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using Next = PipelineRun::Next;

/// What is left of an invocation when its run is handed on: for the call, and for what there is to tell.
constexpr Milliseconds kTimeToHandOn{15'000};
/// Who carries a run by the state machine looks once in a step.
constexpr Milliseconds kOneLook{2'000};

/// Its time is up, or will be before the next look.
bool is_too_late(const PipelineRun& run, Deadline until, const Clock& clock) {
    const auto left = until.remaining(clock);
    return left && *left <= std::chrono::duration_cast<Milliseconds>(run.wait);
}

bool waits_for_somebody(const PipelineRun& run) {
    return run.next == Next::kLook && std::ranges::any_of(run.current().services, [](const RunService& one) {
               return one.stand == ServiceStand::kKept;
           });
}

NotificationType type_of(Next end) {
    switch (end) {
        case Next::kCompleted: return NotificationType::kSuccess;
        case Next::kFailed: return NotificationType::kError;
        case Next::kStopped: return NotificationType::kWarning;
        default: return NotificationType::kInfo;
    }
}

std::string_view status_of(const PipelineRun& run) { return run.is_over() ? to_string(run.next) : "in_progress"; }

}  // namespace

void PipelineRunner::tell_end(const PipelineRun& run) {
    const auto end = std::string(to_string(run.next));
    parts_.announcer.news({{.type = type_of(run.next),
                            .title = fmt::format("Pipeline {}: {}", end, run.pipeline),
                            .project = {},
                            .environment = {},
                            .service = run.pipeline,
                            .status = end,
                            .deployment_id = {},
                            .task_definition = {},
                            .reason = fmt::format("{}\n{}", run.words, run.reason),
                            .facts = {fmt::format("pipeline\n{}\n{}", run.id, end)}}});
    parts_.logger.log(run.next == Next::kFailed ? LogLevel::kError : LogLevel::kInfo, "pipeline ended",
                      {{"pipeline", run.pipeline}, {"run", run.id}, {"status", end}, {log_key::kReason, run.words}});
}

Handled PipelineRunner::answer(const PipelineRun& run, const PipelineSteps& steps, std::string status) {
    Handled handled{.answer = {.status = std::move(status),
                               .detail = fmt::format("pipeline {}: {}", run.pipeline, run.words),
                               .deployments = steps.reports()}};
    handled.answer.pipelines.push_back(run);
    handled.deploys = true;
    return handled;
}

Handled PipelineRunner::dry_run(const PipelineRun& run, Deadline deadline) {
    Deploy all;
    for (const auto& stage : run.stages)
        for (const auto& service : stage.services) all.requests.push_back(service.request);
    auto handled = answer_of(deployments_.begin(all, working_time(deadline)), {});
    std::vector<std::string> stages;
    for (const auto& stage : run.stages) stages.push_back(stage.name);
    handled.answer.detail += fmt::format(" (in the order of the pipeline {}: {})", run.pipeline, join(stages, "; "));
    handled.deploys = true;
    return handled;
}

std::optional<Handled> PipelineRunner::carried_before(const PipelineRun& run, Deadline deadline) {
    if (!has_state_machine() || parts_.foundation.for_people) return std::nullopt;
    const auto arn = execution_arn(parts_.config.pipeline_state_machine, run.id);
    if (!arn) return std::nullopt;
    const auto known = parts_.states.describe(*arn, working_time(deadline));
    if (!known) {
        if (known.error().kind != ErrorKind::kNotFound)
            parts_.logger.warn("whether the run is carried already is not known",
                               {{"run", run.id}, {log_key::kError, known.error().message}});
        return std::nullopt;
    }
    const bool over = is_over(known->listed.status);
    Handled handled{.answer = {.status = over ? "ignored" : "in_progress",
                               .detail = fmt::format("pipeline {}: the execution {} {} ({})", run.pipeline, run.id,
                                                     over ? "has carried this" : "carries this already",
                                                     to_string(known->listed.status)),
                               .deployments = {}}};
    handled.deploys = true;
    return handled;
}

Handled PipelineRunner::hand_on(const PipelineRun& run, Deadline deadline) {
    const auto started = parts_.states.start(parts_.config.pipeline_state_machine, run.id, execution_input(run),
                                             speaking_time(deadline));
    if (!started) {
        const auto why = fmt::format("pipeline {}: {}; it could not be handed on: {}", run.pipeline, run.words,
                                     started.error().message);
        Handled handled{.answer = {.status = "failed", .detail = why, .deployments = {}},
                        .error = HandlingError{.type = "Function.PipelineUnfinished", .message = why}};
        parts_.logger.error("pipeline not handed on", {{"run", run.id}, {log_key::kError, started.error().message}});
        return handled;
    }
    parts_.logger.info(
        "pipeline handed on",
        {{"pipeline", run.pipeline}, {"run", run.id}, {"execution", started->execution}, {"status", run.words}});
    return {.answer = {.status = "in_progress",
                       .detail = fmt::format("pipeline {}: {}; the execution {} goes on with it", run.pipeline,
                                             run.words, run.id),
                       .deployments = {}}};
}

Handled PipelineRunner::unfinished(const PipelineRun& run) {
    const auto why = fmt::format(
        "pipeline {}: {}, and the time of this invocation is over. The event has to come again: it finds what was "
        "begun, and goes on from there. With {} a state machine would carry it",
        run.pipeline, run.words, parts_.config.called("PIPELINE_STATE_MACHINE"));
    parts_.logger.error("pipeline not finished", {{"pipeline", run.pipeline}, {"run", run.id}, {"status", run.words}});
    return {.answer = {.status = "in_progress", .detail = why, .deployments = {}},
            .error = HandlingError{.type = "Function.PipelineUnfinished", .message = why}};
}

Handled PipelineRunner::carry_out(PipelineRun run, Deadline deadline) {
    if (parts_.dry_run) return parts_.redacted(dry_run(run, deadline));
    if (auto before = carried_before(run, deadline)) return *std::move(before);
    const bool can_hand_on = has_state_machine() && !parts_.foundation.for_people;
    PipelineSteps steps(parts_, deployments_, {.waits_for_people = can_hand_on});
    const auto until = working_time(deadline).minus(kTimeToHandOn);
    const auto with = [&](Handled end) {
        auto handled = answer(run, steps, end.answer.status);
        handled.answer.detail = std::move(end.answer.detail);
        handled.error = std::move(end.error);
        parts_.deliver();
        return parts_.redacted(std::move(handled));
    };
    while (!run.is_over()) {
        const bool begins = run.next == Next::kStart;
        if (const auto done = steps.step(run, until, deadline); !done) {
            const auto why = fmt::format("pipeline {}: {}", run.pipeline, done.error().message);
            parts_.logger.error("step of a pipeline failed",
                                {{"pipeline", run.pipeline}, {"run", run.id}, {log_key::kError, done.error().message}});
            return with({.answer = {.status = "failed", .detail = why, .deployments = {}},
                         .error = HandlingError{.type = "Function.PipelineFailed", .message = why}});
        }
        if (run.is_over()) break;
        if (can_hand_on && waits_for_somebody(run)) return with(hand_on(run, deadline));
        // The look itself waits for what rolls.
        if (begins && run.next == Next::kLook && !waits_for_somebody(run)) run.wait = std::chrono::seconds{0};
        if (is_too_late(run, until, parts_.clock)) return with(can_hand_on ? hand_on(run, deadline) : unfinished(run));
        parts_.sleeper.sleep_for(run.wait);
    }
    tell_end(run);
    return with({.answer = {.status = std::string(status_of(run)),
                            .detail = fmt::format("pipeline {}: {}", run.pipeline, run.words),
                            .deployments = {}}});
}

Handled PipelineRunner::step(const std::string& text, Deadline deadline) {
    auto run = run_of_json(text, parts_.config);
    if (!run) {
        const auto why = parts_.redactor.redact(run.error().message);
        parts_.logger.error("pipeline refused: it cannot go on", {{log_key::kError, why}});
        return {.answer = {.status = "failed", .detail = why, .deployments = {}},
                .error = HandlingError{.type = "Function.InvalidEvent", .message = why}};
    }
    PipelineSteps steps(parts_, deployments_, {.waits_for_people = true});
    if (parts_.dry_run && !run->is_over()) {
        run->next = Next::kStopped;
        run->words = fmt::format("{} is on: nothing further begins", parts_.config.called("DRY_RUN"));
    }
    const auto looks_until = Deadline::earlier(Deadline::after(parts_.clock, kOneLook), working_time(deadline));
    const auto done = run->is_over() ? Status() : steps.step(*run, looks_until, deadline);
    if (done && run->is_over()) tell_end(*run);
    auto handled = answer(*run, steps, std::string(status_of(*run)));
    if (done) {
        handled.answer.step = step_json(*run);
    } else {
        handled.answer.status = "failed";
        handled.answer.detail = fmt::format("pipeline {}: {}", run->pipeline, done.error().message);
        handled.error = HandlingError{.type = "Function.PipelineFailed", .message = handled.answer.detail};
        parts_.logger.error("step of a pipeline failed",
                            {{"pipeline", run->pipeline}, {"run", run->id}, {log_key::kError, done.error().message}});
    }
    parts_.deliver();
    return parts_.redacted(std::move(handled));
}

void add_run(Handled& handled, Handled run) {
    const bool alone = handled.answer.deployments.empty() && handled.answer.tasks.empty() && !handled.error;
    if (alone || run.error || run.answer.status == "failed") handled.answer.status = run.answer.status;
    handled.answer.detail =
        alone ? std::move(run.answer.detail) : fmt::format("{}. {}", handled.answer.detail, run.answer.detail);
    std::ranges::move(run.answer.deployments, std::back_inserter(handled.answer.deployments));
    std::ranges::move(run.answer.pipelines, std::back_inserter(handled.answer.pipelines));
    if (run.error && handled.error)
        handled.error->message += fmt::format("; {}", run.error->message);
    else if (run.error)
        handled.error = std::move(run.error);
}

}  // namespace ci_lambda
