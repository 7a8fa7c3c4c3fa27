#include "app/app.hpp"

#include <utility>

#include "app/deployments.hpp"
#include "app/event_handler.hpp"
#include "app/personal_requests.hpp"
#include "app/wiring.hpp"
#include "base/allocator.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// How much of an event a debug line shows: all of EventBridge's largest (1 MB) would not fit into a line of
/// CloudWatch.
constexpr std::size_t kLoggedEventCharacters = 64'000;

class RealApp final : public App {
public:
    RealApp(AppOptions options, const Environment& environment, LogSink& sink, const Clock& clock, Sleeper& sleeper,
            LoadedConfig loaded, std::optional<std::string> ca_bundle)
        : parts_(std::move(options), environment, sink, clock, sleeper, std::move(loaded), std::move(ca_bundle)) {}

    void set_home(Home home) override { events_.set_home(std::move(home)); }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        if (parts_.logger.enabled(LogLevel::kDebug))
            parts_.logger.debug("event received", {{"event", truncate_utf8(event_bytes, kLoggedEventCharacters)}});
        return handle(decode_delivery(event_bytes), deadline);
    }
    Handled handle(const Delivery& delivery, Deadline deadline) override { return events_.handle(delivery, deadline); }
    Handled handle(const Event& event, Deadline deadline) override { return events_.handle(event, deadline); }

    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) override {
        return requests_.deploy(decision, options, deadline);
    }
    Handled roll_back(const RollbackRequest& request, Deadline deadline) override {
        return requests_.roll_back(request, deadline);
    }
    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) override {
        return requests_.wait_for(targets, deadline);
    }

    void rest() override {
        parts_.deployer.rest();
        parts_.notifications.rest();
        give_free_memory_back();
    }

    const Config& config() const override { return parts_.config; }
    Logger& logger() override { return parts_.logger; }
    const Redactor& redactor() const override { return parts_.redactor; }
    EcsApi& ecs() override { return parts_.ecs; }
    CredentialsProvider& credentials() override { return parts_.credentials; }

private:
    Wiring parts_;
    Deployments deployments_{parts_};
    EventHandler events_{parts_, deployments_};
    PersonalRequests requests_{parts_, deployments_};
};

}  // namespace

Result<std::unique_ptr<App>> App::create(AppOptions options, const Environment& environment, LogSink& sink,
                                         const Clock& clock, Sleeper& sleeper) {
    TRY_ASSIGN(auto loaded, load_config(environment));
    TRY_ASSIGN(auto ca_bundle, find_ca_bundle(loaded.config.ca_bundle, environment, usual_ca_bundles()));
    return std::make_unique<RealApp>(std::move(options), environment, sink, clock, sleeper, std::move(loaded),
                                     std::move(ca_bundle));
}

}  // namespace ci_lambda
