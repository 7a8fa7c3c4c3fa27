#include "services/event_rules/client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/schedules/target.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 1> kNoSuchRule{"ResourceNotFoundException"};

/// A list that goes on for longer than this is a loop in the answers, not a list.
constexpr int kMostPages = 1000;

constexpr std::string_view kPutTargets = "PutTargets";
constexpr std::size_t kLongestMessage = 500;

/// Of the whole call, or of one of its entries in an answer that is none of an error.
ErrorKind kind_of(std::string_view code, ErrorKind otherwise) {
    if (code == "ConcurrentModificationException") return ErrorKind::kBusy;
    if (code == "InternalException" || code == "InternalFailure") return ErrorKind::kServer;
    if (code == "ThrottlingException" || code == "Throttling") return ErrorKind::kThrottled;
    return otherwise;
}

/// Somebody else changes it at the same moment.
void conflicts_heal(Error& error, const AwsCall& /*call*/, const HttpResponse& /*response*/) {
    error.kind = kind_of(error.code, error.kind);
}

/// PutTargets answers 200 also where it has done nothing (EventBridge API reference, PutTargets).
Status check_entries(const Json& answer) {
    const auto* failed = find(answer, "FailedEntries");
    const auto* count = find(answer, "FailedEntryCount");
    const bool none = count == nullptr || (count->is_number() && *count == 0);
    if (none && (failed == nullptr || !failed->is_array() || failed->empty())) return {};
    const auto entry = failed != nullptr && failed->is_array() && !failed->empty() ? failed->front() : Json::object();
    auto code = one_line(find_string(entry, "ErrorCode").value_or("FailedEntry"), 100);
    const auto message = find_string(entry, "ErrorMessage").value_or("the target was not changed");
    return std::unexpected(
        Error{.kind = kind_of(code, ErrorKind::kRejected),
              .message = fmt::format("events {}: {}: {}", kPutTargets, code, one_line(message, kLongestMessage)),
              .code = std::move(code)});
}

Error explained(Error error, std::string_view action, std::string_view resource, std::string_view further = "") {
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(" (needs {} on {}{})", action, resource, further);
    return error;
}

}  // namespace

constinit const AwsService kEventsService{.name = "events",
                                          .title = "EventBridge",
                                          .host = "events",
                                          .signing_name = "events",
                                          .endpoint_variable = "AWS_ENDPOINT_URL_EVENTBRIDGE",
                                          .target_prefix = "AWSEvents.",
                                          .not_found_codes = kNoSuchRule,
                                          .explain = &conflicts_heal,
                                          .always_fips_in_govcloud = true,
                                          .dualstack_always_fips_in_govcloud = true};

EventRulesClient::EventRulesClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                                   const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kEventsService, std::move(options), http, credentials, clock, sleeper, logger) {}

std::string EventRulesClient::arn_of(const GroupedName& rule) const {
    return fmt::format("arn:{}:events:{}:*:rule/{}", partition_of(client_.options().region), client_.options().region,
                       rule.str());
}

Status EventRulesClient::pages(std::string_view operation, Json request, std::string_view member, Deadline deadline,
                               const std::function<void(const Json& item)>& on_item) {
    for (int page = 0; page < kMostPages; ++page) {
        TRY_ASSIGN(const auto answer, client_.read(operation, request, deadline));
        TRY_ASSIGN(const auto* items, client_.require_array(answer, member));
        for (const auto& item : *items) on_item(item);
        const auto next = find_string(answer, "NextToken").value_or("");
        if (next.empty()) break;
        request["NextToken"] = next;
    }
    return {};
}

Result<std::vector<GroupedName>> EventRulesClient::of_cluster(const std::string& cluster_arn, Deadline deadline) {
    std::vector<GroupedName> names;
    auto read =
        pages("ListRuleNamesByTarget", {{"TargetArn", cluster_arn}}, "RuleNames", deadline, [&](const Json& name) {
            if (name.is_string()) names.push_back({.name = name.get<std::string>()});
        });
    if (!read) return std::unexpected(explained(std::move(read).error(), "events:ListRuleNamesByTarget", "*"));
    return names;
}

Result<std::vector<TaskTarget>> EventRulesClient::get(const GroupedName& rule, Deadline deadline) {
    std::vector<TaskTarget> targets;
    auto read = pages("ListTargetsByRule", {{"Rule", rule.name}, {"EventBusName", rule.group}}, "Targets", deadline,
                      [&](const Json& target) {
                          auto one = read_task_target(target);
                          if (one.task_definition.empty() || one.id.empty()) return;
                          one.whole = dump_json(target);
                          targets.push_back(std::move(one));
                      });
    if (!read) return std::unexpected(explained(std::move(read).error(), "events:ListTargetsByRule", arn_of(rule)));
    return targets;
}

Status EventRulesClient::put(const GroupedName& rule, const TaskTarget& read, const std::string& task_definition,
                             Deadline deadline) {
    TRY_ASSIGN(auto target, parse_json(read.whole));
    TRY(put_task_definition(target, task_definition));
    const Json request{{"Rule", rule.name}, {"EventBusName", rule.group}, {"Targets", Json::array({target})}};
    auto answer = client_.make(
        {.operation = kPutTargets, .body = dump_json(request), .repeatable = AwsCall::Repeatable::kNo}, deadline);
    if (!answer)
        return std::unexpected(explained(std::move(answer).error(), "events:PutTargets", arn_of(rule),
                                         ", and iam:PassRole on the role of its target"));
    TRY_ASSIGN(const auto said, client_.parse(kPutTargets, *answer));
    return check_entries(said);
}

}  // namespace ci_lambda
