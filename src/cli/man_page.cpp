#include "cli/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "config/config.hpp"

namespace ci_lambda::cli {
namespace {

/// Text as roff takes it: a backslash and a dash mean something there, and so does what begins a line with . or '.
std::string roff(std::string_view text) {
    std::string result;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) result += "\\&";
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else
            result += c;
        line_begins = c == '\n';
    }
    return result;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff(text)); }

std::string heading(std::string_view name) { return fmt::format(".SH {}\n", name); }

/// A term, and below it, indented, what it means.
std::string entry(std::string_view term, std::string_view meaning) {
    return fmt::format(".TP\n{}\n{}\n", term, roff(trim(meaning)));
}

/// A line of its own that is not filled.
std::string example(std::string_view line) { return fmt::format(".PP\n.EX\n    {}\n.EE\n", roff(line)); }

std::string shown_value(const OptionDescription& option) {
    if (option.value.empty()) return "";
    return option.choices().empty() ? italic(option.value) : roff(option.value);
}

std::string term_of(const OptionDescription& option) {
    if (option.argument) return italic(option.names.front()) + (option.repeatable ? " .." : "");
    std::vector<std::string> names;
    for (const auto& name : option.names) names.push_back(bold(name));
    const auto value = shown_value(option);
    return join(names, ", ") + (value.empty() ? "" : " " + value);
}

std::string synopsis_of(const CommandDescription& command) {
    auto line = fmt::format("{} {}", bold("ci_lambda"), bold(command.text.name));
    const auto is_argument = &OptionDescription::argument;
    for (const auto& option : command.options)
        if (option.argument) line += " " + term_of(option);
    return line + (std::ranges::all_of(command.options, is_argument) ? "" : " [" + italic("options") + "]");
}

std::string section_of(const CommandDescription& command) {
    auto text =
        fmt::format(".SS {}\n{}\n.PP\n{}\n", bold(command.text.name), synopsis_of(command), roff(command.text.summary));
    // What it acts on comes first.
    for (const bool arguments : {true, false})
        for (const auto& option : command.options)
            if (option.argument == arguments) text += entry(term_of(option), option.meaning);
    return text + example(command.text.example);
}

std::string settings_section() {
    auto text = heading("ENVIRONMENT") + roff("The settings are the Lambda's own environment variables.") + "\n";
    for (const auto& setting : settings()) {
        auto meaning = std::string(setting.meaning);
        if (!setting.expects.empty()) meaning += fmt::format(" Expected: {}.", setting.expects);
        if (!setting.default_value.empty()) meaning += fmt::format(" Default: {}.", setting.default_value);
        // The table is Markdown; its marks of code are none here.
        std::erase(meaning, '`');
        text += entry(bold(setting.name), meaning);
    }
    return text;
}

}  // namespace

std::string man_page(std::span<const CommandDescription> commands, std::string_view version) {
    auto text = fmt::format(".TH CI_LAMBDA 1 \"\" \"ci_lambda {}\" \"User Commands\"\n", version);
    text += heading("NAME") + fmt::format("ci_lambda \\- {}\n", roff(brief_purpose()));
    text += heading("SYNOPSIS") +
            fmt::format("{} {} [{} ..]\n", bold("ci_lambda"), italic("command"), italic("argument or option"));
    text += heading("DESCRIPTION") + roff(purpose()) + "\n";
    text += heading("COMMANDS");
    for (const auto& command : commands) text += section_of(command);
    text += settings_section();
    text += heading("EXIT STATUS");
    for (const auto& [code, meaning] : exit_codes()) text += entry(std::to_string(code), meaning);
    return text;
}

}  // namespace ci_lambda::cli
