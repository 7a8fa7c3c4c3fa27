#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "services/aws/service.hpp"
#include "services/aws/token_bucket.hpp"

namespace ci_lambda {

/// Lets calls to one AWS API go out no faster than the account's quotas allow. Operations share a quota as the
/// service's groups say; one that is in no group is not paced. Each account and region has quotas of its own, so there
/// is one of these for each client. Thread-safe. Service, clock, sleeper and logger must outlive it.
class RateLimiter {
public:
    RateLimiter(const AwsService& service, const Clock& clock, Sleeper& sleeper, const Logger& logger);

    /// Returns when it is this call's turn. Fails (kDeadline), at once, when that would be too late for an answer
    /// before the deadline.
    [[nodiscard]] Status wait_for_turn(std::string_view operation, Deadline deadline);

    /// A turn that has come and is not used after all.
    void give_back(std::string_view operation);

    /// What became of a call: throttled, or carried out.
    void throttled(std::string_view operation);
    void succeeded(std::string_view operation);

private:
    struct Paced {
        const QuotaGroup* group;
        TokenBucket bucket;
    };
    /// nullptr for an operation that is not paced.
    [[nodiscard]] Paced* find(std::string_view operation);

    const AwsService& service_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::mutex mutex_;
    std::vector<Paced> groups_;
};

}  // namespace ci_lambda
