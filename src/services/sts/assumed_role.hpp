#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "services/sts/client.hpp"

namespace ci_lambda {

/// The credentials of a role, by those that the StsClient signs with. However many threads ask, AWS is asked once, and
/// each time for a few seconds at most. Client, clock and redactor must outlive it.
class AssumedRole final : public CredentialsProvider {
public:
    /// AWS gives no more to a role that assumes another one, as a Lambda function's does (IAM user guide, "role
    /// chaining"), and each role allows as much.
    static constexpr std::chrono::hours kLongest{1};
    /// Who is asked for longer is not there.
    static constexpr Milliseconds kCallTimeout{5000};
    /// For how long a failure is not tried again. An outage is over sooner than the next try of a deployment, which
    /// comes after 5 s; a refusal waits for a person.
    static constexpr Milliseconds kKeepOutage{2000};
    static constexpr Milliseconds kKeepRefusal{10000};
    /// Credentials as young as this cannot be meant when AWS calls some expired: another thread has renewed them.
    static constexpr Milliseconds kYoung{10000};

    struct Options {
        std::string role_arn;
        std::string external_id = {};
        std::chrono::seconds duration = kLongest;
    };

    AssumedRole(Options options, StsClient& sts, const Clock& clock, Redactor& redactor);

    /// From the cache until `CredentialChain::kRenewBefore` their end. While STS cannot be asked, those that are still
    /// good; a refusal is told at once, with what has to be changed.
    Result<Credentials> get() override;
    void invalidate() override;

    /// What the next session is called, in CloudTrail: `ci_lambda-ID`. The one that there is keeps its name.
    void name_session_after(std::string_view event_id);

private:
    struct Failure {
        Error error;
        WallTime until;
    };
    [[nodiscard]] Result<Credentials> despite(const Error& error) const;

    Options options_;
    StsClient& sts_;
    const Clock& clock_;
    Redactor& redactor_;
    std::mutex mutex_;
    std::string session_name_;
    std::optional<Credentials> cached_;
    WallTime got_at_;
    WallTime renew_at_;
    std::optional<Failure> failure_;
};

/// `ci_lambda-ID`, within what AWS takes: at most 64 characters, others than `[\w+=,.@-]` as `-`. `ci_lambda` without
/// an ID.
[[nodiscard]] std::string role_session_name(std::string_view event_id);

}  // namespace ci_lambda
