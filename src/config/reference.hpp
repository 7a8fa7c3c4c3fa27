#pragma once

#include <string>

namespace ci_lambda {

// What people and editors read about the settings, made of the settings table. In a library of its own, as the Lambda
// has no use for it.

/// The table of variables as Markdown: the very text that stands in docs/configuration.md.
[[nodiscard]] std::string settings_markdown();

/// What the document says about one service, as Markdown.
[[nodiscard]] std::string service_members_markdown();

/// The JSON Schema (2020-12) of the document: the very text of docs/ci_lambda.schema.json.
[[nodiscard]] std::string config_schema();

}  // namespace ci_lambda
