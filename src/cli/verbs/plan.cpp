#include "views/plan.hpp"

#include "base/text.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const PlanCommand& command, Session& session) {
    const auto document = session.document();
    if (!document) return session.failed(document.error());
    const auto loaded = load_config(session.environment(), *document);
    if (!loaded) return session.failed(loaded.error());
    const auto bytes = read_event(command.file);
    if (!bytes) return session.failed(bytes.error());
    std::vector<std::string> plans;
    for (const auto& message : decode_delivery(*bytes).messages) {
        if (!message.events) return session.failed(message.events.error());
        for (const auto& event : *message.events) {
            const auto decision = decide(event, loaded->config, session.home());
            if (!decision) return session.failed(decision.error());
            plans.push_back(command.json ? plan_json(event, *decision) : plan_text(event, *decision));
        }
    }
    if (!command.json)
        session.console().print(join(plans, "\n"));
    else if (plans.size() == 1)
        session.console().print_for_machines(plans.front());
    else
        session.console().print_for_machines("[" + join(plans, ",\n") + "]");
    return kDone;
}

}  // namespace ci_lambda::cli
