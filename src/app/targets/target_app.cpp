#include "app/targets/target_app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "announce/words.hpp"
#include "app/events/held.hpp"
#include "app/events/steer.hpp"
#include "services/aws/environment.hpp"

namespace ci_lambda {
namespace {

/// For what is done after all else.
constexpr Milliseconds kLastCalls{2000};

/// By which the sessions of a role are named: the first event that has an id.
std::string_view id_of(const Delivery& delivery) {
    for (const auto& message : delivery.messages) {
        if (!message.id.empty()) return message.id;
        if (message.events && !message.events->empty()) return message.events->front().envelope.id;
    }
    return {};
}

std::string key_of(const Config& config, const DeploymentTarget* target) {
    if (target == nullptr) return {};
    return fmt::format("{}\n{}\n{}\n{}", target->name, target->region, target->account, config.names.cluster());
}

}  // namespace

TargetApp::Role::Role(const Config& config, const DeploymentTarget& target, Foundation& foundation, HttpClient& http,
                      const Logger& logger)
    : sts(endpoint_of(kStsService, config, foundation.environment), http, foundation.credentials, foundation.clock,
          foundation.sleeper, logger),
      credentials({.role_arn = target.role_arn, .external_id = target.external_id}, sts, foundation.clock,
                  foundation.redactor) {}

TargetApp::TargetApp(const AppOptions& options, Foundation& foundation, HttpClient& http, Voice& voice, Config config,
                     const DeploymentTarget* target)
    : foundation_(foundation),
      own_log_(config.deployment_target.empty()
                   ? nullptr
                   : std::make_unique<Logger>(foundation.logger, config.deployment_target)),
      log_(own_log_ != nullptr ? *own_log_ : foundation.logger),
      role_(target == nullptr || target->role_arn.empty()
                ? nullptr
                : std::make_unique<Role>(config, *target, foundation, http, log_)),
      parts_(options,
             {.foundation = foundation,
              .remembered = foundation.remembered(key_of(config, target)),
              .logger = log_,
              .http = http,
              .credentials =
                  role_ != nullptr ? static_cast<CredentialsProvider&>(role_->credentials) : foundation.credentials,
              .voice = voice},
             std::move(config)) {}

Handled TargetApp::handle(std::string_view event_bytes, Deadline deadline) {
    return handle(decode_delivery(event_bytes), deadline);
}

Handled TargetApp::handle(const Delivery& delivery, Deadline deadline) {
    if (role_ != nullptr) role_->credentials.name_session_after(id_of(delivery));
    return events_.handle(delivery, deadline);
}

Handled TargetApp::handle(const Event& event, Deadline deadline) {
    if (role_ != nullptr) role_->credentials.name_session_after(event.envelope.id);
    return events_.handle(event, deadline);
}

Handled TargetApp::deploy(const std::vector<Result<Deploy>>& decisions, const DeployOptions& options,
                          Deadline deadline) {
    const auto& decision = decisions.front();
    if (!decision) {
        const auto message = foundation_.redactor.redact(decision.error().message);
        return {.answer = {.status = "failed", .detail = message},
                .error = HandlingError{.type = "Function.DeploymentFailed", .message = message},
                .deploys = true};
    }
    auto handled = requests_.deploy(*decision, options, deadline);
    handled.deploys = true;
    return handled;
}

Handled TargetApp::roll_back(const RollbackRequest& request, Deadline deadline) {
    return requests_.roll_back(request, deadline);
}

Handled TargetApp::steer(const Steer& steer, Deadline deadline) { return carry_out_steer(parts_, steer, deadline); }

Handled TargetApp::set_hold(const SetHold& wanted, Deadline deadline) {
    return carry_out_hold(parts_, wanted, deadline);
}

Handled TargetApp::wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) {
    return requests_.wait_for(targets, deadline);
}

void TargetApp::take_back(Handled& handled, const std::vector<ServiceId>& services, const std::string& why,
                          Deadline deadline) {
    if (parts_.dry_run) return;
    for (auto& report : handled.answer.deployments) {
        // What ran here before anybody asked for it was not brought by this event.
        if (report.status != DeploymentStatus::kCompleted || report.has_what_was_wanted ||
            std::ranges::find(services, report.target.id) == services.end())
            continue;
        const auto back = parts_.rollback.take_back_completed(rollout_of(report), why, working_time(deadline));
        report.outcome += fmt::format("; {}: {}", why, back.words);
        parts_.logger.warn("taken back, as a later target failed", {{log_key::kService, report.target.id.str()},
                                                                    {log_key::kDeploymentId, report.deployment_id},
                                                                    {log_key::kReason, why},
                                                                    {"how", back.words}});
        if (back.means == RollbackReport::Means::kNone) {
            if (back.error) report.rollback_error = back.error;
        } else {
            report.status = DeploymentStatus::kInProgress;
        }
        auto told = report;
        told.reason = why;
        parts_.announcer.rollback(told, back.words);
        if (report.rollback_error && !handled.error)
            handled.error = HandlingError{.type = "Function.RollbackFailed",
                                          .message = fmt::format("{}: {}", report.target.id, back.words)};
    }
    handled = parts_.redacted(std::move(handled));
}

void TargetApp::tell_not_deployed(const std::vector<ServiceId>& services, const std::string& why,
                                  const std::string& event) {
    std::vector<Notification> parts;
    for (const auto& id : services) {
        const auto target = parts_.config.names.target(id);
        if (!target) continue;
        parts.push_back({.type = NotificationType::kWarning,
                         .title = title_of("not started", target->label()),
                         .project = {},
                         .environment = {},
                         .service = target->label(),
                         .status = "not started",
                         .deployment_id = {},
                         .task_definition = {},
                         .reason = why,
                         .facts = {fmt::format("not started\n{}\n{}\n{}", event, target->label(), why)}});
    }
    parts_.announcer.news(std::move(parts));
    parts_.deliver();
}

void TargetApp::lost(const std::vector<Announcement>& announcements) {
    parts_.announcer.lost(announcements);
    for (const auto& announcement : announcements)
        for (const auto& part : announcement.parts)
            if (part.approval && part.approval->decided.empty())
                parts_.questions.asked(part.approval->token, false, Deadline::after(foundation_.clock, kLastCalls));
}

void TargetApp::release_idle() { parts_.deployer.release_idle(); }

}  // namespace ci_lambda
