#pragma once

#include "app/app.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/session.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda::cli {

/// What somebody wants who calls `deploy`: the decision that a manual event would make, and all errors that can be
/// known before anything is sent.
[[nodiscard]] Result<Deploy> decide_wish(const DeployCommand& command, App& app, const Session& session);

}  // namespace ci_lambda::cli
