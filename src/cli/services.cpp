#include "cli/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "discovery/tasks.hpp"

namespace ci_lambda::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string in_s3(const S3File& file) { return fmt::format("s3://{}/{}", file.bucket, file.key); }

/// Whether any value of the map names the service: then the map says all of that kind.
template <typename Map>
bool is_named(const Map& map, const ServiceId& id) {
    return std::ranges::any_of(
        map, [&](const auto& entry) { return std::ranges::find(entry.second, id) != entry.second.end(); });
}

/// Collects what concerns one service, from everything that may say it.
class Collector {
public:
    Collector(const Config& config, const ServiceId& id)
        : config_(config), id_(id), found_(config.discovered == nullptr ? nullptr : config.discovered->find(id)) {}

    std::vector<ServiceFact> collect() {
        add_images();
        add_parameters();
        add_secrets();
        add_files();
        add_rules();
        return std::move(facts_);
    }
    [[nodiscard]] std::string revision() const {
        return found_ == nullptr ? std::string() : short_name(found_->task_definition);
    }

private:
    void add(std::string_view kind, std::string what, std::string from) {
        facts_.push_back({.kind = std::string(kind), .what = std::move(what), .from = std::move(from)});
    }
    /// The keys of the map that lead to the service.
    template <typename Map, typename Text>
    void add_mapped(std::string_view kind, const Map& map, std::string_view setting, Text text) {
        for (const auto& [key, ids] : map)
            if (std::ranges::find(ids, id_) != ids.end()) add(kind, text(key), config_.called(setting));
    }
    [[nodiscard]] const ServiceUses* uses() const { return found_ == nullptr ? nullptr : found_->uses.get(); }
    static std::string tag(std::string_view member) { return fmt::format("its tag {}", service_tag(member)); }

    void add_images() {
        constexpr std::string_view kKind = "image";
        add_mapped(kKind, config_.ecr_repositories, "ECR_REPO_MAP", [](const std::string& name) { return name; });
        if (config_.ecr_repositories.empty())
            add(kKind,
                id_.str() == kBackend ? config_.project + "_backend"
                                      : fmt::format("{}_service_{}", config_.project, id_),
                "the naming rule");
        if (is_named(config_.ecr_repositories, id_) || found_ == nullptr) return;
        if (uses() != nullptr)
            for (const auto& use : uses()->repositories) add(kKind, use.repository, revision());
        for (const auto& repository : found_->rules.repositories) add(kKind, repository, tag("repositories"));
    }
    void add_parameters() {
        constexpr std::string_view kKind = "parameter";
        const auto below = [](const std::string& path) { return fmt::format("/{}/*", path); };
        add_mapped(kKind, config_.ssm_prefixes, "SSM_SERVICE_MAP", below);
        if (config_.ssm_prefixes.empty())
            add(kKind, fmt::format("/{}/{}/{}/*", config_.environment, config_.project, id_), "the naming rule");
        if (is_named(config_.ssm_prefixes, id_) || found_ == nullptr) return;
        if (uses() != nullptr)
            for (const auto& use : uses()->parameters)
                // As people write it: Parameter Store has paths with a slash in front, and names without.
                add(kKind, use.name.contains('/') ? "/" + use.name : use.name, revision());
        for (const auto& path : found_->rules.parameters) add(kKind, below(path), tag("parameters"));
    }
    void add_secrets() {
        if (uses() == nullptr) return;
        for (const auto& use : uses()->secrets) {
            ServiceFact fact{.kind = "secret", .what = use.name, .from = revision()};
            if (std::ranges::find(facts_, fact) == facts_.end()) facts_.push_back(std::move(fact));
        }
    }
    void add_files() {
        constexpr std::string_view kKind = "file";
        add_mapped(kKind, config_.s3_files, "SERVICE_CONFIG", &in_s3);
        if (is_named(config_.s3_files, id_) || found_ == nullptr) return;
        if (uses() != nullptr)
            for (const auto& file : uses()->files) add(kKind, in_s3(file), revision());
        for (const auto& file : found_->rules.files) add(kKind, in_s3(file), tag("files"));
    }
    void add_rules() {
        if (const auto& filter = config_.tag_filters.of(id_); !filter.empty())
            add("tags", join(filter.texts(), ", "), config_.called("ECR_TAG_FILTER", id_));
        if (const auto mode = config_.image_mode_of(id_); mode != ImageMode::kRedeploy)
            add("mode", std::string(to_string(mode)), config_.called("ECR_DEPLOY_MODE", id_));
        if (const auto strategy = config_.strategy_of(id_))
            add("strategy", in_words(*strategy), config_.called("DEPLOYMENT_STRATEGY", id_));
        if (!config_.deploys_on_events(id_)) add("deploys", "by hand only", config_.called("AUTO_DEPLOY_MAP", id_));
        if (found_ == nullptr) return;
        if (found_->express) add("type", "Express Mode service", "ECS");
        if (!found_->rules.held.empty()) add("deploys", "by hand only", found_->rules.held);
        if (!found_->cannot_deploy.empty()) add("deploys", "never", found_->cannot_deploy);
        if (uses() == nullptr) add("unknown", "what it uses", fmt::format("{} could not be read", revision()));
    }

    const Config& config_;
    const ServiceId& id_;
    const DiscoveredService* found_;
    std::vector<ServiceFact> facts_;
};

/// The same of a task.
class TaskCollector {
public:
    TaskCollector(const Config& config, const ScheduledTask& task)
        : config_(config),
          task_(task),
          found_(task.is_discovered() && config.discovered_tasks != nullptr ? config.discovered_tasks->find(task.id)
                                                                            : nullptr) {}

    std::vector<ServiceFact> collect() {
        for (const auto& repository : task_.repositories) add("image", repository, said_by());
        if (task_.repositories.empty() && found_ == nullptr)
            add("image", "those of its newest revision", config_.called("SCHEDULED_TASK_MAP"));
        add_starters();
        const auto& filter = task_.tags ? *task_.tags : config_.tag_filters.of(task_.id);
        if (!filter.empty())
            add("tags", join(filter.texts(), ", "),
                task_.tags && found_ == nullptr ? config_.called("SCHEDULED_TASK_MAP")
                                                : config_.called("ECR_TAG_FILTER", task_.id));
        if (!config_.deploys_on_events(task_))
            add("deploys", "by hand only",
                found_ == nullptr ? config_.called("SCHEDULED_TASK_MAP") : config_.called("AUTO_DEPLOY_MAP", task_.id));
        if (found_ == nullptr) return std::move(facts_);
        if (found_->rules.image_mode)
            add("mode", std::string(to_string(*found_->rules.image_mode)), config_.called("ECR_DEPLOY_MODE", task_.id));
        if (!found_->rules.held.empty()) add("deploys", "by hand only", found_->rules.held);
        if (found_->uses.empty()) add("unknown", "what it uses", "its task definition could not be read");
        return std::move(facts_);
    }

private:
    void add(std::string kind, std::string what, std::string from) {
        facts_.push_back({.kind = std::move(kind), .what = std::move(what), .from = std::move(from)});
    }
    [[nodiscard]] std::string said_by() const {
        if (found_ == nullptr) return config_.called("SCHEDULED_TASK_MAP");
        std::vector<std::string> names;
        for (const auto& starter : found_->starters)
            if (auto name = short_name(starter.task_definition); std::ranges::find(names, name) == names.end())
                names.push_back(std::move(name));
        return join(names, ", ");
    }
    void add_starters() {
        constexpr auto kKind = "started by";
        if (found_ != nullptr) {
            for (const auto& starter : found_->starters)
                add(kKind, in_words(starter), fmt::format("at {}", short_name(starter.task_definition)));
            return;
        }
        const auto map = config_.called("SCHEDULED_TASK_MAP");
        for (const auto& name : task_.schedules.value_or(std::vector<GroupedName>{}))
            add(kKind, "schedule " + name.str(), map);
        for (const auto& name : task_.rules.value_or(std::vector<GroupedName>{})) add(kKind, "rule " + name.str(), map);
        if (task_.is_found_by_listing()) add(kKind, "what names its family", "a look at each push");
    }

    const Config& config_;
    const ScheduledTask& task_;
    const DiscoveredTask* found_;
    std::vector<ServiceFact> facts_;
};

}  // namespace

std::vector<ServiceSummary> summaries(const Config& config) {
    std::vector<ServiceSummary> services;
    for (const auto& id : config.known_services()) {
        auto target = config.names.target(id);
        if (!target) continue;
        Collector collector(config, id);
        services.push_back(
            {.target = *std::move(target), .task_definition = collector.revision(), .facts = collector.collect()});
    }
    for (const auto& [id, task] : config.scheduled_tasks)
        services.push_back({.target = {.id = id,
                                       .cluster = task.is_discovered() ? task.found_on.front() : config.names.cluster(),
                                       .service = {},
                                       .family = task.family},
                            .task_definition = {},
                            .facts = TaskCollector(config, task).collect(),
                            .is_task = true});
    return services;
}

std::vector<Line> services_table(const std::vector<ServiceSummary>& services) {
    constexpr std::size_t kBetweenColumns = 2;
    std::array<std::size_t, 2> widths{};
    for (const auto& service : services)
        for (const auto& fact : service.facts) {
            widths[0] = std::max(widths[0], columns_of(printable(fact.kind)));
            widths[1] = std::max(widths[1], columns_of(printable(fact.what)));
        }
    const auto cell = [](const std::string& text, std::size_t width) {
        auto shown = printable(text);
        const auto columns = columns_of(shown);
        return shown + std::string(width + kBetweenColumns - std::min(width, columns), ' ');
    };
    std::vector<Line> lines;
    for (const auto& service : services) {
        const auto& target = service.target;
        auto runs = service.is_task ? fmt::format("  {} in {}, which no service runs", target.family, target.cluster)
                                    : fmt::format("  {} in {}", target.service, target.cluster);
        if (!service.task_definition.empty()) runs += fmt::format(", runs {}", service.task_definition);
        lines.push_back(
            {{.text = target.id.str(), .color = Color::kBold}, {.text = std::move(runs), .color = Color::kDim}});
        for (const auto& fact : service.facts)
            lines.push_back({{.text = "    " + cell(fact.kind, widths[0])},
                             {.text = cell(fact.what, widths[1])},
                             {.text = fact.from, .color = Color::kDim}});
    }
    return lines;
}

std::string services_json(const std::vector<ServiceSummary>& services) {
    auto json = OrderedJson::array();
    for (const auto& service : services) {
        const auto& target = service.target;
        OrderedJson one{{service.is_task ? "task" : "service", target.id.str()}, {"cluster", target.cluster.str()}};
        if (!service.is_task) one["ecs_service"] = target.service.str();
        one["task_family"] = target.family.str();
        if (!service.task_definition.empty()) one["task_definition"] = service.task_definition;
        one["facts"] = OrderedJson::array();
        for (const auto& fact : service.facts)
            one["facts"].push_back({{"kind", fact.kind}, {"what", fact.what}, {"from", fact.from}});
        json.push_back(std::move(one));
    }
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace ci_lambda::cli
