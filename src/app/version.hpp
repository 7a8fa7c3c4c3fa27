#pragma once

#include <string_view>

namespace ci_lambda {

/// The release, such as `0.1.0`.
[[nodiscard]] std::string_view version();
/// The commit that it was built from, `-dirty` appended when files differed from it; `unknown` outside of git.
[[nodiscard]] std::string_view commit();

}  // namespace ci_lambda
