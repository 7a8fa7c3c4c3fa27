#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

LifecycleHookCall call_at(const std::string& stage) {
    return {.stage = stage,
            .service_deployment = "service-deployment/1",
            .revision = "rev/2",
            .cluster = "shop_cluster_dev",
            .service = "shop_service_api_dev"};
}

AnswerHook decided(const LifecycleHookCall& call) {
    const auto decision = decide_body(call, shop());
    EXPECT_TRUE(decision);
    return std::get<AnswerHook>(*decision);
}

TEST(HookHandler, JudgesWhereTrafficFlowsToWhatIsNew) {
    for (const std::string stage : {"POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT",
                                    "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"}) {
        const auto hook = decided(call_at(stage));
        EXPECT_TRUE(hook.judged) << stage;
        ASSERT_TRUE(hook.target);
        EXPECT_EQ(hook.target->id.str(), "api");
        EXPECT_EQ(hook.service_deployment, "service-deployment/1");
    }
    for (const std::string stage : {"RECONCILE_SERVICE", "PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "NEW"})
        EXPECT_FALSE(decided(call_at(stage)).judged) << stage;
}

TEST(HookHandler, LetsARollbackGoOn) {
    auto call = call_at("PRODUCTION_TRAFFIC_SHIFT");
    call.weights_known = true;
    call.others_percent = 100;
    EXPECT_FALSE(decided(call).judged);
    EXPECT_THAT(decided(call).reason, HasSubstr("what ran before"));
    call.own_percent = 10;
    call.others_percent = 90;
    EXPECT_TRUE(decided(call).judged);
}

TEST(HookHandler, NeverHoldsUpWhatIsNotOursBeyondDoubt) {
    auto call = call_at("POST_TEST_TRAFFIC_SHIFT");
    call.service = "somebody_elses";
    EXPECT_FALSE(decided(call).judged);
    EXPECT_FALSE(decided(call).target);
    EXPECT_THAT(decided(call).reason, HasSubstr("somebody_elses is not a service of ours"));
    call = call_at("POST_TEST_TRAFFIC_SHIFT");
    call.cluster = "other";
    EXPECT_FALSE(decided(call).judged);
}

}  // namespace
}  // namespace ci_lambda::testing
