#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "deployer/deployer.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// What the function answers.
struct Answer {
    std::string status;  ///< deployed, dry_run, ignored, notified, failed
    std::string detail;  ///< one sentence for a person
    std::vector<DeploymentReport> deployments;
};

/// `{"status":..,"detail":..,"deployments":[..]}`
[[nodiscard]] std::string to_json(const Answer& answer);

/// An invocation that ended badly: what could not be deployed must be seen by Lambda's metrics, retries and
/// dead-letter queue.
struct HandlingError {
    std::string type;  ///< Function.InvalidEvent, Function.DeploymentFailed
    std::string message;
};

struct Handled {
    Answer answer;
    std::optional<HandlingError> error;
};

/// The composition root that the Lambda and the command line share: owns every part, wires them, handles events.
class App {
public:
    struct Options {
        /// Where to look for credentials after the environment and the container: `profile_credentials` for people;
        /// none in Lambda, whose binary then does without that code.
        std::unique_ptr<CredentialSource> (*profiles)(const Environment&) = nullptr;
        /// Begin the log with the version: what a cold start of the Lambda does.
        bool announce = false;
        /// Overrides DRY_RUN.
        std::optional<bool> dry_run = {};
    };

    /// Environment, sink, clock and sleeper must outlive it. Fails with kConfiguration.
    [[nodiscard]] static Result<std::unique_ptr<App>> create(Options options, const Environment& environment,
                                                             LogSink& sink, const Clock& clock, Sleeper& sleeper);
    virtual ~App() = default;
    App() = default;
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Handles one event, notifications included: when it returns, nothing goes on in the background.
    virtual Handled handle(std::string_view event_bytes, Deadline deadline) = 0;
    /// The same for an event that is already decoded.
    virtual Handled handle(const Event& event, Deadline deadline) = 0;

    [[nodiscard]] virtual const Config& config() const = 0;
    [[nodiscard]] virtual Logger& logger() = 0;
    [[nodiscard]] virtual const Redactor& redactor() const = 0;
    [[nodiscard]] virtual EcsApi& ecs() = 0;
    [[nodiscard]] virtual CredentialsProvider& credentials() = 0;
};

}  // namespace ci_lambda
