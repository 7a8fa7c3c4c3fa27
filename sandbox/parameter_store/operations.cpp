#include "sandbox/parameter_store/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/paging.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMostNames = 10;
constexpr std::size_t kMostVersions = 100;
constexpr std::size_t kMostLevels = 15;
constexpr std::size_t kMostCharactersOfStandard = 4096;
constexpr std::size_t kMostCharacters = 8192;
constexpr std::size_t kCiphertextCharacters = 88;

std::unexpected<AwsError> not_valid(std::string message) { return aws_fail("ValidationException", std::move(message)); }

std::unexpected<AwsError> parameter_not_found(const std::string& name) {
    return aws_fail("ParameterNotFound", fmt::format("Parameter {} not found.", name));
}

void tell_change(ParametersContext& context, const StoredParameter& parameter, std::string_view operation) {
    Json detail{{"operation", operation}, {"name", parameter.name}, {"type", parameter.type}};
    if (!parameter.description.empty()) detail["description"] = parameter.description;
    context.events.push_back(make_event({.source = "aws.ssm",
                                         .detail_type = "Parameter Store Change",
                                         .account = context.state.account,
                                         .region = context.state.region,
                                         .resources = {context.state.arn_of(parameter.name)}},
                                        detail, context.ids, context.now));
}

Json parameter_json(const ParameterStoreState& state, const StoredParameter& parameter, const ParameterVersion& version,
                    bool decrypted) {
    return {{"Name", parameter.name},
            {"Type", parameter.type},
            {"Value", parameter.is_secure() && !decrypted ? version.ciphertext : version.value},
            {"Version", version.number},
            {"LastModifiedDate", epoch_seconds(version.changed_at)},
            {"ARN", state.arn_of(parameter.name)},
            {"DataType", parameter.data_type}};
}

/// A parameter and one of its versions, as a name with or without `:VERSION` behind it means it.
struct Selected {
    const StoredParameter* parameter;
    const ParameterVersion* version;
    std::string selector;  ///< ":3"; empty for the newest
};

AwsResult<Selected> select_parameter(const ParameterStoreState& state, const std::string& asked) {
    std::string selector;
    std::string name = asked;
    // An ARN has colons of its own, all in front of the first slash.
    const auto colon = asked.rfind(':');
    const auto slash = asked.rfind('/');
    const bool is_arn = asked.starts_with("arn:");
    if (colon != std::string::npos && (!is_arn || (slash != std::string::npos && colon > slash))) {
        selector = asked.substr(colon);
        name = asked.substr(0, colon);
    }
    const auto found = state.parameters.find(state.name_of(name));
    if (found == state.parameters.end()) return parameter_not_found(name);
    const auto& parameter = found->second;
    if (selector.empty()) return Selected{.parameter = &parameter, .version = &parameter.newest(), .selector = {}};
    const auto number = parse_unsigned(std::string_view(selector).substr(1));
    const auto version = std::ranges::find_if(
        parameter.versions, [&](const ParameterVersion& one) { return number && std::cmp_equal(one.number, *number); });
    if (version == parameter.versions.end())
        return aws_fail("ParameterVersionNotFound",
                        fmt::format("Systems Manager could not find version {} of {}. Verify the version and try "
                                    "again.",
                                    selector.substr(1), parameter.name));
    return Selected{.parameter = &parameter, .version = &*version, .selector = selector};
}

Json selected_json(const ParameterStoreState& state, const Selected& selected, bool decrypted) {
    auto json = parameter_json(state, *selected.parameter, *selected.version, decrypted);
    if (!selected.selector.empty()) json["Selector"] = selected.selector;
    return json;
}

AwsResult<std::string> required_name(const Json& request) {
    TRY_ASSIGN(auto name, Parameters(request).text("Name"));
    if (!name || name->empty()) return not_valid("Parameter name: can't be empty.");
    return *std::move(name);
}

AwsResult<std::vector<std::string>> required_names(const Json& request) {
    TRY_ASSIGN(auto names, Parameters(request).texts("Names"));
    if (names.empty() || names.size() > kMostNames)
        return not_valid(
            fmt::format("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have "
                        "length less than or equal to {0} and greater than or equal to 1",
                        kMostNames));
    return names;
}

ParametersAnswer get_parameter(ParametersContext& context, const Json& request) {
    TRY_ASSIGN(const auto name, required_name(request));
    TRY_ASSIGN(const auto decrypted, Parameters(request).flag("WithDecryption"));
    TRY_ASSIGN(const auto selected, select_parameter(context.state, name));
    return Json{{"Parameter", selected_json(context.state, selected, decrypted)}};
}

ParametersAnswer get_parameters(ParametersContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, required_names(request));
    TRY_ASSIGN(const auto decrypted, Parameters(request).flag("WithDecryption"));
    Json answer{{"Parameters", Json::array()}, {"InvalidParameters", Json::array()}};
    for (const auto& name : names) {
        if (const auto selected = select_parameter(context.state, name))
            answer["Parameters"].push_back(selected_json(context.state, *selected, decrypted));
        else
            answer["InvalidParameters"].push_back(name);
    }
    return answer;
}

/// The page that `MaxResults` and `NextToken` ask for.
AwsResult<Page> parameters_page(const Json& request, std::size_t count, PageSizes sizes) {
    Json asked = Json::object();
    for (const auto& [ours, theirs] : {std::pair{"maxResults", "MaxResults"}, std::pair{"nextToken", "NextToken"}})
        if (const Json* value = find(request, theirs)) asked[ours] = *value;
    auto page = page_of(asked, count, sizes);
    if (!page && find(request, "NextToken") != nullptr)
        return aws_fail("InvalidNextToken", "The specified token isn't valid.");
    if (!page) return not_valid(page.error().message);
    return page;
}

/// Refuses what would show less than it says.
AwsResult<bool> without_filters(const Json& request) {
    for (const auto* filters : {"ParameterFilters", "Filters"})
        if (const Json* found = find(request, filters); found != nullptr && !found->empty())
            return aws_fail("InvalidFilterKey", fmt::format("{}: the sandbox does not filter.", filters));
    return true;
}

ParametersAnswer get_parameters_by_path(ParametersContext& context, const Json& request) {
    constexpr PageSizes kTen{.usual = 10, .most = 10};
    TRY(without_filters(request));
    TRY_ASSIGN(auto path, Parameters(request).text("Path"));
    TRY_ASSIGN(const auto recursive, Parameters(request).flag("Recursive"));
    TRY_ASSIGN(const auto decrypted, Parameters(request).flag("WithDecryption"));
    if (!path || !path->starts_with('/'))
        return not_valid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin "
            "with a forward slash \"/\".");
    if (!path->ends_with('/')) *path += '/';
    std::vector<const StoredParameter*> wanted;
    for (const auto& [name, parameter] : context.state.parameters)
        if (name.starts_with(*path) && (recursive || !std::string_view(name).substr(path->size()).contains('/')))
            wanted.push_back(&parameter);
    TRY_ASSIGN(const auto page, parameters_page(request, wanted.size(), kTen));
    Json answer{{"Parameters", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i)
        answer["Parameters"].push_back(parameter_json(context.state, *wanted[i], wanted[i]->newest(), decrypted));
    if (!page.next_token.empty()) answer["NextToken"] = page.next_token;
    return answer;
}

ParametersAnswer describe_parameters(ParametersContext& context, const Json& request) {
    constexpr PageSizes kFifty{.usual = 50, .most = 50};
    TRY(without_filters(request));
    std::vector<const StoredParameter*> wanted;
    for (const auto& [name, parameter] : context.state.parameters) wanted.push_back(&parameter);
    TRY_ASSIGN(const auto page, parameters_page(request, wanted.size(), kFifty));
    Json answer{{"Parameters", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i) {
        auto json = parameter_json(context.state, *wanted[i], wanted[i]->newest(), false);
        json.erase("Value");
        json["Tier"] = wanted[i]->tier;
        if (!wanted[i]->description.empty()) json["Description"] = wanted[i]->description;
        if (wanted[i]->is_secure()) json["KeyId"] = wanted[i]->key_id;
        answer["Parameters"].push_back(std::move(json));
    }
    if (!page.next_token.empty()) answer["NextToken"] = page.next_token;
    return answer;
}

/// Systems Manager user guide, "Requirements and constraints for parameter names".
AwsResult<bool> check_name(const std::string& name) {
    constexpr std::string_view kAllowed = "/_.-";
    const bool characters = std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kAllowed.contains(c);
    });
    if (!characters)
        return not_valid(
            "Invalid characters in parameter name. Only a combination of letters, numbers and the "
            "following symbols are allowed: a-zA-Z0-9_.-/");
    if (name.contains('/') && !name.starts_with('/'))
        return not_valid("Parameter name must be a fully qualified name.");
    const auto plain = to_lower(name.starts_with('/') ? name.substr(1) : name);
    if (plain.starts_with("aws") || plain.starts_with("ssm"))
        return not_valid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
    if (std::ranges::count(name, '/') > static_cast<std::ptrdiff_t>(kMostLevels))
        return aws_fail("HierarchyLevelLimitExceededException",
                        fmt::format("A parameter name has at most {} levels.", kMostLevels));
    return true;
}

AwsResult<bool> check_type(const std::optional<std::string>& type, const StoredParameter* known) {
    if (!type) {
        if (known == nullptr) return not_valid("A parameter type is required when you create a parameter.");
        return true;
    }
    if (*type != "String" && *type != "StringList" && *type != "SecureString")
        return aws_fail("UnsupportedParameterType", fmt::format("The parameter type {} is not supported.", *type));
    if (known != nullptr && known->type != *type)
        return aws_fail("HierarchyTypeMismatchException",
                        fmt::format("The parameter is a {}, and its type can't be changed.", known->type));
    return true;
}

/// The tier that it has from now on: as asked for, or the least that the value needs.
AwsResult<std::string> tier_for(const Json& request, const std::string& value, const StoredParameter* known) {
    TRY_ASSIGN(const auto asked, Parameters(request).text("Tier"));
    const bool is_long = value.size() > kMostCharactersOfStandard;
    const auto was = known == nullptr ? std::string("Standard") : known->tier;
    const auto wanted = asked.value_or(was);
    if (wanted != "Standard" && wanted != "Advanced" && wanted != "Intelligent-Tiering")
        return not_valid(fmt::format("Tier: {} is none.", wanted));
    if (value.empty() || value.size() > kMostCharacters)
        return not_valid(fmt::format("A parameter value must have 1 to {} characters.", kMostCharacters));
    if (is_long && wanted == "Standard")
        return not_valid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a "
            "larger parameter value, upgrade the parameter to use the advanced-parameter tier.");
    return wanted == "Intelligent-Tiering" ? (is_long ? "Advanced" : was) : wanted;
}

ParametersAnswer put_parameter(ParametersContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto asked_name, required_name(request));
    const auto name = context.state.name_of(asked_name);
    TRY(check_name(name));
    TRY_ASSIGN(const auto type, parameters.text("Type"));
    TRY_ASSIGN(const auto value, parameters.text("Value"));
    TRY_ASSIGN(const auto description, parameters.text("Description"));
    TRY_ASSIGN(const auto data_type, parameters.text("DataType"));
    TRY_ASSIGN(const auto key, parameters.text("KeyId"));
    TRY_ASSIGN(const auto overwrite, parameters.flag("Overwrite"));
    for (const auto* member : {"AllowedPattern", "Policies"})
        if (find(request, member) != nullptr) return not_valid(fmt::format("{}: the sandbox has none.", member));
    const auto found = context.state.parameters.find(name);
    const bool is_new = found == context.state.parameters.end();
    const auto* known = is_new ? nullptr : &found->second;
    if (!is_new && !overwrite)
        return aws_fail("ParameterAlreadyExists",
                        "The parameter already exists. To overwrite this value, set the "
                        "overwrite option in the request to true.");
    TRY(check_type(type, known));
    TRY_ASSIGN(const auto tier, tier_for(request, value.value_or(""), known));

    auto& parameter = is_new ? context.state.parameters[name] : found->second;
    if (is_new) parameter = {.name = name, .type = *type};
    if (parameter.is_secure()) parameter.key_id = key.value_or(is_new ? "alias/aws/ssm" : parameter.key_id);
    parameter.tier = tier;
    if (description) parameter.description = *description;
    if (data_type) parameter.data_type = *data_type;
    const int number = parameter.versions.empty() ? 1 : parameter.newest().number + 1;
    parameter.versions.push_back({.number = number,
                                  .value = *value,
                                  .ciphertext = "AQICAH" + context.ids.token(kCiphertextCharacters),
                                  .changed_at = context.now});
    if (parameter.versions.size() > kMostVersions) parameter.versions.erase(parameter.versions.begin());
    tell_change(context, parameter, is_new ? "Create" : "Update");
    return Json{{"Version", number}, {"Tier", tier}};
}

ParametersAnswer delete_parameter(ParametersContext& context, const Json& request) {
    TRY_ASSIGN(const auto name, required_name(request));
    const auto found = context.state.parameters.find(context.state.name_of(name));
    if (found == context.state.parameters.end()) return parameter_not_found(name);
    tell_change(context, found->second, "Delete");
    context.state.parameters.erase(found);
    return Json::object();
}

ParametersAnswer delete_parameters(ParametersContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, required_names(request));
    Json answer{{"DeletedParameters", Json::array()}, {"InvalidParameters", Json::array()}};
    for (const auto& name : names) {
        const auto deleted = delete_parameter(context, {{"Name", name}});
        answer[deleted ? "DeletedParameters" : "InvalidParameters"].push_back(name);
    }
    return answer;
}

/// Of calendars by name or ARN: open where all of them are. They change when somebody says so, and at no time of their
/// own.
ParametersAnswer get_calendar_state(ParametersContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, Parameters(request).texts("CalendarNames"));
    TRY_ASSIGN(const auto at, Parameters(request).text("AtTime"));
    if (names.empty()) return not_valid("CalendarNames: must have at least one member");
    bool is_closed = false;
    for (const auto& name : names) {
        const auto found = context.state.calendars.find(std::string(last_segment(name)));
        if (found == context.state.calendars.end())
            return aws_fail("InvalidDocument", fmt::format("Document with name {} does not exist.", name));
        is_closed = is_closed || found->second;
    }
    return Json{{"State", is_closed ? "CLOSED" : "OPEN"}, {"AtTime", at.value_or(format_rfc3339(context.now))}};
}

constexpr std::array kParametersOperations{
    ParametersOperation{"DeleteParameter", &delete_parameter},
    ParametersOperation{"DeleteParameters", &delete_parameters},
    ParametersOperation{"DescribeParameters", &describe_parameters},
    ParametersOperation{"GetCalendarState", &get_calendar_state},
    ParametersOperation{"GetParameter", &get_parameter},
    ParametersOperation{"GetParameters", &get_parameters},
    ParametersOperation{"GetParametersByPath", &get_parameters_by_path},
    ParametersOperation{"PutParameter", &put_parameter},
};

}  // namespace

const ParametersOperation* find_parameters_operation(std::string_view name) {
    const auto* const found = std::ranges::find(kParametersOperations, name, &ParametersOperation::name);
    return found == kParametersOperations.end() ? nullptr : found;
}

}  // namespace ci_lambda::sandbox
