#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "services/ecs/client.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {

inline const ClusterName kCluster("shop_cluster_dev");
inline const EcsServiceName kService("shop_service_api_dev");
inline const TaskFamily kFamily("shop_service_api_dev");

class EcsClientTest : public ::testing::Test {
protected:
    [[nodiscard]] EcsClient client_with(HttpClient& http) {
        return {{.region = "eu-west-1"}, http, credentials_, clock_, sleeper_, log_.logger};
    }
    [[nodiscard]] Json body(std::size_t i) const { return *parse_json(http_.requests().at(i).body); }
    Result<AcceptedDeployment> update() {
        TRY(client_.take_turn_to_update(Deadline::none()));
        return client_.update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, Deadline::none());
    }

    FakeHttp http_;
    FakeCredentials credentials_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
    EcsClient client_ = client_with(http_);
};

/// ECS's answer with these revisions: `shop_service_api_dev:9`.
inline std::string arns(const std::vector<std::string>& revisions, const std::string& next_token = "") {
    Json answer{{"taskDefinitionArns", Json::array()}};
    for (const auto& revision : revisions)
        answer["taskDefinitionArns"].push_back("arn:aws:ecs:eu-west-1:123456789012:task-definition/" + revision);
    if (!next_token.empty()) answer["nextToken"] = next_token;
    return dump_json(answer);
}

}  // namespace ci_lambda::testing
