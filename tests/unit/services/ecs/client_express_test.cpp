#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/ecs/decode.hpp"
#include "unit/services/ecs/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kExpressArn = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";

class EcsExpressTest : public EcsClientTest {
protected:
    Result<AcceptedDeployment> update_express(const UpdateExpressRequest& request) {
        TRY(client_.take_turn_to_update(Deadline::none()));
        return client_.update_express_service(request, Deadline::none());
    }
};

TEST_F(EcsExpressTest, AServiceThatEcsManagesIsAnExpressOneAndRunsWhatItsPrimaryRuns) {
    http_.then(200, R"({"services":[
        {"serviceName":"web","serviceArn":"arn:web","resourceManagementType":"ECS","deployments":[
            {"id":"ecs-svc/2","status":"PRIMARY","taskDefinition":"td/web:7"},
            {"id":"ecs-svc/1","status":"ACTIVE","taskDefinition":"td/web:6"}]},
        {"serviceName":"api","resourceManagementType":"CUSTOMER","taskDefinition":"td/api:1"},
        {"serviceName":"old","taskDefinition":"td/old:1"}]})");
    const auto described = client_.describe_services(kCluster, {kService}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    ASSERT_THAT(described->services, SizeIs(3));
    EXPECT_TRUE(described->services[0].express);
    EXPECT_EQ(described->services[0].arn, "arn:web");
    EXPECT_EQ(described->services[0].task_definition, "td/web:7") << "ECS names none of the service itself";
    EXPECT_FALSE(described->services[1].express);
    EXPECT_EQ(described->services[1].task_definition, "td/api:1");
    EXPECT_FALSE(described->services[2].express);
}

TEST_F(EcsExpressTest, DescribesItsConfigurationsTheNewestFirst) {
    http_.then(200, R"({"service":{"status":{"statusCode":"ACTIVE","statusReason":"a certificate is missing"},
        "activeConfigurations":[
            {"serviceRevisionArn":"sr/shop/web/1","taskDefinitionArn":"td/web:6","createdAt":100,
             "primaryContainer":{"image":"shop/web:v1","later":{"than":"this"}}},
            {"serviceRevisionArn":"sr/shop/web/2","taskDefinitionArn":"td/own:3","createdAt":200}]}})");
    const auto express = client_.describe_express_service(kExpressArn, Deadline::none());
    ASSERT_THAT(express, IsOk());
    EXPECT_EQ(body(0), Json({{"serviceArn", kExpressArn}}));
    EXPECT_EQ(express->status, "ACTIVE");
    EXPECT_EQ(express->status_reason, "a certificate is missing");
    ASSERT_THAT(express->configurations, SizeIs(2));
    EXPECT_EQ(express->configurations[0].task_definition, "td/own:3");
    EXPECT_EQ(express->configurations[0].primary_container, "") << "somebody has brought a task definition";
    EXPECT_EQ(express->configurations[1].image, "shop/web:v1");
    EXPECT_EQ(express->of_deployment("ecs-svc/1"), &express->configurations[1]);
    EXPECT_EQ(express->of_deployment("ecs-svc/2"), &express->configurations[0]);
    EXPECT_EQ(express->of_deployment("ecs-svc/3"), &express->configurations[0]) << "nobody knows: the newest";
    EXPECT_EQ(EcsExpressService{}.of_deployment("ecs-svc/1"), nullptr);
}

TEST_F(EcsExpressTest, SendsTheContainerBackAsItWasReadWithAnotherImage) {
    http_.then(200, R"({"service":{"serviceArn":"arn:web","targetConfiguration":{
        "serviceRevisionArn":"arn:aws:ecs:us-east-1:1:service-revision/shop/web/1234567890123456789",
        "taskDefinitionArn":"td/web:8","createdAt":1764460800}}})");
    const auto accepted = update_express(
        {.service = kExpressArn,
         .primary_container = R"({"image":"shop/web:v1","containerPort":8080,"environment":[{"name":"A","value":"1"}],)"
                              R"("secrets":[{"name":"S","valueFrom":"arn:s"}],"later":{"than":["this",null,0.5]}})",
         .image = "shop/web:v2@sha256:0"});
    ASSERT_THAT(accepted, IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop/web",
        "primaryContainer":{"image":"shop/web:v2@sha256:0","containerPort":8080,
        "environment":[{"name":"A","value":"1"}],"secrets":[{"name":"S","valueFrom":"arn:s"}],
        "later":{"than":["this",null,0.5]}}})"));
    EXPECT_EQ(accepted->deployment_id, "ecs-svc/1234567890123456789");
    EXPECT_EQ(accepted->task_definition, "td/web:8");
    EXPECT_EQ(accepted->created_at, WallTime{seconds{1'764'460'800}});
}

TEST_F(EcsExpressTest, WithoutAnotherImageTheContainerStaysAsItIs) {
    http_.then(200, R"({"service":{}})");
    ASSERT_THAT(update_express({.service = kExpressArn, .primary_container = R"({"image":"shop/web:v1"})"}), IsOk());
    EXPECT_EQ(body(0)["primaryContainer"], Json::parse(R"({"image":"shop/web:v1"})"));
}

TEST_F(EcsExpressTest, WhereSomebodyHasBroughtATaskDefinitionAnotherOneTakesItsPlace) {
    http_.then(200, R"({"service":{}})");
    const auto accepted = update_express(
        {.service = kExpressArn, .primary_container = {}, .task_definition = TaskDefinition("td/own:4")});
    ASSERT_THAT(accepted, IsOk());
    EXPECT_EQ(body(0), Json({{"serviceArn", kExpressArn}, {"taskDefinitionArn", "td/own:4"}}));
    EXPECT_EQ(accepted->task_definition, "td/own:4");
    EXPECT_EQ(accepted->deployment_id, "");
}

TEST_F(EcsExpressTest, AnUpdateWhoseAnswerIsLostIsPerhapsDone) {
    for (const std::string garbage : {"<html>", "{}", "", R"({"service":)"}) {
        FakeHttp http;
        http.then(200, garbage);
        EcsClient client = client_with(http);
        const auto result =
            client.update_express_service({.service = kExpressArn, .primary_container = "{}"}, Deadline::none());
        ASSERT_THAT(result, IsErr(ErrorKind::kProtocol, HasSubstr("UpdateExpressGatewayService"))) << garbage;
        EXPECT_TRUE(result.error().outcome_unknown);
    }
}

TEST_F(EcsExpressTest, KnowsWhatThePrimaryContainerCanSayOfATaskDefinition) {
    const auto is_primary_container = [](const std::string& members, const std::string& containers) {
        return read_task_definition(
                   Json::parse(R"({"taskDefinition":{)" + members + R"("containerDefinitions":)" + containers + "}}"))
            .is_primary_container;
    };
    const std::string plain =
        R"({"name":"Main","image":"i","cpu":0,"essential":true,"environment":[{"name":"A","value":"1"}],)"
        R"("command":["x"],"mountPoints":[],"volumesFrom":[],"systemControls":[],"logConfiguration":{},)"
        R"("portMappings":[{"containerPort":80}]})";
    EXPECT_TRUE(is_primary_container(R"("cpu":"256","volumes":[],)", "[" + plain + "]"));
    EXPECT_FALSE(is_primary_container("", "[" + plain + "," + plain + "]")) << "a sidecar";
    EXPECT_FALSE(is_primary_container("", "[]"));
    EXPECT_FALSE(is_primary_container(R"("volumes":[{"name":"v"}],)", "[" + plain + "]"));
    for (const std::string member : {R"("entryPoint":["sh"])", R"("healthCheck":{"command":["x"]})", R"("user":"app")",
                                     R"("environmentFiles":[{"value":"arn"}])", R"("readonlyRootFilesystem":true)"})
        EXPECT_FALSE(is_primary_container("", R"([{"name":"Main","image":"i",)" + member + "}]")) << member;
}

TEST_F(EcsExpressTest, ShowsNoSecretOfTheContainerInTheLog) {
    const auto shown =
        ecs_body_in_log(R"({"serviceArn":"arn:web","primaryContainer":{"image":"shop/web:v1","command":["--key=hush"],)"
                        R"("environment":[{"name":"PASSWORD","value":"hush"}],"later":"hush"}})");
    EXPECT_THAT(shown, AllOf(HasSubstr("shop/web:v1"), HasSubstr("PASSWORD"), Not(HasSubstr("hush"))));
}

TEST_F(EcsExpressTest, ARevisionOfOneHasResourcesThatEcsManages) {
    http_.then(200, R"({"serviceRevisions":[
        {"serviceRevisionArn":"sr/1","ecsManagedResources":{"ingressPaths":[{"accessType":"PUBLIC"}]}},
        {"serviceRevisionArn":"sr/2"}]})");
    const auto revisions = client_.service_revisions({"sr/1", "sr/2"}, Deadline::none());
    ASSERT_THAT(revisions, IsOk());
    EXPECT_TRUE(revisions->at(0).express);
    EXPECT_FALSE(revisions->at(1).express);
}

}  // namespace
}  // namespace ci_lambda::testing
