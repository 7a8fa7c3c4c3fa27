#include "config/strategy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Result<LoadedConfig> load_strategies(const std::string& variable, const std::string& document = "") {
    std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}};
    if (!variable.empty()) variables["DEPLOYMENT_STRATEGY"] = variable;
    variables[document.empty() ? "SERVICE_CONFIG" : "CI_LAMBDA_CONFIG"] = document.empty() ? "{}" : document;
    return load_config(FakeEnvironment(variables));
}

std::string words_of(const std::string& text) {
    const auto strategy = parse_strategy(text);
    return strategy ? in_words(*strategy) : in_words(strategy.error());
}

TEST(StrategyText, IsAWordWithItsNumbersOrAnObject) {
    const struct {
        std::string text;
        std::string words;
    } cases[] = {
        {"rolling", "rolling"},
        {" Blue_Green ", "blue/green, bake time 5 min"},
        {"blue_green:15m", "blue/green, bake time 15 min"},
        {"canary", "canary with 5 % of the traffic for 10 min, bake time 5 min"},
        {"canary:10%:20m", "canary with 10 % of the traffic for 20 min, bake time 5 min"},
        {"canary:0.5:20m:0m", "canary with 0.5 % of the traffic for 20 min, bake time 0 min"},
        {"linear", "linear in steps of 10 % of the traffic every 6 min, bake time 5 min"},
        {"keep", "what the service has"},
        {R"({"type":"linear","percent":25,"step_minutes":3,"bake_minutes":7,"alarms":["a","b"]})",
         "linear in steps of 25 % of the traffic every 3 min, bake time 7 min, alarms a, b"},
        {R"({"type":"canary","hooks":[{"type":"pause","stages":["POST_TEST_TRAFFIC_SHIFT"],"timeout_minutes":30}]})",
         "canary with 5 % of the traffic for 10 min, bake time 5 min, 1 hook"},
        {R"({"type":"rolling","alarms":[],"hooks":[],"early_success":{"healthy_percent":75,"cleanup":"deferred"}})",
         "rolling, early success"},
    };
    for (const auto& [text, words] : cases) EXPECT_EQ(words_of(text), words) << text;
}

TEST(StrategyText, NamesWhatIsWrongAndTheWayOut) {
    const struct {
        std::string text;
        std::string problem;
    } cases[] = {
        {"canarry", "is \"canarry\" (did you mean canary?); expected a word such as canary"},
        {"canary:10m:10m:10m:10m", "expected a word such as canary"},
        {"canary:101%", "percent is 101; expected a number from 0.1 to 100"},
        {"canary:10.55%", "percent is 10.55"},
        {"linear:2%", "percent is 2; expected a number from 3 to 100"},
        {"canary:5%:1441m", "step_minutes is 1441; expected a whole number from 0 to 1440"},
        {"rolling:5%", "percent is for linear and canary only"},
        {"{", "expected a word such as canary"},
        {R"({"percent":10})", "type is missing; expected rolling, blue_green, linear, canary or keep"},
        {R"({"type":"canary","bake":3})", "bake is not known; expected one of type"},
        {R"({"type":"canary","bake_minutes":"3"})", "bake_minutes is \"3\"; expected a whole number"},
        {R"({"type":"keep","alarms":[]})", "type is keep, which changes nothing"},
        {R"({"type":"canary","alarms":["arn:aws:cloudwatch:us-east-1:1:alarm:a"]})",
         "the name of an alarm, not its ARN"},
        {R"({"type":"canary","early_success":{}})", "early_success is for rolling only"},
        {R"({"type":"rolling","early_success":{"healthy_percent":101}})", "healthy_percent is 101"},
        {R"({"type":"rolling","hooks":[{"type":"pause","stages":["PRE_SCALE_UP"]}]})",
         "hooks are for a rolling strategy"},
        {R"({"type":"canary","hooks":[{"type":"pause","stages":["PRODUCTION_TRAFFIC_SHIFT"]}]})",
         "hooks/0/stages/0 is \"PRODUCTION_TRAFFIC_SHIFT\"; expected a list of RECONCILE_SERVICE"},
        {R"({"type":"canary","hooks":[{"type":"lambda","stages":["BAKE_TIME"],"function":"f","role":"r"}]})",
         "hooks/0/function is \"f\"; expected the ARN of a Lambda function"},
        {R"({"type":"canary","hooks":[{"type":"lambda","stages":["PRE_SCALE_UP"]}]})", "hooks/0/role is missing"},
        {R"({"type":"canary","hooks":[{"type":"pause","stages":[]}]})", "hooks/0/stages is empty"},
        {R"({"type":"canary","hooks":[{"type":"pause","stages":["PRE_SCALE_UP"],"timeout_minutes":20161}]})",
         "a whole number from 1 to 20160"},
        {R"({"type":"canary","hooks":[{"type":"pause","stages":["PRE_SCALE_UP"],"on_timeout":"stop"}]})",
         "hooks/0/on_timeout is \"stop\"; expected roll_back or continue"},
    };
    for (const auto& [text, problem] : cases) EXPECT_THAT(words_of(text), HasSubstr(problem)) << text;
}

TEST(StrategySetting, IsWhateverTheServiceHasUnlessSomebodySaysIt) {
    const auto loaded = load_strategies("");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_FALSE(loaded->config.strategy_of(ServiceId("api")));
}

TEST(StrategySetting, IsSaidForAllAndForOneServiceInTheDocument) {
    const auto loaded = load_strategies("", R"({"deployment":{"strategy":{"type":"canary","percent":20}},
        "services":{"api":{"strategy":"linear"},"web":{},"worker":{"strategy":"keep"}}})");
    ASSERT_THAT(loaded, IsOk());
    const auto& config = loaded->config;
    EXPECT_EQ(config.strategy_of(ServiceId("api"))->type, WantedStrategy::Type::kLinear);
    EXPECT_EQ(config.strategy_of(ServiceId("web"))->percent, 20);
    EXPECT_FALSE(config.strategy_of(ServiceId("worker"))) << "keep makes an exception";
    EXPECT_EQ(load_strategies("rolling")->config.strategy_of(ServiceId("web"))->type, WantedStrategy::Type::kRolling);
}

TEST(StrategySetting, NamesThePlaceOfWhatIsWrong) {
    EXPECT_THAT(load_strategies("canary:120%"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("DEPLOYMENT_STRATEGY: percent is 120")));
    EXPECT_THAT(
        load_strategies("", R"({"deployment":{"strategy":{"type":"canary","percent":120}},
                                "services":{"api":{"strategy":{"type":"canary","bake_minutes":-1}},
                                            "web":{"strategy":1}}})"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("/deployment/strategy/percent: is 120; expected a number from 0.1 to 100"),
                    HasSubstr("/services/api/strategy/bake_minutes: is -1; expected a whole number from 0 to 1440"),
                    HasSubstr("/services/web/strategy: is 1; expected"))));
}

}  // namespace
}  // namespace ci_lambda::testing
