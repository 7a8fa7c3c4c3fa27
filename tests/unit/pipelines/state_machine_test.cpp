#include "pipelines/state_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

using ::testing::HasSubstr;

Json definition() { return *parse_json(state_machine_definition("arn:aws:lambda:eu-west-1:1:function:ci")); }

TEST(StateMachine, IsReadFromTopToBottom) {
    const auto text = state_machine_definition("${Function}");
    EXPECT_TRUE(text.starts_with("{\n  \"Comment\": "));
    EXPECT_TRUE(text.ends_with("}\n"));
    EXPECT_LT(text.find(R"("Start": {)"), text.find(R"("Decide": {)"));
    EXPECT_THAT(text, HasSubstr(R"("FunctionName": "${Function}")"));
}

/// Terraform's module reads it, and the CloudFormation template is made of it. `./dev generate`
/// (CI_LAMBDA_UPDATE_DOCS=1) puts it there.
TEST(StateMachine, StandsInTheTemplates) {
    const std::string path = CI_LAMBDA_SOURCE_DIR "/infra/terraform/pipelines.asl.json";
    const auto wanted = state_machine_definition("${Function}");
    if (std::getenv("CI_LAMBDA_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), wanted) << path << " is stale. `./dev generate` writes it anew.";
    EXPECT_THAT(wanted, ::testing::Not(HasSubstr("%{"))) << "a directive of Terraform's templates";
}

TEST(StateMachine, EveryStateIsReachedAndEveryOneThatIsNamedIsThere) {
    const auto states = definition().at("States");
    std::set<std::string> named{definition().at("StartAt")};
    for (const auto& [name, state] : states.items()) {
        if (state.contains("Next")) named.insert(state.at("Next"));
        if (state.contains("Default")) named.insert(state.at("Default"));
        for (const auto& choice : state.value("Choices", Json::array())) named.insert(choice.at("Next"));
        EXPECT_FALSE(state.at("Comment").get<std::string>().empty()) << name;
    }
    std::set<std::string> there;
    for (const auto& [name, state] : states.items()) there.insert(name);
    EXPECT_EQ(named, there);
}

TEST(StateMachine, CallsByTheResourceOfTheFunctionsPartition) {
    const auto resource = [](std::string_view function) {
        return parse_json(state_machine_definition(function))
            ->at("States")
            .at("Look")
            .at("Resource")
            .get<std::string>();
    };
    EXPECT_EQ(resource("arn:aws:lambda:eu-west-1:1:function:ci"), "arn:aws:states:::lambda:invoke");
    EXPECT_EQ(resource("arn:aws-cn:lambda:cn-north-1:1:function:ci"), "arn:aws-cn:states:::lambda:invoke");
    EXPECT_EQ(resource("ci"), "arn:aws:states:::lambda:invoke");
    EXPECT_EQ(resource("${Function}"), "arn:${Partition}:states:::lambda:invoke");
}

TEST(StateMachine, LeadsWhereTheFunctionSays) {
    std::map<std::string, std::string> ways;
    const auto decide = definition().at("States").at("Decide");
    for (const auto& choice : decide.at("Choices")) ways[choice.at("StringEquals")] = choice.at("Next");
    EXPECT_EQ(ways, (std::map<std::string, std::string>{{"start", "WaitToStart"},
                                                        {"look", "Wait"},
                                                        {"compensate", "WaitToCompensate"},
                                                        {"completed", "Completed"},
                                                        {"superseded", "Superseded"},
                                                        {"failed", "Failed"},
                                                        {"stopped", "Stopped"}}));
    EXPECT_EQ(decide.at("Default"), "NotUnderstood");
    const auto states = definition().at("States");
    for (const auto& [wait, step] : std::map<std::string, std::string>{
             {"WaitToStart", "Start"}, {"Wait", "Look"}, {"WaitToCompensate", "Compensate"}}) {
        EXPECT_EQ(states.at(wait).at("SecondsPath"), "$.wait_seconds") << wait;
        EXPECT_EQ(states.at(wait).at("Next"), step);
    }
}

TEST(StateMachine, EachTaskSendsTheRunAndKeepsWhatTheNextStateNeeds) {
    const auto states = definition().at("States");
    for (const auto& [name, step] :
         std::map<std::string, std::string>{{"Start", "start"}, {"Look", "look"}, {"Compensate", "compensate"}}) {
        const auto& task = states.at(name);
        EXPECT_EQ(task.at("Resource"), "arn:aws:states:::lambda:invoke");
        EXPECT_EQ(task.at("Parameters").at("Payload"),
                  (Json{{"action", "pipeline"}, {"step", step}, {"run.$", "$.pipeline_run"}}));
        EXPECT_EQ(task.at("ResultSelector").at("pipeline_run.$"), "$.Payload.pipeline.run");
        EXPECT_GT(task.at("TimeoutSeconds"), 900) << "an invocation may take as long";
        EXPECT_FALSE(task.contains("Catch")) << "a redrive could not go on where the task failed";
    }
    EXPECT_EQ(states.at("Failed").at("Error"), kPipelineFailedError);
    EXPECT_EQ(states.at("Stopped").at("Error"), kPipelineStoppedError);
}

}  // namespace
}  // namespace ci_lambda
