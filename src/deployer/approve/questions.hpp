#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "approvals/token.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "logging/logger.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// What is asked, where all processes see it: one-time schedules of EventBridge Scheduler, named after the question, so
/// that of a hundred who make one, one does (ADR 33). None of them can approve anything. Nothing here fails for whoever
/// asks or answers: what cannot be known of other processes is done as if there were none. Thread-safe.
class Questions {
public:
    /// Whatever is passed in must outlive it; `config` and `calls` are read anew each time.
    Questions(const Config& config, const OneTimeCalls& calls, OneTimeSchedules& schedules, const Clock& clock,
              Sleeper& sleeper, const Logger& logger)
        : config_(config), calls_(calls), schedules_(schedules), clock_(clock), sleeper_(sleeper), logger_(logger) {}

    enum class Claim {
        kUnknown,  ///< only what this process remembers says whether it was asked
        kAsk,      ///< nobody has asked, as far as any process knows: whoever has called this does it now
        kAsked     ///< it has been asked, or somebody else is at it right now
    };
    /// Who is to ask what this token stands for. Makes the schedules of the word when its time is over, and of the
    /// reminder before.
    [[nodiscard]] Claim claim(const std::string& token, Deadline deadline);
    /// Whoever has claimed it has asked, and people have heard it; or they have not after all.
    void asked(const std::string& token, bool heard, Deadline deadline);

    /// The reminder alone, of what ECS asks itself.
    void remind(const std::string& token, Deadline deadline);
    /// It is answered: nobody is to be reminded.
    void settle(const Approval& approval, Deadline deadline);

    /// The right to begin what was approved.
    struct Turn {
        enum class Kind {
            kMine,
            kNobodys,  ///< nothing says whose it is: there are no schedules, or they cannot be read
            kOthers    ///< somebody else is at it
        };
        Kind kind = Kind::kNobodys;
        std::string words = {};  ///< with kOthers: who, and until when at most
        GroupedName name = {};   ///< with kMine
        WallTime until{};        ///< with kMine: nobody else has it before
    };
    /// Of all who take it at the same time one gets it. It is over when this invocation must have ended; the same
    /// answer gets it again after as long as Lambda waits before it tries one again.
    [[nodiscard]] Turn take_turn(const Approval& approval, const std::string& token, const ApprovalAnswer& answer,
                                 const std::string& answered_with, Deadline invocation);
    /// Nothing has begun: the next one may try at once.
    void give_back(const Turn& turn, Deadline deadline);
    /// Whether somebody is beginning it right now.
    [[nodiscard]] bool is_being_begun(const Approval& approval, Deadline deadline);

    /// One that waits for an answer.
    struct Open {
        Approval approval;
        std::string token;
        bool heard = false;  ///< people have been asked
    };
    /// Whether what is asked can be listed: else nobody knows of it but the messages.
    [[nodiscard]] bool are_listed() const { return !calls_.role.empty(); }
    /// All of this environment and deployment target, as far as their time is not over. Others' are left out.
    [[nodiscard]] Result<std::vector<Open>> open(Deadline deadline);

private:
    enum class Due { kRemind, kExpired, kBegun };
    struct Lock;
    [[nodiscard]] Result<Approval> read(const std::string& token) const;
    [[nodiscard]] GroupedName name_of(const Approval& approval, Due due, int slot = 0) const;
    [[nodiscard]] OneTimeSchedule schedule_of(const Approval& approval, GroupedName name, WallTime at,
                                              std::string input) const;
    [[nodiscard]] OneTimeSchedule word_at_the_end(const Approval& approval, const std::string& token, bool heard) const;
    void plan_reminder(const Approval& approval, const std::string& token, Deadline deadline);
    [[nodiscard]] Result<OneTimeSchedules::Made> create(const OneTimeSchedule& schedule, Deadline deadline);
    [[nodiscard]] Result<PlannedCall> find(const GroupedName& name, Deadline deadline);
    [[nodiscard]] Result<std::optional<Lock>> lock_at(const Approval& approval, int slot, Deadline deadline);
    [[nodiscard]] std::optional<Turn> others(const Approval& approval, int slot, const Lock& mine, Deadline deadline);
    [[nodiscard]] Turn look_for_others(const Approval& approval, const Lock& mine, Deadline deadline);
    void remove(const GroupedName& name, Deadline deadline);

    const Config& config_;
    const OneTimeCalls& calls_;
    OneTimeSchedules& schedules_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

/// When a reminder is to come: after three quarters of the time, five minutes before its end at the latest; none where
/// that would be in the first five minutes. Pure.
[[nodiscard]] std::optional<WallTime> reminder_at(const Approval& approval);

}  // namespace ci_lambda
