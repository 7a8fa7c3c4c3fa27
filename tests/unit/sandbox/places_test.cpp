#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;

const std::string kEcsApi = "AmazonEC2ContainerServiceV20141113.";
const std::string kEcrApi = "AmazonEC2ContainerRegistry_V20150921.";

/// The home in Europe, the same account in us-east-1, and another account there.
class PlacesTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto port = aws_.start(0);
        ASSERT_THAT(port, IsOk());
        port_ = *port;
    }

    Result<LocalResponse> send(const std::string& path, const std::string& body, const std::string& scope,
                               const std::string& operation = {}) {
        std::map<std::string, std::string> headers{
            {"Authorization",
             "AWS4-HMAC-SHA256 Credential=" + scope + "/aws4_request, SignedHeaders=host, Signature=0"}};
        if (!operation.empty()) headers["X-Amz-Target"] = operation;
        return http_post(port_, path, body, headers);
    }
    Json call(const std::string& region, const std::string& operation, const std::string& body = "{}",
              const std::string& access_key = "sandbox") {
        const auto response = send("/", body, access_key + "/20260101/" + region + "/ecs", operation);
        EXPECT_THAT(response, IsOk());
        return response ? parse_json(response->body).value_or(Json()) : Json();
    }
    /// The access key of a session of the role of `target`.
    std::string assume(const std::string& target, const std::string& by = "sandbox") {
        const auto response = send("/",
                                   "Action=AssumeRole&RoleArn=" + role_arn_of(aws_.place_named(target)->target()) +
                                       "&RoleSessionName=me&ContentType=JSON&ExternalId=" + std::string(kExternalId),
                                   by + "/20260101/us-east-1/sts");
        EXPECT_THAT(response, IsOk());
        const auto json = parse_json(response->body).value_or(Json());
        return response->status == 200
                   ? json["AssumeRoleResponse"]["AssumeRoleResult"]["Credentials"]["AccessKeyId"].get<std::string>()
                   : json["Error"]["Code"].get<std::string>();
    }
    std::string cluster_of(const std::string& region, const std::string& access_key = "sandbox") {
        const auto answer = call(region, kEcsApi + "ListServices", R"({"cluster":"shop_cluster_dev"})", access_key);
        return answer.contains("serviceArns") ? answer["serviceArns"][0].get<std::string>()
                                              : answer["__type"].get<std::string>();
    }
    Json page(const std::string& path) {
        const auto response = http_get(port_, path);
        EXPECT_THAT(response, IsOk());
        return response ? parse_json(response->body).value_or(Json()) : Json();
    }
    std::vector<std::string> digests(const std::string& target) {
        const auto& where = aws_.place_named(target)->target();
        const auto key = where.by_role ? assume(target) : std::string("sandbox");
        std::vector<std::string> all;
        const auto answer = call(where.site.region, kEcrApi + "ListImages",
                                 R"({"repositoryName":"shop_service_api","filter":{"tagStatus":"TAGGED"}})", key);
        for (const auto& id : answer["imageIds"])
            all.push_back(id["imageTag"].get<std::string>() + id["imageDigest"].get<std::string>());
        return all;
    }
    std::vector<Json> events() {
        std::vector<Json> all;
        for (const auto& one : aws_.invocations().all()) all.push_back(parse_json(one.event).value_or(Json()));
        return all;
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    LocalAws aws_{
        ids_, clock_, {.targets = parse_targets("eu=eu-west-1,us=us-east-1,other=us-east-1@222222222222").value()}};
    std::uint16_t port_ = 0;
};

TEST_F(PlacesTest, ACallBelongsToTheRegionOfItsSignature) {
    EXPECT_THAT(cluster_of("eu-west-1"), HasSubstr("arn:aws:ecs:eu-west-1:123456789012:"));
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("arn:aws:ecs:us-east-1:123456789012:"));
    EXPECT_EQ(cluster_of("ap-south-1"), "UnrecognizedClientException");
}

TEST_F(PlacesTest, AndToTheAccountOfItsKey) {
    const auto key = assume("other");
    EXPECT_THAT(cluster_of("us-east-1", key), HasSubstr("arn:aws:ecs:us-east-1:222222222222:"));
    EXPECT_EQ(cluster_of("eu-west-1", key), "UnrecognizedClientException");
    EXPECT_EQ(cluster_of("us-east-1", "ASIASANDBOX123456789"), "ExpiredTokenException");
}

TEST_F(PlacesTest, NothingInAPlaceNamesAnother) {
    for (const auto& place : aws_.targets()) {
        const auto key = place.by_role ? assume(place.name) : std::string("sandbox");
        const auto described = dump_json(call(place.site.region, kEcsApi + "DescribeTaskDefinition",
                                              R"({"taskDefinition":"shop_service_api_dev"})", key));
        EXPECT_THAT(described, HasSubstr(place.site.account + ".dkr.ecr." + place.site.region + "."));
        for (const auto& other : aws_.targets()) {
            if (other.site.region != place.site.region) {
                EXPECT_THAT(described, Not(HasSubstr(other.site.region)));
            }
            if (other.site.account != place.site.account) {
                EXPECT_THAT(described, Not(HasSubstr(other.site.account)));
            }
        }
    }
}

TEST_F(PlacesTest, TheStateOfEachIsItsOwn) {
    call("us-east-1", "AmazonSSM.PutParameter", R"({"Name":"/shop/features","Value":"x","Overwrite":true})");
    const auto get = R"({"Name":"/shop/features"})";
    EXPECT_EQ(call("us-east-1", "AmazonSSM.GetParameter", get)["Parameter"]["Value"], "x");
    EXPECT_EQ(call("eu-west-1", "AmazonSSM.GetParameter", get)["Parameter"]["Value"], "search,basket");
    const auto event = events().back();
    EXPECT_EQ(event["region"], "us-east-1");
    EXPECT_THAT(event["resources"][0].get<std::string>(), HasSubstr("us-east-1"));

    call("us-east-1", kEcsApi + "UpdateService",
         R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev","forceNewDeployment":true})",
         assume("other"));
    EXPECT_EQ(events().back()["account"], "222222222222");
    EXPECT_EQ(events().back()["source"], "aws.ecs");
    EXPECT_EQ(aws_.place_named("us")->ecs().unfinished_deployments("shop_service_api_dev"), 0);
    EXPECT_GT(aws_.place_named("other")->ecs().unfinished_deployments("shop_service_api_dev"), 0);
}

TEST_F(PlacesTest, SchedulesAreOfTheirRegion) {
    const auto schedule = R"({"ScheduleExpression":"cron","FlexibleTimeWindow":{"Mode":"OFF"},)"
                          R"("Target":{"Arn":"a","RoleArn":"r"}})";
    const auto made = send("/schedules/mine", schedule, "sandbox/20260101/us-east-1/scheduler");
    ASSERT_THAT(made, IsOk());
    EXPECT_THAT(made->body, HasSubstr("arn:aws:scheduler:us-east-1:123456789012:"));
    EXPECT_EQ(send("/schedules/mine", schedule, "sandbox/20260101/us-east-1/scheduler")->status, 409);
    EXPECT_EQ(send("/schedules/mine", schedule, "sandbox/20260101/eu-west-1/scheduler")->status, 200);
    const auto elsewhere = send("/schedules/mine", schedule, "sandbox/20260101/ap-south-1/scheduler");
    EXPECT_EQ(elsewhere->headers.at("x-amzn-errortype"), "UnrecognizedClientException");
}

TEST_F(PlacesTest, TheFunctionsCallsAreItsOwnWithTheRolesKeyToo) {
    const std::string id = aws_.invocations().enqueue("{}").value();
    (void)aws_.invocations().next();
    cluster_of("us-east-1", assume("other", std::string(kFunctionAccessKey)));
    cluster_of("eu-west-1", std::string(kFunctionAccessKey));
    cluster_of("us-east-1", assume("other"));
    const auto calls = aws_.journal().calls_of(id);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].target, "other");
    EXPECT_EQ(calls[1].target, "eu");
    EXPECT_EQ(page("/sandbox/ecs/calls")[2]["target"], "other");
}

TEST_F(PlacesTest, WhoNamesNoRegionIsAtHomeAndATargetMayBeNamed) {
    const auto services = [&](const std::string& path) {
        return send(path, R"({"cluster":"shop_cluster_dev"})", "sandbox", kEcsApi + "ListServices")->body;
    };
    EXPECT_THAT(services("/"), HasSubstr("eu-west-1"));
    EXPECT_THAT(services("/?target=other"), HasSubstr("us-east-1:222222222222"));
    EXPECT_THAT(services("/?target=x"), HasSubstr("known are: eu, us, other"));
}

// --- replication --------------------------------------------------------------------------------------------------

TEST_F(PlacesTest, ThereAreTheSameImagesEverywhere) {
    EXPECT_EQ(digests("eu").size(), 3U);
    EXPECT_EQ(digests("eu"), digests("us"));
    EXPECT_EQ(digests("eu"), digests("other"));
}

TEST_F(PlacesTest, WhatIsPushedAtHomeComesEverywhereAfterAWhile) {
    const auto push = aws_.push_image("api:v1.43");
    ASSERT_THAT(push, IsOk());
    const auto pushes = events().size();
    clock_.advance(std::chrono::seconds{19});
    aws_.replication().advance();
    EXPECT_EQ(digests("us").size(), 3U);
    clock_.advance(std::chrono::seconds{2});
    aws_.replication().advance();
    EXPECT_EQ(digests("us"), digests("eu"));
    EXPECT_EQ(digests("other"), digests("eu"));

    const auto all = events();
    ASSERT_EQ(all.size(), pushes + 2) << "one event of each replication";
    std::set<std::string> sites;
    for (std::size_t i = pushes; i < all.size(); ++i) {
        EXPECT_EQ(all[i]["detail-type"], "ECR Replication Action");
        EXPECT_EQ(all[i]["detail"]["image-digest"], push->digest);
        EXPECT_EQ(all[i]["detail"]["image-tag"], "v1.43");
        EXPECT_EQ(all[i]["detail"]["source-region"], "eu-west-1");
        EXPECT_EQ(all[i]["detail"]["source-account"], "123456789012");
        sites.insert(all[i]["region"].get<std::string>() + all[i]["account"].get<std::string>());
    }
    EXPECT_EQ(sites, (std::set<std::string>{"us-east-1123456789012", "us-east-1222222222222"}));
    // All of it: what the index lists, and what is read of it.
    const auto got = call("us-east-1", kEcrApi + "BatchGetImage",
                          R"({"repositoryName":"shop_service_api","imageIds":[{"imageTag":"v1.43"}],)"
                          R"("acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]})");
    const auto manifest = parse_json(got["images"][0]["imageManifest"].get<std::string>()).value_or(Json());
    const auto blob = aws_.place_named("us")->ecr().blob("shop_service_api", manifest["config"]["digest"]);
    EXPECT_THAT(blob.value_or(""), HasSubstr("org.opencontainers.image.revision"));
}

TEST_F(PlacesTest, ATagThatDoesNotMoveArrivesWithoutOne) {
    call("us-east-1", kEcrApi + "PutImageTagMutability",
         R"({"repositoryName":"shop_service_api","imageTagMutability":"IMMUTABLE"})");
    const auto before = digests("us");
    ASSERT_THAT(aws_.push_image("api:v1.42"), IsOk());
    clock_.advance(std::chrono::seconds{21});
    aws_.replication().advance();
    EXPECT_EQ(digests("us"), before);
    bool told = false;
    for (const auto& event : events())
        if (event["detail-type"] == "ECR Replication Action" && event["account"] == "123456789012") {
            told = true;
            EXPECT_FALSE(event["detail"].contains("image-tag"));
        }
    EXPECT_TRUE(told);
}

TEST_F(PlacesTest, ReplicationCanBeOffOrSlowAndARegionThatIsDownGetsItLater) {
    aws_.replication().set_delay(std::nullopt);
    ASSERT_THAT(aws_.push_image("api:v1.43"), IsOk());
    clock_.advance(std::chrono::hours{1});
    aws_.replication().advance();
    EXPECT_EQ(digests("us").size(), 3U);

    aws_.replication().set_delay(std::chrono::seconds{60});
    ASSERT_THAT(aws_.push_image("api:v1.44"), IsOk());
    ASSERT_THAT(aws_.choose_scenario("us=region-down"), IsOk());
    clock_.advance(std::chrono::seconds{61});
    aws_.replication().advance();
    ASSERT_THAT(aws_.choose_scenario("us=healthy"), IsOk());
    EXPECT_EQ(digests("us").size(), 3U);
    clock_.advance(std::chrono::seconds{6});
    aws_.replication().advance();
    EXPECT_EQ(digests("us").size(), 4U);
}

TEST_F(PlacesTest, APushIntoAnotherRegistryStaysThere) {
    EXPECT_THAT(aws_.push_image("api:v1.43", {}, "us"), IsOk());
    EXPECT_THAT(aws_.push_image("api:v1.43", {}, "x"), IsErr(ErrorKind::kConfiguration, HasSubstr("no target")));
    EXPECT_THAT(aws_.push_image("api:v1.43", "us-east-1"), IsErr(ErrorKind::kConfiguration, HasSubstr("--target")));
    clock_.advance(std::chrono::hours{1});
    aws_.replication().advance();
    EXPECT_EQ(digests("us").size(), 4U);
    EXPECT_EQ(digests("eu").size(), 3U);
    const auto told = http_post(port_, "/sandbox/push", "api:v1.50");
    EXPECT_THAT(told->body, HasSubstr(R"("replicated_to":["us","other"])"));
    EXPECT_THAT(http_post(port_, "/sandbox/push?target=us", "api:v1.51")->body, Not(HasSubstr("replicated_to")));
}

TEST_F(PlacesTest, ARepositoryIsMadeByTheFirstReplication) {
    call("eu-west-1", kEcrApi + "CreateRepository", R"({"repositoryName":"tools/new"})");
    ASSERT_THAT(aws_.push_image("tools/new:v1"), IsOk());
    clock_.advance(std::chrono::seconds{21});
    aws_.replication().advance();
    EXPECT_THAT(aws_.place_named("other")->ecr().repositories(), ::testing::Contains("tools/new"));
}

// --- what is wrong with a target ----------------------------------------------------------------------------------

TEST_F(PlacesTest, ARegionThatIsDownAnswersNobody) {
    ASSERT_EQ(http_post(port_, "/sandbox/scenario", "us=region-down")->status, 200);
    const auto key = "sandbox/20260101/us-east-1/ecs";
    EXPECT_THAT(send("/", "{}", key, kEcsApi + "ListClusters"), IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
    EXPECT_THAT(send("/", "{}", "sandbox/20260101/us-east-1/sts"), IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
    EXPECT_THAT(send("/schedules/x", "{}", key), IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
    EXPECT_THAT(cluster_of("eu-west-1"), HasSubstr("eu-west-1"));
    const Json now = page("/sandbox/scenario")["targets"];
    EXPECT_EQ(now["us"]["scenario"], "region-down");
    EXPECT_EQ(now["other"]["scenario"], "region-down") << "a region is down in all accounts";
    EXPECT_EQ(now["eu"]["scenario"], "healthy");
    EXPECT_EQ(page("/sandbox/ecs/calls")[0]["status"], 0);

    ASSERT_EQ(http_post(port_, "/sandbox/scenario", "other=healthy")->status, 200);
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("us-east-1"));
}

TEST_F(PlacesTest, AThrottledRegionTakesOneCallASecond) {
    ASSERT_THAT(aws_.choose_scenario("us=region-throttled"), IsOk());
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("us-east-1"));
    EXPECT_EQ(cluster_of("us-east-1"), "ThrottlingException");
    const auto schedule = send("/schedules/x", "{}", "sandbox/20260101/us-east-1/scheduler");
    EXPECT_EQ(schedule->headers.at("x-amzn-errortype"), "ThrottlingException");
    EXPECT_THAT(cluster_of("us-east-1", assume("other")), HasSubstr("222222222222"))
        << "accounts have quotas of their own";
    clock_.advance(std::chrono::seconds{1});
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("us-east-1"));
    ASSERT_THAT(aws_.choose_scenario("healthy"), IsOk());
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("us-east-1"));
}

TEST_F(PlacesTest, ADeniedRoleIsNobodysAnyMore) {
    const auto key = assume("other");
    ASSERT_THAT(aws_.choose_scenario("other=role-denied"), IsOk());
    EXPECT_EQ(assume("other"), "AccessDenied");
    EXPECT_EQ(cluster_of("us-east-1", key), "ExpiredTokenException");
    EXPECT_THAT(cluster_of("us-east-1"), HasSubstr("us-east-1:123456789012"));
    ASSERT_THAT(aws_.choose_scenario("other=healthy"), IsOk());
    EXPECT_THAT(cluster_of("us-east-1", assume("other")), HasSubstr("222222222222"));
}

TEST_F(PlacesTest, AScenarioIsOfAServiceEverywhereOrInOneTarget) {
    const auto services = [&](const std::string& target) {
        return page("/sandbox/scenario")["targets"][target]["services"];
    };
    ASSERT_THAT(aws_.choose_scenario("api=slow"), IsOk());
    ASSERT_THAT(aws_.choose_scenario("us/api=crash-on-start"), IsOk());
    ASSERT_THAT(aws_.choose_scenario("other=bake"), IsOk());
    EXPECT_EQ(services("eu")["shop_service_api_dev"], "slow");
    EXPECT_EQ(services("us")["shop_service_api_dev"], "crash-on-start");
    EXPECT_EQ(services("us")["shop_service_worker_dev"], "healthy");
    EXPECT_EQ(services("other")["shop_service_worker_dev"], "bake");
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"region-down", "write TARGET=region-down"},
        {"x=region-down", "no target \"x\"; known are: eu, us, other"},
        {"us=role-denied", "us (us-east-1) is without a role"},
        {"us/x=slow", "no service \"x\" in us"},
        {"us=nothing", "there is no scenario"},
        {"nosuch=slow", "there is no service \"nosuch\""}};
    for (const auto& [text, why] : wrong)
        EXPECT_THAT(aws_.choose_scenario(text), IsErr(ErrorKind::kConfiguration, HasSubstr(why))) << text;
}

TEST_F(PlacesTest, AlarmsAndFilesAreOfEachTarget) {
    ASSERT_THAT(aws_.set_alarm("shop-5xx=ALARM", "us"), IsOk());
    EXPECT_EQ(page("/sandbox/alarm?target=us")["shop-5xx"], "ALARM");
    EXPECT_EQ(page("/sandbox/alarm")["shop-5xx"], "OK");
    ASSERT_THAT(aws_.set_alarm("shop-5xx=ALARM"), IsOk());
    EXPECT_EQ(page("/sandbox/alarm")["shop-5xx"], "ALARM");
    const auto described = call("us-east-1", "GraniteServiceVersion20100801.DescribeAlarms");
    EXPECT_THAT(described["MetricAlarms"][0]["AlarmArn"].get<std::string>(), HasSubstr("us-east-1"));
    ASSERT_THAT(aws_.edit_file("api/.env", "us"), IsOk());
    EXPECT_EQ(events().back()["region"], "us-east-1");
    ASSERT_THAT(aws_.edit_file("api/.env"), IsOk());
    EXPECT_EQ(events().back()["region"], "eu-west-1");
}

TEST(OnePlace, TakesCallsOfAllRegionsAsItsOwn) {
    testing::FakeClock clock;
    Ids ids(1);
    LocalAws aws(ids, clock);
    const auto port = aws.start(0);
    ASSERT_THAT(port, IsOk());
    for (const auto* const region : {"us-east-1", "ap-south-1"}) {
        const auto answer = http_post(
            *port, "/", R"({"cluster":"shop_cluster_dev"})",
            {{"Authorization", std::string("AWS4-HMAC-SHA256 Credential=x/20260101/") + region + "/ecs/aws4_request"},
             {"X-Amz-Target", kEcsApi + "ListServices"}});
        ASSERT_THAT(answer, IsOk());
        EXPECT_THAT(answer->body, HasSubstr("arn:aws:ecs:us-east-1:123456789012:"));
    }
    EXPECT_THAT(http_get(*port, "/sandbox/ecs/calls")->body, Not(HasSubstr("target")));
    ASSERT_THAT(aws.choose_scenario("us-east-1=region-down"), IsOk());
    EXPECT_THAT(http_post(*port, "/", "{}", {{"Authorization", "x"}, {"X-Amz-Target", kEcsApi + "ListServices"}}),
                IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
}

}  // namespace
}  // namespace ci_lambda::sandbox
