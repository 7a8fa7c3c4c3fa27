#include "app/people/pipelines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "pipelines/run.hpp"
#include "pipelines/state_machine.hpp"

namespace ci_lambda {
namespace {

/// Of all pipelines that one state machine carries; those of one are among them.
constexpr std::size_t kMostRuns = 100;
constexpr std::size_t kRunsShown = 5;

std::unexpected<Error> no_such_pipeline(const Config& config, const std::string& name) {
    std::vector<std::string> known;
    for (const auto& [one, pipeline] : config.pipelines) known.push_back(one);
    const auto meant = closest(name, known);
    return fail(ErrorKind::kNotFound,
                fmt::format("there is no pipeline {}{}{}", one_line(name, 60),
                            meant ? fmt::format("; did you mean {}?", *meant) : "",
                            known.empty() ? fmt::format(": {} has none", config.called("PIPELINES"))
                                          : fmt::format(" (pipelines: {})", join(known, ", "))));
}

std::unexpected<Error> no_state_machine(const Config& config, std::string_view instead) {
    return fail(ErrorKind::kConfiguration, fmt::format("no state machine carries pipelines: {} is not set. {}",
                                                       config.called("PIPELINE_STATE_MACHINE"), instead));
}

std::string prefix_of_runs(const Config& config, const std::string& name) {
    return config.deployment_target.empty() ? name + "-" : fmt::format("{}-{}-", name, config.deployment_target);
}

/// Those of one pipeline, newest first.
Result<std::vector<ListedExecution>> runs_of(App& app, const std::string& name, std::optional<ExecutionStatus> status,
                                             Deadline deadline) {
    const auto& config = app.config();
    TRY_ASSIGN(auto all, app.state_machines().list(config.pipeline_state_machine, status, kMostRuns, deadline));
    const auto prefix = prefix_of_runs(config, name);
    std::erase_if(all, [&](const ListedExecution& one) { return !one.name.starts_with(prefix); });
    return all;
}

/// Ten services a call.
Status describe(App& app, const std::vector<PipelineService*>& all, Deadline deadline) {
    std::map<ClusterRef, std::vector<PipelineService*>> by_cluster;
    for (auto* one : all) by_cluster[one->target.cluster_ref()].push_back(one);
    for (auto& [cluster, some] : by_cluster)
        for (std::size_t begin = 0; begin < some.size(); begin += kMaxServicesPerDescribe) {
            const auto end = std::min(some.size(), begin + kMaxServicesPerDescribe);
            std::vector<EcsServiceName> names;
            for (auto i = begin; i < end; ++i) names.push_back(some[i]->target.service);
            TRY_ASSIGN(const auto described, app.ecs().describe_services_and_tags(cluster.name, names, deadline));
            for (auto i = begin; i < end; ++i) {
                const auto* service = described.find(some[i]->target.service);
                const auto* primary = service == nullptr ? nullptr : service->primary();
                if (primary == nullptr) continue;
                some[i]->task_definition = primary->task_definition;
                some[i]->state = primary->rollout_state;
                if (const auto tag = service->tags.find(std::string(kPipelineTag)); tag != service->tags.end())
                    some[i]->run = tag->second;
            }
        }
    return {};
}

}  // namespace

Result<std::vector<PipelineOverview>> look_at_pipelines(App& app, const std::string& name, Deadline deadline) {
    const auto& config = app.config();
    if (!name.empty() && !config.pipelines.contains(name)) return no_such_pipeline(config, name);
    std::vector<PipelineOverview> all;
    for (const auto& [one, pipeline] : config.pipelines) {
        if (!name.empty() && one != name) continue;
        PipelineOverview overview{.name = one, .stages = {}, .rolls_back_earlier = pipeline.rolls_back_earlier};
        std::vector<PipelineService*> services;
        for (const auto& stage : pipeline.stages) {
            overview.stages.push_back({.name = stage.name, .services = {}});
            for (const auto& id : stage.services)
                if (auto target = config.names.target(id))
                    overview.stages.back().services.push_back({.target = *std::move(target)});
        }
        for (auto& stage : overview.stages)
            for (auto& service : stage.services) services.push_back(&service);
        TRY(describe(app, services, deadline));
        if (!config.pipeline_state_machine.empty()) {
            auto runs = runs_of(app, one, std::nullopt, deadline);
            if (runs)
                overview.runs = *std::move(runs);
            else
                overview.unknown = runs.error().message;
            if (overview.runs.size() > kRunsShown) overview.runs.resize(kRunsShown);
        }
        all.push_back(std::move(overview));
    }
    return all;
}

Result<Deploy> decide_pipeline(const PipelineWish& wish, const Config& config) {
    const Event event{.envelope = {},
                      .body = ManualRequest{.bare = true,
                                            .service = {},
                                            .task_definition = {},
                                            .reason = wish.reason,
                                            .project = {},
                                            .environment = {},
                                            .malformed = {},
                                            .image_tag = wish.image_tag,
                                            .promote_from = wish.promote_from,
                                            .override_hold = wish.override_hold,
                                            .pipeline = wish.pipeline}};
    TRY_ASSIGN(auto decision, decide(event, config));
    if (const auto* ignored = std::get_if<Ignore>(&decision)) return fail(ErrorKind::kRejected, ignored->reason);
    return std::get<Deploy>(std::move(decision));
}

Result<std::string> hand_pipeline_on(App& app, Deploy decision, const Clock& clock, Deadline deadline) {
    const auto& config = app.config();
    if (config.pipeline_state_machine.empty())
        return no_state_machine(config, "Without --detach this command carries the run itself.");
    const auto runs = take_out_runs(decision, config, {}, clock.now());
    for (const auto& run : runs) {
        TRY_ASSIGN(const auto started,
                   app.state_machines().start(config.pipeline_state_machine, run.id, execution_input(run), deadline));
        if (started.begun == StateMachines::Begun::kNameIsTaken)
            return fail(ErrorKind::kBusy, fmt::format("there is an execution {} already", run.id));
    }
    return runs.front().id;
}

Result<std::vector<std::string>> stop_pipeline(App& app, const std::string& name, const std::string& why,
                                               Deadline deadline) {
    const auto& config = app.config();
    if (!config.pipelines.contains(name)) return no_such_pipeline(config, name);
    if (config.pipeline_state_machine.empty())
        return no_state_machine(config, "A run within an invocation ends with that; ci_lambda stop ends a rollout.");
    TRY_ASSIGN(const auto running, runs_of(app, name, ExecutionStatus::kRunning, deadline));
    std::vector<std::string> stopped;
    for (const auto& one : running) {
        TRY(app.state_machines().stop(one.arn, std::string(kPipelineStoppedError), why, deadline));
        stopped.push_back(one.name);
    }
    return stopped;
}

Result<RetriedPipeline> retry_pipeline(App& app, const std::string& name, const Clock& clock, Deadline deadline) {
    const auto& config = app.config();
    if (!config.pipelines.contains(name)) return no_such_pipeline(config, name);
    if (config.pipeline_state_machine.empty())
        return no_state_machine(config, fmt::format("ci_lambda pipeline start {} begins it anew.", name));
    TRY_ASSIGN(const auto runs, runs_of(app, name, std::nullopt, deadline));
    if (runs.empty())
        return fail(ErrorKind::kNotFound,
                    fmt::format("no run of {} was carried by {}", name, last_segment(config.pipeline_state_machine)));
    const auto& last = runs.front();
    if (!is_over(last.status))
        return fail(ErrorKind::kRejected,
                    fmt::format("{} is under way: ci_lambda pipeline status {}", last.name, name));
    if (last.status == ExecutionStatus::kSucceeded)
        return fail(ErrorKind::kRejected,
                    fmt::format("{} has not failed: ci_lambda pipeline start {} begins another run", last.name, name));
    TRY_ASSIGN(const auto execution, app.state_machines().describe(last.arn, deadline));
    const bool ended_by_us = execution.error == kPipelineFailedError || execution.error == kPipelineStoppedError;
    if (!ended_by_us && execution.redrivable) {
        TRY(app.state_machines().redrive(last.arn, last.name.substr(0, 50) + format_rfc3339(clock.now()).substr(11, 8),
                                         deadline));
        return RetriedPipeline{.execution = last.name,
                               .how = "the step that broke is made once more, in the same execution"};
    }
    TRY_ASSIGN(const auto input, parse_json(execution.input));
    const auto* before = find(input, "pipeline_run");
    if (before == nullptr)
        return fail(ErrorKind::kProtocol, fmt::format("the input of {} is not of a run of a pipeline", last.name));
    TRY_ASSIGN(auto run, run_of_json(dump_json(*before), config));
    run = begin_again(std::move(run), clock.now());
    TRY_ASSIGN(const auto started,
               app.state_machines().start(config.pipeline_state_machine, run.id, execution_input(run), deadline));
    if (started.begun == StateMachines::Begun::kNameIsTaken)
        return fail(ErrorKind::kBusy, fmt::format("there is an execution {} already", run.id));
    return RetriedPipeline{.execution = run.id,
                           .how = "a new execution: what has completed is left as it is, what has failed begins again"};
}

}  // namespace ci_lambda
