#include "deployer/holds/hold_gate.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "deployer/holds/hold.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

/// What a calendar said is as good as new for that long, as with what ECS says.
constexpr std::chrono::seconds kMoment{2};

std::unexpected<Error> not_known(const EcsTarget& target, const Error& why, std::string_view setting) {
    auto error = why;
    error.message = fmt::format("whether {} may be deployed now is not known, and nothing is sent: {} ({} asks for it)",
                                target.id, why.message, setting);
    return std::unexpected(std::move(error));
}

}  // namespace

std::string in_words(const FrozenTime& frozen) {
    return fmt::format("frozen until {} ({}){}", minute_in_words(frozen.until), frozen.freeze->words,
                       frozen.freeze->reason.empty() ? "" : ": " + frozen.freeze->reason);
}

Result<std::optional<Barrier>> HoldGate::barrier(const DeploymentRequest& request, const PlannedDeployment& planned,
                                                 Deadline deadline) {
    if (!config_.holds.is_on()) return std::nullopt;
    auto barrier = closed(request.target, planned, deadline);
    if (request.past_holds) {
        // Not to know it is no reason to keep a person from it who does not mind.
        const auto words = barrier ? (*barrier ? (*barrier)->words : std::string())
                                   : fmt::format("perhaps held: {}", barrier.error().message);
        if (words.empty()) return std::nullopt;
        return Barrier{.words = words, .overridden = request.past_holds->empty() ? "no reason" : *request.past_holds};
    }
    if (barrier && *barrier) (*barrier)->request = to_json(request);
    return barrier;
}

Result<std::optional<Barrier>> HoldGate::closed(const EcsTarget& target, const PlannedDeployment& planned,
                                                Deadline deadline) {
    const auto now = clock_.now();
    if (config_.holds.tags) {
        if (planned.service == nullptr)
            return not_known(target,
                             planned.unseen.value_or(
                                 Error{.kind = ErrorKind::kNotFound, .message = "ECS does not show the service"}),
                             config_.called("HOLDS"));
        if (const auto hold = hold_in(planned.service->tags, now))
            return Barrier{.words = in_words(*hold), .until = hold->until};
    }
    if (const auto frozen = frozen_at(config_.holds.freezes_of(target.id), now))
        return Barrier{.words = in_words(*frozen), .until = frozen->until};
    if (config_.holds.calendars.empty()) return std::nullopt;
    auto by = by_calendar(deadline);
    if (!by) return not_known(target, by.error(), config_.called("CHANGE_CALENDARS"));
    return by;
}

Result<std::optional<Barrier>> HoldGate::by_calendar(Deadline deadline) {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.now();
    if (!asked_ || now - asked_->at > kMoment || !asked_->state)
        asked_ = Asked{.at = now, .state = calendars_.state(config_.holds.calendars, deadline)};
    const auto& state = asked_->state;
    if (!state) return std::unexpected(state.error());
    if (state->open) return std::nullopt;
    return Barrier{.words = fmt::format("closed by the change calendar {}{}", join(config_.holds.calendars, " or "),
                                        state->changes_at ? " until " + minute_in_words(*state->changes_at) : ""),
                   .until = state->changes_at};
}

}  // namespace ci_lambda
