#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sandbox/aws/due_thread.hpp"
#include "sandbox/aws/front.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/cloudwatch/cloudwatch.hpp"
#include "sandbox/ecr/ecr.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/http/http_server.hpp"
#include "sandbox/parameter_store/parameter_store.hpp"
#include "sandbox/record/journal.hpp"
#include "sandbox/runtime/hook_caller.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "sandbox/scheduler/scheduler.hpp"
#include "sandbox/secrets_manager/secrets_manager.hpp"

namespace ci_lambda::sandbox {

struct LocalAwsOptions {
    double speed = 1.0;  ///< of ECS, see EcsOptions
    /// Another clock for ECS, which must outlive it: ECS then goes on only when it is called.
    const Clock* ecs_clock = nullptr;
    /// Gets the events of ECS itself; without it they go to the function.
    EventSink on_ecs_event = {};
};

/// The sandbox's AWS behind one address: ECS, ECR, EventBridge, CloudWatch's alarms, Parameter Store and Secrets
/// Manager (AWS JSON, `POST /`), Scheduler, the Runtime API and Invoke, the Slack inbox, and pages that show what
/// happened. The function's process is not part of it: see FunctionHost.
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

    /// The service is a name of ECS or an id of the shop (`api`). Fails (kConfiguration) for one that is not there.
    [[nodiscard]] Status set_scenario(const ScenarioChoice& choice);

    /// As `docker push`, of an image that was built anew: `api:v1.43`, `shop_service_api:v1.43`. The name is that of a
    /// repository or an id of the shop. Fails (kConfiguration) with the way out, in ECR's words where they are its own.
    /// `from`: the region where it was pushed, if it comes from there by replication.
    [[nodiscard]] Result<Push> push_image(std::string_view image, const std::optional<std::string>& from = {});

    /// Somebody has put an env file of the shop's bucket: `api/.env`. S3's event goes to the function; there is no
    /// file. Returns the object's URL. Fails (kConfiguration) for what names none.
    [[nodiscard]] Result<std::string> edit_file(std::string_view object);

    /// An alarm goes off, or is over: `shop-5xx=ALARM`, `shop-5xx=OK`. One that is not there is made. Deployments that
    /// have it among their alarms see it, too. Fails (kConfiguration) for what is no such text.
    [[nodiscard]] Status set_alarm(std::string_view text);

    /// What the parameter or secret holds that a setting refers to (`ssm:/PATH`, `secretsmanager:NAME`); `nullopt` for
    /// what is not there, and for all other text.
    [[nodiscard]] std::optional<std::string> referred_to(std::string_view reference);

    [[nodiscard]] Ecs& ecs() { return ecs_; }
    [[nodiscard]] Ecr& ecr() { return ecr_; }
    [[nodiscard]] Invocations& invocations() { return invocations_; }
    [[nodiscard]] const Journal& journal() const { return journal_; }

private:
    void add_routes();
    [[nodiscard]] AwsAnswer call_ecs(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_code_deploy(const AwsCall& call);
    [[nodiscard]] AwsAnswer call_events(const AwsCall& call);
    [[nodiscard]] HttpExchangeAnswer take_slack_message(const HttpExchangeRequest& request, std::string invocation);
    [[nodiscard]] HttpExchangeAnswer take_raw_event(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_scenario(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_code_deploy(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_push(const HttpExchangeRequest& request);
    [[nodiscard]] HttpExchangeAnswer take_alarm(const HttpExchangeRequest& request);
    [[nodiscard]] AwsAnswer call_cloudwatch(const AwsCall& call);
    [[nodiscard]] std::string alarms_page();
    [[nodiscard]] HttpExchangeAnswer take_file(const HttpExchangeRequest& request);

    Ids& ids_;
    const Clock& clock_;
    Invocations invocations_;
    Ecr ecr_;  // after the invocations, which take its events
    Ecs ecs_;  // likewise; and asks the registry
    SecretsManager secrets_;
    ParameterStore parameters_;
    Scheduler scheduler_;
    CloudWatch cloudwatch_;
    DueThread schedules_fire_;
    DueThread ecs_goes_on_;
    HookCaller hook_caller_;
    bool by_itself_;  ///< ECS goes on
    AwsFront front_;
    Journal journal_;
    std::uint16_t port_ = 0;
    std::mutex settings_mutex_;
    std::string settings_page_ = "{}\n";
    HttpServer server_;  // last: its handlers use all of the above
};

}  // namespace ci_lambda::sandbox
