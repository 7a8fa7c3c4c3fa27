#include "sandbox/sandbox.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <ostream>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "config/document_source.hpp"
#include "sandbox/client/changes.hpp"
#include "sandbox/demo/demo.hpp"
#include "sandbox/demo/demo_ecs.hpp"
#include "sandbox/demo/demo_steps.hpp"
#include "sandbox/demo/release_demo.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/host/function_host.hpp"
#include "sandbox/host/signals.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/pages/client_environment.hpp"
#include "sandbox/terminal/printer.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kGood = 0;
constexpr int kBad = 1;

/// The function's program: the one that was asked for, or `bootstrap` beside the program that runs.
Result<std::string> find_bootstrap(const std::optional<std::string>& asked) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto path = asked ? std::filesystem::absolute(*asked, error) : self.parent_path() / "bootstrap";
    if (!std::filesystem::is_regular_file(path, error) || ::access(path.c_str(), X_OK) != 0)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("there is no program {}: build the function (`./dev build`), or name it with "
                                "--bootstrap PATH",
                                path.string()));
    return path.string();
}

/// How the program that runs was called, as short as it can be: to be typed in the same directory.
std::string command_line() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto here = std::filesystem::current_path(error);
    const auto relative = self.lexically_relative(here);
    const bool below = !relative.empty() && *relative.begin() != "..";
    return below ? (relative.has_parent_path() ? relative : "." / relative).string() : self.string();
}

/// Settings that may name a parameter or a secret in place of holding what they are about.
constexpr std::array kReferences{"SLACK_WEBHOOK_URL", "CI_LAMBDA_CONFIG"};

/// Passes on what the user's settings refer to in the sandbox, and nothing that is not there: the user's own webhook or
/// document is none of the sandbox's business.
void pass_references(std::map<std::string, std::string>& variables, const Environment& user, LocalAws& aws) {
    for (const auto* const name : kReferences)
        if (const auto value = user.get_non_empty(name); value && aws.referred_to(*value)) variables[name] = *value;
    // A document that stands in the variable itself is nowhere else.
    if (const auto source = find_document(user); source && *source && (*source)->kind == SourceRef::Kind::kInline)
        variables[std::string(kDocumentVariable)] = (*source)->text;
}

/// Whoever knows neither can press no button and sign no approval of this sandbox.
void add_secrets(std::map<std::string, std::string>& variables, const LocalAws& aws, Ids& ids) {
    constexpr std::size_t kKeyDigits = 64;
    variables.emplace("SLACK_SIGNING_SECRET", aws.signing_secret());
    variables.emplace("APPROVAL_KEY", ids.hex(kKeyDigits));
}

Result<Config> function_config(const std::map<std::string, std::string>& variables, LocalAws& aws) {
    const MapEnvironment environment(variables);
    const auto document = environment.get_non_empty(std::string(kDocumentVariable));
    const auto source = find_document(environment);
    const bool is_inline = source && *source && (*source)->kind == SourceRef::Kind::kInline;
    auto loaded = document && !is_inline
                      ? load_config(environment,
                                    DocumentText{.text = aws.referred_to(*document).value_or(""), .source = *document})
                      : load_config(environment);
    if (!loaded)
        return std::unexpected(with_context(loaded.error(), "the function would not start with these settings"));
    return std::move(loaded->config);
}

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

Status check_speed(double speed) {
    if (speed > 0 && speed <= kMaxSpeed) return {};
    return fail(
        ErrorKind::kConfiguration,
        fmt::format("--speed {}: must be more than 0 and at most {}; 1 is the pace of the real ECS", speed, kMaxSpeed));
}

/// The demo delivers ECS's own events itself, each in its place: they would come between the others at times of their
/// own.
LocalAwsOptions local_aws_options(const Options& options, std::vector<Target> targets, DemoEcs& demo) {
    if (options.demo == Demo::kRelease) return {.speed = kReleaseDemoSpeed};
    if (options.demo == Demo::kNone) return {.speed = options.speed, .targets = std::move(targets)};
    return {.ecs_clock = &demo, .on_ecs_event = [&demo](std::string event) { demo.keep(std::move(event)); }};
}

Status set_scenarios(LocalAws& aws, const std::vector<std::string>& scenarios) {
    for (const auto& text : scenarios)
        if (const auto done = aws.choose_scenario(text); !done)
            return std::unexpected(with_context(done.error(), "--scenario " + text));
    return {};
}

/// None where nobody has asked for any.
Result<std::vector<Target>> targets_of(const Options& options) {
    if (options.demo != Demo::kNone && (options.regions || options.targets))
        return fail(ErrorKind::kConfiguration, "the demo has one region: leave --regions and --targets out");
    if (options.regions && options.targets)
        return fail(ErrorKind::kConfiguration, "--regions and --targets exclude each other");
    if (options.regions) return parse_regions(*options.regions);
    if (options.targets) return parse_targets(*options.targets);
    return std::vector<Target>{};
}

Status set_replication(LocalAws& aws, const std::optional<std::string>& replication) {
    if (!replication) return {};
    const auto delay = parse_replication_delay(*replication);
    if (!delay) return std::unexpected(with_context(delay.error(), "--replication"));
    aws.replication().set_delay(*delay);
    return {};
}

/// Tells each event as it is done, until the sandbox is stopped.
void tell_events(LocalAws& aws, const Config& config, Printer& printer) {
    for (std::size_t number = 0;;) {
        const auto invocation = aws.invocations().wait_for_done(number);
        if (!invocation) return;
        number = invocation->end + 1;
        printer.story(make_story(number, {}, *invocation, aws.journal(), config, aws.has_several_targets()));
    }
}

Result<int> run_sandbox(const Options& options, const Environment& environment, std::ostream& out) {
    TRY(check_speed(options.speed));
    TRY_ASSIGN(const auto targets, targets_of(options));
    TRY_ASSIGN(const std::string program, find_bootstrap(options.bootstrap));
    const SystemClock clock;
    Ids ids(random_seed());
    Printer printer(out, options.paper);
    DemoEcs demo(clock);
    LocalAws aws(ids, clock, local_aws_options(options, targets, demo));
    TRY(set_scenarios(aws, options.demo == Demo::kNone     ? options.scenarios
                           : options.demo == Demo::kEvents ? demo_scenarios()
                                                           : std::vector<std::string>{}));
    TRY(set_replication(aws, options.replication));
    std::atomic<bool> interrupted = false;
    const SignalWatcher watcher([&] {
        interrupted = true;
        aws.invocations().stop();
    });
    const bool shows = options.demo != Demo::kNone;
    TRY_ASSIGN(const std::uint16_t port, aws.start(options.port.value_or(shows ? 0 : kDefaultPort)));
    auto variables = shows ? function_environment(port, environment, UserSettings::kLogging)
                           : function_environment(port, environment, UserSettings::kPassed, options.speed, targets);
    add_secrets(variables, aws, ids);
    if (!shows) pass_references(variables, environment, aws);
    if (options.demo == Demo::kRelease) variables.merge(release_demo_settings());
    TRY_ASSIGN(const Config config, function_config(variables, aws));
    aws.tell_settings(settings_page(variables));
    const bool show_log = options.logs || config.log_level == LogLevel::kDebug;
    FunctionHost function(
        {.program = program, .environment = variables}, aws.invocations(), clock,
        [&](std::string_view line) {
            if (show_log) printer.log(line);
        },
        [&](std::string_view text) { printer.notice(text); });

    if (!shows) {
        printer.ready(port);
        printer.welcome(port, command_line(), targets);
        function.start();
        tell_events(aws, config, printer);
        return kGood;
    }
    function.start();
    const bool good = options.demo == Demo::kRelease
                          ? run_release_demo(aws, config, clock, printer)
                          : run_demo(aws, {.port = port, .ecs = demo}, config, ids, clock, printer);
    if (good) return kGood;
    if (!interrupted && !show_log) printer.log_tail(function.recent_log());
    return kBad;
}

}  // namespace

int run(const Options& options, const Environment& environment, std::ostream& out, std::ostream& err) {
    const auto code = run_sandbox(options, environment, out);
    if (code) return *code;
    err << fmt::format("sandbox: {}\n", code.error().message);
    return kBad;
}

int print_environment(std::uint16_t port, std::ostream& out, std::ostream& err) {
    const auto page = http_get(port, "/sandbox/settings");
    const auto commands = page ? shell_commands(port, page->body) : std::unexpected(page.error());
    if (commands) {
        out << *commands << std::flush;
        return kGood;
    }
    err << (page ? commands.error().message : nobody_answers(port)) << '\n';
    return kBad;
}

}  // namespace ci_lambda::sandbox
