#include "deployer/start/task_before.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/rollout/task_failure.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

constexpr Milliseconds kBetweenLooksAtTask{5000};
/// Kept free of waiting for a task, so that what runs on is said.
constexpr Milliseconds kTimeToHandOn{5000};
/// ECS takes 8192 characters of overrides, and the command is among them.
constexpr std::size_t kLongestRequest = 5000;

}  // namespace

/// The same for whoever deploys the same by the same configuration. A revision that is there already may get another
/// image behind its tag; one that was made for a push is that push.
std::string TaskBefore::started_by(const Plan& plan) const {
    std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request_.target.cluster, request_.target.service,
                                   plan.revision, task().name, task().family, task().container);
    for (const auto& word : task().command) text += "\n" + word;
    if (request_.image_mode != ImageMode::kRevision && request_.wanted.empty()) {
        std::vector<std::string> digests;
        for (const auto& image : plan.pushed)
            if (!image.digest.empty()) digests.push_back(image.digest);
        std::ranges::sort(digests);
        for (const auto& digest : digests) text += "\n" + digest;
    }
    return fmt::format("{}{}", kTaskBeforePrefix, name_of_text(text));
}

Result<bool> TaskBefore::is_done(const Plan& plan, Deadline deadline) {
    const auto by = started_by(plan);
    if (done_ == by) return true;
    TRY_ASSIGN(const auto known, parts_.tasks->tasks_started_by(request_.target.cluster, by, deadline));
    std::size_t failed_before = 0;
    const EcsTask* running = nullptr;
    const EcsTask* failed = nullptr;
    for (const auto& one : known) {  // the newest first
        if (!one.has_stopped()) {
            if (running == nullptr) running = &one;
        } else if (has_succeeded(one)) {
            done_ = by;
            return true;
        } else if (is_of_before(one)) {
            ++failed_before;
        } else if (failed == nullptr) {
            failed = &one;
        }
    }
    if (running == nullptr && failed != nullptr) return judge_ended(*failed, deadline);
    if (running != nullptr) {
        running_ = *running;
    } else {
        TRY_ASSIGN(auto started, start(plan, by, failed_before, deadline));
        running_ = std::move(started);
    }
    waits_for_ = by;
    if (auto error = late(*running_)) return std::unexpected(*std::move(error));
    return false;
}

/// By its end: between the clocks of ECS and of whoever asked there may be a moment, and a task takes longer.
bool TaskBefore::is_of_before(const EcsTask& one) const {
    const bool own = running_ && running_->what.arn == one.what.arn;
    return one.has_stopped() && !own && one.what.stopped_at < since_;
}

Result<bool> TaskBefore::judge_ended(const EcsTask& ended, Deadline deadline) {
    if (parts_.last_words != nullptr) words_ = parts_.last_words->of(ended.what, deadline);
    auto why = why_task_stopped(ended.what);
    return fail(ErrorKind::kRejected,
                fmt::format("the task {} before it failed ({}): {}; nothing is deployed", task().name,
                            last_segment(ended.what.arn), why.empty() ? "ECS does not say why" : std::move(why)));
}

/// A migration that is cut off in the middle may do harm: nobody ends it.
std::optional<Error> TaskBefore::late(const EcsTask& running) const {
    if (parts_.clock.now() - running.created_at < task().timeout) return std::nullopt;
    return Error{
        .kind = ErrorKind::kRejected,
        .message = fmt::format("the task {} before it ({}) has not ended after {}; nothing is deployed, and the "
                               "task goes on",
                               task().name, last_segment(running.what.arn), in_words(task().timeout))};
}

Result<EcsTask> TaskBefore::start(const Plan& plan, const std::string& by, std::size_t failed_before,
                                  Deadline deadline) {
    TRY_ASSIGN(const auto definition, definition_of(task(), plan, parts_.ecs, deadline));
    TRY_ASSIGN(auto container,
               container_of(task(), fmt::format("the task {} cannot run before it", task().name), definition, plan));
    // What follows the task must be the same request: with its own time, which a bare one has not.
    auto next = request_;
    next.changed_at = since_;
    auto text = to_json(next);
    RunTaskRequest request{.cluster = request_.target.cluster,
                           .task_definition = TaskDefinition(definition.arn),
                           .placement = plan.placement,
                           .container = std::move(container),
                           .command = task().command,
                           .environment = {{"CI_LAMBDA_TASK", task().name}},
                           .started_by = by,
                           .client_token = {}};
    if (text.size() <= kLongestRequest) {
        request.environment[std::string(kTaskRequestVariable)] = std::move(text);
        // Whoever hears of its end before that leaves it to this process.
        const auto until = Deadline::earlier(deadline.minus(2 * kBetweenLooksAtTask + kTimeToHandOn),
                                             Deadline::after(parts_.clock, task().timeout))
                               .at();
        if (until) request.environment[std::string(kTaskWaitsVariable)] = format_rfc3339(*until);
    }
    // ECS may know the token of a task that it shows no longer, and which failed before anybody asked for this.
    for (auto number = failed_before;; ++number) {
        constexpr std::size_t kMostTokens = 5;
        request.client_token = fmt::format("{}-{}", by.substr(kTaskBeforePrefix.size()), number);
        TRY_ASSIGN(auto started, parts_.tasks->run_task(request, deadline));
        if (is_of_before(started) && number < failed_before + kMostTokens) continue;
        parts_.logger.info("task before the deployment started", {{log_key::kService, request_.target.id.str()},
                                                                  {"task", task().name},
                                                                  {"task_arn", started.what.arn},
                                                                  {log_key::kTaskDefinition, definition.arn}});
        return started;
    }
}

Result<bool> TaskBefore::wait_for_end(Deadline deadline) {
    parts_.logger.info(
        "deployment waits for the task before it",
        {{log_key::kService, request_.target.id.str()}, {"task", task().name}, {"task_arn", running_->what.arn}});
    for (;;) {
        const auto left = deadline.remaining(parts_.clock);
        if (left && *left < kBetweenLooksAtTask + kTimeToHandOn) return false;
        if (parts_.on_wait) parts_.on_wait(request_.target, running_->created_at, running_in_words());
        parts_.sleeper.sleep_for(kBetweenLooksAtTask);
        const auto known = parts_.tasks->tasks_started_by(request_.target.cluster, waits_for_, deadline);
        if (!known && !known.error().retryable()) return std::unexpected(known.error());
        if (!known) continue;
        const auto own = std::ranges::find(*known, running_->what.arn, [](const auto& one) { return one.what.arn; });
        // What was started a moment ago may not be shown yet.
        if (own != known->end() && own->has_stopped()) return true;
        if (late(*running_)) return true;
    }
}

std::string TaskBefore::running_in_words() const {
    return fmt::format("the task {} runs before it since {} ({})", task().name, minute_in_words(running_->created_at),
                       last_segment(running_->what.arn));
}

Barrier TaskBefore::barrier() const {
    return {.kind = Barrier::Kind::kHeld, .words = running_in_words(), .request = {}};
}

}  // namespace ci_lambda
