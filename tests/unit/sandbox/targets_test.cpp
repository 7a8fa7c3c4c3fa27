#include "sandbox/places/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "config/config.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/pages/state_pages.hpp"
#include "sandbox/places/trouble.hpp"
#include "sandbox/terminal/story.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;

TEST(SandboxTargets, RegionsAreTargetsOfTheirOwnName) {
    const auto targets = parse_regions("eu-west-1, us-east-1");
    ASSERT_THAT(targets, IsOk());
    ASSERT_EQ(targets->size(), 2U);
    EXPECT_EQ((*targets)[0].name, "eu-west-1");
    EXPECT_EQ((*targets)[1].site, (Site{.region = "us-east-1", .account = "123456789012"}));
    EXPECT_FALSE((*targets)[1].by_role);
    EXPECT_EQ(target_variables(*targets), (std::map<std::string, std::string>{{"REGIONS", "eu-west-1,us-east-1"}}));
}

TEST(SandboxTargets, AnAccountComesWithARole) {
    const auto targets = parse_targets("eu=eu-west-1,us=us-east-1@222222222222,at-home=us-east-1");
    ASSERT_THAT(targets, IsOk());
    const auto& us = (*targets)[1];
    EXPECT_TRUE(us.by_role);
    EXPECT_EQ(us.site.account, "222222222222");
    EXPECT_EQ(role_arn_of(us), "arn:aws:iam::222222222222:role/ci_lambda_us");
    const auto variables = target_variables(*targets);
    ASSERT_EQ(variables.size(), 1U);
    const auto json = parse_json(variables.at("TARGETS")).value_or(Json());
    EXPECT_EQ(json["us"], (Json{{"region", "us-east-1"},
                                {"role_arn", "arn:aws:iam::222222222222:role/ci_lambda_us"},
                                {"external_id", "shop-deployments"}}));
    EXPECT_EQ(json["eu"], (Json{{"region", "eu-west-1"}}));
}

TEST(SandboxTargets, WhatIsWrongIsNamed) {
    EXPECT_THAT(parse_regions(""), IsErr(ErrorKind::kConfiguration, HasSubstr("is no region")));
    EXPECT_THAT(parse_regions("eu-west-1,paris"), IsErr(ErrorKind::kConfiguration, HasSubstr("paris")));
    EXPECT_THAT(parse_regions("eu-west-1,eu-west-1"), IsErr(ErrorKind::kConfiguration, HasSubstr("named twice")));
    EXPECT_THAT(parse_regions("us-east-1@222222222222"), IsErr(ErrorKind::kConfiguration, HasSubstr("--targets")));
    EXPECT_THAT(parse_targets("us-east-1"), IsErr(ErrorKind::kConfiguration, HasSubstr("NAME=REGION")));
    EXPECT_THAT(parse_targets("a=eu-west-1,b=eu-west-1"), IsErr(ErrorKind::kConfiguration, HasSubstr("a and b")));
    EXPECT_THAT(parse_targets("a=eu-west-1,b=us-east-1@22"), IsErr(ErrorKind::kConfiguration, HasSubstr("12 digits")));
    EXPECT_THAT(parse_targets("a=eu-west-1@222222222222"), IsErr(ErrorKind::kConfiguration, HasSubstr("comes first")));
}

TEST(SandboxTargets, AreKnownToTheFunctionOnlyWhereThereAreAny) {
    testing::FakeEnvironment user;
    user.set("TARGET_ORDER", "us,eu");
    const auto alone = function_environment(1234, user, UserSettings::kPassed);
    EXPECT_EQ(alone.at("AWS_REGION"), "us-east-1");
    for (const auto* const none : {"REGIONS", "TARGETS", "AWS_ENDPOINT_URL_STS"}) EXPECT_FALSE(alone.contains(none));
    const auto several =
        function_environment(1234, user, UserSettings::kPassed, 1.0, parse_regions("eu-west-1,us-east-1").value());
    EXPECT_EQ(several.at("AWS_REGION"), "eu-west-1");
    EXPECT_EQ(several.at("REGIONS"), "eu-west-1,us-east-1");
    EXPECT_EQ(several.at("TARGET_ORDER"), "us,eu");
    EXPECT_EQ(several.at("AWS_ENDPOINT_URL_STS"), "http://127.0.0.1:1234");
}

TEST(SandboxTargets, ThePagesNameThemWhereThereAreSeveral) {
    const auto targets = parse_targets("eu=eu-west-1,us=us-east-1@222222222222").value();
    EXPECT_THAT(front_page(7327, targets), HasSubstr("Targets: eu (eu-west-1), us (us-east-1 of 222222222222)."));
    EXPECT_THAT(front_page(7327), Not(HasSubstr("Targets")));
    EXPECT_EQ(front_page(7327), front_page(7327, {usual_target()}));
    const auto page =
        parse_json(targets_page({{.target = targets[0]}, {.target = targets[1], .trouble = Trouble::kRegionDown}},
                                std::nullopt))
            .value_or(Json());
    EXPECT_EQ(page["home"], "eu");
    EXPECT_EQ(page["replication_seconds"], Json());
    EXPECT_EQ(page["targets"][1]["scenario"], "region-down");
    EXPECT_EQ(page["targets"][1]["external_id"], "shop-deployments");
    EXPECT_FALSE(page["targets"][0].contains("role_arn"));
}

TEST(SandboxTargets, EachTroubleIsReadBack) {
    EXPECT_EQ(troubles().size(), 3U);
    for (const auto& trouble : troubles()) {
        EXPECT_EQ(parse_trouble(trouble.name), trouble.trouble);
        EXPECT_EQ(name_of(trouble.trouble), trouble.name);
    }
    EXPECT_EQ(parse_trouble("healthy"), std::nullopt);
    EXPECT_EQ(name_of(Trouble::kNone), "healthy");
}

TEST(SandboxTargets, ACallWithoutAnAnswerIsToldAsOne) {
    const auto text = describe_call({.at = {},
                                     .caller = {},
                                     .invocation = {},
                                     .operation = "UpdateService",
                                     .request = R"({"service":"api"})",
                                     .status = 0,
                                     .response = {},
                                     .target = "us"});
    EXPECT_FALSE(text.ok);
    EXPECT_THAT(text.answer, HasSubstr("no answer"));
    EXPECT_EQ(text.target, "us");
}

TEST(SandboxTargets, AStoryNamesTheRegionOfItsEventAndTheTargetsOfTheAnswer) {
    InvocationRecord invocation;
    invocation.event =
        R"({"source":"aws.x","detail-type":"X","region":"us-east-1","account":"222222222222","detail":{}})";
    invocation.answer = R"({"status":"deployed","deployments":[{"service":"api","target":"eu","reason":"r"},)"
                        R"({"service":"api","target":"us","reason":"r"}]})";
    const Journal journal;
    const testing::FakeEnvironment user;
    const auto loaded = load_config(MapEnvironment(function_environment(1234, user, UserSettings::kPassed)));
    ASSERT_THAT(loaded, IsOk());
    const Config& config = loaded->config;
    const auto story = make_story(1, {}, invocation, journal, config, true);
    EXPECT_EQ(story.explanation.headline, "deploy api in eu, api in us");
    EXPECT_EQ(story.explanation.reasons, (std::vector<std::string>{"because r"}));
    ASSERT_FALSE(story.explanation.facts.empty());
    EXPECT_EQ(story.explanation.facts.back().value, "us-east-1 of 222222222222");
    for (const auto& fact : make_story(1, {}, invocation, journal, config).explanation.facts)
        EXPECT_NE(fact.label, "region");
}

}  // namespace
}  // namespace ci_lambda::sandbox
