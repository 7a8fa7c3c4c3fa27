#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// Amazon EventBridge, as AWS JSON 1.1.
extern const AwsService kEventsService;

/// The rules of EventBridge over HTTP. The log shows no targets: their inputs may hold anything. Whatever is passed in
/// must outlive it.
class EventRulesClient final : public TaskRules {
public:
    EventRulesClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger);

    Result<std::vector<GroupedName>> of_cluster(const std::string& cluster_arn, Deadline deadline) override;
    Result<std::vector<TaskTarget>> get(const GroupedName& rule, Deadline deadline) override;
    Status put(const GroupedName& rule, const TaskTarget& read, const std::string& task_definition,
               Deadline deadline) override;

private:
    Status pages(std::string_view operation, nlohmann::json request, std::string_view member, Deadline deadline,
                 const std::function<void(const nlohmann::json& item)>& on_item);
    [[nodiscard]] std::string arn_of(const GroupedName& rule) const;

    AwsClient client_;
};

}  // namespace ci_lambda
