#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/console.hpp"
#include "deployer/follow_up/watcher.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda::cli {

/// How a rollout that is watched stands: what can be said of it in a sentence, and why it goes badly if it does.
struct Progress {
    std::string service;  ///< its id, and the deployment target where there are several
    std::string state;    ///< "shop_service_api_dev:42: 1 of 2 tasks run, 1 pending; 2 of :9 still run"
    std::string why;      ///< the failing task's own words; empty as long as all is well
    Milliseconds took{};
    friend bool operator==(const Progress&, const Progress&) = default;
};

/// `failing`: why tasks of it stopped, as far as that is known.
[[nodiscard]] Progress progress_of(const RolloutOutcome& so_far, const EcsService* service, const std::string& failing,
                                   WallTime now);

/// One line, for what is no terminal. Without the time that it took, which always changes.
[[nodiscard]] std::string plain_text(const Progress& progress);

/// The lines of a block of this width, however wide it is: nothing is lost, it takes more lines.
[[nodiscard]] std::vector<Line> block_of(const std::vector<Progress>& rollouts, std::size_t columns);

/// Shows how watched rollouts go: on a terminal one block that is drawn anew in its place, otherwise one line for each
/// change. Thread-safe.
class ProgressView {
public:
    using StoppedTasks = std::function<std::vector<EcsStoppedTask>(const EcsTarget&)>;

    ProgressView(Console& console, const Clock& clock) : console_(console), clock_(clock) {}
    /// Whom to ask why tasks stopped. Asked only when more tasks of a rollout have failed than before.
    void ask_with(StoppedTasks stopped_tasks) { stopped_tasks_ = std::move(stopped_tasks); }

    void look(const RolloutOutcome& so_far, const EcsService* service);
    /// Draws the block again: time goes by between two looks.
    void tick();
    /// Takes the block away.
    void end();

private:
    struct Watched {
        Progress progress;
        bool over = false;
        WallTime seen_at{};
        int failed_tasks = 0;
        std::string said_by_task;  ///< why a task of it stopped, in its own words
        std::string failing;       ///< that, or what ECS says of the service
        std::string said;          ///< the last plain line
    };
    void ask_why(Watched& watched, const RolloutOutcome& so_far, const EcsService& service) const;
    void draw();

    Console& console_;
    const Clock& clock_;
    StoppedTasks stopped_tasks_;
    std::mutex mutex_;
    std::map<std::string, Watched> watched_;  // by what the service is called
};

}  // namespace ci_lambda::cli
