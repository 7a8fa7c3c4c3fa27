#pragma once

// Private to config/: how REGIONS, TARGETS, TARGET_ORDER and ROLL_BACK_EARLIER_TARGETS are read together.

#include "config/setting_reader.hpp"
#include "config/targets.hpp"

namespace ci_lambda {

[[nodiscard]] DeploymentTargets read_targets(SettingReader& reader);

}  // namespace ci_lambda
