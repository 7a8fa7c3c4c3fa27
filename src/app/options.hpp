#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/environment.hpp"
#include "base/time.hpp"
#include "deployer/follow_up/watcher.hpp"
#include "net/credentials.hpp"

namespace ci_lambda {

/// What the program that runs wants of the application, beside its configuration.
struct AppOptions {
    /// Where to look for credentials after the environment and the container: `profile_credentials` for people; none in
    /// Lambda, whose binary then does without that code.
    std::unique_ptr<CredentialSource> (*profiles)(const Environment&) = nullptr;
    /// Begin the log with the version: what a cold start of the Lambda does.
    bool announce = false;
    /// Write metrics into the log, where METRICS says so: what CloudWatch reads. On a laptop nothing does.
    bool metrics = false;
    /// Overrides DRY_RUN.
    std::optional<bool> dry_run = {};
    /// Overrides WAIT_FOR_DEPLOYMENT.
    std::optional<bool> wait = {};
    /// How long somebody waits for rollouts, at most; a rollout may take as long, too, where that is longer than
    /// DEPLOYMENT_TIMEOUT_SECONDS.
    std::optional<Milliseconds> patience = {};
    /// One deployment target, by its name, instead of all.
    std::optional<std::string> target = {};
    /// Told how watched rollouts go.
    RolloutWatcher::OnLook on_look = {};
};

}  // namespace ci_lambda
