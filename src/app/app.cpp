#include "app/app.hpp"

#include <utility>

#include "app/deployments.hpp"
#include "app/event_handler.hpp"
#include "app/foundation.hpp"
#include "app/personal_requests.hpp"
#include "app/steer.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "base/allocator.hpp"
#include "base/text.hpp"
#include "config/config_document.hpp"

namespace ci_lambda {
namespace {

/// How much of an event a debug line shows: all of EventBridge's largest (1 MB) would not fit into a line of
/// CloudWatch.
constexpr std::size_t kLoggedEventCharacters = 64'000;

/// Of what the configuration is made at a cold start. Lambda gives a cold start ten seconds.
constexpr Milliseconds kColdStartPatience{8000};

/// The application by one configuration.
struct Running {
    Running(const AppOptions& options, Foundation& foundation, Config config, std::unique_ptr<HttpClient> other_http)
        : parts(options, foundation, std::move(config), std::move(other_http)) {}

    Wiring parts;
    Deployments deployments{parts};
    EventHandler events{parts, deployments};
    PersonalRequests requests{parts, deployments};
};

class RealApp final : public App {
public:
    RealApp(AppOptions options, const Environment& environment, LogSink& sink, const Clock& clock, Sleeper& sleeper,
            std::optional<std::string> ca_bundle)
        : options_(std::move(options)),
          foundation_(options_, environment, sink, clock, sleeper, std::move(ca_bundle)),
          document_({.check = [this](const Config& config) -> Status {
                        TRY(other_ca_bundle(config));
                        return {};
                    }},
                    environment, foundation_.documents, clock) {}

    Status begin() {
        TRY_ASSIGN(auto loaded, document_.load(Deadline::after(foundation_.clock, kColdStartPatience)));
        const auto warnings = loaded.warnings;
        TRY(run_by(std::move(loaded)));
        if (options_.announce) logger().info("cold start", {{"version", version()}, {"commit", commit()}});
        tell(warnings);
        return {};
    }

    void set_home(Home home) override {
        home_ = std::move(home);
        running_->events.set_home(home_);
    }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        if (foundation_.logger.enabled(LogLevel::kDebug))
            foundation_.logger.debug("event received", {{"event", truncate_utf8(event_bytes, kLoggedEventCharacters)}});
        return handle(decode_delivery(event_bytes), deadline);
    }
    Handled handle(const Delivery& delivery, Deadline deadline) override {
        renew(deadline);
        return running_->events.handle(delivery, deadline);
    }
    Handled handle(const Event& event, Deadline deadline) override {
        renew(deadline);
        return running_->events.handle(event, deadline);
    }

    void discover(Deadline deadline) override { running_->parts.discover(deadline); }
    void discover_tasks(Deadline deadline) override { running_->parts.discover_tasks(deadline); }

    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) override {
        return running_->requests.deploy(decision, options, deadline);
    }
    Handled roll_back(const RollbackRequest& request, Deadline deadline) override {
        return running_->requests.roll_back(request, deadline);
    }
    Handled steer(const Steer& steer, Deadline deadline) override {
        return carry_out_steer(running_->parts, steer, deadline);
    }
    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) override {
        return running_->requests.wait_for(targets, deadline);
    }

    void release_idle() override {
        running_->parts.deployer.release_idle();
        running_->parts.notifications.release_idle();
        give_free_memory_back();
    }

    const Config& config() const override { return running_->parts.config; }
    Logger& logger() override { return foundation_.logger; }
    const Redactor& redactor() const override { return foundation_.redactor; }
    EcsApi& ecs() override { return running_->parts.ecs; }
    EcrRegions& registries() override { return running_->parts.registries; }
    CredentialsProvider& credentials() override { return foundation_.credentials; }

private:
    /// Nothing has changed where it fails.
    Status run_by(LoadedConfig loaded) {
        for (const auto& secret : loaded.secrets) register_webhook(secret.reveal(), foundation_.redactor);
        TRY_ASSIGN(auto other_http, http_for(loaded.config));
        running_ = std::make_unique<Running>(options_, foundation_, std::move(loaded.config), std::move(other_http));
        running_->events.set_home(home_);
        return {};
    }

    /// The authorities that the document names and the environment does not.
    Result<std::optional<std::string>> other_ca_bundle(const Config& config) const {
        if (!config.ca_bundle || config.ca_bundle == foundation_.environment.get_non_empty("AWS_CA_BUNDLE"))
            return std::nullopt;
        return find_ca_bundle(config.ca_bundle, foundation_.environment, usual_ca_bundles());
    }

    /// nullptr where the foundation's will do: unless the document names authorities that the environment does not.
    Result<std::unique_ptr<HttpClient>> http_for(const Config& config) {
        TRY_ASSIGN(auto bundle, other_ca_bundle(config));
        if (!bundle) return nullptr;
        return std::make_unique<CurlHttpClient>(
            CurlHttpClient::Options{.ca_bundle = std::move(bundle), .ca_bundle_overrides = true}, foundation_.clock,
            foundation_.logger);
    }

    /// Between events: by the document and the secrets as they are now.
    void renew(Deadline deadline) {
        auto loaded = document_.refresh(deadline, logger());
        if (!loaded) return;
        const auto warnings = loaded->warnings;
        if (const auto done = run_by(*std::move(loaded)); !done)
            logger().warn("the configuration could not be renewed", {{log_key::kError, done.error().message}});
        else
            tell(warnings);
    }

    void tell(const std::vector<std::string>& warnings) {
        for (const auto& warning : warnings) logger().warn("configuration: " + warning);
    }

    AppOptions options_;
    Foundation foundation_;
    ConfigDocument document_;
    Home home_;
    std::unique_ptr<Running> running_;
};

}  // namespace

Result<std::unique_ptr<App>> App::create(AppOptions options, const Environment& environment, LogSink& sink,
                                         const Clock& clock, Sleeper& sleeper) {
    TRY_ASSIGN(auto ca_bundle,
               find_ca_bundle(environment.get_non_empty("AWS_CA_BUNDLE"), environment, usual_ca_bundles()));
    auto app = std::make_unique<RealApp>(std::move(options), environment, sink, clock, sleeper, std::move(ca_bundle));
    TRY(app->begin());
    return app;
}

}  // namespace ci_lambda
