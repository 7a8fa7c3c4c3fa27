#include "cli/usage.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "cli/text.hpp"

namespace ci_lambda::cli {
namespace {

constexpr std::string_view kServices = "a service's id, such as \"api\"";
constexpr std::string_view kEventFile = "a file with an event; - is standard input";

constexpr std::array kVerbs{
    VerbText{.name = "deploy",
             .summary = "Deploy services now; with --wait, until it is known how that ended.",
             .argument = kServices,
             .example = "ci_lambda deploy api worker --wait"},
    VerbText{.name = "diff",
             .summary = "What a deployment would change, container by container. Changes nothing.",
             .argument = kServices,
             .example = "ci_lambda diff api --image-tag v1.43"},
    VerbText{.name = "promote",
             .summary = "Deploy in one environment the images that run in another.",
             .argument = kServices,
             .example = "ci_lambda promote api --from dev --to prod --wait"},
    VerbText{.name = "wait",
             .summary = "Follow what is rolling already, begun by whomever, to its end.",
             .argument = kServices,
             .example = "ci_lambda wait api"},
    VerbText{.name = "status",
             .summary = "What runs where, since when, what is rolling, how the last rollout ended.",
             .argument = kServices,
             .example = "ci_lambda status --watch"},
    VerbText{.name = "history",
             .summary = "The last rollouts of a service: how they ended, which image and commit, why.",
             .argument = kServices,
             .example = "ci_lambda history api"},
    VerbText{.name = "services",
             .summary = "By which images, parameters, secrets and files events find each service, and who says so.",
             .argument = kServices,
             .example = "ci_lambda services"},
    VerbText{.name = "rollback",
             .summary = "Bring one service back to what it ran before, or to a revision that you name.",
             .argument = kServices,
             .example = "ci_lambda rollback api --reason \"500s since noon\" --wait"},
    VerbText{.name = "continue",
             .summary = "Let a rollout go on that waits for a person.",
             .argument = kServices,
             .example = "ci_lambda continue api"},
    VerbText{.name = "stop",
             .summary = "End a rollout that is under way, and bring back what ran before.",
             .argument = kServices,
             .example = "ci_lambda stop api --rollback --reason \"too slow\""},
    VerbText{.name = "approvals",
             .summary = "Which deployments and rollouts wait for a person, and until when.",
             .argument = kServices,
             .example = "ci_lambda approvals"},
    VerbText{.name = "approve",
             .summary = "Approve what a message asks for: exactly that begins, unless something has changed since.",
             .argument = "the token in the message, or - for standard input",
             .example = "ci_lambda approve ca1.eyJl.. --reason \"seen in staging\""},
    VerbText{.name = "reject",
             .summary = "Say no to what a message asks for.",
             .argument = "the token in the message, or - for standard input",
             .example = "ci_lambda reject ca1.eyJl.. --reason \"not on a Friday\""},
    VerbText{.name = "hold",
             .summary = "Let nothing deploy a service until a time, or until it is released.",
             .argument = kServices,
             .example = "ci_lambda hold api --until 18:00 --reason \"the database moves\""},
    VerbText{.name = "release",
             .summary = "End a hold: what came meanwhile begins, as one rollout.",
             .argument = kServices,
             .example = "ci_lambda release api"},
    VerbText{.name = "holds",
             .summary = "What is held or frozen, why and until when, what waits for it, and which freeze comes next.",
             .argument = kServices,
             .example = "ci_lambda holds"},
    VerbText{.name = "pipeline",
             .summary = "Services that roll in an order: how they stand, and runs: begun, stopped, gone on with.",
             .argument = "status, start, stop, retry or asl, and a pipeline",
             .example = "ci_lambda pipeline start release"},
    VerbText{.name = "notify",
             .summary = "The channels, and what each hears; with --test each gets a sample of every type of message.",
             .argument = "",
             .example = "ci_lambda notify --test"},
    VerbText{.name = "check",
             .summary = "The doctor: configuration, credentials, cluster, services. Changes nothing.",
             .argument = "",
             .example = "ci_lambda check"},
    VerbText{.name = "config",
             .summary = "Every setting with its value and where that comes from. Changes nothing.",
             .argument = "",
             .example = "ci_lambda config --from-env > ci_lambda.json"},
    VerbText{.name = "plan",
             .summary = "Say what an event would do, and why. Asks ECS nothing, but for --live.",
             .argument = kEventFile,
             .example = "ci_lambda plan event.json"},
    VerbText{.name = "invoke",
             .summary = "Handle an event for real, as the Lambda would: the answer on stdout, its log on stderr.",
             .argument = kEventFile,
             .example = "ci_lambda invoke event.json"},
    VerbText{.name = "replay",
             .summary = "Handle the events of a dead-letter queue again, after showing what they do.",
             .argument = "a dump of a queue, or a directory of them",
             .example = "ci_lambda replay dump.json"},
    VerbText{.name = "sandbox",
             .summary = "A local AWS on loopback that runs the real function. No account needed.",
             .argument = "",
             .example = "ci_lambda sandbox --demo"},
    VerbText{.name = "version", .summary = "Which one this is.", .argument = "", .example = "ci_lambda version"},
    VerbText{.name = "help",
             .summary = "This text, or all about one command.",
             .argument = "",
             .example = "ci_lambda help deploy"},
};

constexpr std::string_view kPurpose = "turns AWS events into ECS deployments";

constexpr std::array kExitCodes{
    ExitCodeText{.code = 0, .meaning = "done"},
    ExitCodeText{.code = 1, .meaning = "it failed or something is wrong"},
    ExitCodeText{.code = 2, .meaning = "wrong usage or configuration"},
    ExitCodeText{.code = 3, .meaning = "something would change (of diff, where it is to say so)"},
};

/// So many examples show what it is for.
constexpr std::size_t kExamples = 5;

/// Longer than any option or command, short enough for an error of one line.
constexpr std::size_t kLongestWord = 80;

std::string shown_word(const std::string& word) { return truncate_utf8(printable(word), kLongestWord); }

}  // namespace

std::span<const VerbText> verbs() { return kVerbs; }

std::span<const ExitCodeText> exit_codes() { return kExitCodes; }

std::string_view brief_purpose() { return kPurpose; }
std::string purpose() { return fmt::format("ci_lambda {}: what the Lambda does, for people.", kPurpose); }

std::string overview() {
    std::string text = purpose() + "\n\nCommands:\n";
    for (const auto& verb : kVerbs) text += fmt::format("  {:<9} {}\n", verb.name, verb.summary);
    text += "\nExamples:\n";
    for (const auto& verb : std::span(kVerbs).first(kExamples)) text += fmt::format("  {}\n", verb.example);
    std::vector<std::string> codes;
    for (const auto& [code, meaning] : kExitCodes) codes.push_back(fmt::format("{} {}", code, meaning));
    return text +
           "\nIts settings are the Lambda's own environment variables: PROJECT_NAME, PROJECT_ENV, .. "
           "(docs/configuration.md).\n" +
           fmt::format("Exit codes: {}.\n", join(codes, ", ")) + "All options of a command: ci_lambda help COMMAND\n";
}

std::string unknown_verb(const std::string& word) {
    std::vector<std::string> names;
    for (const auto& verb : kVerbs) names.emplace_back(verb.name);
    std::string message = fmt::format("there is no command \"{}\"", shown_word(word));
    if (const auto meant = closest(word, names)) message += fmt::format("; did you mean \"{}\"?", *meant);
    return message + fmt::format(" Commands: {}. See ci_lambda help.", join(names, ", "));
}

std::string unknown_option(const std::string& word, const VerbText& verb, const std::vector<std::string>& options) {
    const auto name = word.substr(0, word.find('='));
    auto message = fmt::format("{} has no option {}", verb.name, shown_word(name));
    const auto meant = closest(name, options);
    return message +
           (meant ? fmt::format("; did you mean {}?", *meant) : fmt::format(". Its options: {}.", join(options, ", ")));
}

std::string one_too_many(const std::string& word, const VerbText& verb) {
    return fmt::format("{} does not take \"{}\". See ci_lambda help {}.", verb.name, shown_word(word), verb.name);
}

std::string missing_argument(const VerbText& verb) {
    return fmt::format("{} needs {} (is a variable not set?), for example: {}", verb.name, verb.argument, verb.example);
}

}  // namespace ci_lambda::cli
