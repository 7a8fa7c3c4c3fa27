#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "app/app.hpp"
#include "app/foundation.hpp"
#include "app/installed_function.hpp"
#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "cli/command.hpp"
#include "cli/console.hpp"

namespace ci_lambda::cli {

/// Exit codes, the same for every command.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;    ///< the thing failed, or something is wrong with what was looked at
inline constexpr int kBadUsage = 2;  ///< the command line or the configuration is wrong
inline constexpr int kDiffers = 3;   ///< of `diff --exit-code`: a deployment would change something

/// Of a look at ECS that somebody waits for.
inline constexpr Milliseconds kPatience{30'000};

/// Sleeps a second at a time, and tells of each: so that what is shown goes on while the program waits. Thread-safe.
class TickingSleeper final : public Sleeper {
public:
    explicit TickingSleeper(Sleeper& sleeper) : sleeper_(sleeper) {}
    /// From now on this is told; when it returns, what was told before is told nothing any more.
    void tell(std::function<void()> on_tick);
    void sleep_for(Milliseconds duration) override;

private:
    [[nodiscard]] bool is_heard() const;
    void tick() const;

    Sleeper& sleeper_;
    mutable std::mutex mutex_;
    std::function<void()> on_tick_;
};

/// What one run of the program works with.
class Session {
public:
    Session(Console& console, const Environment& environment)
        : console_(console), environment_(&environment), sleeper_(system_sleeper_) {}
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// From now on these variables have other values. Before anything else is done.
    void use_variables(ChangedEnvironment::Changes changes);

    /// From now on the configuration is that of this installed function. Before anything else is done.
    Status use_function(const std::string& name);

    /// From now on, of several deployment targets this one.
    void use_target(std::string name) { target_ = std::move(name); }
    /// The one that is used; `nullopt`: all.
    [[nodiscard]] const std::optional<std::string>& target() const { return target_; }
    /// All that the configuration names.
    Result<DeploymentTargets> deployment_targets();

    /// Where the function lives, as far as that is known without asking AWS.
    [[nodiscard]] Home home() const;

    /// The document that CI_LAMBDA_CONFIG names, wherever it is; `nullopt` where it names none.
    Result<std::optional<DocumentText>> document();

    /// The App, made on demand, its log told as `log` says. It lives as long as the session.
    Result<App*> open(LogFormat log, AppOptions options = {});

    /// Whose credentials are used, as AWS says: the ARN of a user or of a role's session.
    Result<std::string> caller();

    /// The bytes of an event: a file, or - for standard input, which is read once.
    Result<std::string> event(const std::string& file);

    /// Says what went wrong; the exit code that goes with it.
    [[nodiscard]] int failed(const Error& error);

    [[nodiscard]] Console& console() { return console_; }
    [[nodiscard]] const Environment& environment() const { return *environment_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] TickingSleeper& sleeper() { return sleeper_; }
    [[nodiscard]] Deadline patience() const { return Deadline::after(clock_, kPatience); }

private:
    Console& console_;
    /// What reaches AWS before there is an App.
    Result<Foundation*> foundation();

    const Environment* environment_;
    std::unique_ptr<ChangedEnvironment> changed_;    ///< nullptr: nothing is
    std::unique_ptr<FunctionEnvironment> function_;  ///< nullptr: this machine's own
    SystemClock clock_;
    SystemSleeper system_sleeper_;
    TickingSleeper sleeper_;
    std::unique_ptr<LogSink> early_sink_;
    std::unique_ptr<Foundation> foundation_;
    std::unique_ptr<LogSink> sink_;
    std::unique_ptr<App> app_;
    std::optional<std::string> target_;
    std::optional<std::string> standard_input_;
};

}  // namespace ci_lambda::cli
