#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "services/aws/token_bucket.hpp"

namespace ci_lambda {

/// Lets calls to ECS go out no faster than the account's quotas allow. Operations share a quota as in the ECS API
/// Reference, page "Request throttling for the Amazon ECS API"; one that is not listed there is not paced. Each account
/// and region has quotas of its own, so there is one of these for each client. Thread-safe.
/// Clock, sleeper and logger must outlive it.
class EcsQuotas {
public:
    EcsQuotas(const Clock& clock, Sleeper& sleeper, const Logger& logger);

    /// Returns when it is this call's turn. Fails (kDeadline), at once, when that would be too late for an answer
    /// before the deadline.
    [[nodiscard]] Status wait_for_turn(std::string_view operation, Deadline deadline);

    /// A turn that has come and is not used after all.
    void give_back(std::string_view operation);

    /// What became of a call: throttled, or carried out.
    void throttled(std::string_view operation);
    void succeeded(std::string_view operation);

private:
    struct Group {
        std::string_view name;  ///< in AWS's words
        CallQuota quota;
        std::vector<std::string_view> operations;
        TokenBucket bucket;
    };
    /// nullptr for an operation that is not paced.
    [[nodiscard]] Group* group_of(std::string_view operation);

    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::mutex mutex_;
    std::vector<Group> groups_;
};

}  // namespace ci_lambda
