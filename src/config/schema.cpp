
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/pipeline.hpp"
#include "config/reference.hpp"
#include "config/service_task_reader.hpp"
#include "config/settings.hpp"

namespace ci_lambda {
namespace {

/// In the order of the tables, which is that of importance.
using OrderedSchema = nlohmann::ordered_json;

OrderedSchema object_schema() {
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", OrderedSchema::object()}};
}

OrderedSchema text_schema(std::string_view format) {
    OrderedSchema schema{{"type", "string"}, {"minLength", 1}};
    if (!format.empty()) schema["pattern"] = format;
    return schema;
}

OrderedSchema list_schema(OrderedSchema items) { return {{"type", "array"}, {"items", std::move(items)}}; }

OrderedSchema files_schema() {
    auto file = object_schema();
    file["required"] = {"bucket", "key"};
    file["properties"] = {{"bucket", text_schema({})}, {"key", text_schema({})}};
    return list_schema(std::move(file));
}

/// As `MapReader::scheduled_tasks` reads it.
OrderedSchema tasks_schema() {
    const auto names = list_schema(text_schema("^([A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]+$"));
    auto task = object_schema();
    task["required"] = {"task_family"};
    task["properties"] = {
        {"task_family", text_schema(kServiceIdFormat)},
        {"repositories", list_schema(text_schema("."))},
        {"schedules", names},
        {"rules", names},
        {"auto_deploy", {{"type", "boolean"}}},
        {"tags", list_schema(text_schema({}))},
        {"type", {{"const", "scheduled_task"}}},
        {"service_name", {{"type", "string"}}},
    };
    return {{"type", "object"},
            {"propertyNames", {{"pattern", "^(task:)?[A-Za-z0-9_.-]{1,255}$"}}},
            {"additionalProperties", std::move(task)}};
}

/// As `parse_targets` reads it.
OrderedSchema targets_schema() {
    auto target = object_schema();
    target["required"] = OrderedSchema::array({"region"});
    target["properties"] = {{"region", text_schema(setting_of("REGIONS").format)},
                            {"cluster", text_schema(kServiceIdFormat)},
                            {"role_arn", text_schema(setting_of("VERIFY_SCHEDULE_ROLE").format)},
                            {"external_id", {{"type", "string"}, {"minLength", 2}, {"maxLength", 1224}}}};
    return {{"type", "object"},
            {"minProperties", 1},
            {"maxProperties", 100},
            {"propertyNames", {{"pattern", "^[A-Za-z0-9_.-]{1,64}$"}}},
            {"additionalProperties", std::move(target)}};
}

/// A word, or an object as `parse_strategy` reads it.
OrderedSchema strategy_schema(std::string_view format) {
    const auto whole = [](int least, int most) {
        return OrderedSchema{{"type", "integer"}, {"minimum", least}, {"maximum", most}};
    };
    auto hook = object_schema();
    hook["required"] = {"type", "stages"};
    hook["properties"] = {
        {"type", {{"enum", {"pause", "lambda"}}}}, {"stages", list_schema(text_schema({}))},
        {"timeout_minutes", whole(1, 20160)},      {"on_timeout", {{"enum", {"roll_back", "continue"}}}},
        {"function", text_schema("^arn:")},        {"role", text_schema("^arn:")}};
    OrderedSchema schema{{"type", {"string", "object"}}, {"pattern", format}};
    schema["additionalProperties"] = false;
    schema["required"] = OrderedSchema::array({"type"});
    schema["properties"] = {
        {"type", {{"enum", {"keep", "rolling", "blue_green", "linear", "canary"}}}},
        {"percent", {{"type", "number"}, {"minimum", 0.1}, {"maximum", 100}}},
        {"step_minutes", whole(0, 1440)},
        {"bake_minutes", whole(0, 1440)},
        {"alarms", list_schema(text_schema({}))},
        {"hooks", list_schema(std::move(hook))},
        {"early_success",
         {{"type", {"boolean", "object"}},
          {"additionalProperties", false},
          {"properties", {{"healthy_percent", whole(0, 100)}, {"cleanup", {{"enum", {"blocking", "deferred"}}}}}}}}};
    return schema;
}

/// As `read_verify_urls` reads it.
OrderedSchema urls_schema() {
    const OrderedSchema url{{"type", "string"}, {"pattern", "^[Hh][Tt][Tt][Pp][Ss]?://[^@#]+$"}};
    auto object = object_schema();
    object["required"] = {"url"};
    object["properties"] = {{"url", url},
                            {"status", {{"type", "integer"}, {"minimum", 100}, {"maximum", 599}, {"default", 200}}},
                            {"body", {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}}},
                            {"times", {{"type", "integer"}, {"minimum", 1}, {"maximum", 10}, {"default", 3}}}};
    auto list = list_schema({{"anyOf", {url, std::move(object)}}});
    list["maxItems"] = 10;
    return list;
}

OrderedSchema alarms_schema() {
    auto list = list_schema({{"type", "string"}, {"minLength", 1}, {"maxLength", 255}});
    list["maxItems"] = 100;
    return list;
}

OrderedSchema verify_schema() {
    const auto& seconds = setting_of("VERIFY_SECONDS");
    auto schema = object_schema();
    schema["properties"] = {
        {"alarms", alarms_schema()},
        {"urls", urls_schema()},
        {"seconds", {{"type", "integer"}, {"minimum", seconds.smallest}, {"maximum", seconds.largest}}}};
    return schema;
}

/// As `read_approval_wish` reads it.
OrderedSchema approval_schema() {
    const auto& minutes = setting_of("APPROVAL_EXPIRES_MINUTES");
    return {{"type", {"boolean", "object"}},
            {"additionalProperties", false},
            {"properties",
             {{"from", list_schema(text_schema({}))},
              {"expires_minutes", {{"type", "integer"}, {"minimum", minutes.smallest}, {"maximum", minutes.largest}}},
              {"except", list_schema({{"enum", {"manual"}}})}}}};
}

/// As `read_service_task` reads it.
OrderedSchema task_schema() {
    auto word = text_schema({});
    word["maxLength"] = kLongestWordOfCommand;
    word["minLength"] = 0;
    auto command = list_schema(std::move(word));
    command["minItems"] = 1;
    command["maxItems"] = kMostWordsOfCommand;
    auto schema = object_schema();
    schema["required"] = OrderedSchema::array({"task"});
    schema["anyOf"] = {{{"required", OrderedSchema::array({"family"})}},
                       {{"required", OrderedSchema::array({"command"})}}};
    schema["properties"] = {
        {"task", text_schema(kServiceTaskNameFormat)},
        {"family", text_schema(kServiceIdFormat)},
        {"container", text_schema(kServiceIdFormat)},
        {"command", std::move(command)},
        {"timeout_minutes", {{"type", "integer"}, {"minimum", 1}, {"maximum", kLongestTaskMinutes}, {"default", 15}}}};
    return schema;
}

OrderedSchema task_after_schema() {
    auto schema = task_schema();
    schema["properties"]["on_failure"] = {{"enum", {kRollBack, kTell}}, {"default", kRollBack}};
    return schema;
}

/// As `read_freezes` reads it.
OrderedSchema freezes_schema() {
    constexpr std::string_view kDate = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{1,2}:[0-9]{2})?$";
    const auto freeze = [](OrderedSchema times) {
        auto one = object_schema();
        one["required"] = OrderedSchema::array();
        for (const auto& [name, unused] : times.items()) one["required"].push_back(name);
        one["required"].push_back("zone");
        times["zone"] = {{"type", "string"}, {"minLength", 1}};
        times["reason"] = {{"type", "string"}, {"minLength", 1}};
        one["properties"] = std::move(times);
        return one;
    };
    auto list = list_schema({{"anyOf",
                              {freeze({{"weekly", text_schema("^[A-Za-z]+.*-.*$")}}),
                               freeze({{"daily", text_schema("^ *[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2} *$")}}),
                               freeze({{"from", text_schema(kDate)}, {"to", text_schema(kDate)}})}}});
    list["maxItems"] = 100;
    return list;
}

/// As `read_pipelines` reads it.
OrderedSchema pipelines_schema() {
    auto services = list_schema(text_schema(kServiceIdFormat));
    services["minItems"] = 1;
    services["maxItems"] = kMostServicesOfStage;
    const auto name = OrderedSchema{{"type", "string"}, {"minLength", 1}, {"maxLength", 60}};
    auto of_services = object_schema();
    of_services["required"] = OrderedSchema::array({"services"});
    of_services["properties"] = {{"name", name}, {"services", std::move(services)}, {"approval", approval_schema()}};
    auto promotion = object_schema();
    promotion["required"] = OrderedSchema::array({"promote"});
    promotion["properties"] = {
        {"name", name}, {"promote", text_schema(kServiceIdFormat)}, {"pipeline", text_schema(kPipelineNameFormat)}};
    auto stages = list_schema({{"anyOf", {std::move(of_services), std::move(promotion)}}});
    stages["minItems"] = 1;
    stages["maxItems"] = kMostStages;
    auto pipeline = object_schema();
    pipeline["required"] = OrderedSchema::array({"stages"});
    pipeline["properties"] = {{"stages", std::move(stages)},
                              {"on_failure", {{"enum", {"stop", "roll_back_earlier"}}, {"default", "stop"}}}};
    return {{"type", "object"},
            {"maxProperties", kMostPipelines},
            {"propertyNames", {{"pattern", kPipelineNameFormat}}},
            {"additionalProperties", std::move(pipeline)}};
}

/// As `read_channels` reads it.
OrderedSchema channels_schema() {
    const auto reference = text_schema("^(secretsmanager:.|ssm:.|env:.)");
    const auto one = [](std::string_view type, const OrderedSchema& members, std::vector<std::string> required) {
        auto schema = object_schema();
        required.insert(required.begin(), "type");
        schema["required"] = std::move(required);
        schema["properties"] = {{"type", {{"const", type}}}};
        schema["properties"].update(members);
        return schema;
    };
    const OrderedSchema webhook{{"webhook", reference}};
    return {
        {"type", "object"},
        {"maxProperties", 20},
        {"propertyNames", {{"pattern", "^[A-Za-z0-9_.-]{1,60}$"}}},
        {"additionalProperties",
         {{"anyOf",
           {one("slack", webhook, {"webhook"}), one("teams", webhook, {"webhook"}),
            one("discord", webhook, {"webhook"}),
            one("pagerduty", {{"routing_key", reference}, {"endpoint", text_schema("^https?://")}}, {"routing_key"}),
            one("sns",
                {{"topic", text_schema("^arn:[^:]+:sns:[^:]+:[^:]*:[^:]+$")}, {"format", {{"enum", {"text", "chat"}}}}},
                {"topic"}),
            one("webhook", {{"url", reference}, {"secret", reference}}, {"url", "secret"})}}}}};
}

/// As `read_notify` reads it.
OrderedSchema notify_schema() {
    auto schema = object_schema();
    for (const auto* key : {"default", "error", "warning", "success", "info"})
        schema["properties"][key] = list_schema(text_schema("^[A-Za-z0-9_.-]{1,60}$"));
    return schema;
}

unsigned number_of(std::string_view text) { return static_cast<unsigned>(parse_unsigned(text).value_or(0)); }

OrderedSchema integer_schema(const Setting& setting) {
    OrderedSchema schema{{"type", "integer"}};
    if (setting.or_zero)
        schema["anyOf"] = {{{"const", 0}}, {{"minimum", setting.smallest}, {"maximum", setting.largest}}};
    else
        schema.update({{"minimum", setting.smallest}, {"maximum", setting.largest}});
    return schema;
}

OrderedSchema choice_schema(const std::array<std::string_view, 4>& choices) {
    auto words = OrderedSchema::array();
    for (const auto word : choices)
        if (!word.empty()) words.push_back(word);
    return {{"enum", std::move(words)}};
}

OrderedSchema value_schema(const Setting& setting) {
    switch (setting.type) {
        case SettingType::kBoolean: return {{"type", "boolean"}};
        case SettingType::kInteger: return integer_schema(setting);
        case SettingType::kChoice: return choice_schema(setting.choices);
        case SettingType::kList: return list_schema(text_schema(setting.format));
        case SettingType::kTasks: return tasks_schema();
        case SettingType::kTargets: return targets_schema();
        case SettingType::kStrategy: return strategy_schema(setting.format);
        case SettingType::kVerify: return setting.name == "VERIFY_URLS" ? urls_schema() : alarms_schema();
        case SettingType::kFreezes: return freezes_schema();
        case SettingType::kPipelines: return pipelines_schema();
        case SettingType::kChannels: return channels_schema();
        case SettingType::kNotify: return notify_schema();
        default: return text_schema(setting.format);
    }
}

OrderedSchema default_of(const Setting& setting) {
    switch (setting.type) {
        case SettingType::kBoolean: return setting.default_value == "true";
        case SettingType::kInteger: return number_of(setting.default_value);
        default: return setting.default_value;
    }
}

OrderedSchema setting_schema(const Setting& setting) {
    OrderedSchema schema{
        {"description",
         fmt::format("{} Looks like: {}. Variable: {}.", setting.meaning,
                     setting.type == SettingType::kBoolean ? "true or false" : setting.expects, setting.name)}};
    schema.update(value_schema(setting));
    if (!setting.default_value.empty()) schema["default"] = default_of(setting);
    return schema;
}

OrderedSchema member_schema(const ServiceMember& member) {
    OrderedSchema schema{{"description", fmt::format("{} Looks like: {}.", member.meaning, member.expects)}};
    switch (member.type) {
        case ServiceMember::Type::kText: schema.update(text_schema(member.format)); break;
        case ServiceMember::Type::kBoolean: schema["type"] = "boolean"; break;
        case ServiceMember::Type::kList: schema.update(list_schema(text_schema(member.format))); break;
        case ServiceMember::Type::kChoice: schema.update(choice_schema(member.choices)); break;
        case ServiceMember::Type::kStrategy: schema.update(strategy_schema(member.format)); break;
        case ServiceMember::Type::kFiles: schema.update(files_schema()); break;
        case ServiceMember::Type::kVerify: schema.update(verify_schema()); break;
        case ServiceMember::Type::kApproval: schema.update(approval_schema()); break;
        case ServiceMember::Type::kTask: schema.update(task_schema()); break;
        case ServiceMember::Type::kTaskAfter: schema.update(task_after_schema()); break;
        case ServiceMember::Type::kFreezes: schema.update(freezes_schema()); break;
        case ServiceMember::Type::kNotify: schema.update(notify_schema()); break;
    }
    return schema;
}

OrderedSchema services_schema() {
    auto service = object_schema();
    for (const auto& member : service_members()) service["properties"][std::string(member.key)] = member_schema(member);
    return {{"description",
             "The services by their ids. Where any has a service_name or a task_family, these are all "
             "services that are ours; an empty object says that a service is."},
            {"type", "object"},
            {"propertyNames", {{"pattern", kServiceIdFormat}}},
            {"additionalProperties", std::move(service)}};
}

OrderedSchema defaults_schema() {
    auto schema = object_schema();
    schema["description"] = "What holds for every service that does not say it itself.";
    for (const auto& member : service_members()) {
        if (!member.has_default()) continue;
        auto inner = member_schema(member);
        inner["default"] = OrderedSchema::parse(member.default_value);
        schema["properties"][std::string(member.key)] = std::move(inner);
    }
    return schema;
}

/// Puts a setting in its place, in as many objects as its pointer has parts.
void put(OrderedSchema& root, const Setting& setting) {
    auto parts = split(setting.pointer, '/');
    auto* object = &root;
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        auto& inner = (*object)["properties"][parts[i]];
        if (inner.is_null()) inner = object_schema();
        object = &inner;
    }
    (*object)["properties"][parts.back()] = setting_schema(setting);
}

}  // namespace

std::string config_schema() {
    OrderedSchema schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                         {"title", "The configuration document of ci_lambda"},
                         {"description",
                          "What CI_LAMBDA_CONFIG names. Comments are allowed. A variable that is set wins "
                          "over the document. Made of the settings table: ci_lambda config --schema."}};
    schema.update(object_schema());
    schema["properties"]["$schema"] = {{"type", "string"}, {"description", "For editors."}};
    for (const auto& setting : settings())
        if (setting.has_pointer() && !setting.is_per_service()) put(schema, setting);
    schema["properties"]["services"] = services_schema();
    schema["properties"]["defaults"] = defaults_schema();
    return schema.dump(2) + "\n";
}

}  // namespace ci_lambda
