#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda::cli {

/// How the log is told on standard error: as sentences, or as the function's own lines.
enum class LogFormat { kSentences, kJson };

/// `from_function`, wherever it stands: the name or ARN of an installed function, whose configuration is used.
/// `deployment_target`, likewise: one of several, instead of all.
struct PlanCommand {
    std::string file;   ///< `-` is standard input
    bool live = false;  ///< by what is in the clusters now (DISCOVERY)
    bool json = false;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct InvokeCommand {
    std::string file;
    LogFormat log = LogFormat::kJson;  ///< it is what the Lambda does, log included
    std::optional<std::string> from_function = {};
};
struct ReplayCommand {
    std::string path;  ///< a dump of a queue, or a directory of them
    bool yes = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
};
struct DeployCommand {
    std::vector<std::string> services;
    std::optional<std::string> task_definition;
    std::optional<std::string> image;
    std::optional<std::string> image_tag;
    std::optional<std::string> strategy;
    std::optional<std::string> reason;
    std::optional<std::string> override_hold = {};
    bool dry_run = false;
    bool wait = false;
    bool force = false;  ///< begin another rollout although the same one is under way
    std::optional<std::chrono::seconds> timeout;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct DiffCommand {
    std::vector<std::string> services;
    std::optional<std::string> task_definition;
    std::optional<std::string> image;
    std::optional<std::string> image_tag;
    bool exit_code = false;  ///< say by it whether anything would change
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
/// `source` and `target` are names of environments; the rest says how each is reached, where it is not as the other.
struct PromoteCommand {
    std::vector<std::string> services;
    std::optional<std::string> source;
    std::optional<std::string> target;
    std::optional<std::string> source_profile;
    std::optional<std::string> source_region;
    std::optional<std::string> source_function;
    std::optional<std::string> target_profile;
    std::optional<std::string> target_region;
    std::optional<std::string> target_function;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool wait = false;
    std::optional<std::chrono::seconds> timeout;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> deployment_target = {};  ///< of the second environment
};
struct WaitCommand {
    std::vector<std::string> services;
    std::optional<std::chrono::seconds> timeout;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct StatusCommand {
    std::vector<std::string> services;  ///< empty: all that are ours
    bool watch = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct HistoryCommand {
    std::string service;
    unsigned limit = 10;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ServicesCommand {
    std::vector<std::string> services;  ///< empty: all that are ours
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct RollbackCommand {
    std::string service;
    std::optional<std::string> to;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool wait = false;
    std::optional<std::chrono::seconds> timeout;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ContinueCommand {
    std::vector<std::string> services;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct StopCommand {
    std::vector<std::string> services;
    bool rollback = false;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct HoldCommand {
    std::vector<std::string> services;
    std::optional<std::string> until;
    std::optional<std::string> reason;
    std::optional<std::string> by;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ReleaseCommand {
    std::vector<std::string> services;
    std::optional<std::string> reason;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct HoldsCommand {
    std::vector<std::string> services;  ///< empty: all that are ours
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ApprovalsCommand {
    std::vector<std::string> services;  ///< empty: all that are ours
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ApproveCommand {
    std::string token;  ///< or `-`: it comes on standard input
    std::optional<std::string> reason;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
};
struct RejectCommand {
    std::string token;  ///< as of `ApproveCommand`
    std::optional<std::string> reason;
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
};
struct PipelineCommand {
    std::string action;    ///< status, start, stop, retry or asl
    std::string pipeline;  ///< its name; empty: all
    std::optional<std::string> image_tag;
    std::optional<std::string> promote_from;
    std::optional<std::string> reason;
    std::optional<std::string> override_hold = {};
    std::optional<std::string> function;  ///< for asl: its ARN
    bool detach = false;                  ///< the state machine carries it
    bool dry_run = false;
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct NotifyCommand {
    bool test = false;  ///< send samples
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct CheckCommand {
    bool json = false;
    LogFormat log = LogFormat::kSentences;
    std::optional<std::string> from_function = {};
    std::optional<std::string> deployment_target = {};
};
struct ConfigCommand {
    bool json = false;
    bool schema = false;    ///< the schema of the document, and nothing else
    bool from_env = false;  ///< the document that says what the environment says
    std::optional<std::string> from_function = {};
};
struct SandboxCommand {
    std::optional<std::uint16_t> port;  ///< absent: the sandbox's own
    bool env = false;                   ///< print what points a shell at it
    std::optional<std::string> bootstrap;
    std::optional<std::string> demo;  ///< which one: `events` or `release`
    bool logs = false;
    bool no_color = false;
    std::optional<double> speed;                  ///< absent: the sandbox's own
    std::vector<std::string> scenarios;           ///< `NAME` or `SERVICE=NAME`
    std::optional<std::string> regions = {};      ///< `eu-west-1,us-east-1`
    std::optional<std::string> targets = {};      ///< `eu=eu-west-1,us=us-east-1@222222222222`
    std::optional<std::string> replication = {};  ///< seconds, or `off`
    /// What is to be changed in the sandbox that runs, as `sandbox_changes()` has it: `push`, ..
    std::optional<std::string> change = {};
    std::string what = {};                   ///< with `change`: an image, a parameter, a secret, a file
    std::optional<std::string> value = {};   ///< of a parameter or a secret
    std::optional<std::string> from = {};    ///< of a push: the region that it is replicated from
    std::optional<std::string> target = {};  ///< of a change: in which target it is made
    std::optional<std::string> user = {};    ///< of a click: who presses the button
};

/// What `ci_lambda sandbox WORD` can change, and what it needs for that.
struct SandboxChangeText {
    std::string_view word;
    std::string_view needs;  ///< with an example
    bool has_value = false;
    bool may_have_value = false;  ///< a service
};
[[nodiscard]] std::span<const SandboxChangeText> sandbox_changes();

/// What a shell asks when somebody presses TAB (cli/completion.hpp).
struct CompleteCommand {
    std::vector<std::string> words;
};
/// Help or version: print and be done. Without a command at all it is wrong usage, however helpful the answer.
struct ShowText {
    std::string text;
    bool wrong_usage = false;
};

using Command =
    std::variant<PlanCommand, InvokeCommand, ReplayCommand, DeployCommand, DiffCommand, PromoteCommand, WaitCommand,
                 StatusCommand, HistoryCommand, ServicesCommand, RollbackCommand, ContinueCommand, StopCommand,
                 ApprovalsCommand, ApproveCommand, RejectCommand, CheckCommand, ConfigCommand, SandboxCommand,
                 CompleteCommand, ShowText, HoldCommand, ReleaseCommand, HoldsCommand, PipelineCommand, NotifyCommand>;

/// Reads the command line (without the program's name). Pure. The error (kConfiguration) says what is wrong and,
/// for a command or an option that does not exist, which one was probably meant.
[[nodiscard]] Result<Command> parse_command(const std::vector<std::string>& arguments);

}  // namespace ci_lambda::cli
