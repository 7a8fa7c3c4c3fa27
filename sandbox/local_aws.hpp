#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/aws/front.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecr/ecr.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/http/http_server.hpp"
#include "sandbox/places/place.hpp"
#include "sandbox/places/replication.hpp"
#include "sandbox/places/target.hpp"
#include "sandbox/record/journal.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "sandbox/slack/press.hpp"
#include "sandbox/sts/sts.hpp"

namespace ci_lambda::sandbox {

struct LocalAwsOptions {
    double speed = 1.0;  ///< of ECS, see EcsOptions
    /// Another clock for the home's ECS, which must outlive it: ECS then goes on only when it is called.
    const Clock* ecs_clock = nullptr;
    /// Gets the events of the home's ECS itself; without it they go to the function.
    EventSink on_ecs_event = {};
    /// Where the shop stands; the first one is the home. None: at home in us-east-1.
    std::vector<Target> targets = {};
};

/// The sandbox's AWS behind one address: ECS, ECR, EventBridge, CloudWatch's alarms, Step Functions, Parameter
/// Store and Secrets Manager (AWS JSON, `POST /`), Scheduler, STS, the Runtime API and Invoke, the Slack inbox, and
/// pages that show what happened. The function's process is not part of it: see FunctionHost.
///
/// Where there are several targets, a call belongs to the region of its signature and to the account of its access key:
/// that of the role for keys that its own STS gave, the home's for all others.
class LocalAws {
public:
    /// Ids and clock must outlive it.
    LocalAws(Ids& ids, const Clock& clock, LocalAwsOptions options = {});
    ~LocalAws();
    LocalAws(const LocalAws&) = delete;
    LocalAws& operator=(const LocalAws&) = delete;

    /// Fails (kConnection) when the port is taken. Returns the port.
    [[nodiscard]] Result<std::uint16_t> start(std::uint16_t port);
    /// Releases everybody who waits for an event or an answer, and ends the server.
    void stop();

    /// What `GET /sandbox/settings` answers from now on.
    void tell_settings(std::string page);

    /// In all places that have such a service: a name of ECS or an id of the shop (`api`). Fails (kConfiguration) for
    /// one that is not there.
    [[nodiscard]] Status set_scenario(const ScenarioChoice& choice);
    /// `NAME`, `SERVICE=NAME`, `TARGET=NAME`, `TARGET/SERVICE=NAME`; for a target also what is wrong with all of it
    /// (`us=region-down`), which `healthy` ends. Fails likewise.
    [[nodiscard]] Status choose_scenario(std::string_view text);

    /// As `docker push`, of an image that was built anew: `api:v1.43`, `shop_service_api:v1.43`. The name is that of a
    /// repository or an id of the shop. Fails (kConfiguration) with the way out, in ECR's words where they are its own.
    /// `from`: the region where it was pushed, if it comes from there by replication and there is no place of that
    /// region here. `target`: in whose registry; absent: the home's, from which it is replicated into all others.
    [[nodiscard]] Result<Push> push_image(std::string_view image, const std::optional<std::string>& from = {},
                                          const std::optional<std::string>& target = {});

    /// Somebody has put an env file of the shop's bucket: `api/.env`. S3's event goes to the function; there is no
    /// file. Returns the object's URL. Fails (kConfiguration) for what names none.
    [[nodiscard]] Result<std::string> edit_file(std::string_view object, const std::optional<std::string>& target = {});

    /// An alarm goes off, or is over: `shop-5xx=ALARM`, `shop-5xx=OK`. One that is not there is made. Deployments that
    /// have it among their alarms see it, too. In all places, or in one. Fails (kConfiguration) for what is no such
    /// text.
    [[nodiscard]] Status set_alarm(std::string_view text, const std::optional<std::string>& target = {});

    /// Somebody presses a button of the latest Slack message that has one: `approve` or `reject`, of this service where
    /// one is named. Slack's own request goes to the function's URL; returns what was pressed. Fails (kConfiguration)
    /// where there is no such button, or the function has not acknowledged it.
    struct Pressed {
        SlackButton button;
        std::string user;
    };
    [[nodiscard]] Result<Pressed> press_button(std::string_view action, const std::optional<std::string>& service = {},
                                               const std::optional<std::string>& user = {});
    /// With what Slack's requests are signed; made up for this sandbox.
    [[nodiscard]] const std::string& signing_secret() const { return signing_secret_; }
    /// The function's URL at this port.
    [[nodiscard]] static std::string function_url(std::uint16_t port);

    /// What the parameter or secret holds that a setting refers to (`ssm:/PATH`, `secretsmanager:NAME`); `nullopt` for
    /// what is not there, and for all other text.
    [[nodiscard]] std::optional<std::string> referred_to(std::string_view reference);

    /// The first one is the home.
    [[nodiscard]] std::vector<Target> targets() const;
    [[nodiscard]] bool has_several_targets() const { return places_.size() > 1; }
    /// nullptr when there is none of that name.
    [[nodiscard]] Place* place_named(std::string_view name) const;
    [[nodiscard]] Place& home() { return *places_.front(); }
    [[nodiscard]] Ecs& ecs() { return home().ecs(); }
    [[nodiscard]] Ecr& ecr() { return home().ecr(); }
    [[nodiscard]] Replication& replication() { return *replication_; }
    [[nodiscard]] Invocations& invocations() { return invocations_; }
    [[nodiscard]] const Journal& journal() const { return journal_; }

private:
    /// Why a call gets to no place.
    struct Refusal {
        bool hang_up = false;
        AwsError error = {};
    };
    using Api = AwsAnswer (Place::*)(const AwsCall& call);

    void add_apis();
    void add_routes();
    void add_pages();
    /// `access_key`, `region`: of its signature; `target`: where the sandbox's own client names one.
    [[nodiscard]] std::expected<Place*, Refusal> place_of(const std::string& access_key, const std::string& region,
                                                          const std::string& target);
    [[nodiscard]] std::expected<Place*, Refusal> admitting_place(const std::string& access_key,
                                                                 const std::string& region, const std::string& target);
    [[nodiscard]] Place* place_at(std::string_view region, std::string_view account) const;
    [[nodiscard]] bool is_down(std::string_view region) const;
    /// The place of this name, or the home.
    [[nodiscard]] Result<Place*> place_or_home(const std::optional<std::string>& target);
    [[nodiscard]] Result<Place*> known_place(std::string_view name) const;
    void set_trouble(Place& place, Trouble trouble);
    [[nodiscard]] AwsAnswer call(const AwsCall& call, Api api);
    [[nodiscard]] AwsAnswer call_ecs(const AwsCall& call);
    [[nodiscard]] std::string invocation_of(const std::string& access_key);
    [[nodiscard]] std::string all_scenarios_page();
    [[nodiscard]] HttpExchangeAnswer take_sts(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_slack_message(const HttpExchangeRequest& request, std::string invocation);
    [[nodiscard]] HttpExchangeAnswer take_raw_event(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_scenario(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_code_deploy(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_push(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_tasks(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_alarm(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_calendar(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer show_executions(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer show_alarms(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_file(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_function_url_call(const HttpExchangeRequest& request,
                                                            const std::string& path);
    [[nodiscard]] HttpExchangeAnswer take_click(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_slack_reply(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_replication(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer show_blob(const HttpExchangeRequest& request);

    Ids& ids_;
    std::string signing_secret_;
    const Clock& clock_;
    Invocations invocations_;
    Sts sts_;
    std::vector<std::unique_ptr<Place>> places_;  // after the invocations, which take their events
    std::unique_ptr<Replication> replication_;    // after the places
    AwsFront front_;
    Journal journal_;
    std::uint16_t port_ = 0;
    std::mutex settings_mutex_;
    std::string settings_page_ = "{}\n";
    HttpServer server_;  // last: its handlers use all of the above
};

}  // namespace ci_lambda::sandbox
