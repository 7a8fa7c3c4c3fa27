#pragma once

#include <string>
#include <vector>

#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/change_calendar/api.hpp"

namespace ci_lambda {

/// Change Calendar over HTTP: an operation of Systems Manager. Whatever is passed in must outlive it.
class ChangeCalendarClient final : public ChangeCalendars {
public:
    ChangeCalendarClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                         const Clock& clock, Sleeper& sleeper, const Logger& logger);

    Result<CalendarState> state(const std::vector<std::string>& calendars, Deadline deadline) override;

private:
    AwsClient client_;
};

}  // namespace ci_lambda
