#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "net/http.hpp"
#include "services/ecs/decode.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kHidden = "***";

/// What of a container is shown; people put secrets everywhere else: into commands, labels, options of log drivers.
constexpr std::array<std::string_view, 7> kShownOfContainers{
    "name", "image", "essential", "cpu", "memory", "memoryReservation", "portMappings"};

/// Members that hold secrets elsewhere: `options` are those of a log driver, also Service Connect's.
constexpr std::array<std::string_view, 6> kHiddenAnywhere{"environment", "options",     "command",
                                                          "entryPoint",  "healthCheck", "dockerLabels"};

bool is_in(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

/// Of environment variables: what they are called.
Json names_in(const Json& variables) {
    Json names = Json::array();
    for (const auto& variable : variables) names.push_back(find_string(variable, "name").value_or(""));
    return names;
}

Json container_in_log(const Json& container) {
    Json shown = Json::object();
    for (const auto& [name, value] : container.items()) {
        const bool variables = (name == "environment" || name == "secrets") && value.is_array();
        shown[name] = variables ? names_in(value) : is_in(kShownOfContainers, name) ? value : Json(kHidden);
    }
    return shown;
}

Json in_log(const Json& value);

Json member_in_log(const std::string& name, const Json& value) {
    if (name == "primaryContainer") return value.is_object() ? container_in_log(value) : Json(kHidden);
    const bool containers = name == "containerDefinitions" || name == "containerOverrides";
    if (!containers) return is_in(kHiddenAnywhere, name) ? Json(kHidden) : in_log(value);
    Json shown = Json::array();
    for (const auto& one : value) shown.push_back(one.is_object() ? container_in_log(one) : Json(kHidden));
    return shown;
}

Json in_log(const Json& value) {
    if (!value.is_structured()) return value;
    Json shown = value.is_array() ? Json::array() : Json::object();
    if (value.is_array())
        for (const auto& one : value) shown.push_back(in_log(one));
    else
        for (const auto& [name, member] : value.items()) shown[name] = member_in_log(name, member);
    return shown;
}

}  // namespace

std::string ecs_body_in_log(std::string_view body) {
    const auto json = parse_json(body);
    return json ? dump_json(in_log(*json)) : size_only(body);
}

}  // namespace ci_lambda
