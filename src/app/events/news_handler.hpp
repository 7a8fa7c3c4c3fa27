#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/targets/wiring.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Hears what ECS says of a rollout: finds out what is true, has a bad rollout rolled back, and words what people and
/// the caller are told.
class NewsHandler {
public:
    /// `parts` must outlive it.
    explicit NewsHandler(Wiring& parts) : parts_(parts) {}

    /// What came of something that ECS said.
    struct Heard {
        std::string what;                               ///< for the answer
        std::optional<Notification> notification = {};  ///< what people should hear of it
        std::optional<DeploymentReport> rollback = {};  ///< of the rollout that is being rolled back because of it
        std::vector<TaskReport> tasks = {};             ///< that follow the service, which has completed
        std::optional<Error> rollback_error = {};       ///< a rollback that could not begin, for a reason that can heal
        std::optional<Rollout> completed = {};          ///< it is to be watched for a while
        std::string not_verified = {};                  ///< why that cannot begin, for a reason that can heal
        std::optional<Afterwards> afterwards = {};      ///< of the task after the rollout that has completed
    };
    /// Tells nobody yet.
    [[nodiscard]] Heard hear(const Event& event, const Notify& notice, Deadline deadline);

    /// `problems`: with the delivery of what was told.
    [[nodiscard]] Handled answer_of(const Heard& heard, const std::vector<std::string>& problems) const;

private:
    [[nodiscard]] Heard hear_of_rollout(const Event& event, const Notify& notice, Deadline deadline);
    [[nodiscard]] std::vector<TaskReport> follow(const Notify& notice, Deadline deadline);
    [[nodiscard]] bool look_at_the_task(const Notify& notice, const EcsTarget& target, WallTime at,
                                        RolloutNews::News& news, Heard& heard, Deadline deadline);
    void ask_for_answer(const Notify& notice, const EcsTarget& target, Notification& notification, Deadline deadline);
    void log(const Event& event, const Notify& notice) const;

    Wiring& parts_;
};

}  // namespace ci_lambda
