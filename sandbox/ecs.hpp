#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws_json.hpp"
#include "sandbox/ecs_state.hpp"
#include "sandbox/ids.hpp"

namespace ci_lambda::sandbox {

/// Amazon ECS as far as deployments need it: state and operations, no HTTP. Request and answer are those of the ECS
/// API (version 2014-11-13), the errors in AWS's words. Thread-safe. Ids and clock must outlive it.
///
/// A deployment does not progress by itself: a new one stays PRIMARY and IN_PROGRESS, the one before it ACTIVE, until
/// the next UpdateService.
class Ecs {
public:
    Ecs(EcsState state, Ids& ids, const Clock& clock);

    /// `operation` without the target prefix: "UpdateService".
    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);

private:
    using Answer = AwsResult<nlohmann::json>;
    using Operation = Answer (Ecs::*)(const nlohmann::json& request);
    [[nodiscard]] static Operation operation_named(std::string_view name);

    Answer describe_clusters(const nlohmann::json& request);
    Answer list_clusters(const nlohmann::json& request);
    Answer describe_services(const nlohmann::json& request);
    Answer list_services(const nlohmann::json& request);
    Answer update_service(const nlohmann::json& request);
    Answer list_task_definitions(const nlohmann::json& request);
    Answer list_task_definition_families(const nlohmann::json& request);
    Answer describe_task_definition(const nlohmann::json& request);
    Answer register_task_definition(const nlohmann::json& request);
    Answer deregister_task_definition(const nlohmann::json& request);

    [[nodiscard]] AwsResult<std::string> cluster_of(const nlohmann::json& request) const;
    [[nodiscard]] Service* find_service(std::string_view cluster, std::string_view name_or_arn);
    /// `family:revision`, an ARN, or a family, which means its newest ACTIVE revision; nullptr for none.
    [[nodiscard]] TaskDefinitionRevision* find_task_definition(std::string_view reference);
    void roll(Service& service, std::string task_definition);

    std::mutex mutex_;
    EcsState state_;
    Ids& ids_;
    const Clock& clock_;
};

}  // namespace ci_lambda::sandbox
