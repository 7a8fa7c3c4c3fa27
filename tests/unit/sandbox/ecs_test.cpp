#include "sandbox/ecs/ecs.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::MatchesRegex;

class EcsTest : public ::testing::Test {
protected:
    Json call(std::string_view operation, const Json& request) {
        const auto answer = ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return parse_json(answer.body).value_or(Json());
    }

    /// "Type: message" of a call that must fail.
    std::string error(std::string_view operation, const std::string& body) {
        const auto answer = ecs_.handle(operation, body);
        EXPECT_EQ(answer.status, 400) << answer.body;
        const Json json = parse_json(answer.body).value_or(Json());
        return find_string(json, "__type").value_or("") + ": " + find_string(json, "message").value_or("");
    }
    std::string error(std::string_view operation, const Json& request) { return error(operation, dump_json(request)); }

    Json service(std::string_view name) {
        return call("DescribeServices", {{"cluster", shop::kCluster}, {"services", {name}}})["services"][0];
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    Ecs ecs_{{.state = shop_state(ids_, clock_.now())}, ids_, clock_};
};

std::vector<int> revisions(const Json& answer) {
    std::vector<int> numbers;
    for (const auto& arn : answer["taskDefinitionArns"]) {
        const auto text = arn.get<std::string>();
        numbers.push_back(std::stoi(text.substr(text.rfind(':') + 1)));
    }
    return numbers;
}

TEST_F(EcsTest, SortsRevisionsByNumberNotByLetters) {
    EXPECT_THAT(revisions(call("ListTaskDefinitions", {{"familyPrefix", shop::kApi}})), ElementsAre(9, 10, 42));
    EXPECT_THAT(revisions(call("ListTaskDefinitions", {{"familyPrefix", shop::kApi}, {"sort", "DESC"}})),
                ElementsAre(42, 10, 9));
}

TEST_F(EcsTest, TakesFamilyPrefixForTheWholeFamily) {
    EXPECT_TRUE(call("ListTaskDefinitions", {{"familyPrefix", "shop_service_api"}})["taskDefinitionArns"].empty());
    EXPECT_THAT(call("ListTaskDefinitionFamilies", {{"familyPrefix", "shop_service_a"}})["families"],
                ElementsAre(shop::kApi, shop::kProdApi));
}

TEST_F(EcsTest, PagesThroughTaskDefinitions) {
    Json request{{"familyPrefix", shop::kApi}, {"sort", "DESC"}, {"maxResults", 2}};
    const Json first = call("ListTaskDefinitions", request);
    EXPECT_THAT(revisions(first), ElementsAre(42, 10));
    ASSERT_TRUE(first.contains("nextToken"));
    request["nextToken"] = first["nextToken"];
    const Json last = call("ListTaskDefinitions", request);
    EXPECT_THAT(revisions(last), ElementsAre(9));
    EXPECT_FALSE(last.contains("nextToken"));
}

TEST_F(EcsTest, PagesThroughServices) {
    const Json first = call("ListServices", {{"cluster", shop::kCluster}, {"maxResults", 2}});
    EXPECT_EQ(first["serviceArns"].size(), 2U);
    const Json last =
        call("ListServices", {{"cluster", shop::kCluster}, {"maxResults", 2}, {"nextToken", first["nextToken"]}});
    EXPECT_EQ(last["serviceArns"].size(), 2U);
    EXPECT_FALSE(last.contains("nextToken"));
}

TEST_F(EcsTest, UpdateServiceMakesANewPrimaryDeploymentAndKeepsTheOldOneAsActive) {
    const std::string old_id = service(shop::kApi)["deployments"][0]["id"];
    const Json updated = call("UpdateService", {{"cluster", shop::kCluster},
                                                {"service", shop::kApi},
                                                {"taskDefinition", "shop_service_api_dev:42"},
                                                {"forceNewDeployment", true}})["service"];
    ASSERT_EQ(updated["deployments"].size(), 2U);
    const Json& primary = updated["deployments"][0];
    EXPECT_THAT(primary["id"].get<std::string>(), MatchesRegex("ecs-svc/[0-9]{19}"));
    EXPECT_EQ(primary["status"], "PRIMARY");
    EXPECT_EQ(primary["rolloutState"], "IN_PROGRESS");
    EXPECT_THAT(primary["taskDefinition"].get<std::string>(), EndsWith("/shop_service_api_dev:42"));
    EXPECT_EQ(updated["deployments"][1]["id"], old_id);
    EXPECT_EQ(updated["deployments"][1]["status"], "ACTIVE");
    EXPECT_EQ(updated["taskDefinition"], primary["taskDefinition"]);
    EXPECT_EQ(updated["runningCount"], updated["desiredCount"]) << "what ran before goes on running";
}

TEST_F(EcsTest, TheNextUpdateIsPrimaryAndTheOneBeforeItActive) {
    const Json update{{"cluster", shop::kCluster}, {"service", shop::kApi}, {"forceNewDeployment", true}};
    const std::string first = call("UpdateService", update)["service"]["deployments"][0]["id"];
    const Json deployments = call("UpdateService", update)["service"]["deployments"];
    ASSERT_EQ(deployments.size(), 3U) << "the one that runs is there, too";
    EXPECT_NE(deployments[0]["id"], first);
    EXPECT_EQ(deployments[1]["id"], first);
    EXPECT_EQ(deployments[1]["status"], "ACTIVE");
}

TEST_F(EcsTest, UpdateServiceTakesArnsAndABareFamily) {
    const Json updated = call(
        "UpdateService",
        {{"cluster", fmt::format("arn:aws:ecs:us-east-1:123456789012:cluster/{}", shop::kCluster)},
         {"service", fmt::format("arn:aws:ecs:us-east-1:123456789012:service/{}/{}", shop::kCluster, shop::kWorker)},
         {"taskDefinition", shop::kWorker}})["service"];
    EXPECT_THAT(updated["taskDefinition"].get<std::string>(), EndsWith(":42"));
}

TEST_F(EcsTest, UpdateServiceWithoutAChangeStartsNoDeployment) {
    const Json before = service(shop::kApi);
    const Json after = call("UpdateService", {{"cluster", shop::kCluster},
                                              {"service", shop::kApi},
                                              {"desiredCount", 5},
                                              {"taskDefinition", "shop_service_api_dev:9"}})["service"];
    EXPECT_EQ(after["deployments"].size(), 1U);
    EXPECT_EQ(after["deployments"][0]["id"], before["deployments"][0]["id"]);
    EXPECT_EQ(after["desiredCount"], 5);
}

TEST_F(EcsTest, RegisterTaskDefinitionMakesTheNextRevision) {
    const Json registered =
        call("RegisterTaskDefinition",
             {{"family", shop::kApi}, {"containerDefinitions", {{{"name", "api"}}}}, {"cpu", "512"}})["taskDefinition"];
    EXPECT_EQ(registered["revision"], 43);
    EXPECT_EQ(call("DescribeTaskDefinition", {{"taskDefinition", shop::kApi}})["taskDefinition"], registered);
}

TEST_F(EcsTest, ADeregisteredRevisionIsInactive) {
    call("DeregisterTaskDefinition", {{"taskDefinition", "shop_service_api_dev:42"}});
    EXPECT_THAT(revisions(call("ListTaskDefinitions", {{"familyPrefix", shop::kApi}})), ElementsAre(9, 10));
    EXPECT_THAT(revisions(call("ListTaskDefinitions", {{"status", "INACTIVE"}})), ElementsAre(42));
    EXPECT_EQ(
        error("UpdateService",
              {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"taskDefinition", "shop_service_api_dev:42"}}),
        "ClientException: TaskDefinition is inactive");
}

TEST_F(EcsTest, DescribeServicesNamesTheMissingOnesInsteadOfFailing) {
    const Json answer = call("DescribeServices", {{"cluster", shop::kCluster}, {"services", {shop::kApi, "nothing"}}});
    EXPECT_EQ(answer["services"].size(), 1U);
    ASSERT_EQ(answer["failures"].size(), 1U);
    EXPECT_EQ(answer["failures"][0]["reason"], "MISSING");
    EXPECT_THAT(answer["failures"][0]["arn"].get<std::string>(), EndsWith("/nothing"));
}

TEST_F(EcsTest, DescribesClustersAndTheirNumbers) {
    const Json answer = call("DescribeClusters", {{"clusters", {shop::kCluster, "nothing"}}});
    EXPECT_EQ(answer["clusters"][0]["activeServicesCount"], 4);
    EXPECT_EQ(answer["failures"][0]["reason"], "MISSING");
    EXPECT_EQ(call("DescribeClusters", Json::object())["clusters"].size(), 0U) << "there is no cluster `default`";
}

TEST_F(EcsTest, UpdateServiceSetsTheMembersOfTheConfigurationThatAreGiven) {
    const auto update = [&](const Json& configuration) {
        const Json request{
            {"cluster", shop::kCluster}, {"service", shop::kApi}, {"deploymentConfiguration", configuration}};
        return call("UpdateService", request)["service"];
    };
    const Json before = service(shop::kApi)["deploymentConfiguration"];
    EXPECT_EQ(before["deploymentCircuitBreaker"], (Json{{"enable", false}, {"rollback", false}}));
    update({{"minimumHealthyPercent", 50}});
    const Json after = update({{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}});
    Json expected = before;
    expected["minimumHealthyPercent"] = 50;
    expected["deploymentCircuitBreaker"] = {{"enable", true}, {"rollback", true}};
    EXPECT_EQ(after["deploymentConfiguration"], expected);
    EXPECT_EQ(after["deployments"].size(), 1U) << "that alone is no deployment";
}

TEST_F(EcsTest, TagsServicesAndTaskDefinitions) {
    const Json arn = service(shop::kApi)["serviceArn"];
    call("TagResource", {{"resourceArn", arn}, {"tags", {{{"key", "team"}, {"value", "a"}}, {{"key", "x"}}}}});
    call("UntagResource", {{"resourceArn", arn}, {"tagKeys", {"x", "never there"}}});
    const Json tags{{{"key", "team"}, {"value", "a"}}};
    EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", arn}})["tags"], tags);
    const Json request{{"cluster", shop::kCluster}, {"services", {shop::kApi}}, {"include", {"TAGS"}}};
    EXPECT_EQ(call("DescribeServices", request)["services"][0]["tags"], tags);
    EXPECT_FALSE(service(shop::kApi).contains("tags"));

    call("RegisterTaskDefinition",
         {{"family", shop::kApi}, {"containerDefinitions", {{{"name", "api"}}}}, {"tags", tags}});
    const Json with_tags{{"taskDefinition", shop::kApi}, {"include", {"TAGS"}}};
    const Json described = call("DescribeTaskDefinition", with_tags);
    EXPECT_EQ(described["tags"], tags);
    EXPECT_FALSE(described["taskDefinition"].contains("tags")) << "they are beside it";
    const Json revision = described["taskDefinition"]["taskDefinitionArn"];
    call("TagResource", {{"resourceArn", revision}, {"tags", {{{"key", "why"}, {"value", "a rollback"}}}}});
    EXPECT_EQ(call("DescribeTaskDefinition", with_tags)["tags"].size(), 2U);
    EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", revision}})["tags"].size(), 2U);
    EXPECT_TRUE(call("DescribeTaskDefinition", {{"taskDefinition", shop::kApi}})["tags"].empty()) << "nobody has asked";
}

TEST_F(EcsTest, PrintsTimesAsSecondsSince1970) {
    clock_.advance(Milliseconds{1500});
    const Json updated =
        call("UpdateService",
             {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"forceNewDeployment", true}})["service"];
    EXPECT_DOUBLE_EQ(updated["deployments"][0]["createdAt"].get<double>(), 1'767'262'084.5);
}

TEST_F(EcsTest, RefusesInTheWordsOfAws) {
    struct Case {
        std::string operation;
        std::string body;
        std::string error;
    };
    const std::string in_cluster = R"({"cluster":"shop_cluster_dev",)";
    const std::vector<Case> cases{
        {"UpdateService", R"({"service":"shop_service_api_dev"})", "ClusterNotFoundException: Cluster not found."},
        {"DescribeServices", R"({"cluster":"other","services":["a"]})", "ClusterNotFoundException: Cluster not found."},
        {"UpdateService", in_cluster + R"("service":"nothing"})", "ServiceNotFoundException: Service not found."},
        {"UpdateService",
         in_cluster + R"("service":"shop_service_api_dev","taskDefinition":"shop_service_api_dev:11"})",
         "ClientException: TaskDefinition not found."},
        {"DescribeTaskDefinition", R"({"taskDefinition":"shop_service_api_dev:11"})",
         "ClientException: Unable to describe task definition."},
        {"DescribeTaskDefinition", "{}", "ClientException: Unable to describe task definition."},
        {"DescribeServices", in_cluster + R"("services":[]})", "InvalidParameterException: Services cannot be empty."},
        {"DescribeServices", in_cluster + R"("services":["1","2","3","4","5","6","7","8","9","10","11"]})",
         "InvalidParameterException: DescribeServices takes at most 10 services."},
        {"ListTaskDefinitions", R"({"maxResults":101})", "InvalidParameterException: maxResults must be 1 to 100"},
        {"ListTaskDefinitions", R"({"nextToken":"mine"})", "InvalidParameterException: Invalid token."},
        {"ListTaskDefinitions", R"({"nextToken":"sandbox-page-999"})", "InvalidParameterException: Invalid token."},
        {"ListTaskDefinitions", R"({"sort":"UP"})", "InvalidParameterException: sort must be ASC or DESC"},
        {"UpdateService", in_cluster + R"("service":7})",
         "SerializationException: service: expected a string, found a number"},
        {"UpdateService", "[]", "SerializationException: the body: expected an object, found an array"},
        {"UpdateService",
         in_cluster + R"("service":"shop_service_api_dev","deploymentConfiguration":{"deploymentCircuitBreaker":{}}})",
         "InvalidParameterException: deploymentCircuitBreaker needs enable and rollback."},
        {"ListTasks", in_cluster + R"("serviceName":"nothing"})", "ServiceNotFoundException: Service not found."},
        {"ListTasks", in_cluster + R"("desiredStatus":"DEAD"})",
         "InvalidParameterException: desiredStatus must be RUNNING, PENDING or STOPPED"},
        {"DescribeTasks", in_cluster + R"("tasks":[]})", "InvalidParameterException: Tasks cannot be empty."},
        {"TagResource", R"({"resourceArn":"arn:aws:ecs:us-east-1:123456789012:service/c/none","tags":[]})",
         "ResourceNotFoundException: The specified resource could not be found."},
        {"DeleteCluster", "{}", "UnknownOperationException: The sandbox's ECS does not know DeleteCluster."},
    };
    for (const auto& test : cases) EXPECT_EQ(error(test.operation, test.body), test.error) << test.body;
    EXPECT_THAT(error("UpdateService", std::string("{")),
                ::testing::StartsWith("SerializationException: not valid JSON"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
