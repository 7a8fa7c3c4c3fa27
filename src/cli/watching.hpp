#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "deployer/follow_up/watcher.hpp"

namespace ci_lambda::cli {

/// A command that stays until rollouts have ended: it shows how they go, and whoever ends it meanwhile is told that
/// they go on. Silent where the log is for machines. The session must outlive it, and it the App that calls `on_look`,
/// from any thread.
class Watching {
public:
    Watching(Session& session, std::vector<std::string> services, LogFormat log);
    ~Watching();
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

    /// For AppOptions.
    [[nodiscard]] RolloutWatcher::OnLook on_look();
    /// Why tasks fail is asked of this App's ECS.
    void ask(App& app);
    /// The waiting is over: takes the progress away.
    void end();

private:
    Session& session_;
    std::vector<std::string> services_;
    LogFormat log_;
    ProgressView view_;
    std::mutex mutex_;  // several deployment targets are watched at the same time
    std::optional<FarewellOnSignal> farewell_;
};

}  // namespace ci_lambda::cli
