#include "services/scheduler/client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"
#include "net/url.hpp"
#include "services/aws/decode.hpp"
#include "services/schedules/target.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 1> kNoSuchSchedule{"ResourceNotFoundException"};

/// A list that goes on for longer than this is a loop in the answers, not a list.
constexpr int kMostPages = 1000;

constexpr std::string_view kListSchedules = "ListSchedules";
constexpr std::string_view kGetSchedule = "GetSchedule";
constexpr std::string_view kUpdateSchedule = "UpdateSchedule";
constexpr std::string_view kCreateSchedule = "CreateSchedule";
constexpr std::string_view kDeleteSchedule = "DeleteSchedule";

/// The code of what is there already.
constexpr std::string_view kConflict = "ConflictException";

/// What GetSchedule says and UpdateSchedule does not take (API reference of both).
constexpr std::array kOnlyInAnswers{"Arn", "CreationDate", "LastModificationDate"};

/// Somebody else changes it at the same moment.
void conflicts_heal(Error& error, const AwsCall& /*call*/, const HttpResponse& /*response*/) {
    if (error.code == kConflict) error.kind = ErrorKind::kBusy;
}

std::string path_of(const GroupedName& schedule) { return "/schedules/" + escape_component(schedule.name); }

/// A one-time schedule, as CreateSchedule and UpdateSchedule take it.
Json request_of(const OneTimeSchedule& schedule) {
    constexpr std::size_t kDateAndTime = 19;  // of 2026-01-31T09:05:03.007Z
    const int oldest = schedule.must_come ? 86'400 : 900;
    const int most_retries = schedule.must_come ? 185 : 10;
    return {{"GroupName", schedule.name.group},
            {"ScheduleExpression", fmt::format("at({})", format_rfc3339(schedule.at).substr(0, kDateAndTime))},
            {"ScheduleExpressionTimezone", "UTC"},
            {"Description", schedule.description},
            {"FlexibleTimeWindow", {{"Mode", "OFF"}}},
            {"ActionAfterCompletion", "DELETE"},
            {"Target",
             {{"Arn", schedule.function},
              {"RoleArn", schedule.role},
              {"Input", schedule.input},
              {"RetryPolicy", {{"MaximumEventAgeInSeconds", oldest}, {"MaximumRetryAttempts", most_retries}}}}}};
}

/// `at(2026-01-31T09:05:03)`
std::optional<WallTime> one_time_of(std::string_view expression) {
    constexpr std::string_view kBefore = "at(";
    if (!expression.starts_with(kBefore) || !expression.ends_with(')')) return std::nullopt;
    expression.remove_prefix(kBefore.size());
    expression.remove_suffix(1);
    return parse_rfc3339(fmt::format("{}Z", expression));
}

/// Names the permission.
Error explained(Error error, std::string_view action, std::string_view resource, std::string_view further = "") {
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(" (needs {} on {}{})", action, resource, further);
    return error;
}

}  // namespace

constinit const AwsService kSchedulerService{.name = "scheduler",
                                             .title = "EventBridge Scheduler",
                                             .host = "scheduler",
                                             .signing_name = "scheduler",
                                             .endpoint_variable = "AWS_ENDPOINT_URL_SCHEDULER",
                                             .not_found_codes = kNoSuchSchedule,
                                             .explain = &conflicts_heal};

SchedulerClient::SchedulerClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                                 const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kSchedulerService, std::move(options), http, credentials, clock, sleeper, logger) {}

std::string SchedulerClient::arn_of(const GroupedName& schedule) const {
    return fmt::format("arn:{}:scheduler:{}:*:schedule/{}/{}", partition_of(client_.options().region),
                       client_.options().region, schedule.group, schedule.name);
}

Result<std::vector<ListedSchedule>> SchedulerClient::list(Deadline deadline) { return list_some({}, deadline); }

Result<std::vector<GroupedName>> SchedulerClient::names(const std::string& group, const std::string& prefix,
                                                        Deadline deadline) {
    TRY_ASSIGN(auto some, list_some(fmt::format("&ScheduleGroup={}&NamePrefix={}", escape_component(group),
                                                escape_component(prefix)),
                                    deadline));
    std::vector<GroupedName> names;
    for (auto& one : some) names.push_back(std::move(one.name));
    return names;
}

Result<std::vector<ListedSchedule>> SchedulerClient::list_some(const std::string& which, Deadline deadline) {
    std::vector<ListedSchedule> all;
    AwsCall call{.operation = kListSchedules, .method = "GET", .path = "/schedules", .query = "MaxResults=100" + which};
    for (int page = 0; page < kMostPages; ++page) {
        auto answer = client_.parse_read(kListSchedules, client_.make(call, deadline));
        if (!answer) return std::unexpected(explained(std::move(answer).error(), "scheduler:ListSchedules", "*"));
        TRY_ASSIGN(const auto* schedules, client_.require_array(*answer, "Schedules"));
        for (const auto& schedule : *schedules) {
            const auto* target = find(schedule, "Target");
            auto name = find_string(schedule, "Name");
            if (!name) continue;
            all.push_back(
                {.name = {.group = find_string(schedule, "GroupName").value_or("default"), .name = *std::move(name)},
                 .target_arn = target == nullptr ? std::string() : find_string(*target, "Arn").value_or(""),
                 .changed_at = find_epoch_seconds(schedule, "LastModificationDate")});
        }
        const auto next = find_string(*answer, "NextToken").value_or("");
        if (next.empty()) break;
        call.query = fmt::format("MaxResults=100{}&NextToken={}", which, escape_component(next));
    }
    return all;
}

Result<std::vector<GroupedName>> SchedulerClient::of_cluster(const std::string& cluster_arn, Deadline deadline) {
    TRY_ASSIGN(auto all, list(deadline));
    std::vector<GroupedName> names;
    for (auto& schedule : all)
        if (schedule.target_arn == cluster_arn || calls_run_task(schedule.target_arn))
            names.push_back(std::move(schedule.name));
    return names;
}

Result<Json> SchedulerClient::get_schedule(const GroupedName& schedule, Deadline deadline) {
    const AwsCall call{.operation = kGetSchedule,
                       .method = "GET",
                       .path = path_of(schedule),
                       .query = "groupName=" + escape_component(schedule.group)};
    auto answer = client_.parse_read(kGetSchedule, client_.make(call, deadline));
    if (!answer)
        return std::unexpected(explained(std::move(answer).error(), "scheduler:GetSchedule", arn_of(schedule)));
    return answer;
}

Result<TaskTarget> SchedulerClient::get(const GroupedName& schedule, Deadline deadline) {
    TRY_ASSIGN(auto answer, get_schedule(schedule, deadline));
    const auto* target = find(answer, "Target");
    if (target == nullptr)
        return fail(ErrorKind::kProtocol,
                    fmt::format("EventBridge Scheduler's answer to GetSchedule has no target of {}", schedule.str()));
    auto read = read_task_target(*target);
    for (const auto* member : kOnlyInAnswers) answer.erase(member);
    read.whole = dump_json(answer);
    return read;
}

Status SchedulerClient::put(const GroupedName& schedule, const TaskTarget& read, const std::string& task_definition,
                            Deadline deadline) {
    TRY_ASSIGN(auto request, parse_json(read.whole));
    if (!request.is_object() || !request.contains("Target"))
        return fail(ErrorKind::kInternal, fmt::format("{} was not read", schedule.str()));
    request["GroupName"] = schedule.group;
    request["Name"] = schedule.name;
    TRY(put_task_definition(request["Target"], task_definition));
    const AwsCall call{.operation = kUpdateSchedule,
                       .body = dump_json(request),
                       .repeatable = AwsCall::Repeatable::kNo,
                       .method = "PUT",
                       .path = path_of(schedule),
                       .headers = {{.name = "Content-Type", .value = "application/json"}}};
    auto answer = client_.make(call, deadline);
    if (!answer)
        return std::unexpected(explained(std::move(answer).error(), "scheduler:UpdateSchedule", arn_of(schedule),
                                         ", and iam:PassRole on the role of its target"));
    return {};
}

Result<OneTimeSchedules::Made> SchedulerClient::create(const OneTimeSchedule& schedule, Deadline deadline) {
    // The token is the name: what is sent again is the same schedule, also when nobody heard the answer.
    auto request = request_of(schedule);
    request["ClientToken"] = schedule.token.empty() ? schedule.name.name : schedule.token;
    const AwsCall call{.operation = kCreateSchedule,
                       .body = dump_json(request),
                       .path = path_of(schedule.name),
                       .headers = {{.name = "Content-Type", .value = "application/json"}}};
    auto answer = client_.make(call, deadline);
    if (answer) return Made::kNow;
    if (answer.error().code == kConflict) return Made::kBefore;
    return std::unexpected(explained(std::move(answer).error(), "scheduler:CreateSchedule", arn_of(schedule.name),
                                     fmt::format(", and iam:PassRole on {}", schedule.role)));
}

Result<PlannedCall> SchedulerClient::read(const GroupedName& schedule, Deadline deadline) {
    TRY_ASSIGN(auto answer, get_schedule(schedule, deadline));
    const auto* target = find(answer, "Target");
    const auto expression = find_string(answer, "ScheduleExpression").value_or("");
    const auto at = one_time_of(expression);
    auto input = target == nullptr ? std::nullopt : find_string(*target, "Input");
    if (!at || !input || find_string(answer, "ScheduleExpressionTimezone").value_or("UTC") != "UTC")
        return fail(ErrorKind::kProtocol, fmt::format("the schedule {} is none of ours", schedule.str()));
    return PlannedCall{.at = *at,
                       .input = *std::move(input),
                       .function = find_string(*target, "Arn").value_or(""),
                       .role = find_string(*target, "RoleArn").value_or("")};
}

Status SchedulerClient::replace(const OneTimeSchedule& schedule, Deadline deadline) {
    const AwsCall call{.operation = kUpdateSchedule,
                       .body = dump_json(request_of(schedule)),
                       .method = "PUT",
                       .path = path_of(schedule.name),
                       .headers = {{.name = "Content-Type", .value = "application/json"}}};
    auto answer = client_.make(call, deadline);
    if (answer) return {};
    return std::unexpected(explained(std::move(answer).error(), "scheduler:UpdateSchedule", arn_of(schedule.name),
                                     fmt::format(", and iam:PassRole on {}", schedule.role)));
}

Status SchedulerClient::remove(const GroupedName& schedule, Deadline deadline) {
    const AwsCall call{.operation = kDeleteSchedule,
                       .method = "DELETE",
                       .path = path_of(schedule),
                       .query = "groupName=" + escape_component(schedule.group)};
    auto answer = client_.make(call, deadline);
    if (answer || answer.error().kind == ErrorKind::kNotFound) return {};
    return std::unexpected(explained(std::move(answer).error(), "scheduler:DeleteSchedule", arn_of(schedule)));
}

}  // namespace ci_lambda
