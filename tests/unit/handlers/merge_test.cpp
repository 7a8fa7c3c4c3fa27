#include "handlers/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Deploy one(const std::string& service, const std::string& reason, std::optional<int> second,
           std::optional<std::string> revision = {}) {
    DeploymentRequest request{.target = {.id = ServiceId(service),
                                         .cluster = ClusterName("c"),
                                         .service = EcsServiceName(service),
                                         .family = TaskFamily(service)},
                              .task_definition = {},
                              .reason = reason};
    if (second) request.changed_at = WallTime{std::chrono::seconds{*second}};
    if (revision) request.task_definition = TaskDefinition(*revision);
    return {.requests = {request}, .skipped = {{.service = "x", .reason = "off"}}};
}

TEST(Merge, MakesOneRequestForEachServiceWithEveryReasonOnce) {
    const auto merged = merge({one("api", "a", 1), one("worker", "b", 2), one("api", "c", 5), one("api", "a", 3)});
    ASSERT_THAT(merged.requests, SizeIs(2));
    EXPECT_EQ(merged.requests[0].reason, "a; c");
    EXPECT_EQ(merged.requests[0].changed_at, WallTime{std::chrono::seconds{5}});
    EXPECT_EQ(merged.requests[1].reason, "b");
    EXPECT_THAT(merged.skipped, SizeIs(1));
}

TEST(Merge, SettlesForAsLongAsTheSlowestChangeNeeds) {
    auto slow = one("api", "a", 1);
    slow.requests[0].settles = std::chrono::seconds{6};
    EXPECT_EQ(merge({slow, one("api", "b", 2)}).requests[0].settles, std::chrono::seconds{6});
    EXPECT_EQ(merge({one("api", "b", 2), slow}).requests[0].settles, std::chrono::seconds{6});
}

TEST(Merge, KeepsServicesOfOneNameInTwoRegionsOrAccountsApart) {
    auto elsewhere = one("api", "b", 2);
    elsewhere.requests[0].target.region = "eu-west-1";
    auto anothers = one("api", "c", 3);
    anothers.requests[0].target.account = "123456789012";
    const auto merged = merge({one("api", "a", 1), elsewhere, anothers, elsewhere});
    ASSERT_THAT(merged.requests, SizeIs(3));
    EXPECT_EQ(merged.requests[1].reason, "b");
    EXPECT_EQ(merged.requests[2].reason, "c");
}

TEST(Merge, TakesTheRevisionThatWasAskedForLast) {
    EXPECT_EQ(merge({one("api", "a", 1), one("api", "b", 2, "f:7")}).requests[0].task_definition,
              TaskDefinition("f:7"));
    EXPECT_EQ(merge({one("api", "b", 1, "f:7"), one("api", "a", 2)}).requests[0].task_definition, std::nullopt);
}

TEST(Merge, KeepsWhatAPushDoesBesideWhatElseHasChanged) {
    auto push = one("api", "pushed", 2);
    push.requests[0].images = {{.repository = "shop_api", .tag = "v2"}};
    push.requests[0].images_alone = true;
    push.requests[0].image_mode = ImageMode::kRevision;
    push.requests[0].image_pin = ImagePin::kDigest;
    const auto parameter = one("api", "changed", 1);
    for (const auto& merged : {merge({parameter, push}), merge({push, parameter})}) {
        EXPECT_EQ(merged.requests[0].image_mode, ImageMode::kRevision);
        EXPECT_EQ(merged.requests[0].image_pin, ImagePin::kDigest);
        EXPECT_FALSE(merged.requests[0].images_alone);
        EXPECT_THAT(merged.requests[0].images, SizeIs(1));
    }
    EXPECT_TRUE(merge({push, push}).requests[0].images_alone);
}

TEST(Merge, MeansNowWhereOneRequestDoes) {
    EXPECT_EQ(merge({one("api", "a", 1), one("api", "b", {})}).requests[0].changed_at, std::nullopt);
    EXPECT_EQ(merge({one("api", "b", {}), one("api", "a", 1)}).requests[0].changed_at, std::nullopt);
}

TEST(Merge, KeepsThePersonsImageUntilSomethingNewerIsWanted) {
    auto wish = one("api", "a wish", 1);
    wish.requests[0].wanted = {{.tag = "v42"}};
    wish.requests[0].own_repositories = {"shop_api"};
    const auto changed = merge({wish, one("api", "a parameter changed", 2)}).requests[0];
    EXPECT_THAT(changed.wanted, ElementsAre(WantedImage{.tag = "v42"}));
    EXPECT_THAT(changed.own_repositories, ElementsAre("shop_api"));
    EXPECT_THAT(merge({wish, one("api", "a revision", 2, "f:7")}).requests[0].wanted, SizeIs(0));
    auto push = one("api", "pushed", 2);
    push.requests[0].images = {{.repository = "shop_api", .tag = "v43"}};
    EXPECT_THAT(merge({wish, push}).requests[0].wanted, SizeIs(0));
    EXPECT_THAT(merge({push, wish}).requests[0].wanted, SizeIs(1));
    // What another environment runs is a wish, too.
    auto promotion = one("api", "a request", 4);
    promotion.requests[0].promoted_from = PromotionSource{.environment = "stage", .target = {}};
    EXPECT_THAT(merge({wish, promotion}).requests[0].wanted, SizeIs(0));
    EXPECT_TRUE(merge({wish, promotion}).requests[0].promoted_from);
    EXPECT_FALSE(merge({promotion, wish}).requests[0].promoted_from);
    EXPECT_TRUE(merge({promotion, one("api", "a parameter", 5)}).requests[0].promoted_from);
}

}  // namespace
}  // namespace ci_lambda::testing
