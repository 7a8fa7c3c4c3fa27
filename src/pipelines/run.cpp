#include "pipelines/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "handlers/request_json.hpp"
#include "net/sha256.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestId = 80;  // of the name of an execution
constexpr std::size_t kLongestWords = 500;

/// Of what is asked for now: what begins within two seconds of a change may have begun without it, so that a step which
/// is made again would begin once more what it has begun itself.
constexpr std::chrono::seconds kBeforeItBegins{3};

constexpr std::array<std::string_view, 9> kStands{"waits",  "kept",      "rolls",     "watched", "completed",
                                                  "failed", "goes_back", "went_back", "left"};
constexpr std::array<std::string_view, 7> kNexts{"start",  "look",    "compensate", "completed",
                                                 "failed", "stopped", "superseded"};

template <std::size_t N>
std::optional<std::size_t> place_of(const std::array<std::string_view, N>& words, std::string_view word) {
    const auto found = std::ranges::find(words, word);
    if (found == words.end()) return std::nullopt;
    return static_cast<std::size_t>(found - words.begin());
}

void put_time(Json& json, const char* key, WallTime at) {
    if (at != WallTime{}) json[key] = milliseconds_of(at);
}

WallTime time_in(const Json& json, const char* key) { return find_milliseconds(json, key).value_or(WallTime{}); }

Json json_of(const RunService& service) {
    Json json{{"request", parse_json(to_json(service.request)).value_or(Json::object())},
              {"stand", to_string(service.stand)}};
    put_text(json, "deployment", service.deployment_id);
    put_text(json, "task_definition", service.task_definition);
    put_time(json, "started", service.started_at);
    if (service.begun_here) json["begun_here"] = true;
    put_text(json, "words", service.words);
    put_time(json, "kept_since", service.kept_since);
    if (service.asked) json["asked"] = true;
    put_time(json, "healthy_at", service.healthy_at);
    if (service.tried_again) json["tried_again"] = true;
    return json;
}

std::unexpected<Error> no_run(std::string_view why) {
    return fail(ErrorKind::kInvalidEvent, fmt::format("this is no run of a pipeline that was written here: {}", why));
}

Result<RunService> service_of(const Json& json, const std::string& pipeline, const Config& config) {
    const auto* request = find(json, "request");
    const auto stand = place_of(kStands, text_of(json, "stand"));
    if (request == nullptr || !stand) return no_run("a service without a request, or without a stand");
    TRY_ASSIGN(auto read, request_of_json(dump_json(*request), config));
    read.pipeline = pipeline;
    return RunService{.request = std::move(read),
                      .stand = static_cast<ServiceStand>(*stand),
                      .deployment_id = text_of(json, "deployment"),
                      .task_definition = text_of(json, "task_definition"),
                      .started_at = time_in(json, "started"),
                      .begun_here = is_true(json, "begun_here"),
                      .words = text_of(json, "words"),
                      .kept_since = time_in(json, "kept_since"),
                      .asked = is_true(json, "asked"),
                      .healthy_at = time_in(json, "healthy_at"),
                      .tried_again = is_true(json, "tried_again")};
}

Json json_of(const RunStage& stage) {
    Json json{{"name", stage.name}, {"services", Json::array()}};
    for (const auto& service : stage.services) json["services"].push_back(json_of(service));
    put_text(json, "promote", stage.promote_to);
    put_text(json, "pipeline", stage.promoted_pipeline);
    return json;
}

Result<RunStage> stage_of(const Json& json, const std::string& pipeline, const Config& config) {
    RunStage stage{.name = text_of(json, "name"),
                   .services = {},
                   .promote_to = text_of(json, "promote"),
                   .promoted_pipeline = text_of(json, "pipeline")};
    const auto* services = find(json, "services");
    if (services == nullptr || !services->is_array()) return no_run("a stage without services");
    for (const auto& one : *services) {
        TRY_ASSIGN(auto service, service_of(one, pipeline, config));
        stage.services.push_back(std::move(service));
    }
    if (stage.services.empty() && !stage.promotes()) return no_run("a stage without services");
    return stage;
}

Json json_of_run(const PipelineRun& run) {
    Json json{{"pipeline", run.pipeline},
              {"id", run.id},
              {"stage", run.stage},
              {"next", to_string(run.next)},
              {"wait_seconds", run.wait.count()},
              {"words", truncate_utf8(run.words, kLongestWords)},
              {"stages", Json::array()}};
    put_text(json, "target", run.target);
    put_text(json, "reason", run.reason);
    put_text(json, "failed_in", run.failed_in);
    put_time(json, "at", run.at);
    if (run.rolls_back_earlier) json["rolls_back_earlier"] = true;
    if (run.again) json["again"] = true;
    for (const auto& stage : run.stages) json["stages"].push_back(json_of(stage));
    return json;
}

/// As the tag has it: whole seconds.
std::string time_in_tag(const PipelineRun& run) {
    constexpr std::string_view kToTheSecond = "2026-01-31T14:32:00";
    return format_rfc3339(run.at).substr(0, kToTheSecond.size()) + "Z";
}

}  // namespace

std::string_view to_string(ServiceStand stand) { return kStands.at(static_cast<std::size_t>(stand)); }
std::string_view to_string(PipelineRun::Next next) { return kNexts.at(static_cast<std::size_t>(next)); }

std::string to_json(const PipelineRun& run) { return dump_json(json_of_run(run)); }

Result<PipelineRun> run_of_json(std::string_view text, const Config& config) {
    TRY_ASSIGN(const auto json, parse_json(text));
    PipelineRun run{.pipeline = text_of(json, "pipeline"),
                    .id = text_of(json, "id"),
                    .target = text_of(json, "target"),
                    .reason = text_of(json, "reason"),
                    .at = time_in(json, "at"),
                    .rolls_back_earlier = is_true(json, "rolls_back_earlier"),
                    .again = is_true(json, "again"),
                    .words = text_of(json, "words"),
                    .failed_in = text_of(json, "failed_in")};
    const auto next = place_of(kNexts, text_of(json, "next"));
    const auto* stage = find(json, "stage");
    const auto* stages = find(json, "stages");
    if (!is_pipeline_name(run.pipeline) || run.id.empty() || run.id.size() > kLongestId)
        return no_run("it has no name, or no id");
    if (!next || stage == nullptr || !stage->is_number_unsigned() || stages == nullptr || !stages->is_array() ||
        stages->empty() || stages->size() > kMostStages || stage->get<std::size_t>() >= stages->size())
        return no_run("it does not say how far it is");
    run.next = static_cast<PipelineRun::Next>(*next);
    run.stage = stage->get<std::size_t>();
    for (const auto& one : *stages) {
        TRY_ASSIGN(auto read, stage_of(one, run.pipeline, config));
        run.stages.push_back(std::move(read));
    }
    return run;
}

std::string execution_input(const PipelineRun& run) { return dump_json(Json{{"pipeline_run", json_of_run(run)}}); }

std::string step_json(const PipelineRun& run) {
    return dump_json(Json{{"run", json_of_run(run)},
                          {"next", to_string(run.next)},
                          {"wait_seconds", run.wait.count()},
                          {"words", truncate_utf8(run.words, kLongestWords)}});
}

std::string run_id(std::string_view pipeline, std::string_view target, std::string_view event) {
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    constexpr std::size_t kHash = 20;
    auto id = target.empty() ? fmt::format("{}-{}", pipeline, event) : fmt::format("{}-{}-{}", pipeline, target, event);
    if (id.size() <= kLongestId && std::ranges::all_of(id, is_good)) return id;
    return fmt::format("{}-{}", pipeline, sha256_digest_of(id).substr(std::string_view("sha256:").size(), kHash));
}

std::vector<PipelineRun> take_out_runs(Deploy& deploy, const Config& config, std::string_view event, WallTime now) {
    std::map<std::string, std::vector<DeploymentRequest>> by_pipeline;
    std::erase_if(deploy.requests, [&](DeploymentRequest& request) {
        if (request.pipeline.empty() || !config.pipelines.contains(request.pipeline)) return false;
        by_pipeline[request.pipeline].push_back(std::move(request));
        return true;
    });
    std::vector<PipelineRun> runs;
    for (auto& [name, requests] : by_pipeline) {
        const auto& pipeline = config.pipelines.at(name);
        PipelineRun run{.pipeline = name,
                        .id = {},
                        .target = config.deployment_target,
                        .reason = requests.front().reason,
                        .at = requests.front().changed_at.value_or(now),
                        .rolls_back_earlier = pipeline.rolls_back_earlier};
        // What is asked for without a time is asked for now, also when the same run looks again in an hour.
        for (auto& request : requests) {
            if (!request.changed_at) {
                request.changed_at = now - kBeforeItBegins;
                request.kept_for_person = request.asked_for;
            }
            run.at = std::max(run.at, *request.changed_at);
        }
        const auto cause = event.empty() ? format_rfc3339(now) : fmt::format("{}", event);
        run.id = run_id(name, config.deployment_target, cause);
        for (const auto& stage : pipeline.stages) {
            RunStage one{.name = stage.name,
                         .services = {},
                         .promote_to = stage.promote_to,
                         .promoted_pipeline = stage.promoted_pipeline};
            for (auto& request : requests) {
                if (std::ranges::find(stage.services, request.target.id) == stage.services.end()) continue;
                request.pipeline_run = run.id;
                one.services.push_back({.request = request});
            }
            if (!one.services.empty() || one.promotes()) run.stages.push_back(std::move(one));
        }
        runs.push_back(std::move(run));
    }
    return runs;
}

PipelineRun begin_again(PipelineRun run, WallTime now) {
    run.id = run_id(run.pipeline, run.target, format_rfc3339(now));
    run.at = std::max(run.at, now);
    run.again = true;
    run.stage = 0;
    run.next = PipelineRun::Next::kStart;
    run.wait = std::chrono::seconds{0};
    run.words.clear();
    for (auto& stage : run.stages)
        for (auto& service : stage.services) {
            service = {.request = std::move(service.request)};
            service.request.pipeline_run = run.id;
        }
    return run;
}

std::string stage_in_words(const PipelineRun& run, std::size_t stage) {
    return fmt::format("stage {} of {} ({})", stage + 1, run.stages.size(), run.stages[stage].name);
}

std::string tag_of(const PipelineRun& run) { return fmt::format("{} {} {}", run.pipeline, time_in_tag(run), run.id); }

bool is_of(std::string_view tag, const PipelineRun& run) { return tag == tag_of(run); }

bool is_later(std::string_view tag, const PipelineRun& run) {
    const auto words = split(tag, ' ');
    constexpr std::size_t kWords = 3;
    if (words.size() != kWords || words[0] != run.pipeline) return false;
    const auto at = parse_rfc3339(words[1]);
    const auto own = parse_rfc3339(time_in_tag(run));
    if (!at || !own) return false;
    return *at != *own ? *at > *own : words[2] > run.id;
}

}  // namespace ci_lambda
