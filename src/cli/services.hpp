#pragma once

#include <string>
#include <vector>

#include "base/names.hpp"
#include "cli/text.hpp"
#include "config/config.hpp"

namespace ci_lambda::cli {

/// One thing that concerns a service.
struct ServiceFact {
    std::string kind;  ///< image, parameter, secret, file, tags, mode, deploys; of a task also started by
    std::string what;  ///< "shop/api", "/dev/shop/api/*", "v*, !*-rc*"
    std::string from;  ///< where that is said: "api:42", "ECR_REPO_MAP", "its tag ci_lambda:tags"
    friend bool operator==(const ServiceFact&, const ServiceFact&) = default;
};

/// A service, or a task that no service runs, and all by which events find it.
struct ServiceSummary {
    EcsTarget target;             ///< of a task its id and its family
    std::string task_definition;  ///< `api:42`; empty where nobody looked
    std::vector<ServiceFact> facts;
    bool is_task = false;
};

/// Of all services that the configuration names or that were discovered, sorted by id, and then of all tasks. Pure.
[[nodiscard]] std::vector<ServiceSummary> summaries(const Config& config);

/// For people: a block for each service, one line a fact, in columns.
[[nodiscard]] std::vector<Line> services_table(const std::vector<ServiceSummary>& services);
/// For machines: a JSON array.
[[nodiscard]] std::string services_json(const std::vector<ServiceSummary>& services);

}  // namespace ci_lambda::cli
