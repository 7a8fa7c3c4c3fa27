#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ci_lambda {

// Tags of AWS resources (ECS API reference, Tag).
inline constexpr std::size_t kLongestTagKey = 128;
inline constexpr std::size_t kLongestTag = 256;

/// Why a revision is there, in words: of a copy that a rollback made, and of one that a push made.
inline constexpr std::string_view kReasonTag = "ci_lambda:reason";

/// The images that a revision was registered for, with tag and digest, a blank between two.
inline constexpr std::string_view kImageTag = "ci_lambda:image";

/// What ECS takes in a tag's value; the rest becomes a blank.
[[nodiscard]] std::string tag_text(std::string_view text);

}  // namespace ci_lambda
