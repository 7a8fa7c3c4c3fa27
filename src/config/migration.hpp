#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "config/config.hpp"

namespace ci_lambda {

/// What variables say, as a document.
struct MigratedConfig {
    /// A variable that has to stay beside the document, and why.
    struct Kept {
        std::string_view variable;
        std::string why;
        friend bool operator==(const Kept&, const Kept&) = default;
    };
    std::string document;  ///< JSON, indented, with a newline at its end
    std::vector<Kept> kept;
};

/// The document that says what `environment` says; with a document that is in force already, what both say together.
/// The document and the variables that are kept make the same `Config`. Fails as `load_config` does.
[[nodiscard]] Result<MigratedConfig> migrate(const Environment& environment,
                                             const std::optional<DocumentText>& document);

/// A setting with its value.
struct ExplainedSetting {
    SettingOrigin origin;
    std::string value;  ///< JSON, of a setting per service an object of ids; `"***"` of a secret; empty for none
};
/// A service with what is said about it, as `/services/ID` would say it.
struct ExplainedService {
    std::string id;
    std::string members;  ///< JSON
};
struct ExplainedConfig {
    std::vector<ExplainedSetting> settings;  ///< one for each row of the table
    std::vector<ExplainedService> services;
    bool auto_deploy_default = true;
    std::vector<std::string> default_tags;  ///< the patterns for services that have none of their own
    std::vector<std::string> warnings;
};

/// What is in force and where it comes from. Fails as `load_config` does.
[[nodiscard]] Result<ExplainedConfig> explain(const Environment& environment,
                                              const std::optional<DocumentText>& document);

}  // namespace ci_lambda
