#include "cli/services.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/people/named_services.hpp"
#include "app/people/overview.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const ServicesCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    (*app)->discover_tasks(session.patience());
    const auto& config = (*app)->config();
    auto services = summaries(config);
    if (!command.services.empty()) {
        const auto [tasks, names] = split_tasks(command.services);
        const auto named = named_services(config, names);
        if (!named) return session.failed(named.error());
        for (const auto& task : tasks)
            if (!config.scheduled_tasks.contains(ServiceId(task)))
                return session.failed(
                    {.kind = ErrorKind::kNotFound, .message = fmt::format("there is no task \"{}\"", task)});
        std::erase_if(services, [&](const ServiceSummary& service) {
            return service.is_task ? std::ranges::find(tasks, service.target.id.str()) == tasks.end()
                                   : std::ranges::find(*named, service.target) == named->end();
        });
    }
    if (command.json) {
        session.console().print_for_machines(services_json(services));
        return kDone;
    }
    if (services.empty())
        session.console().print(fmt::format("No services: {}.", why_there_is_none(**app, session.patience())));
    for (const auto& line : services_table(services)) session.console().print(line);
    if (!config.discovery)
        session.console().note("DISCOVERY is off: this is what the configuration names, whatever the services use");
    return kDone;
}

}  // namespace ci_lambda::cli
