#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// A decision, or why there is none, in words: for whoever shows it, in whatever form. Texts come from the event: fit
/// to be printed only once they are cleaned (`base/text.hpp`).
struct DecisionView {
    enum class Kind { kDeploy, kNotify, kSweep, kSteer, kVerify, kHook, kApproval, kHold, kPipeline, kIgnore, kRefuse };
    Kind kind = Kind::kIgnore;
    std::string headline;  ///< "deploy api and worker"
    std::string reason;    ///< what follows "because"

    /// One service that is to be deployed.
    struct Deployment {
        std::string service;      ///< its id
        std::string ecs_service;  ///< its name in ECS
        std::string cluster;
        std::string wanted;  ///< "the newest ACTIVE revision of shop_service_api_dev"
        std::string reason;
        std::string pipeline;  ///< whose order it keeps; empty: it begins at once
    };
    std::vector<Deployment> deployments;

    /// A task that no service runs and that is to have an image.
    struct Task {
        std::string task;
        std::string wanted;  ///< "a revision of shop_report with shop/report:v43"
        std::string reason;
    };
    std::vector<Task> tasks;
    std::vector<SkippedService> skipped;
    std::vector<std::string> warnings;
    std::optional<std::string> hint;
};

[[nodiscard]] DecisionView view_of(const Decision& decision);
/// Of an event that claims to be ours and cannot be acted upon.
[[nodiscard]] DecisionView view_of(const Error& error);

/// `deploy`, `notify`, `sweep`, `verify`, `ignore`, `refuse`.
[[nodiscard]] std::string_view to_string(DecisionView::Kind kind);
/// `success`, `info`, `warning`, `error`.
[[nodiscard]] std::string_view to_string(NoticeLevel level);

}  // namespace ci_lambda
