#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/config.hpp"
#include "config/migration.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

/// The least that loads, and `more`.
Variables with_variables(const Variables& more) {
    Variables all{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"ENABLE_S3_MONITORING", "false"}};
    for (const auto& [name, value] : more) all[name] = value;
    return all;
}

Variables with_filter(const std::string& filter) { return with_variables({{"ECR_TAG_FILTER", filter}}); }

Variables with_members(const std::string& members, const Variables& more = {}) {
    auto all = more;
    all["CI_LAMBDA_CONFIG"] = R"({"project":"shop","environment":"dev","slack":{"enabled":false},)" + members + "}";
    return all;
}

LoadedConfig loaded_from(const Variables& variables) {
    auto loaded = load_config(FakeEnvironment(variables));
    EXPECT_THAT(loaded, IsOk());
    return loaded ? *std::move(loaded) : load_config(FakeEnvironment(with_variables({}))).value();
}

std::vector<std::string> tags_of(const Variables& variables, const std::string& service) {
    return loaded_from(variables).config.tag_filters.of(ServiceId(service)).texts();
}

std::vector<std::string> tag_problems(const Variables& variables) {
    const auto loaded = load_config(FakeEnvironment(variables));
    if (loaded) return {"no problem"};
    auto lines = split(loaded.error().message, '\n');
    lines.erase(lines.begin());
    return lines;
}

TEST(TagFilterVariable, SaysPatternsForAllAndPerService) {
    const auto variables = with_filter(R"({"default":["v*"],"web":[">=2.0 <3","!*-rc*"],"all":[],"":["main"]})");
    EXPECT_THAT(tags_of(variables, "web"), ElementsAre(">=2.0 <3", "!*-rc*"));
    EXPECT_THAT(tags_of(variables, "api"), ElementsAre("v*"));
    EXPECT_THAT(tags_of(variables, "all"), IsEmpty());
    EXPECT_THAT(tags_of(variables, "backend"), ElementsAre("main"));
}

TEST(TagFilterVariable, MayBeAListForAllServices) {
    for (const std::string filter : {R"(["v*","!*-rc*"])", "v*,!*-rc*", " v* , !*-rc* ", " [\"v*\", \"!*-rc*\"]\n"}) {
        EXPECT_THAT(tags_of(with_filter(filter), "api"), ElementsAre("v*", "!*-rc*")) << filter;
        EXPECT_THAT(loaded_from(with_filter(filter)).config.known_services(), IsEmpty());
    }
    EXPECT_THAT(tags_of(with_filter(">=2.0 <3 || 5.x,/v[0-9]+/"), "api"), ElementsAre(">=2.0 <3 || 5.x", "/v[0-9]+/"));
}

TEST(TagFilterVariable, IsEverythingWhereItIsNotSet) {
    EXPECT_TRUE(loaded_from(with_variables({})).config.tag_filters.of(ServiceId("api")).accepts("pr-17"));
    EXPECT_TRUE(loaded_from(with_filter("{}")).config.tag_filters.of(ServiceId("api")).accepts("pr-17"));
    EXPECT_TRUE(loaded_from(with_filter("[]")).config.tag_filters.of(ServiceId("api")).accepts("pr-17"));
}

TEST(TagFilterVariable, NamesItsServices) {
    const auto config = loaded_from(with_filter(R"({"default":["v*"],"web":["w*"]})")).config;
    EXPECT_THAT(config.known_services(), ElementsAre(ServiceId("web")));
    const auto loaded =
        loaded_from(with_variables({{"ECS_SERVICE_MAP", R"({"web":{"service_name":"w","task_family":"w"}})"},
                                    {"ECR_TAG_FILTER", R"({"wbe":[]})"}}));
    EXPECT_THAT(loaded.warnings,
                ::testing::Contains(HasSubstr("ECR_TAG_FILTER names the service \"wbe\", which is not in "
                                              "ECS_SERVICE_MAP and is passed by (did you mean \"web\"?)")));
}

TEST(TagFilterVariable, TellsOfAllBadPatternsAtOnceWithTheirPlaces) {
    const auto problems = tag_problems(
        with_filter(R"({"default":["v*","v[1]"],"web":[">=2.y","/(a/",7],"a b":[],"worker":"v*","backend":[],"":[]})"));
    ASSERT_EQ(problems.size(), 1U);
    for (const std::string what :
         {"ECR_TAG_FILTER: ", "\"default\"[1]: \"v[1]\": tags have no \"[\"",
          "\"web\"[0]: \">=2.y\": \"2.y\" is no version", "\"web\"[1]: \"/(a/\": a \"(\" has no \")\"",
          "\"web\"[2] must be a pattern, not a number", "\"a b\" is not a service id",
          "\"worker\" must be a list of patterns, not a string", "is a second name for backend",
          "; expected `{\"default\":[\"v*\"],\"web\":[\">=2.0 <3\",\"!*-rc*\"]}`"})
        EXPECT_THAT(problems.front(), HasSubstr(what));
    EXPECT_THAT(
        tag_problems(with_filter("v*,,>=x.1")),
        ElementsAre(HasSubstr("ECR_TAG_FILTER: \"\": there is nothing in it; \">=x.1\": \"x.1\" is no version")));
    EXPECT_THAT(tag_problems(with_filter("/v[0-9]{1,3}/")), ElementsAre(HasSubstr("the list must be JSON")));
    EXPECT_THAT(tag_problems(with_filter("{\"web\":")), ElementsAre(HasSubstr("ECR_TAG_FILTER: ")));
    EXPECT_THAT(tag_problems(with_filter("[[\"v*\"]]")),
                ElementsAre(HasSubstr("the list[0] must be a pattern, not a")));
}

TEST(TagFilterInTheDocument, IsOfAServiceOrOfAllOthers) {
    const auto variables = with_members(
        R"("defaults":{"tags":["v*"]},"names":{"backend":"core"},
           "services":{"web":{"tags":[">=2.0 <3","!*-rc*"]},"all":{"tags":[]},"api":{},"core":{"tags":["main"]}})");
    EXPECT_THAT(tags_of(variables, "web"), ElementsAre(">=2.0 <3", "!*-rc*"));
    EXPECT_THAT(tags_of(variables, "api"), ElementsAre("v*"));
    EXPECT_THAT(tags_of(variables, "elsewhere"), ElementsAre("v*"));
    EXPECT_THAT(tags_of(variables, "all"), IsEmpty());
    EXPECT_THAT(tags_of(variables, "backend"), ElementsAre("main"));
}

TEST(TagFilterInTheDocument, IsReplacedAsAWholeByTheVariable) {
    const std::string members = R"("defaults":{"tags":["v*"]},"services":{"web":{"tags":["w*"]},"api":{}})";
    const auto variables = with_members(members, {{"ECR_TAG_FILTER", R"({"api":["a*"]})"}});
    EXPECT_THAT(tags_of(variables, "web"), IsEmpty());
    EXPECT_THAT(tags_of(variables, "api"), ElementsAre("a*"));
    // What it replaces must be of the right types, but is not read.
    EXPECT_THAT(tags_of(with_members(R"("defaults":{"tags":["v[1]"]})", {{"ECR_TAG_FILTER", "v*"}}), "api"),
                ElementsAre("v*"));
    const auto origins = loaded_from(with_members(members)).origins;
    const auto row = std::ranges::find(origins, "ECR_TAG_FILTER", &SettingOrigin::setting);
    ASSERT_NE(row, origins.end());
    EXPECT_EQ(row->kind, SettingOrigin::Kind::kDocument);
    EXPECT_EQ(row->place, "/services/*/tags");
}

TEST(TagFilterInTheDocument, NamesThePlaceOfEachBadPattern) {
    EXPECT_THAT(
        tag_problems(with_members(
            R"("defaults":{"tags":["v*",">=2.y"]},"services":{"web":{"tags":[7,"v[1]",""]},"api":{"tags":"v*"}})")),
        ElementsAre(HasSubstr("/defaults/tags/1: is \">=2.y\": \"2.y\" is no version and no beginning of one, such "
                              "as 1.4; expected a glob such as `v*`, a range"),
                    HasSubstr("/services/api/tags: is \"v*\", a string; expected a list of patterns"),
                    HasSubstr("/services/web/tags/0: is 7; expected a string"),
                    HasSubstr("/services/web/tags/1: is \"v[1]\": tags have no \"[\"; expected a glob"),
                    HasSubstr("/services/web/tags/2: is empty; expected a string")));
}

TEST(TagFilterMigration, WritesItIntoTheDocument) {
    const auto variables = with_filter(R"({"default":["v*"],"web":[" >=2.0 <3","!*-rc*"],"all":[]})");
    const auto migrated = migrate(FakeEnvironment(variables), std::nullopt);
    ASSERT_THAT(migrated, IsOk());
    EXPECT_THAT(migrated->kept, IsEmpty());
    const auto document = parse_json(migrated->document).value();
    EXPECT_EQ(dump_json(document["defaults"]), R"({"tags":["v*"]})");
    EXPECT_EQ(dump_json(document["services"]), R"({"all":{"tags":[]},"web":{"tags":[">=2.0 <3","!*-rc*"]}})");

    const auto after = load_config(FakeEnvironment(), DocumentText{.text = migrated->document, .source = "x"});
    ASSERT_THAT(after, IsOk());
    EXPECT_EQ(after->config.tag_filters, loaded_from(variables).config.tag_filters);
}

TEST(TagFilterMigration, KeepsTheVariableWhereItNamesAServiceThatTheMapDoesNotHave) {
    const auto migrated = migrate(
        FakeEnvironment(with_variables({{"ECS_SERVICE_MAP", R"({"web":{"service_name":"w","task_family":"w"}})"},
                                        {"ECR_TAG_FILTER", R"({"default":["v*"],"wbe":[]})"}})),
        std::nullopt);
    ASSERT_THAT(migrated, IsOk());
    ASSERT_EQ(migrated->kept.size(), 1U);
    EXPECT_EQ(migrated->kept.front().variable, "ECR_TAG_FILTER");
    EXPECT_THAT(migrated->document, Not(HasSubstr("tags")));
}

TEST(TagFilterExplanation, ShowsBothKinds) {
    const auto explained = explain(FakeEnvironment(with_filter(R"({"default":["v*"],"web":["w*"]})")), std::nullopt);
    ASSERT_THAT(explained, IsOk());
    EXPECT_THAT(explained->default_tags, ElementsAre("v*"));
    const auto row =
        std::ranges::find(explained->settings, "ECR_TAG_FILTER", [](const auto& one) { return one.origin.setting; });
    ASSERT_NE(row, explained->settings.end());
    EXPECT_EQ(row->value, R"({"default":["v*"],"web":["w*"]})");
    ASSERT_EQ(explained->services.size(), 1U);
    EXPECT_EQ(explained->services.front().members, R"({"tags":["w*"]})");
}

}  // namespace
}  // namespace ci_lambda::testing
