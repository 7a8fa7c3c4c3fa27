#include "sandbox/ecs/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/aws/paging.hpp"

namespace ci_lambda::sandbox {
const EcsOperation* find_operation(std::string_view name) {
    const std::array lists{cluster_operations(), service_operations(),         service_deployment_operations(),
                           task_operations(),    task_definition_operations(), tag_operations(),
                           express_operations()};
    for (const auto list : lists) {
        const auto found = std::ranges::find(list, name, &EcsOperation::name);
        if (found != list.end()) return &*found;
    }
    return nullptr;
}

std::unexpected<AwsError> invalid_parameter(std::string message) {
    return aws_fail("InvalidParameterException", std::move(message));
}

AwsResult<std::string> cluster_of(const EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto cluster, Parameters(request).text("cluster"));
    std::string name(last_segment(cluster.value_or("default")));
    if (std::ranges::find(context.state.clusters, name) == context.state.clusters.end())
        return aws_fail("ClusterNotFoundException", "Cluster not found.");
    return name;
}

AwsResult<Service*> service_of(EcsContext& context, const Json& request, std::string_view member) {
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    TRY_ASSIGN(const auto name, Parameters(request).text(member));
    if (!name || name->empty()) return invalid_parameter("Service cannot be empty.");
    Service* service = context.state.find_service(cluster, *name);
    if (service == nullptr) return aws_fail("ServiceNotFoundException", "Service not found.");
    return service;
}

Service* owner_of(EcsContext& context, std::string_view arn, std::string_view kind) {
    for (auto& service : context.state.services) {
        const std::string prefix = fmt::format("arn:aws:ecs:{}:{}:{}/{}/{}", context.state.region,
                                               context.state.account, kind, service.cluster, service.name);
        if (arn == prefix || arn.starts_with(prefix + "/")) return &service;
    }
    return nullptr;
}

EcsAnswer list_page(const Json& request, const std::vector<std::string>& items, std::string_view member,
                    int default_size) {
    TRY_ASSIGN(const auto page, page_of(request, items.size(), {.usual = default_size}));
    Json answer;
    answer[std::string(member)] = std::vector(items.begin() + static_cast<std::ptrdiff_t>(page.begin),
                                              items.begin() + static_cast<std::ptrdiff_t>(page.end));
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

Json missing(std::string arn) { return {{"arn", std::move(arn)}, {"reason", "MISSING"}}; }

AwsResult<Tags> tags_of(const Json& request) {
    Tags tags;
    const Json* list = find(request, "tags");
    if (list == nullptr) return tags;
    if (!list->is_array()) return aws_fail("SerializationException", "tags: expected a list");
    for (const auto& tag : *list) {
        const auto key = find_string(tag, "key");
        if (!key || key->empty()) return invalid_parameter("A tag needs a key.");
        tags[*key] = find_string(tag, "value").value_or("");
    }
    return tags;
}

AwsResult<bool> includes_tags(const Json& request) {
    TRY_ASSIGN(const auto include, Parameters(request).texts("include"));
    return std::ranges::find(include, "TAGS") != include.end();
}

}  // namespace ci_lambda::sandbox
