#include <array>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxTags = 50;  // of one resource (ECS API reference, Tag)

/// The tags of the service or task definition that `resourceArn` means; never nullptr.
AwsResult<Tags*> find_tags(EcsContext& context, const Json& request, const char* error) {
    TRY_ASSIGN(const auto arn, Parameters(request).text("resourceArn"));
    if (!arn || arn->empty()) return invalid_parameter("resourceArn cannot be empty.");
    if (Service* service = owner_of(context, *arn, "service")) return &service->tags;
    if (arn->contains(":task-definition/"))
        if (TaskDefinitionRevision* revision = context.state.find_task_definition(*arn)) return &revision->tags;
    return aws_fail(error, "The specified resource could not be found.");
}

EcsAnswer tag_resource(EcsContext& context, const Json& request) {
    TRY_ASSIGN(Tags* const tags, find_tags(context, request, "ResourceNotFoundException"));
    TRY_ASSIGN(const auto given, tags_of(request));
    Tags merged = *tags;
    for (const auto& [key, value] : given) merged[key] = value;
    if (merged.size() > kMaxTags) return invalid_parameter("A resource has at most 50 tags.");
    *tags = std::move(merged);
    return Json::object();
}

EcsAnswer untag_resource(EcsContext& context, const Json& request) {
    TRY_ASSIGN(Tags* const tags, find_tags(context, request, "ResourceNotFoundException"));
    TRY_ASSIGN(const auto keys, Parameters(request).texts("tagKeys"));
    for (const auto& key : keys) tags->erase(key);
    return Json::object();
}

EcsAnswer list_tags_for_resource(EcsContext& context, const Json& request) {
    // The model has no ResourceNotFoundException for this operation.
    TRY_ASSIGN(const Tags* const tags, find_tags(context, request, "InvalidParameterException"));
    return Json{{"tags", tags_json(*tags)}};
}

constexpr std::array kTagOperations{
    EcsOperation{"TagResource", &tag_resource},
    EcsOperation{"UntagResource", &untag_resource},
    EcsOperation{"ListTagsForResource", &list_tags_for_resource},
};

}  // namespace

std::span<const EcsOperation> tag_operations() { return kTagOperations; }

}  // namespace ci_lambda::sandbox
