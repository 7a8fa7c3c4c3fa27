#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "deployer/rollout/last_words.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"
#include "services/logs/api.hpp"

namespace ci_lambda {

/// Reads what a failed container wrote last, from CloudWatch Logs. It is there to say more, and nothing waits for it:
/// what cannot be read at once is left out, with a line in the log. Thread-safe.
class LastWordsReader {
public:
    struct Options {
        std::size_t lines = 0;  ///< at most; 0: nothing is ever read
        std::string region;     ///< of the cluster
    };
    /// Whatever is passed in must outlive it.
    LastWordsReader(Options options, EcsRevisions& ecs, LogEvents& logs, const Clock& clock, const Logger& logger)
        : options_(std::move(options)), ecs_(ecs), logs_(logs), clock_(clock), logger_(logger) {}

    /// Of the task of this deployment that failed last. Absent where that is off, where no container ran, and where
    /// nothing can be read. At most three calls, and a few seconds.
    [[nodiscard]] std::optional<LastWords> of(const std::string& deployment_id,
                                              const std::vector<EcsStoppedTask>& tasks, Deadline deadline);
    /// Of this one.
    [[nodiscard]] std::optional<LastWords> of(const EcsStoppedTask& task, Deadline deadline);

private:
    [[nodiscard]] std::optional<LastWords> known(const std::string& task) const;
    [[nodiscard]] std::optional<LastWords> read(const EcsStoppedTask& task, const EcsStoppedTask::Container& container,
                                                Deadline deadline);
    [[nodiscard]] bool is_refused(const std::string& what) const;
    void refuse(const std::string& what, std::string_view permission, const Error& error);
    void note(const LogStream& stream, const Error& error);
    void pause(std::string_view why, const Error& error);

    Options options_;
    EcsRevisions& ecs_;
    LogEvents& logs_;
    const Clock& clock_;
    const Logger& logger_;
    mutable std::mutex mutex_;
    std::deque<std::pair<std::string, LastWords>> known_;  // by the task's ARN; the newest last
    std::set<std::string> refused_;                        // groups, and an action, that are not allowed
    std::optional<WallTime> not_before_;                   // after something that took long, or failed
};

/// The last lines of these texts, oldest first: no more than that many, each of at most 400 characters, 4,000 in all.
/// Colours and other sequences for terminals are taken out, then what the redactor knows; what else does something
/// instead of being seen is a blank. Empty lines are left out.
[[nodiscard]] std::vector<std::string> last_lines(const std::vector<std::string>& texts, std::size_t most,
                                                  const Redactor& redactor);

}  // namespace ci_lambda
