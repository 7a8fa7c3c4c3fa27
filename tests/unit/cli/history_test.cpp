#include "cli/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDigestOfAll = "sha256:0123456789abcdef" + std::string(48, '0');

WallTime noon() { return WallTime{hours{24 * 20'000 + 12}}; }

EcsTarget api() {
    return {.id = ServiceId("api"),
            .cluster = ClusterName("shop_cluster_dev"),
            .service = EcsServiceName("shop_service_api_dev"),
            .family = TaskFamily("shop_service_api_dev")};
}

RolloutStory story() {
    RolloutStory one;
    one.record = {.arn = "arn:record/1",
                  .status = ServiceDeploymentStatus::kSuccessful,
                  .created_at = noon() - hours{2},
                  .finished_at = noon() - hours{2} + seconds{65}};
    one.task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:43";
    one.images = {{.container = "app",
                   .image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.43",
                   .digest = kDigestOfAll,
                   .tags = {"v1.43", "latest"},
                   .origin = {.commit = "8f3a1b2c4d5e6f708192a3b4c5d6e7f801234567",
                              .source = "https://github.com/shop/api",
                              .version = "1.43"},
                   .unread = {}}};
    one.reason = "image shop_service_api:v1.43 was pushed";
    return one;
}

std::vector<std::string> told(const std::vector<RolloutStory>& rollouts, std::size_t columns = 0) {
    std::vector<std::string> texts;
    for (const auto& line : history_lines(api(), rollouts, noon(), columns)) {
        std::string text;
        for (const auto& span : line) text += span.text;
        texts.push_back(std::move(text));
    }
    return texts;
}

TEST(History, HasALineForEachRolloutWithItsImageAndItsCommitBelow) {
    EXPECT_THAT(told({story()}),
                ElementsAre("shop_service_api_dev in shop_cluster_dev, revisions of shop_service_api_dev",
                            "BEGUN          VERDICT    REVISION  IMAGE                 TOOK",
                            "2 h 0 min ago  completed  43        v1.43 (0123456789ab)  1 min 5 s",
                            "    commit 8f3a1b2c4d5e of https://github.com/shop/api, version 1.43",
                            "    because image shop_service_api:v1.43 was pushed"));
}

TEST(History, SaysTheDayOfWhatIsLongAgo) {
    auto old = story();
    old.record.created_at = noon() - hours{24 * 30};
    EXPECT_THAT(told({old}), Contains(HasSubstr("2024-09-04 12:00Z  completed")));
}

TEST(History, SaysWhyTheLabelsOfAnImageCouldNotBeRead) {
    auto one = story();
    one.images[0].origin.commit = one.images[0].origin.source = one.images[0].origin.version = "";
    EXPECT_THAT(told({one}), Contains("    commit not known: the image has no OCI labels"));
    one.images[0].unread = "needs ecr:BatchGetImage";
    EXPECT_THAT(told({one}), Contains("    commit not known: needs ecr:BatchGetImage"));
}

TEST(History, SaysWhyEcsHasTakenSomethingBack) {
    auto bad = story();
    bad.record.status = ServiceDeploymentStatus::kRollbackSuccessful;
    bad.record.reason = "see the rollback";
    bad.record.rollback_reason = "tasks failed to start";
    EXPECT_THAT(told({bad}), AllOf(Contains(HasSubstr("rolled back")), Contains("    ECS: tasks failed to start")));
}

TEST(History, KnowsCopiesThatRollbacksMade) {
    auto copy = story();
    copy.task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev-rollback:3";
    copy.reason = "";
    copy.copy = RollbackCopy{.stands_for = "api:41", .rollback_of = "api:42", .by_person = true, .reason = "500s"};
    EXPECT_THAT(told({copy}), AllOf(Contains(HasSubstr("rollback:3")),
                                    Contains("    a copy of api:41, in place of api:42, by a person: 500s")));
}

TEST(History, LeavesOutWhatSidecarsOfPublicRegistriesAre) {
    auto one = story();
    one.images.push_back({.container = "log", .image = "public.ecr.aws/fluent-bit:2", .digest = kDigestOfAll});
    EXPECT_THAT(told({one}), Not(Contains(HasSubstr("log"))));
    one.images[1].image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/proxy:v2";
    EXPECT_THAT(told({one}), AllOf(Contains(HasSubstr("app=v1.43 (0123456789ab), log=v2 (0123456789ab)")),
                                   Contains(HasSubstr("    log: commit not known"))));
}

TEST(History, IsWithinTheColumnsOfATerminal) {
    auto long_one = story();
    long_one.images[0].image += "-with-a-tag-that-is-longer-than-any-line-of-a-terminal-that-people-use";
    long_one.record.status = ServiceDeploymentStatus::kRollbackFailed;
    long_one.record.reason = std::string(30, 'a') + " " + std::string(300, 'b');
    for (const std::size_t columns : {40UL, 60UL, 79UL, 120UL})
        for (const auto& line : history_lines(api(), {story(), long_one}, noon(), columns))
            EXPECT_LE(columns_of(line), columns);
}

TEST(History, IsToldToMachinesWithAllThatIsKnown) {
    const auto json = parse_json(history_json(api(), {story()}));
    ASSERT_TRUE(json.has_value());
    const auto& one = (*json)[0];
    EXPECT_EQ(one["verdict"], "completed");
    EXPECT_EQ(one["took_seconds"], 65);
    EXPECT_EQ(one["reason"], "image shop_service_api:v1.43 was pushed");
    EXPECT_EQ(one["images"][0]["revision"], "8f3a1b2c4d5e6f708192a3b4c5d6e7f801234567");
    EXPECT_EQ(one["images"][0]["digest"], kDigestOfAll);
    EXPECT_EQ(one["images"][0]["tags"].size(), 2U);
}

}  // namespace
}  // namespace ci_lambda::cli
