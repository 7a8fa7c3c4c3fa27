#include "cli/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/version.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

constexpr const char* kDescription =
    "Turns AWS events into ECS deployments: what the Lambda does, for people.\n"
    "Configured by the same environment variables as the Lambda: see docs/configuration.md.";

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 it failed or something is wrong, 2 wrong usage or configuration.\n"
    "No AWS account at hand? Try: ci_lambda sandbox --demo";

std::string unknown_verb(const std::string& word, const std::vector<std::string>& verbs) {
    std::string message = fmt::format("there is no command \"{}\"", word);
    if (const auto meant = closest(word, verbs)) message += fmt::format("; did you mean \"{}\"?", *meant);
    return message + fmt::format(" Commands: {}. See ci_lambda --help.", join(verbs, ", "));
}

}  // namespace

Result<Command> parse_command(const std::vector<std::string>& arguments) {
    ::CLI::App app(kDescription, "ci_lambda");
    app.footer(kFooter);
    app.set_version_flag("--version", fmt::format("ci_lambda {} (commit {})", version(), commit()));
    app.require_subcommand(1);

    PlanCommand plan;
    auto* plan_verb = app.add_subcommand("plan", "Say what an event would do, and why. No network.");
    plan_verb->add_option("file", plan.file, "The event, a JSON file; - is standard input")->required();
    plan_verb->add_flag("--json", plan.json, "For machines");

    InvokeCommand invoke;
    auto* invoke_verb = app.add_subcommand("invoke", "Handle an event for real. Answer on stdout, logs on stderr.");
    invoke_verb->add_option("file", invoke.file, "The event, a JSON file; - is standard input")->required();

    ReplayCommand replay;
    auto* replay_verb =
        app.add_subcommand("replay", "Handle the events of a dead-letter queue again, after showing what they do.");
    replay_verb
        ->add_option("path", replay.path,
                     "What `aws sqs receive-message` printed, or events, one a line; or a directory of such files")
        ->required();
    replay_verb->add_flag("--yes", replay.yes, "Do not ask before anything is deployed");
    replay_verb->add_flag("--json", replay.json, "Print the function's answer instead of sentences; needs --yes")
        ->needs(replay_verb->get_option("--yes"));

    DeployCommand deploy;
    auto* deploy_verb = app.add_subcommand("deploy", "Deploy one service now.");
    deploy_verb->add_option("service", deploy.service, "The service's id: backend, api, ..")->required();
    deploy_verb->add_option("--task-definition", deploy.task_definition,
                            "family:42, an ARN, or a revision number; default: the newest ACTIVE revision");
    deploy_verb->add_option("--reason", deploy.reason, "Why, for the log and the notification");
    deploy_verb->add_flag("--dry-run", deploy.dry_run, "Look at everything, change nothing");
    auto* deploy_wait =
        deploy_verb->add_flag("--wait", deploy.wait, "Stay, show the progress, and end with how it ended");
    deploy_wait->excludes(deploy_verb->get_option("--dry-run"));
    deploy_verb->add_flag("--json", deploy.json, "Print the function's answer instead of sentences");

    StatusCommand status;
    auto* status_verb = app.add_subcommand("status", "What runs where, since when, and what is rolling.");
    status_verb->add_option("services", status.services, "The services' ids; default: all that are ours");
    status_verb->add_flag("--json", status.json, "For machines");

    RollbackCommand rollback;
    auto* rollback_verb = app.add_subcommand("rollback", "Bring one service back to what it ran before.");
    rollback_verb->add_option("service", rollback.service, "The service's id: backend, api, ..")->required();
    rollback_verb->add_flag("--wait", rollback.wait, "Stay, show the progress, and end with how it ended");
    rollback_verb->add_flag("--json", rollback.json, "Print the function's answer instead of sentences");

    auto* check_verb = app.add_subcommand("check", "The doctor: configuration, credentials, cluster, services.");

    SandboxCommand sandbox;
    auto* sandbox_verb = app.add_subcommand("sandbox", "A local AWS on loopback that runs the real function.");
    sandbox_verb->add_option("--port", sandbox.port, "Port to listen on; default: 7327; 0: any free one");
    sandbox_verb->add_flag("--env", sandbox.env,
                           "Print shell commands that point ci_lambda and the AWS CLI at the sandbox that runs:\n"
                           "eval \"$(ci_lambda sandbox --env)\"");
    sandbox_verb->add_option("--bootstrap", sandbox.bootstrap, "The function's program; default: the one beside this");
    sandbox_verb->add_flag("--demo", sandbox.demo, "Send one event of each kind, show what happens, and end");
    sandbox_verb->add_flag("--logs", sandbox.logs, "Show the function's log lines too");
    sandbox_verb->add_flag("--no-color", sandbox.no_color, "No colour, even on a terminal");
    sandbox_verb->add_option("--speed", sandbox.speed, "Seconds that pass in ECS in one second; default: 20");
    sandbox_verb
        ->add_option("--scenario", sandbox.scenarios,
                     "How rollouts go: NAME for all services, or SERVICE=NAME; may be repeated")
        ->allow_extra_args(false);

    const std::vector<std::string> verbs{"plan",   "invoke",   "replay", "deploy",
                                         "status", "rollback", "check",  "sandbox"};
    if (!arguments.empty() && !arguments.front().starts_with('-') &&
        std::ranges::find(verbs, arguments.front()) == verbs.end())
        return fail(ErrorKind::kConfiguration, unknown_verb(arguments.front(), verbs));

    auto reversed = arguments;  // CLI11 takes them last first
    std::ranges::reverse(reversed);
    try {
        app.parse(reversed);
    } catch (const ::CLI::CallForHelp&) {
        const auto chosen = app.get_subcommands();
        return ShowText{(chosen.empty() ? &app : chosen.front())->help()};
    } catch (const ::CLI::CallForVersion& version) {
        return ShowText{std::string(version.what()) + "\n"};
    } catch (const ::CLI::ParseError& error) {
        return fail(ErrorKind::kConfiguration, fmt::format("{} See ci_lambda --help.", error.what()));
    }

    if (plan_verb->parsed()) return plan;
    if (invoke_verb->parsed()) return invoke;
    if (replay_verb->parsed()) return replay;
    if (deploy_verb->parsed()) return deploy;
    if (status_verb->parsed()) return status;
    if (rollback_verb->parsed()) return rollback;
    if (check_verb->parsed()) return CheckCommand{};
    return sandbox;
}

}  // namespace ci_lambda::cli
