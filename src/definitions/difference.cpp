#include "definitions/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using Kind = Difference::Kind;

/// ECS API reference, TaskDefinition: what RegisterTaskDefinition does not take.
constexpr std::array<std::string_view, 9> kOfAnswers{"taskDefinitionArn",  "revision",        "status",
                                                     "requiresAttributes", "compatibilities", "registeredAt",
                                                     "registeredBy",       "deregisteredAt",  "deleteRequestedAt"};

/// Whose values may be shown, wherever they are in a task definition. Everything else may hold a secret.
constexpr auto kShown = std::to_array<std::string_view>({"family",
                                                         "taskRoleArn",
                                                         "executionRoleArn",
                                                         "networkMode",
                                                         "requiresCompatibilities",
                                                         "cpu",
                                                         "memory",
                                                         "pidMode",
                                                         "ipcMode",
                                                         "runtimePlatform",
                                                         "cpuArchitecture",
                                                         "operatingSystemFamily",
                                                         "ephemeralStorage",
                                                         "sizeInGiB",
                                                         "enableFaultInjection",
                                                         "image",
                                                         "memoryReservation",
                                                         "essential",
                                                         "portMappings",
                                                         "containerPort",
                                                         "hostPort",
                                                         "protocol",
                                                         "appProtocol",
                                                         "environmentFiles",
                                                         "type",
                                                         "mountPoints",
                                                         "sourceVolume",
                                                         "containerPath",
                                                         "readOnly",
                                                         "volumesFrom",
                                                         "sourceContainer",
                                                         "dependsOn",
                                                         "condition",
                                                         "containerName",
                                                         "startTimeout",
                                                         "stopTimeout",
                                                         "user",
                                                         "workingDirectory",
                                                         "readonlyRootFilesystem",
                                                         "privileged",
                                                         "ulimits",
                                                         "softLimit",
                                                         "hardLimit",
                                                         "versionConsistency",
                                                         "hostname",
                                                         "links",
                                                         "interactive",
                                                         "pseudoTerminal",
                                                         "disableNetworking",
                                                         "name",
                                                         "valueFrom"});
/// What a list of environment files has for a value is a place, and no secret.
constexpr std::string_view kEnvironmentFiles = "environmentFiles";

bool is_in(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

std::string shown_value(const Json& value) {
    constexpr std::size_t kLongest = 300;
    return one_line(value.is_string() ? value.get<std::string>() : dump_json(value), kLongest);
}

/// Compares and keeps what differs.
class Comparison {
public:
    std::vector<Difference> done() { return std::move(differences_); }

    /// Of two objects all members but `left_out`.
    void members(const std::string& parent, const Json& before, const Json& after, bool shown,
                 const std::set<std::string>& left_out = {}) {
        std::set<std::string> keys;
        for (const auto* one : {&before, &after})
            if (one->is_object())
                for (const auto& [key, value] : one->items())
                    if (!left_out.contains(key)) keys.insert(key);
        for (const auto& key : keys) {
            const auto place = parent.empty() ? key : parent + "." + key;
            const bool its_shown =
                shown && (is_in(kShown, key) || (key == "value" && parent.contains(kEnvironmentFiles)));
            value(place, find(before, key), find(after, key), its_shown);
        }
    }

    /// Of two lists of objects with a name each: variables, secrets.
    void by_name(std::string_view what, std::string_view member, const Json* before, const Json* after, bool shown) {
        const auto old_values = named(before, member);
        const auto new_values = named(after, member);
        std::set<std::string> names;
        for (const auto* one : {&old_values, &new_values})
            for (const auto& [name, value] : *one) names.insert(name);
        for (const auto& name : names) {
            const auto old_value = old_values.find(name);
            const auto new_value = new_values.find(name);
            value(fmt::format("{} {}", what, name), old_value == old_values.end() ? nullptr : &old_value->second,
                  new_value == new_values.end() ? nullptr : &new_value->second, shown);
        }
    }

    void value(const std::string& place, const Json* before, const Json* after, bool shown) {
        // ECS answers with empty lists for what was not given.
        if (before != nullptr && before->empty() && before->is_structured()) before = nullptr;
        if (after != nullptr && after->empty() && after->is_structured()) after = nullptr;
        if (before == nullptr && after == nullptr) return;
        if (before != nullptr && after != nullptr && *before == *after) return;
        const auto is_or_no = [](const Json* one, Json::value_t type) { return one == nullptr || one->type() == type; };
        if (is_or_no(before, Json::value_t::object) && is_or_no(after, Json::value_t::object)) {
            static const Json nothing = Json::object();
            members(place, before == nullptr ? nothing : *before, after == nullptr ? nothing : *after, shown);
            return;
        }
        if (is_or_no(before, Json::value_t::array) && is_or_no(after, Json::value_t::array)) {
            const auto old_size = before == nullptr ? 0 : before->size();
            const auto new_size = after == nullptr ? 0 : after->size();
            for (std::size_t i = 0; i < std::max(old_size, new_size); ++i)
                value(fmt::format("{}[{}]", place, i), i < old_size ? &(*before)[i] : nullptr,
                      i < new_size ? &(*after)[i] : nullptr, shown);
            return;
        }
        const bool plain =
            (before == nullptr || !before->is_structured()) && (after == nullptr || !after->is_structured());
        Difference difference{.place = one_line(place, kLongestPlace),
                              .before = {},
                              .after = {},
                              .kind = before == nullptr  ? Kind::kAdded
                                      : after == nullptr ? Kind::kRemoved
                                                         : Kind::kChanged,
                              .hidden = !shown || !plain};
        if (!difference.hidden) {
            if (before != nullptr) difference.before = shown_value(*before);
            if (after != nullptr) difference.after = shown_value(*after);
        }
        differences_.push_back(std::move(difference));
    }

private:
    static constexpr std::size_t kLongestPlace = 200;

    static std::map<std::string, Json> named(const Json* list, std::string_view member) {
        std::map<std::string, Json> values;
        if (list == nullptr || !list->is_array()) return values;
        for (const auto& one : *list)
            if (const auto name = find_string(one, "name"))
                values[*name] = find(one, member) == nullptr ? Json("") : *find(one, member);
        return values;
    }

    std::vector<Difference> differences_;
};

std::vector<Difference> compare_containers(const Json& before, const Json& after) {
    Comparison comparison;
    comparison.value("image", find(before, "image"), find(after, "image"), true);
    comparison.by_name("environment", "value", find(before, "environment"), find(after, "environment"), false);
    comparison.by_name("secret", "valueFrom", find(before, "secrets"), find(after, "secrets"), true);
    comparison.members("", before, after, true, {"name", "image", "environment", "secrets"});
    return comparison.done();
}

std::vector<const Json*> containers_of(const Json& definition) {
    std::vector<const Json*> containers;
    const Json* list = find(definition, "containerDefinitions");
    if (list != nullptr && list->is_array())
        for (const auto& one : *list) containers.push_back(&one);
    return containers;
}

const Json* container_named(const std::vector<const Json*>& containers, const std::string& name) {
    for (const auto* one : containers)
        if (find_string(*one, "name").value_or("") == name) return one;
    return nullptr;
}

ContainerDifference whole_container(const Json& container, Kind kind) {
    Difference image{.place = "image", .before = {}, .after = {}, .kind = kind, .hidden = false};
    (kind == Kind::kAdded ? image.after : image.before) = one_line(find_string(container, "image").value_or(""), 300);
    return {.container = one_line(find_string(container, "name").value_or(""), 300),
            .kind = kind,
            .differences = {std::move(image)}};
}

}  // namespace

Result<DefinitionDifference> compare_definitions(std::string_view before, std::string_view after) {
    TRY_ASSIGN(const auto older, parse_json(before));
    TRY_ASSIGN(const auto newer, parse_json(after));
    std::set<std::string> left_out{"containerDefinitions"};
    for (const auto member : kOfAnswers) left_out.emplace(member);
    Comparison task;
    task.members("", older, newer, true, left_out);
    DefinitionDifference all{.task = task.done(), .containers = {}};
    const auto old_containers = containers_of(older);
    const auto new_containers = containers_of(newer);
    for (const auto* container : new_containers) {
        const auto name = find_string(*container, "name").value_or("");
        const auto* old_container = container_named(old_containers, name);
        if (old_container == nullptr) {
            all.containers.push_back(whole_container(*container, Kind::kAdded));
            continue;
        }
        auto differences = compare_containers(*old_container, *container);
        if (!differences.empty())
            all.containers.push_back(
                {.container = one_line(name, 300), .kind = Kind::kChanged, .differences = std::move(differences)});
    }
    for (const auto* container : old_containers)
        if (container_named(new_containers, find_string(*container, "name").value_or("")) == nullptr)
            all.containers.push_back(whole_container(*container, Kind::kRemoved));
    return all;
}

Result<std::string> with_images(std::string_view definition, const std::map<std::string, std::string>& images) {
    TRY_ASSIGN(auto json, parse_json(definition));
    const auto containers = json.find("containerDefinitions");
    if (containers == json.end() || !containers->is_array()) return dump_json(json);
    for (auto& container : *containers)
        if (const auto found = images.find(find_string(container, "name").value_or("")); found != images.end())
            container["image"] = found->second;
    return dump_json(json);
}

Result<std::string> content_of(std::string_view definition) {
    TRY_ASSIGN(auto json, parse_json(definition));
    if (!json.is_object()) return fail(ErrorKind::kProtocol, "a task definition is no JSON object");
    for (const auto member : kOfAnswers) json.erase(std::string(member));
    return dump_json(json);
}

std::map<std::string, std::string> images_in(std::string_view definition) {
    std::map<std::string, std::string> images;
    const auto json = parse_json(definition);
    if (!json) return images;
    for (const auto* container : containers_of(*json))
        images[find_string(*container, "name").value_or("")] = find_string(*container, "image").value_or("");
    return images;
}

void add_moved_tag(DefinitionDifference& difference, const std::string& container, const std::string& running_digest,
                   const std::string& next_digest) {
    Difference moved{.place = "image (the tag has moved)",
                     .before = running_digest,
                     .after = next_digest,
                     .kind = Kind::kChanged,
                     .hidden = false};
    const auto found = std::ranges::find(difference.containers, container, &ContainerDifference::container);
    if (found == difference.containers.end())
        difference.containers.push_back(
            {.container = container, .kind = Kind::kChanged, .differences = {std::move(moved)}});
    else
        found->differences.insert(found->differences.begin(), std::move(moved));
}

}  // namespace ci_lambda
