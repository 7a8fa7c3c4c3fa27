#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/app.hpp"
#include "base/json.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kWebhookSecret = "averysecrettoken";

/// The application with its configuration in a parameter. One server is ECS, SSM and Slack.
class DocumentInForceTest : public ::testing::Test {
protected:
    DocumentInForceTest() {
        environment_.set("CI_LAMBDA_CONFIG", "ssm:/shop/dev/ci_lambda");
        environment_.set("AWS_REGION", "us-east-1");
        environment_.set("AWS_ENDPOINT_URL", server_.url());
        environment_.set("AWS_ACCESS_KEY_ID", "AKID");
        environment_.set("AWS_SECRET_ACCESS_KEY", "topsecretaccesskey");
        environment_.set("MAX_DEPLOYMENT_RETRIES", "0");
    }

    /// The document, whose `api` has this name in ECS.
    void document_names(const std::string& name) {
        document_ = fmt::format(R"({{"project":"shop","environment":"dev", // the shop
            "services":{{"api":{{"service_name":"{}","task_family":"{}"}}}},
            "slack":{{"webhook":"ssm:/shop/dev/webhook"}}}})",
                                name, name);
        ++version_;
    }

    ServerReply answer(const ServerRequest& request) {
        if (request.line() != "POST / HTTP/1.1") return reply(200, "ok");
        const auto target = request.header("X-Amz-Target");
        const auto operation = target.substr(target.find('.') + 1);
        if (operation == "GetParameter") {
            ++reads_;
            if (!readable_) return reply(400, R"({"__type":"AccessDeniedException","message":"not authorized"})");
            const bool webhook = request.body.contains("webhook");
            const Json parameter{{"Name", webhook ? "/shop/dev/webhook" : "/shop/dev/ci_lambda"},
                                 {"Type", "SecureString"},
                                 {"Version", version_},
                                 {"Value", webhook ? server_.url("/services/T/B/") + kWebhookSecret : document_}};
            return reply(200, dump_json({{"Parameter", parameter}}));
        }
        if (operation == "ListTaskDefinitions")
            return reply(200, R"({"taskDefinitionArns":[")"
                              "arn:aws:ecs:us-east-1:1:task-definition/" +
                                  *find_string(*parse_json(request.body), "familyPrefix") + R"(:42"]})");
        if (operation == "DescribeServices") return reply(200, R"({"services":[],"failures":[]})");
        return reply(200,
                     R"({"service":{"deployments":[{"id":"ecs-svc/1","status":"PRIMARY","taskDefinition":"td:42"}]}})");
    }

    /// What a request deploys.
    std::string deployed(App& app) {
        const auto handled = app.handle(fmt::format(R"({{"service":"api","reason":"try {}"}})", ++tries_), Deadline());
        if (handled.answer.deployments.empty()) return handled.answer.detail;
        return handled.answer.deployments.front().target.service.str();
    }

    std::string document_;
    int version_ = 0;
    int reads_ = 0;
    int tries_ = 0;
    bool readable_ = true;
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
};

TEST_F(DocumentInForceTest, FromTheColdStartAndANewOneBetweenEvents) {
    document_names("front-door");
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());
    EXPECT_EQ(deployed(**app), "front-door");

    document_names("back-door");
    clock_.advance(minutes{4});
    EXPECT_EQ(deployed(**app), "front-door") << "it is asked for every five minutes";
    clock_.advance(minutes{2});
    EXPECT_EQ(deployed(**app), "back-door");
    EXPECT_THAT(log_.sink.text(), HasSubstr("a new configuration is in force"));
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr(kWebhookSecret)));
}

TEST_F(DocumentInForceTest, StaysWhereTheNextOneCannotBeReadOrIsWrong) {
    document_names("front-door");
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());

    readable_ = false;
    clock_.advance(minutes{6});
    EXPECT_EQ(deployed(**app), "front-door");
    EXPECT_THAT(log_.sink.text(),
                AllOf(HasSubstr("the configuration could not be renewed"), HasSubstr("ssm:GetParameter")));

    readable_ = true;
    document_ = R"({"project":"shop","environment":"dev","servcies":{}})";
    ++version_;
    clock_.advance(minutes{6});
    EXPECT_EQ(deployed(**app), "front-door");
    EXPECT_THAT(log_.sink.text(), HasSubstr("services"));

    document_names("back-door");
    clock_.advance(minutes{6});
    EXPECT_EQ(deployed(**app), "back-door");
}

TEST_F(DocumentInForceTest, StaysUntilTheCertificatesThatTheNextOneNamesAreThere) {
    document_names("front-door");
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());

    const auto bundle = ::testing::TempDir() + fmt::format("ca_bundle_{}.pem", ::getpid());
    std::filesystem::remove(bundle);
    document_ = fmt::format(R"({{"project":"shop","environment":"dev","aws":{{"ca_bundle":"{}"}},
        "services":{{"api":{{"service_name":"back-door","task_family":"back-door"}}}}}})",
                            bundle);
    ++version_;
    clock_.advance(minutes{6});
    EXPECT_EQ(deployed(**app), "front-door");
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("the configuration could not be renewed"), HasSubstr(bundle),
                                        Not(HasSubstr("a new configuration is in force"))));

    std::ofstream(bundle) << "nobody looks into it: all of this test is plain HTTP\n";
    clock_.advance(minutes{6});
    EXPECT_EQ(deployed(**app), "back-door");
    std::filesystem::remove(bundle);
}

TEST_F(DocumentInForceTest, IsAnErrorOfTheColdStartWhereItCannotBeRead) {
    readable_ = false;
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_FALSE(app);
    EXPECT_EQ(app.error().kind, ErrorKind::kConfiguration);
    EXPECT_THAT(app.error().message, AllOf(HasSubstr("ssm:/shop/dev/ci_lambda"), HasSubstr("ssm:GetParameter")));
}

TEST_F(DocumentInForceTest, TellsPeopleByAWebhookThatIsASecretElsewhere) {
    document_names("front-door");
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());
    deployed(**app);
    const auto requests = server_.requests();
    EXPECT_TRUE(
        std::ranges::any_of(requests, [](const auto& request) { return request.line().contains(kWebhookSecret); }));
    EXPECT_EQ((*app)->redactor().redact(std::string("to ") + kWebhookSecret), "to ***");
}

TEST_F(DocumentInForceTest, IsNotAskedForAgainWhereNothingCanChange) {
    environment_.set("CI_LAMBDA_CONFIG", R"({"project":"shop","environment":"dev","events":{"files":false}})");
    const auto app = App::create({}, environment_, log_.sink, clock_, sleeper_);
    ASSERT_THAT(app, IsOk());
    clock_.advance(minutes{60});
    EXPECT_EQ(deployed(**app), "shop_service_api_dev");
    EXPECT_EQ(reads_, 0);
}

}  // namespace
}  // namespace ci_lambda::testing
