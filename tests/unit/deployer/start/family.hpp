#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "base/references.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {

inline constexpr const char* kRepository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_api";
inline constexpr const char* kSidecar = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable";

/// A family whose revisions are there, and a service that runs one of them.
class FamilyTest : public DeployerTest {
protected:
    FamilyTest() {
        add("42", std::string(kRepository) + ":v1");
        primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
        primary_.created_at = start() - std::chrono::hours{1};
        ecs_.on_active = [this](const TaskFamily&) {
            std::vector<TaskDefinition> active;
            for (const auto& [number, revision] : revisions_ | std::views::reverse)
                if (number <= listed_up_to_) active.emplace_back(revision.arn);
            return active;
        };
        ecs_.on_task_definition = [this](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            return revisions_.at(number_of(revision.str()));
        };
        ecs_.on_register_with_images = [this](const TaskDefinition& base, const auto& images, const EcsTags& tags) {
            if (before_registered_) std::exchange(before_registered_, nullptr)();
            auto copy = revisions_.at(number_of(base.str()));
            for (auto& container : copy.images)
                if (const auto image = images.find(container.container); image != images.end())
                    container.image = image->second;
            copy.tags = tags;
            return TaskDefinition(keep(std::move(copy)));
        };
        ecs_.on_describe = [this](const auto&) -> Result<DescribedServices> {
            return DescribedServices{.services = {service_with({primary_})}, .failures = {}};
        };
        ecs_.on_update = [this](const UpdateServiceRequest& request, int) -> Result<AcceptedDeployment> {
            primary_ = deployment(fmt::format("ecs-svc/{}", ++deployments_), "0", RolloutState::kInProgress);
            primary_.task_definition = request.task_definition.str();
            primary_.created_at = clock_.now();
            return AcceptedDeployment{.deployment_id = primary_.id,
                                      .task_definition = primary_.task_definition,
                                      .created_at = primary_.created_at};
        };
        ecs_.history = fail(ErrorKind::kAccessDenied, "no records");
    }

    static int number_of(const std::string& arn) { return static_cast<int>(parse_revision(arn)->number); }
    void add(const std::string& number, const std::string& image) {
        revisions_[std::stoi(number)] = {
            .arn = arn_of(number),
            .status = "ACTIVE",
            .images = {{.container = "app", .image = image}, {.container = "log", .image = kSidecar}},
            .tags = {{"team", "shop"}}};
    }
    std::string keep(EcsTaskDefinition revision) {
        const int number = revisions_.rbegin()->first + 1;
        revision.arn = arn_of(std::to_string(number));
        revisions_[number] = revision;
        return revision.arn;
    }

    /// The image of its first container.
    std::string runs() { return revisions_.at(number_of(primary_.task_definition)).images[0].image; }

    std::map<int, EcsTaskDefinition> revisions_;
    int listed_up_to_ = 1'000'000;
    std::function<void()> before_registered_;
    EcsDeployment primary_;
    int deployments_ = 1;
};

}  // namespace ci_lambda::testing
