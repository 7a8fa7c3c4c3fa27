#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "sandbox/pages/client_environment.hpp"
#include "sandbox/terminal/printer.hpp"

namespace ci_lambda::sandbox {

/// A healthy rollout, which takes the real ECS a minute, takes three seconds.
inline constexpr double kDefaultSpeed = 20.0;
inline constexpr double kMaxSpeed = 1000.0;

/// What is shown before it ends.
enum class Demo {
    kNone,    ///< it runs until it is stopped
    kEvents,  ///< one event of each kind
    kRelease  ///< a pipeline: an approval, a migration, a stage that fails, and the way back
};

struct Options {
    std::optional<std::uint16_t> port;     ///< 0: any free port; absent: the default one, and for the demo any free one
    std::optional<std::string> bootstrap;  ///< the function's program; absent: `bootstrap` beside this one
    Demo demo = Demo::kNone;
    bool logs = false;                            ///< show the function's log lines
    Paper paper = {};                             ///< what is printed on
    double speed = kDefaultSpeed;                 ///< how many seconds pass in ECS in one second
    std::vector<std::string> scenarios;           ///< how rollouts go, see LocalAws::choose_scenario
    std::optional<std::string> regions = {};      ///< where the shop stands: `eu-west-1,us-east-1`
    std::optional<std::string> targets = {};      ///< the same with names and accounts, see parse_targets
    std::optional<std::string> replication = {};  ///< seconds of ECS's time, or `off`
};

/// A local AWS on 127.0.0.1: the Lambda Runtime API that runs the real function as a child process, an ECS with a
/// small shop in it, EventBridge's PutEvents and a Slack inbox. See docs/sandbox.md.
///
/// Runs until SIGINT or SIGTERM (and returns 0), or, with a demo, to its end: 0 if all happened as expected, 1
/// if not. What keeps it from starting is said on `err` (and 1 returned). The function gets settings of its own; of
/// `environment` it sees a few harmless variables only, never credentials.
int run(const Options& options, const Environment& environment, std::ostream& out, std::ostream& err);

/// Writes commands for a POSIX shell that point `ci_lambda`, the AWS CLI and the SDKs at the sandbox that runs at this
/// port: `eval "$(ci_lambda sandbox --env)"`. 0, or 1 when there is none, which is said on `err`.
int print_environment(std::uint16_t port, std::ostream& out, std::ostream& err);

}  // namespace ci_lambda::sandbox
