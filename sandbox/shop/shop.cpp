#include "sandbox/shop/shop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "pipelines/state_machine.hpp"
#include "sandbox/ecr/operations.hpp"
#include "sandbox/ecs/express.hpp"
#include "sandbox/ecs/seed.hpp"
#include "sandbox/ecs/strategy.hpp"
#include "sandbox/shop/values.hpp"
#include "sandbox/stepfunctions/step_functions.hpp"

namespace ci_lambda::sandbox {
namespace {

struct Seed {
    std::string_view id;
    std::string_view service;
    std::string_view repository;
    int desired_count;
    int port;
};

constexpr std::array kSeeds{
    Seed{.id = "backend", .service = shop::kBackend, .repository = "shop_backend", .desired_count = 2, .port = 8080},
    Seed{.id = "api", .service = shop::kApi, .repository = "shop_service_api", .desired_count = 2, .port = 8081},
    Seed{.id = "worker",
         .service = shop::kWorker,
         .repository = "shop_service_worker",
         .desired_count = 1,
         .port = 8082},
};

constexpr Seed kExpressSeed{
    .id = "web", .service = shop::kWeb, .repository = "shop_service_web", .desired_count = 2, .port = 8083};

constexpr std::array kRevisions{9, 10, 42};

constexpr std::chrono::days kAge{30};

constexpr std::string_view kPipelines = "shop_pipelines_dev";

std::string tag_of(int revision) { return fmt::format("v1.{}", revision); }

std::string image_of(const Seed& seed, int revision, const Site& site) {
    return fmt::format("{}.dkr.ecr.{}.amazonaws.com/{}:{}", site.account, site.region, seed.repository,
                       tag_of(revision));
}

std::string content(const Seed& seed, int revision, const Site& site) {
    return dump_json({{"containerDefinitions",
                       {with_values({{"name", seed.repository},
                                     {"image", image_of(seed, revision, site)},
                                     {"essential", true},
                                     {"logConfiguration",
                                      {{"logDriver", "awslogs"},
                                       {"options",
                                        {{"awslogs-group", fmt::format("/ecs/{}", seed.repository)},
                                         {"awslogs-region", site.region},
                                         {"awslogs-stream-prefix", "ecs"}}}}},
                                     {"portMappings",
                                      {{{"containerPort", seed.port}, {"hostPort", seed.port}, {"protocol", "tcp"}}}}},
                                    seed.id, site)}},
                      {"networkMode", "awsvpc"},
                      {"requiresCompatibilities", {"FARGATE"}},
                      {"cpu", "256"},
                      {"memory", "512"}});
}

}  // namespace

Site shop::home() { return {.region = std::string(kRegion), .account = std::string(kAccount)}; }

std::string shop::service_named(std::string_view id) {
    for (const auto& seed : kSeeds)
        if (seed.id == id) return std::string(seed.service);
    if (kExpressSeed.id == id) return std::string(kExpressSeed.service);
    return std::string(id);
}

std::string shop::repository_named(std::string_view id) {
    const auto slash = id.find('/');
    const auto plain = id.substr(0, slash) == kProject && slash != std::string_view::npos ? id.substr(slash + 1) : id;
    for (const auto& seed : kSeeds)
        if (seed.id == plain) return std::string(seed.repository);
    if (kExpressSeed.id == plain) return std::string(kExpressSeed.repository);
    return std::string(id);
}

EcrState shop_registry(WallTime now, const Site& site) {
    // A digest has the registry's host in it.
    EcrState state{.account = std::string(shop::kAccount), .region = std::string(shop::kRegion)};
    Ids ids(0);
    std::vector<std::string> old_events;
    EcrContext context{.state = state, .ids = ids, .now = now - kAge, .events = old_events};
    const auto add = [&](const Seed& seed) {
        auto& repository = state.repositories[std::string(seed.repository)];
        repository = {.name = std::string(seed.repository), .created_at = context.now};
        for (const int revision : kRevisions) (void)push_new_image(context, repository, tag_of(revision));
    };
    for (const auto& seed : kSeeds) add(seed);
    add(kExpressSeed);
    state.account = site.account;
    state.region = site.region;
    return state;
}

namespace {

void add_service(EcsState& state, Ids& ids, const Seed& seed, std::string_view cluster, std::string_view service,
                 std::span<const int> numbers, WallTime created_at) {
    const std::string name(service);
    const Site site{.region = state.region, .account = state.account};
    auto& revisions = state.families[name];
    for (const int revision : numbers)
        revisions.push_back({.family = name,
                             .revision = revision,
                             .active = true,
                             .registered_at = created_at,
                             .content = content(seed, revision, site)});
    add_running_service(state, ids,
                        {.name = name,
                         .cluster = std::string(cluster),
                         .task_definition = fmt::format("{}:{}", name, numbers.front()),
                         .desired_count = seed.desired_count,
                         .container = std::string(seed.repository),
                         .container_port = seed.port,
                         // The worker's has one target group: it shows what a shift of traffic needs.
                         .has_alternate = seed.repository != "shop_service_worker"},
                        created_at);
}

void add_express_service(EcsState& state, WallTime created_at) {
    const Site site{.region = state.region, .account = state.account};
    const auto role = [&](std::string_view name) { return fmt::format("arn:aws:iam::{}:role/{}", site.account, name); };
    const Json configuration{
        {"infrastructureRoleArn", role("ecsInfrastructureRole")},
        {"executionRoleArn", role("ecsTaskExecutionRole")},
        {"taskRoleArn", role("shop_web")},
        {"cpu", "256"},
        {"memory", "512"},
        {"cpuArchitecture", "X86_64"},
        {"healthCheckPath", "/health"},
        {"networkConfiguration",
         {{"subnets", {"subnet-0a1b2c3d4e5f60718"}}, {"securityGroups", {"sg-0123456789abcdef0"}}}},
        {"scalingTarget",
         {{"minTaskCount", 2},
          {"maxTaskCount", 20},
          {"autoScalingMetric", "AVERAGE_CPU"},
          {"autoScalingTargetValue", 60}}}};
    const Json container{
        {"image", image_of(kExpressSeed, kRevisions.front(), site)},
        {"containerPort", kExpressSeed.port},
        {"awsLogsConfiguration", {{"logGroup", "/aws/ecs/shop_web"}, {"logStreamPrefix", "ecs"}}},
        {"command", {"serve"}},
        {"environment", {{{"name", "STAGE"}, {"value", "dev"}}}},
        {"secrets",
         {{{"name", "TOKEN"},
           {"valueFrom", fmt::format("arn:aws:ssm:{}:{}:parameter/dev/shop/web/token", site.region, site.account)}}}}};
    // Ids of its own: what comes after it has the same as without it.
    constexpr std::uint64_t kSeed = 20'251'121;
    Ids ids(kSeed);
    add_running_express_service(state, ids,
                                {.name = std::string(kExpressSeed.service),
                                 .cluster = std::string(shop::kCluster),
                                 .task_definition = {},
                                 .desired_count = kExpressSeed.desired_count,
                                 .container = {},
                                 .container_port = kExpressSeed.port},
                                dump_json(configuration), dump_json(container), created_at);
}

}  // namespace

EcsState shop_state(Ids& ids, WallTime now, ImageRegistry* registry, const Site& site) {
    const auto created_at = now - kAge;
    EcsState state{.account = site.account,
                   .region = site.region,
                   .clusters = {std::string(shop::kCluster), std::string(shop::kProdCluster)},
                   .services = {},
                   .families = {},
                   .images = {},
                   .function = std::string(kOwnFunction),
                   .registry = registry};
    for (const auto& seed : kSeeds) add_service(state, ids, seed, shop::kCluster, seed.service, kRevisions, created_at);
    const auto api = std::ranges::find(kSeeds, shop::kApi, &Seed::service);
    add_service(state, ids, *api, shop::kProdCluster, shop::kProdApi, std::span(kRevisions).first(1), created_at);
    add_express_service(state, created_at);
    const std::string report(shop::kReport);
    for (const int revision : kRevisions)
        state.families[report].push_back({.family = report,
                                          .revision = revision,
                                          .active = true,
                                          .registered_at = created_at,
                                          .content = content(kSeeds[1], revision, site)});
    return state;
}

void add_legacy_service(EcsState& state, Ids& ids, WallTime now) {
    const auto api = std::ranges::find(kSeeds, shop::kApi, &Seed::service);
    add_service(state, ids, *api, shop::kCluster, shop::kLegacy, kRevisions, now - kAge);
}

StepFunctionsState shop_state_machines(WallTime now, const Site& site) {
    StepFunctionsState state{.account = site.account, .region = site.region};
    add_machine(state, std::string(kPipelines), state_machine_definition(own_function(site)), now - kAge);
    return state;
}

std::string pipelines_state_machine(const Site& site) {
    return fmt::format("arn:aws:states:{}:{}:stateMachine:{}", site.region, site.account, kPipelines);
}

SchedulerState shop_schedules(WallTime now, const Site& site) {
    SchedulerState state{.account = site.account, .region = site.region};
    const auto arn = [&](std::string_view what) {
        return fmt::format("arn:aws:ecs:{}:{}:{}", site.region, site.account, what);
    };
    const Json target{
        {"Arn", arn(fmt::format("cluster/{}", shop::kCluster))},
        {"RoleArn", fmt::format("arn:aws:iam::{}:role/shop_schedules", site.account)},
        {"Input", R"({"containerOverrides":[{"name":"shop_service_api","command":["report"]}]})"},
        {"DeadLetterConfig", {{"Arn", fmt::format("arn:aws:sqs:{}:{}:missed", site.region, site.account)}}},
        {"RetryPolicy", {{"MaximumEventAgeInSeconds", 3600}, {"MaximumRetryAttempts", 3}}},
        {"EcsParameters",
         {{"TaskDefinitionArn", arn(fmt::format("task-definition/{}:42", shop::kReport))},
          {"TaskCount", 1},
          {"LaunchType", "FARGATE"},
          {"EnableExecuteCommand", true},
          {"NetworkConfiguration",
           {{"awsvpcConfiguration", {{"Subnets", {"subnet-1"}}, {"AssignPublicIp", "DISABLED"}}}}}}}};
    add_schedule(state, {.group = "night", .name = "report"},
                 {{"ScheduleExpression", "cron(0 3 * * ? *)"},
                  {"ScheduleExpressionTimezone", "Europe/Paris"},
                  {"Description", "The report of the day"},
                  {"State", "DISABLED"},
                  {"ActionAfterCompletion", "NONE"},
                  {"FlexibleTimeWindow", {{"Mode", "FLEXIBLE"}, {"MaximumWindowInMinutes", 15}}},
                  {"Target", target}},
                 now - kAge);
    auto of_rule = target;
    of_rule["Id"] = "report";
    of_rule["EcsParameters"]["Tags"] = Json::array({{{"Key", "team"}, {"Value", "shop"}}});
    state.rules["report-weekly"] = {.schedule_expression = "rate(7 days)", .targets = {{"report", dump_json(of_rule)}}};
    return state;
}

}  // namespace ci_lambda::sandbox
