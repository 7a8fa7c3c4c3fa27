#include "cli/verbs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "app/app.hpp"
#include "app/doctor.hpp"
#include "app/plan.hpp"
#include "base/text.hpp"
#include "cli/status.hpp"
#include "deployer/our_services.hpp"
#include "sandbox/sandbox.hpp"

namespace ci_lambda::cli {
namespace {

/// More than Lambda would ever hand over (6 MB): what is larger is not an event.
constexpr std::size_t kMaxEventBytes = std::size_t{16} * 1024 * 1024;

/// Of a look at ECS that somebody waits for.
constexpr Milliseconds kPatience{30'000};

int complain(const Error& error) {
    std::cerr << "ci_lambda: " << for_terminal(error.message) << "\n";
    return error.kind == ErrorKind::kConfiguration ? kBadUsage : kFailed;
}

bool colorful(int fd, const Environment& environment) {
    return ::isatty(fd) == 1 && !environment.get_non_empty("NO_COLOR") && environment.get("TERM") != "dumb";
}

Result<std::string> read_all(std::istream& in, const std::string& name) {
    std::string text;
    std::string chunk(64UL * 1024, '\0');
    while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0) {
        text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
        if (text.size() > kMaxEventBytes)
            return fail(ErrorKind::kConfiguration, fmt::format("{} is larger than any event can be", name));
    }
    return text;
}

Result<std::string> read_event(const std::string& file) {
    if (file == "-") return read_all(std::cin, "standard input");
    std::ifstream in(file, std::ios::binary);
    if (!in || in.peek() == std::ifstream::traits_type::eof()) {
        const auto why = in ? std::string("it is empty") : std::generic_category().message(errno);
        return fail(ErrorKind::kConfiguration, fmt::format("{} cannot be read: {}", file, why));
    }
    return read_all(in, file);
}

/// What an App needs and borrows.
struct Surroundings {
    SystemClock clock;
    SystemSleeper sleeper;
    FdLogSink sink{STDERR_FILENO};
};

Result<std::unique_ptr<App>> create_app(Surroundings& around, const Environment& environment,
                                        App::Options options = {}) {
    options.profiles = &profile_credentials;
    return App::create(std::move(options), environment, around.sink, around.clock, around.sleeper);
}

/// The log is for machines; a person reads sentences, and the log only when something needs a look.
void quieten_log(App& app) {
    if (app.config().log_level == LogLevel::kInfo) app.logger().set_level(LogLevel::kWarn);
}

/// Shows how a watched rollout goes: on a terminal one line that changes, else a line whenever something changed.
RolloutWatcher::OnLook show_progress(const Environment& environment) {
    const bool live = colorful(STDERR_FILENO, environment);
    return [live, last = std::string()](const RolloutOutcome& so_far, const EcsService* service) mutable {
        constexpr std::size_t kElapsed = 11;  // the clock's column always changes
        auto line = one_line(progress_line(so_far, service));
        if (live) {
            std::cerr << "\r\033[K" << line << std::flush;
        } else if (line.size() < kElapsed || line.substr(kElapsed) != last) {
            std::cerr << line << "\n";
            last = line.size() < kElapsed ? line : line.substr(kElapsed);
        }
    };
}

/// Ends the line that changes.
void end_progress(const Environment& environment) {
    if (colorful(STDERR_FILENO, environment)) std::cerr << "\r\033[K";
}

int execute(const ShowText& show, const Environment& /*environment*/) {
    std::cout << show.text;
    return kDone;
}

int execute(const PlanCommand& command, const Environment& environment) {
    const auto loaded = load_config(environment);
    if (!loaded) return complain(loaded.error());
    const auto bytes = read_event(command.file);
    if (!bytes) return complain(bytes.error());
    std::vector<std::string> plans;
    for (const auto& message : decode_delivery(*bytes).messages) {
        if (!message.events) return complain(message.events.error());
        for (const auto& event : *message.events) {
            // No credentials are fetched for a plan; but where the environment says whose they are, that is known.
            const Home home{.account = environment.get_non_empty("AWS_ACCOUNT_ID").value_or("")};
            const auto decision = decide(event, loaded->config, home);
            if (!decision) return complain(decision.error());
            plans.push_back(command.json ? plan_json(event, *decision) : plan_text(event, *decision));
        }
    }
    if (!command.json)
        std::cout << join(plans, "\n");
    else if (plans.size() == 1)
        std::cout << plans.front() << "\n";
    else
        std::cout << "[" << join(plans, ",\n") << "]\n";
    return kDone;
}

int execute(const InvokeCommand& command, const Environment& environment) {
    const auto bytes = read_event(command.file);
    if (!bytes) return complain(bytes.error());
    Surroundings around;
    const auto app = create_app(around, environment);
    if (!app) return complain(app.error());
    const auto handled = (*app)->handle(*bytes, Deadline::none());
    std::cout << to_json(handled.answer) << "\n";
    return handled.error ? kFailed : kDone;
}

void print_for_people(const Answer& answer) {
    for (const auto& report : answer.deployments) {
        if (report.error) continue;  // on standard error, below
        if (!report.outcome.empty()) {
            std::cout << fmt::format("{}: {}: {}\n", report.target.id, how_it_ended(report), one_line(report.outcome));
            continue;
        }
        const bool dry = report.status == DeploymentStatus::kDryRun;
        std::cout << fmt::format(
            "{}: {} {} in {} with {}{}\n", report.target.id,
            dry ? "would deploy" : "deployment accepted by ECS:", report.target.service, report.target.cluster,
            one_line(report.task_definition),
            report.deployment_id.empty() ? "" : one_line(fmt::format(" ({})", report.deployment_id)));
    }
}

int execute(const DeployCommand& command, const Environment& environment) {
    Surroundings around;
    App::Options options;
    if (command.dry_run) options.dry_run = true;
    options.wait = command.wait;
    if (command.wait) options.on_look = show_progress(environment);
    const auto app = create_app(around, environment, std::move(options));
    if (!app) return complain(app.error());
    quieten_log(**app);
    const Event event{.envelope = {},
                      .body = ManualRequest{.bare = true,
                                            .service = command.service,
                                            .task_definition = command.task_definition,
                                            .reason = command.reason.value_or("`ci_lambda deploy` was called")}};
    const auto handled = (*app)->handle(event, Deadline::none());
    if (command.wait) end_progress(environment);
    if (command.json)
        std::cout << to_json(handled.answer) << "\n";
    else
        print_for_people(handled.answer);
    const auto& status = handled.answer.status;
    const bool done = command.wait ? status == "completed" : status == "deployed" || status == "dry_run";
    if (!done) std::cerr << "ci_lambda: " << for_terminal(handled.answer.detail) << "\n";
    return done ? kDone : kFailed;
}

/// A file, or all files of a directory, in the order of their names.
Result<std::vector<Message>> read_dumps(const std::string& path) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code error;
    if (fs::is_directory(path, error)) {
        for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
            if (entry->is_regular_file(error)) files.push_back(entry->path().string());
        std::ranges::sort(files);
    } else {
        files.push_back(path);
    }
    std::vector<Message> messages;
    for (const auto& file : files) {
        TRY_ASSIGN(const auto bytes, read_event(file));
        for (auto& message : decode_dump(bytes)) {
            // An answer names the messages that failed, so each needs a name.
            if (message.id.empty()) message.id = fmt::format("{}#{}", file, messages.size() + 1);
            messages.push_back(std::move(message));
        }
    }
    if (messages.empty()) return fail(ErrorKind::kConfiguration, fmt::format("there are no messages in {}", path));
    return messages;
}

constexpr std::size_t kLongestPlanLine = 2000;

/// What replaying would do, as a table for a person; the number of events that deploy.
std::size_t show_replay_plan(const std::vector<Message>& messages, const Config& config) {
    std::size_t deploying = 0;
    for (const auto& message : messages) {
        // Anybody may have sent these messages; the plan must not be what they make of the terminal.
        const auto say = [&](std::string_view what) {
            std::cout << one_line(fmt::format("{}: {}", message.id, what), kLongestPlanLine) << "\n";
        };
        if (!message.events) say("cannot be read: " + message.events.error().message);
        for (const auto& event : message.events.value_or(std::vector<Event>{})) {
            const auto decision = decide(event, config);
            if (!decision) {
                say("cannot be acted upon: " + decision.error().message);
            } else if (const auto* deploy = std::get_if<Deploy>(&*decision)) {
                ++deploying;
                for (const auto& request : deploy->requests)
                    say(fmt::format("deploys {}, unless that has been deployed since {}: {}", request.target.id,
                                    event.envelope.time.empty() ? "then" : event.envelope.time, request.reason));
            } else {
                say("deploys nothing: " + describe(event));
            }
        }
    }
    return deploying;
}

bool confirmed(std::size_t deploying) {
    std::cout << fmt::format("{} of these events deploy. Go on? [y/N] ", deploying) << std::flush;
    std::string answer;
    return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

int execute(const ReplayCommand& command, const Environment& environment) {
    auto messages = read_dumps(command.path);
    if (!messages) return complain(messages.error());
    Surroundings around;
    const auto app = create_app(around, environment);
    if (!app) return complain(app.error());
    quieten_log(**app);
    if (!command.json) {
        const auto deploying = show_replay_plan(*messages, (*app)->config());
        if (deploying == 0) {
            std::cout << "Nothing to deploy.\n";
            return std::ranges::all_of(*messages, [](const Message& one) { return one.events.has_value(); }) ? kDone
                                                                                                             : kFailed;
        }
        if (!command.yes && !confirmed(deploying)) {
            std::cerr << "ci_lambda: nothing was sent\n";
            return kFailed;
        }
    }
    const auto handled = (*app)->handle(Delivery{.source = Delivery::Source::kQueue, .messages = *std::move(messages)},
                                        Deadline::none());
    std::cout << (command.json ? to_json(handled.answer) : for_terminal(handled.answer.detail)) << "\n";
    return handled.answer.status == "failed" ? kFailed : kDone;
}

/// The services that were named, or all that are ours.
Result<std::vector<EcsTarget>> find_targets(App& app, const std::vector<std::string>& named, Deadline deadline) {
    const auto& names = app.config().names;
    if (named.empty()) {
        auto ours = find_our_services(app.config(), app.ecs(), deadline);
        if (ours.not_listed && ours.targets.empty()) return std::unexpected(*ours.not_listed);
        return std::move(ours.targets);
    }
    std::vector<EcsTarget> targets;
    for (const auto& name : named) {
        const auto id = names.canonical(name);
        auto target = id ? names.target(*id) : std::nullopt;
        if (!target)
            return fail(ErrorKind::kConfiguration, fmt::format("there is no service \"{}\" in this configuration; "
                                                               "`ci_lambda status` shows those that there are",
                                                               name));
        targets.push_back(*std::move(target));
    }
    return targets;
}

int execute(const StatusCommand& command, const Environment& environment) {
    Surroundings around;
    const auto app = create_app(around, environment);
    if (!app) return complain(app.error());
    quieten_log(**app);
    const auto deadline = Deadline::after(around.clock, kPatience);
    const auto targets = find_targets(**app, command.services, deadline);
    if (!targets) return complain(targets.error());
    std::vector<EcsServiceName> names;
    for (const auto& target : *targets) names.push_back(target.service);
    RolloutObserver observer((*app)->ecs(), around.clock, (*app)->logger());
    const auto described = observer.describe((*app)->config().names.cluster(), names, deadline);
    if (!described) return complain(described.error());
    std::vector<ServiceStatus> services;
    for (const auto& target : *targets)
        services.push_back({.target = target, .service = described->find(target.service)});
    const auto now = around.clock.now();
    if (command.json) {
        std::cout << status_json(services, now);
        return kDone;
    }
    std::cout << fmt::format("{} in {}\n", (*app)->config().names.cluster(), (*app)->config().region)
              << status_table(services, now);
    return kDone;
}

int execute(const RollbackCommand& command, const Environment& environment) {
    Surroundings around;
    App::Options options;
    if (command.wait) options.on_look = show_progress(environment);
    const auto app = create_app(around, environment, std::move(options));
    if (!app) return complain(app.error());
    (*app)->logger().set_level(LogLevel::kError);  // that a rollback begins is what was asked for
    const auto targets = find_targets(**app, {command.service}, Deadline::none());
    if (!targets) return complain(targets.error());
    const auto handled = (*app)->roll_back(targets->front(), command.wait, Deadline::none());
    if (command.wait) end_progress(environment);
    const bool done = !handled.error && (!command.wait || handled.answer.status == "rolled_back");
    if (command.json)
        std::cout << to_json(handled.answer) << "\n";
    else
        (done ? std::cout : std::cerr) << (done ? "" : "ci_lambda: ") << for_terminal(handled.answer.detail) << "\n";
    return done ? kDone : kFailed;
}

void print_finding(const Finding& finding, bool color) {
    const auto paint = [&](std::string_view word, std::string_view code) {
        return color ? fmt::format("\033[{}m{:<5}\033[0m", code, word) : fmt::format("{:<5}", word);
    };
    std::string mark;
    switch (finding.verdict) {
        case Finding::Verdict::kOk: mark = paint("OK", "32"); break;
        case Finding::Verdict::kNote: mark = paint("NOTE", "33"); break;
        case Finding::Verdict::kBad: mark = paint("BAD", "31"); break;
    }
    std::cout << fmt::format("{} {}: {}\n", mark, one_line(finding.subject), for_terminal(finding.detail))
              << std::flush;
}

int execute(const CheckCommand& /*command*/, const Environment& environment) {
    const bool color = colorful(STDOUT_FILENO, environment);
    Surroundings around;
    const auto app = create_app(around, environment);
    if (!app) {
        print_finding({Finding::Verdict::kBad, "configuration", app.error().message}, color);
        return kFailed;
    }
    const bool healthy = examine(**app, around.clock, [&](const Finding& finding) { print_finding(finding, color); });
    return healthy ? kDone : kFailed;
}

int execute(const SandboxCommand& command, const Environment& environment) {
    if (command.env)
        return sandbox::print_environment(command.port.value_or(sandbox::kDefaultPort), std::cout, std::cerr);
    return sandbox::run(
        {.port = command.port,
         .bootstrap = command.bootstrap,
         .demo = command.demo,
         .logs = command.logs,
         .paper = sandbox::paper_of(STDOUT_FILENO, !command.no_color && colorful(STDOUT_FILENO, environment)),
         .speed = command.speed.value_or(sandbox::kDefaultSpeed),
         .scenarios = command.scenarios},
        environment, std::cout, std::cerr);
}

}  // namespace

int run(const Command& command, const Environment& environment) {
    return std::visit([&](const auto& what) { return execute(what, environment); }, command);
}

}  // namespace ci_lambda::cli
