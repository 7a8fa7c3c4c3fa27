#include "cli/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::cli {
namespace {

using ::ci_lambda::testing::IsErr;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A definition with one container, whose members a test changes.
Json definition() {
    return {{"taskDefinitionArn", "arn:1"},
            {"revision", 1},
            {"family", "api"},
            {"cpu", "256"},
            {"containerDefinitions",
             {{{"name", "app"},
               {"image", "repo:v1"},
               {"cpu", 128},
               {"environment", {{{"name", "LEVEL"}, {"value", "s3cr3t-old"}}, {{"name", "SAME"}, {"value", "x"}}}},
               {"secrets", {{{"name", "KEY"}, {"valueFrom", "arn:old"}}}},
               {"command", {"serve", "--token=s3cr3t-old"}},
               {"portMappings", {{{"containerPort", 80}}}}}}}};
}

DefinitionDifference compared(const Json& before, const Json& after) {
    const auto difference = compare_definitions(dump_json(before), dump_json(after));
    EXPECT_TRUE(difference.has_value());
    return difference.value_or(DefinitionDifference{});
}

Json& app_of(Json& json) { return json["containerDefinitions"][0]; }

std::vector<std::string> words_of_lines(const std::vector<Line>& lines) {
    std::vector<std::string> texts;
    for (const auto& line : lines) {
        std::string text;
        for (const auto& span : line) text += span.text;
        texts.push_back(std::move(text));
    }
    return texts;
}

TEST(Diff, FindsNothingWhereOnlyAnswersDiffer) {
    auto after = definition();
    after["taskDefinitionArn"] = "arn:2";
    after["revision"] = 2;
    after["registeredAt"] = 1.5;
    after["volumes"] = Json::array();
    EXPECT_TRUE(compared(definition(), after).empty());
}

TEST(Diff, ShowsTheImageWithBothValues) {
    auto after = definition();
    app_of(after)["image"] = "repo:v2";
    const auto difference = compared(definition(), after);
    EXPECT_THAT(difference.task, IsEmpty());
    ASSERT_THAT(difference.containers, SizeIs(1));
    EXPECT_THAT(difference.containers[0].differences,
                ElementsAre(Difference{.place = "image", .before = "repo:v1", .after = "repo:v2"}));
}

TEST(Diff, NamesEnvironmentVariablesAndKeepsTheirValuesToItself) {
    auto after = definition();
    app_of(after)["environment"] = {{{"name", "LEVEL"}, {"value", "s3cr3t-new"}},
                                    {{"name", "MORE"}, {"value", "s3cr3t"}}};
    const auto difference = compared(definition(), after);
    ASSERT_THAT(difference.containers, SizeIs(1));
    using enum Difference::Kind;
    EXPECT_THAT(difference.containers[0].differences,
                ElementsAre(Difference{.place = "environment LEVEL", .kind = kChanged, .hidden = true},
                            Difference{.place = "environment MORE", .kind = kAdded, .hidden = true},
                            Difference{.place = "environment SAME", .kind = kRemoved, .hidden = true}));
}

TEST(Diff, TellsNoSecretWhateverChanges) {
    auto before = definition();
    before["volumes"] = {{{"name", "share"}, {"dockerVolumeConfiguration", {{"driverOpts", {{"o", "s3cr3t-old"}}}}}}};
    app_of(before)["dockerLabels"] = {{"token", "s3cr3t-old"}};
    app_of(before)["aMemberOfNextYear"] = {{"cpu", "s3cr3t-old"}};
    app_of(before)["healthCheck"] = {{"command", {"CMD", "s3cr3t-old"}}};
    app_of(before)["logConfiguration"] = {{"logDriver", "splunk"}, {"options", {{"splunk-token", "s3cr3t-old"}}}};
    auto text = dump_json(before);
    for (std::size_t at = 0; (at = text.find("s3cr3t-old", at)) != std::string::npos;)
        text.replace(at, 10, "s3cr3t-new");
    const auto difference = compare_definitions(dump_json(before), text);
    ASSERT_TRUE(difference.has_value());
    EXPECT_THAT(difference->containers, SizeIs(1));
    EXPECT_THAT(difference->containers[0].differences, SizeIs(6));
    const ServiceDifference whole{
        .service = "api", .running = "api:1", .next = "api:2", .definition = *difference, .notes = {}};
    EXPECT_THAT(words_of_lines(diff_lines(whole, 0)), Each(Not(HasSubstr("s3cr3t"))));
    EXPECT_THAT(diff_json({whole}), Not(HasSubstr("s3cr3t")));
}

TEST(Diff, ShowsWhereSecretsComeFromAndWhatIsNoSecret) {
    auto after = definition();
    after["cpu"] = "512";
    after["runtimePlatform"] = {{"cpuArchitecture", "ARM64"}};
    app_of(after)["secrets"][0]["valueFrom"] = "arn:new";
    app_of(after)["portMappings"].push_back({{"containerPort", 81}});
    const auto difference = compared(definition(), after);
    using enum Difference::Kind;
    EXPECT_THAT(difference.task,
                ElementsAre(Difference{.place = "cpu", .before = "256", .after = "512"},
                            Difference{.place = "runtimePlatform.cpuArchitecture", .after = "ARM64", .kind = kAdded}));
    ASSERT_THAT(difference.containers, SizeIs(1));
    EXPECT_THAT(difference.containers[0].differences,
                ElementsAre(Difference{.place = "secret KEY", .before = "arn:old", .after = "arn:new"},
                            Difference{.place = "portMappings[1].containerPort", .after = "81", .kind = kAdded}));
}

TEST(Diff, KnowsContainersByTheirNames) {
    auto after = definition();
    after["containerDefinitions"].insert(after["containerDefinitions"].begin(),
                                         Json::object({{"name", "log"}, {"image", "fluent:1"}}));
    const auto added = compared(definition(), after);
    ASSERT_THAT(added.containers, SizeIs(1));
    EXPECT_EQ(added.containers[0].container, "log");
    EXPECT_EQ(added.containers[0].kind, Difference::Kind::kAdded);
    const auto removed = compared(after, definition());
    ASSERT_THAT(removed.containers, SizeIs(1));
    EXPECT_EQ(removed.containers[0].kind, Difference::Kind::kRemoved);
}

TEST(Diff, PutsOtherImagesIntoADefinitionAndReadsThem) {
    const auto changed = with_images(dump_json(definition()), {{"app", "repo:v2@sha256:aa"}, {"no such", "x"}});
    ASSERT_TRUE(changed.has_value());
    EXPECT_EQ(images_in(*changed).at("app"), "repo:v2@sha256:aa");
    EXPECT_THAT(compare_definitions("{", "{}"), IsErr(ErrorKind::kProtocol, HasSubstr("")));
}

TEST(Diff, TakesACopyForTheSameContent) {
    auto copy = definition();
    copy["taskDefinitionArn"] = "arn:2";
    copy["revision"] = 2;
    copy["registeredAt"] = 1.5;
    EXPECT_EQ(content_of(dump_json(copy)).value(), content_of(dump_json(definition())).value());
    app_of(copy)["environment"][0]["value"] = "another";
    EXPECT_NE(content_of(dump_json(copy)).value(), content_of(dump_json(definition())).value());
}

TEST(Diff, CountsATagThatHasMovedAsAChange) {
    DefinitionDifference difference;
    add_moved_tag(difference, "app", "sha256:aa", "sha256:bb");
    EXPECT_FALSE(difference.empty());
    EXPECT_EQ(difference.containers[0].differences[0].place, "image (the tag has moved)");
}

TEST(Diff, IsDrawnWithinTheColumnsThatThereAre) {
    auto after = definition();
    after["cpu"] = "512";
    app_of(after)["image"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_api:v2@sha256:" + std::string(64, 'a');
    app_of(after)["user"] = "1000";
    app_of(after)["environment"] = Json::array();
    const ServiceDifference difference{
        .service = "api",
        .running = "api:1",
        .next = "a copy of api:1",
        .definition = compared(definition(), after),
        .notes = {"a note that is so long that it needs more than a line of a terminal"}};
    for (const std::size_t columns : {40UL, 60UL, 79UL})
        for (const auto& line : diff_lines(difference, columns)) EXPECT_LE(columns_of(line), columns);
    EXPECT_THAT(
        words_of_lines(diff_lines(difference, 0)),
        ElementsAre("api: api:1 → a copy of api:1", "  ~ cpu: 256 → 512", "  ~ container app", "    ~ image",
                    "      - repo:v1", HasSubstr("      + 123456789012.dkr.ecr"),
                    "    - environment LEVEL: its value is not shown", "    - environment SAME: its value is not shown",
                    "    + user: 1000", HasSubstr("  a note")));
    app_of(after)["image"] = "repo:v2@sha256:" + std::string(64, 'a');
    const ServiceDifference same{.service = "api",
                                 .running = "api:1",
                                 .next = "api:2",
                                 .definition = compared(definition(), after),
                                 .notes = {}};
    EXPECT_THAT(words_of_lines(diff_lines(same, 0)),
                ::testing::Contains("    ~ image repo: v1 → v2@sha256:aaaaaaaaaaaa"));
    const ServiceDifference none{.service = "api", .running = "api:1", .next = "api:1", .definition = {}, .notes = {}};
    EXPECT_THAT(words_of_lines(diff_lines(none, 0)), ElementsAre("api: runs api:1", HasSubstr("nothing would change")));
}

TEST(Diff, IsToldToMachines) {
    auto after = definition();
    after["cpu"] = "512";
    const auto json = parse_json(diff_json({{.service = "api",
                                             .running = "api:1",
                                             .next = "api:2",
                                             .definition = compared(definition(), after),
                                             .notes = {}}}));
    ASSERT_TRUE(json.has_value());
    EXPECT_TRUE((*json)[0]["changes"].get<bool>());
    EXPECT_EQ((*json)[0]["task"][0]["member"], "cpu");
    EXPECT_EQ((*json)[0]["task"][0]["before"], "256");
    EXPECT_EQ((*json)[0]["task"][0]["after"], "512");
}

}  // namespace
}  // namespace ci_lambda::cli
