#include "handlers/request_json.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

DeploymentRequest request_for(const std::string& id, const Config& config) {
    return {.target = *config.names.target(ServiceId(id)),
            .task_definition = std::nullopt,
            .reason = "a \"test\" wants it\nnow"};
}

TEST(RequestJson, BringsBackAllThatTheRequestSays) {
    const auto config = shop();
    auto pushed = request_for("api", config);
    pushed.changed_at = WallTime{milliseconds{1'790'000'000'123}};
    pushed.images = {{.repository = "shop_service_api",
                      .tag = "v7",
                      .digest = "sha256:" + std::string(64, 'a'),
                      .account = "123456789012",
                      .region = "us-east-1",
                      .at = WallTime{seconds{1'790'000'000}},
                      .registry = "r.example",
                      .by_version = true,
                      .replica_region = "eu-west-1"},
                     {.repository = "sidecar", .tag = "v1"}};
    pushed.images_alone = true;
    pushed.image_mode = ImageMode::kRevision;
    pushed.image_pin = ImagePin::kDigest;
    EXPECT_EQ(request_of_json(to_json(pushed), config).value(), pushed);

    auto wanted = request_for("worker", config);
    wanted.wanted = {{.registry = "h", .repository = "shop_service_worker", .tag = "v2", .digest = "sha256:0"},
                     {.tag = "v3"}};
    wanted.own_repositories = {"shop_service_worker"};
    wanted.image_pin = config.image_pin;
    wanted.again = true;
    wanted.asked_for = true;
    wanted.past_holds = "it burns";
    wanted.strategy_once = parse_strategy("canary:10%:5m").value();
    EXPECT_EQ(request_of_json(to_json(wanted), config).value(), wanted);

    auto promoted = request_for("api", config);
    promoted.promoted_from = PromotionSource{
        .environment = "staging", .target = *config.names.in_environment("staging").target(ServiceId("api"))};
    promoted.image_pin = config.image_pin;
    promoted.own_repositories = {"shop_service_api"};
    EXPECT_EQ(request_of_json(to_json(promoted), config).value(), promoted);

    auto exact = request_for("backend", config);
    exact.task_definition = TaskDefinition("shop_service_dev:7");
    EXPECT_EQ(request_of_json(to_json(exact), config).value(), exact);
}

TEST(RequestJson, TakesFromTheConfigurationWhatThatSaysNow) {
    const auto text = to_json(request_for("api", shop()));
    const auto read = request_of_json(text, shop({{"DEPLOYMENT_STRATEGY", "canary"}, {"PROJECT_ENV", "prod"}})).value();
    EXPECT_EQ(read.target.service.str(), "shop_service_api_prod");
    ASSERT_TRUE(read.strategy);
    EXPECT_EQ(read.strategy->type, WantedStrategy::Type::kCanary);
}

TEST(RequestJson, IsRefusedWhereTheServiceIsNoneOfOursAnyMore) {
    const auto read = request_of_json(R"({"s":"gone"})", shop({service_map()}));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalidEvent);
    EXPECT_THAT(read.error().message, HasSubstr("gone, which is none of our services any more"));
}

/// What was kept comes back as an event, which whoever may invoke the function can write.
TEST(RequestJson, HasNoServiceRunTheTasksOfAnotherOne) {
    const auto arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/";
    for (const auto& name : {std::string("shop_service_worker_dev:3"), std::string("admin"), std::string(),
                             fmt::format("{}admin:1", arn), fmt::format("{}shop_service_api_dev_x:1", arn)}) {
        const auto read = request_of_json(fmt::format(R"({{"s":"api","td":"{}"}})", name), shop());
        ASSERT_FALSE(read) << name;
        EXPECT_THAT(read.error().message, HasSubstr("which is not of shop_service_api_dev"));
    }
    for (const auto& name : {std::string("shop_service_api_dev:3"), std::string("shop_service_api_dev"),
                             fmt::format("{}shop_service_api_dev:3", arn),
                             std::string(rollback_family(TaskFamily{"shop_service_api_dev"}).str()) + ":1"})
        EXPECT_TRUE(request_of_json(fmt::format(R"({{"s":"api","td":"{}"}})", name), shop())) << name;
}

TEST(RequestJson, BringsNoFunctionThatIsCalledWithARoleOfItsChoice) {
    const auto read = request_of_json(
        R"({"s":"api","st":"{\"type\":\"blue_green\",\"hooks\":[{\"type\":\"lambda\",\"function\":\"arn:aws:lambda:us-east-1:123456789012:function:x\",\"role\":\"arn:aws:iam::123456789012:role/admin\",\"stages\":[\"PRE_SCALE_UP\"]}]}"})",
        shop());
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("belongs into the configuration"));
}

TEST(RequestJson, RefusesWhatNobodyHasWritten) {
    for (const auto* text : {"", "[]", "{}", R"({"s":7})", R"({"s":"a b"})", R"({"s":"api","st":"sideways"})"})
        EXPECT_FALSE(request_of_json(text, shop())) << text;
    // A number that no clock shows is a time all the same.
    for (const auto* at : {"9223372036854775807", "-9223372036854775808", "17900000090000000"})
        EXPECT_TRUE(request_of_json(fmt::format(R"({{"s":"api","at":{}}})", at), shop())) << at;
    // What is of the wrong type was not written here, and is left out.
    const auto read = request_of_json(R"({"s":"api","at":"now","img":[7],"want":{},"only":1})", shop());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read,
              (DeploymentRequest{
                  .target = *shop().names.target(ServiceId("api")), .task_definition = std::nullopt, .reason = ""}));
}

}  // namespace
}  // namespace ci_lambda::testing
