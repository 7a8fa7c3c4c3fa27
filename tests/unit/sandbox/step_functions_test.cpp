#include "sandbox/stepfunctions/step_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "pipelines/state_machine.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/stepfunctions/language.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kMachine = "arn:aws:states:us-east-1:123456789012:stateMachine:shop_pipelines_dev";
const std::string kRun = "arn:aws:states:us-east-1:123456789012:execution:shop_pipelines_dev:e-1";

/// The shop's machine for pipelines, whose function a test plays.
class StepFunctionsTest : public ::testing::Test {
protected:
    Json call(const std::string& operation, const Json& request) {
        const auto answer = machines_.handle(operation, dump_json(request));
        auto json = parse_json(answer.body).value_or(Json());
        json["status_code"] = answer.status;
        return json;
    }
    /// The error's name; empty: it was none.
    std::string error(const std::string& operation, const Json& request) {
        return call(operation, request).value("__type", "");
    }
    Json start(const std::string& name = "e-1", const std::string& input = R"({"pipeline_run":{"stage":0}})") {
        return call("StartExecution", {{"stateMachineArn", kMachine}, {"name", name}, {"input", input}});
    }
    Json describe() { return call("DescribeExecution", {{"executionArn", kRun}}); }
    std::string status() { return describe().value("status", ""); }

    /// The call that waits longest, which is answered now.
    Json next_call() {
        EXPECT_FALSE(calls_.empty()) << "nobody called the function";
        answered_ = calls_.empty() ? TaskCall{} : calls_.front();
        if (!calls_.empty()) calls_.erase(calls_.begin());
        return parse_json(answered_.payload).value_or(Json());
    }
    void answers(const std::string& next, const Json& run, int wait_seconds = 15) {
        next_call();
        machines_.answer(
            answered_.id,
            {.payload = dump_json(
                 {{"status", "deployed"},
                  {"pipeline",
                   {{"run", run}, {"next", next}, {"wait_seconds", wait_seconds}, {"words", "stage says " + next}}}})});
    }
    void fails(const std::string& type) {
        next_call();
        machines_.answer(answered_.id, {.error = {.error = type, .cause = R"({"errorType":")" + type + R"("})"}});
    }
    void pass(seconds time) {
        clock_.advance(time);
        machines_.advance();
    }
    std::vector<std::string> history() {
        std::vector<std::string> types;
        for (const auto& event : call("GetExecutionHistory", {{"executionArn", kRun}}).at("events"))
            types.push_back(event.at("type"));
        return types;
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    std::vector<TaskCall> calls_;
    TaskCall answered_;
    StepFunctions machines_{
        {.state = shop_state_machines(clock_.now()), .on_call = [this](const TaskCall& one) { calls_.push_back(one); }},
        ids_,
        clock_};
};

TEST_F(StepFunctionsTest, CarriesAPipelineFromItsStartToItsEnd) {
    EXPECT_EQ(start().at("executionArn"), kRun);
    ASSERT_THAT(calls_, SizeIs(1));
    EXPECT_EQ(calls_.front().function, "arn:aws:lambda:us-east-1:123456789012:function:ci_lambda");
    EXPECT_EQ(*parse_json(calls_.front().payload),
              (Json{{"action", "pipeline"}, {"step", "start"}, {"run", {{"stage", 0}}}}));
    answers("look", {{"stage", 0}, {"began", true}});
    EXPECT_THAT(calls_, IsEmpty()) << "it waits";
    EXPECT_EQ(machines_.next_due(), clock_.now() + seconds{15});
    pass(seconds{14});
    EXPECT_THAT(calls_, IsEmpty());
    pass(seconds{1});
    EXPECT_EQ(*parse_json(calls_.at(0).payload),
              (Json{{"action", "pipeline"}, {"step", "look"}, {"run", {{"stage", 0}, {"began", true}}}}));
    answers("start", {{"stage", 1}}, 0);
    pass(seconds{1});
    EXPECT_EQ(parse_json(calls_.at(0).payload)->at("step"), "start");
    answers("completed", {{"stage", 2}});
    const auto end = describe();
    EXPECT_EQ(end.at("status"), "SUCCEEDED");
    EXPECT_EQ(*parse_json(end.at("output").get<std::string>()), (Json{{"pipeline_run", {{"stage", 2}}},
                                                                      {"next", "completed"},
                                                                      {"wait_seconds", 15},
                                                                      {"words", "stage says completed"}}));
    EXPECT_EQ(machines_.next_due(), std::nullopt);
    EXPECT_THAT(history(),
                ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
                            "TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited", "WaitStateEntered",
                            "WaitStateExited", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
                            "TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited", "WaitStateEntered",
                            "WaitStateExited", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
                            "TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited", "SucceedStateEntered",
                            "SucceedStateExited", "ExecutionSucceeded"));
}

TEST_F(StepFunctionsTest, EndsWithTheFunctionsWordsWhereAStageHasFailed) {
    start();
    answers("compensate", {{"stage", 1}});
    pass(seconds{15});
    EXPECT_EQ(parse_json(calls_.at(0).payload)->at("step"), "compensate");
    answers("failed", {{"stage", 1}});
    EXPECT_EQ(describe().at("status"), "FAILED");
    EXPECT_EQ(describe().at("error"), kPipelineFailedError);
    EXPECT_EQ(describe().at("cause"), "stage says failed");
    call("RedriveExecution", {{"executionArn", kRun}});
    EXPECT_EQ(status(), "FAILED") << "a Fail state is only entered again";
    EXPECT_THAT(calls_, IsEmpty());
    EXPECT_EQ(describe().at("redriveCount"), 1);
}

TEST_F(StepFunctionsTest, WhatTheMachineDoesNotKnowFailsWithTheWayOut) {
    start();
    answers("dance", Json::object());
    EXPECT_EQ(describe().at("error"), "PipelineNotUnderstood");
    EXPECT_THAT(describe().at("cause").get<std::string>(), HasSubstr("ci_lambda pipeline asl"));
}

TEST_F(StepFunctionsTest, AnAnswerOfAnotherFormFailsTheExecution) {
    start();
    next_call();
    machines_.answer(answered_.id, {.payload = R"({"status":"ignored"})"});
    EXPECT_EQ(describe().at("error"), "States.Runtime");
    EXPECT_THAT(describe().at("cause").get<std::string>(), HasSubstr("$.Payload.pipeline"));
}

TEST_F(StepFunctionsTest, TriesAgainWithGrowingPausesAndThenIsRedriven) {
    start();
    for (const int pause : {5, 10, 20, 40, 60, 60}) {
        fails("Function.DeploymentFailed");
        EXPECT_THAT(calls_, IsEmpty());
        pass(seconds{pause - 1});
        EXPECT_THAT(calls_, IsEmpty()) << pause;
        pass(seconds{1});
        EXPECT_THAT(calls_, SizeIs(1)) << pause;
    }
    fails("Function.DeploymentFailed");
    EXPECT_EQ(describe().at("error"), "Function.DeploymentFailed");
    EXPECT_EQ(describe().at("redriveStatus"), "REDRIVABLE");
    const Json redrive{{"executionArn", kRun}, {"clientToken", "t-1"}};
    EXPECT_EQ(call("RedriveExecution", redrive).at("status_code"), 200);
    EXPECT_EQ(call("RedriveExecution", redrive).at("status_code"), 200) << "the same token";
    EXPECT_THAT(calls_, SizeIs(1));
    EXPECT_EQ(status(), "RUNNING");
    EXPECT_EQ(error("RedriveExecution", {{"executionArn", kRun}, {"clientToken", "t-2"}}), "ExecutionNotRedrivable");
    answers("completed", Json::object());
    EXPECT_EQ(status(), "SUCCEEDED");
    EXPECT_EQ(describe().at("redriveCount"), 1);
    EXPECT_EQ(error("RedriveExecution", {{"executionArn", kRun}, {"clientToken", "t-3"}}), "ExecutionNotRedrivable");
}

TEST_F(StepFunctionsTest, WhatStaysWrongIsNotTriedAgain) {
    start();
    fails("Function.InvalidEvent");
    EXPECT_EQ(status(), "FAILED");
}

TEST_F(StepFunctionsTest, ABusyFunctionIsAskedForAQuarterOfAnHour) {
    start();
    const auto began = clock_.now();
    for (int i = 0; i < 20; ++i) {
        fails("Lambda.TooManyRequestsException");
        const auto due = machines_.next_due();
        ASSERT_TRUE(due) << i;
        pass(std::chrono::duration_cast<seconds>(*due - clock_.now()));
    }
    EXPECT_GE(clock_.now() - began, std::chrono::minutes{14});
    fails("Lambda.TooManyRequestsException");
    EXPECT_EQ(status(), "FAILED");
}

TEST_F(StepFunctionsTest, ATaskThatTakesTooLongIsTriedAgainAndItsLateAnswerIsDropped) {
    start();
    next_call();
    const auto late = answered_;
    pass(seconds{960});
    EXPECT_THAT(calls_, IsEmpty()) << "first a pause";
    pass(seconds{5});
    ASSERT_THAT(calls_, SizeIs(1));
    machines_.answer(late.id, {.payload = R"({"pipeline":{"next":"completed"}})"});
    EXPECT_EQ(status(), "RUNNING");
    answers("completed", Json::object());
    EXPECT_EQ(status(), "SUCCEEDED");
}

TEST_F(StepFunctionsTest, TheNameMakesAStartIdempotentWhileItRuns) {
    const auto first = start();
    EXPECT_EQ(start(), first);
    EXPECT_THAT(calls_, SizeIs(1)) << "nothing was begun twice";
    const auto again = [&](const std::string& input) {
        return error("StartExecution", {{"stateMachineArn", kMachine}, {"name", "e-1"}, {"input", input}});
    };
    EXPECT_EQ(again("{}"), "ExecutionAlreadyExists");
    answers("superseded", Json::object());
    EXPECT_EQ(status(), "SUCCEEDED");
    EXPECT_EQ(again(R"({"pipeline_run":{"stage":0}})"), "ExecutionAlreadyExists") << "it has ended";
    EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(StepFunctionsTest, StopsAnExecutionAndDropsWhatItsTaskSays) {
    start();
    next_call();
    const Json stop{{"executionArn", kRun}, {"error", "Stopped"}, {"cause", "by alice"}};
    const auto first = call("StopExecution", stop);
    EXPECT_EQ(first.at("status_code"), 200);
    machines_.answer(answered_.id, {.payload = "{}"});
    EXPECT_EQ(describe().at("status"), "ABORTED");
    EXPECT_EQ(describe().at("cause"), "by alice");
    clock_.advance(seconds{9});
    EXPECT_EQ(call("StopExecution", stop), first) << "it is over already";
}

TEST_F(StepFunctionsTest, ListsNewestFirstPageByPage) {
    for (const auto* name : {"a", "b", "c"}) {
        start(name);
        clock_.advance(seconds{1});
    }
    answers("completed", Json::object());
    const auto names = [](const Json& answer) {
        std::vector<std::string> all;
        for (const auto& one : answer.at("executions")) all.push_back(one.at("name"));
        return all;
    };
    const auto list = [&](Json more) {
        more["stateMachineArn"] = kMachine;
        return call("ListExecutions", more);
    };
    EXPECT_THAT(names(list(Json::object())), ElementsAre("a", "c", "b")) << "a ended last";
    EXPECT_THAT(names(list({{"statusFilter", "RUNNING"}})), ElementsAre("c", "b"));
    const auto first = list({{"maxResults", 2}});
    EXPECT_THAT(names(first), ElementsAre("a", "c"));
    EXPECT_THAT(names(list({{"maxResults", 2}, {"nextToken", first.at("nextToken")}})), ElementsAre("b"));
    EXPECT_EQ(list({{"nextToken", "x"}}).at("__type"), "InvalidToken");
    EXPECT_THAT(machines_.page(), HasSubstr(R"("state": "Start")"));
}

TEST_F(StepFunctionsTest, RefusesWhatAwsRefuses) {
    const auto with = [](const std::string& name, const std::string& input) {
        return Json{{"stateMachineArn", kMachine}, {"name", name}, {"input", input}};
    };
    EXPECT_EQ(error("StartExecution", with("a b", "{}")), "InvalidName");
    EXPECT_EQ(error("StartExecution", with(std::string(81, 'a'), "{}")), "InvalidName");
    EXPECT_EQ(error("StartExecution", with("a", "{")), "InvalidExecutionInput");
    EXPECT_EQ(error("StartExecution", with("a", '"' + std::string(300'000, 'x') + '"')), "InvalidExecutionInput");
    EXPECT_EQ(error("StartExecution", {{"stateMachineArn", kMachine + "2"}}), "StateMachineDoesNotExist");
    EXPECT_EQ(error("StartExecution", {{"stateMachineArn", "shop"}}), "InvalidArn");
    EXPECT_EQ(error("StopExecution", {{"executionArn", kRun}}), "ExecutionDoesNotExist");
    EXPECT_EQ(error("SendTaskSuccess", Json::object()), "UnknownOperationException");
    EXPECT_THAT(calls_, IsEmpty());
}

// --- the language ---------------------------------------------------------------------------------------------------

TEST_F(StepFunctionsTest, KeepsMachinesAndTheirNames) {
    const auto text = state_machine_definition("ci_lambda");
    const auto make = [&](const std::string& definition, const std::string& type = "STANDARD") {
        return call(
            "CreateStateMachine",
            {{"name", "other"}, {"definition", definition}, {"roleArn", "arn:aws:iam::1:role/r"}, {"type", type}});
    };
    const auto made = make(text);
    EXPECT_EQ(make(text), made);
    EXPECT_EQ(make(text, "EXPRESS").at("__type"), "StateMachineTypeNotSupported");
    EXPECT_EQ(make(R"({"StartAt":"A","States":{"A":{"Type":"Succeed"}}})").at("__type"), "StateMachineAlreadyExists");
    EXPECT_EQ(make("{").at("__type"), "InvalidDefinition");
    EXPECT_EQ(call("DescribeStateMachine", {{"stateMachineArn", made.at("stateMachineArn")}}).at("definition"), text);
    EXPECT_THAT(call("ListStateMachines", Json::object()).at("stateMachines"), SizeIs(2));
}

std::string why(const std::string& states) {
    return why_not_taken(*parse_json(R"({"StartAt":"A","States":{)" + states + "}}"));
}

TEST(StatesLanguage, TakesOurMachineAndRefusesWhatItWouldNotCarryOut) {
    EXPECT_EQ(why_not_taken(*parse_json(state_machine_definition("ci"))), "");
    const std::vector<std::pair<std::string, std::string>> refused{
        {R"("A":{"Type":"Parallel"})", "does not know the type of state 'Parallel' at /States/A"},
        {R"("A":{"Type":"Succeed","Next":"A"})", "does not know the field 'Next'"},
        {R"("A":{"Type":"Pass"})", "one of 'Next' and 'End' is needed"},
        {R"("A":{"Type":"Pass","Next":"B"})", "there is no state 'B'"},
        {R"("A":{"Type":"Pass","End":true,"InputPath":"$.a"})", "does not know the field 'InputPath'"},
        {R"("A":{"Type":"Pass","End":true,"ResultPath":"$.a[0]"})", "'ResultPath' has to be"},
        {R"x("A":{"Type":"Pass","End":true,"Parameters":{"a.$":"States.UUID()"}})x", "simple paths only"},
        {R"("A":{"Type":"Wait","End":true})", "one of 'Seconds' and 'SecondsPath'"},
        {R"("A":{"Type":"Wait","End":true,"Seconds":-1})", "has to be a whole number"},
        {R"("A":{"Type":"Wait","End":true,"SecondsPath":"$..a"})", "does not understand the path '$..a'"},
        {R"("A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::sns:publish"})", "lambda:invoke only"},
        {R"("A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke"})", "need a 'FunctionName'"},
        {R"("A":{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":1,"Next":"A"}]})", "'NumericEquals'"},
        {R"("A":{"Type":"Choice","Choices":[{"Variable":"$.a","Next":"A"}]})", "one of 'StringEquals'"},
        {R"("A":{"Type":"Choice"})", "'Choices' are missing"},
        {R"("A":{"Type":"Fail","CausePath":"words"})", "does not understand the path 'words'"},
    };
    for (const auto& [states, words] : refused) EXPECT_THAT(why(states), HasSubstr(words)) << states;
    const std::string task = R"("A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke",)"
                             R"("Parameters":{"FunctionName":"f"},)";
    EXPECT_EQ(why(task + R"("Retry":[{"ErrorEquals":["States.ALL"]}]})"), "");
    EXPECT_THAT(why(task + R"("Retry":[{"ErrorEquals":[]}]})"), HasSubstr("has to be a list of names"));
    EXPECT_THAT(why(task + R"("Retry":[{"ErrorEquals":["X"],"JitterStrategy":"FULL"}]})"), HasSubstr("JitterStrategy"));
    EXPECT_THAT(why(task + R"("Catch":[{"ErrorEquals":["X"],"Next":"B"}]})"), HasSubstr("there is no state 'B'"));
    EXPECT_THAT(why_not_taken(Json::array()), HasSubstr("a JSON object is expected"));
    EXPECT_THAT(why_not_taken({{"QueryLanguage", "JSONata"}}), HasSubstr("JSONPath only"));
}

/// What the rest of the language does, in one machine.
TEST_F(StepFunctionsTest, ReadsChoosesCatchesAndPlacesResults) {
    call("CreateStateMachine", {{"name", "other"}, {"roleArn", "arn:aws:iam::1:role/r"}, {"definition", R"({
        "StartAt":"Choose","States":{
         "Choose":{"Type":"Choice","Choices":[{"Variable":"$.go","BooleanEquals":true,"Next":"Fill"},
                                               {"Variable":"$.list[1]","IsPresent":false,"Next":"End"}]},
         "Fill":{"Type":"Pass","ResultPath":"$.filled.here","Next":"Ask",
                 "Parameters":{"second.$":"$.list[1]","name.$":"$$.Execution.Name","fixed":[1,{"a.$":"$.go"}]}},
         "Ask":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","ResultPath":null,
                "Parameters":{"FunctionName":"ci_lambda","Payload.$":"$.filled"},
                "Catch":[{"ErrorEquals":["Other"],"Next":"End"},
                         {"ErrorEquals":["States.TaskFailed"],"ResultPath":"$.went_wrong","Next":"End"}],"End":true},
         "End":{"Type":"Succeed"}}})"}});
    const std::string machine = "arn:aws:states:us-east-1:123456789012:stateMachine:other";
    const std::string run = "arn:aws:states:us-east-1:123456789012:execution:other:";
    const auto begin = [&](const std::string& name, const std::string& input) {
        call("StartExecution", {{"stateMachineArn", machine}, {"name", name}, {"input", input}});
    };
    const auto ended = [&](const std::string& name) {
        return call("DescribeExecution", {{"executionArn", run + name}});
    };
    begin("n", R"({"go":true,"list":[1,"two"]})");
    const Json filled{{"second", "two"}, {"name", "n"}, {"fixed", {1, {{"a", true}}}}};
    EXPECT_EQ(*parse_json(calls_.at(0).payload), (Json{{"here", filled}}));
    fails("Function.X");
    EXPECT_EQ(*parse_json(ended("n").at("output").get<std::string>()),
              (Json{{"go", true},
                    {"list", {1, "two"}},
                    {"filled", {{"here", filled}}},
                    {"went_wrong", {{"Error", "Function.X"}, {"Cause", R"({"errorType":"Function.X"})"}}}}));
    begin("discards", R"({"go":true,"list":[1,2]})");
    next_call();
    machines_.answer(answered_.id, {.payload = R"({"a":1})"});
    EXPECT_FALSE(parse_json(ended("discards").at("output").get<std::string>())->contains("a"));
    begin("absent", R"({"list":[1]})");
    EXPECT_EQ(ended("absent").at("status"), "SUCCEEDED");
    begin("none", R"({"list":[1,2]})");
    EXPECT_EQ(ended("none").at("error"), "States.NoChoiceMatched");
    begin("missing", R"({"go":true,"list":[1]})");
    EXPECT_EQ(ended("missing").at("error"), "States.Runtime");
}

TEST_F(StepFunctionsTest, AStateThatGrowsTooLargeFailsForGood) {
    start();
    answers("look", std::string(kMostStateData, 'x'));
    EXPECT_EQ(describe().at("error"), "States.DataLimitExceeded");
}

TEST_F(StepFunctionsTest, AnExecutionHasAtMostSoManyEvents) {
    call("CreateStateMachine", {{"name", "loop"},
                                {"roleArn", "arn:aws:iam::1:role/r"},
                                {"definition", R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}})"}});
    call("StartExecution",
         {{"stateMachineArn", "arn:aws:states:us-east-1:123456789012:stateMachine:loop"}, {"name", "n"}});
    const std::string run = "arn:aws:states:us-east-1:123456789012:execution:loop:n";
    EXPECT_THAT(call("DescribeExecution", {{"executionArn", run}}).at("cause").get<std::string>(), HasSubstr("25000"));
    const auto last = call("GetExecutionHistory", {{"executionArn", run}, {"reverseOrder", true}, {"maxResults", 1}});
    EXPECT_EQ(last.at("events").at(0).at("type"), "ExecutionFailed");
    EXPECT_EQ(last.at("events").at(0).at("id"), 25'001);
}

}  // namespace
}  // namespace ci_lambda::sandbox
