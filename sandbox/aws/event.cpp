#include "sandbox/aws/event.hpp"

#include "base/json.hpp"

namespace ci_lambda::sandbox {

std::string event_time(WallTime time) { return format_rfc3339(time).substr(0, 19) + "Z"; }

std::string make_event(const EventEnvelope& envelope, const Json& detail, Ids& ids, WallTime now) {
    return dump_json({{"version", "0"},
                      {"id", ids.uuid()},
                      {"detail-type", envelope.detail_type},
                      {"source", envelope.source},
                      {"account", envelope.account},
                      {"time", event_time(now)},
                      {"region", envelope.region},
                      {"resources", envelope.resources},
                      {"detail", detail}});
}

}  // namespace ci_lambda::sandbox
