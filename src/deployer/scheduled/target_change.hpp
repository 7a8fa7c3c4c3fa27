#pragma once

#include <string_view>

#include "base/names.hpp"

namespace ci_lambda {

/// What becomes of a target of a schedule or a rule when its family has a revision with the pushed image.
enum class TargetChange {
    kMove,           ///< it names an older revision
    kNothing,        ///< it names no revision: each run takes the newest one
    kThere,          ///< it names the revision
    kNewer,          ///< it names a newer one: somebody was quicker, and nobody goes back
    kAnotherFamily,  ///< it starts something else
};

/// `task_definition`: what the target names, an ARN or a name, with or without a revision. `revision`: of `family`.
/// Pure.
[[nodiscard]] TargetChange change_of(std::string_view task_definition, const TaskFamily& family,
                                     const TaskDefinition& revision);

}  // namespace ci_lambda
