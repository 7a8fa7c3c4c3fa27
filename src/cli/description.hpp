#pragma once

#include <string>
#include <vector>

#include "cli/usage.hpp"

namespace ci_lambda::cli {

/// What one option or argument of a command is, read from what parses it: the completion and the man page are made from
/// this, so nothing of the command line is written twice.
struct OptionDescription {
    std::vector<std::string> names;  ///< "--json", or "-h" and "--help"; of an argument its one name, without dashes
    std::string meaning;
    std::string value;                  ///< what stands for its value: SECONDS, FILE, or the words that it may be,
                                        ///< `text|json`; empty: it takes none
    std::vector<std::string> excludes;  ///< names of options that cannot be given with it
    bool argument = false;              ///< given by its place and not by its name
    bool repeatable = false;

    /// Those of which the value is one; empty where it may be anything.
    [[nodiscard]] std::vector<std::string> choices() const;
};

struct CommandDescription {
    VerbText text;
    std::vector<OptionDescription> options;  ///< in the order of the help; arguments too
};

/// What stands for a value that is a file, or a service's id: the completion knows what to offer.
inline constexpr const char* kFileValue = "FILE";
inline constexpr const char* kServiceValue = "SERVICE";

/// All commands of the overview, in its order.
[[nodiscard]] std::vector<CommandDescription> describe_commands();

}  // namespace ci_lambda::cli
