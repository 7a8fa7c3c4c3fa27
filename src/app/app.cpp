#include "app/app.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "app/channels.hpp"
#include "app/events/front_door.hpp"
#include "app/foundation.hpp"
#include "app/targets/fleet.hpp"
#include "app/targets/target_app.hpp"
#include "app/targets/voice.hpp"
#include "app/version.hpp"
#include "base/allocator.hpp"
#include "base/text.hpp"
#include "config/config_document.hpp"
#include "services/notify/queue.hpp"

namespace ci_lambda {
namespace {

/// How much of an event a debug line shows: all of EventBridge's largest (1 MB) would not fit into a line of
/// CloudWatch.
constexpr std::size_t kLoggedEventCharacters = 64'000;

/// Of what the configuration is made at a cold start. Lambda gives a cold start ten seconds.
constexpr Milliseconds kColdStartPatience{8000};

Tally::Mode tally_mode(const Config& config) {
    if (!config.metrics) return Tally::Mode::kOff;
    return config.metrics_by_service ? Tally::Mode::kByService : Tally::Mode::kOn;
}

/// The deployment targets by which the application is to run: all, or the one that was asked for.
std::vector<DeploymentTarget> wanted_targets(const AppOptions& options, const Config& config) {
    if (!options.target) return config.targets.all;
    const auto* one = config.targets.find(*options.target);
    return one == nullptr ? std::vector<DeploymentTarget>{} : std::vector{*one};
}

/// The application by one configuration.
struct Running {
    Running(const AppOptions& options, Foundation& foundation, Config config, std::unique_ptr<HttpClient> own_http)
        : other_http(std::move(own_http)),
          http(other_http != nullptr ? *other_http : foundation.http),
          channels(config, foundation, http),
          door(config, foundation, http),
          notifications(channels.listeners(), foundation.clock, foundation.sleeper, foundation.logger) {
        foundation.logger.set_level(config.log_level);
        foundation.logger.set_identity(config.project, config.environment);
        foundation.tally.set_mode(tally_mode(config));
        const auto wanted = wanted_targets(options, config);
        if (wanted.size() > 1) {
            chorus = std::make_unique<Chorus>(notifications, wanted.size());
            for (std::size_t i = 0; i < wanted.size(); ++i)
                apps.push_back(std::make_unique<TargetApp>(options, foundation, http, chorus->voice(i),
                                                           in_target(config, wanted[i]), &wanted[i]));
            std::vector<TargetApp*> all;
            for (const auto& app : apps) all.push_back(app.get());
            fleet = std::make_unique<Fleet>(std::move(all), *chorus, config.targets.in_order,
                                            config.targets.roll_back_earlier);
            return;
        }
        const auto* only = wanted.empty() ? nullptr : &wanted.front();
        if (only != nullptr) config = in_target(config, *only);
        apps.push_back(std::make_unique<TargetApp>(options, foundation, http, sole_voice, std::move(config), only));
    }

    [[nodiscard]] TargetApp& first() { return *apps.front(); }

    /// In all targets, or in the only one.
    Handled run(const Fleet::Task& task, const std::string& event, Deadline deadline) {
        return fleet == nullptr ? task(first(), 0, deadline) : fleet->run(task, event, deadline);
    }

    std::unique_ptr<HttpClient> other_http;  ///< nullptr: the foundation's
    HttpClient& http;
    ChannelSet channels;
    FrontDoor door;
    NotificationQueue notifications;
    SoleVoice sole_voice{notifications};
    std::unique_ptr<Chorus> chorus;  ///< nullptr where there is one target
    std::vector<std::unique_ptr<TargetApp>> apps;
    std::unique_ptr<Fleet> fleet;  ///< nullptr where there is one target
};

/// What has come by HTTP; nullptr for all else. In a queue it is nobody's call.
const HttpCall* http_call_in(const Delivery& delivery) {
    if (delivery.source != Delivery::Source::kEvent) return nullptr;
    const auto& events = delivery.messages.front().events;
    return events ? std::get_if<HttpCall>(&events->front().body) : nullptr;
}

std::string id_of_event(const Delivery& delivery) {
    if (delivery.source != Delivery::Source::kEvent) return {};
    const auto& events = delivery.messages.front().events;
    return events ? events->front().envelope.id : "";
}

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
        for (const auto& app : running_->apps) app->set_home(home_);
    }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        auto handled = handle_bytes(event_bytes, deadline);
        write_metrics();
        return handled;
    }
    Handled handle_bytes(std::string_view event_bytes, Deadline deadline) {
        const auto delivery = decode_delivery(event_bytes);
        // Of a call by HTTP the token and the code together are enough to approve.
        if (foundation_.logger.enabled(LogLevel::kDebug) && http_call_in(delivery) == nullptr)
            foundation_.logger.debug("event received", {{"event", truncate_utf8(event_bytes, kLoggedEventCharacters)}});
        return handle(delivery, deadline);
    }
    Handled handle(const Delivery& delivery, Deadline deadline) override {
        renew(deadline);
        if (const auto* call = http_call_in(delivery)) return running_->door.answer(*call, home_.function, deadline);
        return running_->run(
            [&](TargetApp& app, std::size_t /*number*/, Deadline by) { return app.handle(delivery, by); },
            id_of_event(delivery), deadline);
    }
    Handled handle(const Event& event, Deadline deadline) override {
        renew(deadline);
        return running_->run([&](TargetApp& app, std::size_t /*number*/, Deadline by) { return app.handle(event, by); },
                             event.envelope.id, deadline);
    }

    std::vector<App*> targets() override {
        std::vector<App*> all;
        for (const auto& app : running_->apps) all.push_back(app.get());
        return all;
    }
    const std::string& target() const override { return running_->apps.size() > 1 ? kAllOfThem : first().target(); }

    void discover(Deadline deadline) override { first().discover(deadline); }
    void discover_tasks(Deadline deadline) override { first().discover_tasks(deadline); }
    Handled deploy(const std::vector<Result<Deploy>>& decisions, const DeployOptions& options,
                   Deadline deadline) override {
        return running_->run([&](TargetApp& app, std::size_t number,
                                 Deadline by) { return app.deploy({decisions[number]}, options, by); },
                             {}, deadline);
    }
    Handled roll_back(const RollbackRequest& request, Deadline deadline) override {
        return first().roll_back(request, deadline);
    }
    Handled steer(const Steer& steer, Deadline deadline) override { return first().steer(steer, deadline); }
    Handled set_hold(const SetHold& wanted, Deadline deadline) override { return first().set_hold(wanted, deadline); }
    std::vector<ChannelTest> test_channels(Deadline deadline) override { return running_->channels.test(deadline); }
    Handled wait_for(const std::vector<EcsTarget>& services, Deadline deadline) override {
        return first().wait_for(services, deadline);
    }

    void release_idle() override {
        for (const auto& app : running_->apps) app->release_idle();
        if (running_->fleet != nullptr) running_->fleet->release_idle();
        running_->notifications.release_idle();
        give_free_memory_back();
    }

    const Config& config() const override { return first().config(); }
    Logger& logger() override { return foundation_.logger; }
    const Redactor& redactor() const override { return foundation_.redactor; }
    EcsApi& ecs() override { return first().ecs(); }
    EcrRegions& registries() override { return first().registries(); }
    HealthCheck& health() override { return first().health(); }
    LastWordsReader& last_words() override { return first().last_words(); }
    ChangeCalendars& calendars() override { return first().calendars(); }
    StateMachines& state_machines() override { return first().state_machines(); }
    Thaws& thaws() override { return first().thaws(); }
    Questions& questions() override { return first().questions(); }
    CredentialsProvider& credentials() override { return first().credentials(); }

private:
    inline static const std::string kAllOfThem;

    /// The event has been handled: nothing fails for them.
    void write_metrics() {
        try {
            count_process();
            logger().write_metrics();
        } catch (const std::exception& exception) {
            logger().warn("metrics not written", {{log_key::kError, exception.what()}});
        }
    }

    /// What an invocation says of the process.
    void count_process() {
        if (!std::exchange(has_handled_, true)) logger().count(Metric::kColdStarts);
        rusage usage{};
        constexpr double kKilobytesInAMegabyte = 1024;
        if (::getrusage(RUSAGE_SELF, &usage) == 0)
            logger().count(Metric::kMemoryUsed,
                           std::round(static_cast<double>(usage.ru_maxrss) / kKilobytesInAMegabyte));
    }

    [[nodiscard]] TargetApp& first() const { return running_->first(); }

    /// Nothing has changed where it fails.
    Status run_by(LoadedConfig loaded) {
        for (const auto& secret : loaded.secrets) register_secret(secret, foundation_.redactor);
        TRY_ASSIGN(auto other_http, http_for(loaded.config));
        if (options_.target && loaded.config.targets.find(*options_.target) == nullptr)
            return std::unexpected(no_such_target(loaded.config.targets, *options_.target));
        running_ = std::make_unique<Running>(options_, foundation_, std::move(loaded.config), std::move(other_http));
        for (const auto& app : running_->apps) app->set_home(home_);
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
    bool has_handled_ = false;  ///< an invocation
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
