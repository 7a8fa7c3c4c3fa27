#include "app/people/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/people/proven_images.hpp"
#include "support/fake_ecr.hpp"
#include "support/fake_ecs.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kRepository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_api";

std::string digest_with(char digit) { return "sha256:" + std::string(64, digit); }

/// A service whose last rollout was rolled back, after one that went well.
class HistoryTest : public ::testing::Test {
protected:
    HistoryTest() {
        const auto record = [](const std::string& number, ServiceDeploymentStatus status) {
            return EcsServiceDeployment{
                .arn = "record/" + number, .status = status, .target_revision = "revision/" + number};
        };
        ecs_.history = std::vector{record("3", ServiceDeploymentStatus::kRollbackSuccessful),
                                   record("2", ServiceDeploymentStatus::kSuccessful),
                                   record("1", ServiceDeploymentStatus::kSuccessful)};
        const auto revision = [](const std::string& number, char digit) {
            return EcsServiceRevision{.arn = "revision/" + number,
                                      .task_definition = "td/api:" + number,
                                      .images = {{.container = "app",
                                                  .image = std::string(kRepository) + ":v" + number,
                                                  .digest = digest_with(digit)}}};
        };
        ecs_.revisions = std::vector{revision("1", 'a'), revision("2", 'b'), revision("3", 'c')};
        ecs_.on_task_definition = [](const TaskDefinition& wanted) {
            return EcsTaskDefinition{.arn = wanted.str(),
                                     .status = "ACTIVE",
                                     .images = {},
                                     .tags = {{"ci_lambda:reason", "image " + wanted.str() + " was pushed"}}};
        };
        ecr_.add("shop_api", digest_with('a'), {"v1"}).manifest.annotations = {
            {"org.opencontainers.image.revision", "c0ffee"}};
        ecr_.add_single("shop_api", digest_with('b'), {"v2", "stable"}).config.labels = {
            {"org.opencontainers.image.revision", "beef"}, {"org.opencontainers.image.source", "https://example.com"}};
    }

    std::vector<RolloutStory> past(std::size_t limit = 10) {
        const auto stories = look_back(ecs_, ecr_, target_, limit, Deadline::none());
        EXPECT_THAT(stories, IsOk());
        return stories.value_or(std::vector<RolloutStory>{});
    }
    ProvenImages proven(const std::string& id, const std::string& task_definition) {
        EcsService service{.name = target_.service, .status = "ACTIVE"};
        service.deployments = {{.id = id, .status = "PRIMARY", .task_definition = task_definition}};
        const auto found = find_proven_images(ecs_, target_, service, Deadline::none());
        EXPECT_THAT(found, IsOk());
        return found.value_or(ProvenImages{});
    }

    FakeEcs ecs_;
    FakeEcr ecr_;
    EcsTarget target_{.id = ServiceId("api"),
                      .cluster = ClusterName("c"),
                      .service = EcsServiceName("api"),
                      .family = TaskFamily("api")};
};

TEST_F(HistoryTest, HasTheReasonsOfRevisionsAndTheCommitsOfImages) {
    const auto stories = past();
    ASSERT_THAT(stories, SizeIs(3));
    EXPECT_EQ(stories[1].task_definition, "td/api:2");
    EXPECT_EQ(stories[1].reason, "image td/api:2 was pushed");
    EXPECT_EQ(stories[1].images[0].origin.commit, "beef") << "from the labels in the config";
    EXPECT_EQ(stories[1].images[0].origin.source, "https://example.com");
    EXPECT_THAT(stories[1].images[0].tags, ElementsAre("v2", "stable"));
    EXPECT_EQ(stories[2].images[0].origin.commit, "c0ffee") << "from the annotations of the index";
}

TEST_F(HistoryTest, SaysOfAnImageThatIsGoneThatItIs) {
    EXPECT_EQ(past()[0].images[0].unread, "the image is not there any more");
}

TEST_F(HistoryTest, GoesOnWhereNothingMayBeReadButTheRecords) {
    const Error denied{.kind = ErrorKind::kAccessDenied, .message = "needs ecr:BatchGetImage"};
    ecr_.describe_error = ecr_.manifest_error = denied;
    ecs_.on_task_definition = [](const auto&) -> Result<EcsTaskDefinition> {
        return fail(ErrorKind::kAccessDenied, "no");
    };
    const auto stories = past();
    ASSERT_THAT(stories, SizeIs(3));
    EXPECT_THAT(stories[1].images[0].unread, HasSubstr("needs ecr:BatchGetImage"));
    EXPECT_EQ(stories[1].reason, "");
}

TEST_F(HistoryTest, EndsWhereItWasAskedTo) { EXPECT_THAT(past(2), SizeIs(2)); }

TEST_F(HistoryTest, FailsWhereTheRecordsMayNotBeRead) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "needs ecs:ListServiceDeployments");
    EXPECT_THAT(look_back(ecs_, ecr_, target_, 10, Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("List")));
}

TEST_F(HistoryTest, KnowsWhatRunsByTheNumberOfTheDeployment) {
    const auto found = proven("ecs-svc/2", "td/api:2");
    ASSERT_TRUE(found.now && found.before);
    EXPECT_EQ(found.now->images[0].digest, digest_with('b'));
    EXPECT_EQ(found.before->images[0].digest, digest_with('a'));
}

TEST_F(HistoryTest, KnowsWhatEcsHasBroughtBackByItsRevision) {
    const auto found = proven("ecs-svc/99", "td/api:2");
    ASSERT_TRUE(found.now);
    EXPECT_EQ(found.now->images[0].digest, digest_with('b'));
}

TEST_F(HistoryTest, FindsImagesThatAreGoneOrArchived) {
    ecr_.repositories["shop_api"][0].image.status = EcrImageStatus::kArchived;
    const auto missing = [&](std::size_t number) {
        const auto found = find_missing_images(ecr_, ecs_.revisions->at(number), Deadline::none());
        EXPECT_THAT(found, IsOk());
        return found.value_or(std::vector<MissingImage>{});
    };
    ASSERT_THAT(missing(0), SizeIs(1));
    EXPECT_EQ(missing(0)[0].reason, "it is archived");
    EXPECT_THAT(missing(1), IsEmpty());
    ASSERT_THAT(missing(2), SizeIs(1));
    EXPECT_EQ(missing(2)[0].image, std::string(kRepository) + ":v3@" + digest_with('c'));
    ecr_.describe_error = Error{.kind = ErrorKind::kAccessDenied, .message = "no"};
    EXPECT_THAT(find_missing_images(ecr_, ecs_.revisions->at(0), Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("no")));
}

}  // namespace
}  // namespace ci_lambda::testing
