#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda::cli {

struct PlanCommand {
    std::string file;  ///< `-` is standard input
    bool json = false;
};
struct InvokeCommand {
    std::string file;
};
struct ReplayCommand {
    std::string path;  ///< a dump of a queue, or a directory of them
    bool yes = false;
    bool json = false;
};
struct DeployCommand {
    std::string service;
    std::optional<std::string> task_definition;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool wait = false;
    bool json = false;
};
struct StatusCommand {
    std::vector<std::string> services;  ///< empty: all that are ours
    bool json = false;
};
struct RollbackCommand {
    std::string service;
    bool wait = false;
    bool json = false;
};
struct CheckCommand {};
struct SandboxCommand {
    std::optional<std::uint16_t> port;  ///< absent: the sandbox's own
    bool env = false;                   ///< print what points a shell at it
    std::optional<std::string> bootstrap;
    bool demo = false;
    bool logs = false;
    bool no_color = false;
    std::optional<double> speed;         ///< absent: the sandbox's own
    std::vector<std::string> scenarios;  ///< `NAME` or `SERVICE=NAME`
};
/// `--help` or `--version`: print and be done.
struct ShowText {
    std::string text;
};

using Command = std::variant<PlanCommand, InvokeCommand, ReplayCommand, DeployCommand, StatusCommand, RollbackCommand,
                             CheckCommand, SandboxCommand, ShowText>;

/// Reads the command line (without the program's name). Pure. The error (kConfiguration) says what is wrong and, for a
/// verb that does not exist, which one was probably meant.
[[nodiscard]] Result<Command> parse_command(const std::vector<std::string>& arguments);

}  // namespace ci_lambda::cli
