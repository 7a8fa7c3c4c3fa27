#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// How the PRIMARY deployment of a rollback looks. AWS documents none of it, and all three have been seen, in ECS or in
/// something that speaks like it.
enum class RollbackLook {
    kNewTime,  ///< its old id, with a `createdAt` of now
    kOldTime,  ///< its old id, and the `createdAt` that it always had
    kNewId,    ///< another `ecs-svc/N`, whose tasks take the place of all others
};

/// Where one ECS differs from another one, or from what its documentation lets one hope for. As it is without being
/// set it is the ECS that people have described most often. All of them may be mixed.
struct Quirks {
    RollbackLook rollback = RollbackLook::kNewTime;
    /// From StopServiceDeployment until the PRIMARY changes; ROLLBACK_REQUESTED meanwhile.
    std::chrono::seconds until_rollback{2};
    /// By operation: what it shows was true that long ago, by the clock. For operations that only read services and
    /// their deployments.
    std::map<std::string, Milliseconds, std::less<>> lag = {};
    /// DescribeServices fails as a whole when one of these services is among those that it is asked for.
    std::set<std::string, std::less<>> refused_services = {};
    /// ListTaskDefinitions takes no notice of `sort`.
    bool ignores_sort = false;
};

}  // namespace ci_lambda::sandbox
