#pragma once

#include <map>
#include <string>

#include "config/config.hpp"
#include "deployer/holds/thaw.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {

inline Config hold_config(std::map<std::string, std::string> variables = {}) {
    variables.insert({{"PROJECT_NAME", "shop"},
                      {"PROJECT_ENV", "dev"},
                      {"SERVICE_CONFIG", "{}"},
                      {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}});
    return load_config(FakeEnvironment(std::move(variables))).value().config;
}

inline EcsTarget held_target(const std::string& id = "api") { return *hold_config().names.target(ServiceId(id)); }

inline WallTime second(int number) { return FakeClock().now() + std::chrono::seconds{number}; }

/// A push of `shop_service_api:TAG` at that second.
inline HeldRequest held_push(const std::string& tag, int at, const std::string& told = "held by alice") {
    HeldRequest held{.request = {.target = held_target(), .task_definition = std::nullopt, .reason = "image " + tag},
                     .told = told};
    held.request.changed_at = second(at);
    held.request.images = {{.repository = "shop_service_api", .tag = tag, .digest = "sha256:" + tag, .at = second(at)}};
    held.request.images_alone = true;
    held.request.image_mode = ImageMode::kRevision;
    return held;
}

inline HeldRequest held_parameter(const std::string& name, int at, const std::string& told = "held by alice") {
    HeldRequest held{
        .request = {.target = held_target(), .task_definition = std::nullopt, .reason = "parameter " + name},
        .told = told};
    held.request.changed_at = second(at);
    return held;
}

inline HeldRequest held_wish(const std::string& tag, int at, const std::string& told = "held by alice") {
    HeldRequest held{.request = {.target = held_target(), .task_definition = std::nullopt, .reason = "a person"},
                     .by_person = true,
                     .told = told};
    held.request.changed_at = second(at);
    held.request.wanted = {{.tag = tag}};
    return held;
}

}  // namespace ci_lambda::testing
