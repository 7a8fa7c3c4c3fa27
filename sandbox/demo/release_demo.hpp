#pragma once

#include <map>
#include <string>

#include "base/time.hpp"
#include "config/config.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/terminal/printer.hpp"

namespace ci_lambda::sandbox {

/// How fast ECS goes in it: a rollout takes about a second.
inline constexpr double kReleaseDemoSpeed = 60.0;

/// What the function of this demo is told beside the sandbox's own settings: a pipeline of backend, api and worker,
/// with an approval and a migration in front.
[[nodiscard]] std::map<std::string, std::string> release_demo_settings();

/// One release, from the push to its end: alice approves it, the migration runs, backend and api roll, the worker's new
/// tasks crash, and all of it goes back. Tells what the function made of each event that changed or told something.
/// True if all was as expected; ends early when the sandbox is stopped.
[[nodiscard]] bool run_release_demo(LocalAws& aws, const Config& config, const Clock& clock, Printer& printer);

}  // namespace ci_lambda::sandbox
