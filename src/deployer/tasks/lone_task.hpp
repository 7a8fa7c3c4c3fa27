#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/service_task.hpp"
#include "images/pushed_image.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

// What the tasks that run before and after a deployment have in common: what is run, and how it ended.

/// Where such a task runs, and with what.
struct LoneTaskPlan {
    std::string placement;           ///< `EcsService::task_placement`
    std::string balanced_container;  ///< of the service; may be empty
    TaskDefinition revision;         ///< that is deployed
    std::vector<PushedImage> pushed;
};

/// 32 hexadecimal digits that are the same for the same text, in every process. Nobody has to be kept from making two
/// texts alike.
[[nodiscard]] std::string name_of_text(std::string_view text);

/// Each container that counts has ended with exit code 0: the one that got the command, or all of them.
[[nodiscard]] bool has_succeeded(const EcsTask& ended);

/// The task definition that the task runs by: the service's revision, or the newest one of the task's own family, with
/// the service's images where it has others of the same repositories, registered where it has to be.
[[nodiscard]] Result<EcsTaskDefinition> definition_of(const ServiceTask& task, const LoneTaskPlan& plan,
                                                      EcsStarter& ecs, Deadline deadline);

/// Which container gets the command. kRejected where there are several, and nothing says which one. `task_in_words`:
/// "the task migrate cannot run before it".
[[nodiscard]] Result<std::string> container_of(const ServiceTask& task, std::string_view task_in_words,
                                               const EcsTaskDefinition& definition, const LoneTaskPlan& plan);

}  // namespace ci_lambda
