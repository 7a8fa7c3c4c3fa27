#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"
#include "handlers/decision.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// Event text is quoted in reasons, and an event may hold a megabyte of it.
constexpr std::size_t kLongestText = 500;

/// Line breaks and escape sequences have no place in a reason.
void tidy(std::string& text) { text = one_line(text, kLongestText); }

void tidy(std::optional<std::string>& text) {
    if (text) tidy(*text);
}

void tidy(std::vector<SkippedService>& skipped) {
    for (auto& one : skipped) tidy(one.reason);
}

void tidy(Decision& decision) {
    if (auto* deploy = std::get_if<Deploy>(&decision)) {
        tidy(deploy->skipped);
        for (auto& request : deploy->requests) tidy(request.reason);
        for (auto& warning : deploy->warnings) tidy(warning);
    } else if (auto* notify = std::get_if<Notify>(&decision)) {
        tidy(notify->event_name);
        tidy(notify->status);
        tidy(notify->deployment_id);
        tidy(notify->reason);
        tidy(notify->doubt);
    } else if (auto* nothing = std::get_if<Ignore>(&decision)) {
        tidy(nothing->reason);
        tidy(nothing->skipped);
    }
}

/// When and where it happened.
void add_envelope(Decision& decision, const Envelope& envelope) {
    auto* deploy = std::get_if<Deploy>(&decision);
    if (deploy == nullptr) return;
    for (auto& request : deploy->requests) {
        request.changed_at = parse_rfc3339(envelope.time);
        for (auto& image : request.images) {
            image.account = envelope.account;
            image.region = envelope.region;
            image.at = request.changed_at.value_or(WallTime{});
        }
    }
}

struct Decide {
    const Event& event;
    const Config& config;
    const Home& home;

    Result<Decision> operator()(const EcrImageAction& push) const { return decide_ecr(push, config); }
    Result<Decision> operator()(const ParameterChange& change) const { return decide_ssm(change, config); }
    Result<Decision> operator()(const S3ObjectChange& change) const { return decide_s3(change, config); }
    Result<Decision> operator()(const EcsServiceEvent& service_event) const {
        return decide_ecs(service_event, config);
    }
    Result<Decision> operator()(const ManualRequest& request) const {
        return decide_manual(request, event.envelope.source, config, home);
    }
    Result<Decision> operator()(const SweepRequest& request) const { return Sweep{.scheduled = request.scheduled}; }
    Result<Decision> operator()(const OtherEvent& other) const { return ignore(other.reason); }
};

}  // namespace

Result<Decision> decide(const Event& event, const Config& config, const Home& home) {
    const auto elsewhere = why_from_elsewhere(event.envelope, config, home);
    auto decision = elsewhere && !std::holds_alternative<OtherEvent>(event.body)
                        ? ignore(*elsewhere)
                        : std::visit(Decide{.event = event, .config = config, .home = home}, event.body);
    if (decision) {
        tidy(*decision);
        add_envelope(*decision, event.envelope);
    } else {
        tidy(decision.error().message);
    }
    return decision;
}

std::string name_of(const WantedImage& wanted) {
    if (wanted.repository.empty()) return wanted.tag;
    return with_tag_and_digest({.registry = wanted.registry, .repository = wanted.repository, .tag = {}, .digest = {}},
                               wanted.tag, wanted.digest);
}

Decision ignore(std::string reason) { return Ignore{.reason = std::move(reason)}; }

std::string why_not_ours(const ServiceId& id, const Config& config) {
    if (config.names.has_service_map()) return fmt::format("{} is not in {}", id, config.called("ECS_SERVICE_MAP"));
    return fmt::format("the patterns ({}, {}) leave no name for {}", config.called("SERVICE_NAME_PATTERN"),
                       config.called("TASK_FAMILY_PATTERN"), id);
}

Decision deploy_automatically(std::vector<ServiceId> ids, const std::string& reason, const Config& config,
                              const std::function<std::optional<std::string>(const ServiceId&)>& why_not) {
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());

    Deploy deploy;
    for (const auto& id : ids) {
        auto target = config.names.target(id);
        if (!target) {
            deploy.skipped.push_back({.service = id.str(), .reason = why_not_ours(id, config)});
        } else if (!config.deploys_on_events(id)) {
            deploy.skipped.push_back({.service = id.str(),
                                      .reason = fmt::format("automatic deployments of {} are off ({})", id,
                                                            config.called("AUTO_DEPLOY_MAP"))});
        } else if (auto why = why_not ? why_not(id) : std::nullopt) {
            deploy.skipped.push_back({.service = id.str(), .reason = *std::move(why)});
        } else {
            deploy.requests.push_back(
                {.target = *std::move(target), .task_definition = std::nullopt, .reason = reason});
        }
    }
    if (!deploy.requests.empty()) return deploy;

    std::vector<std::string> why;
    why.reserve(deploy.skipped.size());
    for (const auto& service : deploy.skipped) why.push_back(service.reason);
    return Ignore{.reason = fmt::format("{}, but {}", reason, join(why, "; ")), .skipped = std::move(deploy.skipped)};
}

}  // namespace ci_lambda
