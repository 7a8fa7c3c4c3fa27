#include "services/ecs/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "unit/services/ecs/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(EcsClientTest, SpeaksAwsJsonToTheRegionsEndpointAndSignsForEcs) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(update(), IsOk());
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(sent.url.reveal(), "https://ecs.eu-west-1.amazonaws.com/");
    EXPECT_EQ(sent.headers.at(0).value, "application/x-amz-json-1.1");
    EXPECT_EQ(sent.headers.at(1).value, "AmazonEC2ContainerServiceV20141113.UpdateService");
    ASSERT_TRUE(sent.signing);
    EXPECT_EQ(sent.signing->region, "eu-west-1");
    EXPECT_EQ(sent.signing->service, "ecs");
}

TEST_F(EcsClientTest, ForcesANewDeploymentAndNeverLetsItBeSentTwice) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(update(), IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                                      "taskDefinition":"api:42","forceNewDeployment":true})"));
    EXPECT_FALSE(http_.requests().front().idempotent);
}

TEST_F(EcsClientTest, ReportsThePrimaryDeploymentAsTheAcceptedOne) {
    http_.then(200, R"({"service":{"taskDefinition":"td:old","deployments":[
        {"id":"ecs-svc/1","status":"ACTIVE","taskDefinition":"td:41"},
        {"id":"ecs-svc/2","status":"PRIMARY","taskDefinition":"td:42"}]}})");
    const auto accepted = update();
    ASSERT_THAT(accepted, IsOk());
    EXPECT_EQ(accepted->deployment_id, "ecs-svc/2");
    EXPECT_EQ(accepted->task_definition, "td:42");
}

TEST_F(EcsClientTest, CallsAnUpdateWhoseAnswerIsGarbagePerhapsDone) {
    for (const std::string garbage : {"<html>", "{}", "", R"({"service":)"}) {
        FakeHttp http;
        http.then(200, garbage);
        EcsClient client = client_with(http);
        const auto result = client.update_service({.cluster = kCluster, .service = kService}, Deadline::none());
        ASSERT_THAT(result, IsErr(ErrorKind::kProtocol, HasSubstr("UpdateService"))) << garbage;
        EXPECT_TRUE(result.error().outcome_unknown);
    }
}

TEST_F(EcsClientTest, SendsADeploymentConfigurationOnlyWhenThereIsOne) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(client_.update_service({.cluster = kCluster,
                                        .service = kService,
                                        .task_definition = TaskDefinition("td:1"),
                                        .deployment_configuration = R"({"maximumPercent":150})"},
                                       Deadline::none()),
                IsOk());
    EXPECT_EQ(body(0)["deploymentConfiguration"], Json::parse(R"({"maximumPercent":150})"));
}

TEST_F(EcsClientTest, AsksEcsToRollAServiceDeploymentBack) {
    http_.then(200, R"({"serviceDeploymentArn":"sd:1"})");
    ASSERT_THAT(client_.roll_back_service_deployment("sd:1", Deadline::none()), IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"serviceDeploymentArn":"sd:1","stopType":"ROLLBACK"})"));
}

TEST_F(EcsClientTest, SpellsOutBothAnswersToAHook) {
    http_.then(200, R"({"serviceDeploymentArn":"sd:1"})").then(200, R"({"serviceDeploymentArn":"sd:1"})");
    ASSERT_THAT(client_.continue_service_deployment("sd:1", "ecs-pause-1", Deadline::none()), IsOk());
    ASSERT_THAT(client_.reject_service_deployment("sd:1", "ecs-pause-1", Deadline::none()), IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"serviceDeploymentArn":"sd:1","hookId":"ecs-pause-1","action":"CONTINUE"})"));
    EXPECT_EQ(body(1), Json::parse(R"({"serviceDeploymentArn":"sd:1","hookId":"ecs-pause-1","action":"ROLLBACK"})"));
}

TEST_F(EcsClientTest, NeverCallsAFailedReadPerhapsDone) {
    http_.then(500, R"({"__type":"ServerException","message":"oops"})");
    const auto described = client_.describe_services(kCluster, {kService}, Deadline::none());
    ASSERT_THAT(described, IsErr(ErrorKind::kServer, HasSubstr("oops")));
    EXPECT_FALSE(described.error().outcome_unknown);
}

TEST_F(EcsClientTest, LooksUpServicesAndRevisionsAndKeepsTheirFailuresApart) {
    const std::string services = R"({"services":[{"serviceName":"shop_service_api_dev","status":"ACTIVE"}]})";
    const std::string refused = R"({"__type":"AccessDeniedException","message":"not allowed"})";
    const std::string revisions = arns({"shop_service_api_dev:9"});
    for (const bool describes : {true, false}) {
        for (const bool lists : {true, false}) {
            FakeHttp http;
            http.then(describes ? 200 : 400, describes ? services : refused);
            http.then(lists ? 200 : 400, lists ? revisions : refused);
            EcsClient client = client_with(http);
            const auto found = client.look_up(kCluster, {kService}, kFamily, WithTags::kNo, Deadline::none());
            EXPECT_EQ(found.services.has_value(), describes);
            EXPECT_EQ(found.revisions.has_value(), lists);
            for (const auto* error :
                 {describes ? nullptr : &found.services.error(), lists ? nullptr : &found.revisions.error()})
                EXPECT_TRUE(error == nullptr || error->kind == ErrorKind::kAccessDenied);
            EXPECT_THAT(http.requests(), SizeIs(2));
        }
    }
}

TEST_F(EcsClientTest, RenewsExpiredCredentialsOnceForBothLookups) {
    const std::string expired = R"({"__type":"ExpiredTokenException","message":"expired"})";
    http_.then(400, expired)
        .then(400, expired)
        .then(200, R"({"services":[]})")
        .then(200, arns({"shop_service_api_dev:9", "shop_service_api_dev:10"}, "more"))
        .then(200, arns({"shop_service_api_dev:11"}));
    const auto found = client_.look_up(kCluster, {kService}, kFamily, WithTags::kNo, Deadline::none());
    EXPECT_THAT(found.services, IsOk());
    ASSERT_THAT(found.revisions, IsOk());
    EXPECT_EQ(found.revisions->front().str(),
              "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop_service_api_dev:11");
    EXPECT_EQ(credentials_.invalidated(), 1);
    EXPECT_THAT(http_.requests(), SizeIs(5));
}

TEST_F(EcsClientTest, NamesTheClusterThatEcsDoesNotFind) {
    http_.then(400, R"({"__type":"ClusterNotFoundException","message":"Cluster not found."})");
    EXPECT_THAT(client_.describe_services(kCluster, {kService}, Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("There is no cluster shop_cluster_dev; check AWS_REGION")));
}

TEST_F(EcsClientTest, SaysThatThereIsNoSuchCluster) {
    http_.then(200, R"({"clusters":[],"failures":[{"arn":"x","reason":"MISSING"}]})");
    EXPECT_THAT(client_.describe_cluster(kCluster, Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("no cluster shop_cluster_dev")));
}

TEST_F(EcsClientTest, RenewsExpiredCredentialsOnceAndSignsWithTheNewOnes) {
    http_.then(400, R"({"__type":"ExpiredTokenException","message":"expired"})");
    http_.then(200, R"({"service":{"deployments":[]}})");
    EXPECT_THAT(update(), IsOk());
    EXPECT_EQ(credentials_.invalidated(), 1);
    EXPECT_EQ(http_.requests().at(1).signing->credentials.access_key_id, "AKID1");
}

TEST_F(EcsClientTest, GivesUpWhenTheRenewedCredentialsAreExpiredToo) {
    http_.then(400, R"({"__type":"ExpiredTokenException","message":"expired"})");
    EXPECT_THAT(update(), IsErr(ErrorKind::kExpiredCredentials, HasSubstr("expired")));
    EXPECT_THAT(http_.requests(), SizeIs(2));
}

TEST_F(EcsClientTest, TakesNoLongerThanTheDeadlineAllows) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(client_.update_service({}, Deadline::after(clock_, Milliseconds{700})), IsOk());
    EXPECT_EQ(http_.requests().front().timeout, Milliseconds{700});
}

TEST_F(EcsClientTest, TrustsAmazonsOwnRootsForAwsItselfAndTheSystemsForAnyOtherEndpoint) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(update(), IsOk());
    EXPECT_EQ(http_.requests().back().trust, Trust::kAmazonRoots);
    for (const EcsClient::Options& options :
         {EcsClient::Options{.region = "eu-west-1", .endpoint = "https://ecs.example"},
          EcsClient::Options{.region = "cn-north-1", .endpoint = {}}}) {
        EcsClient client(options, http_, credentials_, clock_, sleeper_, log_.logger);
        ASSERT_THAT(client.update_service({}, Deadline::none()), IsOk());
        EXPECT_EQ(http_.requests().back().trust, Trust::kSystem) << options.region;
    }
}

TEST_F(EcsClientTest, AsksTheEndpointForFipsWhereThatIsWanted) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    EcsClient client({.region = "us-east-1", .endpoint = {}, .fips = true}, http_, credentials_, clock_, sleeper_,
                     log_.logger);
    ASSERT_THAT(client.update_service({}, Deadline::none()), IsOk());
    EXPECT_EQ(http_.requests().back().url.reveal(), "https://ecs-fips.us-east-1.amazonaws.com/");
}

EcsService with_breaker(const std::string& json) {
    EcsService service;
    service.configuration.circuit_breaker = json;
    return service;
}

TEST(ConfigurationWithRollback, SendsNothingButTheBreaker) {
    const struct {
        std::string present;
        std::string wanted;
    } cases[] = {
        {"", R"({"deploymentCircuitBreaker":{"enable":true,"rollback":true}})"},
        {R"({"enable":false,"rollback":false})", R"({"deploymentCircuitBreaker":{"enable":true,"rollback":true}})"},
        {R"({"enable":true,"rollback":false,"resetOnHealthyTask":true})",
         R"({"deploymentCircuitBreaker":{"enable":true,"rollback":true,"resetOnHealthyTask":true}})"},
    };
    for (const auto& [present, wanted] : cases) {
        const auto configuration = configuration_with_rollback(with_breaker(present));
        ASSERT_TRUE(configuration) << present;
        EXPECT_EQ(*parse_json(*configuration), Json::parse(wanted)) << present;
    }
}

TEST(ConfigurationWithRollback, ChangesNothingWhereEcsRollsBackByItselfOrWouldRefuse) {
    EcsService service;
    service.configuration.breaker_rolls_back = true;
    EXPECT_FALSE(configuration_with_rollback(service));
    service.configuration = {.alarms_roll_back = true};
    EXPECT_FALSE(configuration_with_rollback(service)) << "two rollbacks would fight";
    service.configuration = {.strategy = DeploymentStrategy::kBlueGreen};
    EXPECT_FALSE(configuration_with_rollback(service));
    EXPECT_FALSE(configuration_with_rollback({.deployment_controller = "CODE_DEPLOY"}));
}

}  // namespace
}  // namespace ci_lambda::testing
