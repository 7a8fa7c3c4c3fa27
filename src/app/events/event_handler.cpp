#include "app/events/event_handler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <variant>

#include "app/events/after_completion.hpp"
#include "app/events/approval.hpp"
#include "app/events/approval_due.hpp"
#include "app/events/held.hpp"
#include "app/events/hook.hpp"
#include "app/events/steer.hpp"
#include "app/events/sweep.hpp"
#include "deployer/code_deploy/events.hpp"
#include "handlers/merge.hpp"

namespace ci_lambda {
namespace {

std::vector<TaskReport> tasks_for(const Deploy& decision, const std::vector<TaskReport>& reports) {
    std::vector<TaskReport> some;
    for (const auto& report : reports)
        if (std::ranges::any_of(decision.tasks, [&](const TaskRequest& task) { return task.task.id == report.id; }))
            some.push_back(report);
    return some;
}

std::vector<DeploymentReport> reports_for(const Deploy& decision, const std::vector<DeploymentReport>& reports) {
    std::vector<DeploymentReport> some;
    for (const auto& report : reports)
        if (std::ranges::find(decision.requests, report.target, &DeploymentRequest::target) != decision.requests.end())
            some.push_back(report);
    return some;
}

/// Of several events that are carried out together, the first one that wants any of their pipelines.
std::string id_of_runs(const std::vector<const Batch::Item*>& items, const std::vector<const Deploy*>& decisions) {
    for (std::size_t i = 0; i < items.size(); ++i)
        if (std::ranges::any_of(decisions[i]->requests, [](const auto& one) { return !one.pipeline.empty(); }))
            return items[i]->event.envelope.id;
    return {};
}

}  // namespace

Handled EventHandler::handle(const Delivery& delivery, Deadline deadline) {
    if (delivery.source != Delivery::Source::kEvent) return handle_batch(delivery, deadline);
    const auto& events = delivery.messages.front().events;
    if (!events) return invalid(events.error());
    return handle(events->front(), deadline);
}

Handled EventHandler::handle(const Event& event, Deadline deadline) {
    parts_.notifications.set_deadline(speaking_time(deadline));
    // ECS asks one and the same thing until it is answered for good, and each answer is another one.
    const bool asks = std::holds_alternative<LifecycleHookCall>(event.body);
    if (auto before = asks ? std::nullopt : answered_before(event)) return *std::move(before);
    if (!event.envelope.account.empty()) find_home();
    const auto decision = decide_about(event, deadline);
    if (!decision) return invalid(decision.error());
    auto handled = std::visit([&](const auto& what) { return act(event, what, deadline); }, *decision);
    if (!asks) parts_.answered.remember(event, handled);
    return handled;
}

Handled EventHandler::invalid(const Error& error) {
    const auto message = parts_.redactor.redact(error.message);
    parts_.logger.error("event refused: it cannot be acted upon", {{log_key::kError, message}});
    return {.answer = {.status = "failed", .detail = message},
            .error = HandlingError{.type = std::string(type_of_refusal(error)), .message = message}};
}

Result<Decision> EventHandler::decide_about_code_deploy(const Event& event, const CodeDeployChange& change,
                                                        Deadline deadline) {
    auto told =
        as_service_event(change, parts_.code_deploy->groups, parts_.code_deploy->client, working_time(deadline));
    if (!told) {
        const auto& error = told.error();
        auto why =
            fmt::format("whom the event concerns could not be found out ({}): {}", describe(event), error.message);
        if (error.retryable() || error.kind == ErrorKind::kDeadline) return fail(ErrorKind::kServer, std::move(why));
        return Ignore{.reason = std::move(why), .skipped = {}, .hint = {}};
    }
    auto& said = *told;
    if (!said) return decide(event, parts_.config, home_);
    return decide_about({.envelope = event.envelope, .body = *std::move(said)}, deadline);
}

Result<Decision> EventHandler::decide_about(const Event& event, Deadline deadline) {
    if (const auto* change = std::get_if<CodeDeployChange>(&event.body);
        change != nullptr && parts_.code_deploy != nullptr && !why_not_for_us(event, parts_.config, home_))
        return decide_about_code_deploy(event, *change, deadline);
    if (parts_.discovery == nullptr || std::holds_alternative<OtherEvent>(event.body) ||
        why_not_for_us(event, parts_.config, home_))
        return decide(event, parts_.config, home_);
    parts_.discover(working_time(deadline));
    const bool with_tasks = may_concern_tasks(event, parts_.config);
    if (with_tasks) parts_.discover_tasks(working_time(deadline));
    auto decision = decide(event, parts_.config, home_);
    if (!may_concern_an_unknown_service(event, decision, parts_.config)) return decision;
    const auto at = parse_rfc3339(event.envelope.time).value_or(parts_.clock.now());
    if (parts_.discover_again(at, working_time(deadline))) {
        if (with_tasks) parts_.discover_tasks_again(working_time(deadline));
        decision = decide(event, parts_.config, home_);
    }
    auto unread = parts_.discovery->index.found()->unread;
    if (unread.empty() && with_tasks && parts_.config.discovered_tasks != nullptr)
        unread = parts_.config.discovered_tasks->unread;
    const bool acts = decision && std::holds_alternative<Deploy>(*decision);
    if (!acts && !unread.empty() && may_concern_an_unknown_service(event, decision, parts_.config))
        return fail(ErrorKind::kServer,
                    fmt::format("whom the event concerns could not be found out ({}): {}", describe(event), unread));
    return decision;
}

Handled EventHandler::act(const Event& event, const Ignore& ignore, Deadline /*deadline*/) {
    std::vector<LogField> fields{{"event", describe(event)}, {log_key::kReason, ignore.reason}};
    if (ignore.hint) fields.emplace_back("hint", *ignore.hint);
    parts_.logger.info("event ignored", std::move(fields));
    const bool meant_here = !why_for_another_target(event, parts_.config, home_);
    if (meant_here) parts_.counter.ignored(ignore, why_from_elsewhere(event, parts_.config, home_).has_value());
    // Somebody waits for what was held.
    if (const auto* thaw = std::get_if<ThawRequest>(&event.body);
        thaw != nullptr && !ignore.skipped.empty() && meant_here)
        tell_not_begun(parts_, *thaw, ignore);
    return {.answer = {.status = "ignored", .detail = parts_.redactor.redact(ignore.reason)}, .meant_here = meant_here};
}

Handled EventHandler::act(const Event& /*event*/, const SetHold& hold, Deadline deadline) {
    return carry_out_hold(parts_, hold, deadline);
}

Handled EventHandler::act(const Event& event, const Notify& notice, Deadline deadline) {
    const auto heard = news_.hear(event, notice, deadline);
    if (heard.notification) parts_.announcer.news({*heard.notification});
    parts_.announcer.tasks(heard.tasks);
    auto handled = news_.answer_of(heard, parts_.deliver());
    if (heard.completed) begin_to_verify(parts_, *heard.completed, handled, deadline);
    return handled;
}

Handled EventHandler::act(const Event& event, const Verify& verify, Deadline deadline) {
    parts_.logger.debug("event decided: look at a rollout that has completed",
                        {{"event", describe(event)}, {log_key::kService, verify.target.id.str()}});
    return carry_out_verify(parts_, verify, deadline);
}

Handled EventHandler::act(const Event& event, const Sweep& sweep, Deadline deadline) {
    return carry_out_sweep(parts_, event, sweep, deadline);
}

Handled EventHandler::act(const Event& /*event*/, const Steer& steer, Deadline deadline) {
    return carry_out_steer(parts_, steer, deadline);
}

Handled EventHandler::act(const Event& /*event*/, const AnswerHook& hook, Deadline deadline) {
    return answer_hook(parts_, hook, deadline);
}

Handled EventHandler::act(const Event& event, const AnswerApproval& approval, Deadline deadline) {
    if (!answers(approval.event.what)) return carry_out_due(parts_, approval.event, deadline);
    return carry_out_approval(parts_, deployments_, event, approval, deadline);
}

Handled EventHandler::act(const Event& event, const Deploy& deploy, Deadline deadline) {
    parts_.logger.debug("event decided: deploy",
                        {{"event", describe(event)}, {"services", static_cast<int>(deploy.requests.size())}});
    auto alone = deploy;
    const auto runs = take_out_runs(alone, parts_.config, event.envelope.id, parts_.clock.now());
    const std::vector<Announcer::Cause> causes{{.id = event.envelope.id, .decision = &alone}};
    auto handled = answer_of(deployments_.carry_out(alone, causes, deadline), alone.skipped);
    handled.deploys = true;
    for (const auto& run : runs) add_run(handled, pipelines_.carry_out(run, deadline));
    add_tasks(handled, deployments_.update_tasks(deploy, handled.answer.deployments, deadline));
    return parts_.redacted(std::move(handled));
}

Handled EventHandler::act(const Event& /*event*/, const StepPipeline& step, Deadline deadline) {
    return pipelines_.step(step.run, deadline);
}

std::optional<Handled> EventHandler::answered_before(const Event& event) const {
    // Whether the next target may follow is looked up anew: what has completed may have been rolled back since.
    if (parts_.config.targets.in_order) return std::nullopt;
    auto before = parts_.answered.find(event);
    if (before) {
        parts_.logger.count(Metric::kIgnoredRepeated);
        parts_.logger.info("event repeated: answered as before, and nothing done again",
                           {{"event", describe(event)}, {"event_id", event.envelope.id}});
    }
    return before;
}

/// Lambda says with each invocation where the function lives. For people, their credentials may know it.
void EventHandler::find_home() {
    if (!parts_.foundation.for_people || !home_.account.empty()) return;
    if (const auto credentials = parts_.foundation.credentials.get()) home_.account = credentials->account_id;
    parts_.account = own_account();
}

Handled EventHandler::handle_batch(const Delivery& delivery, Deadline deadline) {
    parts_.notifications.set_deadline(speaking_time(deadline));
    find_home();
    Batch batch(delivery, [&](const Event& event) { return decide_about(event, deadline); });
    std::vector<DeploymentReport> reports;
    bool deploys = false;
    for (auto step = batch.next(); !step.empty(); step = batch.next()) {
        deploys = deploys || std::ranges::any_of(
                                 step, [](const auto* item) { return std::holds_alternative<Deploy>(item->decision); });
        std::ranges::move(carry_out(batch, step, deadline), std::back_inserter(reports));
    }
    auto handled = parts_.redacted(batch.answer(std::move(reports)));
    handled.deploys = deploys;
    parts_.logger.log(handled.answer.status == "failed" ? LogLevel::kError : LogLevel::kInfo, "batch handled",
                      {{"messages", static_cast<int>(delivery.messages.size())},
                       {"status", handled.answer.status},
                       {"detail", handled.answer.detail}});
    return handled;
}

/// One step of a batch: each service at most once, whatever number of events asks for it.
std::vector<DeploymentReport> EventHandler::carry_out(Batch& batch, const std::vector<const Batch::Item*>& step,
                                                      Deadline deadline) {
    std::vector<const Batch::Item*> deploying;
    std::vector<const Deploy*> decisions;  // of the items: there may be thousands
    std::vector<std::pair<const Batch::Item*, NewsHandler::Heard>> heard;
    for (const auto* item : step) {
        if (const auto before = answered_before(item->event)) {
            batch.done(*item, *before);
        } else if (const auto* deploy = std::get_if<Deploy>(&item->decision)) {
            deploying.push_back(item);
            decisions.push_back(deploy);
        } else if (const auto* notice = std::get_if<Notify>(&item->decision)) {
            heard.emplace_back(item, news_.hear(item->event, *notice, deadline));
        } else {
            finish(batch, *item,
                   std::visit([&](const auto& what) { return act(item->event, what, deadline); }, item->decision));
        }
    }
    auto reports = tell(batch, heard, deadline);
    if (decisions.empty()) return reports;
    std::vector<Announcer::Cause> causes;
    for (std::size_t i = 0; i < deploying.size(); ++i)
        causes.push_back({.id = deploying[i]->event.envelope.id, .decision = decisions[i]});
    auto merged = merge(decisions);
    const auto runs = take_out_runs(merged, parts_.config, id_of_runs(deploying, decisions), parts_.clock.now());
    auto deployed = deployments_.carry_out(merged, causes, deadline);
    std::map<std::string, Handled> of_runs;  // by their pipelines
    for (const auto& run : runs) {
        auto handled = pipelines_.carry_out(run, deadline);
        std::ranges::copy(handled.answer.deployments, std::back_inserter(deployed));
        of_runs.emplace(run.pipeline, std::move(handled));
    }
    const auto tasks = deployments_.update_tasks(merged, deployed, deadline);
    for (std::size_t i = 0; i < deploying.size(); ++i) {
        auto handled = answer_of(reports_for(*decisions[i], deployed), decisions[i]->skipped);
        handled.deploys = true;
        for (const auto& [pipeline, run] : of_runs)
            if (std::ranges::find(decisions[i]->requests, pipeline, &DeploymentRequest::pipeline) !=
                decisions[i]->requests.end()) {
                auto without_reports = run;
                without_reports.answer.deployments.clear();
                add_run(handled, std::move(without_reports));
            }
        add_tasks(handled, tasks_for(*decisions[i], tasks));
        finish(batch, *deploying[i], parts_.redacted(std::move(handled)));
    }
    batch.add_tasks(tasks);
    std::ranges::copy(deployed, std::back_inserter(reports));
    return reports;
}

/// What ECS said in one step of a batch, in one message. The reports are of what is rolled back because of it.
std::vector<DeploymentReport> EventHandler::tell(
    Batch& batch, const std::vector<std::pair<const Batch::Item*, NewsHandler::Heard>>& heard, Deadline deadline) {
    std::vector<Notification> news;
    std::vector<DeploymentReport> reports;
    for (const auto& [item, one] : heard) {
        if (one.notification) news.push_back(*one.notification);
        parts_.announcer.tasks(one.tasks);
        batch.add_tasks(one.tasks);
        if (one.rollback) reports.push_back(*one.rollback);
    }
    parts_.announcer.news(std::move(news));
    const auto problems = parts_.deliver();
    for (const auto& [item, one] : heard) {
        auto handled = news_.answer_of(one, one.notification ? problems : std::vector<std::string>{});
        if (one.completed) begin_to_verify(parts_, *one.completed, handled, deadline);
        finish(batch, *item, handled);
    }
    return reports;
}

void EventHandler::finish(Batch& batch, const Batch::Item& item, const Handled& handled) {
    parts_.answered.remember(item.event, handled);
    batch.done(item, handled);
}

}  // namespace ci_lambda
