#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// A service as DescribeServices shows it; only what we look at.
struct EcsService {
    EcsServiceName name;
    std::string status;                 ///< ACTIVE, DRAINING, INACTIVE
    std::string deployment_controller;  ///< ECS, CODE_DEPLOY, EXTERNAL; empty counts as ECS
    std::string task_definition;        ///< ARN
    int desired_count = 0;
    int running_count = 0;
};

/// Whether UpdateService can start a deployment of it: CODE_DEPLOY and EXTERNAL controllers refuse it (ECS API
/// reference, UpdateService).
[[nodiscard]] inline bool can_be_updated(const EcsService& service) {
    return service.deployment_controller.empty() || service.deployment_controller == "ECS";
}

struct DescribedServices {
    std::vector<EcsService> services;
    /// Names that ECS does not know (`failures[].reason == MISSING`) or could not describe, with its reason.
    struct Failure {
        EcsServiceName name;
        std::string reason;
    };
    std::vector<Failure> failures;
};

struct EcsCluster {
    ClusterName name;
    std::string status;
};

struct UpdateServiceRequest {
    ClusterName cluster;
    EcsServiceName service;
    TaskDefinition task_definition;
};

/// A deployment that ECS has accepted: the PRIMARY one of the answer to UpdateService.
struct AcceptedDeployment {
    std::string deployment_id;    ///< `ecs-svc/N`; empty if ECS named none
    std::string task_definition;  ///< ARN of the revision that it runs
};

/// The calls of Amazon ECS that we use (API version 2014-11-13). Each method is one call, or the pages of one list;
/// nothing is retried in here. Thread-safe. Errors carry ECS's own code and words.
class EcsApi {
public:
    EcsApi() = default;
    EcsApi(const EcsApi&) = delete;
    EcsApi& operator=(const EcsApi&) = delete;
    virtual ~EcsApi() = default;

    /// How many services DescribeServices takes in one call (ECS API reference).
    static constexpr std::size_t kMaxServicesPerDescribe = 10;

    /// Idempotent. At most `kMaxServicesPerDescribe` names.
    virtual Result<DescribedServices> describe_services(const ClusterName& cluster,
                                                        const std::vector<EcsServiceName>& names,
                                                        Deadline deadline) = 0;
    /// Idempotent. The ACTIVE revision with the highest number, as an ARN; kNotFound when the family has none.
    virtual Result<TaskDefinition> newest_task_definition(const TaskFamily& family, Deadline deadline) = 0;
    /// NOT idempotent: with forceNewDeployment each accepted call starts a rollout.
    virtual Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) = 0;
    /// Idempotent. kNotFound when there is no such cluster.
    virtual Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) = 0;
    /// Idempotent. All pages.
    virtual Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) = 0;
};

}  // namespace ci_lambda
