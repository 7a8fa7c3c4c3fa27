#include "app/people/doctor.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "approvals/token.hpp"
#include "base/json.hpp"
#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AppTest, TheDoctorFindsServicesThatEcsDoesNotHave) {
    const auto patient = app();
    std::string findings;
    const bool healthy = examine(*patient, clock_, [&](const Finding& finding) {
        findings += (finding.verdict == Finding::Verdict::kBad ? "BAD " : "ok ") + finding.subject + "\n";
    });
    EXPECT_FALSE(healthy);
    EXPECT_THAT(findings, AllOf(HasSubstr("ok configuration"), HasSubstr("ok credentials"),
                                HasSubstr("ok cluster shop_cluster_dev"), HasSubstr("BAD service api"),
                                HasSubstr("BAD service worker")));
    for (const auto& request : server_.requests())
        EXPECT_THAT(request.header("X-Amz-Target"), Not(HasSubstr("UpdateService"))) << "the doctor changes nothing";
}

/// The doctor's findings, as lines: "BAD services: ..".
std::string findings_of(App& patient, const Clock& clock) {
    std::string findings;
    (void)examine(patient, clock, [&](const Finding& finding) {
        findings += fmt::format("{} {}: {}\n", to_string(finding.verdict), finding.subject, finding.detail);
    });
    return findings;
}

TEST_F(AppTest, TheDoctorDoesNotCallBadWhatCouldNotBeListed) {
    environment_.set("SERVICE_CONFIG", "{}");
    overrides_["ListServices"] = reply(400, R"({"__type":"AccessDeniedException","message":"not authorized"})");
    EXPECT_THAT(findings_of(*app(), clock_), AllOf(HasSubstr("note services: none was looked at"),
                                                   HasSubstr("allow ecs:ListServices"), Not(HasSubstr("bad "))));
    overrides_["ListServices"] = reply(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})");
    EXPECT_THAT(findings_of(*app(), clock_), AllOf(HasSubstr("note services: none was looked at"),
                                                   HasSubstr("Rate exceeded"), Not(HasSubstr("allow ecs:"))));
    overrides_.clear();
    EXPECT_THAT(findings_of(*app(), clock_), HasSubstr("bad services: none is known"));
}

TEST_F(AppTest, TheDoctorLooksAtWhatIsWatchedAfterARollout) {
    environment_.set("AWS_ENDPOINT_URL", server_.url());
    environment_.set("VERIFY_ALARMS", "shop-5xx, shop-slow");
    environment_.set("VERIFY_URLS", fmt::format(R"(["{}"])", server_.url("/health?key=verysecret")));
    overrides_["DescribeServices"] = reply(
        200,
        R"({"services":[{"serviceName":"shop_service_api_dev","status":"ACTIVE","deployments":[]}],"failures":[]})");
    overrides_["DescribeAlarms"] =
        reply(200, R"({"MetricAlarms":[{"AlarmName":"shop-5xx","StateValue":"OK"}],"CompositeAlarms":[]})");
    slack_ = reply(503, "not well");  // what answers all that is no call of AWS
    const auto unwell = findings_of(*app(), clock_);
    EXPECT_THAT(unwell, AllOf(HasSubstr("bad verify api: CloudWatch has no alarm shop-slow (VERIFY_ALARMS)"),
                              HasSubstr("answers with status 503"), Not(HasSubstr("verysecret")),
                              HasSubstr("note verify: VERIFY_SCHEDULE_ROLE is not set")));
    slack_ = reply(200, "well");
    environment_.set("VERIFY_ALARMS", "shop-5xx");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("ok verify: the alarms that are watched are there"), Not(HasSubstr("bad verify"))));
    overrides_["DescribeAlarms"] = reply(400, R"({"__type":"AccessDeniedException","message":"not authorized"})");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("bad verify api: "), HasSubstr("cloudwatch:DescribeAlarms")));
}

TEST_F(AppTest, TheDoctorKnocksAtTheDoorWithWhatApprovesNothing) {
    EXPECT_THAT(findings_of(*app(), clock_), Not(AnyOf(HasSubstr("approvals"), HasSubstr("function url"))));
    environment_.set("APPROVAL_KEY", "0123456789abcdef0123456789abcdef");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("ok approvals: the key is there, for rollouts"),
                      HasSubstr("note approvals: SCHEDULE_ROLE is not set"), Not(HasSubstr("function url"))));
    environment_.set("APPROVAL_REQUIRED", "true");
    environment_.set("APPROVAL_KEY_PREVIOUS", "fedcba9876543210fedcba9876543210");
    environment_.set("SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls");
    environment_.set("FUNCTION_URL", server_.url("/door"));
    slack_ = reply(400, "the approval token of none has expired at 2026");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("ok approvals: the key that signs them is there"),
                      HasSubstr("note approvals: what was signed with APPROVAL_KEY_PREVIOUS is still good"),
                      Not(HasSubstr("SCHEDULE_ROLE")), HasSubstr("note function url: messages have no buttons"),
                      HasSubstr("ok function url: " + server_.url("/door") + " is answered by this function")));
    for (const auto& [status, body] : {std::pair(403, "Forbidden"), std::pair(404, ""), std::pair(200, "a site"),
                                       std::pair(400, "the token is not signed with our key")}) {
        slack_ = reply(status, body);
        EXPECT_THAT(findings_of(*app(), clock_),
                    AllOf(HasSubstr("bad function url: "), Not(HasSubstr("ca1.")), Not(HasSubstr("ok function url"))))
            << status;
    }
    const ApprovalKeys keys{.current = Secret("0123456789abcdef0123456789abcdef")};
    int asked = 0;
    for (const auto& request : server_.requests()) {
        const auto at = request.line().find("GET /door/approve?t=");
        if (at != 0) continue;
        ++asked;
        const auto begin = request.line().find("ca1.");
        const auto token = request.line().substr(begin, request.line().find(' ', begin) - begin);
        EXPECT_TRUE(read_token(token, keys, "shop/dev"));
        EXPECT_FALSE(open_token(token, keys, "shop/dev", clock_.now())) << "nobody can approve anything with it";
    }
    EXPECT_EQ(asked, 5);
}

TEST_F(AppTest, TheDoctorTriesTheCallsThatARollbackNeeds) {
    environment_.set("ROLLBACK_ON_FAILURE", "true");
    overrides_["DescribeServices"] = reply(
        200,
        R"({"services":[{"serviceName":"shop_service_api_dev","status":"ACTIVE","deployments":[]}],"failures":[]})");
    overrides_["ListTasks"] = reply(200, R"({"taskArns":[]})");
    overrides_["DescribeTaskDefinition"] = reply(200, R"({"taskDefinition":{"taskDefinitionArn":"td:1"}})");
    const std::string arn = "arn:aws:ecs:us-east-1:1:service-deployment/shop_cluster_dev/shop_service_api_dev/7";
    const auto records = fmt::format(R"({{"serviceDeployments":[{{"serviceDeploymentArn":"{}"}}]}})", arn);
    overrides_["ListServiceDeployments"] = reply(200, records);
    overrides_["DescribeServiceDeployments"] = reply(200, records);
    overrides_["DescribeServiceRevisions"] = reply(200, R"({"serviceRevisions":[]})");
    overrides_["StopServiceDeployment"] = reply(400, R"({"__type":"ServiceDeploymentNotFoundException"})");
    EXPECT_THAT(findings_of(*app(), clock_), HasSubstr("ok rollback: the calls that it needs are allowed for api"));
    for (const auto& request : server_.requests())
        EXPECT_FALSE(request.header("X-Amz-Target").ends_with("StopServiceDeployment") &&
                     request.body.contains("shop_service_api_dev/7\""))
            << "nothing that exists is stopped";
    for (const std::string call : {"ListTasks", "DescribeTaskDefinition", "ListServiceDeployments",
                                   "DescribeServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment"}) {
        const auto before = overrides_[call];
        overrides_[call] = reply(400, R"({"__type":"AccessDeniedException","message":"not authorized"})");
        EXPECT_THAT(findings_of(*app(), clock_), AllOf(HasSubstr("bad rollback: "), HasSubstr("ecs:" + call)));
        overrides_[call] = before;
    }
}

TEST_F(AppTest, TheDoctorLooksAtAnExpressServiceAsADeploymentWould) {
    overrides_["DescribeServices"] = reply(
        200,
        R"({"services":[{"serviceName":"shop_service_api_dev","serviceArn":"arn:api","status":"ACTIVE",)"
        R"("resourceManagementType":"ECS","deployments":[{"status":"PRIMARY","taskDefinition":"a/written:3"}]}]})");
    overrides_["DescribeExpressGatewayService"] = reply(200, R"({"service":{"status":{"statusCode":"ACTIVE"}}})");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("ok service api: "), HasSubstr("an Express service"), HasSubstr("written:3")));
    overrides_["DescribeExpressGatewayService"] =
        reply(400, R"({"__type":"AccessDeniedException","message":"not authorized: the action"})");
    EXPECT_THAT(findings_of(*app(), clock_),
                AllOf(HasSubstr("bad service api: "), HasSubstr("not authorized: the action")));
    for (const auto& request : server_.requests())
        EXPECT_THAT(request.header("X-Amz-Target"), Not(HasSubstr("UpdateExpressGatewayService")));
}

TEST_F(AppTest, TheDoctorAnswersMachinesToo) {
    const auto json = *parse_json(findings_json(
        {{Finding::Verdict::kOk, "cluster", "ACTIVE"}, {Finding::Verdict::kBad, "service api", "is missing"}}));
    EXPECT_EQ(json["healthy"], false);
    EXPECT_EQ(json["findings"][1]["verdict"], "bad");
    EXPECT_EQ(json["findings"][1]["subject"], "service api");
}

}  // namespace
}  // namespace ci_lambda::testing
