// What runs in the sandbox's ECS is what stands behind the names of images in its registry.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::SizeIs;

class RegistryTest : public ::testing::Test {
protected:
    Json ecs(std::string_view operation, const Json& request) {
        const auto answer = aws_.ecs().handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    std::string registry_digest(const std::string& tag) {
        return aws_.ecr().resolve(aws_.ecr().host() + "/shop_service_api:" + tag).digest;
    }
    /// Deploys the api; the container image of the revision that this makes.
    Json deploy(const std::string& task_definition) {
        ecs("UpdateService", {{"cluster", shop::kCluster},
                              {"service", shop::kApi},
                              {"taskDefinition", task_definition},
                              {"forceNewDeployment", true}});
        return newest_image();
    }
    Json newest_image() {
        const auto list = ecs("ListServiceDeployments", {{"cluster", shop::kCluster}, {"service", shop::kApi}});
        const auto revision = list["serviceDeployments"][0]["targetServiceRevisionArn"];
        const auto answer = ecs("DescribeServiceRevisions", {{"serviceRevisionArns", {revision}}});
        return answer["serviceRevisions"][0]["containerImages"][0];
    }
    std::string register_with_image(const std::string& image) {
        const auto registered =
            ecs("RegisterTaskDefinition",
                {{"family", shop::kApi},
                 {"containerDefinitions", {{{"name", "shop_service_api"}, {"image", image}, {"essential", true}}}}});
        return registered["taskDefinition"]["taskDefinitionArn"];
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    LocalAws aws_{ids_, clock_, {.ecs_clock = &clock_, .on_ecs_event = [](const std::string&) {}}};
};

TEST_F(RegistryTest, WhatRunsFromTheBeginningIsInTheRegistry) {
    EXPECT_EQ(newest_image()["imageDigest"], registry_digest("v1.9"));
    EXPECT_NE(registry_digest("v1.9"), registry_digest("v1.42"));
}

TEST_F(RegistryTest, ADeploymentRunsWhatTheTagStandsForAtThatMoment) {
    EXPECT_EQ(deploy("shop_service_api_dev:42")["imageDigest"], registry_digest("v1.42"));
    const auto push = aws_.push_image("api:v1.42");
    ASSERT_THAT(push, IsOk());
    EXPECT_NE(newest_image()["imageDigest"], push->digest) << "what runs stays as it is";
    EXPECT_EQ(deploy("shop_service_api_dev:42")["imageDigest"], push->digest);
}

TEST_F(RegistryTest, ANewTagThatNoTaskDefinitionNamesChangesNothingThatRuns) {
    ASSERT_THAT(aws_.push_image("api:v1.43"), IsOk());
    const auto image = deploy("shop_service_api_dev:42");
    EXPECT_THAT(image["image"].get<std::string>(), HasSubstr(":v1.42"));
    EXPECT_EQ(image["imageDigest"], registry_digest("v1.42"));
    EXPECT_NE(image["imageDigest"], registry_digest("v1.43"));
}

TEST_F(RegistryTest, ADigestInTheTaskDefinitionDecidesWhateverTheTagStandsFor) {
    const auto pinned = registry_digest("v1.42");
    const auto revision = register_with_image(aws_.ecr().host() + "/shop_service_api:v1.42@" + pinned);
    ASSERT_THAT(aws_.push_image("api:v1.42"), IsOk());
    EXPECT_EQ(deploy(revision)["imageDigest"], pinned);
}

TEST_F(RegistryTest, AnImageThatIsNotThereCannotBePulled) {
    const auto image = deploy(register_with_image(aws_.ecr().host() + "/shop_service_api:v9"));
    EXPECT_FALSE(image.contains("imageDigest"));
    clock_.advance(std::chrono::minutes{2});
    const auto arns =
        ecs("ListTasks",
            {{"cluster", shop::kCluster}, {"serviceName", shop::kApi}, {"desiredStatus", "STOPPED"}})["taskArns"];
    ASSERT_FALSE(arns.empty());
    const auto tasks = ecs("DescribeTasks", {{"cluster", shop::kCluster}, {"tasks", arns}})["tasks"];
    EXPECT_THAT(dump_json(tasks[0]), HasSubstr("CannotPullContainerError"));
}

TEST_F(RegistryTest, AnImageOfAnotherRegistryRunsWithADigestOfItsOwn) {
    const auto image = deploy(register_with_image("nginx:1.27"));
    EXPECT_THAT(image["imageDigest"].get<std::string>(), HasSubstr("sha256:"));
}

TEST_F(RegistryTest, AScenarioBreaksWhatWasPushedForItAndTheRegistryKnowsIt) {
    deploy("shop_service_api_dev:42");
    clock_.advance(std::chrono::minutes{2});
    ASSERT_THAT(aws_.set_scenario({.service = "api", .scenario = Scenario::kCrashOnStart}), IsOk());
    const auto push = aws_.push_image("api:v1.42");
    ASSERT_THAT(push, IsOk());
    EXPECT_EQ(deploy("shop_service_api_dev:42")["imageDigest"], push->digest) << "nobody pushes once more";
    const auto again = deploy("shop_service_api_dev:42")["imageDigest"];
    EXPECT_NE(again, push->digest) << "without a push the scenario makes one";
    EXPECT_EQ(again, registry_digest("v1.42"));
    ASSERT_THAT(aws_.set_scenario({.service = "api", .scenario = Scenario::kHealthy}), IsOk());
    EXPECT_NE(deploy("shop_service_api_dev:42")["imageDigest"], again) << "what was broken is repaired";
    EXPECT_EQ(newest_image()["imageDigest"], registry_digest("v1.42"));
}

TEST_F(RegistryTest, APushGoesToTheFunctionManifestByManifest) {
    const auto push = aws_.push_image("shop/api:v1.43");
    ASSERT_THAT(push, IsOk());
    const auto invocations = aws_.invocations().all();
    ASSERT_THAT(invocations, SizeIs(5));
    for (const auto& invocation : invocations) EXPECT_EQ(invocation.origin, EventOrigin::kEcr);
    const auto last = *parse_json(invocations.back().event);
    EXPECT_EQ(last["detail"]["image-tag"], "v1.43");
    EXPECT_EQ(last["detail"]["image-digest"], push->digest);
    EXPECT_EQ(last["detail"]["repository-name"], "shop_service_api");
}

TEST_F(RegistryTest, APushKnowsServicesByTheirIdsAndRepositoriesByTheirNames) {
    for (const std::string image : {"backend:v2", "shop/worker:v2", "shop_service_api:v2",
                                    "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_worker:v3"})
        EXPECT_THAT(aws_.push_image(image), IsOk()) << image;
    EXPECT_THAT(
        aws_.push_image("other:v2"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("RepositoryNotFoundException"),
                    HasSubstr("known are: shop_backend, shop_service_api, shop_service_web, shop_service_worker"))));
    EXPECT_THAT(aws_.push_image("api"), IsErr(ErrorKind::kConfiguration, HasSubstr("needs a tag")));
    EXPECT_THAT(aws_.push_image(""), IsErr(ErrorKind::kConfiguration, HasSubstr("needs a tag")));
    EXPECT_THAT(aws_.push_image("api:v1@sha256:00"), IsErr(ErrorKind::kConfiguration, HasSubstr("gets its digest")));
    EXPECT_THAT(aws_.push_image("registry:5000/api:v1"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("123456789012.dkr.ecr.us-east-1.amazonaws.com")));
}

TEST_F(RegistryTest, AReplicatedImageComesFromAnotherRegionOnly) {
    const auto arrived = aws_.push_image("api:v1.43", "eu-west-1");
    ASSERT_THAT(arrived, IsOk());
    ASSERT_THAT(aws_.invocations().all(), SizeIs(1));
    EXPECT_THAT(aws_.invocations().all()[0].event, HasSubstr("ECR Replication Action"));
    for (const std::string region : {"us-east-1", "", "europe", "eu-west", "eu-west-x", "EU-west-1"})
        EXPECT_THAT(aws_.push_image("api:v1.43", region),
                    IsErr(ErrorKind::kConfiguration, HasSubstr("is not another region than us-east-1")))
            << region;
}

TEST_F(RegistryTest, IsCalledAtTheSandboxsOneAddressAndThroughItsSideDoor) {
    const auto port = aws_.start(0);
    ASSERT_THAT(port, IsOk());
    const auto pushed = http_post(*port, "/sandbox/push", "api:v1.43\n");
    ASSERT_THAT(pushed, IsOk());
    EXPECT_EQ(pushed->status, 200);
    const auto page = *parse_json(pushed->body);
    EXPECT_EQ(page["digest"], registry_digest("v1.43"));
    EXPECT_EQ(page["events"], 5);
    const auto described =
        http_post(*port, "/", R"({"repositoryName":"shop_service_api","imageIds":[{"imageTag":"v1.43"}]})",
                  {{"Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ecr/x"},
                   {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeImages"}});
    ASSERT_THAT(described, IsOk());
    EXPECT_THAT(described->body, HasSubstr(page["digest"].get<std::string>()));
    const auto refused = http_post(*port, "/sandbox/push", "api");
    ASSERT_THAT(refused, IsOk());
    EXPECT_EQ(refused->status, 400);
    EXPECT_THAT(refused->body, HasSubstr("needs a tag"));
}

TEST(RegistryEnvironment, TellsTheFunctionWhereTheRegistryIs) {
    const auto variables = function_environment(
        1234, testing::FakeEnvironment(std::map<std::string, std::string>{{"PATH", "/bin"}}), UserSettings::kPassed);
    EXPECT_EQ(variables.at("AWS_ENDPOINT_URL_ECR"), "http://127.0.0.1:1234");
}

}  // namespace
}  // namespace ci_lambda::sandbox
