// What EventBridge Scheduler and EventBridge answer. The first byte chooses the call, the second one the HTTP status;
// each line after the first is the body of one answer.

#include <array>
#include <functional>

#include "base/json.hpp"
#include "fuzz/support.hpp"
#include "services/event_rules/client.hpp"
#include "services/scheduler/client.hpp"
#include "services/schedules/target.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

const Deadline kNever = Deadline::none();
const std::string kCluster = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
const std::string kRevision = "arn:aws:ecs:us-east-1:123456789012:task-definition/report:43";
const GroupedName kName{.group = "night", .name = "report"};

/// What is put back has the other task definition, and nothing else is another.
void check_change(const Json& before) {
    auto after = before;
    const auto read = read_task_target(before);
    if (const auto done = put_task_definition(after, kRevision); !done) {
        require(after == before, "nothing is half done", dump_json(after));
        return;
    }
    require(read_task_target(after).task_definition == kRevision, "the task definition is changed", dump_json(after));
    // Not where the input had the new one somewhere else.
    if (put_task_definition(after, read.task_definition))
        require(after == before, "nothing else changes", dump_json(before));
}

Status check_schedule(TaskSchedules& schedules, TaskRules& /*rules*/) {
    TRY_ASSIGN(const auto read, schedules.get(kName, kNever));
    const auto whole = parse_json(read.whole);
    require(whole && whole->is_object() && find(*whole, "Target") != nullptr, "what was read is whole", read.whole);
    check_change(whole->at("Target"));
    return schedules.put(kName, read, kRevision, kNever);
}

Status check_rule(TaskSchedules& /*schedules*/, TaskRules& rules) {
    TRY_ASSIGN(const auto targets, rules.get(kName, kNever));
    for (const auto& target : targets) {
        require(!target.id.empty() && !target.task_definition.empty(), "only what starts tasks", target.whole);
        check_change(*parse_json(target.whole));
        TRY(rules.put(kName, target, kRevision, kNever));
    }
    return {};
}

Status check_lists(TaskSchedules& schedules, TaskRules& rules) {
    TRY_ASSIGN(const auto of_scheduler, schedules.of_cluster(kCluster, kNever));
    TRY_ASSIGN(const auto of_rules, rules.of_cluster(kCluster, kNever));
    for (const auto& rule : of_rules) require(rule.group == "default", "rules are of the default bus", rule.str());
    return {};
}

const std::array kCalls{&check_schedule, &check_rule, &check_lists};
constexpr std::array kStatuses{200, 200, 400, 403, 404, 409, 429, 500, 302};

void script(testing::FakeHttp& http, int status, std::string_view bodies) {
    constexpr std::size_t kMaxAnswers = 16;
    auto lines = split(bodies, '\n');
    lines.resize(std::min(lines.size(), kMaxAnswers));
    for (const auto& body : lines) http.then(status, body, {{.name = "x-amzn-errortype", .value = body}});
    http.then_fail({.kind = ErrorKind::kConnection, .message = "no further answer"});
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const auto line_end = input.find('\n');
    if (size < 2 || line_end == std::string_view::npos) return 0;
    testing::FakeHttp http;
    fuzzing::script(http, fuzzing::kStatuses[data[1] % fuzzing::kStatuses.size()], input.substr(line_end + 1));
    testing::FakeCredentials credentials;
    testing::RecordingLog log;
    testing::FakeSleeper sleeper(log.clock);
    const AwsEndpointOptions options{.region = "us-east-1"};
    SchedulerClient schedules(options, http, credentials, log.clock, sleeper, log.logger);
    EventRulesClient rules(options, http, credentials, log.clock, sleeper, log.logger);
    const auto done = fuzzing::kCalls[data[0] % fuzzing::kCalls.size()](schedules, rules);
    if (!done) {
        fuzzing::require(!done.error().message.empty(), "an error says something");
        fuzzing::require(fuzzing::is_utf8(done.error().message), "an error is valid UTF-8", done.error().message);
    }
    return 0;
}
