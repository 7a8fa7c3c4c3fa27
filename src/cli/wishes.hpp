#pragma once

#include <functional>
#include <vector>

#include "app/app.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/session.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda::cli {

/// What somebody wants who calls `deploy`: the decision that a manual event would make, and all errors that can be
/// known before anything is sent.
[[nodiscard]] Result<Deploy> decide_wish(const DeployCommand& command, App& app, const Session& session);

/// A decision for each deployment target of the App. An error where there is something wrong with the wish, or nothing
/// could be decided for any of them; a target that cannot be asked now has its error in its place.
[[nodiscard]] Result<std::vector<Result<Deploy>>> decide_for_all(
    App& app, const std::function<Result<Deploy>(App& target)>& decide_one);

}  // namespace ci_lambda::cli
