#include "cli/description.hpp"

#include "base/text.hpp"

namespace ci_lambda::cli {

std::vector<std::string> OptionDescription::choices() const {
    return value.contains('|') ? split(value, '|') : std::vector<std::string>{};
}

}  // namespace ci_lambda::cli
