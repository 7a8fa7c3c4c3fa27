#include "app/app.hpp"

#include <utility>

#include "app/deployments.hpp"
#include "app/event_handler.hpp"
#include "app/foundation.hpp"
#include "app/personal_requests.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "base/allocator.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// How much of an event a debug line shows: all of EventBridge's largest (1 MB) would not fit into a line of
/// CloudWatch.
constexpr std::size_t kLoggedEventCharacters = 64'000;

/// The application by one configuration.
struct Running {
    Running(const AppOptions& options, Foundation& foundation, LoadedConfig loaded)
        : parts(options, foundation, std::move(loaded)) {}

    Wiring parts;
    Deployments deployments{parts};
    EventHandler events{parts, deployments};
    PersonalRequests requests{parts, deployments};
};

class RealApp final : public App {
public:
    RealApp(AppOptions options, const Environment& environment, LogSink& sink, const Clock& clock, Sleeper& sleeper,
            LoadedConfig loaded, std::optional<std::string> ca_bundle)
        : options_(std::move(options)), foundation_(options_, environment, sink, clock, sleeper, std::move(ca_bundle)) {
        const auto warnings = loaded.warnings;
        run_by(std::move(loaded));
        if (options_.announce) logger().info("cold start", {{"version", version()}, {"commit", commit()}});
        tell(warnings);
    }

    void set_home(Home home) override { running_->events.set_home(std::move(home)); }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        if (foundation_.logger.enabled(LogLevel::kDebug))
            foundation_.logger.debug("event received", {{"event", truncate_utf8(event_bytes, kLoggedEventCharacters)}});
        return handle(decode_delivery(event_bytes), deadline);
    }
    Handled handle(const Delivery& delivery, Deadline deadline) override {
        return running_->events.handle(delivery, deadline);
    }
    Handled handle(const Event& event, Deadline deadline) override { return running_->events.handle(event, deadline); }

    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) override {
        return running_->requests.deploy(decision, options, deadline);
    }
    Handled roll_back(const RollbackRequest& request, Deadline deadline) override {
        return running_->requests.roll_back(request, deadline);
    }
    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) override {
        return running_->requests.wait_for(targets, deadline);
    }

    void rest() override {
        running_->parts.deployer.rest();
        running_->parts.notifications.rest();
        give_free_memory_back();
    }

    const Config& config() const override { return running_->parts.config; }
    Logger& logger() override { return foundation_.logger; }
    const Redactor& redactor() const override { return foundation_.redactor; }
    EcsApi& ecs() override { return running_->parts.ecs; }
    CredentialsProvider& credentials() override { return foundation_.credentials; }

private:
    void run_by(LoadedConfig loaded) { running_ = std::make_unique<Running>(options_, foundation_, std::move(loaded)); }
    void tell(const std::vector<std::string>& warnings) {
        for (const auto& warning : warnings) logger().warn("configuration: " + warning);
    }

    AppOptions options_;
    Foundation foundation_;
    std::unique_ptr<Running> running_;
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
