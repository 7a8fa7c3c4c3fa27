#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/app.hpp"
#include "base/json.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {

inline constexpr const char* kManual = R"({"service":"api","reason":"a test wants it"})";
inline constexpr const char* kCompleted = R"({"source":"aws.ecs","detail-type":"ECS Deployment State Change",
    "resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"],
    "detail":{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_COMPLETED","deploymentId":"ecs-svc/1",
              "reason":"ECS deployment ecs-svc/1 completed."}})";

/// One server is ECS (`POST /`) and Slack (any other path).
class AppTest : public ::testing::Test {
protected:
    AppTest() {
        environment_.set("PROJECT_NAME", "shop");
        environment_.set("PROJECT_ENV", "dev");
        environment_.set("SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"k"}],"worker":[{"bucket":"b","key":"k"}]})");
        environment_.set("AWS_ENDPOINT_URL_ECS", server_.url());
        environment_.set("SLACK_WEBHOOK_URL", server_.url("/services/T000/B000/webhooksecret"));
        environment_.set("AWS_ACCESS_KEY_ID", "AKID");
        environment_.set("AWS_SECRET_ACCESS_KEY", "topsecretaccesskey");
        environment_.set("AWS_SESSION_TOKEN", "topsecretsessiontoken");
        environment_.set("MAX_DEPLOYMENT_RETRIES", "0");
        environment_.set("LOG_LEVEL", "debug");
    }

    ServerReply answer(const ServerRequest& request) {
        if (request.line() != "POST / HTTP/1.1") return slack_;
        const auto target = request.header("X-Amz-Target");
        const auto operation = target.substr(target.find('.') + 1);
        if (const auto found = overrides_.find(operation); found != overrides_.end()) return found->second;
        if (operation == "ListTaskDefinitions")
            return reply(200, R"({"taskDefinitionArns":[")"
                              "arn:aws:ecs:us-east-1:1:task-definition/" +
                                  *find_string(*parse_json(request.body), "familyPrefix") + R"(:42"]})");
        if (operation == "DescribeServices") return reply(200, R"({"services":[],"failures":[]})");
        if (operation == "DescribeClusters")
            return reply(200, R"({"clusters":[{"clusterName":"shop_cluster_dev","status":"ACTIVE"}]})");
        if (operation == "ListServices") return reply(200, R"({"serviceArns":[]})");
        if (request.body.contains("worker")) return worker_update_;
        return reply(200,
                     R"({"service":{"deployments":[{"id":"ecs-svc/1","status":"PRIMARY","taskDefinition":"td:42"}]}})");
    }

    std::unique_ptr<App> app(AppOptions options = {}) {
        auto created = App::create(std::move(options), environment_, log_.sink, clock_, sleeper_);
        EXPECT_THAT(created, IsOk());
        return std::move(*created);
    }
    Handled handle(std::string_view event) { return app()->handle(event, Deadline::none()); }
    [[nodiscard]] std::vector<std::string> slack_messages() const {
        std::vector<std::string> bodies;
        for (const auto& request : server_.requests())
            if (request.line() != "POST / HTTP/1.1") bodies.push_back(request.body);
        return bodies;
    }

    std::map<std::string, ServerReply> overrides_;  // by the operation of ECS
    ServerReply slack_ = reply(200, "ok");
    ServerReply worker_update_ = reply(400, R"({"__type":"ClientException","message":"ECS says no"})");
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    SystemClock clock_;
    SystemSleeper sleeper_;
    RecordingLog log_;
};

}  // namespace ci_lambda::testing
