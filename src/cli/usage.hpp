#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda::cli {

/// What people are told of one command.
struct VerbText {
    std::string_view name;
    std::string_view summary;   ///< one line
    std::string_view argument;  ///< what it needs, in words; empty for nothing
    std::string_view example;
};

/// What an exit code means.
struct ExitCodeText {
    int code = 0;
    std::string_view meaning;
};
[[nodiscard]] std::span<const ExitCodeText> exit_codes();

/// What the program is for: as a phrase, and as a sentence.
[[nodiscard]] std::string_view brief_purpose();
[[nodiscard]] std::string purpose();

/// All commands, in the order in which they are shown.
[[nodiscard]] std::span<const VerbText> verbs();

/// Every command with one line, examples, and where to read on.
[[nodiscard]] std::string overview();

/// What a mistaken command line is answered with; one line each.
[[nodiscard]] std::string unknown_verb(const std::string& word);
[[nodiscard]] std::string unknown_option(const std::string& word, const VerbText& verb,
                                         const std::vector<std::string>& options);
[[nodiscard]] std::string one_too_many(const std::string& word, const VerbText& verb);
[[nodiscard]] std::string missing_argument(const VerbText& verb);

}  // namespace ci_lambda::cli
