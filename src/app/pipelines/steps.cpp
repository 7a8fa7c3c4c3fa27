#include "app/pipelines/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <set>
#include <string>
#include <utility>

#include "app/events/approval_due.hpp"
#include "app/events/held.hpp"
#include "app/pipelines/lead.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using Next = PipelineRun::Next;
using Stand = ServiceStand;
using std::chrono::seconds;

/// Between two looks at rollouts that go on.
constexpr seconds kLookAgain{15};
/// The same where a person is waited for, or a hold: 15 minutes at most.
constexpr seconds kAskSoon{30};
constexpr seconds kAskLate{900};
/// Who watches a rollout by schedules is up to a minute late with the last look, and needs a moment.
constexpr seconds kLastLook{90};

bool has_rollout(const RunService& service) { return !service.deployment_id.empty(); }

/// Whether it is one of what the run has to bring back.
bool is_to_go_back(const RunService& service) {
    return service.begun_here && has_rollout(service) &&
           (service.stand == Stand::kCompleted || service.stand == Stand::kWatched || service.stand == Stand::kRolls ||
            service.stand == Stand::kFailed || service.stand == Stand::kGoesBack);
}

/// As the watcher knows it.
DeploymentReport report_of(const RunService& service) {
    return {.target = service.request.target,
            .status = DeploymentStatus::kDeployed,
            .reason = service.request.reason,
            .task_definition = service.task_definition,
            .deployment_id = service.deployment_id,
            .started_at = service.started_at,
            .attempts = 1,
            .pushed = service.request.images};
}

void follow(RunService& service, const EcsDeployment& primary) {
    service.stand = Stand::kRolls;
    service.deployment_id = primary.id;
    service.task_definition = primary.task_definition;
    service.started_at = primary.created_at;
    service.begun_here = false;
    service.words = fmt::format("{} was begun since, and is waited for", primary.id);
}

std::string why_of(const DeploymentReport& report) {
    if (report.error) return report.error->message;
    if (!report.left_out.empty())
        return fmt::format("{} was taken back before, and it runs an older one", short_name(report.left_out));
    return report.outcome.empty() ? std::string(to_string(report.status)) : report.outcome;
}

std::string not_begun(const PipelineRun& run) {
    std::vector<std::string> stages;
    for (std::size_t i = run.stage + 1; i < run.stages.size(); ++i) stages.push_back(run.stages[i].name);
    return stages.empty() ? "" : fmt::format("; not begun: {}", join(stages, "; "));
}

}  // namespace

std::vector<DeploymentReport> PipelineSteps::reports() const {
    std::vector<DeploymentReport> all;
    for (const auto& [id, report] : reports_) all.push_back(report);
    return all;
}

void PipelineSteps::remember(const DeploymentReport& report) { reports_.insert_or_assign(report.target.id, report); }

Status PipelineSteps::step(PipelineRun& run, Deadline until, Deadline deadline) {
    run.wait = seconds{0};
    switch (run.next) {
        case Next::kStart: return start(run, deadline);
        case Next::kLook: return look(run, until, deadline);
        case Next::kCompensate: return compensate(run, until, deadline);
        case Next::kCompleted:
        case Next::kFailed:
        case Next::kStopped:
        case Next::kSuperseded: break;
    }
    return {};
}

Status PipelineSteps::start(PipelineRun& run, Deadline deadline) {
    TRY_ASSIGN(const auto later, later_run(parts_, run, deadline));
    if (later) {
        run.next = Next::kSuperseded;
        run.words = fmt::format("{}: what this one has not begun is left to that{}", *later,
                                run.stage == 0 ? "" : fmt::format(" (from {} on)", stage_in_words(run, run.stage)));
        return {};
    }
    bool goes_on = true;
    TRY(check_earlier(run, goes_on, deadline));
    if (!goes_on) return {};
    if (run.current().promotes()) return promote(run, deadline);
    TRY(begin(run, deadline));
    conclude(run);
    return {};
}

/// What has completed may have moved on since.
Status PipelineSteps::check_earlier(PipelineRun& run, bool& goes_on, Deadline deadline) {
    for (std::size_t i = 0; i < run.stage; ++i)
        for (auto& service : run.stages[i].services) {
            if (!has_rollout(service)) continue;
            TRY_ASSIGN(const auto lead, lead_of(parts_, service, deadline));
            if (lead.is == Lead::Is::kOurs) continue;
            goes_on = false;
            const auto& id = service.request.target.id;
            if (lead.is == Lead::Is::kBack) {
                run.next = Next::kStopped;
                run.words = fmt::format("{} was taken back since (it runs {} by {}); not begun: {}{}", id,
                                        short_name(lead.primary.task_definition), lead.primary.id, run.current().name,
                                        not_begun(run));
                return {};
            }
            run.wait = kLookAgain;
            if (lead.is == Lead::Is::kUnknown) {
                run.words = fmt::format("ECS does not say yet who has begun {} of {}", lead.primary.id, id);
                return {};
            }
            // Whoever that was: what comes after it waits for it.
            follow(service, lead.primary);
            run.stage = i;
            run.next = Next::kLook;
            run.words = fmt::format("{}: {}", id, service.words);
            return {};
        }
    return {};
}

/// What was taken back is not deployed again without a person: here is one who wants it.
Status PipelineSteps::want_again(const PipelineRun& run, RunService& service, Deadline deadline) {
    if (!run.again || service.tried_again) return {};
    TRY_ASSIGN(const auto lead, lead_of(parts_, service, deadline));
    if (lead.is != Lead::Is::kBack) return {};
    service.tried_again = true;
    auto& request = service.request;
    request.asked_for = true;
    request.changed_at = run.at;
    if (!request.wanted.empty() || request.promoted_from) {
        request.again = true;
        return {};
    }
    // The newest revision, which has what was pushed.
    if (!request.task_definition) request.task_definition = TaskDefinition(request.target.family.str());
    request.images.clear();
    request.images_alone = false;
    return {};
}

/// Those of the stage that are not begun yet.
Status PipelineSteps::begin(PipelineRun& run, Deadline deadline) {
    Deploy decision;
    std::vector<RunService*> asked;
    for (auto& service : run.current().services)
        if (service.stand == Stand::kWaits || service.stand == Stand::kKept) {
            TRY(want_again(run, service, deadline));
            decision.requests.push_back(service.request);
            asked.push_back(&service);
        }
    if (asked.empty()) return {};
    auto reports = deployments_.begin(decision, working_time(deadline));
    if (!options_.waits_for_people) keep_held(parts_, decision, reports, working_time(deadline));
    std::vector<DeploymentReport> news;
    std::optional<Error> again;
    for (auto& report : reports) {
        const auto found =
            std::ranges::find(asked, report.target.id, [](const RunService* one) { return one->request.target.id; });
        if (found == asked.end()) continue;
        const auto before = **found;
        take(run, **found, report);
        // A run that waits is what begins it.
        if (options_.waits_for_people && report.status == DeploymentStatus::kHeld && report.barrier &&
            !report.barrier->request.empty()) {
            report.begins_at = report.barrier->until.value_or(parts_.clock.now());
            report.outcome =
                fmt::format("{}; the pipeline {} goes on when that is over", report.barrier->words, run.pipeline);
        }
        remember(report);
        // That it still waits is known to everybody.
        const auto& now = **found;
        if (now.stand != Stand::kKept || before.stand != Stand::kKept || before.asked != now.asked)
            news.push_back(report);
        if (report.error && report.error->retryable()) again = report.error;
    }
    claim_questions(parts_, news, working_time(deadline));
    parts_.counter.begun(news, {{.id = run.id, .decision = &decision}});
    parts_.announcer.deployments(news, {{.id = run.id, .decision = &decision}});
    parts_.notifications.hand_over();
    if (std::ranges::any_of(news, &DeploymentReport::to_be_asked)) {
        parts_.deliver();
        confirm_questions(parts_, news, working_time(deadline));
    }
    if (again) return std::unexpected(*std::move(again));
    return {};
}

/// What became of the wish to begin it.
void PipelineSteps::take(PipelineRun& run, RunService& service, const DeploymentReport& report) {
    service.words = why_of(report);
    if (report.error) {
        // What can heal is tried again by the next try of the step.
        if (!report.error->retryable()) service.stand = Stand::kFailed;
        return;
    }
    switch (report.status) {
        case DeploymentStatus::kHeld:
        case DeploymentStatus::kAwaitingApproval:
            // The time to answer counts from when it was asked, however long it was held before.
            if (const bool asked = report.status == DeploymentStatus::kAwaitingApproval;
                service.stand != Stand::kKept || service.asked != asked) {
                service.kept_since = parts_.clock.now();
                service.asked = asked;
            }
            service.stand = Stand::kKept;
            if (report.barrier) service.words = report.barrier->words;
            return;
        case DeploymentStatus::kDeployed:
        case DeploymentStatus::kAlreadyRolling: break;
        default: service.stand = Stand::kFailed; return;
    }
    if (report.failed_before || !report.left_out.empty()) {
        service.stand = Stand::kFailed;
        if (!run.again || service.tried_again || !report.failed_before) return;
        service.tried_again = true;
        service.stand = Stand::kWaits;
        service.request.asked_for = true;
        service.request.changed_at = run.at;
        return;
    }
    service.deployment_id = report.deployment_id;
    service.task_definition = report.task_definition;
    service.started_at = report.started_at;
    // A try before this one may have begun it; what began before the change did not come with it.
    service.begun_here =
        report.status == DeploymentStatus::kDeployed || (!report.deployment_id.empty() && report.started_at > run.at);
    service.stand = report.deployment_id.empty() ? Stand::kCompleted : Stand::kRolls;
}

Status PipelineSteps::look(PipelineRun& run, Deadline until, Deadline deadline) {
    // It may be open by now.
    TRY(begin(run, deadline));
    TRY(watch(run, until, deadline));
    for (auto& service : run.current().services)
        if (service.stand == Stand::kWatched) TRY(look_at_lead(run, service, deadline));
    conclude(run);
    return {};
}

Status PipelineSteps::watch(PipelineRun& run, Deadline until, Deadline deadline) {
    std::vector<RunService*> rolling;
    std::vector<DeploymentReport> reports;
    for (auto& service : run.current().services)
        if (service.stand == Stand::kRolls) {
            rolling.push_back(&service);
            reports.push_back(report_of(service));
        }
    if (rolling.empty()) return {};
    std::vector<DeploymentReport*> followed;
    std::set<std::string> began;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        followed.push_back(&reports[i]);
        if (rolling[i]->begun_here) began.insert(reports[i].deployment_id);
    }
    deployments_.follow(followed, began, until, deadline);
    for (std::size_t i = 0; i < rolling.size(); ++i) {
        remember(reports[i]);
        TRY(take_outcome(run, *rolling[i], reports[i], deadline));
    }
    return {};
}

Status PipelineSteps::take_outcome(PipelineRun& run, RunService& service, const DeploymentReport& report,
                                   Deadline deadline) {
    service.words = why_of(report);
    if (report.rollback_error) return std::unexpected(*report.rollback_error);
    switch (report.status) {
        case DeploymentStatus::kInProgress:
        case DeploymentStatus::kDeployed: return {};
        case DeploymentStatus::kCompleted: return verify(run, service, report, deadline);
        case DeploymentStatus::kSuperseded: return look_at_lead(run, service, deadline);
        default: service.stand = Stand::kFailed; return {};
    }
}

/// It has completed; where a task runs after it, that has to succeed, and where somebody watches it, it has to prove
/// healthy.
Status PipelineSteps::verify(PipelineRun& run, RunService& service, const DeploymentReport& report, Deadline deadline) {
    const auto& id = service.request.target.id;
    if (parts_.task_after.concerns(id)) {
        const auto after = parts_.task_after.look(
            rollout_of(report), service.begun_here ? parts_.clock.now() : WallTime{}, working_time(deadline));
        if (!after.words.empty()) service.words += fmt::format("; {}", after.words);
        switch (after.stand) {
            case Afterwards::Stand::kNone:
            case Afterwards::Stand::kSucceeded:
            case Afterwards::Stand::kNotRun: break;
            case Afterwards::Stand::kRuns: return {};  // it is looked at again, as if it still rolled
            case Afterwards::Stand::kFailed: service.stand = Stand::kFailed; return {};
            case Afterwards::Stand::kOver: return look_at_lead(run, service, deadline);
            case Afterwards::Stand::kUnclear:
                return std::unexpected(after.error.value_or(Error{.kind = ErrorKind::kServer, .message = after.words}));
        }
    }
    service.stand = Stand::kCompleted;
    if (!parts_.verifier.concerns(id)) return {};
    const auto verified = parts_.verifier.begin(rollout_of(report), working_time(deadline));
    if (!verified.words.empty()) service.words += fmt::format("; {}", verified.words);
    switch (verified.stand) {
        case Verified::Stand::kNotWatched:
        case Verified::Stand::kHealthy:
        case Verified::Stand::kUnwatched: return {};
        case Verified::Stand::kGoesOn:
            service.stand = Stand::kWatched;
            service.healthy_at = parts_.clock.now() + parts_.config.verify.of(id).time + kLastLook;
            return {};
        case Verified::Stand::kUnclear:
            service.stand = Stand::kRolls;
            return std::unexpected(
                verified.error.value_or(Error{.kind = ErrorKind::kServer, .message = verified.words}));
        case Verified::Stand::kOver: service.stand = Stand::kRolls; return {};  // who leads is looked up next
        case Verified::Stand::kUnhealthy: service.stand = Stand::kFailed; return {};
    }
    return {};
}

/// Somebody else may lead: whoever watches the rollout has taken it back, or it was deployed again.
Status PipelineSteps::look_at_lead(PipelineRun& run, RunService& service, Deadline deadline) {
    TRY_ASSIGN(const auto lead, lead_of(parts_, service, deadline));
    switch (lead.is) {
        case Lead::Is::kOurs:
            if (service.stand == Stand::kWatched && parts_.clock.now() >= service.healthy_at)
                service.stand = Stand::kCompleted;
            return {};
        case Lead::Is::kUnknown: return {};
        case Lead::Is::kBack:
            service.stand = Stand::kFailed;
            service.words =
                fmt::format("taken back: it runs {} by {}", short_name(lead.primary.task_definition), lead.primary.id);
            return {};
        case Lead::Is::kForward: break;
    }
    TRY_ASSIGN(const auto later, later_run(parts_, run, deadline));
    if (!later) {
        follow(service, lead.primary);
        return {};
    }
    run.next = Next::kSuperseded;
    run.words = fmt::format("{}: what this one has not begun is left to that{}", *later, not_begun(run));
    return {};
}

/// What the stands of the stage's services mean for the run.
void PipelineSteps::conclude(PipelineRun& run) {
    if (run.is_over()) return;
    std::vector<std::string> failed;
    std::vector<std::string> kept;
    std::vector<std::string> going;
    WallTime kept_since = parts_.clock.now();
    for (const auto& service : run.current().services) {
        const auto& id = service.request.target.id;
        auto line = service.words.empty() ? id.str() : fmt::format("{}: {}", id, service.words);
        if (service.stand == Stand::kFailed)
            failed.push_back(std::move(line));
        else if (service.stand == Stand::kKept)
            kept.push_back(std::move(line)), kept_since = std::min(kept_since, service.kept_since);
        else if (service.stand != Stand::kCompleted)
            going.push_back(std::move(line));
    }
    const auto stage = stage_in_words(run, run.stage);
    if (!failed.empty()) {
        // The others of the stage are begun, and end by themselves.
        return fail_run(run, fmt::format("{} failed: {}{}", stage, join(failed, "; "), not_begun(run)));
    }
    run.next = Next::kLook;
    if (!kept.empty()) {
        if (!options_.waits_for_people) {
            run.next = Next::kStopped;
            run.words = fmt::format("{} waits: {}{}; run it again then: ci_lambda pipeline start {}", stage,
                                    join(kept, "; "), not_begun(run), run.pipeline);
            return;
        }
        for (const auto& service : run.current().services) {
            if (service.stand != Stand::kKept || !service.asked) continue;
            const auto rules = parts_.config.approval.of(service.request.target.id);
            if (!rules.required || rules.expires.count() == 0 ||
                parts_.clock.now() < service.kept_since + rules.expires)
                continue;
            run.next = Next::kStopped;
            run.words = fmt::format("{}: nobody has let {} begin within {} minutes ({}){}", stage,
                                    service.request.target.id, rules.expires.count(), service.words, not_begun(run));
            return;
        }
        const auto waited = std::chrono::duration_cast<seconds>(parts_.clock.now() - kept_since);
        run.wait = std::clamp(waited / 10, kAskSoon, kAskLate);
        if (!going.empty()) run.wait = kLookAgain;
        run.words = fmt::format("{} waits: {}", stage, join(kept, "; "));
        return;
    }
    if (!going.empty()) {
        run.wait = kLookAgain;
        run.words = fmt::format("{}: {}", stage, join(going, "; "));
        return;
    }
    if (run.stage + 1 == run.stages.size()) {
        run.next = Next::kCompleted;
        run.words = fmt::format("all {} stages have completed", run.stages.size());
        return;
    }
    run.words = fmt::format("{} has completed", stage);
    ++run.stage;
    run.next = Next::kStart;
}

void PipelineSteps::fail_run(PipelineRun& run, std::string words) {
    run.words = std::move(words);
    run.failed_in = stage_in_words(run, run.stage);
    const auto last = run.stages.begin() + static_cast<std::ptrdiff_t>(run.stage) + 1;
    const bool back = run.rolls_back_earlier && std::any_of(run.stages.begin(), last, [](const RunStage& stage) {
                          return std::ranges::any_of(stage.services, is_to_go_back);
                      });
    run.next = back ? Next::kCompensate : Next::kFailed;
}

/// One stage after the other, the last one first.
Status PipelineSteps::compensate(PipelineRun& run, Deadline until, Deadline deadline) {
    auto& services = run.current().services;
    // What still rolls ends first.
    TRY(watch(run, until, deadline));
    for (auto& service : services)
        if (is_to_go_back(service) && service.stand != Stand::kRolls && service.stand != Stand::kGoesBack)
            TRY(take_back(run, service, deadline));
    for (auto& service : services)
        if (service.stand == Stand::kGoesBack) TRY(follow_back(service, until, deadline));
    run.next = Next::kCompensate;
    const bool going = std::ranges::any_of(services, [](const RunService& one) {
        return one.stand == Stand::kGoesBack || (one.begun_here && one.stand == Stand::kRolls);
    });
    if (going) {
        run.wait = kLookAgain;
        return {};
    }
    if (run.stage > 0) {
        --run.stage;
        return {};
    }
    run.next = Next::kFailed;
    std::vector<std::string> back;
    std::vector<std::string> left;
    for (const auto& stage : run.stages)
        for (const auto& service : stage.services) {
            if (service.stand == Stand::kWentBack) back.push_back(service.request.target.id.str());
            if (service.stand == Stand::kLeft)
                left.push_back(fmt::format("{} ({})", service.request.target.id, service.words));
        }
    if (!back.empty()) run.words += fmt::format("; rolled back: {}", join(back, ", "));
    if (!left.empty()) run.words += fmt::format("; not rolled back: {}", join(left, ", "));
    return {};
}

/// By the means that fit: what has completed gives way to what ran before; what has failed is stopped, unless ECS or
/// the rollback of failures has been quicker.
Result<RollbackReport> PipelineSteps::roll_back(const RunService& service, const std::string& why, Deadline deadline) {
    const auto rollout = rollout_of(report_of(service));
    if (service.stand != Stand::kFailed)
        return parts_.rollback.take_back_completed(rollout, why, working_time(deadline));
    TRY_ASSIGN(const auto lead, lead_of(parts_, service, deadline));
    if (lead.is == Lead::Is::kBack)
        return RollbackReport{.means = RollbackReport::Means::kEcs,
                              .words = "it goes back already",
                              .rollout = rollout_of(service.request.target, lead.primary)};
    return parts_.rollback.roll_back_on_request(
        {.rollout = rollout, .rolling = lead.primary.rollout_state == RolloutState::kInProgress, .reason = why},
        working_time(deadline));
}

Status PipelineSteps::take_back(PipelineRun& run, RunService& service, Deadline deadline) {
    auto report = report_of(service);
    const auto why = fmt::format("the pipeline {} failed in {}", run.pipeline, run.failed_in);
    TRY_ASSIGN(const auto back, roll_back(service, why, deadline));
    if (back.means == RollbackReport::Means::kNone && back.error) return std::unexpected(*back.error);
    const bool by_itself = back.means == RollbackReport::Means::kEcs && back.rollout;
    service.words = back.words;
    service.stand = back.means == RollbackReport::Means::kNone ? Stand::kLeft : Stand::kGoesBack;
    parts_.logger.warn("taken back, as a later stage of the pipeline failed",
                       {{log_key::kService, service.request.target.id.str()},
                        {log_key::kDeploymentId, service.deployment_id},
                        {"pipeline", run.pipeline},
                        {"how", back.words}});
    if (back.rollout) {
        service.deployment_id = back.rollout->deployment_id;
        service.task_definition = back.rollout->task_definition;
        service.started_at = back.rollout->started_at;
    }
    report.status = DeploymentStatus::kInProgress;
    report.reason = why;
    report.outcome = back.words;
    remember(report);
    // What ECS does by itself it tells itself.
    if (service.stand == Stand::kGoesBack && !by_itself) parts_.announcer.rollback(report, back.words);
    parts_.notifications.hand_over();
    return {};
}

Status PipelineSteps::follow_back(RunService& service, Deadline until, Deadline deadline) {
    auto report = report_of(service);
    report.pushed.clear();  // what comes back is not what was pushed
    deployments_.follow({&report}, {}, until, deadline);
    if (report.status == DeploymentStatus::kInProgress || report.status == DeploymentStatus::kDeployed) return {};
    const bool is_back =
        report.status == DeploymentStatus::kCompleted || report.status == DeploymentStatus::kRolledBack;
    service.stand = is_back ? Stand::kWentBack : Stand::kLeft;
    service.words = report.outcome;
    if (is_back) report.status = DeploymentStatus::kRolledBack;
    remember(report);
    return {};
}

/// The other environment's function hears of it by its own rule, and takes it from there: by its own approvals, holds
/// and pipelines.
Status PipelineSteps::promote(PipelineRun& run, Deadline deadline) {
    const auto& stage = run.current();
    std::vector<BusEvent> events;
    const auto add = [&](const char* member, const std::string& name) {
        const Json detail{{member, name},
                          {"project", parts_.config.project},
                          {"env", stage.promote_to},
                          {"promote_from", parts_.config.environment},
                          {"reason", fmt::format("the pipeline {} of {} has come to it: {}", run.pipeline,
                                                 parts_.config.environment, run.reason)}};
        events.push_back(
            {.source = "action." + stage.promote_to, .detail_type = "DEPLOY", .detail = dump_json(detail)});
    };
    if (!stage.promoted_pipeline.empty())
        add("pipeline", stage.promoted_pipeline);
    else
        for (const auto& earlier : run.stages)
            for (const auto& service : earlier.services) add("service", service.request.target.id.str());
    for (std::size_t i = 0; i < events.size(); i += EventBus::kMostAtOnce) {
        const std::vector some(
            events.begin() + static_cast<std::ptrdiff_t>(i),
            events.begin() + static_cast<std::ptrdiff_t>(std::min(i + EventBus::kMostAtOnce, events.size())));
        const auto time = working_time(deadline);
        const auto put = parts_.patiently<void>(time, [&] { return parts_.bus.put(some, time); });
        if (put) continue;
        if (put.error().retryable()) return put;
        run.next = Next::kFailed;
        run.words = fmt::format("{}: {} could not be told: {}", stage_in_words(run, run.stage), stage.promote_to,
                                put.error().message);
        return {};
    }
    run.next = Next::kCompleted;
    run.words = fmt::format("all services have completed, and {} was told: what becomes of it there is said there",
                            stage.promote_to);
    return {};
}

}  // namespace ci_lambda
