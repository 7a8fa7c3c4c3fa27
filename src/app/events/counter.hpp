#pragma once

#include <map>
#include <string>
#include <vector>

#include "announce/announcer.hpp"
#include "announce/told_facts.hpp"
#include "approvals/token.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
#include "deployer/follow_up/news.hpp"
#include "deployer/observe/memory.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// What this process has counted, so that it counts nothing twice. Bounded.
struct CountedFacts {
    explicit CountedFacts(const Clock& clock) : facts(clock) {}

    ToldFacts facts;
    std::map<ServiceId, WallTime> broken;  ///< since when what runs there is not what was wanted
};

/// Turns what became of events into metrics, each fact once, by the rule by which people are told
/// (docs/adr/0034). Never looks anything up, and never fails.
class Counter {
public:
    /// `sweeps`: as of `Announcer`. Whatever is passed in must outlive it.
    Counter(bool sweeps, CountedFacts& counted, RolloutMemory& memory, const Logger& logger)
        : sweeps_(sweeps), counted_(counted), memory_(memory), logger_(logger) {}

    /// What was tried: begun, kept, or not possible.
    void begun(const std::vector<DeploymentReport>& reports, const std::vector<Announcer::Cause>& causes);
    /// How a rollout ended, as ECS tells it; `at`: when.
    void ended(const RolloutEnding& ending, const ServiceId& service, WallTime at);
    /// The same where nobody looks what is true: nobody is told, and nothing is done about it.
    void heard(const Notify& notice, WallTime at);
    /// How watched rollouts ended, as far as ECS does not tell it.
    void verdicts(const std::vector<RolloutOutcome>& outcomes);
    /// What takes too long and has not been told yet.
    void overdue(const std::vector<RolloutOutcome>& outcomes);
    void ignored(const Ignore& ignore, bool from_elsewhere);
    /// An approval has been answered, for good.
    void answered(const Approval& approval, WallTime at);

private:
    [[nodiscard]] bool first_time(const std::string& fact, Milliseconds remembered);
    void begun(const DeploymentReport& report, const std::vector<Announcer::Cause>& causes);
    void could_not_start(const DeploymentReport& report, const std::vector<Announcer::Cause>& causes);
    void timed_out(const Rollout& rollout);

    bool sweeps_;
    CountedFacts& counted_;
    RolloutMemory& memory_;
    const Logger& logger_;
};

}  // namespace ci_lambda
