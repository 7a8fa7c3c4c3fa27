#pragma once

#include <string>

#include "handlers/decision.hpp"

namespace ci_lambda {

/// A decision for machines: `{"event":{..},"decision":"deploy|notify|ignore","reason":..,"deployments":[..],
/// "passed_by":[..]}`, and `"notification"` where one would be sent.
[[nodiscard]] std::string plan_json(const Event& event, const Decision& decision);

/// The same for people, several lines.
[[nodiscard]] std::string plan_text(const Event& event, const Decision& decision);

}  // namespace ci_lambda
