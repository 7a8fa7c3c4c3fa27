#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config/config.hpp"
#include "config/reference.hpp"
#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kReadmeMarker = "<!-- settings -->";

std::string path_of(const std::string& document) { return CI_LAMBDA_SOURCE_DIR + document; }

std::string read_text(const std::string& document) {
    std::ifstream file(path_of(document));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// `text` with `table` in place of the table that has the same columns at its beginning.
std::string with_table(std::string text, const std::string& table) {
    const auto first_columns = table.substr(0, table.find('|', 2));
    const auto begin = text.find(first_columns);
    if (begin == std::string::npos) return text;
    const auto end = text.find("\n\n", begin);
    return text.replace(begin, end + 1 - begin, table);
}

/// What is made of the code stands in a document. `./dev generate` (CI_LAMBDA_UPDATE_DOCS=1) puts it there.
void expect_up_to_date(const std::string& document, const std::string& wanted) {
    if (std::getenv("CI_LAMBDA_UPDATE_DOCS") != nullptr) std::ofstream(path_of(document)) << wanted;
    EXPECT_TRUE(read_text(document) == wanted)
        << document << " is not what the settings table says. `./dev generate` writes it anew.";
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
    const std::string document = "/docs/configuration.md";
    auto wanted = with_table(read_text(document), settings_markdown());
    wanted = with_table(wanted, service_members_markdown());
    EXPECT_THAT(wanted, AllOf(HasSubstr(settings_markdown()), HasSubstr(service_members_markdown())));
    expect_up_to_date(document, wanted);
}

TEST(Settings, StandInTheReadmeWhereItHasATable) {
    const std::string document = "/README.md";
    const auto text = read_text(document);
    if (!text.contains(kReadmeMarker)) GTEST_SKIP() << "the README has no table of settings";
    expect_up_to_date(document, with_table(text, settings_markdown()));
}

TEST(Settings, StandInThePublishedSchema) { expect_up_to_date("/docs/ci_lambda.schema.json", config_schema()); }

TEST(Settings, HaveOnePlaceEachInTheDocument) {
    std::set<std::string_view> places;
    for (const auto& setting : settings()) {
        if (setting.is_per_service() || !setting.has_pointer()) continue;
        EXPECT_TRUE(places.insert(setting.pointer).second) << setting.name;
        EXPECT_TRUE(setting.pointer.starts_with('/')) << setting.name;
        EXPECT_EQ(setting.pointer.find_first_of("~* "), std::string_view::npos) << setting.name;
        for (const auto& other : settings())
            EXPECT_FALSE(other.pointer.starts_with(std::string(setting.pointer) + "/")) << other.name;
    }
    for (const auto& member : service_members())
        EXPECT_TRUE(member.variable.empty() || setting_of(member.variable).is_per_service()) << member.key;
}

TEST(Settings, AllHavePlacesInTheDocumentButThoseOfTheProcess) {
    std::vector<std::string_view> without;
    for (const auto& setting : settings())
        if (!setting.has_pointer()) without.push_back(setting.name);
    EXPECT_THAT(without, ElementsAre("AWS_DEFAULT_REGION", "CI_LAMBDA_CONFIG"));
}

}  // namespace
}  // namespace ci_lambda
