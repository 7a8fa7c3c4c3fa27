#include "deployer/start/replicas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployer/rollout/image_proof.hpp"
#include "handlers/decision.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/start/family.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kInIreland = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop_api";

PushedImage pushed_in_ireland(char digit = 'a') {
    return {.repository = "shop_api",
            .tag = "v2",
            .digest = digit == 0 ? "" : digest(digit),
            .account = "123456789012",
            .region = "eu-west-1",
            .at = start(),
            .replica_region = "us-east-1"};
}

TEST(ReplicasIn, AreThoseThatARevisionNamesInItsOwnRegion) {
    const std::string here = kRepository;
    const std::string there = kInIreland;
    const struct {
        std::string image;
        bool waits;
        bool by_tag;
    } cases[] = {
        {here + ":v2@" + digest('a'), true, false},
        {here + "@" + digest('a'), true, false},
        {here + ":v2", true, true},
        {"123456789012.dkr-ecr.us-east-1.on.aws/shop_api:v2", true, true},
        // What is something else than what was pushed:
        {here + ":v1", false, false},
        {here + ":v2@" + digest('b'), false, false},
        {here + "2:v2", false, false},
        {"999999999999.dkr.ecr.us-east-1.amazonaws.com/shop_api:v2", false, false},
        // Where nothing has to be replicated, and where nobody says that it is:
        {there + ":v2", false, false},
        {there + ":v2@" + digest('a'), false, false},
        {"123456789012.dkr.ecr.ap-south-1.amazonaws.com/shop_api:v2", false, false},
        {"docker.io/shop_api:v2", false, false},
    };
    for (const auto& [image, waits, by_tag] : cases) {
        const auto replicas = replicas_in({{.container = "app", .image = image}}, {pushed_in_ireland()});
        ASSERT_EQ(replicas.size(), waits ? 1U : 0U) << image;
        if (!waits) continue;
        EXPECT_EQ(replicas[0], (Replica{.region = "us-east-1",
                                        .account = "123456789012",
                                        .repository = "shop_api",
                                        .tag = "v2",
                                        .digest = digest('a'),
                                        .pushed_in = "eu-west-1",
                                        .pushed_at = start(),
                                        .by_tag = by_tag}))
            << image;
    }
    auto at_home = pushed_in_ireland();
    at_home.replica_region.clear();
    EXPECT_THAT(replicas_in({{.container = "app", .image = here + ":v2"}}, {at_home}), IsEmpty());
    EXPECT_THAT(replicas_in({{.container = "app", .image = here + ":v2"}, {.container = "too", .image = here + ":v2"}},
                            {pushed_in_ireland()}),
                SizeIs(1));
}

TEST(ImagesOfReplicas, AreProvenByTheirDigest) {
    const EcsServiceRevision::Image runs{
        .container = "app", .image = std::string(kRepository) + ":v2", .digest = digest('a')};
    EXPECT_EQ(prove({pushed_in_ireland('a')}, {{runs}, {}}).found, ImageProof::Found::kPushed);
    EXPECT_EQ(prove({pushed_in_ireland('b')}, {{runs}, {}}).found, ImageProof::Found::kAnother);
    auto no_replica = pushed_in_ireland('b');
    no_replica.replica_region.clear();
    EXPECT_EQ(prove({no_replica}, {{runs}, {}}).found, ImageProof::Found::kNothing) << "it is another repository";
}

/// A service in us-east-1; what it uses is pushed in eu-west-1.
class ReplicasTest : public FamilyTest {
protected:
    ReplicasTest() {
        // The tag stands for the image of before in both registries.
        ecr_.add("shop_api", digest('0'), {"v1"}).image.pushed_at = start() - minutes{60};
        sleeper_.on_sleep = [this] {
            if (arrives_at_ && clock_.now() >= *arrives_at_) std::exchange(on_arrival_, [] {})();
        };
    }

    DeploymentRequest request(ImageMode mode, const std::string& tag = "v2", char digit = 'a', seconds after = {}) {
        auto made = request_of_push("shop_api", tag, digit, after, mode);
        made.images[0].region = "eu-west-1";
        made.images[0].replica_region = "us-east-1";
        return made;
    }
    DeploymentReport deploy(DeploymentRequest request, const Deployer::Options& options = {},
                            Deadline deadline = Deadline::none()) {
        Deploy all;
        all.requests = {std::move(request)};
        return run(all, options, deadline).at(0);
    }
    /// The image comes so long after `start()`.
    void arrives(seconds after, const std::string& tag = "v2", char digit = 'a') {
        arrives_at_ = start() + after;
        on_arrival_ = [this, after, tag, digit] { replicate(tag, digit, start() + after); };
    }
    void replicate(const std::string& tag, char digit, WallTime at) {
        for (auto& one : ecr_.repositories["shop_api"]) std::erase(one.image.tags, tag);
        ecr_.add("shop_api", digest(digit), {tag}).image.pushed_at = at;
    }
    [[nodiscard]] seconds passed() const { return std::chrono::duration_cast<seconds>(clock_.now() - start()); }
    void nothing_was_done() {
        EXPECT_THAT(revisions_, SizeIs(1));
        EXPECT_THAT(ecs_.updates(), IsEmpty());
    }

    std::optional<WallTime> arrives_at_;
    std::function<void()> on_arrival_ = [] {};
};

TEST_F(ReplicasTest, AreDeployedAtOnceWhereTheyAreThere) {
    replicate("v2", 'a', start());
    const auto report = deploy(request(ImageMode::kRevision));
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":v2@" + digest('a')) << "of the registry of its own region";
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
    EXPECT_THAT(ecr_.regions, Each(std::string("us-east-1")));
}

TEST_F(ReplicasTest, AreWaitedForBeforeAnythingIsRegistered) {
    arrives(seconds{20});
    before_registered_ = [this] { EXPECT_GE(passed(), seconds{20}); };
    const auto report = deploy(request(ImageMode::kRevision));
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.attempts, 1) << "waiting is no failure";
    EXPECT_EQ(runs(), std::string(kRepository) + ":v2@" + digest('a'));
    EXPECT_EQ(passed(), seconds{20});
    EXPECT_THAT(revisions_, SizeIs(2));
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(lines_like("deployment waits: what was pushed in another region", "us-east-1"), 1);
}

TEST_F(ReplicasTest, OfATagAreThereWhenTheTagStandsForThem) {
    add("42", std::string(kRepository) + ":stable");
    ecr_.repositories["shop_api"][0].image.tags = {"stable"};
    arrives(seconds{20}, "stable");
    const auto report = deploy(request(ImageMode::kRedeploy, "stable"));
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(passed(), seconds{20});
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_THAT(revisions_, SizeIs(1));
}

TEST_F(ReplicasTest, WhoseTagComesLaterThanTheImageAreWaitedForByATag) {
    // The image is there by another tag; the new tag of it has not come yet.
    add("42", std::string(kRepository) + ":stable");
    ecr_.repositories["shop_api"][0].image.tags = {"stable"};
    ecr_.repositories["shop_api"][0].image.pushed_at = start() - seconds{10};
    ecr_.add("shop_api", digest('a'), {"v2"}).image.pushed_at = start() - minutes{5};
    arrives_at_ = start() + seconds{10};
    on_arrival_ = [this] {
        auto& images = ecr_.repositories["shop_api"];
        images[0].image.tags.clear();
        images[1].image.tags = {"v2", "stable"};
    };
    EXPECT_EQ(deploy(request(ImageMode::kRedeploy, "stable")).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(passed(), seconds{10});
}

TEST_F(ReplicasTest, WhoseTagNeverMovesAreAnErrorThatSaysWhatItStandsFor) {
    // As with immutable tags, where the image comes without it.
    add("42", std::string(kRepository) + ":stable");
    ecr_.repositories["shop_api"][0].image.tags = {"stable"};
    ecr_.add("shop_api", digest('a'), {}).image.pushed_at = start() + seconds{1};
    const auto report = deploy(request(ImageMode::kRedeploy, "stable"), {.max_retries = 0});
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                HasSubstr("the tag stable stands for sha256:000000000000 there, not for sha256:aaaaaaaaaaaa"));
    nothing_was_done();
}

TEST_F(ReplicasTest, WhoseTagStandsForALaterImageByNowAreNotWaitedFor) {
    add("42", std::string(kRepository) + ":stable");
    replicate("stable", 'a', start() + seconds{2});
    replicate("stable", 'b', start() + seconds{4});
    clock_.advance(seconds{5});
    EXPECT_EQ(deploy(request(ImageMode::kRedeploy, "stable")).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(ReplicasTest, WithoutADigestInTheEventAreThereByTheirTag) {
    auto push = request(ImageMode::kRevision);
    push.images[0].digest.clear();
    arrives(seconds{5});
    EXPECT_EQ(deploy(push).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kRepository) + ":v2");
    EXPECT_EQ(passed(), seconds{5});
}

TEST_F(ReplicasTest, ThatNeverComeAreAnErrorThatCanHealAndNamesTheWayOut) {
    const auto report = deploy(request(ImageMode::kRevision), {.max_retries = 0});
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kBusy);
    EXPECT_TRUE(report.error->retryable());
    EXPECT_THAT(report.error->message, AllOf(HasSubstr("the image shop_api:v2@" + digest('a') +
                                                       " was pushed in eu-west-1 and is pulled from "
                                                       "us-east-1, where it has not come yet"),
                                             HasSubstr("replicate the repository shop_api to us-east-1")));
    EXPECT_EQ(passed(), ReplicaWatch::kPatience);
    nothing_was_done();
}

TEST_F(ReplicasTest, ThatComeLateAreFoundByTheNextTryOfTheSameEvent) {
    arrives(ReplicaWatch::kPatience + seconds{3});
    const auto report = deploy(request(ImageMode::kRevision));
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.attempts, 2);
    EXPECT_EQ(runs(), std::string(kRepository) + ":v2@" + digest('a'));
}

TEST_F(ReplicasTest, AreWaitedForNoLongerThanHalfOfWhatIsLeft) {
    const auto report = deploy(request(ImageMode::kRevision), {.max_retries = 0}, Deadline(clock_.now() + seconds{60}));
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kBusy);
    EXPECT_EQ(passed(), seconds{30});
}

TEST_F(ReplicasTest, ThatCannotBeReadForAMomentAreLookedForAgain) {
    replicate("v2", 'a', start());
    for (const auto kind : {ErrorKind::kThrottled, ErrorKind::kTimeout, ErrorKind::kServer}) {
        ecr_.describe_error = Error{.kind = kind, .message = "ecr DescribeImages: not now"};
        arrives_at_ = clock_.now() + seconds{10};
        on_arrival_ = [this] { ecr_.describe_error.reset(); };
        const auto before = clock_.now();
        EXPECT_NE(deploy(request(ImageMode::kRevision)).status, DeploymentStatus::kFailed);
        EXPECT_EQ(clock_.now() - before, seconds{10});
    }
    ecr_.describe_error = throttled();
    arrives_at_.reset();
    const auto report = deploy(request(ImageMode::kRevision), {.max_retries = 0});
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message, HasSubstr("is there is not known: ThrottlingException"));
    EXPECT_TRUE(report.error->retryable());
}

TEST_F(ReplicasTest, ThatMayNotBeReadAreAnErrorAtOnce) {
    ecr_.describe_error = Error{.kind = ErrorKind::kAccessDenied, .message = "needs ecr:DescribeImages on arn"};
    const auto report = deploy(request(ImageMode::kRevision));
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kAccessDenied);
    EXPECT_THAT(report.error->message, AllOf(HasSubstr("which was pushed in eu-west-1, is in us-east-1 is not known"),
                                             HasSubstr("needs ecr:DescribeImages")));
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
    nothing_was_done();
}

TEST_F(ReplicasTest, AreNoneOfARevisionThatPullsFromWhereItWasPushed) {
    add("42", std::string(kInIreland) + ":v1");
    EXPECT_EQ(deploy(request(ImageMode::kRevision)).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(runs(), std::string(kInIreland) + ":v2@" + digest('a'));
    add("43", std::string(kInIreland) + ":v3");
    EXPECT_EQ(deploy(request(ImageMode::kRedeploy, "v3", 'c', minutes{5})).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(ecr_.regions, IsEmpty());
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(ReplicasTest, CountOnlyWhereTheConfigurationSaysSo) {
    auto push = request(ImageMode::kRevision);
    push.images[0].replica_region.clear();
    const auto report = deploy(push);
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message, HasSubstr("no container of shop_service_api_dev:42 uses the repository"));
    EXPECT_THAT(ecr_.regions, IsEmpty());
    nothing_was_done();
}

TEST_F(ReplicasTest, AreNotLookedForInADryRun) {
    EXPECT_EQ(deploy(request(ImageMode::kRevision), {.dry_run = true}).status, DeploymentStatus::kDryRun);
    EXPECT_THAT(ecr_.regions, IsEmpty());
    nothing_was_done();
}

TEST_F(ReplicasTest, OfTheSameEventOnceMoreDeployNothing) {
    arrives(seconds{20});
    EXPECT_EQ(deploy(request(ImageMode::kRevision)).status, DeploymentStatus::kDeployed);
    primary_.rollout_state = RolloutState::kCompleted;
    EXPECT_EQ(deploy(request(ImageMode::kRevision)).status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(ReplicasTest, ThatSomebodyHasOvertakenDuringTheWaitAreLeft) {
    arrives_at_ = start() + seconds{10};
    on_arrival_ = [this] {
        replicate("v2", 'a', start() + seconds{10});
        // Another function has deployed what was pushed later.
        auto newer = revisions_.at(42);
        newer.images[0].image = std::string(kRepository) + ":v3@" + digest('b');
        newer.tags["ci_lambda:pushed-at/app"] = format_rfc3339(start() + seconds{5});
        primary_.task_definition = keep(newer);
        primary_.id = "ecs-svc/9";
        primary_.created_at = clock_.now();
    };
    const auto report = deploy(request(ImageMode::kRevision));
    EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(report.outcome, HasSubstr("shop_api:v2 was pushed before shop_api:v3"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(ReplicasTest, AreInARolloutOnlyIfItBeganAfterTheyHadCome) {
    add("42", std::string(kRepository) + ":stable");
    const auto already = [&](seconds began) {
        primary_.created_at = start() + began;
        primary_.rollout_state = RolloutState::kCompleted;
        primary_.task_definition = arn_of("42");
        return deploy(request(ImageMode::kRedeploy, "stable")).status == DeploymentStatus::kAlreadyRolling;
    };
    replicate("stable", 'a', start() + seconds{20});
    clock_.advance(seconds{60});
    EXPECT_FALSE(already(seconds{10})) << "its tasks have pulled what the tag stood for before";
    EXPECT_TRUE(already(seconds{30}));
}

TEST_F(ReplicasTest, AreNotWaitedForWhereNobodyMaySeeWhatTheRevisionNames) {
    ecs_.on_task_definition = [](const TaskDefinition&) -> Result<EcsTaskDefinition> {
        return fail(ErrorKind::kAccessDenied, "no ecs:DescribeTaskDefinition");
    };
    EXPECT_EQ(deploy(request(ImageMode::kRedeploy)).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(lines_like("deployment does not wait", "ecs:DescribeTaskDefinition"), 1);
    EXPECT_THAT(ecr_.regions, IsEmpty());
}

TEST_F(ReplicasTest, AreWaitedForWhereReadingTheRevisionFailsAtFirst) {
    arrives(seconds{20});
    int reads = 0;
    auto read = ecs_.on_task_definition;
    ecs_.on_task_definition = [&](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
        if (++reads <= 2) return std::unexpected(throttled());
        return read(revision);
    };
    add("42", std::string(kRepository) + ":v2");
    const auto report = deploy(request(ImageMode::kRedeploy));
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_GE(passed(), seconds{20});
    EXPECT_EQ(report.attempts, 2);
}

}  // namespace
}  // namespace ci_lambda::testing
