#include "sandbox/events/event_bus.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sandbox/aws/event.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxEntries = 10;
constexpr std::size_t kMaxDetailType = 128;
/// Of a whole request, since January 2026 (EventBridge user guide, "PutEvents event entry size").
constexpr std::size_t kMaxBytes = std::size_t{1024} * 1024;
/// Times outside of this would not fit into the system clock's type.
constexpr double kLatestSecond = 4'102'444'800;  // the year 2100

std::unexpected<AwsError> required(std::string_view parameter) {
    return aws_fail("InvalidArgument",
                    fmt::format("Parameter {0} is not valid. Reason: {0} is a required argument.", parameter));
}

AwsResult<std::string> time_of(const Json& entry, WallTime now) {
    const Json* time = find(entry, "Time");
    if (time == nullptr) return event_time(now);
    if (!time->is_number() || time->get<double>() < 0 || time->get<double>() > kLatestSecond)
        return aws_fail("InvalidArgument", "Parameter Time is not valid. Reason: it must be seconds since 1970.");
    return event_time(WallTime{std::chrono::seconds{static_cast<std::int64_t>(time->get<double>())}});
}

bool is_default_bus(std::string_view bus) { return bus == "default" || bus.ends_with(":event-bus/default"); }

/// The event that an entry becomes.
AwsResult<Json> envelope(const Json& entry, const std::string& id, WallTime now, const Site& site) {
    const Parameters parameters(entry);
    TRY_ASSIGN(const auto source, parameters.text("Source"));
    TRY_ASSIGN(const auto detail_type, parameters.text("DetailType"));
    TRY_ASSIGN(const auto detail, parameters.text("Detail"));
    TRY_ASSIGN(const auto resources, parameters.texts("Resources"));
    TRY_ASSIGN(const auto bus, parameters.text("EventBusName"));
    TRY_ASSIGN(auto time, time_of(entry, now));
    if (!source || source->empty()) return required("Source");
    if (!detail_type || detail_type->empty()) return required("DetailType");
    if (!detail || detail->empty()) return required("Detail");
    if (source->starts_with("aws."))
        return aws_fail("NotAuthorizedForSourceException", "Not authorized for the source.");
    if (detail_type->size() > kMaxDetailType)
        return aws_fail("InvalidArgument", fmt::format("Parameter DetailType is not valid. Reason: it is longer than "
                                                       "{} characters.",
                                                       kMaxDetailType));
    if (bus && !is_default_bus(*bus))
        return aws_fail("InvalidArgument",
                        fmt::format("Event bus {} does not exist: the sandbox has the default one only.", *bus));
    auto parsed = parse_json(*detail);
    if (!parsed || !parsed->is_object()) return aws_fail("MalformedDetail", "Detail is malformed.");
    return Json{{"version", "0"},
                {"id", id},
                {"detail-type", *detail_type},
                {"source", *source},
                {"account", site.account},
                {"time", std::move(time)},
                {"region", site.region},
                {"resources", resources},
                {"detail", *std::move(parsed)}};
}

AwsResult<Json> entries_of(std::string_view body) {
    TRY_ASSIGN(const auto request, Parameters::parse(body));
    const Json* entries = find(request, "Entries");
    if (entries == nullptr)
        return aws_fail("ValidationException",
                        "1 validation error detected: Value null at 'entries' failed to satisfy "
                        "constraint: Member must not be null");
    if (!entries->is_array()) return aws_fail("SerializationException", "Entries: expected a list");
    if (entries->empty() || entries->size() > kMaxEntries)
        return aws_fail("ValidationException",
                        fmt::format("1 validation error detected: Value at 'entries' failed to satisfy constraint: "
                                    "Member must have length between 1 and {}",
                                    kMaxEntries));
    for (const auto& entry : *entries)
        if (!entry.is_object()) return aws_fail("SerializationException", "Entries: expected a list of objects");
    if (body.size() > kMaxBytes)
        return aws_fail("ValidationException", "Total size of the entries in the request is over the limit.");
    return *entries;
}

}  // namespace

PutEvents put_events(std::string_view body, Ids& ids, WallTime now, const Site& site) {
    const auto entries = entries_of(body);
    if (!entries) return {.answer = to_answer(entries.error()), .events = {}};
    PutEvents result;
    Json results = Json::array();
    int failed = 0;
    for (const auto& entry : *entries) {
        const std::string id = ids.uuid();
        const auto event = envelope(entry, id, now, site);
        if (event) {
            result.events.push_back(dump_json(*event));
            results.push_back({{"EventId", id}});
        } else {
            ++failed;
            results.push_back({{"ErrorCode", event.error().type}, {"ErrorMessage", event.error().message}});
        }
    }
    result.answer.body = dump_json({{"FailedEntryCount", failed}, {"Entries", std::move(results)}});
    return result;
}

}  // namespace ci_lambda::sandbox
