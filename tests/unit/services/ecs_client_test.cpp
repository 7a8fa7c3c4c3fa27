#include "services/ecs_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const ClusterName kCluster("shop_cluster_dev");
const EcsServiceName kService("shop_service_api_dev");
const TaskFamily kFamily("shop_service_api_dev");

class EcsClientTest : public ::testing::Test {
protected:
    [[nodiscard]] Json body(std::size_t i) const { return *parse_json(http_.requests().at(i).body); }
    Result<AcceptedDeployment> update() {
        return client_.update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, Deadline::none());
    }

    FakeHttp http_;
    FakeCredentials credentials_;
    FakeClock clock_;
    EcsClient client_{{.region = "eu-west-1"}, http_, credentials_, clock_};
};

std::string arns(const std::vector<std::string>& revisions, const std::string& next_token = "") {
    Json answer{{"taskDefinitionArns", Json::array()}};
    for (const auto& revision : revisions)
        answer["taskDefinitionArns"].push_back("arn:aws:ecs:eu-west-1:123456789012:task-definition/" + revision);
    if (!next_token.empty()) answer["nextToken"] = next_token;
    return dump_json(answer);
}

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
        EcsClient client({.region = "eu-west-1"}, http, credentials_, clock_);
        const auto result = client.update_service({.cluster = kCluster, .service = kService}, Deadline::none());
        ASSERT_THAT(result, IsErr(ErrorKind::kProtocol, HasSubstr("UpdateService"))) << garbage;
        EXPECT_TRUE(result.error().maybe_done);
    }
}

TEST_F(EcsClientTest, ChoosesTheHighestRevisionNumberInWhateverOrderTheyCome) {
    http_.then(200, arns({"shop_service_api_dev:9", "shop_service_api_dev:42", "shop_service_api_dev:10"}));
    const auto newest = client_.newest_task_definition(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->str(), ::testing::EndsWith("/shop_service_api_dev:42"));
}

TEST_F(EcsClientTest, ReadsAllPagesOfRevisions) {
    http_.then(200, arns({"shop_service_api_dev:1"}, "more")).then(200, arns({"shop_service_api_dev:7"}, "even more"));
    http_.then(200, arns({"shop_service_api_dev:3"}));
    const auto newest = client_.newest_task_definition(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->str(), ::testing::EndsWith(":7"));
    ASSERT_THAT(http_.requests(), SizeIs(3));
    EXPECT_FALSE(body(0).contains("nextToken"));
    EXPECT_EQ(body(1)["nextToken"], "more");
    EXPECT_EQ(body(2)["nextToken"], "even more");
    EXPECT_EQ(body(0)["familyPrefix"], "shop_service_api_dev");
    EXPECT_EQ(body(0)["status"], "ACTIVE");
}

TEST_F(EcsClientTest, PassesOverRevisionsOfAnotherFamily) {
    http_.then(200,
               arns({"shop_service_api_dev_old:99", "xshop_service_api_dev:98", "shop_service_api_dev:2", "junk"}));
    EXPECT_THAT(client_.newest_task_definition(kFamily, Deadline::none())->str(), ::testing::EndsWith("_dev:2"));
}

TEST_F(EcsClientTest, SaysThatAFamilyHasNoActiveRevision) {
    http_.then(200, arns({}));
    EXPECT_THAT(client_.newest_task_definition(kFamily, Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("shop_service_api_dev has no ACTIVE revision")));
}

TEST_F(EcsClientTest, DescribesServicesAndNamesThoseThatAreMissing) {
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE","desiredCount":3,"runningCount":2,
                        "deploymentController":{"type":"CODE_DEPLOY"},"taskDefinition":"td:1","new":[1]}],
                       "failures":[{"arn":"arn:aws:ecs:r:1:service/c/b","reason":"MISSING"}]})");
    const auto described =
        client_.describe_services(kCluster, {EcsServiceName("a"), EcsServiceName("b")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    ASSERT_THAT(described->services, SizeIs(1));
    EXPECT_EQ(described->services[0].status, "ACTIVE");
    EXPECT_EQ(described->services[0].running_count, 2);
    EXPECT_FALSE(can_be_updated(described->services[0]));
    ASSERT_THAT(described->failures, SizeIs(1));
    EXPECT_EQ(described->failures[0].name.str(), "b");
    EXPECT_EQ(described->failures[0].reason, "MISSING");
    EXPECT_EQ(body(0)["services"], Json::array({"a", "b"}));
}

TEST_F(EcsClientTest, ListsTheServicesOfAllPages) {
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/c/a"],"nextToken":"n"})");
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/b"]})");
    EXPECT_THAT(*client_.list_services(kCluster, Deadline::none()),
                ElementsAre(EcsServiceName("a"), EcsServiceName("b")));
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

TEST(EcsError, ClassifiesEveryKindOfRefusal) {
    const struct {
        int status;
        std::string body;
        ErrorKind kind;
        std::string text;
    } cases[] = {
        {400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})", ErrorKind::kThrottled, "Rate exceeded"},
        {429, "slow down", ErrorKind::kThrottled, "slow down"},
        {500, R"({"__type":"ServerException","message":"oops"})", ErrorKind::kServer, "ServerException: oops"},
        {503, "<html>busy</html>", ErrorKind::kServer, "HTTP 503"},
        {400, R"({"__type":"com.amazonaws.ecs#ServiceNotFoundException","message":"Service not found."})",
         ErrorKind::kNotFound, "ServiceNotFoundException: Service not found."},
        {400, R"({"__type":"ClusterNotFoundException:http://x/","Message":"Cluster not found."})", ErrorKind::kNotFound,
         "ClusterNotFoundException: Cluster not found."},
        {400, R"({"__type":"AccessDeniedException","message":"no"})", ErrorKind::kAccessDenied, "no"},
        {400, R"({"__type":"UnrecognizedClientException","message":"bad token"})", ErrorKind::kCredentials,
         "bad token"},
        {400, R"({"__type":"ExpiredTokenException","message":"old"})", ErrorKind::kExpiredCredentials, "old"},
        {400, R"({"__type":"ClientException","message":"TaskDefinition is inactive"})", ErrorKind::kRejected,
         "ClientException: TaskDefinition is inactive"},
        {400, R"([1])", ErrorKind::kRejected, "HTTP 400"},
        {302, "", ErrorKind::kProtocol, "HTTP 302"}};
    for (const auto& [status, body, kind, text] : cases) {
        const auto error = ecs_error({.status = status, .body = body});
        EXPECT_EQ(error.kind, kind) << body;
        EXPECT_THAT(error.message, HasSubstr(text));
    }
}

TEST_F(EcsClientTest, TrustsAmazonsOwnRootsForAwsItselfAndTheSystemsForAnyOtherEndpoint) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    ASSERT_THAT(update(), IsOk());
    EXPECT_EQ(http_.requests().back().trust, Trust::kAmazonRoots);
    for (const EcsClient::Options& options :
         {EcsClient::Options{.region = "eu-west-1", .endpoint = "https://ecs.example"},
          EcsClient::Options{.region = "cn-north-1", .endpoint = {}}}) {
        EcsClient client(options, http_, credentials_, clock_);
        ASSERT_THAT(client.update_service({}, Deadline::none()), IsOk());
        EXPECT_EQ(http_.requests().back().trust, Trust::kSystem) << options.region;
    }
}

TEST(EcsEndpoint, FollowsTheRegionsPartition) {
    EXPECT_EQ(ecs_endpoint("us-east-1"), "https://ecs.us-east-1.amazonaws.com");
    EXPECT_EQ(ecs_endpoint("cn-north-1"), "https://ecs.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(ecs_endpoint("us-gov-west-1"), "https://ecs.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(ecs_endpoint("eusc-de-east-1"), "https://ecs.eusc-de-east-1.amazonaws.eu");
    EXPECT_EQ(ecs_endpoint("us-isob-east-1"), "https://ecs.us-isob-east-1.sc2s.sgov.gov");
}

}  // namespace
}  // namespace ci_lambda::testing
