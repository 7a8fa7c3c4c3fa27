#include "services/ecs/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/text.hpp"
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
        EcsClient client = client_with(http);
        const auto result = client.update_service({.cluster = kCluster, .service = kService}, Deadline::none());
        ASSERT_THAT(result, IsErr(ErrorKind::kProtocol, HasSubstr("UpdateService"))) << garbage;
        EXPECT_TRUE(result.error().outcome_unknown);
    }
}

TEST_F(EcsClientTest, NeverCallsAFailedReadPerhapsDone) {
    http_.then(500, R"({"__type":"ServerException","message":"oops"})");
    const auto described = client_.describe_services(kCluster, {kService}, Deadline::none());
    ASSERT_THAT(described, IsErr(ErrorKind::kServer, HasSubstr("oops")));
    EXPECT_FALSE(described.error().outcome_unknown);
}

TEST_F(EcsClientTest, UnderstandsAnAnswerWithAMessageInAnotherCharset) {
    http_.then(200,
               "{\"services\":[{\"serviceName\":\"shop_service_api_dev\",\"events\":[{\"message\":\"gr\xF6\xDF"
               "er\"}]}]}");
    const auto described = client_.describe_services(kCluster, {kService}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_NE(described->find(kService), nullptr);
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
            const auto found = client.look_up(kCluster, {kService}, kFamily, Deadline::none());
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
    const auto found = client_.look_up(kCluster, {kService}, kFamily, Deadline::none());
    EXPECT_THAT(found.services, IsOk());
    ASSERT_THAT(found.revisions, IsOk());
    EXPECT_EQ(found.revisions->front().str(),
              "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop_service_api_dev:11");
    EXPECT_EQ(credentials_.invalidated(), 1);
    EXPECT_THAT(http_.requests(), SizeIs(5));
}

TEST_F(EcsClientTest, ChoosesTheHighestRevisionNumberInWhateverOrderTheyCome) {
    http_.then(200, arns({"shop_service_api_dev:9", "shop_service_api_dev:42", "shop_service_api_dev:10"}));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), ::testing::EndsWith("/shop_service_api_dev:42"));
}

TEST_F(EcsClientTest, StopsAfterOnePageOfRevisionsThatIsInOrder) {
    http_.then(200,
               arns({"shop_service_api_dev:5001", "shop_service_api_dev:5000", "shop_service_api_dev:4998"}, "more"));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), ::testing::EndsWith(":5001"));
    EXPECT_THAT(http_.requests(), SizeIs(1)) << "a family of thousands must not cost a call for each hundred";
    EXPECT_EQ(body(0)["sort"], "DESC");
}

TEST_F(EcsClientTest, ReadsOnWhereThePageIsInTheOrderOfText) {
    http_.then(200, arns({"shop_service_api_dev:90", "shop_service_api_dev:9", "shop_service_api_dev:89"}, "more"));
    http_.then(200, arns({"shop_service_api_dev:100"}));
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none())->front().str(), ::testing::EndsWith(":100"));
}

TEST_F(EcsClientTest, ReadsAllPagesOfRevisionsThatAreNotInOrder) {
    http_.then(200, arns({"shop_service_api_dev:1"}, "more")).then(200, arns({"shop_service_api_dev:7"}, "even more"));
    http_.then(200, arns({"shop_service_api_dev:3"}));
    const auto newest = client_.active_task_definitions(kFamily, Deadline::none());
    ASSERT_THAT(newest, IsOk());
    EXPECT_THAT(newest->front().str(), ::testing::EndsWith(":7"));
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
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none())->front().str(),
                ::testing::EndsWith("_dev:2"));
}

TEST_F(EcsClientTest, SaysThatAFamilyHasNoActiveRevision) {
    http_.then(200, arns({}));
    EXPECT_THAT(client_.active_task_definitions(kFamily, Deadline::none()),
                IsErr(ErrorKind::kNotFound, AllOf(HasSubstr("no task definitions found"),
                                                  HasSubstr("shop_service_api_dev has no ACTIVE revision"))));
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

WallTime at_second(double since_epoch) {
    return WallTime{std::chrono::round<Milliseconds>(std::chrono::duration<double>(since_epoch))};
}

TEST_F(EcsClientTest, ReadsDeploymentsMessagesAndTimesInExponentForm) {
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE","currentServiceDeployment":"sd:1",
        "deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":true}},
        "deployments":[{"id":"ecs-svc/1","status":"PRIMARY","taskDefinition":"td:8","desiredCount":3,"pendingCount":1,
            "runningCount":2,"failedTasks":4,"createdAt":1.563223656E9,"updatedAt":1563223657.25,
            "rolloutState":"FAILED","rolloutStateReason":"breaker"},
            {"id":"ecs-svc/0","status":"ACTIVE","rolloutState":"COMPLETED"},{"id":"x"}],
        "events":[{"createdAt":1563223658,"message":"newest"},{"createdAt":"yesterday","message":"odd"}]}]})");
    const auto described = client_.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    const auto& service = described->services.at(0);
    EXPECT_EQ(service.service_deployment, "sd:1");
    EXPECT_TRUE(service.configuration.rolls_back_by_itself());
    ASSERT_THAT(service.deployments, SizeIs(3));
    const auto& primary = *service.primary();
    EXPECT_EQ(primary.failed_tasks, 4);
    EXPECT_EQ(primary.pending_count, 1);
    EXPECT_EQ(primary.created_at, at_second(1563223656));
    EXPECT_EQ(primary.updated_at, at_second(1563223657.25));
    EXPECT_EQ(primary.rollout_state, RolloutState::kFailed);
    EXPECT_EQ(service.deployment("ecs-svc/0")->rollout_state, RolloutState::kCompleted);
    EXPECT_EQ(service.deployment("x")->rollout_state, RolloutState::kNone);
    EXPECT_EQ(service.messages.at(0).text, "newest");
    EXPECT_EQ(service.messages.at(1).at, WallTime{}) << "a time that is none is no reason to fail";
}

TEST_F(EcsClientTest, TakesTimesThatNoClockCanHold) {
    for (const std::string time : {"1e300", "-1e300", "-5", "1e18", "null", "true"}) {
        FakeHttp http;
        http.then(200, R"({"services":[{"deployments":[{"status":"PRIMARY","createdAt":)" + time + "}]}]}");
        EcsClient client = client_with(http);
        const auto described = client.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
        ASSERT_THAT(described, IsOk()) << time;
        EXPECT_EQ(described->services.at(0).primary()->created_at, WallTime{}) << time;
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

TEST_F(EcsClientTest, ListsServiceDeploymentsNewestFirst) {
    http_.then(200, R"({"serviceDeployments":[
        {"serviceDeploymentArn":"sd:old","status":"SUCCESSFUL","createdAt":100,"finishedAt":160,
         "targetServiceRevisionArn":"rev:1"},
        {"serviceDeploymentArn":"sd:new","status":"ROLLBACK_IN_PROGRESS","statusReason":"why","createdAt":200},
        {"serviceDeploymentArn":"sd:odd","status":"SOMETHING_NEW","createdAt":50}]})");
    const auto list = client_.service_deployments(kCluster, kService, Deadline::none());
    ASSERT_THAT(list, IsOk());
    ASSERT_THAT(*list, SizeIs(3));
    EXPECT_EQ(list->at(0).arn, "sd:new");
    EXPECT_EQ(list->at(0).status, ServiceDeploymentStatus::kRollbackInProgress);
    EXPECT_EQ(list->at(0).reason, "why");
    EXPECT_FALSE(list->at(0).finished_at);
    EXPECT_EQ(list->at(1).status, ServiceDeploymentStatus::kSuccessful);
    EXPECT_EQ(list->at(1).target_revision, "rev:1");
    EXPECT_EQ(list->at(1).finished_at, at_second(160));
    EXPECT_EQ(list->at(2).status, ServiceDeploymentStatus::kUnknown);
    EXPECT_EQ(body(0)["service"], kService.str());
}

TEST_F(EcsClientTest, DescribesOneServiceDeploymentWithItsRollback) {
    http_.then(200, R"({"serviceDeployments":[{"serviceDeploymentArn":"sd:1","status":"ROLLBACK_SUCCESSFUL",
        "targetServiceRevision":{"arn":"rev:2"},"rollback":{"reason":"threshold exceeded"}}]})");
    const auto one = client_.service_deployment("sd:1", Deadline::none());
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(one->rollback_reason, "threshold exceeded");
    EXPECT_EQ(one->target_revision, "rev:2");
    FakeHttp nothing;
    nothing.then(200, R"({"serviceDeployments":[],"failures":[{"arn":"sd:1","reason":"MISSING"}]})");
    EcsClient client = client_with(nothing);
    EXPECT_THAT(client.service_deployment("sd:1", Deadline::none()), IsErr(ErrorKind::kNotFound, HasSubstr("sd:1")));
}

TEST_F(EcsClientTest, AsksForTwentyServiceRevisionsACall) {
    http_.then(200, R"({"serviceRevisions":[{"serviceRevisionArn":"rev:1","taskDefinition":"td:8",
        "containerImages":[{"containerName":"app","image":"shop/api:v8","imageDigest":"sha256:abc"}]}]})");
    const auto revisions = client_.service_revisions(std::vector<std::string>(21, "rev:1"), Deadline::none());
    ASSERT_THAT(revisions, IsOk());
    EXPECT_THAT(http_.requests(), SizeIs(2));
    EXPECT_EQ(body(0)["serviceRevisionArns"].size(), 20U);
    EXPECT_EQ(body(1)["serviceRevisionArns"].size(), 1U);
    EXPECT_EQ(revisions->at(0).images.at(0),
              (EcsServiceRevision::Image{.container = "app", .image = "shop/api:v8", .digest = "sha256:abc"}));
}

TEST_F(EcsClientTest, ReadsStoppedTasksAndAsksForNoneWhenThereIsNone) {
    http_.then(200, R"({"taskArns":["arn:task/1"]})");
    http_.then(200, R"({"tasks":[{"taskArn":"arn:task/1","startedBy":"ecs-svc/1","stopCode":"EssentialContainerExited",
        "stoppedReason":"Essential container in task exited","stoppedAt":1563223656,
        "containers":[{"name":"app","exitCode":137,"reason":"OutOfMemoryError"},{"name":"side"}]}]})");
    const auto tasks = client_.stopped_tasks(kCluster, kService, Deadline::none());
    ASSERT_THAT(tasks, IsOk());
    ASSERT_THAT(*tasks, SizeIs(1));
    EXPECT_EQ(tasks->at(0).started_by, "ecs-svc/1");
    EXPECT_EQ(tasks->at(0).containers.at(0).exit_code, 137);
    EXPECT_FALSE(tasks->at(0).containers.at(1).exit_code);
    EXPECT_EQ(body(0)["desiredStatus"], "STOPPED");

    FakeHttp none;
    none.then(200, R"({"taskArns":[]})");
    EcsClient client = client_with(none);
    EXPECT_THAT(*client.stopped_tasks(kCluster, kService, Deadline::none()), SizeIs(0));
    EXPECT_THAT(none.requests(), SizeIs(1));
}

TEST_F(EcsClientTest, AsksEcsToRollAServiceDeploymentBack) {
    http_.then(200, R"({"serviceDeploymentArn":"sd:1"})");
    ASSERT_THAT(client_.roll_back_service_deployment("sd:1", Deadline::none()), IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"serviceDeploymentArn":"sd:1","stopType":"ROLLBACK"})"));
}

TEST_F(EcsClientTest, RegistersACopyWithTheImagesPinned) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","family":"api","revision":8,"status":"ACTIVE",
        "compatibilities":["FARGATE"],"requiresAttributes":[],"registeredAt":1563223656,"registeredBy":"me",
        "cpu":"256","taskRoleArn":"role","containerDefinitions":[
            {"name":"app","image":"registry:5000/shop/api:latest","environment":[]},
            {"name":"proxy","image":"envoy"},{"name":"pinned","image":"shop/x@sha256:old"}]},
        "tags":[{"key":"team","value":"blue"},{"key":"aws:cloudformation:stack-name","value":"shop"},
                {"key":"ci_lambda:stands-for","value":"api:3"}]})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
    const EcsServiceRevision revision{
        .arn = "rev:1",
        .task_definition = "td:8",
        .images = {{.container = "app", .image = "registry:5000/shop/api:latest", .digest = "sha256:abc"},
                   {.container = "pinned", .image = "shop/x@sha256:old", .digest = "sha256:old"}}};
    const auto copy = client_.register_pinned_copy(revision, TaskFamily("api-rollback"),
                                                   {{"ci_lambda:stands-for", "api:8"}}, Deadline::none());
    ASSERT_THAT(copy, IsOk());
    EXPECT_EQ(copy->str(), "arn:td/api-rollback:1");
    EXPECT_EQ(body(0), Json::parse(R"({"taskDefinition":"td:8","include":["TAGS"]})"));
    EXPECT_EQ(body(1), Json::parse(R"({"family":"api-rollback","cpu":"256","taskRoleArn":"role","containerDefinitions":[
            {"name":"app","image":"registry:5000/shop/api@sha256:abc","environment":[]},
            {"name":"proxy","image":"envoy"},{"name":"pinned","image":"shop/x@sha256:old"}],
        "tags":[{"key":"ci_lambda:stands-for","value":"api:8"},{"key":"team","value":"blue"}]})"));
    EXPECT_FALSE(http_.requests().back().idempotent);
}

TEST_F(EcsClientTest, RefusesToCopyWhatIsNoTaskDefinition) {
    for (const std::string answer : {R"({})", R"({"taskDefinition":"td:8"})", R"({"taskDefinition":[{}]})", "[]"}) {
        FakeHttp http;
        http.then(200, answer);
        EcsClient client = client_with(http);
        EXPECT_THAT(client.register_pinned_copy({.arn = "rev:1", .task_definition = "td:8"}, TaskFamily("api-rollback"),
                                                {}, Deadline::none()),
                    IsErr(ErrorKind::kProtocol, HasSubstr("no \"taskDefinition\"")))
            << answer;
    }
}

TEST_F(EcsClientTest, CopiesATaskDefinitionWhoseContainersAreNotUnderstood) {
    for (const std::string members :
         {R"("cpu":"256")", R"("containerDefinitions":{"a":1})", R"("containerDefinitions":["a",null,[1]])"}) {
        FakeHttp http;
        http.then(200, R"({"taskDefinition":{)" + members + "}}");
        http.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
        EcsClient client = client_with(http);
        // A digest for an image without a container, as a garbled revision would have it.
        const EcsServiceRevision revision{.arn = "rev:1",
                                          .task_definition = "td:8",
                                          .images = {{.container = "", .image = "", .digest = "sha256:a"}}};
        EXPECT_THAT(client.register_pinned_copy(revision, TaskFamily("api-rollback"), {}, Deadline::none()), IsOk());
        EXPECT_EQ(http.requests().back().body, Json::parse("{" + members + R"(,"family":"api-rollback"})").dump());
    }
}

TEST_F(EcsClientTest, CopiesWithoutTagsWhereTheyMayNotBeRead) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"ecs:ListTagsForResource"})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","cpu":"256"}})");
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:td/api-rollback:1"}})");
    ASSERT_THAT(client_.register_pinned_copy({.arn = "rev:1", .task_definition = "td:8"}, TaskFamily("api-rollback"),
                                             {{"ci_lambda:because", "person"}}, Deadline::none()),
                IsOk());
    EXPECT_EQ(body(2)["tags"], Json::parse(R"([{"key":"ci_lambda:because","value":"person"}])"));
}

TEST_F(EcsClientTest, DescribesATaskDefinitionWithItsTags) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"td:8","status":"INACTIVE","containerDefinitions":[
        {"name":"app","image":"shop/api:v7"}]},"tags":[{"key":"a","value":"b"}]})");
    const auto found = client_.describe_task_definition(TaskDefinition("api:8"), Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->arn, "td:8");
    EXPECT_EQ(found->status, "INACTIVE");
    EXPECT_EQ(found->images.at(0).image, "shop/api:v7");
    EXPECT_EQ(found->tags, (EcsTags{{"a", "b"}}));
    FakeHttp http;
    http.then(400, R"({"__type":"ClientException","message":"Unable to describe task definition."})");
    EXPECT_THAT(client_with(http).describe_task_definition(TaskDefinition("api:9"), Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("Unable to describe")));
}

TEST_F(EcsClientTest, OneNameThatEcsRefusesDoesNotCostTheOthers) {
    const auto refused = R"({"__type":"InvalidParameterException","message":"Invalid identifier"})";
    http_.then(400, refused);                                                                  // a b c
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE"}]})");                // a
    http_.then(400, refused);                                                                  // b c
    http_.then(400, refused);                                                                  // b
    http_.then(200, R"({"services":[{"serviceName":"c","status":"ACTIVE"}],"failures":[]})");  // c
    const auto described = client_.describe_services(
        kCluster, {EcsServiceName("a"), EcsServiceName("b"), EcsServiceName("c")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_NE(described->find(EcsServiceName("a")), nullptr);
    EXPECT_NE(described->find(EcsServiceName("c")), nullptr);
    ASSERT_THAT(described->failures, SizeIs(1));
    EXPECT_EQ(described->failures[0].name.str(), "b");
    EXPECT_THAT(described->failures[0].reason, HasSubstr("Invalid identifier"));
}

TEST_F(EcsClientTest, ReadsWhatADeploymentConfigurationTakesOnPurpose) {
    http_.then(200, R"({"services":[{"serviceName":"a","deploymentConfiguration":{"strategy":"LINEAR",
        "bakeTimeInMinutes":15,"linearConfiguration":{"stepPercent":12.5,"stepBakeTimeInMinutes":3},
        "alarms":{"alarmNames":["x"],"enable":true,"rollback":true},
        "lifecycleHooks":[{"lifecycleStages":["POST_TEST_TRAFFIC_SHIFT"]},
            {"targetType":"PAUSE","lifecycleStages":["POST_SCALE_UP"],"timeoutConfiguration":{"timeoutInMinutes":10}},
            {"hookTargetArn":"arn:lambda","lifecycleStages":["PRE_SCALE_UP"]}]},
        "loadBalancers":[{"advancedConfiguration":{"productionListenerRule":"arn:aws:e:r:1:listener/net/lb/1/2"}}]}]})");
    const auto described = client_.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    const auto& service = described->services.at(0);
    const auto& configuration = service.configuration;
    EXPECT_EQ(configuration.strategy, DeploymentStrategy::kLinear);
    EXPECT_EQ(configuration.bake, std::chrono::minutes{15});
    EXPECT_DOUBLE_EQ(configuration.step_percent, 12.5);
    EXPECT_EQ(configuration.step_bake, std::chrono::minutes{3});
    EXPECT_TRUE(configuration.alarms_roll_back);
    EXPECT_TRUE(service.shifts_by_network_load_balancer);
    ASSERT_THAT(configuration.hooks, SizeIs(3));
    EXPECT_TRUE(configuration.hooks[0].pause) << "DescribeServices shows no more than its stages";
    EXPECT_FALSE(configuration.hooks[0].timeout);
    EXPECT_EQ(configuration.hooks[1].timeout, std::chrono::minutes{10});
    EXPECT_FALSE(configuration.hooks[2].pause);
}

TEST_F(EcsClientTest, ReadsHowFarARolloutIs) {
    http_.then(200, R"({"serviceDeployments":[{"serviceDeploymentArn":"sd:1","status":"IN_PROGRESS",
        "targetServiceRevision":{"arn":"rev/12"},"createdAt":"2026-03-05T15:54:41Z","lifecycleStage":"POST_TEST_TRAFFIC_SHIFT",
        "lifecycleHookDetails":[{"hookId":"h","targetType":"PAUSE","status":"AWAITING_ACTION","expiresAt":1772726081,
            "timeoutAction":"CONTINUE"}],
        "alarms":{"triggeredAlarmNames":["5xx"]},"rollback":{"reason":"why","startedAt":1772726000},
        "deploymentConfiguration":{"strategy":"CANARY","canaryConfiguration":{"canaryBakeTimeInMinutes":7}}}]})");
    const auto found = client_.service_deployment("sd:1", Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(format_rfc3339(found->created_at), "2026-03-05T15:54:41.000Z") << "AWS's pages print times as text";
    EXPECT_EQ(found->lifecycle_stage, "POST_TEST_TRAFFIC_SHIFT");
    ASSERT_THAT(found->hooks, SizeIs(1));
    EXPECT_TRUE(found->hooks[0].pause);
    EXPECT_TRUE(found->hooks[0].unfinished);
    EXPECT_FALSE(found->hooks[0].then_rolls_back);
    EXPECT_TRUE(found->hooks[0].expires_at);
    EXPECT_THAT(found->triggered_alarms, ElementsAre("5xx"));
    EXPECT_TRUE(found->rollback_started_at);
    ASSERT_TRUE(found->configuration);
    EXPECT_EQ(found->configuration->step_bake, std::chrono::minutes{7});
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

TEST_F(EcsClientTest, ListsTheServicesOfAllPages) {
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/c/a"],"nextToken":"n"})");
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/b"]})");
    EXPECT_THAT(*client_.list_services(kCluster, Deadline::none()),
                ElementsAre(EcsServiceName("a"), EcsServiceName("b")));
}

TEST_F(EcsClientTest, DescribesATaskDefinitionWithItsImagesAndTags) {
    http_.then(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:::task-definition/api:7","status":"INACTIVE",
        "containerDefinitions":[{"name":"app","image":"repo/api:v7"},{"name":"proxy"}]},
        "tags":[{"key":"ci_lambda:because","value":"person"}]})");
    const auto described = client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_EQ(body(0), Json::parse(R"({"taskDefinition":"api:7","include":["TAGS"]})"));
    EXPECT_EQ(described->arn, "arn:aws:ecs:::task-definition/api:7");
    EXPECT_EQ(described->status, "INACTIVE");
    EXPECT_EQ(described->images, (std::vector<EcsTaskDefinition::Image>{{.container = "app", .image = "repo/api:v7"},
                                                                        {.container = "proxy", .image = ""}}));
    EXPECT_EQ(described->tags.at("ci_lambda:because"), "person");
}

TEST_F(EcsClientTest, SaysThatThereIsNoSuchTaskDefinition) {
    http_.then(400, R"({"__type":"ClientException","message":"Unable to describe task definition."})").then(200, "{}");
    EXPECT_THAT(client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("Unable to describe")));
    EXPECT_THAT(client_.describe_task_definition(TaskDefinition("api:7"), Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("DescribeTaskDefinition")));
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

TEST_F(EcsClientTest, LetsTheBurstOfAQuotaGoAndPacesWhatComesAfterIt) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    const auto begin = clock_.now();
    for (int i = 0; i < 47; ++i) ASSERT_THAT(update(), IsOk());
    EXPECT_EQ(clock_.now(), begin);
    for (int i = 0; i < 50; ++i) ASSERT_THAT(update(), IsOk());
    const auto took = std::chrono::duration<double>(clock_.now() - begin).count();
    EXPECT_GT(took, 50 / 5.0) << "five a second";
    EXPECT_LT(took, 50 / 5.0 * 1.1);
}

TEST_F(EcsClientTest, CountsOperationsOfOneQuotaTogetherAndOthersForThemselves) {
    http_.then(200, R"({"services":[],"serviceArns":[]})");
    const auto begin = clock_.now();
    for (int i = 0; i < 47; ++i) {
        ASSERT_THAT(client_.describe_services(kCluster, {kService}, Deadline::none()), IsOk());
        ASSERT_THAT(client_.list_services(kCluster, Deadline::none()), IsOk());
    }
    EXPECT_EQ(clock_.now(), begin);
    for (int i = 0; i < 10; ++i) ASSERT_THAT(client_.list_services(kCluster, Deadline::none()), IsOk());
    EXPECT_GT(clock_.now(), begin);
    FakeHttp http;
    http.then(200, R"({"service":{"deployments":[]}})");
    const auto later = clock_.now();
    EXPECT_THAT(
        client_with(http).update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, Deadline::none()),
        IsOk());
    EXPECT_EQ(clock_.now(), later);
}

TEST_F(EcsClientTest, ATurnThatIsGivenBackIsThereForTheNextOne) {
    for (int i = 0; i < 200; ++i) {
        ASSERT_THAT(client_.take_turn_to_update(Deadline::after(clock_, Milliseconds{1500})), IsOk());
        client_.give_turn_back();
    }
    EXPECT_THAT(sleeper_.slept(), ::testing::IsEmpty());
}

TEST_F(EcsClientTest, FailsAtOnceWhatItsTurnWouldComeTooLateForAndNamesTheQuota) {
    http_.then(200, R"({"service":{"deployments":[]}})");
    const auto deadline = Deadline::after(clock_, std::chrono::seconds{5});
    const auto update = [&]() -> Result<AcceptedDeployment> {
        TRY(client_.take_turn_to_update(deadline));
        return client_.update_service(
            {.cluster = kCluster, .service = kService, .task_definition = TaskDefinition("api:42")}, deadline);
    };
    auto updated = update();
    while (updated) updated = update();
    EXPECT_EQ(updated.error().kind, ErrorKind::kDeadline);
    EXPECT_FALSE(updated.error().retryable());
    EXPECT_THAT(updated.error().message, AllOf(HasSubstr("ecs UpdateService not sent"), HasSubstr("50 calls at once"),
                                               HasSubstr("5 a second"), HasSubstr("deploy it again")));
    const auto sent = http_.requests().size();
    EXPECT_GT(sent, 47U);
    EXPECT_FALSE(update());
    EXPECT_EQ(http_.requests().size(), sent);
    EXPECT_LT(clock_.now(), *deadline.at()) << "it did not wait in vain";
}

TEST_F(EcsClientTest, SlowsDownWhenEcsThrottlesAndSaysSo) {
    http_.then(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})")
        .then(200, R"({"service":{"deployments":[]}})");
    const auto begin = clock_.now();
    EXPECT_EQ(update().error().kind, ErrorKind::kThrottled);
    EXPECT_EQ(clock_.now(), begin);
    EXPECT_THAT(update(), IsOk());
    EXPECT_GT(clock_.now(), begin) << "the burst was not there";
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("ecs throttles"), HasSubstr("service modify")));
}

}  // namespace
}  // namespace ci_lambda::testing
