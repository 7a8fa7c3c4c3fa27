#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/scheduled/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kDigest = "sha256:" + std::string(64, '2');
const std::string kApiImages = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api";

EcsTags tags_of_push() {
    return {{"ci_lambda:pushed-at/app", "2026-11-29T10:01:00.000Z"},
            {"ci_lambda:image", "shop_service_api:v2@" + kDigest},
            {"team", "shop"}};
}

EcsTaskDefinition registered_for_push(const std::string& image, EcsTags tags = tags_of_push()) {
    return {.arn = revision_of("shop_api", 8),
            .status = "ACTIVE",
            .images = {{.container = "app", .image = image}, {.container = "log", .image = "fluent:1"}},
            .tags = std::move(tags)};
}

PushedImage what_was_pushed() {
    return {.repository = "shop_service_api",
            .tag = "v2",
            .digest = kDigest,
            .account = "123456789012",
            .region = "us-east-1",
            .at = *parse_rfc3339("2026-11-29T10:01:00Z")};
}

TEST(PushedImagesOf, AreReadOfARevisionHoweverItNamesThem) {
    for (const auto& image : {":v2@" + kDigest, std::string(":v2"), "@" + kDigest})
        EXPECT_THAT(pushed_images_of(registered_for_push(kApiImages + image)), ElementsAre(what_was_pushed())) << image;
}

TEST(PushedImagesOf, AreNoneOfARevisionThatNoPushHasMade) {
    EXPECT_THAT(pushed_images_of(registered_for_push(kApiImages + ":v2", {{"team", "shop"}})), IsEmpty());
    EXPECT_THAT(pushed_images_of(registered_for_push(kApiImages + ":v2", {{"ci_lambda:pushed-at/app", "soon"}})),
                IsEmpty());
}

class FollowingTest : public TaskUpdaterTest {
protected:
    FollowingTest() {
        revisions_["shop_api"][8] = registered_for_push(kApiImages + ":v2@" + kDigest);
        ecs_.on_describe = [this](const auto&) -> Result<DescribedServices> {
            EcsService service{.name = target_.service, .status = "ACTIVE", .deployments = {primary_}};
            return DescribedServices{.services = {service}, .failures = {}};
        };
    }
    Result<std::vector<TaskRequest>> follow(const std::string& tasks) {
        std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"},
                                                     {"PROJECT_ENV", "dev"},
                                                     {"SERVICE_CONFIG", "{}"},
                                                     {"ECR_DEPLOY_MODE", "revision"}};
        if (!tasks.empty()) variables["SCHEDULED_TASK_MAP"] = tasks;
        const auto config = load_config(FakeEnvironment(variables)).value().config;
        TaskUpdater updater({}, {.ecs = ecs_,
                                 .registries = nullptr,
                                 .schedules = schedules_,
                                 .rules = rules_,
                                 .clock = clock_,
                                 .sleeper = sleeper_,
                                 .logger = log_.logger});
        TRY_ASSIGN(const auto images, updater.completed_with(target_, Deadline::none()));
        return following(target_.id, images, config);
    }

    EcsTarget target_{.id = ServiceId("api"),
                      .cluster = ClusterName("shop_cluster_dev"),
                      .service = EcsServiceName("shop_service_api_dev"),
                      .family = TaskFamily("shop_api")};
    EcsDeployment primary_{.id = "ecs-svc/2",
                           .status = "PRIMARY",
                           .task_definition = revision_of("shop_api", 8),
                           .rollout_state = RolloutState::kCompleted};
};

constexpr const char* kReport = R"({"report":{"task_family":"shop_report","repositories":["shop_service_api"]},
                                    "other":{"task_family":"shop_other","repositories":["shop/other"]}})";

TEST_F(FollowingTest, TheTasksOfTheSameImageFollowAServiceThatHasCompleted) {
    const auto requests = follow(kReport);
    ASSERT_THAT(requests, IsOk());
    ASSERT_THAT(*requests, SizeIs(1));
    EXPECT_EQ(requests->front().task.id.str(), "task:report");
    EXPECT_EQ(requests->front().reason, "api has completed with shop_service_api:v2");
    EXPECT_THAT(requests->front().images, ElementsAre(what_was_pushed())) << "as old as the push, not as the rollout";
}

TEST_F(FollowingTest, AVersionStaysOneThatMustNotGoBack) {
    const auto requests = follow(R"({"report":{"task_family":"shop_report","repositories":["shop_service_api"],
                                               "tags":["2.x"]}})");
    ASSERT_THAT(requests, IsOk());
    EXPECT_THAT(*requests, IsEmpty()) << "v2 is no whole version";
    revisions_["shop_api"][8] =
        registered_for_push(kApiImages + ":v2.1.0", {{"ci_lambda:pushed-at/app", "2026-11-29T10:01:00.000Z"}});
    const auto again = follow(R"({"report":{"task_family":"shop_report","repositories":["shop_service_api"],
                                            "tags":["2.x"]}})");
    ASSERT_THAT(*again, SizeIs(1));
    EXPECT_TRUE(again->front().images.front().by_version);
}

TEST_F(FollowingTest, NobodyFollowsWhatRollsOrWhatNoPushHasMade) {
    primary_.rollout_state = RolloutState::kInProgress;
    EXPECT_THAT(*follow(kReport), IsEmpty());
    primary_.rollout_state = RolloutState::kCompleted;
    revisions_["shop_api"][8].tags.clear();
    EXPECT_THAT(*follow(kReport), IsEmpty());
}

}  // namespace
}  // namespace ci_lambda::testing
