#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda::sandbox {

/// A line of a Slack message as a person reads it.
struct SlackLine {
    enum class Kind { kTitle, kText, kFields, kContext };
    Kind kind = Kind::kText;
    std::vector<std::string> parts;  ///< one text; for kFields one a field, "Label: value"
};

/// Renders a message's blocks (header, section, fields, context), or its `text` when it has none: emoji as characters,
/// mark-up and entities resolved. Anything that is no message becomes one line of text.
[[nodiscard]] std::vector<SlackLine> render_slack(std::string_view payload);

}  // namespace ci_lambda::sandbox
