#include "announce/announcer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "announce/links.hpp"
#include "announce/task_words.hpp"

namespace ci_lambda {
namespace {

/// Lambda tries an event again within minutes; a queue may keep it longer.
constexpr std::chrono::minutes kSameEvent{60};
/// An event without an id may be sent again by somebody who means it: only what Lambda's own two tries need, after one
/// minute and after two more.
constexpr std::chrono::minutes kTriesOfLambda{5};

/// Each event that wanted this service: what could not start is the same as before when it is the same event again.
/// Without an id an event is known by what it asks for.
std::vector<std::string> facts_of(const DeploymentReport& report, const std::vector<Announcer::Cause>& causes) {
    std::vector<std::string> facts;
    for (const auto& [id, request] : wishes_for(report, causes)) {
        const auto since_epoch = request->changed_at.value_or(WallTime{}).time_since_epoch().count();
        facts.push_back(fmt::format("could not start\n{}\n{}\n{}\n{}\n{}", id, report.target.service,
                                    to_string(report.error->kind), request->reason, since_epoch));
    }
    return facts;
}

std::string question_of(const DeploymentReport& report) {
    return fmt::format("to be approved\n{}\n{}", report.target.label(), report.barrier->id);
}

}  // namespace

std::vector<std::pair<std::string, const DeploymentRequest*>> wishes_for(const DeploymentReport& report,
                                                                         const std::vector<Announcer::Cause>& causes) {
    std::vector<std::pair<std::string, const DeploymentRequest*>> all;
    for (const auto& cause : causes) {
        const auto& requests = cause.decision->requests;
        const auto found = std::ranges::find(requests, report.target, &DeploymentRequest::target);
        if (found != requests.end()) all.emplace_back(cause.id, &*found);
    }
    return all;
}

bool Announcer::has_asked(const DeploymentReport& report) const { return told_.knows(question_of(report)); }

void Announcer::deployments(const std::vector<DeploymentReport>& reports, const std::vector<Cause>& causes) {
    std::vector<Notification> parts;
    for (const auto& report : reports) {
        const auto fact = fact_of(report);
        if (!fact) continue;
        auto part = notification_of(*fact, report);
        if (*fact == Fact::kToBeApproved) {
            // However many events want it: it is asked once, as long as it can be approved.
            part.facts = {question_of(report)};
            part.stays_told = report.barrier->lasts;
            if (report.to_be_asked) told_.forget(part.facts.front());
        }
        if (*fact == Fact::kCouldNotStart) {
            part.facts = facts_of(report, causes);
            part.stays_told =
                std::ranges::any_of(causes, &std::string::empty, &Cause::id) ? kTriesOfLambda : kSameEvent;
        }
        // The same hold keeps whatever comes.
        if (report.barrier && report.barrier->kind == Barrier::Kind::kHeld) {
            part.facts = {fmt::format("held\n{}\n{}\n{}", report.target.service, report.target.deployment_target,
                                      report.barrier->words)};
            part.stays_told = kSameEvent;
        }
        parts.push_back(std::move(part));
    }
    say(std::move(parts));
}

void Announcer::verdicts(const std::vector<RolloutOutcome>& outcomes) {
    std::vector<Notification> parts;
    for (const auto& outcome : outcomes) {
        const auto fact = fact_of(outcome, options_.sweeps);
        if (!fact) continue;
        // Told by the sweep or by whoever waits, not by both.
        if (*fact == Fact::kTimedOut && !memory_.first_time(overdue_fact(outcome.rollout), outcome.rollout.started_at))
            continue;
        parts.push_back(notification_of(*fact, outcome, memory_.started(outcome.rollout.deployment_id)));
    }
    say(std::move(parts));
}

void Announcer::overdue(const std::vector<RolloutOutcome>& outcomes) {
    std::vector<Notification> parts;
    for (const auto& outcome : outcomes)
        parts.push_back(notification_of(Fact::kTimedOut, outcome, memory_.started(outcome.rollout.deployment_id)));
    say(std::move(parts));
}

void Announcer::rollback(const DeploymentReport& report, const std::string& how) {
    say({notification_of_asked_rollback(report, how)});
}

void Announcer::tasks(const std::vector<TaskReport>& reports) {
    std::vector<Notification> parts;
    for (const auto& report : reports)
        if (auto part = notification_of(report)) parts.push_back(*std::move(part));
    say(std::move(parts));
}

void Announcer::news(std::vector<Notification> notifications) { say(std::move(notifications)); }

bool Announcer::is_new(const Notification& notification) const {
    const auto& facts = notification.facts;
    return facts.empty() || std::ranges::any_of(facts, [&](const std::string& fact) { return !told_.knows(fact); });
}

void Announcer::lost(const std::vector<Announcement>& announcements) {
    for (const auto& announcement : announcements)
        for (const auto& part : announcement.parts)
            for (const auto& fact : part.facts) told_.forget(fact);
}

void Announcer::say(std::vector<Notification> parts) {
    std::vector<Notification> fresh;
    for (auto& part : parts) {
        if (!is_new(part)) {
            logger_.info("notification not repeated: the very same was told before",
                         {{log_key::kService, part.service}, {"title", part.title}});
            continue;
        }
        part.project = options_.project;
        part.environment = options_.environment;
        if (options_.link_to && part.links.empty())
            if (auto link = options_.link_to(service_of(part))) part.links.push_back(*std::move(link));
        for (const auto& fact : part.facts) told_.remember(fact, part.stays_told);
        fresh.push_back(std::move(part));
    }
    if (!fresh.empty()) notifier_.notify(gather(std::move(fresh)));
}

}  // namespace ci_lambda
