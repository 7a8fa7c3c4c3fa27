#include "cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

using TypedWords = std::span<const std::string>;

/// What fits beside a word in a terminal.
constexpr std::size_t kLongestMeaning = 80;

/// std::ranges::contains, which GCC 12 does not have.
bool holds(TypedWords words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

/// The first sentence: what follows it is for those who read.
std::string brief(std::string_view meaning) {
    const auto end = std::min({meaning.find('\n'), meaning.find("; "), meaning.find(". ")});
    auto sentence = meaning.substr(0, end);
    if (sentence.ends_with('.')) sentence.remove_suffix(1);
    return one_line(sentence, kLongestMeaning);
}

/// The words with `--log`, `=`, `te` made one again.
std::vector<std::string> joined(TypedWords words) {
    std::vector<std::string> result;
    bool open = false;  // the last one ends with the sign that bash has cut at
    for (const auto& word : words) {
        const bool sign = word == "=" && !result.empty() && result.back().starts_with("--");
        if (sign || open)
            result.back() += word;
        else
            result.push_back(word);
        open = sign;
    }
    return result;
}

std::string name_in(std::string_view word) { return std::string(word.substr(0, word.find('='))); }

const OptionDescription* option_named(const CommandDescription& command, std::string_view name) {
    const auto is_it = [&](const auto& option) { return !option.argument && holds(option.names, name); };
    const auto found = std::ranges::find_if(command.options, is_it);
    return found == command.options.end() ? nullptr : &*found;
}

/// What has been typed of a command before the word in question.
struct Typed {
    std::vector<std::string> arguments;
    std::vector<std::string> options;
    const OptionDescription* expects_value = nullptr;  ///< the last word is this one, and its value is missing
};

Typed typed_of(const CommandDescription& command, TypedWords words) {
    Typed typed;
    for (const auto& word : words) {
        if (typed.expects_value != nullptr) {
            typed.expects_value = nullptr;
        } else if (word.starts_with('-') && word != "-") {
            const auto* option = option_named(command, name_in(word));
            typed.options.push_back(name_in(word));
            if (option != nullptr && !option->value.empty() && !word.contains('=')) typed.expects_value = option;
        } else {
            typed.arguments.push_back(word);
        }
    }
    return typed;
}

class Offer {
public:
    explicit Offer(std::string_view begun) : begun_(begun) {}

    void add(std::string word, std::string_view meaning = {}) {
        if (word.starts_with(begun_)) completion_.candidates.push_back({std::move(word), brief(meaning)});
    }

    void add_values(const OptionDescription& option, TypedWords services, TypedWords without,
                    const std::string& before = {}) {
        if (option.value == kFileValue) completion_.files = true;
        for (const auto& choice : option.choices()) add(before + choice);
        if (option.value != kServiceValue) return;
        for (const auto& service : services)
            if (!holds(without, service)) add(before + service);
    }

    void add_options(const CommandDescription& command, const Typed& typed) {
        const auto is_typed = [&](const auto& name) { return holds(typed.options, name); };
        for (const auto& option : command.options) {
            const bool given = std::ranges::any_of(option.names, is_typed) && !option.repeatable;
            if (!option.argument && !given && std::ranges::none_of(option.excludes, is_typed))
                add(option.names.back(), option.meaning);
        }
    }

    [[nodiscard]] Completion take() { return std::move(completion_); }

private:
    std::string begun_;
    Completion completion_;
};

/// The argument that comes next; nullptr when there are as many as the command takes.
const OptionDescription* next_argument(const CommandDescription& command, std::size_t given) {
    for (const auto& option : command.options) {
        if (!option.argument) continue;
        if (option.repeatable || given == 0) return &option;
        --given;
    }
    return nullptr;
}

Completion complete_in(const CommandDescription& command, TypedWords before, const std::string& begun,
                       TypedWords services) {
    const auto typed = typed_of(command, before);
    Offer offer(begun);
    if (typed.expects_value != nullptr) {
        offer.add_values(*typed.expects_value, services, {});
    } else if (begun.starts_with("--") && begun.contains('=')) {
        const auto name = name_in(begun);
        if (const auto* option = option_named(command, name)) offer.add_values(*option, services, {}, name + "=");
    } else if (const auto* argument =
                   begun.starts_with('-') ? nullptr : next_argument(command, typed.arguments.size())) {
        offer.add_values(*argument, services, typed.arguments);
    } else {
        offer.add_options(command, typed);
    }
    return offer.take();
}

// Each asks the program that is on the command line, so a build tree completes its own. What fails says nothing: a
// shell must not print an error in the middle of a line.

constexpr std::string_view kBash = R"SCRIPT(# bash completion for ci_lambda: the program itself says what may come next.
_ci_lambda() {
    local line word current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == @FILES@ ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
            continue
        fi
        word=${line%% *}
        # bash cuts words at "=", and puts in what comes after it.
        [[ $current == = || ${COMP_WORDS[COMP_CWORD - 1]} == = ]] && word=${word#*=}
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]/#\~\//$HOME/}" @COMPLETE@ "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ci_lambda ci_lambda
)SCRIPT";

constexpr std::string_view kZsh = R"SCRIPT(#compdef ci_lambda
# zsh completion for ci_lambda: the program itself says what may come next.
_ci_lambda() {
    local line
    local -a words_shown words_put
    local -i files=0
    for line in "${(@f)$("${words[1]/#\~\//$HOME/}" @COMPLETE@ "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == @FILES@ ]]; then
            files=1
        elif [[ -n $line ]]; then
            words_put+=("${line%% *}")
            words_shown+=("${line/ / -- }")
        fi
    done
    (( files )) && _files
    (( ${#words_put} )) && compadd -l -d words_shown -a words_put
}
if [[ $funcstack[1] == _ci_lambda ]]; then _ci_lambda "$@"; else compdef _ci_lambda ci_lambda; fi
)SCRIPT";

constexpr std::string_view kFish = R"SCRIPT(# fish completion for ci_lambda: the program itself says what may come next.
function __ci_lambda_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] @COMPLETE@ $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = "@FILES@"
            __fish_complete_path "$current"
        else
            string replace -r '^(\S+) ' '$1'\t -- $line
        end
    end
end
complete -c ci_lambda -f -a '(__ci_lambda_complete)'
)SCRIPT";

std::string filled(std::string_view script) {
    std::string text(script);
    for (const auto& [mark, word] : {std::pair{std::string_view("@COMPLETE@"), kCompleteVerb},
                                     std::pair{std::string_view("@FILES@"), kFilesWanted}})
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), word);
    return text;
}

}  // namespace

Completion complete(std::span<const CommandDescription> commands, TypedWords words, TypedWords services) {
    const auto line = joined(words);
    const auto begun = line.empty() ? std::string() : line.back();
    const bool is_verb = line.size() < 2 || (line.size() == 2 && line.front() == "help");
    if (is_verb) {
        Offer offer(begun);
        for (const auto& command : commands) offer.add(std::string(command.text.name), command.text.summary);
        return offer.take();
    }
    const auto name_of = [](const auto& command) { return command.text.name; };
    const auto command = std::ranges::find(commands, line.front(), name_of);
    if (command == commands.end()) return {};
    return complete_in(*command, TypedWords(line).subspan(1, line.size() - 2), begun, services);
}

std::string completion_lines(const Completion& completion) {
    std::string text;
    for (const auto& [word, meaning] : completion.candidates)
        text += meaning.empty() ? word + "\n" : fmt::format("{} {}\n", word, meaning);
    if (completion.files) text += fmt::format("{}\n", kFilesWanted);
    return text;
}

std::optional<std::string> completion_script(std::string_view shell) {
    if (shell == "bash") return filled(kBash);
    if (shell == "zsh") return filled(kZsh);
    if (shell == "fish") return filled(kFish);
    return std::nullopt;
}

}  // namespace ci_lambda::cli
