#pragma once

#include "base/time.hpp"
#include "config/verify.hpp"
#include "deployer/verify/health.hpp"
#include "logging/logger.hpp"
#include "net/http.hpp"
#include "services/cloudwatch/api.hpp"

namespace ci_lambda {

/// Looks once at the alarms and the URLs of a service. Waits for nothing, decides nothing but how it is. Thread-safe.
class HealthCheck {
public:
    /// All must outlive it.
    HealthCheck(Alarms& alarms, HttpClient& http, const Clock& clock, const Logger& logger)
        : alarms_(alarms), http_(http), clock_(clock), logger_(logger) {}

    /// One call of CloudWatch, where there are alarms, and one GET for each URL, all at the same time: of a few seconds
    /// each, without credentials, cookies or redirects, and of an answer at most a megabyte.
    [[nodiscard]] HealthLook look(const VerifyRules& rules, Deadline deadline);

    /// A look and what it means. `since`: when the rollout began that is looked at; `state`: of the look before this
    /// one, empty at first.
    [[nodiscard]] Health check(const VerifyRules& rules, WallTime since, HealthState& state, Deadline deadline) {
        return judge_health(rules, since, look(rules, deadline), state);
    }

private:
    [[nodiscard]] std::vector<UrlLook> ask(const std::vector<VerifiedUrl>& urls, Deadline deadline);

    Alarms& alarms_;
    HttpClient& http_;
    const Clock& clock_;
    const Logger& logger_;
};

}  // namespace ci_lambda
