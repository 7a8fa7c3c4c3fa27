#include "config/pipeline_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/approval_settings.hpp"
#include "config/values.hpp"

namespace ci_lambda {

Pipelines read_pipeline_settings(SettingReader& reader, const PipelineNames& names) {
    constexpr std::string_view kVariable = "PIPELINES";
    const auto text = reader.text(kVariable);
    if (!text) return {};
    const bool in_document = reader.origin(kVariable).kind == SettingOrigin::Kind::kDocument;
    const std::string top(in_document ? setting_of(kVariable).pointer : kVariable);
    return read_pipelines(*text, names, reader.problems_within(kVariable),
                          [&](std::string_view json, const std::string& place) {
                              return read_approval_wish(parse_json(json).value_or(Json()), top + place, reader);
                          });
}

std::string read_state_machine(SettingReader& reader) {
    constexpr std::string_view kVariable = "PIPELINE_STATE_MACHINE";
    constexpr std::size_t kParts = 7;
    auto arn = reader.word(kVariable).value_or("");
    const auto parts = split(arn, ':');
    if (!arn.empty() && (parts.size() != kParts || parts[0] != "arn" || parts[2] != "states" ||
                         parts[5] != "stateMachine" || parts[6].empty()))
        reader.problem(kVariable, fmt::format("{} is not the ARN of a state machine", in_quotes(arn)));
    return arn;
}

void check_services_of_pipelines(SettingReader& reader, const Pipelines& pipelines, const Names& names) {
    const auto known = names.mapped_ids();
    if (known.empty()) return;
    for (const auto& [name, pipeline] : pipelines)
        for (const auto& id : pipeline.services()) {
            if (std::ranges::find(known, id.str()) != known.end()) continue;
            const auto meant = closest(id.str(), known);
            reader.problem("PIPELINES", fmt::format("{} names the service {}, which is not in {}{}", name, id,
                                                    reader.called("ECS_SERVICE_MAP"),
                                                    meant ? fmt::format(" (did you mean {}?)", *meant) : ""));
        }
}

void add_approvals_of_stages(ApprovalSettings& approval, const Pipelines& pipelines) {
    for (const auto& [name, pipeline] : pipelines)
        for (const auto& stage : pipeline.stages)
            if (stage.approval)
                for (const auto& id : stage.services) approval.by_stage.try_emplace(id, *stage.approval);
}

}  // namespace ci_lambda
