#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "app/answer.hpp"
#include "app/options.hpp"
#include "app/requests.hpp"
#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "deployer/approve/questions.hpp"
#include "deployer/holds/thaws.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "deployer/verify/health_check.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "services/change_calendar/api.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"
#include "services/states/api.hpp"

namespace ci_lambda {

/// The composition root that the Lambda and the command line share: owns every part, wires them, handles events.
class App {
public:
    /// Environment, sink, clock and sleeper must outlive it. Fails with kConfiguration.
    [[nodiscard]] static Result<std::unique_ptr<App>> create(AppOptions options, const Environment& environment,
                                                             LogSink& sink, const Clock& clock, Sleeper& sleeper);
    virtual ~App() = default;
    App() = default;
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Where the function lives, once that is known: events of elsewhere are ignored from then on.
    virtual void set_home(Home home) = 0;

    /// Handles what one invocation brings, an event or a batch, notifications included: when it returns, nothing goes
    /// on in the background.
    virtual Handled handle(std::string_view event_bytes, Deadline deadline) = 0;
    /// The same, already decoded.
    virtual Handled handle(const Delivery& delivery, Deadline deadline) = 0;
    virtual Handled handle(const Event& event, Deadline deadline) = 0;

    /// Its deployment targets, each by itself, in their order: itself where there is only one.
    [[nodiscard]] virtual std::vector<App*> targets() = 0;
    /// The name of the one that it is; empty where there are no several, or it is all of them.
    [[nodiscard]] virtual const std::string& target() const = 0;

    // What follows is of one target; of the first one where it is all of them.

    /// Puts what is in the clusters into the configuration (DISCOVERY), unless it is known and young. For people: an
    /// event sees to it by itself. Without DISCOVERY nothing.
    virtual void discover(Deadline deadline) = 0;

    /// The same of the tasks that schedules and rules start there (DISCOVERY_TASKS).
    virtual void discover_tasks(Deadline deadline) = 0;

    /// Carries out what a person has decided, all of it at the same time or in the order of the targets: one decision
    /// for each of `targets()`.
    /// An error where nothing could be decided: that target is told as failed, and the others go on.
    virtual Handled deploy(const std::vector<Result<Deploy>>& decisions, const DeployOptions& options,
                           Deadline deadline) = 0;
    /// Brings one service back to what it ran before, for a person. In a dry run it looks everything up that it needs,
    /// and says what it would do.
    virtual Handled roll_back(const RollbackRequest& request, Deadline deadline) = 0;
    /// Lets a rollout go on that waits for a person, or ends one that is under way. In a dry run it says what it would
    /// do.
    virtual Handled steer(const Steer& steer, Deadline deadline) = 0;
    /// Holds a service, or does so no longer. In a dry run it says what it would do.
    virtual Handled set_hold(const SetHold& wanted, Deadline deadline) = 0;
    /// Watches what these services roll out now until it has ended; says how it ended where it is over already. Begins
    /// nothing, rolls nothing back, tells nobody else.
    virtual Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) = 0;

    /// Sends samples of every type of message to each channel, whatever it hears otherwise.
    [[nodiscard]] virtual std::vector<ChannelTest> test_channels(Deadline deadline) = 0;

    /// Ends the threads that wait for a next time and gives free memory back: for a process that lives long, now and
    /// then. Between events.
    virtual void release_idle() = 0;

    [[nodiscard]] virtual const Config& config() const = 0;
    [[nodiscard]] virtual Logger& logger() = 0;
    [[nodiscard]] virtual const Redactor& redactor() const = 0;
    [[nodiscard]] virtual EcsApi& ecs() = 0;
    [[nodiscard]] virtual EcrRegions& registries() = 0;
    [[nodiscard]] virtual HealthCheck& health() = 0;
    [[nodiscard]] virtual LastWordsReader& last_words() = 0;
    [[nodiscard]] virtual ChangeCalendars& calendars() = 0;
    [[nodiscard]] virtual StateMachines& state_machines() = 0;
    [[nodiscard]] virtual Thaws& thaws() = 0;
    [[nodiscard]] virtual Questions& questions() = 0;
    [[nodiscard]] virtual CredentialsProvider& credentials() = 0;
};

}  // namespace ci_lambda
