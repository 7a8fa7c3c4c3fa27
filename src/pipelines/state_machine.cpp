#include "pipelines/state_machine.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace ci_lambda {
namespace {

/// In the order of writing: people read it, in the console and in their templates.
using Ordered = nlohmann::ordered_json;

/// A function has at most 900 s; the rest is for the call itself.
constexpr int kTaskTimeoutSeconds = 960;

Ordered retries() {
    return Ordered::array({
        {{"Comment", "What stays wrong however often it is sent"},
         {"ErrorEquals",
          Ordered::array({"Function.InvalidEvent", "Runtime.BadConfiguration", "Lambda.ResourceNotFoundException"})},
         {"MaxAttempts", 0}},
        {{"Comment", "Other events keep the function busy: a quarter of an hour is not too long for a pipeline"},
         {"ErrorEquals", Ordered::array({"Lambda.TooManyRequestsException"})},
         {"IntervalSeconds", 5},
         {"BackoffRate", 1.5},
         {"MaxDelaySeconds", 60},
         {"MaxAttempts", 20}},
        {{"Comment", "Each step may be made again: it looks first, and begins nothing twice"},
         {"ErrorEquals", Ordered::array({"States.TaskFailed", "States.Timeout"})},
         {"IntervalSeconds", 5},
         {"BackoffRate", 2},
         {"MaxDelaySeconds", 60},
         {"MaxAttempts", 6}},
    });
}

/// Of the region's partition, as the function's own ARN is.
std::string resource_for(std::string_view function) {
    constexpr std::string_view kArn = "arn:";
    std::string_view partition = "aws";
    if (function.starts_with("${")) partition = "${Partition}";
    if (function.starts_with(kArn)) {
        partition = function.substr(kArn.size());
        partition = partition.substr(0, partition.find(':'));
    }
    return fmt::format("arn:{}:states:::lambda:invoke", partition);
}

Ordered asking(std::string_view comment, std::string_view step, std::string_view function) {
    return {
        {"Type", "Task"},
        {"Comment", comment},
        {"Resource", resource_for(function)},
        {"Parameters",
         {{"FunctionName", function},
          {"Payload", {{"action", "pipeline"}, {"step", step}, {"run.$", "$.pipeline_run"}}}}},
        {"ResultSelector",
         {{"pipeline_run.$", "$.Payload.pipeline.run"},
          {"next.$", "$.Payload.pipeline.next"},
          {"wait_seconds.$", "$.Payload.pipeline.wait_seconds"},
          {"words.$", "$.Payload.pipeline.words"}}},
        {"TimeoutSeconds", kTaskTimeoutSeconds},
        {"Retry", retries()},
        {"Next", "Decide"},
    };
}

/// As long as the function says, which may be no time at all.
Ordered waiting(std::string_view comment, std::string_view next) {
    return {{"Type", "Wait"}, {"Comment", comment}, {"SecondsPath", "$.wait_seconds"}, {"Next", next}};
}

Ordered leads_to(std::string_view next, std::string_view state) {
    return {{"Variable", "$.next"}, {"StringEquals", next}, {"Next", state}};
}

Ordered failure(std::string_view comment, std::string_view error) {
    return {{"Type", "Fail"}, {"Comment", comment}, {"Error", error}, {"CausePath", "$.words"}};
}

}  // namespace

std::string state_machine_definition(std::string_view function) {
    const Ordered definition{
        {"Comment",
         "Carries a pipeline of ci_lambda: the function says what comes next, and this waits and asks again. What it "
         "knows of the run is pipeline_run. No Catch: a task that has failed for good is where a redrive goes on"},
        {"StartAt", "Start"},
        {"States",
         {
             {"Start", asking("Begins the stage whose turn it is", "start", function)},
             {"Decide",
              {{"Type", "Choice"},
               {"Comment", "By what the function says is next"},
               {"Choices", Ordered::array({leads_to("start", "WaitToStart"), leads_to("look", "Wait"),
                                           leads_to("compensate", "WaitToCompensate"),
                                           leads_to("completed", "Completed"), leads_to("superseded", "Superseded"),
                                           leads_to("failed", "Failed"), leads_to("stopped", "Stopped")})},
               {"Default", "NotUnderstood"}}},
             {"WaitToStart", waiting("Nothing, before a stage that may begin; else until somebody has approved it, or "
                                     "a hold has ended",
                                     "Start")},
             {"Wait", waiting("The stage is under way", "Look")},
             {"Look", asking("How does the stage stand?", "look", function)},
             {"Compensate", asking("A stage has failed: takes those before it back", "compensate", function)},
             {"WaitToCompensate", waiting("The stage before has still to go back", "Compensate")},
             {"Completed", {{"Type", "Succeed"}, {"Comment", "All stages have completed"}}},
             {"Superseded", {{"Type", "Succeed"}, {"Comment", "A later run does what was left to do"}}},
             {"Failed",
              failure("A stage has failed; words say which, and what became of the others", kPipelineFailedError)},
             {"Stopped", failure("Somebody has stopped the run", kPipelineStoppedError)},
             {"NotUnderstood",
              {{"Type", "Fail"},
               {"Comment", "This definition is older than the function"},
               {"Error", "PipelineNotUnderstood"},
               {"Cause",
                "The function has answered with a next step that this state machine does not know. Install its "
                "definition anew: ci_lambda pipeline asl."}}},
         }},
    };
    constexpr int kIndent = 2;
    return definition.dump(kIndent, ' ', false, Ordered::error_handler_t::replace) + '\n';
}

}  // namespace ci_lambda
