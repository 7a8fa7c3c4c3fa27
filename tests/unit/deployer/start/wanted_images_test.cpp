#include "deployer/start/wanted_images.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "deployer/revision/rollback_tags.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kHost = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const std::string kApi = std::string(kHost) + "/shop_api";

std::string digest_of_all(char digit) { return "sha256:" + std::string(64, digit); }

EcsTaskDefinition revision_with(std::vector<std::string> images) {
    EcsTaskDefinition revision{.arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/api:42",
                               .status = "ACTIVE",
                               .images = {},
                               .tags = {}};
    int number = 0;
    for (auto& image : images)
        revision.images.push_back({.container = fmt::format("c{}", ++number), .image = std::move(image)});
    revision.for_fargate = true;
    return revision;
}

TEST(WantedImage, GoesWhereItsRepositoryIs) {
    const auto revision = revision_with({"public.ecr.aws/log:1", kApi + ":v1"});
    const auto place = place_of({.repository = "shop_api", .tag = "v2"}, {}, revision);
    ASSERT_THAT(place, IsOk());
    EXPECT_EQ(place->registry, kHost);
    EXPECT_EQ(place->account, "123456789012");
    EXPECT_EQ(place->region, "us-east-1");
    EXPECT_EQ(place->tag, "v2");
}

TEST(WantedImage, OfAnotherRegistryIsNotTheSameRepository) {
    const auto revision = revision_with({kApi + ":v1"});
    const std::string elsewhere = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    EXPECT_THAT(place_of({.registry = elsewhere, .repository = "shop_api", .tag = "v2"}, {}, revision),
                IsErr(ErrorKind::kRejected, AllOf(HasSubstr("no container of api:42 uses the repository " + elsewhere),
                                                  HasSubstr("its images are of " + kApi))));
    // The same registry by its name for FIPS.
    EXPECT_THAT(
        place_of(
            {.registry = "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", .repository = "shop_api", .tag = "v2"},
            {}, revision),
        IsOk());
}

TEST(WantedImage, WithATagAloneIsOfTheRepositoryThatTheConfigurationHas) {
    const auto revision = revision_with({kApi + ":v1", std::string(kHost) + "/mirror/envoy:1"});
    const auto place = place_of({.tag = "v2"}, {"shop_api"}, revision);
    ASSERT_THAT(place, IsOk());
    EXPECT_EQ(place->repository, "shop_api");
}

TEST(WantedImage, WithATagAloneIsOfTheOnlyRepositoryOfEcr) {
    const auto place = place_of({.tag = "v2"}, {"another"}, revision_with({"datadog/agent:7", kApi + ":v1"}));
    ASSERT_THAT(place, IsOk());
    EXPECT_EQ(place->repository, "shop_api");
    const auto only = place_of({.tag = "v2"}, {}, revision_with({"ghcr.io/shop/api:v1", "ghcr.io/shop/api:v1"}));
    ASSERT_THAT(only, IsOk());
    EXPECT_EQ(only->registry, "ghcr.io");
}

TEST(WantedImage, WithATagAloneIsAskedForByNameWhereSeveralCouldBeMeant) {
    EXPECT_THAT(place_of({.tag = "v2"}, {}, revision_with({kApi + ":v1", std::string(kHost) + "/mirror/envoy:1"})),
                IsErr(ErrorKind::kRejected, AllOf(HasSubstr("is not clear"), HasSubstr(kApi + ":v2"))));
    EXPECT_THAT(place_of({.tag = "v2"}, {}, revision_with({})), IsErr(ErrorKind::kRejected, HasSubstr("of none")));
}

TEST(TaskPlatform, IsWhatTheRevisionSaysAndX86OfLinuxWhereItSaysNothing) {
    auto revision = revision_with({});
    EXPECT_EQ(platform_of(revision).architecture, "amd64");
    EXPECT_EQ(platform_of(revision).os, "linux");
    EXPECT_FALSE(platform_of(revision).is_guess);
    revision.for_fargate = false;
    EXPECT_TRUE(platform_of(revision).is_guess) << "on EC2 the instances decide";
    revision.cpu_architecture = "ARM64";
    revision.os_family = "WINDOWS_SERVER_2022_CORE";
    EXPECT_EQ(platform_of(revision).architecture, "arm64");
    EXPECT_EQ(platform_of(revision).os, "windows");
    EXPECT_FALSE(platform_of(revision).is_guess);
}

/// A service on api:42, whose newest revision is that too.
class WantedImagesTest : public DeployerTest {
protected:
    WantedImagesTest() {
        revision_ = revision_with({kApi + ":v1", "public.ecr.aws/log:1", kApi + ":v1"});
        revision_.arn = arn_of("42");
        revision_.tags = {{"team", "shop"}};
        ecs_.on_task_definition = [this](const TaskDefinition& wanted) -> Result<EcsTaskDefinition> {
            return wanted.str() == registered_.arn ? registered_ : revision_;
        };
        ecs_.on_active = [this](const TaskFamily&) {
            std::vector<TaskDefinition> active{TaskDefinition(revision_.arn)};
            if (!registered_.arn.empty()) active.insert(active.begin(), TaskDefinition(registered_.arn));
            return active;
        };
        ecs_.on_register_with_images = [this](const TaskDefinition&, const auto& images, const EcsTags& tags) {
            registered_ = revision_;
            registered_.arn = arn_of("43");
            registered_.tags = tags;
            for (auto& image : registered_.images)
                if (const auto found = images.find(image.container); found != images.end()) image.image = found->second;
            return TaskDefinition(registered_.arn);
        };
        primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
        ecs_.on_describe = [this](const auto&) -> Result<DescribedServices> {
            return DescribedServices{.services = {service_with({primary_})}, .failures = {}};
        };
        ecr_.add("shop_api", digest_of_all('a'), {"v1"});
        ecr_.add("shop_api", digest_of_all('b'), {"v2", "latest"});
    }

    DeploymentReport ask_for(WantedImage wanted, const Deployer::Options& options = {}) {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].wanted = {std::move(wanted)};
        return run(deploy, options).at(0);
    }
    std::string error_of(WantedImage wanted) {
        const auto report = ask_for(std::move(wanted));
        EXPECT_THAT(ecs_.updates(), IsEmpty());
        EXPECT_TRUE(registered_.arn.empty()) << "nothing half done";
        return report.error ? report.error->message : "no error";
    }

    EcsTaskDefinition revision_;
    EcsTaskDefinition registered_;
    EcsDeployment primary_;
};

TEST_F(WantedImagesTest, AreRegisteredByTheirDigestInEveryContainerOfTheRepository) {
    const auto report = ask_for({.tag = "v2"});
    ASSERT_FALSE(report.error) << report.error->message;
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    const auto image = kApi + ":v2@" + digest_of_all('b');
    EXPECT_EQ(registered_.images[0].image, image);
    EXPECT_EQ(registered_.images[1].image, "public.ecr.aws/log:1");
    EXPECT_EQ(registered_.images[2].image, image);
    EXPECT_EQ(registered_.tags.at("team"), "shop");
    EXPECT_EQ(registered_.tags.at("ci_lambda:image").substr(0, 11), "shop_api:v2");
    ASSERT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(ecs_.updates()[0].task_definition.str(), arn_of("43"));
    ASSERT_TRUE(report.registration);
    EXPECT_EQ(report.registration->revision->str(), arn_of("43"));
    EXPECT_THAT(report.notes, IsEmpty());
    EXPECT_THAT(ecr_.regions, ElementsAre("us-east-1"));
}

TEST_F(WantedImagesTest, MayBeOlderThanWhatRuns) {
    revision_.tags["ci_lambda:pushed-at/c1"] = format_rfc3339(clock_.now() + std::chrono::hours{1});
    revision_.tags["ci_lambda:pushed-at/c3"] = format_rfc3339(clock_.now() + std::chrono::hours{1});
    EXPECT_EQ(ask_for({.tag = "v2"}).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(registered_.tags.at("ci_lambda:pushed-at/c1"), format_rfc3339(clock_.now()))
        << "so that a push of before does not take the wish back";
}

TEST_F(WantedImagesTest, AreDeployedAlsoWhereTheNewestRevisionWasTakenBack) {
    primary_ = deployment("ecs-svc/1", "41", RolloutState::kCompleted);
    revision_.tags = taken_back_by_person(clock_.now());
    EXPECT_EQ(run_one().left_out, arn_of("42")) << "as a request without an image finds it";
    const auto report = ask_for({.tag = "v2"});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.left_out, "");
    EXPECT_EQ(ecs_.updates().back().task_definition.str(), arn_of("43"));
}

TEST_F(WantedImagesTest, ByDigestArePinnedByItWhateverElseIsPinned) {
    auto deploy = deploy_of({"api"});
    deploy.requests[0].wanted = {{.repository = "shop_api", .digest = digest_of_all('b')}};
    deploy.requests[0].image_pin = ImagePin::kTag;
    EXPECT_EQ(run(deploy).at(0).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(registered_.images[0].image, kApi + "@" + digest_of_all('b'));
}

TEST_F(WantedImagesTest, ThatRunAlreadyAreDoneAndNothingIsSent) {
    const auto image = kApi + ":v1@" + digest_of_all('a');
    revision_.images[0].image = image;
    revision_.images[2].image = image;
    const auto report = ask_for({.tag = "v1"});
    EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_TRUE(report.has_what_was_wanted);
    EXPECT_THAT(report.outcome, HasSubstr("already rolled out"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    auto again = deploy_of({"api"});
    again.requests[0].wanted = {{.tag = "v1"}};
    again.requests[0].again = true;
    EXPECT_EQ(run(again).at(0).status, DeploymentStatus::kDeployed);
    EXPECT_TRUE(registered_.arn.empty());
}

TEST_F(WantedImagesTest, InADryRunAreLookedUpAndShown) {
    const auto report = ask_for({.tag = "v2"}, {.dry_run = true});
    EXPECT_EQ(report.status, DeploymentStatus::kDryRun);
    ASSERT_TRUE(report.registration);
    EXPECT_FALSE(report.registration->revision);
    EXPECT_EQ(report.registration->base.str(), arn_of("42"));
    ASSERT_THAT(report.registration->changes, SizeIs(2));
    EXPECT_EQ(report.registration->changes[0].to, kApi + ":v2@" + digest_of_all('b'));
    EXPECT_TRUE(registered_.arn.empty());
}

TEST_F(WantedImagesTest, ThatAreNotThereAreAnErrorThatSaysHowToLook) {
    EXPECT_THAT(error_of({.tag = "v9"}), AllOf(HasSubstr("there is no image " + kApi + ":v9"),
                                               HasSubstr("aws ecr list-images --repository-name shop_api")));
}

TEST_F(WantedImagesTest, OfAnotherArchitectureAreAnErrorThatNamesBoth) {
    ecr_.add("shop_api", digest_of_all('c'), {"arm"}, {"arm64"});
    EXPECT_THAT(error_of({.tag = "arm"}),
                AllOf(HasSubstr(kApi + ":arm@" + digest_of_all('c') + " is for linux/arm64"),
                      HasSubstr("names no runtimePlatform, which is linux/amd64"), HasSubstr("build it for")));
    ecr_.add_single("shop_api", digest_of_all('d'), {"single-arm"}, "arm64");
    EXPECT_THAT(error_of({.tag = "single-arm"}), HasSubstr("is for linux/arm64"));
}

TEST_F(WantedImagesTest, OfAnotherArchitectureAreANoteWhereTheInstancesDecide) {
    revision_.for_fargate = false;
    ecr_.add("shop_api", digest_of_all('c'), {"arm"}, {"arm64"});
    const auto report = ask_for({.tag = "arm"});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_THAT(report.notes, ElementsAre(HasSubstr("does not say on what its tasks run")));
}

TEST_F(WantedImagesTest, ThatAreNoImagesAreRefused) {
    auto& chart = ecr_.add("shop_api", digest_of_all('e'), {"chart"});
    chart.manifest.is_image = false;
    chart.manifest.artifact_type = "application/vnd.cncf.helm.config.v1+json";
    EXPECT_THAT(error_of({.tag = "chart"}), HasSubstr("nothing that a container can be started from (application/vnd"));
}

TEST_F(WantedImagesTest, ThatAreArchivedAreRefused) {
    ecr_.add("shop_api", digest_of_all('f'), {"old"}).image.status = EcrImageStatus::kArchived;
    EXPECT_THAT(error_of({.tag = "old"}), HasSubstr("is archived"));
}

TEST_F(WantedImagesTest, InARepositoryWithoutPermissionAreAnErrorWithEcrsWords) {
    ecr_.describe_error = Error{.kind = ErrorKind::kAccessDenied, .message = "AccessDenied (needs ecr:DescribeImages)"};
    EXPECT_THAT(error_of({.tag = "v2"}), AllOf(HasSubstr("whether there is an image " + kApi + ":v2 is not known"),
                                               HasSubstr("needs ecr:DescribeImages")));
}

TEST_F(WantedImagesTest, WhosePlatformMayNotBeReadAreDeployedWithANote) {
    ecr_.manifest_error = Error{.kind = ErrorKind::kAccessDenied, .message = "needs ecr:BatchGetImage"};
    const auto report = ask_for({.tag = "v2"});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_THAT(report.notes,
                ElementsAre(AllOf(HasSubstr("for linux/amd64 is not known"), HasSubstr("needs ecr:BatchGetImage"))));
}

TEST_F(WantedImagesTest, OfOtherRegistriesAreDeployedWithTheWordThatNobodyHasChecked) {
    revision_.images[0].image = "ghcr.io/shop/api:v1";
    revision_.images.resize(1);
    const auto report = ask_for({.registry = "ghcr.io", .repository = "shop/api", .tag = "v2"});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(registered_.images[0].image, "ghcr.io/shop/api:v2");
    EXPECT_THAT(report.notes, ElementsAre(HasSubstr("ghcr.io/shop/api:v2 is in no private registry of Amazon ECR")));
    EXPECT_THAT(ecr_.regions, IsEmpty());
}

TEST_F(WantedImagesTest, WhoseRevisionIsRefusedSayWhatWasToBeRegisteredAndEcsWords) {
    ecs_.on_register_with_images = [](const auto&, const auto&, const auto&) -> Result<TaskDefinition> {
        return fail(ErrorKind::kRejected, "ecs RegisterTaskDefinition: ClientException: Invalid 'cpu' setting");
    };
    EXPECT_THAT(error_of({.tag = "v2"}), AllOf(HasSubstr("a copy of"), HasSubstr(":v2@" + digest_of_all('b')),
                                               HasSubstr("could not be registered"), HasSubstr("Invalid 'cpu'")));
}

TEST_F(WantedImagesTest, WhoseDeploymentFailsNameTheRevisionThatWasRegistered) {
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return fail(ErrorKind::kRejected, "ecs UpdateService: InvalidParameterException");
    };
    const auto report = ask_for({.tag = "v2"});
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message, HasSubstr(":43 was registered for it and is not deployed"));
}

}  // namespace
}  // namespace ci_lambda::testing
