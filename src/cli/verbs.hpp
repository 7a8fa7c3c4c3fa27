#pragma once

#include "base/environment.hpp"
#include "cli/command.hpp"
#include "cli/session.hpp"

namespace ci_lambda::cli {

// One command each, in a file of its own below verbs/: results go to standard output, everything else to standard
// error. The exit code.
[[nodiscard]] int execute(const PlanCommand& command, Session& session);
[[nodiscard]] int execute(const InvokeCommand& command, Session& session);
[[nodiscard]] int execute(const ReplayCommand& command, Session& session);
[[nodiscard]] int execute(const DeployCommand& command, Session& session);
[[nodiscard]] int execute(const DiffCommand& command, Session& session);
[[nodiscard]] int execute(const PromoteCommand& command, Session& session);
[[nodiscard]] int execute(const WaitCommand& command, Session& session);
[[nodiscard]] int execute(const StatusCommand& command, Session& session);
[[nodiscard]] int execute(const HistoryCommand& command, Session& session);
[[nodiscard]] int execute(const ServicesCommand& command, Session& session);
[[nodiscard]] int execute(const RollbackCommand& command, Session& session);
[[nodiscard]] int execute(const ContinueCommand& command, Session& session);
[[nodiscard]] int execute(const StopCommand& command, Session& session);
[[nodiscard]] int execute(const ApprovalsCommand& command, Session& session);
[[nodiscard]] int execute(const ApproveCommand& command, Session& session);
[[nodiscard]] int execute(const RejectCommand& command, Session& session);
[[nodiscard]] int execute(const HoldCommand& command, Session& session);
[[nodiscard]] int execute(const ReleaseCommand& command, Session& session);
[[nodiscard]] int execute(const HoldsCommand& command, Session& session);
[[nodiscard]] int execute(const PipelineCommand& command, Session& session);
[[nodiscard]] int execute(const NotifyCommand& command, Session& session);
[[nodiscard]] int execute(const CheckCommand& command, Session& session);
[[nodiscard]] int execute(const ConfigCommand& command, Session& session);
[[nodiscard]] int execute(const SandboxCommand& command, Session& session);
[[nodiscard]] int execute(const CompleteCommand& command, Session& session);
[[nodiscard]] int execute(const ShowText& command, Session& session);

/// Runs one command line (without the program's name), wrong ones included. Returns the exit code.
[[nodiscard]] int run(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace ci_lambda::cli
