#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <ranges>

#include "unit/deployer/start/family.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class PushedImagesTest : public FamilyTest {
protected:
    DeploymentRequest request_of(const std::string& tag, char digit, seconds after,
                                 ImageMode mode = ImageMode::kRevision) const {
        return request_of_push("shop_api", tag, digit, after, mode);
    }
    DeploymentReport deploy(DeploymentRequest request, const Deployer::Options& options = {}) {
        return run({.requests = {std::move(request)}, .skipped = {}}, options).at(0);
    }
    DeploymentReport push(const std::string& tag, char digit, seconds after, ImageMode mode = ImageMode::kRevision) {
        clock_.advance(seconds{30});
        return deploy(request_of(tag, digit, after, mode));
    }
};

TEST_F(PushedImagesTest, BecomeARevisionThatDiffersInNothingElse) {
    const auto report = push("v2", 'a', seconds{20});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.task_definition, arn_of("43"));
    ASSERT_THAT(revisions_, SizeIs(2));
    const auto& registered = revisions_.at(43);
    EXPECT_EQ(registered.images[0].image, std::string(kRepository) + ":v2@" + digest('a'));
    EXPECT_EQ(registered.images[1].image, kSidecar);
    EXPECT_THAT(registered.tags, ::testing::UnorderedElementsAre(
                                     Pair("team", "shop"), Pair("ci_lambda:image", "shop_api:v2@" + digest('a')),
                                     Pair("ci_lambda:reason", "image shop_api:v2 was pushed"),
                                     Pair("ci_lambda:pushed-at/app", format_rfc3339(start() + seconds{20}))));
}

TEST_F(PushedImagesTest, ArePinnedAsTheSettingSays) {
    for (const auto& [pin, text] :
         {std::pair(ImagePin::kTag, ":v2"), std::pair(ImagePin::kDigest, "@"), std::pair(ImagePin::kBoth, ":v2@")}) {
        revisions_.clear();
        add("42", std::string(kRepository) + ":v1");
        primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
        auto request = request_of("v2", 'a', seconds{20});
        request.image_pin = pin;
        deploy(request);
        EXPECT_EQ(revisions_.rbegin()->second.images[0].image,
                  kRepository + std::string(text) + (pin == ImagePin::kTag ? "" : digest('a')));
    }
}

TEST_F(PushedImagesTest, ArePinnedWhereTheRevisionNamesTheTagAlone) {
    // The tag moves: `:v1` was pushed once more.
    EXPECT_EQ(push("v1", 'b', seconds{20}).task_definition, arn_of("43"));
    EXPECT_EQ(runs(), std::string(kRepository) + ":v1@" + digest('b'));
    auto by_tag = request_of("v1", 'c', std::chrono::minutes{5});
    by_tag.image_pin = ImagePin::kTag;
    revisions_.erase(43);
    primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
    primary_.created_at = start() - std::chrono::hours{1};
    EXPECT_EQ(deploy(by_tag).task_definition, arn_of("42")) << "it names the tag, and ECS takes what it stands for now";
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(PushedImagesTest, RegisterAndDeployNothingTheSecondTime) {
    push("v2", 'a', seconds{20});
    primary_.rollout_state = RolloutState::kCompleted;
    const auto again = push("v2", 'a', seconds{20});
    EXPECT_EQ(again.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(again.outcome, HasSubstr("already rolled out"));
    // The same image by another tag, and much later.
    clock_.advance(std::chrono::hours{1});
    EXPECT_EQ(push("stable", 'a', std::chrono::hours{1}).status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(revisions_, SizeIs(2));
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
}

TEST_F(PushedImagesTest, EndWithTheNewerOneInWhateverOrderTheyCome) {
    EXPECT_EQ(push("v3", 'b', seconds{25}).status, DeploymentStatus::kDeployed);
    const auto late = push("v2", 'a', seconds{20});
    EXPECT_EQ(late.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(late.outcome, AllOf(HasSubstr("shop_api:v2 was pushed before"), HasSubstr("which shop_service_api")));
    EXPECT_EQ(runs(), std::string(kRepository) + ":v3@" + digest('b'));
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(PushedImagesTest, EndWithTheNewerOneWhereBothAreRegisteredAtTheSameTime) {
    // Another process registers v3 while this one registers v2, which then has the higher number.
    before_registered_ = [this] {
        auto theirs = revisions_.at(42);
        theirs.images[0].image = std::string(kRepository) + ":v3@" + digest('b');
        theirs.tags["ci_lambda:pushed-at/app"] = format_rfc3339(start() + seconds{25});
        keep(theirs);
    };
    EXPECT_THAT(push("v2", 'a', seconds{20}).outcome, HasSubstr("shop_api:v2 was pushed before"));
    EXPECT_EQ(revisions_.rbegin()->second.images[0].image, std::string(kRepository) + ":v3@" + digest('b'))
        << "the older one is not left as the newest revision";
    EXPECT_EQ(push("v3", 'b', seconds{25}).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":v3@" + digest('b'));
}

TEST_F(PushedImagesTest, KeepWhatSomebodyElseRegistersAtTheSameTime) {
    before_registered_ = [this] {
        auto theirs = revisions_.at(42);
        theirs.tags["changed-by"] = "terraform";
        theirs.images[1].image = "other/sidecar:2";
        keep(theirs);
    };
    push("v2", 'a', seconds{20});
    const auto& deployed = revisions_.at(number_of(primary_.task_definition));
    EXPECT_EQ(deployed.images[0].image, std::string(kRepository) + ":v2@" + digest('a'));
    EXPECT_EQ(deployed.images[1].image, "other/sidecar:2");
}

TEST_F(PushedImagesTest, AreNeverAnOlderVersionThanWhatRunsWhereARangeLetsThemIn) {
    const auto version = [this](const std::string& tag, char digit, seconds after) {
        clock_.advance(seconds{30});
        auto request = request_of(tag, digit, after);
        request.images[0].by_version = true;
        return deploy(request);
    };
    EXPECT_EQ(version("2.1.0", 'a', seconds{20}).status, DeploymentStatus::kDeployed);
    primary_.rollout_state = RolloutState::kCompleted;
    const auto backport = version("2.0.9", 'b', seconds{60});
    EXPECT_THAT(backport.outcome, HasSubstr("shop_api:2.0.9 is an older version than 2.1.0, which shop_service_api"));
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    // Somebody has gone back to 2.0.8 since: what runs counts, and not what was registered last.
    add("44", std::string(kRepository) + ":2.0.8");
    add("45", std::string(kRepository) + ":2.1.0@" + digest('a'));
    primary_ = deployment("ecs-svc/8", "44", RolloutState::kCompleted);
    EXPECT_EQ(version("2.0.9", 'b', seconds{90}).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":2.0.9@" + digest('b'));
    // Without a range nobody has said that the tags are versions.
    EXPECT_EQ(push("1.0.0", 'c', seconds{240}).status, DeploymentStatus::kDeployed);
}

TEST_F(PushedImagesTest, OfVersionsTheHighestOneCountsInWhateverOrderTheyWerePushed) {
    auto request = request_of("2.1.0", 'a', seconds{20});
    request.images.push_back(request.images[0]);
    request.images[1].tag = "2.0.9";
    request.images[1].digest = digest('b');
    request.images[1].at += seconds{5};
    for (auto& image : request.images) image.by_version = true;
    clock_.advance(seconds{30});
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":2.1.0@" + digest('a'));
}

TEST_F(PushedImagesTest, AreRegisteredOnceWhereEcsListsRevisionsLate) {
    listed_up_to_ = 42;
    EXPECT_EQ(push("v2", 'a', seconds{20}).task_definition, arn_of("43"));
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(PushedImagesTest, AreRefusedWhereNoContainerUsesTheRepository) {
    auto request = request_of("v2", 'a', seconds{20});
    request.images[0].repository = "other";
    const auto report = deploy(request);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kRejected);
    EXPECT_THAT(
        report.error->message,
        AllOf(HasSubstr("no container of shop_service_api_dev:42 uses the repository other"), HasSubstr(kSidecar)));
    // The same name in the registry of another account, or of another region, is another repository.
    for (const auto& [account, region] :
         {std::pair("111111111111", "us-east-1"), std::pair("123456789012", "eu-west-1")}) {
        auto elsewhere = request_of("v2", 'a', seconds{20});
        elsewhere.images[0].account = account;
        elsewhere.images[0].region = region;
        EXPECT_TRUE(deploy(elsewhere).error) << account << " " << region;
    }
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(PushedImagesTest, NameTheRevisionThatWasRegisteredAndCouldNotBeDeployed) {
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return fail(ErrorKind::kRejected, "the service is busy");
    };
    const auto report = push("v2", 'a', seconds{20});
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                AllOf(HasSubstr("the service is busy"), HasSubstr("shop_service_api_dev:43 was registered for it")));
}

TEST_F(PushedImagesTest, AreOnlyShownInADryRun) {
    const auto report = deploy(request_of("v2", 'a', seconds{20}), {.dry_run = true});
    EXPECT_EQ(report.status, DeploymentStatus::kDryRun);
    EXPECT_THAT(report.reason, AllOf(HasSubstr("in a copy of shop_service_api_dev:42 with "), HasSubstr(":v2@sha256")));
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(PushedImagesTest, AreDeployedByMatchWhereTheRevisionNamesThem) {
    const auto other = push("v2", 'a', seconds{20}, ImageMode::kMatch);
    EXPECT_EQ(other.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_EQ(other.outcome,
              fmt::format("not deployed: shop_service_api_dev:42 names {}:v1, not shop_api:v2, which was "
                          "pushed",
                          kRepository));
    EXPECT_EQ(push("v1", 'a', seconds{60}, ImageMode::kMatch).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(PushedImagesTest, DeployWhateverIsNamedWhereTheModeIsRedeploy) {
    EXPECT_EQ(push("v2", 'a', seconds{20}, ImageMode::kRedeploy).task_definition, arn_of("42"));
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(PushedImagesTest, AreNamedWhereARedeploymentDoesNotBringThem) {
    const auto other = push("v2", 'a', seconds{20}, ImageMode::kRedeploy);
    EXPECT_EQ(other.not_brought,
              fmt::format("shop_service_api_dev:42 names {}:v1, not shop_api:v2, which was pushed", kRepository));
    EXPECT_THAT(other.images, SizeIs(2)) << "what it brings instead";
    EXPECT_EQ(other.images.at(0).image, std::string(kRepository) + ":v1");
    const auto same = push("v1", 'b', seconds{60}, ImageMode::kRedeploy);
    EXPECT_EQ(same.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(same.not_brought, "");
    EXPECT_EQ(ecs_.calls("DescribeTaskDefinition"), 1) << "a revision never changes";
    // The image that was pushed by two tags, one of which is named.
    auto request = request_of("v2", 'c', seconds{120}, ImageMode::kRedeploy);
    request.images.push_back(request.images[0]);
    request.images[1].tag = "v1";
    clock_.advance(seconds{90});
    EXPECT_EQ(deploy(request).not_brought, "");
}

TEST_F(PushedImagesTest, AreDeployedAlsoWhereNobodyMayReadWhatTheRevisionNames) {
    ecs_.on_task_definition = [](const TaskDefinition&) -> Result<EcsTaskDefinition> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeTaskDefinition");
    };
    for (const auto after : {seconds{20}, seconds{60}}) {
        const auto report = push("v2", 'a', after, ImageMode::kRedeploy);
        EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
        EXPECT_EQ(report.not_brought, "");
    }
    EXPECT_EQ(lines_like("images are not named", "ecs:DescribeTaskDefinition"), 1);
}

TEST_F(PushedImagesTest, AreFoundAgainInTheTagsOfTheirRevision) {
    push("v2", 'a', seconds{20});
    const auto pushed = pushed_images_of(revisions_.at(43));
    ASSERT_THAT(pushed, SizeIs(1));
    EXPECT_EQ(pushed[0].repository, "shop_api");
    EXPECT_EQ(pushed[0].tag, "v2");
    EXPECT_EQ(pushed[0].digest, digest('a'));
    EXPECT_EQ(pushed[0].account, "123456789012");
    // Somebody has registered another image since, and kept the tags.
    auto copy = revisions_.at(43);
    copy.images[0].image = std::string(kRepository) + ":v1";
    ASSERT_THAT(pushed_images_of(copy), SizeIs(1));
    EXPECT_EQ(pushed_images_of(copy)[0].digest, "") << "nobody knows what that is";
    EXPECT_THAT(pushed_images_of(revisions_.at(42)), IsEmpty());
}

TEST_F(PushedImagesTest, LoseNoChangeOfSomethingElseThatCameWithThem) {
    push("v2", 'a', seconds{20});
    primary_.rollout_state = RolloutState::kCompleted;
    clock_.advance(std::chrono::minutes{5});
    // A parameter, and again the push that runs already.
    auto both = request_of("v2", 'a', std::chrono::minutes{5});
    both.images_alone = false;
    EXPECT_EQ(deploy(both).status, DeploymentStatus::kDeployed);
    // A parameter, and a push that is not for this service.
    clock_.advance(std::chrono::minutes{5});
    both = request_of("v9", 'c', std::chrono::minutes{10});
    both.images_alone = false;
    both.images[0].repository = "other";
    EXPECT_EQ(deploy(both).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(lines_like("pushed image left out", "uses the repository other"), 1);
    clock_.advance(std::chrono::minutes{5});
    both = request_of("v9", 'c', std::chrono::minutes{15}, ImageMode::kMatch);
    both.images_alone = false;
    EXPECT_EQ(deploy(both).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(PushedImagesTest, AFailureThatIsRolledBackIsNotBroughtAgainByTheSameDigest) {
    push("v2", 'a', seconds{20});
    // It failed, and ECS went back to 42.
    const auto failed = primary_;
    ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful, seconds{30}, "43"),
                               record("good", ServiceDeploymentStatus::kSuccessful, -std::chrono::hours{1}, "42")};
    ecs_.revisions = std::vector<EcsServiceRevision>{
        {.arn = "service-revision/43",
         .task_definition = arn_of("43"),
         .images = {{.container = "app", .image = std::string(kRepository) + ":v2", .digest = digest('a')}}},
        {.arn = "service-revision/42", .task_definition = arn_of("42"), .images = {}}};
    primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
    primary_.created_at = start() - std::chrono::hours{1};
    clock_.advance(std::chrono::minutes{30});

    auto retagged = request_of("stable", 'a', std::chrono::minutes{20});
    const auto again = deploy(retagged, {.rollback_on_failure = true});
    EXPECT_NE(again.task_definition, arn_of("43")) << "a retag of what failed is nothing new";

    const auto newer = deploy(request_of("v3", 'b', std::chrono::minutes{25}), {.rollback_on_failure = true});
    EXPECT_EQ(newer.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":v3@" + digest('b'));
}

/// Pushes that arrive in any order, some twice, while ECS lists late and others register.
TEST_F(PushedImagesTest, EndWithTheNewestInRandomOrders) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        revisions_.clear();
        add("42", std::string(kRepository) + ":v1");
        primary_ = deployment("ecs-svc/1", "42", RolloutState::kCompleted);
        primary_.created_at = start() - std::chrono::hours{1};
        std::vector<int> order{1, 2, 3, 4, 5};
        std::ranges::shuffle(order, random);
        order.push_back(order[random() % order.size()]);
        for (const int one : order) {
            if (random() % 3 == 0) {
                before_registered_ = [this] {
                    auto theirs = revisions_.rbegin()->second;
                    theirs.tags["changed-by"] = "somebody";
                    keep(theirs);
                };
            }
            clock_.advance(seconds{random() % 20});
            deploy(request_of(fmt::format("v{}", one), static_cast<char>('a' + one), seconds{one}));
            before_registered_ = nullptr;
        }
        EXPECT_EQ(runs(), fmt::format("{}:v5@{}", kRepository, digest('f'))) << "round " << round;
        EXPECT_EQ(revisions_.rbegin()->second.images[0].image, runs()) << "round " << round;
    }
}

}  // namespace
}  // namespace ci_lambda::testing
