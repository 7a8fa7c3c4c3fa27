#include "cli/description.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace ci_lambda::cli {

std::vector<std::string> OptionDescription::choices() const {
    // What is in capitals stands for something.
    const bool is_word = std::ranges::none_of(value, [](unsigned char c) { return std::isupper(c) != 0; });
    return is_word && !value.empty() ? split(value, '|') : std::vector<std::string>{};
}

}  // namespace ci_lambda::cli
