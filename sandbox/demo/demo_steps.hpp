#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/record/journal.hpp"
#include "sandbox/terminal/story.hpp"

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
    bool looks = false;  ///< ECS may be asked although nothing rolls: for the reason behind ECS's news
};

/// What a step may look at when its turn comes.
struct DemoSources {
    const Journal& journal;
    /// The first event of the sandbox's ECS that is wanted.
    std::function<Result<std::string>(const std::function<bool(const nlohmann::json&)>& wanted)> ecs_event;
};

struct DemoStep {
    std::string title;
    /// Made when its turn comes: an event about a deployment needs the deployment. Fails when ECS does not send it.
    std::function<Result<Delivery>(const DemoSources&)> delivery;
    Expectation expectation;
};

/// How rollouts go in the demo, as for `--scenario`.
[[nodiscard]] std::vector<std::string> demo_scenarios();

/// One event of each kind that the function knows, and two that it must not act upon.
[[nodiscard]] std::vector<DemoStep> demo_steps(Ids& ids, const Clock& clock);

/// What differs between what happened and what was expected; empty when all is well.
[[nodiscard]] std::vector<std::string> surprises(const Story& story, const Expectation& expectation);

/// The deployments that ECS accepted: "shop_service_api_dev -> :42", sorted.
[[nodiscard]] std::vector<std::string> rollouts_of(const Story& story);

}  // namespace ci_lambda::sandbox
