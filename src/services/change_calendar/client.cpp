#include "services/change_calendar/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/ssm/client.hpp"

namespace ci_lambda {

ChangeCalendarClient::ChangeCalendarClient(AwsEndpointOptions options, HttpClient& http,
                                           CredentialsProvider& credentials, const Clock& clock, Sleeper& sleeper,
                                           const Logger& logger)
    : client_(kSsmService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<CalendarState> ChangeCalendarClient::state(const std::vector<std::string>& calendars, Deadline deadline) {
    auto answer = client_.read("GetCalendarState", {{"CalendarNames", calendars}}, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.kind == ErrorKind::kAccessDenied)
            error.message +=
                fmt::format(" (needs ssm:GetCalendarState on arn:{}:ssm:{}:*:document/NAME of {})",
                            partition_of(client_.options().region), client_.options().region, join(calendars, ", "));
        return std::unexpected(std::move(error));
    }
    const auto state = find_string(*answer, "State").value_or("");
    // Whatever else it may say one day, it is not "open".
    if (state.empty()) return fail(ErrorKind::kProtocol, "Systems Manager's answer to GetCalendarState has no state");
    return CalendarState{.open = state == "OPEN",
                         .changes_at = parse_rfc3339(find_string(*answer, "NextTransitionTime").value_or(""))};
}

}  // namespace ci_lambda
