#include "app/events/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/text.hpp"
#include "deployer/observe/inventory.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kNamedAtMost = 20;

/// Says that these may be somebody else's, so that the sweep does not touch them.
std::string leave_alone(const Wiring& parts, const std::vector<DoubtfulService>& services) {
    std::vector<std::string> names;
    for (const auto& service : services | std::views::take(kNamedAtMost)) names.push_back(service.name.str());
    // What rather is another project's will always be there; what may be ours wants to be named.
    const bool others =
        std::ranges::all_of(services, [](const auto& service) { return service.reading.is_rather_another_ones(); });
    parts.logger.log(others ? LogLevel::kInfo : LogLevel::kWarn,
                     "services left alone by the sweep: they may not be ours (`ci_lambda check` says why)",
                     {{"services", static_cast<int>(services.size())}, {"names", names}});
    return fmt::format("{} left alone, as they may not be ours", services.size());
}

/// Says that nobody knows how these are, so that "0 overdue" is not heard as "all is well".
std::string not_shown(const Wiring& parts, const std::vector<ServiceId>& services) {
    std::vector<std::string> names;
    for (const auto& service : services | std::views::take(kNamedAtMost)) names.push_back(service.str());
    parts.logger.warn("services that ECS does not show to the sweep (`ci_lambda check` says why)",
                      {{"services", static_cast<int>(services.size())}, {"names", names}});
    return fmt::format("ECS does not show {} of ours: {}{}", services.size(), join(names, ", "),
                       services.size() > names.size() ? ", .." : "");
}

}  // namespace

Handled carry_out_sweep(Wiring& parts, const Event& event, const Sweep& sweep, Deadline deadline) {
    const auto ours = find_our_services(parts.config, parts.ecs, working_time(deadline));
    if (ours.not_listed)
        parts.logger.warn("sweep incomplete: only the services that the configuration names are looked at",
                          {{log_key::kError, ours.not_listed->message}});
    const auto scheduled_at = sweep.scheduled ? parse_rfc3339(event.envelope.time) : std::nullopt;
    const auto found = parts.sweeper.sweep(ours.certain, scheduled_at, working_time(deadline));
    if (!found) {
        const auto message = parts.redactor.redact(found.error().message);
        parts.logger.error("sweep failed", {{log_key::kError, message}});
        return {.answer = {.status = "failed", .detail = message},
                .error = HandlingError{.type = "Function.SweepFailed", .message = message}};
    }
    std::vector<RolloutOutcome> news;
    for (const auto& one : found->overdue)
        if (one.news) news.push_back(one.outcome);
    parts.counter.overdue(news);
    parts.announcer.overdue(news);
    parts.deliver();
    parts.logger.info("sweep done", {{"services", static_cast<int>(ours.certain.size() - found->unseen.size())},
                                     {"overdue", static_cast<int>(found->overdue.size())}});
    auto handled = answer_of(found->overdue, ours.certain.size() - found->unseen.size());
    if (!found->unseen.empty()) handled.answer.detail += "; " + not_shown(parts, found->unseen);
    if (!ours.doubtful.empty()) handled.answer.detail += "; " + leave_alone(parts, ours.doubtful);
    return parts.redacted(std::move(handled));
}

}  // namespace ci_lambda
