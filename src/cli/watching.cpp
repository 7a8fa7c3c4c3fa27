#include "cli/watching.hpp"

#include <algorithm>
#include <utility>

#include "cli/reports.hpp"

namespace ci_lambda::cli {

Watching::Watching(Session& session, std::vector<std::string> services, LogFormat log)
    : session_(session), services_(std::move(services)), log_(log), view_(session.console(), session.clock()) {}

Watching::~Watching() { end(); }

RolloutWatcher::OnLook Watching::on_look() {
    return [this](const RolloutOutcome& so_far, const EcsService* service) {
        // From the first look at a rollout on there is something that goes on without us.
        if (!so_far.rollout.deployment_id.empty()) {
            const std::scoped_lock lock(mutex_);
            if (!farewell_) farewell_.emplace(farewell(services_));
        }
        if (log_ == LogFormat::kJson) return;
        view_.look(so_far, service);
        session_.sleeper().tell([this] { view_.tick(); });
    };
}

void Watching::ask(App& app) {
    view_.ask_with([this, &app](const EcsTarget& target) {
        const auto all = app.targets();
        const auto one =
            std::ranges::find_if(all, [&](const App* each) { return each->target() == target.deployment_target; });
        auto tasks =
            (one == all.end() ? app : **one).ecs().stopped_tasks(target.cluster, target.service, session_.patience());
        return tasks ? *std::move(tasks) : std::vector<EcsStoppedTask>{};
    });
}

void Watching::end() {
    session_.sleeper().tell({});
    view_.end();
    farewell_.reset();
}

}  // namespace ci_lambda::cli
