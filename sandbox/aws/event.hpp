#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"

namespace ci_lambda::sandbox {

/// Gets one event as EventBridge would deliver it: the whole envelope, as JSON.
using EventSink = std::function<void(std::string event_json)>;

/// What the envelope of an event says.
struct EventEnvelope {
    std::string_view source;  ///< "aws.ssm"
    std::string_view detail_type;
    std::string_view account;
    std::string_view region;
    std::vector<std::string> resources = {};
};

/// RFC 3339 with whole seconds, as EventBridge and CloudTrail print it.
[[nodiscard]] std::string event_time(WallTime time);

/// An event with an id of its own that happened at `now`, as JSON.
[[nodiscard]] std::string make_event(const EventEnvelope& envelope, const nlohmann::json& detail, Ids& ids,
                                     WallTime now);

}  // namespace ci_lambda::sandbox
