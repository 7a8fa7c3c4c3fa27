#include "views/plan.hpp"

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/services.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {
namespace {

/// The services that a decision is about.
std::set<std::string> concerned(const Decision& decision) {
    std::set<std::string> ids;
    const auto add = [&](const std::vector<SkippedService>& skipped) {
        for (const auto& one : skipped) ids.insert(one.service);
    };
    if (const auto* deploy = std::get_if<Deploy>(&decision)) {
        for (const auto& request : deploy->requests) ids.insert(request.target.id.str());
        for (const auto& task : deploy->tasks) ids.insert(task.task.id.str());
        add(deploy->skipped);
    } else if (const auto* notify = std::get_if<Notify>(&decision)) {
        ids.insert(notify->service.str());
    } else if (const auto* nothing = std::get_if<Ignore>(&decision)) {
        add(nothing->skipped);
    }
    return ids;
}

/// What is known of them.
std::vector<ServiceSummary> known_of(const std::set<std::string>& ids, const Config& config) {
    auto services = summaries(config);
    std::erase_if(services, [&](const ServiceSummary& service) { return !ids.contains(service.target.id.str()); });
    return services;
}

std::string with_services(const std::string& plan, const std::vector<ServiceSummary>& services) {
    auto json = nlohmann::ordered_json::parse(plan);
    json["services"] = nlohmann::ordered_json::parse(services_json(services));
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// The configuration, with what is in the clusters where that is wanted.
Result<Config> config_for(const PlanCommand& command, Session& session) {
    if (command.live) {
        TRY_ASSIGN(auto* const app, session.open(LogFormat::kSentences));
        if (!app->config().discovery)
            session.console().note("DISCOVERY is off, so there is nothing to ask ECS: the configuration says it all");
        app->discover_tasks(session.patience());
        return app->config();
    }
    TRY_ASSIGN(const auto document, session.document());
    TRY_ASSIGN(auto loaded, load_config(session.environment(), document));
    if (loaded.config.discovery)
        session.console().note(
            "DISCOVERY is on, and this asks ECS nothing: with --live, what the services use counts, too");
    const auto& targets = loaded.config.targets;
    if (session.target()) {
        const auto* target = targets.find(*session.target());
        if (target == nullptr) return std::unexpected(no_such_target(targets, *session.target()));
        return in_target(loaded.config, *target);
    }
    if (targets.all.size() == 1) return in_target(loaded.config, targets.all.front());
    return std::move(loaded.config);
}

}  // namespace

int execute(const PlanCommand& command, Session& session) {
    const auto config = config_for(command, session);
    if (!config) return session.failed(config.error());
    const auto bytes = session.event(command.file);
    if (!bytes) return session.failed(bytes.error());
    std::vector<std::string> plans;
    std::set<std::string> ids;
    for (const auto& message : decode_delivery(*bytes).messages) {
        if (!message.events) return session.failed(message.events.error());
        for (const auto& event : *message.events) {
            const auto decision = decide(event, *config, session.home());
            if (!decision) return session.failed(decision.error());
            auto plan = command.json ? plan_json(event, *decision) : plan_text(event, *decision);
            if (command.live && command.json) plan = with_services(plan, known_of(concerned(*decision), *config));
            plans.push_back(std::move(plan));
            ids.merge(concerned(*decision));
        }
    }
    if (!command.json) {
        session.console().print(join(plans, "\n"));
        if (command.live)
            for (const auto& line : services_table(known_of(ids, *config))) session.console().print(line);
    } else if (plans.size() == 1) {
        session.console().print_for_machines(plans.front());
    } else {
        session.console().print_for_machines("[" + join(plans, ",\n") + "]");
    }
    return kDone;
}

}  // namespace ci_lambda::cli
