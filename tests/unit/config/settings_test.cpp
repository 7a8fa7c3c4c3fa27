#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config/config.hpp"
#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kReadmeMarker = "<!-- settings -->";

std::string read_text(const std::string& path) {
    std::ifstream file(CI_LAMBDA_SOURCE_DIR + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// How to repair a document: its table is made of nothing but the code.
std::string repair(const std::string& path) {
    return "Put this table into " + path + " in place of the old one:\n\n" + settings_markdown();
}

/// Remembers which variables were asked for.
class WatchedEnvironment final : public Environment {
public:
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override {
        asked_.insert(name);
        return inner_.get(name);
    }
    void set(const std::string& name, const std::string& value) override { inner_.set(name, value); }
    [[nodiscard]] const std::set<std::string>& asked() const { return asked_; }

private:
    mutable std::set<std::string> asked_;
    testing::FakeEnvironment inner_;
};

TEST(Settings, AreTheVariablesThatAreRead) {
    std::set<std::string> described;
    for (const auto& setting : settings()) described.emplace(setting.name);
    EXPECT_EQ(described.size(), settings().size()) << "a variable stands twice in the table";

    WatchedEnvironment without_region;
    (void)load_config(without_region);
    WatchedEnvironment with_default_region;
    with_default_region.set("AWS_DEFAULT_REGION", "eu-west-1");
    (void)load_config(with_default_region);
    auto asked = without_region.asked();
    asked.insert(with_default_region.asked().begin(), with_default_region.asked().end());
    EXPECT_EQ(asked, described);
}

TEST(Settings, AreDescribed) {
    for (const auto& setting : settings()) {
        EXPECT_FALSE(setting.expects.empty()) << setting.name;
        EXPECT_TRUE(setting.meaning.ends_with('.') || setting.meaning.ends_with("..")) << setting.name;
        EXPECT_FALSE(setting.required && !setting.default_value.empty()) << setting.name;
    }
}

TEST(Settings, FitIntoATable) {
    for (const auto& setting : settings())
        for (const auto text : {setting.default_value, setting.expects, setting.meaning})
            EXPECT_EQ(text.find_first_of("|\n"), std::string_view::npos) << setting.name;
}

TEST(Settings, StandInTheConfigurationReference) {
    const std::string path = "/docs/configuration.md";
    EXPECT_TRUE(read_text(path).contains(settings_markdown())) << repair(path);
}

TEST(Settings, StandInTheReadmeWhereItHasATable) {
    const std::string path = "/README.md";
    const auto text = read_text(path);
    if (text.contains(kReadmeMarker)) {
        EXPECT_TRUE(text.contains(settings_markdown())) << repair(path);
    }
}

}  // namespace
}  // namespace ci_lambda
