#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/secrets_manager/state.hpp"

namespace ci_lambda::sandbox {

struct SecretsManagerOptions {
    SecretsManagerState state;
    /// Called outside of the lock, before the call that brought the event about returns.
    EventSink on_event = {};
};

/// AWS Secrets Manager as far as secrets have values, versions and stages: state and operations, no HTTP, and no keys.
/// Request and answer are those of its API (version 2017-10-17), the errors in AWS's words. A rotation is over when the
/// call that began it returns: nobody's function is called, the sandbox makes the new value itself. Thread-safe. Ids
/// and clock must outlive it.
class SecretsManager {
public:
    SecretsManager(SecretsManagerOptions options, Ids& ids, const Clock& clock);

    /// `operation` without the target prefix: "GetSecretValue"; `caller`: access key id.
    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body, const std::string& caller);

    /// The current text of a secret; `nullopt` when there is none.
    [[nodiscard]] std::optional<std::string> text(std::string_view id);
    /// Nobody hears of it: what only becomes known when the sandbox starts.
    void replace(std::string_view id, std::string text);

private:
    std::mutex mutex_;
    SecretsManagerState state_;
    Ids& ids_;
    const Clock& clock_;
    EventSink on_event_;
};

/// A secret that somebody has made: of `secret` its name, the end of its ARN and how it is rotated count.
void add_secret(SecretsManagerState& state, StoredSecret secret, std::string text, Ids& ids, WallTime now);

}  // namespace ci_lambda::sandbox
