#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/verbs.hpp"
#include "config/migration.hpp"
#include "config/reference.hpp"

namespace ci_lambda::cli {
namespace {

using Origin = SettingOrigin::Kind;
using OrderedConfig = nlohmann::ordered_json;

std::string from(const ExplainedSetting& setting) {
    switch (setting.origin.kind) {
        case Origin::kDefault: return "default";
        case Origin::kVariable:
            return setting.origin.place == setting.origin.setting ? "variable"
                                                                  : fmt::format("variable {}", setting.origin.place);
        case Origin::kDocument: return fmt::format("document {}", setting.origin.place);
        case Origin::kNothing: break;
    }
    return "";
}

/// "v*, !*-rc*; 2 services have their own".
std::string shown_filter(const Json& filter) {
    std::vector<std::string> parts;
    auto services = filter.size();
    if (const auto patterns = filter.find("default"); patterns != filter.end()) {
        parts.push_back(join(patterns->get<std::vector<std::string>>(), ", "));
        --services;
    }
    if (services > 0)
        parts.push_back(services == 1 ? "1 service has its own" : fmt::format("{} services have their own", services));
    return join(parts, "; ");
}

/// A text without its quotation marks; of a map how many there are in it.
std::string shown_value(const ExplainedSetting& setting) {
    if (setting.value.empty()) return "not set";
    const auto json = parse_json(setting.value);
    if (!json) return setting.value;
    if (json->is_string()) return json->get<std::string>();
    if (json->is_object() && setting.origin.setting == "ECR_TAG_FILTER") return shown_filter(*json);
    if (json->is_object()) return fmt::format("{} service{}", json->size(), json->size() == 1 ? "" : "s");
    return setting.value;
}

void print_table(Console& console, const ExplainedConfig& config) {
    constexpr std::size_t kWidestValue = 44;
    std::size_t widest_name = 0;
    std::size_t widest_value = 0;
    std::vector<std::string> values;
    for (const auto& setting : config.settings) {
        values.push_back(printable(shown_value(setting)));
        widest_name = std::max(widest_name, setting.origin.setting.size());
        if (values.back().size() <= kWidestValue) widest_value = std::max(widest_value, values.back().size());
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& setting = config.settings[i];
        const bool said = setting.origin.kind == Origin::kVariable || setting.origin.kind == Origin::kDocument;
        auto line = fmt::format("{:<{}}  {:<{}}  {}", setting.origin.setting, widest_name, values[i], widest_value,
                                from(setting));
        line.erase(line.find_last_not_of(' ') + 1);
        console.print(Line{{.text = std::move(line), .color = said ? Color::kNone : Color::kDim}});
    }
}

void print_services(Console& console, const ExplainedConfig& config) {
    if (!config.auto_deploy_default)
        console.print("\nEvents deploy no service that does not say \"auto_deploy\": true.");
    if (!config.default_tags.empty())
        console.print(fmt::format("\nPushed tags deploy services that say nothing else of \"tags\": {}.",
                                  join(config.default_tags, ", ")));
    if (config.services.empty()) return;
    std::size_t widest = 0;
    for (const auto& service : config.services) widest = std::max(widest, service.id.size());
    console.print("\nServices:");
    for (const auto& service : config.services)
        console.print(fmt::format("  {:<{}}  {}", service.id, widest, service.members));
}

OrderedConfig parsed(const std::string& json) { return json.empty() ? OrderedConfig() : OrderedConfig::parse(json); }

std::string as_json(const ExplainedConfig& config, const std::optional<DocumentText>& document) {
    OrderedConfig root{{"document", document ? OrderedConfig(document->source) : OrderedConfig()}};
    for (const auto& setting : config.settings) {
        const char* kind = nullptr;
        if (setting.origin.kind == Origin::kDefault) kind = "default";
        if (setting.origin.kind == Origin::kVariable) kind = "variable";
        if (setting.origin.kind == Origin::kDocument) kind = "document";
        root["settings"].push_back(
            {{"name", setting.origin.setting},
             {"value", parsed(setting.value)},
             {"from", kind == nullptr ? OrderedConfig() : OrderedConfig(kind)},
             {"place", setting.origin.place.empty() ? OrderedConfig() : OrderedConfig(setting.origin.place)}});
    }
    root["defaults"] = {{"auto_deploy", config.auto_deploy_default}, {"tags", config.default_tags}};
    root["services"] = OrderedConfig::object();
    for (const auto& service : config.services) root["services"][service.id] = parsed(service.members);
    root["warnings"] = config.warnings;
    return root.dump(2, ' ', false, OrderedConfig::error_handler_t::replace);
}

int print_migration(Session& session, const std::optional<DocumentText>& document) {
    const auto migrated = migrate(session.environment(), document);
    if (!migrated) return session.failed(migrated.error());
    session.console().print_for_machines(std::string_view(migrated->document).substr(0, migrated->document.size() - 1));
    for (const auto& kept : migrated->kept)
        session.console().note(fmt::format("{} stays a variable: {}.", kept.variable, kept.why));
    return kDone;
}

}  // namespace

int execute(const ConfigCommand& command, Session& session) {
    auto& console = session.console();
    if (command.schema) {
        const auto schema = config_schema();
        console.print_for_machines(std::string_view(schema).substr(0, schema.size() - 1));
        return kDone;
    }
    const auto document = session.document();
    if (!document) return session.failed(document.error());
    if (command.from_env) return print_migration(session, *document);
    const auto config = explain(session.environment(), *document);
    if (!config) return session.failed(config.error());
    if (command.json) {
        console.print_for_machines(as_json(*config, *document));
        return kDone;
    }
    print_table(console, *config);
    print_services(console, *config);
    for (const auto& warning : config->warnings) console.note(fmt::format("Warning: {}", warning));
    return kDone;
}

}  // namespace ci_lambda::cli
