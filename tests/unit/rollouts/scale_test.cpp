#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "app/app.hpp"
#include "base/json.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/ecs/seed.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"
#include "support/sanitizers.hpp"
#include "support/virtual_time.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kServices = kWithSanitizer ? 120 : 500;
constexpr const char* kRegistry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/";
constexpr Milliseconds kLatency{30};  // of one call, as from a Lambda in the same region

// What ECS's quota allows: 50 UpdateService at once, then 5 a second. All other calls of such an event need less time.
constexpr double kQuotaSeconds = (kServices - 50) / 5.0;

std::string name_of(int number) { return fmt::format("s{:03}", number); }
std::string repository_of(int number) { return "shop_service_" + name_of(number); }
std::string ecs_name_of(int number) { return fmt::format("shop_service_{}_dev", name_of(number)); }

sandbox::EcsState many_services(sandbox::Ids& ids, WallTime now) {
    const auto created_at = now - std::chrono::days{30};
    sandbox::EcsState state{.account = "123456789012",
                            .region = "us-east-1",
                            .clusters = {"shop_cluster_dev"},
                            .services = {},
                            .families = {},
                            .images = {}};
    for (int i = 0; i < kServices; ++i) {
        const auto name = ecs_name_of(i);
        state.families[name].push_back(
            {.family = name,
             .revision = 9,
             .active = true,
             .registered_at = created_at,
             .content = fmt::format(R"({{"containerDefinitions":[{{"name":"app","image":"{}{}:v0"}}]}})", kRegistry,
                                    repository_of(i))});
        add_running_service(
            state, ids,
            {.name = name, .cluster = "shop_cluster_dev", .task_definition = name + ":9", .container = "app"},
            created_at);
    }
    return state;
}

std::string one_file_for_all() {
    Json config = Json::object();
    for (int i = 0; i < kServices; ++i) config[name_of(i)] = {{{"bucket", "shop-env-dev"}, {"key", "all.env"}}};
    return dump_json(config);
}

/// One process of the function and an ECS with the real quotas, in virtual time.
class ScaleTest : public ::testing::Test {
protected:
    ScaleTest() {
        for (const auto& [name, value] : std::map<std::string, std::string>{{"PROJECT_NAME", "shop"},
                                                                            {"PROJECT_ENV", "dev"},
                                                                            {"SERVICE_CONFIG", one_file_for_all()},
                                                                            {"AWS_ENDPOINT_URL_ECS", server_.url()},
                                                                            {"AWS_ACCESS_KEY_ID", "AKID"},
                                                                            {"AWS_SECRET_ACCESS_KEY", "secret"}})
            environment_.set(name, value);
        start_process();
    }
    void start_process() {
        auto created = App::create({}, environment_, sink_, time_, time_);
        EXPECT_THAT(created, IsOk());
        app_ = std::move(*created);
    }

    ServerReply answer(const ServerRequest& request) {
        const auto target = request.header("X-Amz-Target");
        time_.sleep_for(kLatency);
        const auto answer = ecs_.handle(target.substr(target.find('.') + 1), request.body);
        ++calls_;
        if (answer.body.contains("ThrottlingException")) ++throttled_;
        if (answer.status == 200 && target.ends_with(".UpdateService")) ++rollouts_;
        if (answer.status == 200 && target.ends_with(".RegisterTaskDefinition")) ++registered_;
        return reply(answer.status, answer.body);
    }

    [[nodiscard]] std::string file_changed() const {
        return dump_json(
            {{"source", "aws.s3"},
             {"detail-type", "Object Created"},
             {"time", format_rfc3339(time_.now() - seconds{10})},
             {"detail",
              {{"bucket", {{"name", "shop-env-dev"}}}, {"object", {{"key", "all.env"}}}, {"reason", "PutObject"}}}});
    }
    [[nodiscard]] double seconds_since(WallTime begin) const {
        return std::chrono::duration<double>(time_.now() - begin).count();
    }

    VirtualTime time_;
    sandbox::Ids ids_{42};
    sandbox::Ecs ecs_{{.state = many_services(ids_, time_.now())}, ids_, time_};
    std::atomic<int> calls_ = 0;
    std::atomic<int> throttled_ = 0;
    std::atomic<int> rollouts_ = 0;
    std::atomic<int> registered_ = 0;
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    RecordingSink sink_;
    std::unique_ptr<App> app_;
};

TEST_F(ScaleTest, FiveHundredServicesTakeLittleLongerThanTheQuotaAndAreHardlyThrottled) {
    const auto begin = time_.now();
    const auto handled = app_->handle(file_changed(), Deadline::none());
    const auto took = seconds_since(begin);
    RecordProperty("seconds", fmt::format("{:.1f}", took));
    RecordProperty("throttled", throttled_);
    EXPECT_EQ(handled.answer.status, "deployed");
    EXPECT_EQ(rollouts_, kServices);
    EXPECT_LT(took, 1.25 * kQuotaSeconds);
    EXPECT_GT(took, kQuotaSeconds) << "the sandbox enforces the quota";
    EXPECT_LT(throttled_, 0.05 * calls_);
    EXPECT_LE(server_.connections(), 8);
    fmt::print("{} services in {:.1f} s, quota {:.1f} s ({:.2f}); {} of {} calls throttled; {} connections\n",
               kServices, took, kQuotaSeconds, took / kQuotaSeconds, throttled_.load(), calls_.load(),
               server_.connections());
}

TEST_F(ScaleTest, WhatTheDeadlineDoesNotAllowFailsByNameAndIsDeployedWhenTheEventComesAgain) {
    const auto begin = time_.now();
    const auto event = file_changed();
    constexpr int kTooShort = kServices / 8;  // seconds
    const auto handled = app_->handle(event, Deadline::after(time_, seconds{kTooShort}));
    EXPECT_LT(seconds_since(begin), kTooShort);
    int deployed = 0;
    for (const auto& report : handled.answer.deployments) {
        if (report.status == DeploymentStatus::kDeployed) {
            ++deployed;
            continue;
        }
        ASSERT_TRUE(report.error) << report.target.id.str();
        EXPECT_EQ(report.error->kind, ErrorKind::kDeadline) << report.error->message;
        EXPECT_THAT(report.error->message, AllOf(HasSubstr("a second (quota"), HasSubstr("deploy it again")));
    }
    EXPECT_EQ(handled.answer.deployments.size(), static_cast<std::size_t>(kServices));
    EXPECT_EQ(deployed, rollouts_);
    EXPECT_GT(deployed, 50 + (kTooShort - 5) * 5 * 0.8) << "most of what the quota allows";
    EXPECT_LT(deployed, kServices);
    ASSERT_TRUE(handled.error);
    for (const auto& report : handled.answer.deployments) {
        if (!report.error) continue;
        EXPECT_THAT(handled.error->message, HasSubstr(report.target.id.str()));
    }

    time_.sleep_for(seconds{60});  // as Lambda does before it tries again
    EXPECT_FALSE(app_->handle(event, Deadline::after(time_, seconds{120})).error);
    EXPECT_EQ(rollouts_, kServices) << "each once";
}

constexpr int kStormServices = 20;
constexpr int kStormPushes = 50;

/// The digest of one push of one service: no two are the same.
std::string digest_of(int service, int push) { return fmt::format("sha256:{:032x}{:032x}", service, push); }

class PushStormTest : public ScaleTest {
protected:
    PushStormTest() {
        environment_.set("ECR_DEPLOY_MODE", "revision");
        start_process();
    }
    /// Fifty pushes of each of twenty services within a minute, which have been lying in a queue in any order.
    std::string storm() const {
        std::vector<std::pair<int, int>> pushes;
        for (int service = 0; service < kStormServices; ++service)
            for (int push = 1; push <= kStormPushes; ++push) pushes.emplace_back(service, push);
        std::mt19937 random(11);
        std::ranges::shuffle(pushes, random);
        Json records = Json::array();
        for (const auto& [service, push] : pushes) {
            const Json event{{"id", fmt::format("{}-{}", service, push)},
                             {"source", "aws.ecr"},
                             {"detail-type", "ECR Image Action"},
                             {"account", "123456789012"},
                             {"region", "us-east-1"},
                             {"time", format_rfc3339(begin_ + seconds{push})},
                             {"detail",
                              {{"result", "SUCCESS"},
                               {"action-type", "PUSH"},
                               {"repository-name", repository_of(service)},
                               {"image-tag", fmt::format("v{}", push)},
                               {"image-digest", digest_of(service, push)}}}};
            records.push_back({{"messageId", fmt::format("m{}", records.size())},
                               {"body", dump_json(event)},
                               {"eventSource", "aws:sqs"},
                               {"eventSourceARN", "arn:aws:sqs:us-east-1:123456789012:events"}});
        }
        return dump_json({{"Records", records}});
    }
    std::string newest_image(int service) {
        const auto answer =
            ecs_.handle("DescribeTaskDefinition", dump_json({{"taskDefinition", ecs_name_of(service)}}));
        return parse_json(answer.body).value()["taskDefinition"]["containerDefinitions"][0]["image"];
    }
    WallTime begin_ = time_.now();
};

TEST_F(PushStormTest, EndsInOneRolloutAServiceWithTheNewestImageAndRegistersNothingTwice) {
    time_.sleep_for(std::chrono::minutes{2});
    for (const bool again : {false, true}) {
        if (again) start_process();  // which remembers nothing
        const auto handled = app_->handle(storm(), Deadline::none());
        EXPECT_FALSE(handled.error) << handled.error->message;
        EXPECT_EQ(registered_, kStormServices) << again;
        EXPECT_EQ(rollouts_, kStormServices) << again;
    }
    for (int service = 0; service < kStormServices; ++service)
        EXPECT_EQ(newest_image(service), fmt::format("{}{}:v{}@{}", kRegistry, repository_of(service), kStormPushes,
                                                     digest_of(service, kStormPushes)));
}

}  // namespace
}  // namespace ci_lambda::testing
