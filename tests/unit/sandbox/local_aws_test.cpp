#include "sandbox/local_aws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using testing::IsOk;

class LocalAwsTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto port = aws_.start(0);
        ASSERT_THAT(port, IsOk());
        port_ = *port;
    }

    LocalResponse post(const std::string& path, const std::string& body,
                       const std::map<std::string, std::string>& headers = {}) {
        const auto response = http_post(port_, path, body, headers);
        EXPECT_THAT(response, IsOk());
        return response.value_or(LocalResponse{});
    }
    LocalResponse aws_call(const std::string& target, const std::string& body,
                           std::string_view access_key = "AKIAUSER") {
        return post("/", body,
                    {{"Authorization", "AWS4-HMAC-SHA256 Credential=" + std::string(access_key) +
                                           "/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"},
                     {"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", target}});
    }
    Json page(const std::string& path) {
        const auto response = http_get(port_, path);
        EXPECT_THAT(response, IsOk());
        return response ? parse_json(response->body).value_or(Json()) : Json();
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    LocalAws aws_{ids_, clock_};
    std::uint16_t port_ = 0;
};

const std::string kDescribe = R"({"cluster":"shop_cluster_dev","services":["shop_service_api_dev"]})";
const std::string kEcs = "AmazonEC2ContainerServiceV20141113.";

TEST_F(LocalAwsTest, SendsEcsCallsToEcs) {
    const auto response = aws_call(kEcs + "DescribeServices", kDescribe);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "application/x-amz-json-1.1");
    EXPECT_FALSE(response.headers.at("x-amzn-requestid").empty());
    const Json calls = page("/sandbox/ecs/calls");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0]["operation"], "DescribeServices");
    EXPECT_EQ(calls[0]["caller"], "AKIAUSER");
    EXPECT_EQ(calls[0]["status"], 200);
}

TEST_F(LocalAwsTest, DeliversWhatPutEventsTakes) {
    const auto response = aws_call("AWSEvents.PutEvents",
                                   R"({"Entries":[{"Source":"action.deploy","DetailType":"DEPLOY","Detail":"{}"}]})");
    EXPECT_EQ(response.status, 200);
    const Json invocations = page("/sandbox/invocations");
    ASSERT_EQ(invocations.size(), 1U);
    EXPECT_EQ(invocations[0]["status"], "queued");
    EXPECT_EQ(invocations[0]["event"]["source"], "action.deploy");
}

TEST_F(LocalAwsTest, RefusesUnsignedAndUnknownCalls) {
    EXPECT_THAT(post("/", "{}", {{"X-Amz-Target", kEcs + "ListClusters"}}).body,
                ::testing::HasSubstr("MissingAuthenticationTokenException"));
    EXPECT_THAT(aws_call("DynamoDB_20120810.ListTables", "{}").body, ::testing::HasSubstr("UnknownOperationException"));
    EXPECT_THAT(aws_call("AWSEvents.ListEventBuses", "{}").body, ::testing::HasSubstr("UnknownOperationException"));
}

TEST_F(LocalAwsTest, DeliversARawEventAsItIs) {
    const auto response = post("/sandbox/events", R"({"source":"aws.ecr"})");
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(aws_.invocations().all().at(0).event, R"({"source":"aws.ecr"})");
    EXPECT_EQ(post("/sandbox/events", "").status, 400);
}

TEST_F(LocalAwsTest, KeepsSlackMessagesAndRefusesBadOnes) {
    EXPECT_EQ(post(std::string(kSlackPath), R"({"text":"hi"})").body, "ok");
    EXPECT_EQ(post(std::string(kSlackPath), "{}").status, 400);
    const Json messages = page("/sandbox/slack");
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0]["message"]["text"], "hi");
    EXPECT_EQ(messages[1]["answer"], "no_text");
}

TEST_F(LocalAwsTest, TellsTheFunctionsCallsFromOthers) {
    const std::string id = aws_.invocations().enqueue("{}").value();
    (void)aws_.invocations().next();
    aws_call(kEcs + "DescribeServices", kDescribe, kFunctionAccessKey);
    aws_call(kEcs + "DescribeServices", kDescribe);
    EXPECT_EQ(aws_.journal().calls().size(), 2U);
    EXPECT_EQ(aws_.journal().calls_of(id).size(), 1U);
}

TEST_F(LocalAwsTest, SetsTheScenarioOfOneServiceByItsIdOrItsName) {
    EXPECT_EQ(post("/sandbox/scenario", "api=slow\n").status, 200);
    EXPECT_EQ(post("/sandbox/scenario", "shop_service_dev=no-capacity").status, 200);
    const Json services = page("/sandbox/scenario")["services"];
    EXPECT_EQ(services["shop_service_api_dev"], "slow");
    EXPECT_EQ(services["shop_service_dev"], "no-capacity");
    EXPECT_EQ(services["shop_service_worker_dev"], "healthy");
}

TEST_F(LocalAwsTest, AnswersAWrongScenarioWithTheKnownOnes) {
    const auto scenario = post("/sandbox/scenario", "crash");
    EXPECT_EQ(scenario.status, 400);
    EXPECT_THAT(scenario.body, ::testing::HasSubstr("crash-on-start"));
    const auto service = post("/sandbox/scenario", "nosuch=slow");
    EXPECT_EQ(service.status, 400);
    EXPECT_THAT(service.body, ::testing::HasSubstr("shop_service_worker_dev"));
}

TEST_F(LocalAwsTest, DeliversTheEventsOfEcsAsItsOwn) {
    aws_call(kEcs + "UpdateService",
             R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev","forceNewDeployment":true})");
    const Json invocations = page("/sandbox/invocations");
    ASSERT_EQ(invocations.size(), 1U);
    EXPECT_EQ(invocations[0]["from"], "ecs");
    EXPECT_EQ(invocations[0]["event"]["detail"]["eventName"], "SERVICE_DEPLOYMENT_IN_PROGRESS");
    post("/sandbox/events", "{}");
    EXPECT_EQ(page("/sandbox/invocations")[1]["from"], "outside");
}

TEST_F(LocalAwsTest, DeliversChangesOfParametersSecretsAndFilesAsTheirServicesDo) {
    EXPECT_EQ(aws_call("AmazonSSM.PutParameter", R"({"Name":"/shop/features","Value":"x","Overwrite":true})").status,
              200);
    EXPECT_EQ(aws_call("secretsmanager.PutSecretValue", R"({"SecretId":"shop/db","SecretString":"x"})").status, 200);
    EXPECT_EQ(post("/sandbox/file", "api/.env\n").body, "{\"object\":\"s3://shop-env-dev/api/.env\"}\n");
    const Json invocations = page("/sandbox/invocations");
    ASSERT_EQ(invocations.size(), 3U);
    EXPECT_EQ(invocations[0]["from"], "ssm");
    EXPECT_EQ(invocations[0]["event"]["detail"]["operation"], "Update");
    EXPECT_EQ(invocations[1]["from"], "secretsmanager");
    EXPECT_EQ(invocations[1]["event"]["detail"]["userIdentity"]["accessKeyId"], "AKIAUSER");
    EXPECT_EQ(invocations[2]["from"], "s3");
    EXPECT_EQ(invocations[2]["event"]["detail"]["object"]["key"], "api/.env");
    for (const std::string nothing : {"", "env", "/x", "x/"})
        EXPECT_EQ(post("/sandbox/file", nothing.empty() ? " " : nothing).status, 400) << nothing;
}

TEST_F(LocalAwsTest, HoldsWhatSettingsMayReferTo) {
    const auto inbox = "http://127.0.0.1:" + std::to_string(port_) + std::string(kSlackPath);
    EXPECT_EQ(aws_.referred_to("secretsmanager:shop/slack"), inbox);
    EXPECT_EQ(aws_.referred_to("ssm:/shop/slack"), inbox);
    EXPECT_EQ(aws_.referred_to("ssm:/shop/ci_lambda"), R"({"discovery":true})");
    for (const auto* const other : {"ssm:/none", "secretsmanager:none", "https://hooks.slack.com/services/x", "{}", ""})
        EXPECT_EQ(aws_.referred_to(other), std::nullopt) << other;
}

TEST_F(LocalAwsTest, HasEveryValueThatTheTaskDefinitionsName) {
    std::size_t values = 0;
    constexpr std::string_view kOfExpressMode = "shop_cluster_dev-shop_service_web_dev";
    for (const auto service : {shop::kBackend, shop::kApi, shop::kWorker, shop::kReport, kOfExpressMode}) {
        const auto described =
            parse_json(
                aws_call(kEcs + "DescribeTaskDefinition", dump_json({{"taskDefinition", std::string(service)}})).body)
                .value_or(Json());
        for (const auto& secret : described["taskDefinition"]["containerDefinitions"][0]["secrets"]) {
            const std::string from = secret["valueFrom"];
            ++values;
            const bool is_secret = from.starts_with("arn:aws:secretsmanager:");
            // A key of the secret's JSON stands behind its ARN.
            const auto name = from.substr(0, from.find(":password::"));
            EXPECT_NE(aws_.referred_to((is_secret ? "secretsmanager:" : "ssm:") + name), std::nullopt) << from;
        }
    }
    EXPECT_EQ(values, 11U);
}

TEST(FunctionEnvironment, HoldsNothingOfTheUsersButBehaviour) {
    const testing::FakeEnvironment user({{"AWS_ACCESS_KEY_ID", "AKIAREAL"},
                                         {"AWS_SESSION_TOKEN", "real-token"},
                                         {"AWS_PROFILE", "prod"},
                                         {"SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/real"},
                                         {"PROJECT_NAME", "mine"},
                                         {"SERVICE_CONFIG", "{}"},
                                         {"AWS_ENDPOINT_URL", "https://elsewhere"},
                                         {"HTTP_PROXY", "http://proxy"},
                                         {"DRY_RUN", "true"},
                                         {"AUTO_DEPLOY_MAP", R"({"api":false})"},
                                         {"ENABLE_S3_MONITORING", "false"},
                                         {"LOG_LEVEL", "debug"},
                                         {"PATH", "/bin"}});
    const auto passed = function_environment(1234, user, UserSettings::kPassed);
    EXPECT_EQ(passed.at("DRY_RUN"), "true");
    EXPECT_EQ(passed.at("AUTO_DEPLOY_MAP"), R"({"api":false})");
    EXPECT_EQ(passed.at("ENABLE_S3_MONITORING"), "false");
    EXPECT_EQ(passed.at("PATH"), "/bin");
    EXPECT_EQ(passed.at("PROJECT_NAME"), "shop");
    EXPECT_EQ(passed.at("SERVICE_CONFIG"), shop::kServiceConfig);
    EXPECT_EQ(passed.at("AWS_ACCESS_KEY_ID"), kFunctionAccessKey);
    EXPECT_EQ(passed.at("AWS_ENDPOINT_URL_ECS"), "http://127.0.0.1:1234");
    for (const auto& [name, value] : passed)
        EXPECT_THAT(value, ::testing::Not(::testing::AnyOf("AKIAREAL", "real-token", "prod", "https://elsewhere",
                                                           "http://proxy", "https://hooks.slack.com/services/real")))
            << name;

    const auto demo = function_environment(1234, user, UserSettings::kLogging);
    EXPECT_EQ(demo.at("LOG_LEVEL"), "debug");
    EXPECT_FALSE(demo.contains("DRY_RUN"));
    EXPECT_EQ(demo.at("AUTO_DEPLOY_MAP"), R"({"backend":true,"web":true})") << "the shop's own, not the user's";
}

}  // namespace
}  // namespace ci_lambda::sandbox
