#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/description.hpp"

namespace ci_lambda::cli {

/// What a shell may offer for the word that is being typed.
struct Completion {
    struct Candidate {
        std::string word;
        std::string meaning;  ///< one line; may be empty
        friend bool operator==(const Candidate&, const Candidate&) = default;
    };
    std::vector<Candidate> candidates;
    bool files = false;  ///< the names of files, which the shell knows better
};

/// `words`: the command line without the program's name, up to the word that is being typed, which is last and may be
/// empty. bash hands over `--log=te` as three words; so may this be. `services`: the ids that the configuration names.
/// Pure.
[[nodiscard]] Completion complete(std::span<const CommandDescription> commands, std::span<const std::string> words,
                                  std::span<const std::string> services);

/// For the scripts below, a line each: the word, and after a blank its meaning. Where files are wanted, the line
/// kFilesWanted.
[[nodiscard]] std::string completion_lines(const Completion& completion);
inline constexpr std::string_view kFilesWanted = ":files";

/// What a shell loads to complete `ci_lambda`: it asks the program itself, with kCompleteVerb, so it never gets old.
/// `nullopt` for another shell than bash, fish and zsh.
[[nodiscard]] std::optional<std::string> completion_script(std::string_view shell);

/// Commands for programs only: no help and no completion shows them.
inline constexpr std::string_view kCompleteVerb = "__complete";
inline constexpr std::string_view kCompletionScriptVerb = "__completion";
inline constexpr std::string_view kManPageVerb = "__man";

}  // namespace ci_lambda::cli
