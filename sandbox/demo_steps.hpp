#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sandbox/ids.hpp"
#include "sandbox/journal.hpp"
#include "sandbox/story.hpp"

namespace ci_lambda::sandbox {

/// What a demo step sends to the sandbox, as an HTTP request like anybody else's.
struct Delivery {
    std::string path;
    std::string body;
    std::map<std::string, std::string> headers = {};
};

/// What must come of it.
struct Expectation {
    std::string status;                 ///< the answer's status, or the error's type
    std::vector<std::string> rollouts;  ///< "shop_service_api_dev -> :42", sorted
    std::size_t messages = 0;
};

struct DemoStep {
    std::string title;
    /// Made when its turn comes: an event about a deployment needs the deployment.
    std::function<Delivery(const Journal&)> delivery;
    Expectation expectation;
};

/// One event of each kind that the function knows, and two that it must not act upon.
[[nodiscard]] std::vector<DemoStep> demo_steps(Ids& ids, const Clock& clock);

/// What differs between what happened and what was expected; empty when all is well.
[[nodiscard]] std::vector<std::string> surprises(const Story& story, const Expectation& expectation);

/// The deployments that ECS accepted: "shop_service_api_dev -> :42", sorted.
[[nodiscard]] std::vector<std::string> rollouts_of(const Story& story);

}  // namespace ci_lambda::sandbox
