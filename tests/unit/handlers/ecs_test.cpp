#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

EcsServiceEvent event_named(const std::string& name, const std::string& type = "INFO") {
    return {.event_name = name,
            .event_type = type,
            .cluster = "shop_cluster_dev",
            .service = "shop_service_api_dev",
            .deployment_id = "ecs-svc/1",
            .reason = std::nullopt};
}

EcsServiceEvent event_of(const std::string& service) {
    auto event = event_named("SERVICE_DEPLOYMENT_COMPLETED");
    event.service = service;
    return event;
}

Notify notice(const EcsServiceEvent& event, const Config& config = shop()) {
    const auto decision = decide_body(event, config);
    if (!decision || !std::holds_alternative<Notify>(*decision)) {
        ADD_FAILURE() << event.event_name << ": " << ignored_because(decision);
        return {};
    }
    return std::get<Notify>(*decision);
}

EcsServiceEvent hook_event(const std::string& name, bool pause = true) {
    auto event = event_named(name);
    event.deployment_id.reset();
    event.hook = EcsServiceEvent::Hook{
        .id = "ecs-pause-7", .pause = pause, .stage = "POST_TEST_TRAFFIC_SHIFT", .expires_at = "2026-03-05T16:04:41Z"};
    return event;
}

TEST(EcsHandler, TellsWhatARolloutWaitsForAndWhatBecameOfIt) {
    const auto waiting = notice(hook_event("HOOK_AWAITING_ACTION"));
    EXPECT_EQ(waiting.status, "waiting for approval");
    EXPECT_THAT(waiting.reason, Optional(AllOf(HasSubstr("POST_TEST_TRAFFIC_SHIFT"), HasSubstr("ecs-pause-7"),
                                               HasSubstr("until 2026-03-05T16:04:41Z"))));
    EXPECT_EQ(notice(hook_event("HOOK_SUCCEEDED")).status, "approved");
    EXPECT_EQ(notice(hook_event("HOOK_FAILED")).status, "not approved");
    EXPECT_EQ(notice(hook_event("HOOK_FAILED", false)).status, "stopped by a hook");
    EXPECT_EQ(notice(hook_event("HOOK_TIMED_OUT")).status, "not approved in time");
    EXPECT_EQ(notice(hook_event("HOOK_TIMED_OUT", false)).status, "held up by a hook");
}

TEST(EcsHandler, SaysNothingOfAHookThatAsksNothingOfAnybody) {
    for (const auto& event : {hook_event("HOOK_IN_PROGRESS", false), hook_event("HOOK_SUCCEEDED", false)})
        EXPECT_THAT(ignored_because(decide_body(event, shop())), HasSubstr("asks nothing of anybody"));
}

TEST(EcsHandler, JudgesEvents) {
    const struct {
        std::string name;
        std::string type;
        NoticeLevel level;
        std::string status;
    } cases[] = {
        {"SERVICE_DEPLOYMENT_COMPLETED", "INFO", NoticeLevel::kSuccess, "completed"},
        {"SERVICE_DEPLOYMENT_FAILED", "ERROR", NoticeLevel::kError, "failed"},
        {"SERVICE_TASK_START_IMPAIRED", "WARN", NoticeLevel::kWarning, "impaired"},
        {"SERVICE_TASK_START_IMPAIRED", "", NoticeLevel::kWarning, "impaired"},
        {"SERVICE_DEPLOYMENT_IN_PROGRESS", "INFO", NoticeLevel::kInfo, "in progress"},
        {"SERVICE_TASK_PLACEMENT_FAILURE", "ERROR", NoticeLevel::kError, "task placement failure"},
        {"SERVICE_DISCOVERY_INSTANCE_UNHEALTHY", "WARN", NoticeLevel::kWarning, "discovery instance unhealthy"},
        {"ECS_OPERATION_THROTTLED", "ERROR", NoticeLevel::kError, "ecs operation throttled"},
        {"SERVICE_DESIRED_COUNT_UPDATED", "", NoticeLevel::kInfo, "desired count updated"},
        {"SOMETHING_NEW", "SURPRISE", NoticeLevel::kInfo, "something new"},
    };
    for (const auto& [name, type, level, status] : cases) {
        const auto said = notice(event_named(name, type));
        EXPECT_EQ(said.level, level) << name;
        EXPECT_EQ(said.status, status) << name;
        EXPECT_EQ(said.event_name, name);
        EXPECT_EQ(said.service, ServiceId("api"));
    }
}

TEST(EcsHandler, WarnsOfARollback) {
    auto event = event_named("SERVICE_DEPLOYMENT_IN_PROGRESS");
    event.reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0.";
    EXPECT_EQ(notice(event).level, NoticeLevel::kWarning);
    EXPECT_EQ(notice(event).status, "rolling back");
    event.reason = "ECS deployment ecs-svc/1 in progress.";
    EXPECT_EQ(notice(event).level, NoticeLevel::kInfo);
}

TEST(EcsHandler, HandsOnWhatEcsSaid) {
    auto event = event_named("SERVICE_DEPLOYMENT_FAILED", "ERROR");
    event.reason = "task failed to start";
    EXPECT_THAT(notice(event).deployment_id, Optional(std::string("ecs-svc/1")));
    EXPECT_THAT(notice(event).reason, Optional(std::string("task failed to start")));
}

TEST(EcsHandler, KnowsTheBackend) { EXPECT_EQ(notice(event_of("shop_service_dev")).service, ServiceId("backend")); }

TEST(EcsHandler, IgnoresServicesThatOnlyLookLikeOurs) {
    for (const std::string service :
         {"other_service_api_dev", "xshop_service_api_dev", "shop_service_api_dev_old", "shop_service_api_prod",
          "shop_service_API_DEV", "shop_service_backend_dev", "shop_service__dev", "api", ""})
        EXPECT_EQ(ignored_because(decide_body(event_of(service), shop())),
                  "service " + service + " is not one of ours");
}

TEST(EcsHandler, LooksServicesUpWhenThereIsAMap) {
    const auto config = shop({service_map(), {"ECS_CLUSTER_NAME", "shop_cluster_dev"}});
    EXPECT_EQ(notice(event_of("back"), config).service, ServiceId("worker"));
    EXPECT_THAT(ignored_because(decide_body(event_of("shop_service_api_dev"), config)),
                HasSubstr("is not one of ours"));
}

TEST(EcsHandler, TellsOfAServiceThatNobodyNamedButHasItsDoubts) {
    EXPECT_EQ(notice(event_of("shop_service_api_dev")).doubt, std::nullopt) << "SERVICE_CONFIG names it";
    EXPECT_THAT(notice(event_of("shop_service_billing_dev")).doubt,
                Optional(HasSubstr("no variable names billing; AUTO_DEPLOY_MAP={\"billing\":true} would do")));
    const auto with_map = shop({service_map(), {"ECS_CLUSTER_NAME", "shop_cluster_dev"}});
    EXPECT_EQ(notice(event_of("back"), with_map).doubt, std::nullopt);
}

TEST(EcsHandler, IgnoresAServiceThatRatherIsAnotherProjects) {
    const auto hyphens = shop({{"SERVICE_NAME_PATTERN", "{project}-{name}-{env}"}});
    EXPECT_THAT(ignored_because(decide_body(event_of("shop-admin-api-dev"), hyphens)),
                AllOf(HasSubstr("no variable names admin-api"), HasSubstr("api in the environment dev of the project "
                                                                          "shop-admin")));
    EXPECT_EQ(notice(event_of("shop-billing-dev"), hyphens).service, ServiceId("billing"));
    EXPECT_THAT(notice(event_of("shop_service_x_service_dev")).doubt,
                Optional(HasSubstr("backend in the environment dev of the project shop_service_x")))
        << "told: only that every project may have a backend speaks against us";
}

TEST(EcsHandler, TellsOfANamedServiceWhoseNameHasTwoReadingsButDoubtsIt) {
    const auto config =
        shop({{"SERVICE_NAME_PATTERN", "{project}-{name}-{env}"}, {"AUTO_DEPLOY_MAP", R"({"admin-api":true})"}});
    EXPECT_THAT(notice(event_of("shop-admin-api-dev"), config).doubt,
                Optional(HasSubstr("ECS_SERVICE_MAP would tell")));
}

TEST(EcsHandler, IgnoresAnotherCluster) {
    auto event = event_named("SERVICE_DEPLOYMENT_COMPLETED");
    event.cluster = "shop_cluster_prod";
    EXPECT_EQ(ignored_because(decide_body(event, shop())),
              "service shop_service_api_dev is in the cluster shop_cluster_prod, not in shop_cluster_dev");
    EXPECT_THAT(
        ignored_because(decide_body(event_named("SERVICE_DEPLOYMENT_COMPLETED"), shop({{"ECS_CLUSTER_NAME", "main"}}))),
        HasSubstr("not in main"));
}

TEST(EcsHandler, TakesAServiceWhoseClusterNobodyNamed) {
    auto event = event_named("SERVICE_DEPLOYMENT_COMPLETED");
    event.cluster.reset();
    EXPECT_EQ(notice(event).service, ServiceId("api"));
}

TEST(EcsHandler, IgnoresEventsWithoutAService) {
    auto event = event_named("CAPACITY_PROVIDER_STEADY_STATE");
    event.service.reset();
    EXPECT_EQ(ignored_because(decide_body(event, shop())),
              "CAPACITY_PROVIDER_STEADY_STATE names no service in its resources");
}

TEST(EcsHandler, IgnoresASteadyState) {
    EXPECT_EQ(ignored_because(decide_body(event_named("SERVICE_STEADY_STATE"), shop())),
              "api is steady, which is no news");
}

}  // namespace
}  // namespace ci_lambda::testing
