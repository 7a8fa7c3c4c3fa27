#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {

// The tests of handlers stand in this namespace, so none of them says again what all of them use.
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// The configuration of the project `shop` in `dev`, with `more` variables.
inline Config shop(const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> variables{
        {"PROJECT_NAME", "shop"},
        {"PROJECT_ENV", "dev"},
        {"SERVICE_CONFIG", R"({"api":[{"bucket":"shop-env","key":"api.env"},{"bucket":"shop-env","key":"all.env"}],
                               "worker":[{"bucket":"shop-env","key":"all.env"}]})"}};
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(FakeEnvironment(variables)).value().config;
}

/// ECS_SERVICE_MAP with the services api and worker.
inline std::pair<const std::string, std::string> service_map() {
    return {"ECS_SERVICE_MAP", R"({"api":{"service_name":"front","task_family":"front-tasks"},
                                   "worker":{"service_name":"back","task_family":"back-tasks"}})"};
}

/// A push of the tag v7.
inline EcrImageAction push_to(const std::string& repository) {
    return {.action = "PUSH", .result = "SUCCESS", .repository = repository, .tag = "v7", .digest = {}};
}

inline Result<Decision> decide_body(EventBody body, const Config& config, const std::string& source = "") {
    return decide(Event{.envelope = {.source = source}, .body = std::move(body)}, config);
}

/// Why nothing happens; a text that matches nothing when something does.
inline std::string ignored_because(const Result<Decision>& decision) {
    if (!decision) return "(error) " + decision.error().message;
    const auto* ignored = std::get_if<Ignore>(&*decision);
    return ignored == nullptr ? "(not ignored)" : ignored->reason;
}

/// The ids that roll, in their order; empty when none does.
inline std::vector<std::string> deployed(const Result<Decision>& decision) {
    std::vector<std::string> ids;
    if (!decision) return ids;
    const auto* deploy = std::get_if<Deploy>(&*decision);
    if (deploy == nullptr) return ids;
    for (const auto& request : deploy->requests) ids.push_back(request.target.id.str());
    return ids;
}

/// Why the first service rolls.
inline std::string deploy_reason(const Result<Decision>& decision) {
    if (deployed(decision).empty()) return "(not deployed)";
    return std::get<Deploy>(*decision).requests.front().reason;
}

}  // namespace ci_lambda::testing
