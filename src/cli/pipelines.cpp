#include "cli/pipelines.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

std::string_view state_of_service(const PipelineService& service) {
    if (service.task_definition.empty()) return "missing";
    switch (service.state) {
        case RolloutState::kInProgress: return "rolling";
        case RolloutState::kFailed: return "failed";
        case RolloutState::kCompleted:
        case RolloutState::kNone: break;
    }
    return "steady";
}

std::string run_in_words(const ListedExecution& run) {
    auto line = fmt::format("{} {} since {}", run.name, to_lower(to_string(run.status)), minute_in_words(run.started));
    if (run.stopped)
        line = fmt::format("{} {}, {}", run.name, to_lower(to_string(run.status)), minute_in_words(*run.stopped));
    return line;
}

}  // namespace

std::vector<std::string> pipelines_text(const std::vector<PipelineOverview>& pipelines, bool has_state_machine) {
    std::vector<std::string> lines;
    for (const auto& pipeline : pipelines) {
        lines.push_back(
            fmt::format("{}{}", pipeline.name,
                        pipeline.rolls_back_earlier ? " (a stage that fails takes the earlier ones back)" : ""));
        for (std::size_t i = 0; i < pipeline.stages.size(); ++i) {
            const auto& stage = pipeline.stages[i];
            lines.push_back(fmt::format("  {}. {}", i + 1, stage.name));
            for (const auto& service : stage.services)
                lines.push_back(fmt::format("     {}: {}, {}", service.target.label(),
                                            short_name(service.task_definition), state_of_service(service)));
        }
        for (const auto& run : pipeline.runs) lines.push_back(fmt::format("  run {}", run_in_words(run)));
        if (!pipeline.unknown.empty()) lines.push_back(fmt::format("  its runs are not known: {}", pipeline.unknown));
        if (has_state_machine && pipeline.runs.empty() && pipeline.unknown.empty())
            lines.emplace_back("  no run was carried by the state machine");
    }
    return lines;
}

std::string pipelines_json(const std::vector<PipelineOverview>& pipelines) {
    using Ordered = nlohmann::ordered_json;
    auto all = Ordered::array();
    for (const auto& pipeline : pipelines) {
        Ordered json{{"pipeline", pipeline.name},
                     {"on_failure", pipeline.rolls_back_earlier ? "roll_back_earlier" : "stop"}};
        for (const auto& stage : pipeline.stages) {
            Ordered one{{"stage", stage.name}, {"services", Ordered::array()}};
            for (const auto& service : stage.services)
                one["services"].push_back({{"service", service.target.id.str()},
                                           {"task_definition", service.task_definition},
                                           {"state", state_of_service(service)}});
            json["stages"].push_back(std::move(one));
        }
        json["runs"] = Ordered::array();
        for (const auto& run : pipeline.runs) {
            Ordered one{{"run", run.name}, {"status", to_string(run.status)}, {"since", format_rfc3339(run.started)}};
            if (run.stopped) one["ended"] = format_rfc3339(*run.stopped);
            json["runs"].push_back(std::move(one));
        }
        if (!pipeline.unknown.empty()) json["unknown"] = pipeline.unknown;
        all.push_back(std::move(json));
    }
    return json_for_terminal(
        Ordered{{"pipelines", std::move(all)}}.dump(-1, ' ', false, Ordered::error_handler_t::replace));
}

}  // namespace ci_lambda::cli
