#pragma once

#include <memory>
#include <string>

#include "app/app.hpp"
#include "app/events/deployments.hpp"
#include "app/events/event_handler.hpp"
#include "app/people/personal_requests.hpp"
#include "app/targets/wiring.hpp"
#include "services/sts/assumed_role.hpp"
#include "services/sts/client.hpp"

namespace ci_lambda {

/// The application in one deployment target: everything but the document of the configuration, and the way to people.
class TargetApp final : public App {
public:
    /// `config` is that of the target. Foundation, HTTP client and voice must outlive it; `target`: nullptr where there
    /// is none but AWS_REGION.
    TargetApp(const AppOptions& options, Foundation& foundation, HttpClient& http, Voice& voice, Config config,
              const DeploymentTarget* target);

    void set_home(Home home) override { events_.set_home(std::move(home)); }
    Handled handle(std::string_view event_bytes, Deadline deadline) override;
    Handled handle(const Delivery& delivery, Deadline deadline) override;
    Handled handle(const Event& event, Deadline deadline) override;

    [[nodiscard]] std::vector<App*> targets() override { return {this}; }
    [[nodiscard]] const std::string& target() const override { return parts_.config.deployment_target; }

    void discover(Deadline deadline) override { parts_.discover(deadline); }
    void discover_tasks(Deadline deadline) override { parts_.discover_tasks(deadline); }
    Handled deploy(const std::vector<Result<Deploy>>& decisions, const DeployOptions& options,
                   Deadline deadline) override;
    Handled roll_back(const RollbackRequest& request, Deadline deadline) override;
    Handled steer(const Steer& steer, Deadline deadline) override;
    Handled set_hold(const SetHold& wanted, Deadline deadline) override;
    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) override;

    /// Brings services back whose deployment went well here, and not in a later target. Nothing is touched that runs
    /// something else by now. What became of each goes into `handled`, and to people.
    void take_back(Handled& handled, const std::vector<ServiceId>& services, const std::string& why, Deadline deadline);
    /// Says to people, once for an event, that these are not deployed here.
    void tell_not_deployed(const std::vector<ServiceId>& services, const std::string& why, const std::string& event);

    /// What was said did not arrive.
    void lost(const std::vector<Announcement>& announcements);

    /// The channels are there for all targets together.
    std::vector<ChannelTest> test_channels(Deadline /*deadline*/) override { return {}; }
    void release_idle() override;
    [[nodiscard]] const Config& config() const override { return parts_.config; }
    [[nodiscard]] Logger& logger() override { return foundation_.logger; }
    [[nodiscard]] const Redactor& redactor() const override { return foundation_.redactor; }
    [[nodiscard]] EcsApi& ecs() override { return parts_.ecs; }
    [[nodiscard]] EcrRegions& registries() override { return parts_.registries; }
    [[nodiscard]] HealthCheck& health() override { return parts_.health; }
    [[nodiscard]] LastWordsReader& last_words() override { return parts_.last_words; }
    [[nodiscard]] ChangeCalendars& calendars() override { return parts_.calendars; }
    [[nodiscard]] StateMachines& state_machines() override { return parts_.states; }
    [[nodiscard]] Thaws& thaws() override { return parts_.thaws; }
    [[nodiscard]] Questions& questions() override { return parts_.questions; }
    [[nodiscard]] CredentialsProvider& credentials() override { return parts_.credentials; }

private:
    /// Another account's, by its role.
    struct Role {
        Role(const Config& config, const DeploymentTarget& target, Foundation& foundation, HttpClient& http,
             const Logger& logger);
        StsClient sts;
        AssumedRole credentials;
    };

    Foundation& foundation_;
    std::unique_ptr<Logger> own_log_;  ///< nullptr where there is one target only
    Logger& log_;
    std::unique_ptr<Role> role_;  ///< nullptr: the function's own credentials
    Wiring parts_;
    Deployments deployments_{parts_};
    EventHandler events_{parts_, deployments_};
    PersonalRequests requests_{parts_, deployments_};
};

}  // namespace ci_lambda
