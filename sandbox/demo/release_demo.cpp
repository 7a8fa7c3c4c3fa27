#include "sandbox/demo/release_demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/references.hpp"
#include "sandbox/demo/demo_steps.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/terminal/story.hpp"

namespace ci_lambda::sandbox {
namespace {

/// Far more than it takes, on a machine that is busy with other things.
constexpr std::chrono::seconds kPatienceOfAll{120};
constexpr Milliseconds kPatienceOfOne{20'000};

constexpr std::string_view kApprover = "alice";

bool is_change(const EcsCall& call) {
    return call.operation == "UpdateService" || call.operation == "RunTask" ||
           call.operation == "StopServiceDeployment" || call.operation == "RegisterTaskDefinition";
}

bool says(const Story& story, std::string_view text) {
    return std::ranges::any_of(story.messages,
                               [&](const SlackMessage& message) { return message.payload.contains(text); });
}

class Release {
public:
    Release(LocalAws& aws, const Config& config, const Clock& clock, Printer& printer)
        : aws_(aws), config_(config), clock_(clock), printer_(printer) {}

    bool run() {
        const auto begin = clock_.now();
        printer_.release_title();
        if (!set_the_scene()) return false;
        printer_.chapter("1. Somebody pushes the image that backend, api and worker share.");
        if (const auto pushed = aws_.push_image("backend:v1.43"); !pushed) return give_up(pushed.error().message);
        if (!tell_until("Deployment to be approved")) return false;
        printer_.chapter(
            fmt::format("2. Nothing rolls before a person has said so. {} presses Approve in Slack.", kApprover));
        if (const auto pressed = aws_.press_button("approve", std::nullopt, std::string(kApprover)); !pressed)
            return give_up(pressed.error().message);
        if (!tell_until("Deployment started: backend")) return false;
        printer_.chapter("3. The migration has run. From here the state machine asks, stage by stage, how it goes.");
        if (!tell_until("Deployment started: worker")) return false;
        printer_.chapter("4. The worker's new tasks crash. Its stage fails, and those before it go back.");
        if (!tell_until("Pipeline failed: release")) return false;
        check_the_end();
        totals_.took = std::chrono::duration_cast<Milliseconds>(clock_.now() - begin);
        printer_.totals(totals_);
        return totals_.surprises == 0;
    }

private:
    /// All three come from one image. The worker will not work, and ECS notices that itself.
    bool set_the_scene() {
        for (const auto service : {shop::kApi, shop::kWorker}) {
            const auto registered = aws_.ecs().handle(
                "RegisterTaskDefinition",
                dump_json({{"family", service},
                           {"networkMode", "awsvpc"},
                           {"containerDefinitions",
                            {{{"name", service == shop::kApi ? "shop_service_api" : "shop_service_worker"},
                              {"image", fmt::format("{}.dkr.ecr.{}.amazonaws.com/shop_backend:v1.42", shop::kAccount,
                                                    shop::kRegion)}}}}}));
            if (registered.status != 200) return give_up(registered.body);
        }
        const auto breaker = aws_.ecs().handle(
            "UpdateService", dump_json({{"cluster", shop::kCluster},
                                        {"service", shop::kWorker},
                                        {"deploymentConfiguration",
                                         {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}}}}));
        if (breaker.status != 200) return give_up(breaker.body);
        if (const auto chosen = aws_.choose_scenario("worker=crash-on-start"); !chosen)
            return give_up(chosen.error().message);
        return true;
    }

    /// Tells each event that changed or told something, until people have heard this.
    bool tell_until(std::string_view heard) {
        const auto last = clock_.now() + kPatienceOfAll;
        for (;;) {
            if (clock_.now() > last) return give_up(fmt::format("\"{}\" was not told", heard));
            const auto invocation = aws_.invocations().wait_for_done(seen_, kPatienceOfOne);
            if (!invocation) return give_up(fmt::format("\"{}\" was not told, or the sandbox was stopped", heard));
            seen_ = invocation->end + 1;
            auto story = make_story(++totals_.events, {}, *invocation, aws_.journal(), config_);
            std::erase_if(story.calls, [](const EcsCall& call) { return !is_change(call); });
            totals_.deployments += rollouts_of(story).size();
            totals_.messages += story.messages.size();
            if (!story.calls.empty() || !story.messages.empty()) printer_.story(story);
            if (!story.ending.ok) return give_up(fmt::format("{}: {}", story.ending.status, story.ending.detail));
            if (says(story, heard)) return true;
        }
    }

    void check_the_end() {
        const auto pages = parse_json(aws_.home().step_functions().page()).value_or(Json::array());
        if (pages.empty() || pages[0].value("status", "") != "FAILED") surprise("the execution has not failed");
        for (const auto& [id, service] :
             {std::pair{"backend", shop::kBackend}, {"api", shop::kApi}, {"worker", shop::kWorker}}) {
            const auto body =
                aws_.ecs()
                    .handle("DescribeServices", dump_json({{"cluster", shop::kCluster}, {"services", {service}}}))
                    .body;
            const auto described = parse_json(body).value_or(Json::object());
            const auto revision = short_name(described["services"][0]["deployments"][0].value("taskDefinition", ""));
            if (!revision.ends_with(":9") && !revision.contains("rollback"))
                surprise(fmt::format("{} runs {}, which is not what ran before", id, revision));
        }
        const auto calls = aws_.journal().calls();
        if (std::ranges::count(calls, "RunTask", &EcsCall::operation) != 1) surprise("the migration has not run once");
    }

    void surprise(std::string problem) {
        ++totals_.surprises;
        printer_.problems({std::move(problem)});
    }

    bool give_up(std::string problem) {
        surprise(std::move(problem));
        return false;
    }

    LocalAws& aws_;
    const Config& config_;
    const Clock& clock_;
    Printer& printer_;
    Totals totals_;
    std::size_t seen_ = 0;
};

}  // namespace

std::map<std::string, std::string> release_demo_settings() {
    return {{"CI_LAMBDA_CONFIG",
             R"({"services": {"backend": {"before": {"task": "migrate", "command": ["migrate"]},
                                          "approval": {"from": ["@alice"]}}},
                 "pipelines": {"release": {"stages": [{"services": ["backend"]}, {"services": ["api"]},
                                                      {"services": ["worker"]}],
                                           "on_failure": "roll_back_earlier"}}})"},
            {"ECR_DEPLOY_MODE", "revision"},
            {"ECR_REPO_MAP", R"({"shop_backend":["backend","api","worker"]})"}};
}

bool run_release_demo(LocalAws& aws, const Config& config, const Clock& clock, Printer& printer) {
    return Release(aws, config, clock, printer).run();
}

}  // namespace ci_lambda::sandbox
