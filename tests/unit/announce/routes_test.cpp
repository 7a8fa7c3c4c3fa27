#include "announce/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "announce/links.hpp"
#include "announce/words.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::SizeIs;
using ::testing::StartsWith;

Notification about(const std::string& service, NotificationType type, const std::string& status) {
    return {.type = type,
            .title = title_of(status, service),
            .project = "shop",
            .environment = "dev",
            .service = service,
            .status = status,
            .deployment_id = {},
            .task_definition = {}};
}

Announcement failed_and_started() {
    return gather({about("api in us", NotificationType::kError, "failed"),
                   about("web in us", NotificationType::kInfo, "started"),
                   about("worker in us", NotificationType::kInfo, "started")});
}

TEST(Routes, GiveAChannelWhatConcernsItInWordsOfItsOwn) {
    NotifySettings notify;
    notify.all.by_default = {"team"};
    notify.own[ServiceId("api")].by_default = {"oncall"};
    const auto oncall = heard_by("oncall", notify, failed_and_started());
    ASSERT_TRUE(oncall);
    EXPECT_EQ(oncall->title, "Deployment failed: api in us");
    EXPECT_EQ(oncall->type, NotificationType::kError);
    EXPECT_THAT(oncall->lines, SizeIs(0));
    const auto team = heard_by("team", notify, failed_and_started());
    ASSERT_TRUE(team);
    EXPECT_EQ(team->title, "Deployments: 2 started");
    EXPECT_EQ(team->type, NotificationType::kInfo);
    EXPECT_THAT(team->lines, SizeIs(2));
}

TEST(Routes, GiveAChannelThatHearsAllOfItTheSameAnnouncement) {
    const auto all = heard_by("slack", {}, failed_and_started());
    ASSERT_TRUE(all);
    EXPECT_EQ(all->title, failed_and_started().title);
    EXPECT_THAT(all->parts, SizeIs(3));
}

TEST(Routes, GiveAChannelThatHearsNoneOfItNothing) {
    NotifySettings notify;
    notify.all.by_default = {"team"};
    EXPECT_EQ(heard_by("oncall", notify, failed_and_started()).has_value(), false);
}

TEST(ConsoleLink, LeadsToTheServiceInTheConsoleOfItsPartition) {
    const auto url = [](const std::string& region, const std::string& service = "shop_api") {
        const auto link = console_link({.id = ServiceId("api"),
                                        .cluster = ClusterName("shop"),
                                        .service = EcsServiceName(service),
                                        .family = TaskFamily("shop_api"),
                                        .region = region});
        return link ? link->url : "";
    };
    EXPECT_EQ(
        url("eu-west-1"),
        "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop/services/shop_api/health?region=eu-west-1");
    EXPECT_THAT(url("cn-north-1"), StartsWith("https://cn-north-1.console.amazonaws.cn/ecs/"));
    EXPECT_THAT(url("us-gov-west-1"), StartsWith("https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/"));
    EXPECT_EQ(url(""), "");
    EXPECT_EQ(url("eu-west-1", "a/../b"), "");
}

TEST(ConsoleLink, KnowsTheServiceByItsLabel) {
    EXPECT_EQ(service_of(about("api in us", NotificationType::kInfo, "started")), ServiceId("api"));
    EXPECT_EQ(service_of(about("api", NotificationType::kInfo, "started")), ServiceId("api"));
}

}  // namespace
}  // namespace ci_lambda::testing
