#include "discovery/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(ServiceRules, AreWhatTheDocumentWouldSayOfTheService) {
    const auto [rules, problems] = read_rules({{"ci_lambda:auto-deploy", "false"},
                                               {"ci_lambda:tags", "v@ -@-rc@ 2.x"},
                                               {"ci_lambda:image-mode", "revision"},
                                               {"ci_lambda:task-family", "shop-api"},
                                               {"ci_lambda:repositories", "shop/api shop/base"},
                                               {"ci_lambda:parameters", "/dev/shop/api /shared/"},
                                               {"ci_lambda:files", "shop-env/api.env shop-env/a/b.env"},
                                               {"aws:cloudformation:stack-name", "shop"},
                                               {"team", "web"}});
    EXPECT_THAT(problems, IsEmpty());
    EXPECT_THAT(rules.auto_deploy, Optional(false));
    ASSERT_TRUE(rules.tags);
    EXPECT_THAT(rules.tags->texts(), ElementsAre("v*", "!*-rc*", "2.x"));
    EXPECT_THAT(rules.image_mode, Optional(ImageMode::kRevision));
    EXPECT_THAT(rules.family, Optional(TaskFamily("shop-api")));
    EXPECT_THAT(rules.repositories, ElementsAre("shop/api", "shop/base"));
    EXPECT_THAT(rules.parameters, ElementsAre("dev/shop/api", "shared"));
    EXPECT_THAT(rules.files, ElementsAre(S3File{.bucket = "shop-env", .key = "api.env"},
                                         S3File{.bucket = "shop-env", .key = "a/b.env"}));
    EXPECT_THAT(rules.held, IsEmpty());
}

TEST(ServiceRules, TakePatternsAlsoAsTheDocumentHasThem) {
    // Nothing of ours refuses these, though ECS does.
    const auto [rules, problems] = read_rules({{"ci_lambda:tags", "v*, >=2.0 <3, !*-rc*"}});
    EXPECT_THAT(problems, IsEmpty());
    ASSERT_TRUE(rules.tags);
    EXPECT_THAT(rules.tags->texts(), ElementsAre("v*", ">=2.0 <3", "!*-rc*"));
}

TEST(ServiceRules, ThatTheDocsShowCanBeWrittenInEcs) {
    // ECS API reference, Tag.
    const std::string_view text = "v@ -@-rc@ 2.x";
    constexpr std::string_view kOthers = " _.:/=+-@";
    EXPECT_TRUE(std::ranges::all_of(
        text, [&](char c) { return (std::isalnum(static_cast<unsigned char>(c)) != 0) || kOthers.contains(c); }));
}

TEST(ServiceRules, ABadTagIsNamedAndTheRestCounts) {
    const auto [rules, problems] = read_rules({{"ci_lambda:auto-deploy", "maybe"},
                                               {"ci_lambda:autodeploy", "false"},
                                               {"ci_lambda:service-name", "web"},
                                               {"ci_lambda:files", "api.env"},
                                               {"ci_lambda:repositories", "shop/api"}});
    EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("ci_lambda:auto-deploy"), HasSubstr("\"maybe\""),
                                            HasSubstr("true or false")),
                                      AllOf(HasSubstr("\"ci_lambda:autodeploy\""), HasSubstr("ci_lambda:auto-deploy")),
                                      AllOf(HasSubstr("ci_lambda:files"), HasSubstr("BUCKET/KEY")),
                                      HasSubstr("\"ci_lambda:service-name\"")));
    EXPECT_THAT(rules.repositories, ElementsAre("shop/api"));
}

TEST(ServiceRules, WhoseTagOnWhatDeploysCannotBeReadIsNotDeployedByEvents) {
    for (const auto& [key, value] :
         EcsTags{{"ci_lambda:auto-deploy", "flase"}, {"ci_lambda:tags", "/["}, {"ci_lambda:image-mode", "newest"}}) {
        const auto [rules, problems] = read_rules({{key, value}});
        EXPECT_EQ(rules.held, "its tag " + key + " cannot be read");
        EXPECT_THAT(problems, ElementsAre(HasSubstr(key)));
    }
    EXPECT_THAT(read_rules({{"ci_lambda:parameters", "/"}}).rules.held, IsEmpty());
}

TEST(ServiceRules, SayAStrategyInTheLettersThatATagMayHave) {
    const auto [rules, problems] = read_rules({{"ci_lambda:strategy", "canary:10:20m:3m"}});
    EXPECT_THAT(problems, IsEmpty());
    ASSERT_TRUE(rules.strategy);
    EXPECT_EQ(in_words(*rules.strategy), "canary with 10 % of the traffic for 20 min, bake time 3 min");
    const auto bad = read_rules({{"ci_lambda:strategy", "canary:200"}});
    EXPECT_FALSE(bad.rules.strategy);
    EXPECT_THAT(bad.problems, ElementsAre(HasSubstr("canary:10:10m:5m")));
}

}  // namespace
}  // namespace ci_lambda::testing
