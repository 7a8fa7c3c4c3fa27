#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {

using namespace std::chrono_literals;

/// The shop's ECS with a clock that the test moves, and what it sends to EventBridge.
class Rollouts {
public:
    explicit Rollouts(Scenario scenario = Scenario::kHealthy, double speed = 1.0)
        : ecs_({.state = shop_state(ids_, clock_.now()),
                .speed = speed,
                .scenario = scenario,
                .on_event = [this](const std::string& event) { events_.push_back(parse_json(event).value_or(Json())); },
                .on_hook_call = [this](const HookCall& call) { hook_calls_.push_back(call); }},
               ids_, clock_) {}

    Json call(std::string_view operation, const Json& request) {
        const auto answer = ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    /// The error's type.
    std::string error(std::string_view operation, const Json& request) {
        const auto answer = ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 400) << answer.body;
        return find_string(parse_json(answer.body).value_or(Json()), "__type").value_or("");
    }

    /// Deploys the api, and returns the deployment's id. Members of `more` are added to the request.
    std::string deploy(const std::string& task_definition = "shop_service_api_dev:42", const Json& more = {}) {
        Json request{{"cluster", shop::kCluster},
                     {"service", shop::kApi},
                     {"taskDefinition", task_definition},
                     {"forceNewDeployment", true}};
        if (more.is_object()) request.update(more);
        return call("UpdateService", request)["service"]["deployments"][0]["id"];
    }
    void set_breaker(bool enable, bool rollback) {
        call("UpdateService", {{"cluster", shop::kCluster},
                               {"service", shop::kApi},
                               {"deploymentConfiguration",
                                {{"deploymentCircuitBreaker", {{"enable", enable}, {"rollback", rollback}}}}}});
    }

    void wait(std::chrono::seconds duration) { clock_.advance(duration); }

    Json service() {
        return call("DescribeServices", {{"cluster", shop::kCluster}, {"services", {shop::kApi}}})["services"][0];
    }
    /// "PRIMARY COMPLETED 2/2 :42", one for each deployment.
    std::vector<std::string> deployments() {
        std::vector<std::string> texts;
        const Json described = service();
        for (const auto& one : described["deployments"]) {
            const auto definition = one["taskDefinition"].get<std::string>();
            texts.push_back(fmt::format("{} {} {}/{} {}", one["status"].get<std::string>(),
                                        one["rolloutState"].get<std::string>(), one["runningCount"].get<int>(),
                                        one["desiredCount"].get<int>(), definition.substr(definition.rfind(':'))));
        }
        return texts;
    }
    /// Newest first, without the "(service ..) ".
    std::vector<std::string> messages() {
        std::vector<std::string> texts;
        const Json described = service();
        for (const auto& event : described["events"]) {
            const auto message = event["message"].get<std::string>();
            texts.push_back(message.substr(message.find(") ") + 2));
        }
        return texts;
    }
    /// Names of what went to EventBridge, oldest first.
    std::vector<std::string> event_names() {
        ecs_.advance();
        std::vector<std::string> names;
        for (const auto& event : events_) names.push_back(event["detail"]["eventName"]);
        return names;
    }
    /// The newest one, in full.
    Json service_deployment(std::size_t index = 0) {
        const Json list = call("ListServiceDeployments", {{"cluster", shop::kCluster}, {"service", shop::kApi}});
        const Json arn = list["serviceDeployments"][index]["serviceDeploymentArn"];
        return call("DescribeServiceDeployments", {{"serviceDeploymentArns", {arn}}})["serviceDeployments"][0];
    }
    /// The api's tasks with this desired status, of one deployment or of all.
    Json tasks(std::string_view desired_status, const std::string& started_by = {}) {
        Json request{{"cluster", shop::kCluster}, {"serviceName", shop::kApi}, {"desiredStatus", desired_status}};
        if (!started_by.empty()) request["startedBy"] = started_by;
        const Json arns = call("ListTasks", request)["taskArns"];
        if (arns.empty()) return Json::array();
        return call("DescribeTasks", {{"cluster", shop::kCluster}, {"tasks", arns}})["tasks"];
    }
    std::vector<std::string> task_states(std::string_view desired_status, const std::string& started_by = {}) {
        std::vector<std::string> states;
        const Json described = tasks(desired_status, started_by);
        for (const auto& task : described) states.push_back(task["lastStatus"]);
        return states;
    }
    /// The digest of the only container of the revision with this deployment id.
    std::string digest(const std::string& deployment_id) {
        const std::string arn = fmt::format("arn:aws:ecs:{}:{}:service-revision/{}/{}/{}", shop::kRegion,
                                            shop::kAccount, shop::kCluster, shop::kApi, deployment_id.substr(8));
        const Json answer = call("DescribeServiceRevisions", {{"serviceRevisionArns", {arn}}});
        return answer["serviceRevisions"][0]["containerImages"][0]["imageDigest"];
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    std::vector<HookCall> hook_calls_;
    std::vector<Json> events_;
    Ecs ecs_;
};

}  // namespace ci_lambda::sandbox
