#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/text.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {
namespace {

constexpr std::size_t kLongestPlanLine = 2000;

/// A file, or all files of a directory, in the order of their names.
Result<std::vector<Message>> read_dumps(const std::string& path, Session& session) {
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
        TRY_ASSIGN(const auto bytes, session.event(file));
        for (auto& message : decode_dump(bytes)) {
            // An answer names the messages that failed, so each needs a name.
            if (message.id.empty()) message.id = fmt::format("{}#{}", file, messages.size() + 1);
            messages.push_back(std::move(message));
        }
    }
    if (messages.empty()) return fail(ErrorKind::kConfiguration, fmt::format("there are no messages in {}", path));
    return messages;
}

/// What replaying would do, as a table for a person; the number of events that deploy.
std::size_t show_replay_plan(Console& console, const std::vector<Message>& messages, App& app) {
    const auto& config = app.config();
    const auto where = app.target().empty() ? std::string() : fmt::format(" in {}", app.target());
    std::size_t deploying = 0;
    for (const auto& message : messages) {
        // Anybody may have sent these messages; the plan must not be what they make of the terminal.
        const auto say = [&](std::string_view what) {
            console.print(Line{{.text = one_line(fmt::format("{}{}: {}", message.id, where, what), kLongestPlanLine)}});
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

}  // namespace

int execute(const ReplayCommand& command, Session& session) {
    auto messages = read_dumps(command.path, session);
    if (!messages) return session.failed(messages.error());
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    auto& console = session.console();
    if (!command.json) {
        std::size_t deploying = 0;
        for (auto* target : (*app)->targets())
            deploying = std::max(deploying, show_replay_plan(console, *messages, *target));
        if (deploying == 0) {
            console.print("Nothing to deploy.");
            return std::ranges::all_of(*messages, [](const Message& one) { return one.events.has_value(); }) ? kDone
                                                                                                             : kFailed;
        }
        if (!command.yes && !confirmed(deploying)) {
            console.complain("nothing was sent");
            return kFailed;
        }
    }
    const auto handled = (*app)->handle(Delivery{.source = Delivery::Source::kQueue, .messages = *std::move(messages)},
                                        Deadline::none());
    if (command.json)
        console.print_for_machines(to_json(handled.answer));
    else
        console.print(handled.answer.detail);
    return handled.answer.status == "failed" ? kFailed : kDone;
}

}  // namespace ci_lambda::cli
