#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/http.hpp"

namespace ci_lambda {

/// Gives the credentials to sign with. Thread-safe.
class CredentialsProvider {
public:
    CredentialsProvider() = default;
    CredentialsProvider(const CredentialsProvider&) = delete;
    CredentialsProvider& operator=(const CredentialsProvider&) = delete;
    virtual ~CredentialsProvider() = default;

    /// Valid credentials, from a cache where possible. kCredentials when there are none.
    virtual Result<Credentials> get() = 0;
    /// AWS called the last ones expired: fetch anew next time.
    virtual void invalidate() = 0;
};

/// One place where credentials may be.
class CredentialSource {
public:
    CredentialSource() = default;
    CredentialSource(const CredentialSource&) = delete;
    CredentialSource& operator=(const CredentialSource&) = delete;
    virtual ~CredentialSource() = default;

    struct Found {
        std::optional<Credentials> credentials;
        std::string where;  ///< when there are none: what was looked at, for the error message
    };
    /// No credentials here is not an error; a place that has them but broken (a key without its secret) is.
    virtual Result<Found> fetch() = 0;
};

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. What Lambda uses.
[[nodiscard]] std::unique_ptr<CredentialSource> environment_credentials(const Environment& environment);

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI / _FULL_URI: ECS tasks, EKS pod identities, CloudShell. Plain HTTP is
/// accepted for loopback and the link-local addresses of ECS and EKS only (AWS SDKs reference, "container credential
/// provider").
[[nodiscard]] std::unique_ptr<CredentialSource> container_credentials(const Environment& environment, HttpClient& http);

/// The profile of AWS_PROFILE (`default` when unset) in ~/.aws: its `credential_process`, its static keys, and for all
/// else (SSO, roles) `aws configure export-credentials`, so that the AWS CLI stays the one that knows these.
[[nodiscard]] std::unique_ptr<CredentialSource> profile_credentials(const Environment& environment);

/// Asks the sources in order and keeps what the first one gave until shortly before it expires.
class CredentialChain final : public CredentialsProvider {
public:
    /// How long before their end credentials are renewed.
    static constexpr std::chrono::minutes kRenewBefore{5};

    /// Every secret that passes through is registered with the redactor. Clock and redactor must outlive it.
    CredentialChain(std::vector<std::unique_ptr<CredentialSource>> sources, const Clock& clock, Redactor& redactor);

    Result<Credentials> get() override;
    void invalidate() override;

private:
    std::vector<std::unique_ptr<CredentialSource>> sources_;
    const Clock& clock_;
    Redactor& redactor_;
    std::mutex mutex_;
    std::optional<Credentials> cached_;
};

/// Reads what a container endpoint, `credential_process` or `export-credentials` prints:
/// `{"AccessKeyId","SecretAccessKey","Token"|"SessionToken","Expiration","AccountId"}`. The error never repeats the
/// text.
[[nodiscard]] Result<Credentials> parse_credentials_json(const std::string& text);

}  // namespace ci_lambda
