#include "config/pipeline.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<LoadedConfig> load_pipelines(const std::string& pipelines, std::map<std::string, std::string> more = {}) {
    more.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"PIPELINES", pipelines}});
    return load_config(FakeEnvironment(std::move(more)));
}

Config config_of(const std::string& pipelines, std::map<std::string, std::string> more = {}) {
    return load_pipelines(pipelines, std::move(more)).value().config;
}

std::string refusal_of(const std::string& pipelines, std::map<std::string, std::string> more = {}) {
    const auto loaded = load_pipelines(pipelines, std::move(more));
    return loaded ? "taken" : loaded.error().message;
}

TEST(PipelineSettings, KeepTheStagesInTheirOrder) {
    const auto config = config_of(
        R"({"release":{"stages":[{"services":["backend"]},{"name":"edge","services":["api","worker"]},
            {"promote":"prod","pipeline":"live"}],"on_failure":"roll_back_earlier"}})");
    const auto& pipeline = config.pipelines.at("release");
    ASSERT_EQ(pipeline.stages.size(), 3U);
    EXPECT_EQ(pipeline.stages[0].name, "backend");
    EXPECT_EQ(pipeline.stages[1].name, "edge");
    EXPECT_EQ(pipeline.stages[2].name, "promote to prod");
    EXPECT_EQ(pipeline.stages[2].promote_to, "prod");
    EXPECT_EQ(pipeline.stages[2].promoted_pipeline, "live");
    EXPECT_TRUE(pipeline.rolls_back_earlier);
    EXPECT_THAT(pipeline.services(), ElementsAre(ServiceId{"backend"}, ServiceId{"api"}, ServiceId{"worker"}));
    EXPECT_EQ(pipeline.stage_of(ServiceId{"worker"}), 1U);
    EXPECT_EQ(pipeline.stage_of(ServiceId{"web"}), std::nullopt);
}

TEST(PipelineSettings, CallTheBackendByItsOtherName) {
    const auto config =
        config_of(R"({"release":{"stages":[{"services":["core"]}]}})", {{"BACKEND_SERVICE_NAME", "core"}});
    EXPECT_EQ(config.pipelines.at("release").stage_of(ServiceId{"backend"}), 0U);
}

TEST(PipelineSettings, AnApprovalOfAStageCountsForItsServicesUnlessTheySayAnother) {
    const std::string pipelines =
        R"("pipelines":{"release":{"stages":[{"services":["backend","api"],"approval":{"from":["@alice"]}},
           {"services":["web"]}]}})";
    const auto loaded =
        load_config(FakeEnvironment({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}}),
                    DocumentText{.text = fmt::format(R"({{"services":{{"api":{{"approval":false}}}},
                        "approval":{{"key":"secretsmanager:shop/key"}},{}}})",
                                                     pipelines),
                                 .source = "file:test"});
    ASSERT_TRUE(loaded) << loaded.error().message;
    const auto& approval = loaded->config.approval;
    EXPECT_TRUE(approval.is_on());
    EXPECT_TRUE(approval.of(ServiceId{"backend"}).required);
    EXPECT_THAT(approval.of(ServiceId{"backend"}).from, ElementsAre("@alice"));
    EXPECT_FALSE(approval.of(ServiceId{"api"}).required);
    EXPECT_FALSE(approval.of(ServiceId{"web"}).required);
}

TEST(PipelineSettings, AnApprovalOfAStageNeedsTheKeyLikeAnyOther) {
    EXPECT_THAT(refusal_of(R"({"release":{"stages":[{"services":["api"],"approval":true}]}})"),
                HasSubstr("APPROVAL_KEY"));
}

TEST(PipelineSettings, WhatCannotBeAPipelineIsRefusedByItsPlaceAndWithTheWayOut) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"nonsense", "is no JSON"},
        {"[]", "is an array"},
        {R"({"release":[]})", "/release is an array"},
        {R"({"release":{}})", "/release has no stages"},
        {R"({"release":{"stages":[]}})", "/release/stages is empty"},
        {R"({"a b":{"stages":[{"services":["api"]}]}})", "is not the name of a pipeline"},
        {R"({"release":{"stages":[{}]}})", "/release/stages/0 is empty"},
        {R"({"release":{"stages":[{"services":[]}]}})", "/release/stages/0/services is empty"},
        {R"({"release":{"stages":[{"services":["a b"]}]}})", "a service id"},
        {R"({"release":{"stages":[{"services":["api"]},{"services":["web","api"]}]}})", "it would be a cycle"},
        {R"({"a":{"stages":[{"services":["api"]}]},"b":{"stages":[{"services":["api"]}]}})",
         "in the pipeline a already"},
        {R"({"release":{"stages":[{"services":["api"]},{"promote":"dev"}]}})", "is this environment itself"},
        {R"({"release":{"stages":[{"promote":"prod"}]}})", "no service comes before it"},
        {R"({"release":{"stages":[{"services":["a"]},{"promote":"p"},{"services":["b"]}]}})", "is not the last stage"},
        {R"({"release":{"stages":[{"services":["a"],"promote":"p"}]}})", "has services and promotes"},
        {R"({"release":{"stages":[{"services":["a"],"pipeline":"p"}]}})", "is for a stage that promotes"},
        {R"({"release":{"stages":[{"service":["a"]}]}})", R"("services"?)"},
        {R"({"release":{"stages":[{"services":["a"]}],"on_failure":"panic"}})", R"("roll_back_earlier")"},
    };
    for (const auto& [json, what] : table) EXPECT_THAT(refusal_of(json), HasSubstr(what)) << json;
}

TEST(PipelineSettings, AServiceThatIsInNoMapIsRefusedWithTheOneThatWasMeant) {
    EXPECT_THAT(refusal_of(R"({"release":{"stages":[{"services":["apy"]}]}})",
                           {{"ECS_SERVICE_MAP", R"({"api":{"service_name":"x","task_family":"y"}})"}}),
                AllOf(HasSubstr("apy"), HasSubstr("did you mean api?")));
}

TEST(PipelineSettings, OnlyAStateMachineCanCarryAPipeline) {
    EXPECT_THAT(refusal_of("{}", {{"PIPELINE_STATE_MACHINE", "arn:aws:lambda:us-east-1:123456789012:function:x"}}),
                HasSubstr("is not the ARN of a state machine"));
    const std::string arn = "arn:aws:states:us-east-1:123456789012:stateMachine:pipelines";
    EXPECT_EQ(config_of("{}", {{"PIPELINE_STATE_MACHINE", arn}}).pipeline_state_machine, arn);
}

}  // namespace
}  // namespace ci_lambda::testing
