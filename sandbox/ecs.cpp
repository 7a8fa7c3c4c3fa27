#include "sandbox/ecs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxServicesPerDescribe = 10;  // ECS API reference, DescribeServices
constexpr int kMaxPage = 100;
constexpr std::string_view kTokenPrefix = "sandbox-page-";

/// What follows the last slash: the name in an ARN, or the name itself.
std::string_view last_segment(std::string_view name_or_arn) {
    return name_or_arn.substr(name_or_arn.rfind('/') + 1);  // npos + 1 is 0
}

std::unexpected<AwsError> invalid(std::string message) {
    return aws_fail("InvalidParameterException", std::move(message));
}

/// One page of a list, as `maxResults` and `nextToken` ask for it.
AwsResult<Json> page(const Json& request, const std::vector<std::string>& items, std::string_view member,
                     int default_size) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto asked_size, parameters.number("maxResults"));
    TRY_ASSIGN(const auto token, parameters.text("nextToken"));
    const int size = asked_size.value_or(default_size);
    if (size < 1 || size > kMaxPage) return invalid(fmt::format("maxResults must be 1 to {}", kMaxPage));
    std::size_t begin = 0;
    if (token) {
        if (!token->starts_with(kTokenPrefix)) return invalid("Invalid token.");
        const auto offset = parse_unsigned(std::string_view(*token).substr(kTokenPrefix.size()));
        if (!offset || *offset > items.size()) return invalid("Invalid token.");
        begin = *offset;
    }
    const std::size_t end = std::min(items.size(), begin + static_cast<std::size_t>(size));
    Json answer;
    answer[std::string(member)] = std::vector(items.begin() + static_cast<std::ptrdiff_t>(begin),
                                              items.begin() + static_cast<std::ptrdiff_t>(end));
    if (end < items.size()) answer["nextToken"] = fmt::format("{}{}", kTokenPrefix, end);
    return answer;
}

bool is_valid_family(std::string_view family) {
    return !family.empty() && family.size() <= 255 && std::ranges::all_of(family, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

}  // namespace

Ecs::Ecs(EcsState state, Ids& ids, const Clock& clock) : state_(std::move(state)), ids_(ids), clock_(clock) {}

Ecs::Operation Ecs::operation_named(std::string_view name) {
    struct Entry {
        std::string_view name;
        Operation operation;
    };
    static constexpr std::array kOperations{
        Entry{"DescribeClusters", &Ecs::describe_clusters},
        Entry{"ListClusters", &Ecs::list_clusters},
        Entry{"DescribeServices", &Ecs::describe_services},
        Entry{"ListServices", &Ecs::list_services},
        Entry{"UpdateService", &Ecs::update_service},
        Entry{"ListTaskDefinitions", &Ecs::list_task_definitions},
        Entry{"ListTaskDefinitionFamilies", &Ecs::list_task_definition_families},
        Entry{"DescribeTaskDefinition", &Ecs::describe_task_definition},
        Entry{"RegisterTaskDefinition", &Ecs::register_task_definition},
        Entry{"DeregisterTaskDefinition", &Ecs::deregister_task_definition},
    };
    const auto* const found = std::ranges::find(kOperations, name, &Entry::name);
    return found == kOperations.end() ? nullptr : found->operation;
}

AwsAnswer Ecs::handle(std::string_view operation, std::string_view body) {
    const Operation run = operation_named(operation);
    if (run == nullptr)
        return to_answer(AwsError{.type = "UnknownOperationException",
                                  .message = fmt::format("The sandbox's ECS does not know {}.", operation)});
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    const std::scoped_lock lock(mutex_);
    return to_answer((this->*run)(*request));
}

AwsResult<std::string> Ecs::cluster_of(const Json& request) const {
    TRY_ASSIGN(const auto cluster, Parameters(request).text("cluster"));
    std::string name(last_segment(cluster.value_or("default")));
    if (std::ranges::find(state_.clusters, name) == state_.clusters.end())
        return aws_fail("ClusterNotFoundException", "Cluster not found.");
    return name;
}

Service* Ecs::find_service(std::string_view cluster, std::string_view name_or_arn) {
    const auto name = last_segment(name_or_arn);
    const auto found = std::ranges::find_if(
        state_.services, [&](const Service& service) { return service.cluster == cluster && service.name == name; });
    return found == state_.services.end() ? nullptr : &*found;
}

TaskDefinitionRevision* Ecs::find_task_definition(std::string_view reference) {
    const auto name = last_segment(reference);
    const auto colon = name.find(':');
    const auto family = state_.families.find(std::string(name.substr(0, colon)));
    if (family == state_.families.end()) return nullptr;
    auto& revisions = family->second;
    if (colon == std::string_view::npos) {
        auto newest_first = std::views::reverse(revisions);
        const auto found = std::ranges::find(newest_first, true, &TaskDefinitionRevision::active);
        return found == newest_first.end() ? nullptr : &*found;
    }
    const auto number = parse_unsigned(name.substr(colon + 1));
    if (!number) return nullptr;
    const auto found =
        std::ranges::find_if(revisions, [&](const auto& r) { return std::cmp_equal(r.revision, *number); });
    return found == revisions.end() ? nullptr : &*found;
}

Ecs::Answer Ecs::describe_clusters(const Json& request) {
    TRY_ASSIGN(auto names, Parameters(request).texts("clusters"));
    if (names.empty()) names.emplace_back("default");
    Json clusters = Json::array();
    Json failures = Json::array();
    for (const auto& asked : names) {
        const std::string name(last_segment(asked));
        if (std::ranges::find(state_.clusters, name) != state_.clusters.end())
            clusters.push_back(cluster_json(state_, name));
        else
            failures.push_back({{"arn", state_.cluster_arn(name)}, {"reason", "MISSING"}});
    }
    return Json{{"clusters", std::move(clusters)}, {"failures", std::move(failures)}};
}

Ecs::Answer Ecs::list_clusters(const Json& request) {
    std::vector<std::string> arns;
    for (const auto& cluster : state_.clusters) arns.push_back(state_.cluster_arn(cluster));
    return page(request, arns, "clusterArns", kMaxPage);
}

Ecs::Answer Ecs::describe_services(const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto cluster, cluster_of(request));
    TRY_ASSIGN(const auto names, parameters.texts("services"));
    TRY_ASSIGN(const auto include, parameters.texts("include"));
    if (names.empty()) return invalid("Services cannot be empty.");
    if (names.size() > kMaxServicesPerDescribe)
        return invalid(fmt::format("DescribeServices takes at most {} services.", kMaxServicesPerDescribe));
    const bool with_tags = std::ranges::find(include, "TAGS") != include.end();
    Json services = Json::array();
    Json failures = Json::array();
    for (const auto& name : names) {
        const Service* service = find_service(cluster, name);
        if (service == nullptr) {
            failures.push_back({{"arn", state_.service_arn(cluster, last_segment(name))}, {"reason", "MISSING"}});
            continue;
        }
        Json json = service_json(state_, *service);
        if (with_tags) json["tags"] = Json::array();
        services.push_back(std::move(json));
    }
    return Json{{"services", std::move(services)}, {"failures", std::move(failures)}};
}

Ecs::Answer Ecs::list_services(const Json& request) {
    TRY_ASSIGN(const auto cluster, cluster_of(request));
    std::vector<std::string> arns;
    for (const auto& service : state_.services)
        if (service.cluster == cluster) arns.push_back(state_.service_arn(cluster, service.name));
    return page(request, arns, "serviceArns", 10);
}

Ecs::Answer Ecs::update_service(const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto cluster, cluster_of(request));
    TRY_ASSIGN(const auto name, parameters.text("service"));
    TRY_ASSIGN(const auto reference, parameters.text("taskDefinition"));
    TRY_ASSIGN(const auto desired_count, parameters.number("desiredCount"));
    TRY_ASSIGN(const bool force, parameters.flag("forceNewDeployment"));
    if (!name || name->empty()) return invalid("Service cannot be empty.");
    if (desired_count && *desired_count < 0) return invalid("desiredCount cannot be negative.");
    Service* service = find_service(cluster, *name);
    if (service == nullptr) return aws_fail("ServiceNotFoundException", "Service not found.");

    std::string task_definition = service->primary().task_definition;
    if (reference) {
        const TaskDefinitionRevision* revision = find_task_definition(*reference);
        if (revision == nullptr) return aws_fail("ClientException", "TaskDefinition not found.");
        if (!revision->active) return aws_fail("ClientException", "TaskDefinition is inactive");
        task_definition = state_.task_definition_arn(*revision);
    }
    if (desired_count) {
        service->desired_count = *desired_count;
        service->deployments.front().desired_count = *desired_count;
    }
    if (force || task_definition != service->primary().task_definition) roll(*service, std::move(task_definition));
    return Json{{"service", service_json(state_, *service)}};
}

void Ecs::roll(Service& service, std::string task_definition) {
    const auto now = clock_.now();
    ServiceDeployment previous = service.primary();
    previous.state = DeploymentState::kActive;
    previous.running_count = service.running_count();  // nothing progresses: what ran before goes on running
    previous.updated_at = now;
    ServiceDeployment next{.id = "ecs-svc/" + ids_.digits(19),
                           .state = DeploymentState::kPrimary,
                           .rollout = RolloutState::kInProgress,
                           .task_definition = std::move(task_definition),
                           .desired_count = service.desired_count,
                           .running_count = 0,
                           .created_at = now,
                           .updated_at = now};
    service.deployments = {std::move(next), std::move(previous)};
}

Ecs::Answer Ecs::list_task_definitions(const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto family, parameters.text("familyPrefix"));
    TRY_ASSIGN(const auto status, parameters.text("status"));
    TRY_ASSIGN(const auto sort, parameters.text("sort"));
    const std::string wanted = status.value_or("ACTIVE");
    if (wanted != "ACTIVE" && wanted != "INACTIVE" && wanted != "DELETE_IN_PROGRESS")
        return invalid("status must be ACTIVE, INACTIVE or DELETE_IN_PROGRESS");
    if (sort && *sort != "ASC" && *sort != "DESC") return invalid("sort must be ASC or DESC");
    std::vector<std::string> arns;
    for (const auto& [name, revisions] : state_.families) {
        if (family && *family != name) continue;  // in spite of its name, familyPrefix is the whole family
        for (const auto& revision : revisions)
            if (wanted == (revision.active ? "ACTIVE" : "INACTIVE"))
                arns.push_back(state_.task_definition_arn(revision));
    }
    if (sort == "DESC") std::ranges::reverse(arns);
    return page(request, arns, "taskDefinitionArns", kMaxPage);
}

Ecs::Answer Ecs::list_task_definition_families(const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto prefix, parameters.text("familyPrefix"));
    TRY_ASSIGN(const auto status, parameters.text("status"));
    const std::string wanted = status.value_or("ACTIVE");
    std::vector<std::string> families;
    for (const auto& [name, revisions] : state_.families) {
        const bool active = std::ranges::any_of(revisions, &TaskDefinitionRevision::active);
        if (wanted == "ALL" || wanted == (active ? "ACTIVE" : "INACTIVE"))
            if (name.starts_with(prefix.value_or(""))) families.push_back(name);
    }
    return page(request, families, "families", kMaxPage);
}

Ecs::Answer Ecs::describe_task_definition(const Json& request) {
    TRY_ASSIGN(const auto reference, Parameters(request).text("taskDefinition"));
    const TaskDefinitionRevision* revision = find_task_definition(reference.value_or(""));
    if (revision == nullptr) return aws_fail("ClientException", "Unable to describe task definition.");
    return Json{{"taskDefinition", task_definition_json(state_, *revision)}, {"tags", Json::array()}};
}

Ecs::Answer Ecs::register_task_definition(const Json& request) {
    TRY_ASSIGN(const auto family, Parameters(request).text("family"));
    const Json* containers = find(request, "containerDefinitions");
    if (!family || !is_valid_family(*family))
        return aws_fail("ClientException", "Family must be 1 to 255 letters, numbers, hyphens and underscores.");
    if (containers == nullptr || !containers->is_array() || containers->empty())
        return aws_fail("ClientException", "Container list cannot be empty.");
    Json content = request;
    content.erase("family");
    content.erase("tags");
    auto& revisions = state_.families[*family];
    revisions.push_back({.family = *family,
                         .revision = revisions.empty() ? 1 : revisions.back().revision + 1,
                         .active = true,
                         .registered_at = clock_.now(),
                         .content = dump_json(content)});
    return Json{{"taskDefinition", task_definition_json(state_, revisions.back())}, {"tags", Json::array()}};
}

Ecs::Answer Ecs::deregister_task_definition(const Json& request) {
    TRY_ASSIGN(const auto reference, Parameters(request).text("taskDefinition"));
    if (!reference || reference->find(':') == std::string::npos)
        return aws_fail("ClientException", "The task definition must be given with its revision.");
    TaskDefinitionRevision* revision = find_task_definition(*reference);
    if (revision == nullptr) return aws_fail("ClientException", "The specified task definition does not exist.");
    revision->active = false;
    return Json{{"taskDefinition", task_definition_json(state_, *revision)}};
}

}  // namespace ci_lambda::sandbox
