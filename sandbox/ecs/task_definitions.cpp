#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kPage = 100;
/// Of a task definition (ECS developer guide, "Amazon ECS service quotas").
constexpr std::size_t kLargest = 65'536;

bool is_valid_family(std::string_view family) {
    return !family.empty() && family.size() <= 255 && std::ranges::all_of(family, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

EcsAnswer list_task_definitions(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto family, parameters.text("familyPrefix"));
    TRY_ASSIGN(const auto status, parameters.text("status"));
    TRY_ASSIGN(const auto sort, parameters.text("sort"));
    const std::string wanted = status.value_or("ACTIVE");
    if (wanted != "ACTIVE" && wanted != "INACTIVE" && wanted != "DELETE_IN_PROGRESS")
        return invalid_parameter("status must be ACTIVE, INACTIVE or DELETE_IN_PROGRESS");
    if (sort && *sort != "ASC" && *sort != "DESC") return invalid_parameter("sort must be ASC or DESC");
    std::vector<std::string> arns;
    for (const auto& [name, revisions] : context.state.families) {
        if (family && *family != name) continue;  // in spite of its name, familyPrefix is the whole family
        for (const auto& revision : revisions)
            if (wanted == (revision.active ? "ACTIVE" : "INACTIVE"))
                arns.push_back(context.state.task_definition_arn(revision));
    }
    if (sort == "DESC" && !context.state.quirks.ignores_sort) std::ranges::reverse(arns);
    return list_page(request, arns, "taskDefinitionArns", kPage);
}

EcsAnswer list_task_definition_families(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto prefix, parameters.text("familyPrefix"));
    TRY_ASSIGN(const auto status, parameters.text("status"));
    const std::string wanted = status.value_or("ACTIVE");
    std::vector<std::string> families;
    for (const auto& [name, revisions] : context.state.families) {
        const bool active = std::ranges::any_of(revisions, &TaskDefinitionRevision::active);
        if (wanted == "ALL" || wanted == (active ? "ACTIVE" : "INACTIVE"))
            if (name.starts_with(prefix.value_or(""))) families.push_back(name);
    }
    return list_page(request, families, "families", kPage);
}

EcsAnswer describe_task_definition(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto reference, Parameters(request).text("taskDefinition"));
    TRY_ASSIGN(const bool with_tags, includes_tags(request));
    const TaskDefinitionRevision* revision = context.state.find_task_definition(reference.value_or(""));
    if (revision == nullptr) return aws_fail("ClientException", "Unable to describe task definition.");
    return Json{{"taskDefinition", task_definition_json(context.state, *revision)},
                {"tags", with_tags ? tags_json(revision->tags) : Json::array()}};
}

EcsAnswer register_task_definition(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto family, Parameters(request).text("family"));
    TRY_ASSIGN(auto tags, tags_of(request));
    const Json* containers = find(request, "containerDefinitions");
    if (!family || !is_valid_family(*family))
        return aws_fail("ClientException", "Family must be 1 to 255 letters, numbers, hyphens and underscores.");
    if (containers == nullptr || !containers->is_array() || containers->empty())
        return aws_fail("ClientException", "Container list cannot be empty.");
    Json content = request;
    content.erase("family");
    content.erase("tags");
    auto text = dump_json(content);
    if (text.size() > kLargest)
        return aws_fail("ClientException",
                        fmt::format("Actual length: '{}'. Max allowed length is '{}' bytes.", text.size(), kLargest));
    auto& revisions = context.state.families[*family];
    revisions.push_back({.family = *family,
                         .revision = revisions.empty() ? 1 : revisions.back().revision + 1,
                         .active = true,
                         .registered_at = context.now,
                         .content = std::move(text),
                         .tags = std::move(tags)});
    return Json{{"taskDefinition", task_definition_json(context.state, revisions.back())},
                {"tags", tags_json(revisions.back().tags)}};
}

EcsAnswer deregister_task_definition(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto reference, Parameters(request).text("taskDefinition"));
    if (!reference || !reference->contains(':'))
        return aws_fail("ClientException", "The task definition must be given with its revision.");
    TaskDefinitionRevision* revision = context.state.find_task_definition(*reference);
    if (revision == nullptr) return aws_fail("ClientException", "The specified task definition does not exist.");
    revision->active = false;
    return Json{{"taskDefinition", task_definition_json(context.state, *revision)}};
}

constexpr std::array kTaskDefinitionOperations{
    EcsOperation{"ListTaskDefinitions", &list_task_definitions},
    EcsOperation{"ListTaskDefinitionFamilies", &list_task_definition_families},
    EcsOperation{"DescribeTaskDefinition", &describe_task_definition},
    EcsOperation{"RegisterTaskDefinition", &register_task_definition},
    EcsOperation{"DeregisterTaskDefinition", &deregister_task_definition},
};

}  // namespace

std::span<const EcsOperation> task_definition_operations() { return kTaskDefinitionOperations; }

}  // namespace ci_lambda::sandbox
