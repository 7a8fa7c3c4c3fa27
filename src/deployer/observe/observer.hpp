#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "deployer/rollout/image_proof.hpp"
#include "deployer/rollout/verdict.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// Collects what a verdict needs from ECS, with as few calls as possible. What the function is not allowed to read is
/// left out, with a warning in the log (once for each kind), and the verdict is made without it.
class RolloutObserver {
public:
    /// Whatever is passed in must outlive it. `last_words`: nullptr where nobody wants them.
    RolloutObserver(EcsRollouts& ecs, const Clock& clock, Sleeper& sleeper, const Logger& logger,
                    LastWordsReader* last_words = nullptr)
        : ecs_(ecs), clock_(clock), sleeper_(sleeper), logger_(logger), last_words_(last_words) {}

    /// All of them, ten a call.
    [[nodiscard]] Result<DescribedServices> describe(const ClusterName& cluster,
                                                     const std::vector<EcsServiceName>& names, Deadline deadline);

    /// The same; what can heal is tried again after a moment.
    [[nodiscard]] Result<DescribedServices> describe_again(const ClusterName& cluster,
                                                           const std::vector<EcsServiceName>& names, Deadline deadline);

    struct Observation {
        RolloutFacts facts;
        Judgement judgement;
    };
    /// The verdict on one rollout. `service` is what DescribeServices has just said of it, nullptr for nothing. Asks
    /// for ECS's records only when the service alone cannot tell, and for stopped tasks only when something went wrong,
    /// or seems to take too long; and for the last words of a container that failed only once it has ended badly.
    /// Remembers in the rollout the ARN of ECS's record, and that ECS has shown it.
    [[nodiscard]] Observation observe(Rollout& rollout, const EcsService* service, Milliseconds timeout,
                                      Deadline deadline);

    /// ECS's records of the service. What can heal is tried again after a moment.
    [[nodiscard]] History history(const EcsTarget& target, Deadline deadline);
    /// Empty when they cannot be read.
    [[nodiscard]] std::vector<EcsStoppedTask> stopped_tasks(const EcsTarget& target, Deadline deadline);
    /// What the task of this deployment that failed last wrote last.
    [[nodiscard]] std::optional<LastWords> last_words(const std::string& deployment_id,
                                                      const std::vector<EcsStoppedTask>& tasks, Deadline deadline);
    /// The exact revisions; none when they may not be read. An error can heal.
    [[nodiscard]] Result<std::vector<EcsServiceRevision>> revisions(const std::vector<std::string>& arns,
                                                                    Deadline deadline);

    /// What runs since this rollout, which has completed; `service` shows it. Asks for its tasks, too, where something
    /// was pushed. What cannot be read is left out.
    [[nodiscard]] RunningImages running_images(const Rollout& rollout, const EcsService& service, Deadline deadline);

private:
    /// Tries again what can heal.
    template <typename T>
    Result<T> patiently(Deadline deadline, const std::function<Result<T>()>& read, bool* waited = nullptr);
    /// ECS's records as far as a verdict on this rollout needs them.
    [[nodiscard]] History records_for(Rollout& rollout, const EcsService& service, Deadline deadline);
    void add_own_record(const Rollout& rollout, const EcsService& service, History& history, Deadline deadline);
    /// Adds all that ECS says of this record, which may not be in the history.
    void add_details(const std::string& arn, std::vector<EcsServiceDeployment>& history, Deadline deadline);
    /// Why an Express service is in the state that it is in, in ECS's words; empty where it says nothing.
    [[nodiscard]] std::string said_of_express(const EcsService& service, Deadline deadline);
    [[nodiscard]] std::string revision_of(const Rollout& rollout, const EcsService& service, Deadline deadline);
    void note(std::atomic<bool>& noted, std::string_view permission, const Error& error);

    EcsRollouts& ecs_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    LastWordsReader* last_words_;
    std::atomic<bool> noted_history_{false};
    std::atomic<bool> noted_details_{false};
    std::atomic<bool> noted_tasks_{false};
    std::atomic<bool> noted_revisions_{false};
    std::atomic<bool> noted_express_{false};
};

}  // namespace ci_lambda
