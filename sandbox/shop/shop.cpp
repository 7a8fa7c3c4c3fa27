#include "sandbox/shop/shop.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

#include "base/json.hpp"
#include "sandbox/ecs/seed.hpp"

namespace ci_lambda::sandbox {
namespace {

struct Seed {
    std::string_view service;
    std::string_view repository;
    int desired_count;
    int port;
};

constexpr std::array kSeeds{
    Seed{.service = shop::kBackend, .repository = "shop_backend", .desired_count = 2, .port = 8080},
    Seed{.service = shop::kApi, .repository = "shop_service_api", .desired_count = 2, .port = 8081},
    Seed{.service = shop::kWorker, .repository = "shop_service_worker", .desired_count = 1, .port = 8082},
};

constexpr std::array kRevisions{9, 10, 42};

std::string content(const Seed& seed, int revision) {
    return dump_json(
        {{"containerDefinitions",
          {{{"name", seed.repository},
            {"image", fmt::format("{}.dkr.ecr.{}.amazonaws.com/{}:v1.{}", shop::kAccount, shop::kRegion,
                                  seed.repository, revision)},
            {"essential", true},
            {"portMappings", {{{"containerPort", seed.port}, {"hostPort", seed.port}, {"protocol", "tcp"}}}}}}},
         {"networkMode", "awsvpc"},
         {"requiresCompatibilities", {"FARGATE"}},
         {"cpu", "256"},
         {"memory", "512"}});
}

}  // namespace

std::string shop::service_named(std::string_view id) {
    if (id == "backend") return std::string(kBackend);
    if (id == "api") return std::string(kApi);
    if (id == "worker") return std::string(kWorker);
    return std::string(id);
}

EcsState shop_state(Ids& ids, WallTime now) {
    const auto created_at = now - std::chrono::days{30};
    EcsState state{.account = std::string(shop::kAccount),
                   .region = std::string(shop::kRegion),
                   .clusters = {std::string(shop::kCluster)},
                   .services = {},
                   .families = {},
                   .images = {}};
    for (const auto& seed : kSeeds) {
        const std::string name(seed.service);
        auto& revisions = state.families[name];
        for (const int revision : kRevisions)
            revisions.push_back({.family = name,
                                 .revision = revision,
                                 .active = true,
                                 .registered_at = created_at,
                                 .content = content(seed, revision)});
        add_running_service(state, ids,
                            {.name = name,
                             .cluster = std::string(shop::kCluster),
                             .task_definition = fmt::format("{}:{}", name, kRevisions.front()),
                             .desired_count = seed.desired_count,
                             .container = std::string(seed.repository),
                             .container_port = seed.port},
                            created_at);
    }
    return state;
}

}  // namespace ci_lambda::sandbox
