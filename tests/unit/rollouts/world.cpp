#include "unit/rollouts/world.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/rollout/verdict.hpp"
#include "net/sha256.hpp"
#include "pipelines/state_machine.hpp"
#include "sandbox/shop/shop.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

std::string breaker_json(Breaker breaker) {
    return fmt::format(R"({{"cluster":"shop_cluster_dev","service":"shop_service_api_dev","deploymentConfiguration":
        {{"deploymentCircuitBreaker":{{"enable":{},"rollback":{}}}}}}})",
                       breaker != Breaker::kOff, breaker == Breaker::kOnWithRollback);
}

}  // namespace

namespace {

sandbox::StepFunctionsState with_state_machine(WallTime now) {
    sandbox::StepFunctionsState state{.account = "123456789012", .region = "us-east-1"};
    sandbox::add_machine(state, "pipelines",
                         state_machine_definition("arn:aws:lambda:us-east-1:123456789012:function:ci_lambda"), now);
    return state;
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      ecs_({.state = sandbox::shop_state(ids_, clock_.now()),
            .speed = 1.0,
            .scenario = options.scenario,
            .on_event = [this](std::string event) { arrivals_.push_back({.event = std::move(event)}); },
            .on_hook_call = [this](const sandbox::HookCall& call) { hook_calls_.push_back(call); }},
           ids_, clock_),
      state_machines_({.state = with_state_machine(clock_.now()),
                       .speed = 1.0,
                       .on_call =
                           [this](const sandbox::TaskCall& call) {
                               const std::scoped_lock lock(mutex_);
                               task_calls_.push_back(call);
                           }},
                      ids_, clock_) {
    ecs_.set_quirks(options.quirks);
    if (options.breaker != Breaker::kOff) call_ecs("UpdateService", breaker_json(options.breaker));
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"PROJECT_NAME", "shop"},
                                            {"PROJECT_ENV", "dev"},
                                            {"SERVICE_CONFIG", "{}"},
                                            {"AUTO_DEPLOY_MAP", R"({"api":true,"backend":true,"worker":true})"},
                                            {"AWS_ENDPOINT_URL_ECS", server_.url()},
                                            {"AWS_ENDPOINT_URL_SCHEDULER", server_.url()},
                                            {"AWS_ENDPOINT_URL_ECR", server_.url()},
                                            {"AWS_REGION", "us-east-1"},
                                            {"AWS_ENDPOINT_URL_CLOUDWATCH", server_.url()},
                                            {"AWS_ENDPOINT_URL_SFN", server_.url()},
                                            {"AWS_ENDPOINT_URL_EVENTBRIDGE", server_.url()},
                                            {"AWS_ENDPOINT_URL_CODEDEPLOY", server_.url()},
                                            {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", server_.url()},
                                            {"ENABLE_SLACK_NOTIFICATIONS", options.slack ? "true" : "false"},
                                            {"SLACK_WEBHOOK_URL", server_.url("/services/T000/B000/hook")},
                                            {"AWS_ACCESS_KEY_ID", "AKID"},
                                            {"AWS_SECRET_ACCESS_KEY", "secret"},
                                            {"WAIT_FOR_DEPLOYMENT", options.wait ? "true" : "false"},
                                            {"ROLLBACK_ON_FAILURE", options.roll_back ? "true" : "false"},
                                            {"SWEEP_INTERVAL_SECONDS", options.sweep ? "300" : "0"}})
        environment_.set(name, value);
    for (const auto& [name, value] : options.environment)
        environment_.set(name, replace_all(value, "{world}", server_.url()));
    app_ = make_app();
    second_app_ = make_app();
}

std::unique_ptr<App> World::make_app() {
    auto created = App::create({.metrics = options_.metrics}, environment_, sink_, clock_, sleeper_);
    EXPECT_THAT(created, IsOk());
    if (options_.knows_itself)
        (*created)->set_home(Home::of_function("arn:aws:lambda:us-east-1:123456789012:function:ci_lambda:live"));
    return std::move(*created);
}

ServerReply World::answer_schedules(const ServerRequest& request) {
    const auto parts = split(request.line(), ' ');
    const auto& path = parts.at(1);
    const auto begin = std::string_view("/schedules/").size();
    const sandbox::HttpExchangeRequest exchange{
        .path = path, .captures = {path.substr(begin, path.find('?') - begin)}, .headers = {}, .body = request.body};
    {
        const std::scoped_lock lock(mutex_);
        ++calls_[parts[0] + " schedule"];
        if (refusal_.first != 0)
            return reply(refusal_.first, fmt::format(R"({{"Message":"no","__type":"{}"}})", refusal_.second));
    }
    const auto answer = parts[0] == "DELETE" ? scheduler_.remove(exchange)
                        : parts[0] == "GET"  ? scheduler_.get(exchange)
                                             : scheduler_.put(exchange, parts[0] == "POST");
    const auto type = answer.headers.find("x-amzn-ErrorType");
    if (type == answer.headers.end()) return reply(answer.status, answer.body);
    auto json = *parse_json(answer.body);
    json["__type"] = type->second;
    return reply(answer.status, dump_json(json));
}

/// Every tag is there, and stands for an image of its own.
ServerReply World::answer_images(const std::string& operation, const std::string& body) {
    if (operation != "DescribeImages") return reply(400, R"({"__type":"ImageNotFoundException","message":"no"})");
    const auto asked = *parse_json(body);
    const std::string tag = asked["imageIds"][0].value("imageTag", "");
    const std::scoped_lock lock(mutex_);
    const auto moved = moved_tags_.find(tag);
    const auto digest = moved == moved_tags_.end() ? sha256_digest_of(tag) : moved->second;
    return reply(200, dump_json({{"imageDetails", {{{"imageDigest", digest}, {"imageTags", {tag}}}}}}));
}

ServerReply World::answer(const ServerRequest& request) {
    const auto nothing = [] { return ServerReply{.bytes = "", .close = true}; };
    if (dead_) return nothing();
    if (request.line().starts_with("GET /health")) {
        const std::scoped_lock lock(mutex_);
        ++calls_["GET /health"];
        if (health_.first == 0) return {.bytes = "", .close = true};
        return reply(health_.first, health_.second);
    }
    if (request.line().contains(" /schedules/")) return answer_schedules(request);
    if (request.header("X-Amz-Target") == "GraniteServiceVersion20100801.DescribeAlarms") {
        const auto answer = cloudwatch_.handle("DescribeAlarms", request.body);
        return reply(answer.status, answer.body);
    }
    if (request.line() != "POST / HTTP/1.1") {
        const std::scoped_lock lock(mutex_);
        messages_.push_back(request.body);
        return reply(200, "ok");
    }
    const auto target = request.header("X-Amz-Target");
    if (target.starts_with("AmazonEC2ContainerRegistry_"))
        return answer_images(target.substr(target.find('.') + 1), request.body);
    const bool of_logs = target.starts_with("Logs_");
    const auto operation = target.substr(target.find('.') + 1);
    if (operation == "PutEvents") {
        const std::scoped_lock lock(mutex_);
        ++calls_[operation];
        const auto entries = (*parse_json(request.body))["Entries"];
        for (const auto& entry : entries) sent_events_.push_back(dump_json(entry));
        return reply(
            200, dump_json({{"FailedEntryCount", 0}, {"Entries", Json::array_t(entries.size(), {{"EventId", "e"}})}}));
    }
    if (before_each_call_) {
        const std::scoped_lock lock(hook_mutex_);  // calls may come at the same time
        before_each_call_(operation, request.body);
    }
    if (dead_) return nothing();
    std::optional<sandbox::FaultKind> fault;
    {
        const std::scoped_lock lock(mutex_);
        ++calls_[operation];
        if (operation == "UpdateService") last_rollout_ = clock_.now();
        fault = faults_.take(operation, request.body);
    }
    const auto answer = sandbox::answer_with(fault, operation, [&] {
        if (target.starts_with("AWSStepFunctions.")) return state_machines_.handle(operation, request.body);
        if (of_logs) return ecs_.handle_logs(operation, request.body);
        return target.starts_with("CodeDeploy_") ? ecs_.handle_code_deploy(operation, request.body)
                                                 : ecs_.handle(operation, request.body);
    });
    if (dies_after_call_.exchange(false)) {
        dead_ = true;
        return nothing();
    }
    return reply(answer.status, answer.body);
}

Deadline World::deadline() const {
    return options_.lambda_timeout == Milliseconds{} ? Deadline::none()
                                                     : Deadline::after(clock_, options_.lambda_timeout);
}

Handled World::deploy() {
    auto handled = app_->handle(R"({"service":"api","reason":"a test wants it"})", deadline());
    deliver();
    return handled;
}

Handled World::handle(const std::string& event) {
    busy_ = true;  // what ECS sends while the function waits comes afterwards
    auto handled = listener().handle(event, Deadline::none());
    busy_ = false;
    deliver();
    return handled;
}

Handled World::roll_back(const std::string& reason) {
    const auto person = make_app();
    busy_ = true;
    auto handled = person->roll_back({.target = target(), .reason = reason}, Deadline::none());
    busy_ = false;
    return handled;
}

void World::forget_all() { (options_.wait ? second_app_ : app_) = make_app(); }

void World::send(const std::string& event) {
    arrivals_.push_back({.event = event});
    deliver();
}

void World::run_for(Milliseconds duration) { run_until(clock_.now() + duration); }

void World::wait_until(WallTime until) {
    const int wait = waits_++;
    if (at_each_wait_ && !interrupted_) {
        run_until(clock_.now() + (until - clock_.now()) / 2);
        interrupted_ = true;
        at_each_wait_(wait);
        interrupted_ = false;
    }
    run_until(until);
}

void World::run_until(WallTime until) {
    for (;;) {
        auto next = until;
        if (const auto change = ecs_.next_change()) next = std::min(next, *change);
        if (const auto due = scheduler_.next_due()) next = std::min(next, *due);
        if (const auto due = state_machines_.next_due()) next = std::min(next, *due);
        if (options_.sweep) next = std::min(next, next_sweep_);
        if (!appointments_.empty()) next = std::min(next, appointments_.begin()->first);
        if (next > clock_.now()) clock_.advance(std::chrono::ceil<Milliseconds>(next - clock_.now()));
        ecs_.advance();
        while (!appointments_.empty() && appointments_.begin()->first <= clock_.now()) {
            const auto what = appointments_.begin()->second;
            appointments_.erase(appointments_.begin());
            what();
        }
        for (auto& input : scheduler_.fire_due()) arrivals_.push_back({.event = std::move(input)});
        if (options_.sweep && next_sweep_ <= clock_.now()) {
            arrivals_.push_back({.event = sweep_event()});
            next_sweep_ += std::chrono::minutes{5};
        }
        deliver();
        answer_hooks();
        state_machines_.advance();
        answer_tasks();
        if (clock_.now() >= until) break;
    }
}

std::vector<Answer> World::answers() const {
    std::vector<Answer> all;
    for (const auto& outcome : outcomes_) all.push_back(outcome.handled.answer);
    return all;
}

void World::deliver() {
    if (busy_) return;
    busy_ = true;
    while (!arrivals_.empty()) {
        auto arrival = std::move(arrivals_.front());
        arrivals_.pop_front();
        if (arrival.failures == 0) delivered_.push_back(arrival.event);
        deliver(std::move(arrival));
    }
    busy_ = false;
}

/// ECS waits for the answer of an invocation, so nothing waits for the function's other events.
void World::answer_hooks() {
    for (const auto& call : std::exchange(hook_calls_, {})) {
        const auto handled = listener().handle(call.payload, deadline());
        EXPECT_FALSE(handled.error) << "ECS takes that for a no";
        ecs_.answer_function(call.hook_id, to_json(handled.answer));
    }
}

/// The state machine waits for the function; where that is busy, for another process of it.
void World::answer_tasks() {
    if (busy_) return;
    for (;;) {
        std::vector<sandbox::TaskCall> calls;
        {
            const std::scoped_lock lock(mutex_);
            calls = std::exchange(task_calls_, {});
        }
        if (calls.empty()) return;
        for (const auto& call : calls) {
            busy_ = true;
            const auto handled = listener().handle(call.payload, deadline());
            busy_ = false;
            outcomes_.push_back({.event = call.payload, .handled = handled});
            if (handled.error)
                state_machines_.answer(call.id,
                                       {.error = {.error = handled.error->type, .cause = handled.error->message}});
            else
                state_machines_.answer(call.id, {.payload = to_json(handled.answer)});
        }
        deliver();
    }
}

void World::deliver(Arrival arrival) {
    constexpr int kTries = 3;
    handling_ = arrival.event;
    auto handled = listener().handle(arrival.event, deadline());
    handling_.clear();
    dies_after_call_ = false;
    if (dead_.exchange(false)) {
        handled = {.error = HandlingError{.type = "Runtime.ExitError", .message = "the process has died"}};
        forget_all();
    }
    outcomes_.push_back({.event = arrival.event, .handled = handled});
    if (!handled.error) return;
    EXPECT_TRUE(options_.lambda_retries) << handled.error->message << "\n" << arrival.event;
    if (++arrival.failures == kTries) {
        lost_.push_back(arrival.event);
        return;
    }
    appointments_.emplace(clock_.now() + arrival.failures * std::chrono::minutes{1},
                          [this, arrival] { arrivals_.push_back(arrival); });
}

std::string World::sweep_event() const {
    return fmt::format(R"({{"source":"aws.events","detail-type":"Scheduled Event","time":"{}","detail":{{}}}})",
                       format_rfc3339(next_sweep_));
}

std::string World::call_ecs(const std::string& operation, const std::string& body) {
    const auto answer = ecs_.handle(operation, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
}

void World::add_fault(sandbox::Fault fault) {
    const std::scoped_lock lock(mutex_);
    faults_.add(std::move(fault));
}

void World::clear_faults() {
    const std::scoped_lock lock(mutex_);
    faults_.clear();
}

std::string World::somebody_registers(const std::string& image) {
    const auto body =
        call_ecs("RegisterTaskDefinition",
                 dump_json({{"family", "shop_service_api_dev"},
                            {"containerDefinitions", {{{"name", "shop_service_api"}, {"image", image}}}}}));
    return short_name(find_string((*parse_json(body))["taskDefinition"], "taskDefinitionArn").value_or(""));
}

std::string World::somebody_deploys(const std::string& task_definition) {
    const auto body = call_ecs("UpdateService", dump_json({{"cluster", "shop_cluster_dev"},
                                                           {"service", "shop_service_api_dev"},
                                                           {"taskDefinition", task_definition},
                                                           {"forceNewDeployment", true}}));
    return (*parse_json(body))["service"]["deployments"][0]["id"].get<std::string>();
}

void World::at(Milliseconds after_start, std::function<void()> what) {
    appointments_.emplace(start_ + after_start, std::move(what));
}

void World::set_alarm(const std::string& name, bool is_on) {
    cloudwatch_.set(name, is_on);
    ecs_.set_alarm(name, is_on);
}

void World::set_scenario(sandbox::Scenario scenario) {
    EXPECT_TRUE(ecs_.set_scenario({.service = std::nullopt, .scenario = scenario}));
}

std::vector<std::string> World::titles() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> titles;
    for (const auto& message : messages_) {
        const auto json = parse_json(message);
        auto text = (*json)["blocks"][0]["text"]["text"].get<std::string>();
        const auto begin = text.find('*') + 1;
        titles.push_back(text.substr(begin, text.rfind('*') - begin));
    }
    return titles;
}

std::vector<double> World::measured(const std::string& metric) const {
    std::vector<double> values;
    for (const auto& text : split(log(), '\n')) {
        if (!text.starts_with(R"({"_aws")")) continue;
        const auto line = *parse_json(text);
        const auto found = line.find(metric);
        if (found == line.end()) continue;
        if (found->is_array())
            for (const auto& value : *found) values.push_back(value);
        else
            values.push_back(*found);
    }
    return values;
}

int World::counted(const std::string& metric) const {
    const auto values = measured(metric);
    return static_cast<int>(std::accumulate(values.begin(), values.end(), 0.0));
}

std::string World::told() const {
    std::vector<std::string> short_titles;
    for (const auto& title : titles())
        short_titles.push_back(replace_all(replace_all(title, "Deployment ", ""), ": api", ""));
    return join(short_titles, ", ");
}

std::string World::slack() const {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const auto& message : messages_) all += message + "\n";
    return all;
}

std::string World::end_state() {
    const auto body =
        call_ecs("DescribeServices", R"({"cluster":"shop_cluster_dev","services":["shop_service_api_dev"]})");
    const auto json = parse_json(body);
    const auto& service = (*json)["services"][0];
    const auto& primary = service["deployments"][0];
    return fmt::format("{} {}", short_name(primary["taskDefinition"].get<std::string>()),
                       primary["rolloutState"].get<std::string>());
}

int World::changes() const {
    const std::scoped_lock lock(mutex_);
    int changes = 0;
    for (const auto& [operation, count] : calls_)
        if (!operation.starts_with("Describe") && !operation.starts_with("List")) changes += count;
    return changes;
}

int World::calls(const std::string& operation) const {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(operation);
    return found == calls_.end() ? 0 : found->second;
}

}  // namespace ci_lambda::testing
