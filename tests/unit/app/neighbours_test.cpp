// What the whole function does about others that share its cluster, its account or its queue.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>
#include <vector>

#include "app/app.hpp"
#include "app/people/doctor.hpp"
#include "base/json.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A cluster with services of the projects `shop` and `shop-admin`, all of which have been rolling for too long.
class NeighboursTest : public ::testing::Test {
protected:
    NeighboursTest() {
        for (const auto& [name, value] :
             std::map<std::string, std::string>{{"PROJECT_NAME", "shop"},
                                                {"PROJECT_ENV", "dev"},
                                                {"ECS_CLUSTER_NAME", "shared"},
                                                {"SERVICE_NAME_PATTERN", "{project}-{name}-{env}"},
                                                {"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"k"}]})"},
                                                {"ROLLBACK_ON_FAILURE", "true"},
                                                {"AWS_ENDPOINT_URL_ECS", server_.url()},
                                                {"SLACK_WEBHOOK_URL", server_.url("/services/T000/B000/hook")},
                                                {"AWS_ACCESS_KEY_ID", "AKID"},
                                                {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                {"MAX_DEPLOYMENT_RETRIES", "0"}})
            environment_.set(name, value);
    }

    ServerReply answer(const ServerRequest& request) {
        if (request.line() != "POST / HTTP/1.1") return reply(200, "ok");
        const auto target = request.header("X-Amz-Target");
        const auto operation = target.substr(target.find('.') + 1);
        if (operation == "ListServices") return reply(200, dump_json({{"serviceArns", services_}}));
        if (operation == "DescribeServices") return reply(200, dump_json({{"services", described(request.body)}}));
        if (operation == "DescribeClusters")
            return reply(200, R"({"clusters":[{"clusterName":"shared","status":"ACTIVE"}]})");
        if (operation == "ListTaskDefinitions")
            return reply(200, dump_json({{"taskDefinitionArns",
                                          {"arn:aws:ecs:us-east-1:123456789012:task-definition/" +
                                           *find_string(*parse_json(request.body), "familyPrefix") + ":42"}}}));
        if (operation == "UpdateService")
            return reply(200, R"({"service":{"deployments":[{"id":"ecs-svc/2","status":"PRIMARY"}]}})");
        return reply(400, R"({"__type":"ClientException","message":"not here"})");
    }

    static Json described(const std::string& request) {
        auto services = Json::array();
        const auto asked = *parse_json(request);
        for (const auto& name : asked["services"])
            services.push_back({{"serviceName", name},
                                {"serviceArn", "arn:aws:ecs:us-east-1:123456789012:service/shared/x"},
                                {"status", "ACTIVE"},
                                {"deployments",
                                 {{{"id", "ecs-svc/1"},
                                   {"status", "PRIMARY"},
                                   {"rolloutState", "IN_PROGRESS"},
                                   {"taskDefinition", "arn:aws:ecs:us-east-1:123456789012:task-definition/f:41"},
                                   {"createdAt", 1'600'000'000.0}}}}});
        return services;
    }

    Handled handle(const std::string& event, const Home& home = {.account = "123456789012"}) {
        auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
        EXPECT_THAT(app, IsOk());
        (*app)->set_home(home);
        return (*app)->handle(event, Deadline::none());
    }

    /// Everything that ECS was asked.
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> bodies;
        for (const auto& request : server_.requests())
            if (request.line() == "POST / HTTP/1.1") bodies.push_back(request.body);
        return bodies;
    }
    [[nodiscard]] bool slack_heard() const {
        return std::ranges::any_of(server_.requests(),
                                   [](const auto& request) { return request.line() != "POST / HTTP/1.1"; });
    }

    std::vector<std::string> services_{"arn:aws:ecs:us-east-1:123456789012:service/shared/shop-api-dev",
                                       "arn:aws:ecs:us-east-1:123456789012:service/shared/shop-admin-api-dev",
                                       "arn:aws:ecs:us-east-1:123456789012:service/shared/shop-billing-dev",
                                       "arn:aws:ecs:us-east-1:123456789012:service/shared/other-api-dev"};
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    SystemClock clock_;
    SystemSleeper sleeper_;
    RecordingLog log_;
};

constexpr const char* kFailure = R"({{"source":"aws.ecs","detail-type":"ECS Deployment State Change",
    "resources":["arn:aws:ecs:us-east-1:123456789012:service/shared/{}"],
    "detail":{{"eventType":"ERROR","eventName":"SERVICE_DEPLOYMENT_FAILED","deploymentId":"ecs-svc/1"}}}})";

constexpr const char* kPush = R"({{"id":"{}","source":"aws.ecr","detail-type":"ECR Image Action","account":"{}",
    "region":"{}","detail":{{"action-type":"PUSH","result":"SUCCESS","repository-name":"shop_service_api",
    "image-tag":"v7"}}}})";

TEST_F(NeighboursTest, TheSweepLeavesTheServicesOfOthersAlone) {
    const auto swept = handle(R"({"action":"sweep"})");
    EXPECT_THAT(swept.answer.detail, AllOf(HasSubstr("looked at 1 services, 1 overdue"),
                                           HasSubstr("2 left alone, as they may not be ours")));
    EXPECT_THAT(asked(), Contains(HasSubstr("shop-api-dev")));
    EXPECT_THAT(asked(), Each(Not(AnyOf(HasSubstr("admin"), HasSubstr("billing"), HasSubstr("other")))));
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("left alone by the sweep"), HasSubstr("shop-admin-api-dev"),
                                        HasSubstr("shop-billing-dev")));
}

TEST_F(NeighboursTest, TheSweepDoesNotWarnOfWhatRatherIsAnotherProjects) {
    environment_.set("AUTO_DEPLOY_MAP", R"({"billing":true})");
    EXPECT_THAT(handle(R"({"action":"sweep"})").answer.detail, HasSubstr("1 left alone"));
    for (const auto& line : log_.sink.lines())
        EXPECT_TRUE(!line.contains("left alone by the sweep") || line.contains(R"("level":"info")")) << line;
}

TEST_F(NeighboursTest, TheSweepLooksAtWhatIsNamedAndCanBeNobodyElses) {
    environment_.set("AUTO_DEPLOY_MAP", R"({"billing":true,"admin-api":true})");
    EXPECT_THAT(handle(R"({"action":"sweep"})").answer.detail, HasSubstr("looked at 2 services"));
    EXPECT_THAT(asked(), Contains(HasSubstr("shop-billing-dev")));
    EXPECT_THAT(asked(), Each(Not(HasSubstr("shop-admin-api-dev")))) << "its name still has two readings";
}

TEST_F(NeighboursTest, AMapMakesTheSweepSureOfAnyName) {
    environment_.set("ECS_SERVICE_MAP", R"({"api":{"service_name":"shop-api-dev","task_family":"f"},
                                            "admin-api":{"service_name":"shop-admin-api-dev","task_family":"f"}})");
    EXPECT_THAT(handle(R"({"action":"sweep"})").answer.detail, HasSubstr("looked at 2 services, 2 overdue"));
    EXPECT_THAT(asked(), Contains(HasSubstr("shop-admin-api-dev")));
}

TEST_F(NeighboursTest, AFailureOfAnotherProjectsServiceIsNeitherToldNorRolledBack) {
    const auto handled = handle(fmt::format(kFailure, "shop-admin-api-dev"));
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(handled.answer.detail, HasSubstr("shop-admin"));
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(NeighboursTest, AFailureOfAServiceThatNobodyNamedIsToldButNotRolledBack) {
    const auto handled = handle(fmt::format(kFailure, "shop-billing-dev"));
    EXPECT_EQ(handled.answer.status, "notified");
    EXPECT_TRUE(slack_heard());
    for (const auto& request : server_.requests())
        if (request.line() != "POST / HTTP/1.1")
            EXPECT_THAT(request.body, HasSubstr("Not rolled back: no variable names billing"));
        else
            EXPECT_THAT(request.header("X-Amz-Target"),
                        Not(AnyOf(HasSubstr("UpdateService"), HasSubstr("StopServiceDeployment"))));
}

TEST_F(NeighboursTest, AnEventThatNamesAServiceDeploysItByThePatternAsEver) {
    EXPECT_EQ(handle(R"({"service":"billing"})").answer.status, "deployed");
    EXPECT_EQ(handle(R"({"service":"admin-api"})").answer.status, "deployed");
}

TEST_F(NeighboursTest, TheDoctorSaysWhichServicesMayNotBeOursAndHowToNameThem) {
    auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());
    services_.emplace_back("arn:aws:ecs:us-east-1:123456789012:service/shared/shop-mail-dev");
    std::vector<std::string> notes;
    (void)examine(**app, clock_, [&](const Finding& finding) {
        if (finding.verdict == Finding::Verdict::kNote && finding.subject.starts_with("service"))
            notes.push_back(finding.subject + ": " + finding.detail);
    });
    EXPECT_THAT(notes, ElementsAre(AllOf(HasSubstr("shop-admin-api-dev may not be ours"), HasSubstr("ECS_SERVICE_MAP")),
                                   AllOf(HasSubstr("no variable names shop-billing-dev, shop-mail-dev"),
                                         HasSubstr(R"(AUTO_DEPLOY_MAP={"billing":true,"mail":true})"))));
}

TEST_F(NeighboursTest, EventsOfAnotherAccountOrRegionAreIgnored) {
    EXPECT_EQ(handle(fmt::format(kPush, "e1", "123456789012", "us-east-1")).answer.status, "deployed");
    for (const auto& foreign : {fmt::format(kPush, "e2", "999999999999", "us-east-1"),
                                fmt::format(kPush, "e3", "123456789012", "eu-west-1")}) {
        const auto handled = handle(foreign);
        EXPECT_FALSE(handled.error);
        EXPECT_EQ(handled.answer.status, "ignored");
        EXPECT_THAT(handled.answer.detail, HasSubstr("the event is of the"));
    }
}

TEST_F(NeighboursTest, EventsOfAnotherAccountAreIgnoredInAQueueToo) {
    const auto body = fmt::format(kPush, "e2", "999999999999", "us-east-1");
    const Json record{{"messageId", "m1"}, {"body", body}, {"eventSource", "aws:sqs"}, {"attributes", Json::object()}};
    const auto handled = handle(dump_json({{"Records", {record}}}));
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(NeighboursTest, WhatPeoplesCredentialsSayOfTheirAccountCountsToo) {
    environment_.set("AWS_ACCOUNT_ID", "123456789012");
    AppOptions for_people{.profiles = &profile_credentials};
    auto app = App::create(std::move(for_people), environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());
    const auto push = fmt::format(kPush, "e2", "999999999999", "us-east-1");
    EXPECT_THAT((*app)->handle(push, Deadline::none()).answer.detail, HasSubstr("the account 999999999999"));
}

TEST_F(NeighboursTest, ARequestWithoutEnvironmentLeavesAWarningInTheLog) {
    EXPECT_EQ(handle(R"({"source":"action.deploy","detail":{"service":"api"}})").answer.status, "deployed");
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr(R"("level":"warn")"), HasSubstr("request names no environment")));
}

}  // namespace
}  // namespace ci_lambda::testing
