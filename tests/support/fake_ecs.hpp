#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "services/ecs/api.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda::testing {

/// An ECS whose services all exist and whose families all end at revision 42, unless a test says otherwise. Counts.
class FakeEcs final : public EcsApi {
public:
    std::function<Result<DescribedServices>(const std::vector<EcsServiceName>&)> on_describe =
        [](const std::vector<EcsServiceName>& names) {
            DescribedServices described;
            for (const auto& name : names) described.services.push_back({.name = name, .status = "ACTIVE"});
            return described;
        };
    std::function<Result<std::vector<TaskDefinition>>(const TaskFamily&)> on_active = [](const TaskFamily& family) {
        return std::vector{
            TaskDefinition("arn:aws:ecs:us-east-1:123456789012:task-definition/" + family.str() + ":42")};
    };
    /// The second argument counts the calls for this service: 1, 2, ..
    std::function<Result<AcceptedDeployment>(const UpdateServiceRequest&, int)> on_update =
        [](const UpdateServiceRequest& request, int) {
            return AcceptedDeployment{.deployment_id = "ecs-svc/1", .task_definition = request.task_definition.str()};
        };
    /// Of an Express service: one that ECS shows nothing of, unless a test says otherwise.
    std::function<Result<EcsExpressService>(const std::string& arn)> on_describe_express = [](const std::string&) {
        return EcsExpressService{.status = "ACTIVE", .status_reason = {}, .configurations = {}};
    };
    std::function<Result<AcceptedDeployment>(const UpdateExpressRequest&)> on_update_express =
        [](const UpdateExpressRequest& request) {
            return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = request.task_definition.str()};
        };
    std::function<Result<EcsCluster>(const ClusterName&)> on_cluster = [](const ClusterName& name) {
        return EcsCluster{.name = name, .status = "ACTIVE"};
    };
    std::function<Result<std::vector<EcsServiceName>>()> on_list = [] { return std::vector<EcsServiceName>{}; };
    /// In place of `on_list`, where clusters differ.
    std::function<Result<std::vector<EcsServiceName>>(const ClusterName&)> on_list_of;
    /// ECS's records, revisions and stopped tasks; the same for every service.
    Result<std::vector<EcsServiceDeployment>> history = std::vector<EcsServiceDeployment>{};
    Result<std::vector<EcsServiceRevision>> revisions = std::vector<EcsServiceRevision>{};
    Result<std::vector<EcsRunningTask>> running = std::vector<EcsRunningTask>{};
    Result<std::vector<EcsStoppedTask>> tasks = std::vector<EcsStoppedTask>{};
    std::function<Status(const std::string& arn, const std::string& hook)> on_continue =
        [](const std::string&, const std::string&) -> Status { return {}; };
    std::function<Status(const std::string& arn, const std::string& hook)> on_reject =
        [](const std::string&, const std::string&) -> Status { return {}; };
    std::function<Status(const std::string& arn)> on_roll_back = [](const std::string&) -> Status { return {}; };
    std::function<Result<TaskDefinition>(const EcsServiceRevision&, const TaskFamily&, const EcsTags&)> on_register =
        [](const EcsServiceRevision&, const TaskFamily& family, const EcsTags&) {
            return TaskDefinition("td/" + family.str() + ":1");
        };
    std::function<Result<TaskDefinition>(const TaskDefinition&, const std::map<std::string, std::string>&,
                                         const EcsTags&)>
        on_register_with_images = [](const TaskDefinition& revision, const auto&, const auto&) {
            return TaskDefinition(revision.str() + "1");
        };
    std::function<Result<EcsTaskDefinition>(const TaskDefinition&)> on_task_definition =
        [](const TaskDefinition& revision) {
            return EcsTaskDefinition{.arn = revision.str(), .status = "ACTIVE", .images = {}, .tags = {}};
        };
    std::function<Result<std::string>(const TaskDefinition&)> on_definition_json = [](const TaskDefinition& revision) {
        return fmt::format(R"({{"taskDefinitionArn":"{}"}})", revision);
    };
    std::function<Result<DescribedRevision>(const TaskDefinition&)> on_revision = [](const TaskDefinition& revision) {
        return DescribedRevision{.definition = {.arn = revision.str()}, .references = {}};
    };
    /// What happens while the records are read.
    std::function<void()> on_history = [] {};
    /// What happens while a caller waits for its turn to update; a wait makes time pass.
    std::function<Status()> on_turn = []() -> Status { return {}; };

    Result<DescribedServices> describe_services(const ClusterName&, const std::vector<EcsServiceName>& names,
                                                Deadline) override {
        {
            const std::scoped_lock lock(mutex_);
            describes_.push_back(names);
        }
        return on_describe(names);
    }
    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family, Deadline) override {
        {
            const std::scoped_lock lock(mutex_);
            families_.push_back(family.str());
        }
        return on_active(family);
    }
    Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names, const TaskFamily& family,
                   WithTags tags, Deadline deadline) override {
        auto services = tags == WithTags::kYes ? describe_services_and_tags(cluster, names, deadline)
                                               : describe_services(cluster, names, deadline);
        return {.services = std::move(services), .revisions = active_task_definitions(family, deadline)};
    }
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline) override {
        count("DescribeTaskDefinition");
        return on_task_definition(revision);
    }
    Status take_turn_to_update(Deadline) override {
        count("turn");
        return on_turn();
    }
    void give_turn_back() override { count("turn given back"); }
    Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline) override {
        int nth = 1;
        {
            const std::scoped_lock lock(mutex_);
            for (const auto& earlier : updates_) nth += earlier.service == request.service ? 1 : 0;
            updates_.push_back(request);
        }
        return on_update(request, nth);
    }
    Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline) override {
        count("DescribeExpressGatewayService");
        return on_describe_express(arn);
    }
    Result<AcceptedDeployment> update_express_service(const UpdateExpressRequest& request, Deadline) override {
        {
            const std::scoped_lock lock(mutex_);
            express_updates_.push_back(request);
        }
        return on_update_express(request);
    }
    Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline) override { return on_cluster(cluster); }
    Result<std::string> task_definition_json(const TaskDefinition& revision, Deadline) override {
        return on_definition_json(revision);
    }
    Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline) override {
        count("ListServices");
        return on_list_of ? on_list_of(cluster) : on_list();
    }

    Result<DescribedServices> describe_services_with_tags(const ClusterName& cluster,
                                                          const std::vector<EcsServiceName>& names,
                                                          Deadline deadline) override {
        return describe_services(cluster, names, deadline);
    }
    Result<DescribedServices> describe_services_and_tags(const ClusterName& cluster,
                                                         const std::vector<EcsServiceName>& names,
                                                         Deadline deadline) override {
        count("DescribeServices TAGS");
        return describe_services(cluster, names, deadline);
    }
    Status tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) override {
        return tag_task_definition(arn, tags, deadline);
    }
    Status untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline) override {
        count("UntagResource");
        const std::scoped_lock lock(mutex_);
        for (const auto& key : keys) tags_[arn].erase(key);
        return {};
    }
    std::vector<Result<DescribedRevision>> describe_revisions(const std::vector<TaskDefinition>& wanted,
                                                              Deadline) override {
        std::vector<Result<DescribedRevision>> all;
        for (const auto& revision : wanted) {
            count("DescribeTaskDefinition");
            all.push_back(on_revision(revision));
        }
        return all;
    }
    Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName&, const EcsServiceName&,
                                                                  Deadline) override {
        count("ListServiceDeployments");
        on_history();
        return history;
    }
    Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline) override {
        count("DescribeServiceDeployments");
        if (history)
            for (const auto& one : *history)
                if (one.arn == arn) return one;
        return fail(ErrorKind::kNotFound, "no such service deployment");
    }
    Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>&, Deadline) override {
        count("DescribeServiceRevisions");
        return revisions;
    }
    Result<std::vector<EcsRunningTask>> running_tasks(const ClusterName&, const EcsServiceName&, Deadline) override {
        count("ListTasks RUNNING");
        return running;
    }
    Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName&, const EcsServiceName&, Deadline) override {
        count("ListTasks");
        return tasks;
    }
    Status roll_back_service_deployment(const std::string& arn, Deadline) override {
        count("StopServiceDeployment");
        return on_roll_back(arn);
    }
    Status continue_service_deployment(const std::string& arn, const std::string& hook, Deadline) override {
        count("ContinueServiceDeployment");
        return on_continue(arn, hook);
    }
    Status reject_service_deployment(const std::string& arn, const std::string& hook, Deadline) override {
        count("ContinueServiceDeployment");
        return on_reject(arn, hook);
    }
    Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                const EcsTags& tags, Deadline) override {
        count("RegisterTaskDefinition");
        return on_register(revision, family, tags);
    }
    Result<TaskDefinition> register_with_images(const TaskDefinition& revision,
                                                const std::map<std::string, std::string>& images, const EcsTags& tags,
                                                Deadline) override {
        count("RegisterTaskDefinition");
        return on_register_with_images(revision, images, tags);
    }
    Status tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline) override {
        count("TagResource");
        const std::scoped_lock lock(mutex_);
        for (const auto& [key, value] : tags) tags_[arn][key] = value;
        return {};
    }

    /// How often a call was made that has no list of its own here.
    [[nodiscard]] int calls(const std::string& operation) const {
        const std::scoped_lock lock(mutex_);
        const auto found = calls_.find(operation);
        return found == calls_.end() ? 0 : found->second;
    }
    [[nodiscard]] std::vector<UpdateServiceRequest> updates() const { return copy(updates_); }
    [[nodiscard]] std::vector<UpdateExpressRequest> express_updates() const { return copy(express_updates_); }
    [[nodiscard]] std::vector<std::vector<EcsServiceName>> describes() const { return copy(describes_); }
    [[nodiscard]] std::vector<std::string> families() const { return copy(families_); }
    [[nodiscard]] std::map<std::string, EcsTags> tags() const { return copy(tags_); }

private:
    void count(const std::string& operation) {
        const std::scoped_lock lock(mutex_);
        ++calls_[operation];
    }
    template <typename T>
    T copy(const T& list) const {
        const std::scoped_lock lock(mutex_);
        return list;
    }

    mutable std::mutex mutex_;
    std::vector<UpdateServiceRequest> updates_;
    std::vector<UpdateExpressRequest> express_updates_;
    std::vector<std::vector<EcsServiceName>> describes_;
    std::vector<std::string> families_;
    std::map<std::string, int> calls_;
    std::map<std::string, EcsTags> tags_;
};

class RecordingNotifier final : public Notifier {
public:
    void notify(Announcement announcement) override {
        const std::scoped_lock lock(mutex_);
        said_.push_back(std::move(announcement));
    }
    [[nodiscard]] std::vector<Announcement> said() const {
        const std::scoped_lock lock(mutex_);
        return said_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<Announcement> said_;
};

}  // namespace ci_lambda::testing
