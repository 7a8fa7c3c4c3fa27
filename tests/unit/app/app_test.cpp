#include "app/app.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/doctor.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kManual = R"({"service":"api","reason":"a test wants it"})";
constexpr const char* kCompleted = R"({"source":"aws.ecs","detail-type":"ECS Deployment State Change",
    "resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"],
    "detail":{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_COMPLETED","deploymentId":"ecs-svc/1",
              "reason":"ECS deployment ecs-svc/1 completed."}})";

/// One server is ECS (`POST /`) and Slack (any other path).
class AppTest : public ::testing::Test {
protected:
    AppTest() {
        environment_.set("PROJECT_NAME", "shop");
        environment_.set("PROJECT_ENV", "dev");
        environment_.set("SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"k"}],"worker":[{"bucket":"b","key":"k"}]})");
        environment_.set("AWS_ENDPOINT_URL_ECS", server_.url());
        environment_.set("SLACK_WEBHOOK_URL", server_.url("/services/T000/B000/webhooksecret"));
        environment_.set("AWS_ACCESS_KEY_ID", "AKID");
        environment_.set("AWS_SECRET_ACCESS_KEY", "topsecretaccesskey");
        environment_.set("AWS_SESSION_TOKEN", "topsecretsessiontoken");
        environment_.set("MAX_DEPLOYMENT_RETRIES", "0");
        environment_.set("LOG_LEVEL", "debug");
    }

    ServerReply answer(const ServerRequest& request) {
        if (request.line() != "POST / HTTP/1.1") return slack_;
        const auto target = request.header("X-Amz-Target");
        const auto operation = target.substr(target.find('.') + 1);
        if (const auto found = overrides_.find(operation); found != overrides_.end()) return found->second;
        if (operation == "ListTaskDefinitions")
            return reply(200, R"({"taskDefinitionArns":[")"
                              "arn:aws:ecs:us-east-1:1:task-definition/" +
                                  *find_string(*parse_json(request.body), "familyPrefix") + R"(:42"]})");
        if (operation == "DescribeServices") return reply(200, R"({"services":[],"failures":[]})");
        if (operation == "DescribeClusters")
            return reply(200, R"({"clusters":[{"clusterName":"shop_cluster_dev","status":"ACTIVE"}]})");
        if (operation == "ListServices") return reply(200, R"({"serviceArns":[]})");
        if (request.body.find("worker") != std::string::npos) return worker_update_;
        return reply(200,
                     R"({"service":{"deployments":[{"id":"ecs-svc/1","status":"PRIMARY","taskDefinition":"td:42"}]}})");
    }

    std::unique_ptr<App> app(AppOptions options = {}) {
        auto created = App::create(std::move(options), environment_, log_.sink, clock_, sleeper_);
        EXPECT_THAT(created, IsOk());
        return std::move(*created);
    }
    Handled handle(std::string_view event) { return app()->handle(event, Deadline::none()); }
    [[nodiscard]] std::vector<std::string> slack_messages() const {
        std::vector<std::string> bodies;
        for (const auto& request : server_.requests())
            if (request.line() != "POST / HTTP/1.1") bodies.push_back(request.body);
        return bodies;
    }

    std::map<std::string, ServerReply> overrides_;  // by the operation of ECS
    ServerReply slack_ = reply(200, "ok");
    ServerReply worker_update_ = reply(400, R"({"__type":"ClientException","message":"ECS says no"})");
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    SystemClock clock_;
    SystemSleeper sleeper_;
    RecordingLog log_;
};

TEST_F(AppTest, DeploysAndAnswersWithTheDocumentedShape) {
    const auto handled = handle(kManual);
    EXPECT_FALSE(handled.error);
    const auto json = *parse_json(to_json(handled.answer));
    EXPECT_EQ(json["status"], "deployed");
    EXPECT_THAT(json["detail"].get<std::string>(), HasSubstr("api"));
    ASSERT_THAT(json["deployments"], SizeIs(1));
    const auto& one = json["deployments"][0];
    EXPECT_EQ(one["service"], "api");
    EXPECT_EQ(one["status"], "deployed");
    EXPECT_EQ(one["cluster"], "shop_cluster_dev");
    EXPECT_EQ(one["ecs_service"], "shop_service_api_dev");
    EXPECT_EQ(one["task_definition"], "td:42");
    EXPECT_EQ(one["deployment_id"], "ecs-svc/1");
    EXPECT_EQ(one["attempts"], 1);
    EXPECT_FALSE(one.contains("error"));
}

TEST_F(AppTest, HasDeliveredTheNotificationWhenItReturns) {
    handle(kManual);
    EXPECT_THAT(slack_messages(), Contains(AllOf(HasSubstr("Deployment started: api"), HasSubstr("a test wants it"))));
}

TEST_F(AppTest, ADeploymentDoesNotCareWhatSlackDoes) {
    for (const auto& rude :
         {reply(500, "rollup_error"), reply(404, "no_service"), reply(429, "", "Retry-After: 99\r\n"),
          ServerReply{.bytes = "garbage", .close = true}, ServerReply{.close = true}}) {
        slack_ = rude;
        const auto handled = handle(kManual);
        EXPECT_FALSE(handled.error);
        EXPECT_EQ(handled.answer.status, "deployed");
    }
}

TEST_F(AppTest, NamesEachFailedAndEachStartedServiceInTheInvocationsError) {
    const auto handled = handle(R"({"source":"aws.s3","detail-type":"Object Created",
                                    "detail":{"bucket":{"name":"b"},"object":{"key":"k"}}})");
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    EXPECT_THAT(handled.error->message,
                AllOf(HasSubstr("worker: "), HasSubstr("ECS says no"), HasSubstr("Started: api")));
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.deployments, SizeIs(2));
}

TEST_F(AppTest, RefusesBadInputAsInvalidEvent) {
    for (const std::string event : {"", "nonsense", "[]", R"({"source":"action.deploy","detail":{}})"}) {
        const auto handled = handle(event);
        ASSERT_TRUE(handled.error) << event;
        EXPECT_EQ(handled.error->type, "Function.InvalidEvent");
    }
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(AppTest, IgnoresWhatIsNotOursWithoutTouchingAws) {
    const auto handled = handle(R"({"source":"aws.ec2","detail-type":"x","detail":{}})");
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(handled.answer.detail, Not(IsEmpty()));
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(AppTest, PassesOnWhatEcsSays) {
    const auto handled = handle(kCompleted);
    EXPECT_EQ(handled.answer.status, "notified");
    EXPECT_THAT(slack_messages(),
                Contains(AllOf(HasSubstr(":white_check_mark:"), HasSubstr("Deployment completed: api"))));
}

TEST_F(AppTest, SaysThatANotificationWasNotDeliveredWithoutFailingTheInvocation) {
    slack_ = reply(404, "no_service");
    const auto handled = handle(kCompleted);
    EXPECT_FALSE(handled.error);
    EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("not delivered"), HasSubstr("no_service")));
}

TEST_F(AppTest, DoesNotClaimToHaveNotifiedWhenNobodyListens) {
    environment_.set("ENABLE_SLACK_NOTIFICATIONS", "false");
    const auto handled = handle(kCompleted);
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(handled.answer.detail, HasSubstr("no notification channel"));
}

TEST_F(AppTest, ADryRunSendsNoUpdateAndNoMessage) {
    environment_.set("DRY_RUN", "true");
    const auto handled = handle(kManual);
    EXPECT_EQ(handled.answer.status, "dry_run");
    EXPECT_THAT(handled.answer.deployments.at(0).task_definition, HasSubstr(":42"));
    for (const auto& request : server_.requests())
        EXPECT_THAT(request.header("X-Amz-Target"), Not(HasSubstr("UpdateService")));
    EXPECT_THAT(slack_messages(), IsEmpty());
}

TEST_F(AppTest, TheCommandLineCanAskForADryRun) {
    EXPECT_EQ(app({.dry_run = true})->handle(kManual, Deadline::none()).answer.status, "dry_run");
}

TEST_F(AppTest, NeverPrintsASecretNotEvenOneThatAnEventRepeats) {
    worker_update_ = reply(400, R"({"__type":"ClientException","message":"for topsecretsessiontoken"})");
    slack_ = reply(404, "<html>no page /services/T000/B000/webhooksecret here</html>");
    const std::string event = R"({"service":"worker","reason":"topsecretaccesskey and )" +
                              server_.url("/services/T000/B000/webhooksecret") + "\"}";
    const auto handled = handle(event);
    handle(kCompleted);
    const auto everything =
        log_.sink.text() + to_json(handled.answer) + handled.error->message + to_json(handle(kCompleted).answer);
    for (const std::string secret : {"topsecretaccesskey", "topsecretsessiontoken", "webhooksecret"})
        EXPECT_THAT(everything, Not(HasSubstr(secret)));
    EXPECT_THAT(log_.sink.text(), HasSubstr("event received")) << "the log is at debug";
}

TEST_F(AppTest, BadConfigurationNamesEverythingThatIsWrong) {
    environment_.set("DRY_RUN", "perhaps");
    environment_.set("AWS_ENDPOINT_URL_ECS", "nowhere");
    const auto created = App::create({}, environment_, log_.sink, clock_, sleeper_);
    EXPECT_THAT(created,
                IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("DRY_RUN"), HasSubstr("AWS_ENDPOINT_URL_ECS"))));
}

// --- the doctor -----------------------------------------------------------------------------------------------------

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

TEST_F(AppTest, TheDoctorAnswersMachinesToo) {
    const auto json = *parse_json(findings_json(
        {{Finding::Verdict::kOk, "cluster", "ACTIVE"}, {Finding::Verdict::kBad, "service api", "is missing"}}));
    EXPECT_EQ(json["healthy"], false);
    EXPECT_EQ(json["findings"][1]["verdict"], "bad");
    EXPECT_EQ(json["findings"][1]["subject"], "service api");
}

TEST_F(AppTest, TellsAHopelessEventOnceOverTheTriesOfLambda) {
    const auto same = app();
    for (const std::string event : {R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})",
                                    R"({"service":"worker","reason":"without an id"})"}) {
        const auto before = slack_messages().size();
        for (int attempt = 0; attempt < 3; ++attempt) EXPECT_TRUE(same->handle(event, Deadline::none()).error);
        EXPECT_EQ(slack_messages().size(), before + 1) << event;
    }
}

TEST_F(AppTest, TellsAHopelessEventAgainWhenSlackDidNotGetIt) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})";
    slack_ = reply(404, "no_service");
    same->handle(kEvent, Deadline::none());
    slack_ = reply(200, "ok");
    same->handle(kEvent, Deadline::none());
    same->handle(kEvent, Deadline::none());
    ASSERT_THAT(slack_messages(), SizeIs(2));
    EXPECT_THAT(slack_messages()[1], HasSubstr("a message before this one may not have arrived"));
}

TEST_F(AppTest, TellsWhatEcsRepeatsWithoutADeploymentOnceWithEcsOwnName) {
    const auto same = app();
    const auto impaired = [](const std::string& id, const std::string& time) {
        return R"({"source":"aws.ecs","detail-type":"ECS Service Action","id":")" + id + R"(","time":")" + time +
               R"(","resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"],
                "detail":{"eventType":"WARN","eventName":"SERVICE_TASK_START_IMPAIRED"}})";
    };
    EXPECT_EQ(same->handle(impaired("i1", "2026-03-01T10:00:00Z"), Deadline::none()).answer.status, "notified");
    const auto again = same->handle(impaired("i2", "2026-03-01T10:05:00Z"), Deadline::none());
    EXPECT_EQ(again.answer.status, "ignored");
    EXPECT_THAT(again.answer.detail, HasSubstr("said before"));
    ASSERT_THAT(slack_messages(), SizeIs(1));
    EXPECT_THAT(slack_messages()[0], HasSubstr("SERVICE_TASK_START_IMPAIRED"));
}

/// Thirty services that share a file, and a Slack that takes one message a second; time passes only when somebody
/// waits.
class ManyServicesTest : public AppTest {
protected:
    static constexpr int kServices = 30;

    ManyServicesTest() {
        std::vector<std::string> files;
        for (const auto& id : ids()) files.push_back('"' + id + R"(":[{"bucket":"b","key":"k"}])");
        environment_.set("SERVICE_CONFIG", '{' + join(files, ",") + '}');
        environment_.set("SLACK_WEBHOOK_URL", hook_.url("/services/T000/B000/hook"));
        auto created = App::create({}, environment_, log_.sink, time_, pause_);
        EXPECT_THAT(created, IsOk());
        app_ = std::move(*created);
    }
    /// s01 to s29, and the worker, which ECS refuses.
    static std::vector<std::string> ids() {
        std::vector<std::string> all;
        for (int i = 1; i < kServices; ++i) all.push_back((i < 10 ? "s0" : "s") + std::to_string(i));
        all.emplace_back("worker");
        return all;
    }
    static std::string completed(const std::string& id, int number) {
        return R"({"source":"aws.ecs","detail-type":"ECS Deployment State Change","id":"c)" + std::to_string(number) +
               R"(","resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_)" + id +
               R"(_dev"],"detail":{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_COMPLETED","deploymentId":"ecs-svc/)" +
               std::to_string(number) + R"(","reason":"done"}})";
    }
    Handled handle(const std::string& event, Milliseconds lambda_timeout = std::chrono::minutes{2}) {
        return app_->handle(event, Deadline::after(time_, lambda_timeout));
    }
    /// What Slack took. It refuses what comes within a second of the last one.
    ServerReply one_a_second(const ServerRequest& request) {
        const std::scoped_lock lock(mutex_);
        const auto now = time_.now();
        if (now < next_) {
            ++refused_;
            return reply(429, "rate_limited", "Retry-After: " + retry_after_ + "\r\n");
        }
        next_ = now + std::chrono::seconds{1};
        taken_.push_back(request.body);
        return reply(200, "ok");
    }
    std::vector<std::string> taken() {
        const std::scoped_lock lock(mutex_);
        return taken_;
    }

    FakeClock time_;
    FakeSleeper pause_{time_};
    std::mutex mutex_;
    WallTime next_{};
    int refused_ = 0;
    std::string retry_after_ = "1";
    std::vector<std::string> taken_;
    LoopbackServer hook_{[this](const ServerRequest& request) { return one_a_second(request); }};
    std::unique_ptr<App> app_;
};

TEST_F(ManyServicesTest, OneEventIsOneMessageWithTheErrorFirst) {
    const auto handled = handle(
        R"({"source":"aws.s3","detail-type":"Object Created","id":"e1","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}})");
    EXPECT_THAT(handled.answer.deployments, SizeIs(kServices));
    ASSERT_THAT(taken(), SizeIs(1));
    const auto message = *parse_json(taken()[0]);
    EXPECT_EQ(message["blocks"][0]["text"]["text"], ":x: *Deployments: 1 could not start, 29 started*");
    const std::string lines = message["blocks"][2]["text"]["text"];
    EXPECT_THAT(lines, ::testing::StartsWith(":x: worker: could not start"));
    EXPECT_THAT(lines, HasSubstr("ECS says no"));
    for (const auto& id : ids()) EXPECT_THAT(taken()[0], HasSubstr(id + ": "));
}

TEST_F(ManyServicesTest, LosesNothingAtOneMessageASecond) {
    for (const auto& id : ids()) handle(R"({"service":")" + id + "\"}");
    int number = 100;
    for (const auto& id : ids()) EXPECT_EQ(handle(completed(id, number++)).answer.status, "notified");
    const auto messages = taken();
    EXPECT_THAT(messages, SizeIs(2 * kServices));
    EXPECT_GT(refused_, kServices) << "or nothing was proven";
    for (const auto& id : ids()) {
        EXPECT_EQ(std::ranges::count_if(messages, [&](const auto& one) { return one.contains(": " + id + '*'); }), 2);
    }
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("notification lost")));
}

TEST_F(ManyServicesTest, NewsOfOneBatchAreOneMessage) {
    Json records = Json::array();
    int number = 100;
    for (const auto& id : ids()) {
        const auto name = std::to_string(number);
        records.push_back({{"messageId", "m" + name},
                           {"body", completed(id, number++)},
                           {"eventSource", "aws:sqs"},
                           {"eventSourceARN", "arn:aws:sqs:us-east-1:1:events"}});
    }
    const auto handled = handle(dump_json({{"Records", records}}));
    EXPECT_EQ(handled.answer.status, "notified");
    ASSERT_THAT(taken(), SizeIs(1));
    EXPECT_EQ((*parse_json(taken()[0]))["blocks"][0]["text"]["text"], ":white_check_mark: *Deployments: 30 completed*");
}

TEST_F(ManyServicesTest, WhatThereWasNoTimeForIsALogLineAndAWordInTheNextMessage) {
    handle(R"({"service":"s01"})");
    retry_after_ = "30";
    EXPECT_FALSE(handle(R"({"service":"s02"})", std::chrono::seconds{10}).error);
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("notification lost"), HasSubstr("Slack asks for a pause of")));
    time_.advance(std::chrono::minutes{1});
    handle(R"({"service":"s03"})");
    ASSERT_THAT(taken(), SizeIs(2));
    EXPECT_THAT(taken()[1], AllOf(HasSubstr("s03"), HasSubstr("a message before this one may not have arrived")));
}

/// Messages of a queue; each body asks for one service.
std::string queue_of(const std::vector<std::string>& services, const std::string& name = "events") {
    Json records = Json::array();
    for (const auto& service : services)
        records.push_back(
            {{"messageId", "m" + std::to_string(records.size())},
             {"body", dump_json({{"service", service}, {"reason", "r" + std::to_string(records.size())}})},
             {"attributes", {{"SentTimestamp", "1772359200000"}, {"MessageGroupId", "g"}}},
             {"eventSource", "aws:sqs"},
             {"eventSourceARN", "arn:aws:sqs:us-east-1:1:" + name}});
    return dump_json({{"Records", records}});
}

class BatchTest : public AppTest {
protected:
    [[nodiscard]] std::vector<std::string> updated() const {
        std::vector<std::string> services;
        for (const auto& request : server_.requests())
            if (request.header("X-Amz-Target").ends_with(".UpdateService"))
                services.push_back(*find_string(*parse_json(request.body), "service"));
        return services;
    }
    static std::vector<std::string> failed_ids(const Handled& handled) {
        return handled.answer.failed_messages.value_or(std::vector<std::string>{"(no answer for a queue)"});
    }
};

TEST_F(BatchTest, BecomesOneDeploymentOfEachServiceWithAllReasons) {
    const auto handled = handle(queue_of({"api", "api", "backend", "api"}));
    EXPECT_FALSE(handled.error);
    EXPECT_THAT(failed_ids(handled), IsEmpty());
    EXPECT_THAT(updated(), ::testing::UnorderedElementsAre("shop_service_api_dev", "shop_service_dev"));
    ASSERT_THAT(handled.answer.deployments, SizeIs(2));
    EXPECT_EQ(handled.answer.deployments[0].reason, "r0; r1; r3");
    EXPECT_THAT(to_json(handled.answer), HasSubstr(R"("batchItemFailures":[])"));
}

TEST_F(BatchTest, NamesExactlyTheMessagesThatAreToComeAgain) {
    auto batch = *parse_json(queue_of({"api", "worker", "api", "worker"}));
    batch["Records"][2]["body"] = "Test message.";
    const auto handled = handle(dump_json(batch));
    EXPECT_FALSE(handled.error) << "Lambda would deliver all of them again";
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m1", "m2", "m3"));
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(to_json(handled.answer), HasSubstr(R"("batchItemFailures":[{"itemIdentifier":"m1"},)"));
    EXPECT_THAT(updated(), SizeIs(2));
}

TEST_F(BatchTest, AnswersOnOneLineWhateverTheIdsAre) {
    auto batch = *parse_json(queue_of({"worker"}));
    batch["Records"][0]["messageId"] = "m\n\x1b[2K";
    const auto handled = handle(dump_json(batch));
    EXPECT_THAT(handled.answer.detail, ::testing::Not(::testing::ContainsRegex("[[:cntrl:]]")));
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m\n\x1b[2K")) << "the queue gets the id as it is";
}

TEST_F(BatchTest, KeepsTheOrderOfAFifoQueueAndStopsBehindAFailure) {
    const auto handled = handle(queue_of({"api", "api", "backend", "worker", "api"}, "events.fifo"));
    EXPECT_THAT(updated(),
                ::testing::ElementsAre("shop_service_api_dev", "shop_service_dev", "shop_service_worker_dev"));
    EXPECT_THAT(failed_ids(handled), ::testing::ElementsAre("m3", "m4"));
}

TEST_F(BatchTest, FailsAsAWholeWhereNoMessageCanFailByItself) {
    auto batch = *parse_json(queue_of({"worker"}));
    const auto body = batch["Records"][0]["body"];
    const auto handled = handle(
        dump_json({{"Records", {{{"EventSource", "aws:sns"}, {"Sns", {{"Message", body}, {"MessageId", "n"}}}}}}}));
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    EXPECT_FALSE(handled.answer.failed_messages);
}

TEST_F(BatchTest, AnswersAnEventThatComesAgainWithoutACallOrAMessage) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"api"}})";
    const auto first = same->handle(kEvent, Deadline::none());
    const auto requests = server_.requests().size();
    const auto second = same->handle(kEvent, Deadline::none());
    EXPECT_EQ(to_json(second.answer), to_json(first.answer));
    EXPECT_EQ(server_.requests().size(), requests);
    same->handle(queue_of({"api"}), Deadline::none());
    const auto after_queue = server_.requests().size();
    same->handle(queue_of({"api"}), Deadline::none());
    EXPECT_EQ(server_.requests().size(), after_queue) << "a message's own id does as well";
}

TEST_F(BatchTest, TriesAnEventAgainThatFailed) {
    const auto same = app();
    constexpr const char* kEvent = R"({"id":"e1","source":"action.deploy","detail":{"service":"worker"}})";
    EXPECT_TRUE(same->handle(kEvent, Deadline::none()).error);
    worker_update_ = reply(200, R"({"service":{"deployments":[{"id":"ecs-svc/2","status":"PRIMARY"}]}})");
    EXPECT_FALSE(same->handle(kEvent, Deadline::none()).error);
    EXPECT_THAT(updated(), SizeIs(2));
}

}  // namespace
}  // namespace ci_lambda::testing
