#include "deployer/revision/choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/references.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using enum ServiceDeploymentStatus;

PastRollout rollout(ServiceDeploymentStatus status, Milliseconds after, const std::string& revision,
                    const std::string& digest = "") {
    EcsServiceRevision brought{
        .arn = "service-revision/" + revision, .task_definition = arn_of(revision), .images = {}};
    if (!digest.empty()) brought.images = {{.container = "app", .image = "shop/api:latest", .digest = digest}};
    return {.record = record(revision, status, after, revision), .revision = brought};
}

/// Whether 8, the newest revision, is left out, and for what.
std::string left_out(std::vector<PastRollout> past, const std::string& running = "7") {
    const auto found = find_left_out({.family = target("api").family,
                                      .newest = TaskDefinition(arn_of("8")),
                                      .running = arn_of(running),
                                      .copy = {},
                                      .past = std::move(past)});
    if (!found) return "no";
    return fmt::format("{} {}", found->by_person ? "person" : "automatic",
                       found->good ? short_name(found->good->task_definition) : "what runs");
}

TEST(FindLeftOut, LeavesWhatSomebodyDeployedSinceInItsPlace) {
    EXPECT_EQ(left_out({rollout(kInProgress, -minutes{20}, "6"), rollout(kRollbackSuccessful, -minutes{30}, "8"),
                        rollout(kSuccessful, -minutes{60}, "7")},
                       "6"),
              "automatic what runs");
    EXPECT_EQ(left_out({rollout(kRollbackSuccessful, -minutes{20}, "6"),
                        rollout(kRollbackSuccessful, -minutes{30}, "8"), rollout(kSuccessful, -minutes{60}, "7")}),
              "automatic shop_service_api_dev:7");
}

TEST(FindLeftOut, LeavesWhatSomebodyDeployedInItsPlaceWhereSomethingElseFailedSince) {
    const auto failed_since = rollout(kRollbackSuccessful, -minutes{10}, "5");
    EXPECT_EQ(
        left_out({failed_since, rollout(kSuccessful, -minutes{20}, "7"), rollout(kSuccessful, -minutes{60}, "8")}),
        "person what runs");
    EXPECT_EQ(left_out({failed_since, rollout(kSuccessful, -minutes{20}, "7"),
                        rollout(kRollbackSuccessful, -minutes{30}, "8"), rollout(kSuccessful, -minutes{60}, "6")}),
              "automatic what runs");
}

TEST(FindLeftOut, GoesOnWithWhatEcsIsRollingBackTo) {
    const auto rolling_back = rollout(kRollbackInProgress, -minutes{1}, "5");
    EXPECT_EQ(
        left_out({rolling_back, rollout(kSuccessful, -minutes{20}, "7"), rollout(kSuccessful, -minutes{60}, "8")}, "5"),
        "person shop_service_api_dev:7");
    EXPECT_EQ(left_out({rolling_back, rollout(kSuccessful, -minutes{20}, "7"),
                        rollout(kRollbackSuccessful, -minutes{30}, "8"), rollout(kSuccessful, -minutes{60}, "6")},
                       "5"),
              "automatic shop_service_api_dev:7");
}

TEST(FindLeftOut, IsNotWhatRanBeforeSomethingLowerThatIsTakenBack) {
    EXPECT_EQ(left_out({rollout(kRollbackRequested, -minutes{1}, "7"), rollout(kSuccessful, -minutes{60}, "8")}), "no");
}

TEST(TakenBackByItsTags, HoldsUntilSomebodyDeploysItAgain) {
    const auto asked_at = start() - minutes{30};
    const auto found = [&](std::vector<PastRollout> past, const EcsTags& tags, const std::string& running = "7") {
        return taken_back_by_its_tags({.family = target("api").family,
                                       .newest = TaskDefinition(arn_of("8")),
                                       .running = arn_of(running),
                                       .copy = {},
                                       .past = std::move(past)},
                                      tags);
    };
    const auto tags = taken_back_by_person(asked_at);
    // ECS calls it superseded: something was deployed before ECS had gone back.
    const std::vector<PastRollout> superseded{rollout(kSuccessful, -minutes{29}, "7"),
                                              rollout(kStopped, -minutes{31}, "8")};
    ASSERT_TRUE(found(superseded, tags));
    EXPECT_TRUE(found(superseded, tags)->by_person);
    EXPECT_EQ(found(superseded, tags)->since, asked_at);
    EXPECT_FALSE(found(superseded, {}));
    EXPECT_FALSE(found(superseded, tags, "8")) << "it runs";
    auto again = superseded;
    again.insert(again.begin(), {rollout(kSuccessful, -minutes{5}, "7"), rollout(kStopped, -minutes{10}, "8")});
    EXPECT_FALSE(found(again, tags)) << "somebody has deployed it since";
}

TEST(FindLeftOut, IsWhatWasTakenBackAndNotWhatWasSuperseded) {
    const auto good = rollout(kSuccessful, -minutes{60}, "7");
    const std::string by_ecs = "automatic shop_service_api_dev:7";
    const struct {
        std::string why;
        std::vector<PastRollout> past;  // newest first
        std::string expected;
    } cases[] = {
        {"nothing is known", {}, "no"},
        {"never deployed before", {good}, "no"},
        {"ECS rolled it back", {rollout(kRollbackSuccessful, -minutes{30}, "8"), good}, by_ecs},
        {"ECS is rolling it back", {rollout(kRollbackInProgress, -minutes{30}, "8"), good}, by_ecs},
        {"its rollback failed", {rollout(kRollbackFailed, -minutes{30}, "8"), good}, by_ecs},
        {"superseded by a newer deployment",
         {rollout(kSuccessful, -minutes{20}, "7"), rollout(kStopped, -minutes{30}, "8"), good},
         "no"},
        {"it worked after the rollback",
         {rollout(kSuccessful, -minutes{5}, "8"), rollout(kRollbackSuccessful, -minutes{30}, "8"), good},
         "no"},
        {"it is being tried again",
         {rollout(kInProgress, -minutes{5}, "8"), rollout(kRollbackSuccessful, -minutes{30}, "8"), good},
         "no"},
        {"nothing else has ever worked", {rollout(kRollbackSuccessful, -minutes{30}, "8")}, "no"},
        {"somebody deployed an older one over it",
         {rollout(kSuccessful, -minutes{20}, "7"), rollout(kSuccessful, -minutes{30}, "8"), good},
         "person what runs"},
        {"a higher one was taken back, and is gone", {rollout(kRollbackSuccessful, -minutes{30}, "9"), good}, by_ecs},
        {"a higher one was taken back to it",
         {rollout(kRollbackSuccessful, -minutes{30}, "9"), rollout(kSuccessful, -minutes{60}, "8")},
         "no"},
    };
    for (const auto& [why, past, expected] : cases) EXPECT_EQ(left_out(past), expected) << why;
}

TEST(FindLeftOut, KnowsTheSameRevisionByItsImages) {
    EXPECT_EQ(left_out({rollout(kRollbackSuccessful, -minutes{30}, "8", "sha256:b"),
                        rollout(kSuccessful, -minutes{60}, "8", "sha256:a")},
                       "8"),
              "automatic shop_service_api_dev:8");
    EXPECT_EQ(left_out({rollout(kRollbackSuccessful, -minutes{30}, "8", "sha256:a"),
                        rollout(kSuccessful, -minutes{60}, "8", "sha256:a")},
                       "8"),
              "no")
        << "it ran with the very same images: the revision is not what is wrong";
}

const std::string kCopy = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev-rollback:1";

PastRollout of_the_copy(ServiceDeploymentStatus status, Milliseconds after) {
    auto one = rollout(status, after, "7");
    one.revision.task_definition = kCopy;
    return one;
}

/// What is left out, and whether by a person, while a copy runs that stands for 7 because 8 was taken back.
std::string left_out_beside_a_copy(std::vector<PastRollout> past, const std::string& newest, bool by_person = false) {
    const auto found = find_left_out({.family = target("api").family,
                                      .newest = TaskDefinition(arn_of(newest)),
                                      .running = kCopy,
                                      .copy = RollbackCopy{.stands_for = "shop_service_api_dev:7",
                                                           .rollback_of = "shop_service_api_dev:8",
                                                           .by_person = by_person,
                                                           .reason = {},
                                                           .bad_since = start() - minutes{40}},
                                      .past = std::move(past)});
    if (!found) return "no";
    return fmt::format("{} since {}", found->by_person ? "person" : "automatic",
                       std::chrono::duration_cast<minutes>(start() - found->since).count());
}

TEST(FindLeftOut, BelievesTheTagsOfACopyForWhatCameBeforeIt) {
    const std::vector before{of_the_copy(kSuccessful, -minutes{30}), rollout(kSuccessful, -minutes{40}, "8")};
    EXPECT_EQ(left_out_beside_a_copy(before, "8"), "automatic since 40");
    EXPECT_EQ(left_out_beside_a_copy(before, "8", true), "person since 40");
    EXPECT_EQ(left_out_beside_a_copy(before, "9", true), "no") << "a newer revision ends it";
    EXPECT_EQ(left_out_beside_a_copy({}, "8"), "automatic since 40") << "where records may not be read";
}

TEST(FindLeftOut, KnowsWhatWasTakenBackToACopyThatWasDeployedAgainSince) {
    const std::vector past{of_the_copy(kInProgress, -minutes{1}), rollout(kRollbackSuccessful, -minutes{10}, "9"),
                           of_the_copy(kSuccessful, -minutes{30}), rollout(kStopped, -minutes{40}, "8")};
    EXPECT_EQ(left_out_beside_a_copy(past, "9"), "automatic since 10");
    EXPECT_EQ(left_out_beside_a_copy(past, "10"), "no");
}

TEST(RollbackCopy, IsWrittenInTagsThatEcsTakes) {
    const RollbackCopy copy{.stands_for = "shop:41",
                            .rollback_of = "shop:42",
                            .by_person = true,
                            .reason = "errors > 5 %, see \"#incidents\"\n" + std::string(300, 'x'),
                            .bad_since = start()};
    const auto tags = copy.tags();
    for (const auto& [key, value] : tags) {
        EXPECT_LE(key.size(), 128U);
        EXPECT_LE(value.size(), 256U) << key;
        EXPECT_EQ(value.find_first_of("\n\"#<>%,"), std::string::npos) << value;
    }
    const auto read = RollbackCopy::read(tags);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->stands_for, "shop:41");
    EXPECT_EQ(read->rollback_of, "shop:42");
    EXPECT_TRUE(read->by_person);
    EXPECT_EQ(read->bad_since, start());
    EXPECT_FALSE(RollbackCopy::read({{"team", "blue"}}));
}

TEST(RevisionNumber, IsThatOfTheFamilyAlone) {
    const TaskFamily family("shop_api");
    EXPECT_EQ(revision_number("arn:aws:ecs:r:1:task-definition/shop_api:42", family), 42U);
    EXPECT_EQ(revision_number("shop_api:42", family), 42U);
    EXPECT_FALSE(revision_number("shop_api-rollback:42", family));
    EXPECT_FALSE(revision_number("shop_api", family));
    EXPECT_FALSE(revision_number("shop_api:x", family));
}

}  // namespace
}  // namespace ci_lambda::testing
