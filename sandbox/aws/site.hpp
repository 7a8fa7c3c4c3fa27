#pragma once

#include <string>

namespace ci_lambda::sandbox {

/// One region of one account: where resources of AWS are.
struct Site {
    std::string region;
    std::string account;  ///< 12 digits
    bool operator==(const Site&) const = default;
};

}  // namespace ci_lambda::sandbox
