#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// Amazon EventBridge Scheduler, as REST with JSON.
extern const AwsService kSchedulerService;

/// EventBridge Scheduler over HTTP. The log shows no schedules: their inputs may hold anything. Whatever is passed in
/// must outlive it.
class SchedulerClient final : public TaskSchedules, public OneTimeSchedules {
public:
    SchedulerClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                    Sleeper& sleeper, const Logger& logger);

    Result<std::vector<ListedSchedule>> list(Deadline deadline) override;
    Result<std::vector<GroupedName>> of_cluster(const std::string& cluster_arn, Deadline deadline) override;
    Result<TaskTarget> get(const GroupedName& schedule, Deadline deadline) override;
    Status put(const GroupedName& schedule, const TaskTarget& read, const std::string& task_definition,
               Deadline deadline) override;

    Result<Made> create(const OneTimeSchedule& schedule, Deadline deadline) override;
    Result<PlannedCall> read(const GroupedName& schedule, Deadline deadline) override;
    Result<std::vector<GroupedName>> names(const std::string& group, const std::string& prefix,
                                           Deadline deadline) override;
    Status replace(const OneTimeSchedule& schedule, Deadline deadline) override;
    Status remove(const GroupedName& schedule, Deadline deadline) override;

private:
    /// `which`: more of the query.
    Result<std::vector<ListedSchedule>> list_some(const std::string& which, Deadline deadline);
    /// As it is: GetSchedule's answer.
    Result<nlohmann::json> get_schedule(const GroupedName& schedule, Deadline deadline);
    [[nodiscard]] std::string arn_of(const GroupedName& schedule) const;

    AwsClient client_;
};

}  // namespace ci_lambda
