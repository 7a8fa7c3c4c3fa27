#include "cli/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "app/version.hpp"
#include "base/text.hpp"
#include "cli/completion.hpp"
#include "cli/description.hpp"
#include "cli/man_page.hpp"
#include "cli/usage.hpp"

namespace ci_lambda::cli {
namespace {

using Parser = ::CLI::App;

/// A day; nobody waits longer.
constexpr unsigned kLongestTimeout = 86'400;

/// ECS keeps as many.
constexpr unsigned kMostRollouts = 100;

void add_json(Parser& parser, bool& json, const char* meaning = "For machines") {
    parser.add_flag("--json", json, meaning);
}

void add_log(Parser& parser, LogFormat& log) {
    static const std::map<std::string, LogFormat> formats{{"text", LogFormat::kSentences}, {"json", LogFormat::kJson}};
    parser
        .add_option_function<std::string>(
            "--log", [&log](const std::string& name) { log = formats.at(name); },
            "The log on standard error: text for people, json for machines")
        ->check(::CLI::IsMember(formats))
        ->type_name("text|json");
}

void add_timeout(Parser& parser, std::optional<std::chrono::seconds>& timeout) {
    parser
        .add_option_function<unsigned>(
            "--timeout", [&timeout](unsigned seconds) { timeout = std::chrono::seconds{seconds}; },
            "How long to wait, in seconds; the rollout goes on after that. Default: DEPLOYMENT_TIMEOUT_SECONDS")
        ->check(::CLI::Range(1U, kLongestTimeout))
        ->type_name("SECONDS");
}

void add_plan(Parser& parser, PlanCommand& plan) {
    parser.add_option("file", plan.file, "The event, a JSON file; - is standard input")->type_name(kFileValue);
    parser.add_flag("--live", plan.live,
                    "Ask ECS what the services use now (DISCOVERY), and say what is known of them");
    add_json(parser, plan.json);
}

void add_invoke(Parser& parser, InvokeCommand& invoke) {
    parser.add_option("file", invoke.file, "The event, a JSON file; - is standard input")->type_name(kFileValue);
    add_log(parser, invoke.log);
}

void add_replay(Parser& parser, ReplayCommand& replay) {
    parser
        .add_option("path", replay.path,
                    "What `aws sqs receive-message` printed, or events, one a line; or a directory of such files")
        ->type_name(kFileValue);
    auto* yes = parser.add_flag("--yes", replay.yes, "Do not ask before anything is deployed");
    parser.add_flag("--json", replay.json, "Print the function's answer instead of sentences; needs --yes")->needs(yes);
    add_log(parser, replay.log);
}

void add_image(Parser& parser, std::optional<std::string>& image, std::optional<std::string>& image_tag) {
    auto* tag = parser
                    .add_option("--image-tag", image_tag,
                                "This tag of the service's own repository, in a copy of the newest revision")
                    ->type_name("TAG");
    parser.add_option("--image", image, "The same by the whole name: REPOSITORY:TAG or REPOSITORY@sha256:..")
        ->type_name("IMAGE")
        ->excludes(tag);
}

void add_deploy(Parser& parser, DeployCommand& deploy) {
    parser.add_option("services", deploy.services, "The services' ids: backend, api, ..")->type_name(kServiceValue);
    parser.add_option("--task-definition", deploy.task_definition,
                      "family:42, an ARN, or a revision number; default: the newest ACTIVE revision");
    add_image(parser, deploy.image, deploy.image_tag);
    parser.get_option("--task-definition")
        ->excludes(parser.get_option("--image"))
        ->excludes(parser.get_option("--image-tag"));
    parser
        .add_option("--strategy", deploy.strategy,
                    "How this rollout moves tasks and traffic, such as canary:10%:10m (percent, minutes, bake time) or "
                    "JSON. ECS keeps it until a deployment by the configuration sets it back")
        ->type_name("keep|rolling|blue_green|linear|canary");
    parser.add_option("--reason", deploy.reason, "Why, for the log and the notification");
    parser
        .add_option("--override-hold", deploy.override_hold,
                    "Although it is held, or frozen: why; everybody who is told of deployments is told so")
        ->type_name("REASON");
    auto* dry_run = parser.add_flag("--dry-run", deploy.dry_run, "Look everything up, change nothing");
    auto* wait = parser.add_flag("--wait", deploy.wait,
                                 "Stay, show the progress, and end with how it ended. Where this very revision is "
                                 "rolling already, wait for that rollout instead of beginning another one");
    wait->excludes(dry_run);
    parser.add_flag("--force", deploy.force, "With --wait: begin another rollout all the same")->needs(wait);
    add_timeout(parser, deploy.timeout);
    parser.get_option("--timeout")->needs(wait);
    add_json(parser, deploy.json, "Print the function's answer instead of sentences");
    add_log(parser, deploy.log);
}

void add_diff(Parser& parser, DiffCommand& diff) {
    parser.add_option("services", diff.services, "The services' ids: backend, api, ..")->type_name(kServiceValue);
    add_image(parser, diff.image, diff.image_tag);
    parser
        .add_option("--task-definition", diff.task_definition,
                    "With this revision: family:42, an ARN, or a number; default: what `deploy` would take")
        ->excludes(parser.get_option("--image"))
        ->excludes(parser.get_option("--image-tag"));
    parser.add_flag("--exit-code", diff.exit_code, "End with exit code 3 where anything would change");
    add_json(parser, diff.json);
    add_log(parser, diff.log);
}

void add_promote(Parser& parser, PromoteCommand& promote) {
    const auto add = [&](const char* name, std::optional<std::string>& value, const char* meaning, const char* type) {
        return parser.add_option(name, value, meaning)->type_name(type);
    };
    parser.add_option("services", promote.services, "The services' ids: backend, api, ..")->type_name(kServiceValue);
    add("--from", promote.source, "The environment (PROJECT_ENV) whose images have proven good", "ENV");
    add("--to", promote.target, "The environment in which they are deployed; default: PROJECT_ENV", "ENV");
    add("--from-profile", promote.source_profile, "The AWS profile for the first; default: as for all commands",
        "PROFILE");
    add("--from-region", promote.source_region, "The region of the first; default: as for all commands", "REGION");
    add("--from-function", promote.source_function,
        "Use the configuration of this installed function for the first, by its name or ARN", "NAME");
    add("--to-profile", promote.target_profile, "The same for the second", "PROFILE");
    add("--to-region", promote.target_region, "The same for the second", "REGION");
    add("--to-function", promote.target_function, "The same for the second", "NAME");
    parser.add_option("--reason", promote.reason, "Why, for the log and the notification");
    auto* dry_run = parser.add_flag("--dry-run", promote.dry_run, "Look everything up, change nothing");
    auto* wait = parser.add_flag("--wait", promote.wait, "Stay, show the progress, and end with how it ended");
    wait->excludes(dry_run);
    add_timeout(parser, promote.timeout);
    parser.get_option("--timeout")->needs(wait);
    add_json(parser, promote.json, "Print the function's answer instead of sentences");
    add_log(parser, promote.log);
}

void add_wait(Parser& parser, WaitCommand& wait) {
    parser.add_option("services", wait.services, "The services' ids: backend, api, ..")->type_name(kServiceValue);
    add_timeout(parser, wait.timeout);
    add_json(parser, wait.json, "Print how it ended as JSON instead of sentences");
    add_log(parser, wait.log);
}

void add_status(Parser& parser, StatusCommand& status) {
    parser.add_option("services", status.services, "The services' ids; default: all that are ours")
        ->type_name(kServiceValue);
    auto* watch = parser.add_flag("--watch", status.watch, "Look again every few seconds, until Ctrl-C");
    parser.add_flag("--json", status.json, "For machines")->excludes(watch);
    add_log(parser, status.log);
}

void add_history(Parser& parser, HistoryCommand& history) {
    parser.add_option("service", history.service, "The service's id: backend, api, ..")->type_name(kServiceValue);
    parser.add_option("--limit", history.limit, "How many rollouts, the last ones; default: 10")
        ->check(::CLI::Range(1U, kMostRollouts))
        ->type_name("N");
    add_json(parser, history.json);
    add_log(parser, history.log);
}

void add_services(Parser& parser, ServicesCommand& services) {
    parser.add_option("services", services.services, "The services' ids; default: all that are ours")
        ->type_name(kServiceValue);
    add_json(parser, services.json);
    add_log(parser, services.log);
}

void add_rollback(Parser& parser, RollbackCommand& rollback) {
    parser.add_option("service", rollback.service, "The service's id: backend, api, ..")->type_name(kServiceValue);
    parser.add_option(
        "--to", rollback.to,
        "The revision to go back to: family:41, an ARN, or a number; default: the last one that ran well");
    parser.add_option("--reason", rollback.reason, "Why, for the log and the notification");
    auto* dry_run = parser.add_flag("--dry-run", rollback.dry_run, "Look everything up, change nothing");
    auto* wait = parser.add_flag("--wait", rollback.wait, "Stay, show the progress, and end with how it ended");
    wait->excludes(dry_run);
    add_timeout(parser, rollback.timeout);
    parser.get_option("--timeout")->needs(wait);
    add_json(parser, rollback.json, "Print the function's answer instead of sentences");
    add_log(parser, rollback.log);
}

/// What `continue` and `stop` have in common.
template <typename T>
void add_answer(Parser& parser, T& answer) {
    parser.add_option("services", answer.services, "The services' ids: backend, api, ..")->type_name(kServiceValue);
    parser.add_option("--reason", answer.reason, "Why, for the log and the notification");
    parser.add_flag("--dry-run", answer.dry_run, "Look everything up, change nothing");
    add_json(parser, answer.json, "Print the function's answer instead of sentences");
    add_log(parser, answer.log);
}

void add_continue(Parser& parser, ContinueCommand& go_on) { add_answer(parser, go_on); }

void add_stop(Parser& parser, StopCommand& stop) {
    parser.add_flag("--rollback", stop.rollback, "Bring back what ran before; ECS can end a rollout in no other way");
    add_answer(parser, stop);
}

void add_approvals(Parser& parser, ApprovalsCommand& approvals) {
    parser.add_option("services", approvals.services, "The services' ids; default: all that are ours")
        ->type_name(kServiceValue);
    add_json(parser, approvals.json);
    add_log(parser, approvals.log);
}

/// What `approve` and `reject` have in common.
template <typename T>
void add_approval(Parser& parser, T& answer) {
    parser.add_option("token", answer.token,
                      "What the message about it says behind this command; - for standard input");
    parser.add_option("--reason", answer.reason, "Why, for the log and the notification");
    parser.add_flag("--dry-run", answer.dry_run, "Look everything up, change nothing");
    add_json(parser, answer.json, "Print the function's answer instead of sentences");
    add_log(parser, answer.log);
}

void add_hold(Parser& parser, HoldCommand& hold) {
    parser
        .add_option("--until", hold.until,
                    "When it ends: 2h, 18:00, \"18:00 Europe/Berlin\", \"2026-12-01 08:00\" (UTC, where no zone is "
                    "named); default: when somebody releases it")
        ->type_name("WHEN");
    parser.add_option("--by", hold.by, "Who holds it; default: the name of the user on this machine")
        ->type_name("NAME");
    add_answer(parser, hold);
}

void add_release(Parser& parser, ReleaseCommand& release) { add_answer(parser, release); }

void add_holds(Parser& parser, HoldsCommand& holds) {
    parser.add_option("services", holds.services, "The services' ids; default: all that are ours")
        ->type_name(kServiceValue);
    add_json(parser, holds.json);
    add_log(parser, holds.log);
}

void add_pipeline(Parser& parser, PipelineCommand& pipeline) {
    parser.add_option("action", pipeline.action, "What to do: status, start, stop, retry or asl")->type_name("ACTION");
    parser.add_option("pipeline", pipeline.pipeline, "The pipeline's name; for status: all, without one")
        ->type_name("PIPELINE");
    parser.add_option("--image-tag", pipeline.image_tag, "For start: the tag of each service's own image")
        ->type_name("TAG");
    parser
        .add_option("--promote-from", pipeline.promote_from, "For start: the environment whose images the services get")
        ->type_name("ENVIRONMENT");
    parser.add_flag("--detach", pipeline.detach, "For start: let the state machine carry it, and do not wait");
    parser.add_flag("--dry-run", pipeline.dry_run, "For start: look everything up, change nothing");
    parser
        .add_option("--override-hold", pipeline.override_hold,
                    "For start: deploy what is held, too, and during a freeze; the argument says why")
        ->type_name("REASON");
    parser.add_option("--reason", pipeline.reason, "Why, for the log and the notification");
    parser
        .add_option("--function", pipeline.function,
                    "For asl: the ARN of the function; default: what a template replaces, ${Function}")
        ->type_name("ARN");
    add_json(parser, pipeline.json);
    add_log(parser, pipeline.log);
}

void add_notify(Parser& parser, NotifyCommand& notify) {
    parser.add_flag("--test", notify.test, "Send a sample of every type of message to each channel");
    add_json(parser, notify.json);
    add_log(parser, notify.log);
}

void add_check(Parser& parser, CheckCommand& check) {
    add_json(parser, check.json);
    add_log(parser, check.log);
}

void add_config(Parser& parser, ConfigCommand& config) {
    auto* json = parser.add_flag("--json", config.json, "For machines");
    auto* schema = parser.add_flag("--schema", config.schema, "Print the JSON Schema of the document, for editors");
    auto* from_env =
        parser.add_flag("--from-env", config.from_env, "Print the document that says what the environment says");
    schema->excludes(json);
    from_env->excludes(json)->excludes(schema);
}

std::vector<std::string> words_of_changes() {
    std::vector<std::string> words;
    for (const auto& one : sandbox_changes()) words.emplace_back(one.word);
    return words;
}

void add_sandbox(Parser& parser, SandboxCommand& sandbox) {
    parser.add_option("--port", sandbox.port, "Port to listen on; default: 7327; 0: any free one");
    parser.add_flag("--env", sandbox.env,
                    "Print shell commands that point ci_lambda and the AWS CLI at the sandbox that runs:\n"
                    "eval \"$(ci_lambda sandbox --env)\"");
    parser.add_option("--bootstrap", sandbox.bootstrap, "The function's program; default: the one beside this")
        ->type_name(kFileValue);
    parser
        .add_option("--demo", sandbox.demo,
                    "Show something, and end: events (the default) sends one event of each kind, release runs a\n"
                    "pipeline with an approval, a migration, and a stage that fails")
        ->expected(0, 1)
        ->type_name("events|release");
    parser.add_flag("--logs", sandbox.logs, "Show the function's log lines too");
    parser.add_flag("--no-color", sandbox.no_color, "No colour, even on a terminal");
    parser.add_option("--speed", sandbox.speed, "Seconds that pass in ECS in one second; default: 20");
    parser
        .add_option("--scenario", sandbox.scenarios,
                    "How rollouts go: NAME for all services, or SERVICE=NAME; may be repeated")
        ->allow_extra_args(false);
    auto* regions = parser
                        .add_option("--regions", sandbox.regions,
                                    "The shop stands in each of these: eu-west-1,us-east-1; the first one is the home")
                        ->type_name("LIST");
    parser
        .add_option("--targets", sandbox.targets,
                    "The same with names, and with accounts: eu=eu-west-1,us=us-east-1@222222222222")
        ->type_name("LIST")
        ->excludes(regions);
    parser
        .add_option("--replication", sandbox.replication,
                    "Seconds of ECS's time until a pushed image is in the other regions, or off; default: 20")
        ->type_name("SECONDS");
    const auto words = words_of_changes();
    auto* change =
        parser
            .add_option("change", sandbox.change,
                        "Change something in the sandbox that runs, and see what the function makes of it:\n"
                        "push IMAGE, set-parameter NAME VALUE, set-secret NAME VALUE, rotate SECRET,\n"
                        "edit-file KEY, close-calendar NAME, open-calendar NAME, click approve|reject [SERVICE]")
            ->type_name(join(words, "|"));
    parser.add_option("what", sandbox.what, "What is changed: api:v1.43, /dev/shop/api/LOG_LEVEL, shop/db, api/.env")
        ->type_name("WHAT");
    parser
        .add_option("value", sandbox.value, "With set-parameter and set-secret: the new value; with click: the service")
        ->type_name("VALUE");
    auto* from =
        parser.add_option("--from", sandbox.from, "With push: it is pushed in this region, and comes by replication")
            ->type_name("REGION");
    from->needs(change);
    parser
        .add_option("--user", sandbox.user,
                    "With click: who presses the button, by their name in Slack; default: alice")
        ->type_name("NAME")
        ->needs(change);
    parser.add_option("--target", sandbox.target, "The change is made in this target; default: at home")
        ->type_name("NAME")
        ->needs(change);
}

bool is_blank(const std::string& text) { return trim(text).empty(); }
bool has_blank(const std::vector<std::string>& texts) { return std::ranges::any_of(texts, is_blank); }

std::vector<std::string> options_of(const Parser& parser) {
    std::vector<std::string> names;
    for (const auto* option : parser.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::unexpected<Error> wrong_usage(std::string message) { return fail(ErrorKind::kConfiguration, std::move(message)); }

/// What the parser left over: it is told of here, as CLI11 has no suggestions.
Status check_leftovers(const Parser& parser, const VerbText& verb) {
    const auto left = parser.remaining();
    const auto option = std::ranges::find_if(left, [](const auto& word) { return word.starts_with('-'); });
    if (option != left.end()) return wrong_usage(unknown_option(*option, verb, options_of(parser)));
    if (!left.empty()) return wrong_usage(one_too_many(left.front(), verb));
    return {};
}

bool misses_its_argument(const PlanCommand& plan) { return is_blank(plan.file); }
bool misses_its_argument(const InvokeCommand& invoke) { return is_blank(invoke.file); }
bool misses_its_argument(const ReplayCommand& replay) { return is_blank(replay.path); }
bool misses_its_argument(const DeployCommand& deploy) { return deploy.services.empty() || has_blank(deploy.services); }
bool misses_its_argument(const DiffCommand& diff) { return diff.services.empty() || has_blank(diff.services); }
bool misses_its_argument(const PromoteCommand& promote) {
    return promote.services.empty() || has_blank(promote.services);
}
bool misses_its_argument(const WaitCommand& wait) { return wait.services.empty() || has_blank(wait.services); }
bool misses_its_argument(const StatusCommand& status) { return has_blank(status.services); }
bool misses_its_argument(const HistoryCommand& history) { return is_blank(history.service); }
bool misses_its_argument(const ServicesCommand& services) { return has_blank(services.services); }
bool misses_its_argument(const RollbackCommand& rollback) { return is_blank(rollback.service); }
bool misses_its_argument(const ContinueCommand& go_on) { return go_on.services.empty() || has_blank(go_on.services); }
bool misses_its_argument(const ApprovalsCommand& approvals) { return has_blank(approvals.services); }
bool misses_its_argument(const ApproveCommand& approve) { return trim(approve.token).empty(); }
bool misses_its_argument(const RejectCommand& reject) { return trim(reject.token).empty(); }
bool misses_its_argument(const StopCommand& stop) { return stop.services.empty() || has_blank(stop.services); }
bool misses_its_argument(const HoldCommand& hold) { return hold.services.empty() || has_blank(hold.services); }
bool misses_its_argument(const ReleaseCommand& release) {
    return release.services.empty() || has_blank(release.services);
}
bool misses_its_argument(const HoldsCommand& holds) { return has_blank(holds.services); }
bool misses_its_argument(const PipelineCommand& pipeline) {
    static constexpr std::array<std::string_view, 5> kActions{"status", "start", "stop", "retry", "asl"};
    if (std::ranges::find(kActions, pipeline.action) == kActions.end()) return true;
    const bool needs_name = pipeline.action != "status" && pipeline.action != "asl";
    return needs_name && is_blank(pipeline.pipeline);
}
bool misses_its_argument(const NotifyCommand& /*notify*/) { return false; }
bool misses_its_argument(const CheckCommand& /*check*/) { return false; }
bool misses_its_argument(const ConfigCommand& /*config*/) { return false; }
bool misses_its_argument(const SandboxCommand& /*sandbox*/) { return false; }

std::string no_such_change(const std::string& word) {
    const auto words = words_of_changes();
    const auto meant = closest(word, words);
    return fmt::format("sandbox changes nothing by \"{}\"{} It knows {}. See ci_lambda help sandbox.",
                       one_line(word, 80), meant ? fmt::format("; did you mean \"{}\"?", *meant) : std::string("."),
                       join(words, ", "));
}

/// What one argument alone does not say.
template <typename T>
Status check_together(const T& /*command*/) {
    return {};
}
Status check_together(const SandboxCommand& sandbox) {
    if (sandbox.demo && !sandbox.demo->empty() && *sandbox.demo != "events" && *sandbox.demo != "release")
        return wrong_usage(
            fmt::format("there is no demo \"{}\"; there are events and release", one_line(*sandbox.demo, 80)));
    if (!sandbox.change) return {};
    const auto changes = sandbox_changes();
    const auto change = std::ranges::find(changes, *sandbox.change, &SandboxChangeText::word);
    if (change == changes.end()) return wrong_usage(no_such_change(*sandbox.change));
    if (is_blank(sandbox.what) || (change->has_value && !sandbox.value))
        return wrong_usage(fmt::format("sandbox {} needs {}", change->word, change->needs));
    // The value itself may be secret.
    if (sandbox.value && !change->has_value && !change->may_have_value)
        return wrong_usage(fmt::format("sandbox {} takes no value; it needs {}", change->word, change->needs));
    if (sandbox.env || sandbox.demo)
        return wrong_usage(fmt::format("sandbox {} changes a sandbox that runs: it does not go with {}", change->word,
                                       sandbox.env ? "--env" : "--demo"));
    if (sandbox.user && change->word != "click") return wrong_usage("--user is for sandbox click");
    if (change->word == "click" && sandbox.what != "approve" && sandbox.what != "reject")
        return wrong_usage(fmt::format("sandbox click needs {}", change->needs));
    if (sandbox.from && change->word != "push") return wrong_usage("--from is for sandbox push");
    return {};
}

std::string value_of(const ::CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return "";
    // What checks the value has added itself after a colon.
    const auto name = option.get_type_name();
    return name.substr(0, name.find(':'));
}

OptionDescription described(const ::CLI::Option& option) {
    OptionDescription description{.meaning = option.get_description(), .value = value_of(option)};
    description.argument = option.get_positional();
    description.repeatable = option.get_expected_max() > 1;
    if (description.argument) description.names.push_back(option.get_name());
    for (const auto& name : option.get_snames()) description.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) description.names.push_back("--" + name);
    for (const auto* other : option.get_excludes())
        for (const auto& name : other->get_lnames()) description.excludes.push_back("--" + name);
    return description;
}

/// The options of the command, and those that all have that need a configuration.
template <typename T, void (*Add)(Parser&, T&)>
void add_options(Parser& parser, T& command) {
    Add(parser, command);
    if constexpr (requires { command.from_function; })
        parser
            .add_option("--from-function", command.from_function,
                        "Use the configuration of this installed function, by its name or ARN")
            ->type_name("NAME");
    if constexpr (requires { command.deployment_target; })
        parser
            .add_option("--target", command.deployment_target,
                        "Only in this one of several deployment targets (REGIONS, TARGETS)")
            ->type_name("NAME");
}

void set_up(Parser& parser, const VerbText& verb) {
    parser.description(std::string(verb.summary));
    parser.name(fmt::format("ci_lambda {}", verb.name));
    parser.footer(fmt::format("Example: {}", verb.example));
    parser.allow_extras();
}

/// Reads the arguments of one command.
template <typename T, void (*Add)(Parser&, T&)>
Result<Command> parse_arguments(const VerbText& verb, std::vector<std::string> arguments) {
    Parser parser;
    set_up(parser, verb);
    T command;
    add_options<T, Add>(parser, command);
    std::ranges::reverse(arguments);  // CLI11 takes them last first
    try {
        parser.parse(arguments);
    } catch (const ::CLI::CallForHelp&) {
        return ShowText{parser.help()};
    } catch (const ::CLI::ParseError& error) {
        return wrong_usage(fmt::format("{}: {} (see ci_lambda help {})", verb.name, error.what(), verb.name));
    }
    TRY(check_leftovers(parser, verb));
    if (misses_its_argument(command)) return wrong_usage(missing_argument(verb));
    TRY(check_together(command));
    return command;
}

template <typename T, void (*Add)(Parser&, T&)>
std::vector<OptionDescription> describe_arguments() {
    Parser parser;
    T command;
    add_options<T, Add>(parser, command);
    std::vector<OptionDescription> options;
    for (const auto* option : parser.get_options()) options.push_back(described(*option));
    return options;
}

/// What is known of one command: how it is read, and what can be said of its options.
struct VerbParser {
    Result<Command> (*parse)(const VerbText& verb, std::vector<std::string> arguments);
    std::vector<OptionDescription> (*describe)();
};

template <typename T, void (*Add)(Parser&, T&)>
constexpr VerbParser kParseVerb{&parse_arguments<T, Add>, &describe_arguments<T, Add>};

/// nullptr for those that are nothing but a text.
const VerbParser* parser_of(std::string_view verb) {
    static const std::map<std::string_view, const VerbParser*> parsers{
        {"plan", &kParseVerb<PlanCommand, &add_plan>},
        {"invoke", &kParseVerb<InvokeCommand, &add_invoke>},
        {"replay", &kParseVerb<ReplayCommand, &add_replay>},
        {"deploy", &kParseVerb<DeployCommand, &add_deploy>},
        {"diff", &kParseVerb<DiffCommand, &add_diff>},
        {"promote", &kParseVerb<PromoteCommand, &add_promote>},
        {"wait", &kParseVerb<WaitCommand, &add_wait>},
        {"status", &kParseVerb<StatusCommand, &add_status>},
        {"history", &kParseVerb<HistoryCommand, &add_history>},
        {"services", &kParseVerb<ServicesCommand, &add_services>},
        {"rollback", &kParseVerb<RollbackCommand, &add_rollback>},
        {"continue", &kParseVerb<ContinueCommand, &add_continue>},
        {"stop", &kParseVerb<StopCommand, &add_stop>},
        {"approvals", &kParseVerb<ApprovalsCommand, &add_approvals>},
        {"approve", &kParseVerb<ApproveCommand, &add_approval<ApproveCommand>>},
        {"reject", &kParseVerb<RejectCommand, &add_approval<RejectCommand>>},
        {"hold", &kParseVerb<HoldCommand, &add_hold>},
        {"release", &kParseVerb<ReleaseCommand, &add_release>},
        {"holds", &kParseVerb<HoldsCommand, &add_holds>},
        {"pipeline", &kParseVerb<PipelineCommand, &add_pipeline>},
        {"notify", &kParseVerb<NotifyCommand, &add_notify>},
        {"check", &kParseVerb<CheckCommand, &add_check>},
        {"config", &kParseVerb<ConfigCommand, &add_config>},
        {"sandbox", &kParseVerb<SandboxCommand, &add_sandbox>},
    };
    const auto found = parsers.find(verb);
    return found == parsers.end() ? nullptr : found->second;
}

const VerbText* find_verb(std::string_view name) {
    const auto found = std::ranges::find(verbs(), name, &VerbText::name);
    return found == verbs().end() ? nullptr : &*found;
}

std::string version_text() { return fmt::format("ci_lambda {} (commit {})\n", version(), commit()); }

/// `help` and `help VERB`.
Result<Command> help_of(const std::vector<std::string>& words) {
    if (words.empty()) return ShowText{overview()};
    const auto* verb = find_verb(words.front());
    if (verb == nullptr) return wrong_usage(unknown_verb(words.front()));
    const auto* parser = parser_of(verb->name);
    return parser == nullptr ? ShowText{overview()} : parser->parse(*verb, {"--help"});
}

/// What only shells and `./dev install` ask; `nullopt` for what people type.
std::optional<Result<Command>> parse_for_programs(const std::string& word, const std::vector<std::string>& rest) {
    if (word == kCompleteVerb) return CompleteCommand{rest};
    if (word == kManPageVerb) return ShowText{man_page(describe_commands(), version())};
    if (word != kCompletionScriptVerb) return std::nullopt;
    auto script = completion_script(rest.empty() ? "" : rest.front());
    if (!script) return wrong_usage(fmt::format("{} needs bash, fish or zsh", kCompletionScriptVerb));
    return ShowText{std::move(*script)};
}

}  // namespace

std::span<const SandboxChangeText> sandbox_changes() {
    static constexpr std::array kChanges{
        SandboxChangeText{.word = "push", .needs = "an image, such as api:v1.43"},
        SandboxChangeText{.word = "set-parameter",
                          .needs = "a name and a value, such as /dev/shop/api/LOG_LEVEL debug",
                          .has_value = true},
        SandboxChangeText{
            .word = "set-secret", .needs = "a name and a value, such as shop/payment new-key", .has_value = true},
        SandboxChangeText{.word = "rotate", .needs = "a secret, such as shop/db"},
        SandboxChangeText{.word = "edit-file", .needs = "the key of an env file, such as api/.env"},
        SandboxChangeText{.word = "click", .needs = "approve or reject, and perhaps a service", .may_have_value = true},
        SandboxChangeText{.word = "close-calendar", .needs = "the name of a change calendar, such as shop-freeze"},
        SandboxChangeText{.word = "open-calendar", .needs = "the name of a change calendar, such as shop-freeze"},
    };
    return kChanges;
}

std::vector<CommandDescription> describe_commands() {
    std::vector<CommandDescription> commands;
    for (const auto& verb : verbs()) {
        const auto* parser = parser_of(verb.name);
        commands.push_back({verb, parser == nullptr ? std::vector<OptionDescription>{} : parser->describe()});
    }
    return commands;
}

Result<Command> parse_command(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return ShowText{.text = overview(), .wrong_usage = true};
    const auto& word = arguments.front();
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (word == "help" || word == "--help" || word == "-h") return help_of(rest);
    if (word == "version" || word == "--version") return ShowText{version_text()};
    if (auto command = parse_for_programs(word, rest)) return std::move(*command);
    if (word.starts_with('-'))
        return wrong_usage(fmt::format("the command comes first, then its options: ci_lambda deploy api {}", word));
    const auto* verb = find_verb(word);
    if (verb == nullptr) return wrong_usage(unknown_verb(word));
    return parser_of(verb->name)->parse(*verb, rest);
}

}  // namespace ci_lambda::cli
