#pragma once

#include <functional>
#include <string>

namespace ci_lambda::sandbox {

/// Gets one event as EventBridge would deliver it: the whole envelope, as JSON.
using EventSink = std::function<void(std::string event_json)>;

}  // namespace ci_lambda::sandbox
