#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/retry.hpp"
#include "base/time.hpp"
#include "config/verify.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/verify/health_check.hpp"
#include "deployer/verify/ticket.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// What became of the verification of one rollout.
struct Verified {
    enum class Stand {
        kNotWatched,  ///< nothing is to be watched, or it is a rollback
        kGoesOn,      ///< a schedule goes on with it
        kHealthy,     ///< the time is over, and nothing was found
        kUnhealthy,   ///< it is taken back, as far as `rollback` says so
        kOver,        ///< the service runs something else by now, which is left alone
        kUnwatched,   ///< nothing was found, and nobody watches the rest of the time
        kUnclear      ///< it could not begin or go on for a reason that can heal (`error`): the event must come again
    };
    Rollout rollout;
    Stand stand = Stand::kNotWatched;
    std::string words = {};                       ///< a sentence for a person; empty with kNotWatched
    std::vector<std::string> unseen = {};         ///< what could not be seen, in sentences, each once
    std::optional<RollbackReport> rollback = {};  ///< with kUnhealthy; with kOver: of somebody else
    std::optional<Error> error = {};              ///< with kUnclear
};

/// `not_watched`, `goes_on`, `healthy`, ..: for logs.
[[nodiscard]] std::string_view to_string(Verified::Stand stand);

/// Watches services after a rollout of them has completed, by their alarms and URLs, and takes the rollout back where
/// it goes bad. What does not fit into an invocation is handed on to a one-time schedule that calls the function again;
/// nothing else keeps anything. Never touches a service that runs a newer deployment, and never a rollback.
class Verifier {
public:
    struct Options {
        RetryPolicy retries{};
        bool dry_run = false;
    };
    /// Whatever is passed in must outlive it. `settings` and `calls` are read anew each time: without a function in it
    /// nothing is handed on.
    Verifier(Options options, const VerifySettings& settings, const OneTimeCalls& calls, HealthCheck& check,
             OneTimeSchedules& schedules, RolloutObserver& observer, Rollback& rollback, RolloutMemory& memory,
             const Clock& clock, Sleeper& sleeper, const Logger& logger)
        : options_(options),
          settings_(settings),
          calls_(calls),
          check_(check),
          schedules_(schedules),
          observer_(observer),
          rollback_(rollback),
          memory_(memory),
          clock_(clock),
          sleeper_(sleeper),
          logger_(logger) {}

    /// Whether anything of the service is to be watched, as far as the configuration says it.
    [[nodiscard]] bool concerns(const ServiceId& id) const {
        return !options_.dry_run && settings_.of(id).watches_anything();
    }

    /// A rollout that has completed, and that nobody here waits for: plans the first look, and watches itself what fits
    /// before the deadline where that is not possible. The second time it does nothing.
    [[nodiscard]] Verified begin(const Rollout& rollout, Deadline deadline);

    /// The next look has come: plans the one after it, looks, acts.
    [[nodiscard]] Verified go_on(const Verify& verify, Deadline deadline);

    /// Rollouts that have completed, of somebody who waits: watched until their time is over, or until the deadline,
    /// and the rest handed on. One answer for each, in their order. `on_look` is told, after each look, of those that
    /// go on being watched: what is watched and until when, in a sentence.
    using OnLook = std::function<void(const Rollout& rollout, const std::string& words)>;
    [[nodiscard]] std::vector<Verified> watch(const std::vector<Rollout>& rollouts, Deadline deadline,
                                              const OnLook& on_look = {});

private:
    struct Entry;
    enum class Span { kToTheEnd, kOneRound };

    [[nodiscard]] bool prepare(Entry& entry, Deadline deadline);
    [[nodiscard]] bool can_hand_on() const;
    [[nodiscard]] Result<OneTimeSchedules::Made> plan(Entry& entry, const std::string& name, WallTime at,
                                                      Deadline deadline);
    void plan_anew(Entry& entry, const HealthState& before, WallTime at, Deadline deadline);
    [[nodiscard]] OneTimeSchedule schedule_of(const Entry& entry, const std::string& name, WallTime at) const;
    void unplan(Entry& entry, Deadline deadline);
    void run(std::vector<Entry>& entries, Span span, Deadline deadline, const OnLook& on_look = {});
    void look_at(Entry& entry, const Result<DescribedServices>& described, Span span, Deadline deadline);
    [[nodiscard]] bool still_leads(Entry& entry, const EcsService* service);
    void take_back(Entry& entry, const Health& health, Deadline deadline);
    void end(Entry& entry, Verified::Stand stand, std::string words);
    void leave_unwatched(Entry& entry, const std::string& why);
    [[nodiscard]] WallTime now_of(const Entry& entry) const;
    [[nodiscard]] Verified finish(Entry& entry) const;

    Options options_;
    const VerifySettings& settings_;
    const OneTimeCalls& calls_;
    HealthCheck& check_;
    OneTimeSchedules& schedules_;
    RolloutObserver& observer_;
    Rollback& rollback_;
    RolloutMemory& memory_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
