#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "services/codedeploy/api.hpp"

namespace ci_lambda::testing {

inline const CodeDeployGroup kGroupOfApi{.application = "App", .group = "Group"};

/// A CodeDeploy with one group, for the service `api` of the cluster `shop`. Counts.
class FakeCodeDeploy final : public CodeDeployApi {
public:
    std::map<std::string, CodeDeployDeployment> known;
    std::vector<std::string> order;  ///< newest first
    CodeDeployGroupInfo info{.group = kGroupOfApi,
                             .services = {{.cluster = ClusterName{"shop"}, .service = EcsServiceName{"api"}}},
                             .target = {},
                             .last_attempted = {},
                             .last_successful = {},
                             .rollback_events = {}};
    Status reads = {};  ///< every read fails so
    Status creates = {};
    bool answer_lost = false;  ///< of the next CreateDeployment, which is carried out
    CodeDeployProgress stages = {};
    std::vector<NewCodeDeployment> created;
    std::vector<std::string> stopped;
    std::map<std::string, int> calls;

    void add(CodeDeployDeployment one) {
        one.group = kGroupOfApi;
        order.insert(order.begin(), one.id);
        info.last_attempted = one.id;
        info.target = one.revision;
        known[one.id] = std::move(one);
    }

    Result<std::string> create_deployment(const NewCodeDeployment& wanted, Deadline) override {
        ++calls["CreateDeployment"];
        if (!creates) return std::unexpected(creates.error());
        created.push_back(wanted);
        auto id = "d-NEW" + std::to_string(created.size());
        add({.id = id,
             .status = CodeDeployStatus::kInProgress,
             .description = wanted.description,
             .creator = "user",
             .revision = {.type = "AppSpecContent", .content = wanted.app_spec, .sha256 = {}},
             .configuration = "CodeDeployDefault.ECSAllAtOnce",
             .created_at = now});
        if (!answer_lost) return id;
        answer_lost = false;
        return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    }
    Result<CodeDeployDeployment> deployment(const std::string& id, Deadline) override {
        ++calls["GetDeployment"];
        if (!reads) return std::unexpected(reads.error());
        const auto found = known.find(id);
        if (found == known.end()) return fail(ErrorKind::kNotFound, "no such deployment");
        return found->second;
    }
    Result<std::vector<CodeDeployDeployment>> deployments(const std::vector<std::string>& ids, Deadline) override {
        ++calls["BatchGetDeployments"];
        std::vector<CodeDeployDeployment> all;
        for (const auto& id : ids)
            if (known.contains(id)) all.push_back(known.at(id));
        return all;
    }
    Result<std::vector<std::string>> list_deployments(const CodeDeployGroup&, bool running, Deadline) override {
        ++calls["ListDeployments"];
        if (!reads) return std::unexpected(reads.error());
        std::vector<std::string> ids;
        for (const auto& id : order)
            if (!running || is_running(known.at(id).status)) ids.push_back(id);
        return ids;
    }
    Result<CodeDeployGroupInfo> deployment_group(const CodeDeployGroup& group, Deadline) override {
        ++calls["GetDeploymentGroup"];
        if (!reads) return std::unexpected(reads.error());
        if (group != info.group) return fail(ErrorKind::kNotFound, "no such group");
        return info;
    }
    Result<std::vector<CodeDeployGroupInfo>> all_groups(Deadline) override {
        ++calls["ListApplications"];
        return std::vector{info};
    }
    Result<CodeDeployTraffic> configuration(const std::string&, Deadline) override {
        ++calls["GetDeploymentConfig"];
        return CodeDeployTraffic{};
    }
    Result<CodeDeployProgress> progress(const std::string&, const ClusterName&, const EcsServiceName&,
                                        Deadline) override {
        ++calls["GetDeploymentTarget"];
        return stages;
    }
    Result<CodeDeployRevision> application_revision(const std::string&, const CodeDeployRevision&, Deadline) override {
        ++calls["GetApplicationRevision"];
        return fail(ErrorKind::kNotFound, "no such revision");
    }
    Status stop_and_roll_back(const std::string& id, Deadline) override {
        stopped.push_back(id);
        return {};
    }

    WallTime now{};
};

}  // namespace ci_lambda::testing
