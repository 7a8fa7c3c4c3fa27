#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "services/codedeploy/api.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// Which deployment group deploys which service. What was found is kept for as long as the process lives, and looked
/// up anew where it has turned out to be wrong. Thread-safe.
class CodeDeployGroups {
public:
    using Service = CodeDeployGroupInfo::Service;
    /// The group that somebody has named for a service.
    using Named = std::function<std::optional<CodeDeployGroup>(const Service&)>;

    /// API and clock must outlive it.
    CodeDeployGroups(CodeDeployApi& api, const Clock& clock, Named named)
        : api_(api), clock_(clock), named_(std::move(named)) {}

    /// The one that is named; else that of the deployment that made one of the task sets; else the one among all of the
    /// account's that says so. kNotFound, with the way out, where there is none.
    [[nodiscard]] Result<CodeDeployGroup> find(const Service& service, const std::vector<EcsTaskSet>& task_sets,
                                               Deadline deadline);
    /// What is known of it is wrong.
    void forget(const Service& service);

    /// The service that a group deploys; `nullopt` where it deploys none.
    [[nodiscard]] Result<std::optional<Service>> service_of(const CodeDeployGroup& group, Deadline deadline);

private:
    using Key = std::pair<std::string, std::string>;  // cluster, service
    [[nodiscard]] static Key key_of(const Service& service) { return {service.cluster.str(), service.service.str()}; }
    [[nodiscard]] std::optional<CodeDeployGroup> known(const Service& service);
    void remember(const CodeDeployGroup& group, const Service& service);
    Status look_at_all(Deadline deadline);

    CodeDeployApi& api_;
    const Clock& clock_;
    Named named_;
    std::mutex looking_;  // at all groups: the others wait for what one finds
    std::mutex mutex_;
    std::map<Key, CodeDeployGroup> groups_;
    std::map<CodeDeployGroup, Service> services_;
    std::optional<WallTime> looked_at_;
};

}  // namespace ci_lambda
