#include "services/codedeploy/app_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kKey = "taskdefinition";

/// All members of that name, wherever they stand.
void collect(Json& json, std::vector<Json*>& found) {
    if (json.is_array())
        for (auto& one : json) collect(one, found);
    if (!json.is_object()) return;
    for (auto& [key, value] : json.items()) {
        if (value.is_string() && to_lower(key) == kKey)
            found.push_back(&value);
        else
            collect(value, found);
    }
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view without_quotes(std::string_view text) {
    const bool quoted = text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

/// Where in a line of YAML the value of the key stands that we look for: behind the colon.
std::optional<std::size_t> value_in(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto key = trimmed(line.substr(0, colon));
    if (key.starts_with("- ")) key = trimmed(key.substr(2));
    if (to_lower(without_quotes(key)) != kKey) return std::nullopt;
    return colon + 1;
}

/// Without a comment.
std::string_view value_at(std::string_view line, std::size_t at) {
    auto value = line.substr(at);
    if (const auto comment = value.find(" #"); comment != std::string_view::npos) value = value.substr(0, comment);
    return without_quotes(trimmed(value));
}

std::unexpected<Error> unclear(std::size_t places) {
    return fail(ErrorKind::kRejected,
                fmt::format("the AppSpec of the last deployment names its TaskDefinition in {} places, not in one; "
                            "deploy once by CodeDeploy with an AppSpec that does",
                            places));
}

}  // namespace

std::string task_definition_in(std::string_view app_spec) {
    if (auto json = parse_json(app_spec); json && json->is_object()) {
        std::vector<Json*> found;
        collect(*json, found);
        return found.empty() ? std::string() : found.front()->get<std::string>();
    }
    for (const auto& line : split(app_spec, '\n'))
        if (const auto at = value_in(line)) return std::string(value_at(line, *at));
    return {};
}

Result<std::string> with_task_definition(std::string_view app_spec, std::string_view task_definition) {
    if (auto json = parse_json(app_spec); json && json->is_object()) {
        std::vector<Json*> found;
        collect(*json, found);
        if (found.size() != 1) return unclear(found.size());
        *found.front() = std::string(task_definition);
        return dump_json(*json);
    }
    auto lines = split(app_spec, '\n');
    std::size_t places = 0;
    for (auto& line : lines) {
        const auto at = value_in(line);
        if (!at) continue;
        ++places;
        line = fmt::format("{} \"{}\"{}", line.substr(0, *at), task_definition, line.ends_with('\r') ? "\r" : "");
    }
    if (places != 1) return unclear(places);
    return join(lines, "\n");
}

std::string new_app_spec(std::string_view task_definition, std::string_view container, int port) {
    const Json properties{{"TaskDefinition", task_definition},
                          {"LoadBalancerInfo", {{"ContainerName", container}, {"ContainerPort", port}}}};
    const Json target{{"Type", "AWS::ECS::Service"}, {"Properties", properties}};
    Json spec{{"version", 0.0}};
    spec["Resources"] = Json::array({Json{{"TargetService", target}}});
    return dump_json(spec);
}

}  // namespace ci_lambda
