#include "deployer/scheduled/after_services.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

bool share_a_repository(const std::vector<PushedImage>& some, const std::vector<PushedImage>& others) {
    return std::ranges::any_of(some, [&](const PushedImage& image) {
        return std::ranges::find(others, image.repository, &PushedImage::repository) != others.end();
    });
}

}  // namespace

std::optional<std::string> why_left_alone(const TaskRequest& task, const Deploy& decision,
                                          const std::vector<DeploymentReport>& reports) {
    if (!task.after.empty()) return std::nullopt;
    for (const auto& report : reports) {
        if (!report.took || report.status == DeploymentStatus::kCompleted) continue;
        const auto request = std::ranges::find(decision.requests, report.target, &DeploymentRequest::target);
        if (request == decision.requests.end() || !share_a_repository(task.images, request->images)) continue;
        return fmt::format("is left where it is: {} has the same image and is {}", report.target.id,
                           replace_all(std::string(to_string(report.status)), "_", " "));
    }
    return std::nullopt;
}

}  // namespace ci_lambda
