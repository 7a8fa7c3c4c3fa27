#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/app.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/cloudwatch/cloudwatch.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/ecs/faults.hpp"
#include "sandbox/ecs/quirks.hpp"
#include "sandbox/scheduler/scheduler.hpp"
#include "sandbox/stepfunctions/step_functions.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"

namespace ci_lambda::testing {

/// A service's circuit breaker before anything is deployed.
enum class Breaker { kOff, kOn, kOnWithRollback };

struct WorldOptions {
    sandbox::Scenario scenario = sandbox::Scenario::kHealthy;
    Breaker breaker = Breaker::kOff;
    bool wait = false;
    bool roll_back = false;
    bool sweep = true;  ///< a schedule of every five minutes
    bool slack = true;
    Milliseconds lambda_timeout{};  ///< of deploy() and of what arrives; 0: no deadline
    sandbox::Quirks quirks = {};
    /// More settings of the function, or other ones; `{world}` in them is the URL of the world's server.
    std::map<std::string, std::string> environment = {};
    /// An event whose handling fails is handled again after one minute and after two more, as Lambda does it for what
    /// is invoked asynchronously. Otherwise such an event fails the test.
    bool lambda_retries = false;
    /// The function knows by which ARN it is invoked, as in Lambda: it can have schedules invoke it.
    bool knows_itself = false;
    /// The function writes metrics into its log, as in Lambda.
    bool metrics = false;
};

/// The whole of ci_lambda against the sandbox's ECS, with its events, in time that is moved by hand. Where the function
/// waits there are two processes of it, as Lambda would have: one is busy waiting, and the other one gets what ECS and
/// the schedule send meanwhile. They share nothing but ECS and Slack.
class World {
public:
    explicit World(const WorldOptions& options);

    /// Deploys api, now; the answer.
    Handled deploy();
    /// Handles an event or a batch, now.
    Handled handle(const std::string& event);
    /// The same in the other process, also while this one is at it.
    Handled handle_elsewhere(const std::string& event) {
        return (options_.wait ? app_ : second_app_)->handle(event, Deadline::none());
    }
    /// An event arrives, as ECS's own do, and is handled now or when the function has time.
    void send(const std::string& event);
    /// A person rolls the api back from the command line, which is a process of its own, and does not wait for the end.
    /// What arrives meanwhile is handled when time passes.
    Handled roll_back(const std::string& reason);
    /// A new process takes the place of the one that gets the events.
    void forget_all();
    /// The process that handles an event dies now: nothing that it asks for or says gets through any more, and the
    /// event has failed. With `kAfterThisCall` what it has just asked ECS for is done, and it never hears of that.
    enum class Dies { kNow, kAfterThisCall };
    void die(Dies when) { (when == Dies::kNow ? dead_ : dies_after_call_) = true; }
    /// What is being handled by the process that gets the events.
    [[nodiscard]] const std::string& handling() const { return handling_; }
    /// Lets time pass; events and sweeps arrive when they are due.
    void run_for(Milliseconds duration);

    /// One request to ECS as somebody else makes it; the answer's body.
    std::string call_ecs(const std::string& operation, const std::string& body);
    void at(Milliseconds after_start, std::function<void()> what);
    /// In the middle of each of the function's waits, which are numbered from 0. The waits of what happens meanwhile
    /// are not interrupted.
    void at_each_wait(std::function<void(int wait)> what) { at_each_wait_ = std::move(what); }
    /// Before each call of the function to ECS, one at a time. From the thread of the server, while the function waits
    /// for the answer.
    void before_each_call(std::function<void(const std::string& operation, const std::string& body)> what) {
        before_each_call_ = std::move(what);
    }
    void set_scenario(sandbox::Scenario scenario);
    /// From now on this tag stands for another image in every repository.
    void move_tag(const std::string& tag, const std::string& digest) {
        const std::scoped_lock lock(mutex_);
        moved_tags_[tag] = digest;
    }
    /// An alarm of CloudWatch goes off, or is over.
    void set_alarm(const std::string& name, bool is_on);
    /// What GET /health answers from now on; 0: nothing, the connection breaks.
    void set_health(int status, const std::string& body = "all is well") {
        const std::scoped_lock lock(mutex_);
        health_ = {status, body};
    }
    /// What EventBridge Scheduler answers from now on, where it is not what it should: an HTTP status, and a code.
    void refuse_schedules(int status, const std::string& code) {
        const std::scoped_lock lock(mutex_);
        refusal_ = {status, code};
    }
    [[nodiscard]] sandbox::Scheduler& scheduler() { return scheduler_; }
    /// The state machine for pipelines is kStateMachine.
    [[nodiscard]] sandbox::StepFunctions& state_machines() { return state_machines_; }
    static constexpr const char* kStateMachine = "arn:aws:states:us-east-1:123456789012:stateMachine:pipelines";
    /// What was sent to the event bus: the entries of PutEvents, JSON.
    [[nodiscard]] std::vector<std::string> sent_events() const {
        const std::scoped_lock lock(mutex_);
        return sent_events_;
    }
    /// For what else ECS can be like.
    [[nodiscard]] sandbox::Ecs& ecs() { return ecs_; }
    /// Something goes wrong with calls of the function; those of call_ecs() are fine.
    void add_fault(sandbox::Fault fault);
    void clear_faults();
    /// Somebody registers the api's next revision, with the image of :42 or another one: "shop_service_api_dev:43".
    std::string somebody_registers(const std::string& image = kImage);
    /// Somebody deploys that revision of the api, past the function; the deployment's id.
    std::string somebody_deploys(const std::string& task_definition);

    static constexpr const char* kImage = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.42";

    /// The titles of the Slack messages, in their order, without the emoji: "Deployment started: api".
    [[nodiscard]] std::vector<std::string> titles() const;
    /// "started, completed": the same without what all titles have in common.
    [[nodiscard]] std::string told() const;
    /// All of the text of the messages.
    [[nodiscard]] std::string slack() const;
    /// What api runs in the end: "9 COMPLETED".
    [[nodiscard]] std::string end_state();
    [[nodiscard]] int calls(const std::string& operation) const;
    /// Requests that change something.
    [[nodiscard]] int changes() const;
    /// All that ECS and the schedule have sent so far.
    [[nodiscard]] const std::vector<std::string>& delivered() const { return delivered_; }
    /// What the function answered to that.
    [[nodiscard]] std::vector<Answer> answers() const;
    [[nodiscard]] std::string log() const { return sink_.text(); }
    /// All values of a metric that the log has so far, of all processes.
    [[nodiscard]] std::vector<double> measured(const std::string& metric) const;
    /// Their sum.
    [[nodiscard]] int counted(const std::string& metric) const;
    /// What came of each event that arrived, and of each try again.
    struct Outcome {
        std::string event;
        Handled handled;
    };
    [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }
    /// Events that failed for the last time.
    [[nodiscard]] const std::vector<std::string>& lost_events() const { return lost_; }
    /// How often the function has waited.
    [[nodiscard]] int waits() const { return waits_; }
    /// The process that gets the events.
    [[nodiscard]] App& listener() { return options_.wait ? *second_app_ : *app_; }
    [[nodiscard]] Milliseconds passed() const {
        return std::chrono::duration_cast<Milliseconds>(clock_.now() - start_);
    }
    [[nodiscard]] WallTime now() const { return clock_.now(); }
    /// When the last UpdateService was answered.
    [[nodiscard]] WallTime last_rollout() const {
        const std::scoped_lock lock(mutex_);
        return last_rollout_;
    }
    [[nodiscard]] EcsTarget target() const { return *app_->config().names.target(ServiceId("api")); }

private:
    class PassingTime final : public Sleeper {
    public:
        explicit PassingTime(World& world) : world_(world) {}
        /// Two threads that wait at the same time wait together.
        void sleep_for(Milliseconds duration) override {
            const auto until = world_.now() + duration;
            const std::scoped_lock lock(mutex_);
            if (until > world_.now()) world_.wait_until(until);
        }

    private:
        World& world_;
        std::recursive_mutex mutex_;  // what happens meanwhile may wait, too
    };

    /// An event on its way to the function.
    struct Arrival {
        std::string event;
        int failures = 0;
    };

    ServerReply answer(const ServerRequest& request);
    ServerReply answer_images(const std::string& operation, const std::string& body);
    ServerReply answer_schedules(const ServerRequest& request);
    [[nodiscard]] Deadline deadline() const;
    std::unique_ptr<App> make_app();
    void deliver();
    void deliver(Arrival arrival);
    void answer_hooks();
    void answer_tasks();
    void run_until(WallTime until);
    void wait_until(WallTime until);
    [[nodiscard]] std::string sweep_event() const;

    WorldOptions options_;
    FakeClock clock_;
    WallTime start_ = clock_.now();
    WallTime next_sweep_ = start_ + std::chrono::minutes{2};
    sandbox::Ids ids_{42};
    std::deque<Arrival> arrivals_;
    std::vector<sandbox::HookCall> hook_calls_;
    std::vector<sandbox::TaskCall> task_calls_;
    std::vector<std::string> sent_events_;
    std::vector<std::string> delivered_;
    std::vector<std::string> lost_;
    std::vector<Outcome> outcomes_;
    std::function<void(int)> at_each_wait_;
    std::function<void(const std::string&, const std::string&)> before_each_call_;
    std::mutex hook_mutex_;
    int waits_ = 0;
    bool interrupted_ = false;  ///< what at_each_wait_ does is under way
    sandbox::Ecs ecs_;
    sandbox::Scheduler scheduler_{{.account = "123456789012", .region = "us-east-1"}, clock_};
    sandbox::StepFunctions state_machines_;
    sandbox::CloudWatch cloudwatch_{clock_, {"shop-5xx"}};
    std::pair<int, std::string> health_{200, "all is well"};
    std::pair<int, std::string> refusal_{0, ""};
    std::map<std::string, std::string> moved_tags_;
    mutable std::mutex mutex_;
    std::vector<std::string> messages_;
    std::map<std::string, int> calls_;
    sandbox::Faults faults_;
    WallTime last_rollout_{};
    std::multimap<WallTime, std::function<void()>> appointments_;
    bool busy_ = false;  ///< an event is being handled
    std::string handling_;
    std::atomic<bool> dead_{false};
    std::atomic<bool> dies_after_call_{false};
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    RecordingSink sink_;
    PassingTime sleeper_{*this};
    std::unique_ptr<App> app_;
    std::unique_ptr<App> second_app_;
};

}  // namespace ci_lambda::testing
