#include <array>
#include <utility>

#include "services/codedeploy/api.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::pair<std::string_view, CodeDeployStatus>, 8> kStatuses{
    {{"Created", CodeDeployStatus::kCreated},
     {"Queued", CodeDeployStatus::kQueued},
     {"InProgress", CodeDeployStatus::kInProgress},
     {"Baking", CodeDeployStatus::kBaking},
     {"Ready", CodeDeployStatus::kReady},
     {"Succeeded", CodeDeployStatus::kSucceeded},
     {"Failed", CodeDeployStatus::kFailed},
     {"Stopped", CodeDeployStatus::kStopped}}};

}  // namespace

CodeDeployStatus parse_code_deploy_status(std::string_view name) {
    for (const auto& [known, status] : kStatuses)
        if (known == name) return status;
    return CodeDeployStatus::kUnknown;
}

std::string_view to_string(CodeDeployStatus status) {
    for (const auto& [name, known] : kStatuses)
        if (known == status) return name;
    return "unknown";
}

/// What we do not know yet is taken for one that goes on.
bool is_running(CodeDeployStatus status) {
    using enum CodeDeployStatus;
    return status != kSucceeded && status != kFailed && status != kStopped;
}

}  // namespace ci_lambda
