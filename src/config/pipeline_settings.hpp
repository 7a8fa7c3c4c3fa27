#pragma once

// Private to config/: how PIPELINES and PIPELINE_STATE_MACHINE are read.

#include <string>

#include "config/names.hpp"
#include "config/pipeline.hpp"
#include "config/setting_reader.hpp"

namespace ci_lambda {

[[nodiscard]] Pipelines read_pipeline_settings(SettingReader& reader, const PipelineNames& names);
/// Its ARN; empty: there is none.
[[nodiscard]] std::string read_state_machine(SettingReader& reader);

/// A service that is in none of our maps never rolls: a pipeline would wait for it for ever.
void check_services_of_pipelines(SettingReader& reader, const Pipelines& pipelines, const Names& names);

/// What a stage says counts for its services that say nothing themselves.
void add_approvals_of_stages(ApprovalSettings& approval, const Pipelines& pipelines);

}  // namespace ci_lambda
