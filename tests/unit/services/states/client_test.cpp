#include "services/states/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fake_state_machines.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kMachine = "arn:aws:states:eu-west-1:123456789012:stateMachine:pipelines";
const std::string kRun = "arn:aws:states:eu-west-1:123456789012:execution:pipelines:e-1";

class StatesClientTest : public ::testing::Test {
protected:
    [[nodiscard]] Json sent(std::size_t index = 0) const { return *parse_json(http_.requests().at(index).body); }
    [[nodiscard]] std::string operation(std::size_t index = 0) const {
        const auto request = http_.requests().at(index);
        for (const auto& header : request.headers)
            if (header.name == "X-Amz-Target") return header.value;
        return "";
    }
    FakeHttp& then_error(const std::string& code) {
        return http_.then(400, R"({"__type":"com.amazonaws.swf.service.v2.model#)" + code + R"(","message":"words"})");
    }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    StatesClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(StatesClientTest, StartsAnExecutionByItsName) {
    http_.then(200, R"({"executionArn":")" + kRun + R"(","startDate":1767262083.5})");
    const auto start = client_.start(kMachine, "e-1", R"({"a":"hunter2"})", Deadline::none());
    ASSERT_THAT(start, IsOk());
    EXPECT_EQ(start->begun, StateMachines::Begun::kRuns);
    EXPECT_EQ(start->execution, kRun);
    const auto request = http_.requests().front();
    EXPECT_EQ(request.url.reveal(), "https://states.eu-west-1.amazonaws.com/");
    EXPECT_EQ(request.signing->service, "states");
    EXPECT_TRUE(request.idempotent) << "the name makes it so";
    EXPECT_THAT(request.headers, ::testing::Contains(::testing::AllOf(
                                     ::testing::Field(&HttpHeader::name, "Content-Type"),
                                     ::testing::Field(&HttpHeader::value, "application/x-amz-json-1.0"))));
    EXPECT_THAT(request.body_in_log(request.body), Not(HasSubstr("hunter2")));
    EXPECT_EQ(operation(), "AWSStepFunctions.StartExecution");
    EXPECT_EQ(sent(), (Json{{"stateMachineArn", kMachine}, {"name", "e-1"}, {"input", R"({"a":"hunter2"})"}}));
}

TEST_F(StatesClientTest, ANameThatIsTakenIsAnAnswerThatSaysByWhich) {
    then_error("ExecutionAlreadyExists");
    const auto start = client_.start(kMachine + ":PROD", "e-1", "{}", Deadline::none());
    ASSERT_THAT(start, IsOk());
    EXPECT_EQ(start->begun, StateMachines::Begun::kNameIsTaken);
    EXPECT_EQ(start->execution, kRun);
}

TEST_F(StatesClientTest, WhatIsNoStateMachineIsNotAsked) {
    EXPECT_THAT(client_.start("arn:aws:lambda:eu-west-1:1:function:ci", "e-1", "{}", Deadline::none()),
                IsErr(ErrorKind::kConfiguration, HasSubstr("is not the ARN of a state machine")));
    EXPECT_THAT(http_.requests(), IsEmpty());
}

TEST_F(StatesClientTest, KnowsWhichRefusalsHeal) {
    then_error("ExecutionLimitExceeded");
    then_error("KmsThrottlingException");
    then_error("InvalidExecutionInput");
    const auto start = [&] { return client_.start(kMachine, "e-1", "{}", Deadline::none()); };
    EXPECT_THAT(start(), IsErr(ErrorKind::kBusy, HasSubstr("ExecutionLimitExceeded: words")));
    EXPECT_THAT(start(), IsErr(ErrorKind::kThrottled, HasSubstr("words")));
    EXPECT_THAT(start(), IsErr(ErrorKind::kRejected, HasSubstr("words")));
}

TEST_F(StatesClientTest, DescribesAnExecution) {
    http_.then(200, R"({"executionArn":")" + kRun + R"(","stateMachineArn":")" + kMachine + R"(","name":"e-1",
        "status":"FAILED","startDate":1767262083,"stopDate":1767262143.25,"input":"{\"a\":1}","error":"PipelineFailed",
        "cause":"api could not be deployed","redriveCount":2,"redriveStatus":"NOT_REDRIVABLE",
        "redriveStatusReason":"Execution is older than 14 days"})");
    const auto one = client_.describe(kRun, Deadline::none());
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(sent(), (Json{{"executionArn", kRun}}));
    EXPECT_EQ(one->listed.arn, kRun);
    EXPECT_EQ(one->listed.name, "e-1");
    EXPECT_EQ(one->listed.status, ExecutionStatus::kFailed);
    EXPECT_EQ(format_rfc3339(one->listed.started), "2026-01-01T10:08:03.000Z");
    EXPECT_EQ(format_rfc3339(one->listed.stopped.value()), "2026-01-01T10:09:03.250Z");
    EXPECT_EQ(one->input, R"({"a":1})");
    EXPECT_EQ(one->output, "");
    EXPECT_EQ(one->error, "PipelineFailed");
    EXPECT_EQ(one->cause, "api could not be deployed");
    EXPECT_EQ(one->redrives, 2);
    EXPECT_FALSE(one->redrivable);
    EXPECT_EQ(one->why_not_redrivable, "Execution is older than 14 days");
}

TEST_F(StatesClientTest, AStatusThatNobodyKnowsIsNotGuessed) {
    http_.then(200, R"({"executionArn":"arn:x","status":"DREAMING","startDate":1})");
    EXPECT_THAT(client_.describe("arn:x", Deadline::none()), IsErr(ErrorKind::kProtocol, HasSubstr("DREAMING")));
}

TEST_F(StatesClientTest, ListsPageByPageUntilItHasEnough) {
    const auto item = [](const std::string& name, const std::string& status) {
        return R"({"executionArn":"arn:)" + name + R"(","name":")" + name + R"(","status":")" + status +
               R"(","startDate":1767262083})";
    };
    http_.then(200, R"({"executions":[)" + item("c", "RUNNING") + "," + item("b", "RUNNING") + R"(],"nextToken":"t"})")
        .then(200, R"({"executions":[)" + item("a", "RUNNING") + "," + item("z", "RUNNING") + R"(],"nextToken":"u"})")
        .then(200, R"({"executions":[]})");
    const auto listed = client_.list(kMachine, ExecutionStatus::kRunning, 3, Deadline::none());
    ASSERT_THAT(listed, IsOk());
    std::vector<std::string> names;
    for (const auto& one : *listed) names.push_back(one.name);
    EXPECT_THAT(names, ElementsAre("c", "b", "a"));
    EXPECT_THAT(http_.requests(), SizeIs(2));
    EXPECT_EQ(sent(0), (Json{{"stateMachineArn", kMachine}, {"statusFilter", "RUNNING"}, {"maxResults", 3}}));
    EXPECT_EQ(sent(1).at("nextToken"), "t");

    EXPECT_THAT(client_.list(kMachine, std::nullopt, 5000, Deadline::none()).value(), IsEmpty());
    EXPECT_EQ(sent(2), (Json{{"stateMachineArn", kMachine}, {"maxResults", 1000}}));
}

TEST_F(StatesClientTest, AListThatIsNotUnderstoodIsNoShorterList) {
    http_.then(200, R"({"executions":[{"executionArn":"arn:a","status":"RUNNING","startDate":1},{"name":"b"}]})")
        .then(200, R"({"executions":7})");
    EXPECT_THAT(client_.list(kMachine, std::nullopt, 9, Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("not understood")));
    EXPECT_THAT(client_.list(kMachine, std::nullopt, 9, Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("no list")));
}

TEST_F(StatesClientTest, StopsWithWordsThatFit) {
    http_.then(200, R"({"stopDate":1767262083})");
    EXPECT_THAT(client_.stop(kRun, std::string(300, 'e'), std::string(40'000, 'c'), Deadline::none()), IsOk());
    EXPECT_EQ(operation(), "AWSStepFunctions.StopExecution");
    EXPECT_EQ(sent().at("executionArn"), kRun);
    EXPECT_EQ(sent().at("error"), std::string(255, 'e') + "…") << "counted in characters, as AWS does";
    EXPECT_EQ(sent().at("cause"), std::string(32'767, 'c') + "…");
    EXPECT_TRUE(http_.requests().front().idempotent);
}

TEST_F(StatesClientTest, RedrivesByAToken) {
    http_.then(200, R"({"redriveDate":1767262083})");
    then_error("ExecutionNotRedrivable");
    EXPECT_THAT(client_.redrive(kRun, "again-1", Deadline::none()), IsOk());
    EXPECT_EQ(operation(), "AWSStepFunctions.RedriveExecution");
    EXPECT_EQ(sent(), (Json{{"executionArn", kRun}, {"clientToken", "again-1"}}));
    const auto refused = client_.redrive(kRun, "again-2", Deadline::none());
    EXPECT_THAT(refused, IsErr(ErrorKind::kRejected, HasSubstr("words")));
    EXPECT_EQ(refused.error().code, "ExecutionNotRedrivable");
}

TEST_F(StatesClientTest, NamesThePermissionAndTheResourceAndKnowsWhatIsNotThere) {
    for (int i = 0; i < 5; ++i) then_error("AccessDeniedException");
    const auto none = Deadline::none();
    const auto needs = [](const std::string& what) {
        return IsErr(ErrorKind::kAccessDenied, HasSubstr("(needs " + what + ")"));
    };
    EXPECT_THAT(client_.start(kMachine, "e-1", "{}", none), needs("states:StartExecution on " + kMachine));
    EXPECT_THAT(client_.describe(kRun, none), needs("states:DescribeExecution on " + kRun));
    EXPECT_THAT(client_.list(kMachine, std::nullopt, 1, none), needs("states:ListExecutions on " + kMachine));
    EXPECT_THAT(client_.stop(kRun, "e", "c", none), needs("states:StopExecution on " + kRun));
    EXPECT_THAT(client_.redrive(kRun, "t", none), needs("states:RedriveExecution on " + kRun));
}

TEST_F(StatesClientTest, KnowsWhatIsNotThere) {
    then_error("StateMachineDoesNotExist");
    then_error("ExecutionDoesNotExist");
    const auto none = Deadline::none();
    EXPECT_THAT(client_.start(kMachine, "e-1", "{}", none), IsErr(ErrorKind::kNotFound, HasSubstr("words")));
    EXPECT_THAT(client_.stop(kRun, "e", "c", none), IsErr(ErrorKind::kNotFound, HasSubstr("words")));
}

TEST(ExecutionArn, IsTheMachinesWithTheNameAtItsEnd) {
    EXPECT_EQ(execution_arn(kMachine, "e-1"), kRun);
    EXPECT_EQ(execution_arn(kMachine + ":7", "e-1"), kRun);
    EXPECT_EQ(execution_arn("arn:aws-cn:states:cn-north-1:1:stateMachine:m", "n"),
              "arn:aws-cn:states:cn-north-1:1:execution:m:n");
    EXPECT_EQ(execution_arn("pipelines", "e-1"), std::nullopt);
    EXPECT_EQ(execution_arn("arn:aws:states:eu-west-1:1:stateMachine:", "e-1"), std::nullopt);
}

TEST(ExecutionStatuses, AreAwsOwnWords) {
    for (const auto* word : {"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"}) {
        const auto status = execution_status_of(word);
        ASSERT_TRUE(status) << word;
        EXPECT_EQ(to_string(*status), word);
        EXPECT_EQ(is_over(*status), !std::string(word).starts_with("RUN") && !std::string(word).starts_with("PEND"));
    }
    EXPECT_FALSE(execution_status_of("running"));
}

/// The fake is what others are tested with, so it keeps the rules that the facts name.
TEST(FakeStateMachinesTest, HasStepFunctionsRulesOfNames) {
    FakeStateMachines machines;
    const auto none = Deadline::none();
    const auto begun = [&](const std::string& input) { return machines.start(kMachine, "e-1", input, none)->begun; };
    EXPECT_EQ(begun("{}"), StateMachines::Begun::kRuns);
    EXPECT_EQ(begun("{}"), StateMachines::Begun::kRuns);
    EXPECT_EQ(begun("[]"), StateMachines::Begun::kNameIsTaken);
    EXPECT_THAT(machines.all(), SizeIs(1));
    machines.end(kRun, ExecutionStatus::kFailed, "PipelineFailed", "words");
    EXPECT_EQ(begun("{}"), StateMachines::Begun::kNameIsTaken);
    EXPECT_EQ(machines.describe(kRun, none)->cause, "words");

    EXPECT_THAT(machines.redrive(kRun, "t", none), IsOk());
    EXPECT_THAT(machines.redrive(kRun, "t", none), IsOk()) << "the same call again";
    EXPECT_EQ(machines.describe(kRun, none)->redrives, 1);
    EXPECT_FALSE(machines.redrive(kRun, "other", none)) << "it runs";
    EXPECT_THAT(machines.list(kMachine, ExecutionStatus::kRunning, 9, none).value(), SizeIs(1));
    EXPECT_THAT(machines.stop(kRun, "e", "c", none), IsOk());
    EXPECT_THAT(machines.list(kMachine, ExecutionStatus::kRunning, 9, none).value(), IsEmpty());
    EXPECT_THAT(machines.list(kMachine, ExecutionStatus::kAborted, 9, none).value(), SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
