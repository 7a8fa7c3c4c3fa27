#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {

using Variables = std::map<std::string, std::string>;

inline const std::string kWebhookUrl = "https://hooks.slack.com/services/T000/B000/s3cr3t";

/// The configuration of this document and these variables.
inline Result<LoadedConfig> load_document(const std::string& json, const Variables& environment = {}) {
    return load_config(FakeEnvironment(environment), DocumentText{.text = json, .source = "file:x.json"});
}

/// `members` beside a project and an environment.
inline std::string shop(const std::string& members) {
    return R"({"project":"shop","environment":"dev","slack":{"enabled":false})" +
           (members.empty() ? "" : "," + members) + "}";
}

inline Config config_of(const std::string& members, const Variables& environment = {}) {
    auto loaded = load_document(shop(members), environment);
    EXPECT_THAT(loaded, IsOk());
    return loaded ? loaded->config : load_document(shop(""))->config;
}

/// The lines of the error, without its first.
inline std::vector<std::string> problems_of(const std::string& json, const Variables& environment = {}) {
    const auto loaded = load_document(json, environment);
    if (loaded) return {"no problem"};
    EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration);
    auto lines = split(loaded.error().message, '\n');
    lines.erase(lines.begin());
    return lines;
}

inline std::vector<std::string> problems_of_shop(const std::string& members, const Variables& environment = {}) {
    return problems_of(shop(members), environment);
}

}  // namespace ci_lambda::testing
