#include "sandbox/ecs/express.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;

class ExpressServiceTest : public ::testing::Test {
protected:
    Json call(std::string_view operation, const Json& request) {
        const auto answer = ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    std::string error(std::string_view operation, const Json& request) {
        const auto answer = ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 400) << answer.body;
        return answer.body;
    }
    Json service() {
        return call("DescribeServices", {{"cluster", shop::kCluster}, {"services", {shop::kWeb}}})["services"][0];
    }
    Json described() { return call("DescribeExpressGatewayService", {{"serviceArn", arn_}})["service"]; }

    std::string arn_ = "arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_web_dev";
    testing::FakeClock clock_;
    Ids ids_{1};
    Ecs ecs_{{.state = shop_state(ids_, clock_.now())}, ids_, clock_};
};

TEST_F(ExpressServiceTest, IsManagedByEcsAndNamesItsTaskDefinitionOnlyOfItsDeployments) {
    const auto web = service();
    EXPECT_EQ(web["resourceManagementType"], "ECS");
    EXPECT_FALSE(web.contains("taskDefinition"));
    EXPECT_THAT(web["deployments"][0]["taskDefinition"].get<std::string>(),
                HasSubstr("/shop_cluster_dev-shop_service_web_dev:1"));
    EXPECT_EQ(web["deploymentConfiguration"]["strategy"], "CANARY");
    const auto api = call("DescribeServices", {{"cluster", shop::kCluster}, {"services", {shop::kApi}}})["services"][0];
    EXPECT_EQ(api["resourceManagementType"], "CUSTOMER");
}

TEST_F(ExpressServiceTest, AnUpdateWritesARevisionAndDeploysIt) {
    const auto before = described()["activeConfigurations"][0];
    Json container = before["primaryContainer"];
    container["image"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_web:v1.10";
    container["ofNextYear"] = {{"with", {1, nullptr}}};
    const auto updated =
        call("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"primaryContainer", container}})["service"];
    const auto& target = updated["targetConfiguration"];
    EXPECT_EQ(target["primaryContainer"], container);
    EXPECT_EQ(target["cpu"], before["cpu"]) << "what is not sent stays";
    EXPECT_EQ(target["scalingTarget"], before["scalingTarget"]);
    const auto primary = service()["deployments"][0];
    EXPECT_EQ(primary["taskDefinition"], target["taskDefinitionArn"]);
    const auto number = target["serviceRevisionArn"].get<std::string>();
    EXPECT_EQ(primary["id"], "ecs-svc/" + number.substr(number.rfind('/') + 1));
    const auto written = call("DescribeTaskDefinition", {{"taskDefinition", target["taskDefinitionArn"]}});
    const auto& main = written["taskDefinition"]["containerDefinitions"][0];
    EXPECT_EQ(main["name"], "Main");
    EXPECT_EQ(main["image"], container["image"]);
    EXPECT_EQ(main["environment"], container["environment"]);
    EXPECT_EQ(main["secrets"], container["secrets"]);
    EXPECT_EQ(described()["activeConfigurations"].size(), 2U) << "the old one still runs";
}

TEST_F(ExpressServiceTest, AContainerIsReplacedWhole) {
    call("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"primaryContainer", {{"image", "nginx"}}}});
    EXPECT_EQ(described()["activeConfigurations"][0]["primaryContainer"], Json({{"image", "nginx"}}));
}

TEST_F(ExpressServiceTest, SomebodysOwnTaskDefinitionHasNoPrimaryContainer) {
    call("RegisterTaskDefinition",
         {{"family", "own"}, {"containerDefinitions", {{{"name", "Main"}, {"image", "i"}}, {{"name", "log"}}}}});
    call("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"taskDefinitionArn", "own:1"}});
    const auto now = described()["activeConfigurations"][0];
    EXPECT_FALSE(now.contains("primaryContainer"));
    EXPECT_THAT(now["taskDefinitionArn"].get<std::string>(), HasSubstr("/own:1"));
}

TEST_F(ExpressServiceTest, RefusesWhatAwsRefuses) {
    EXPECT_THAT(
        error("UpdateService", {{"cluster", shop::kCluster}, {"service", shop::kWeb}, {"forceNewDeployment", true}}),
        HasSubstr("Use UpdateExpressGatewayService"));
    const auto api = "arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev";
    EXPECT_THAT(error("DescribeExpressGatewayService", {{"serviceArn", api}}), HasSubstr("not an Express service"));
    EXPECT_THAT(error("DescribeExpressGatewayService", {{"serviceArn", arn_ + "x"}}),
                HasSubstr("ResourceNotFoundException"));
    EXPECT_THAT(error("UpdateExpressGatewayService", {{"serviceArn", arn_ + "x"}}),
                HasSubstr("ServiceNotFoundException"));
    EXPECT_THAT(error("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"primaryContainer", Json::object()}}),
                HasSubstr("needs an image"));
    EXPECT_THAT(
        error("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"taskDefinitionArn", "own:1"}, {"cpu", "256"}}),
        HasSubstr("together with cpu"));
    call("RegisterTaskDefinition",
         {{"family", "other"}, {"containerDefinitions", {{{"name", "app"}, {"image", "i"}}}}});
    EXPECT_THAT(error("UpdateExpressGatewayService", {{"serviceArn", arn_}, {"taskDefinitionArn", "other:1"}}),
                HasSubstr("container named Main"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
