#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/names.hpp"

namespace ci_lambda {

/// A task that runs to its end before a service is deployed, or after it has been: a migration, a smoke test.
struct ServiceTask {
    std::string name;                       ///< for people
    TaskFamily family = {};                 ///< whose newest revision runs; empty: the revision that is deployed
    std::string container = {};             ///< which gets `command`, and whose exit code counts; empty: found out
    std::vector<std::string> command = {};  ///< empty: as the task definition has it
    std::chrono::minutes timeout{15};
    bool roll_back = true;  ///< of one that runs afterwards: the deployment, where it fails
    friend bool operator==(const ServiceTask&, const ServiceTask&) = default;
};

}  // namespace ci_lambda
