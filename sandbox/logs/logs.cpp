#include "sandbox/logs/logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/aws/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMostEvents = 10'000;

/// The container of a task, and where it logs.
struct Writer {
    const Task* task;
    std::string container;
    std::string group;
    std::string stream;
};

std::int64_t milliseconds(WallTime time) { return std::chrono::floor<Milliseconds>(time.time_since_epoch()).count(); }

bool has_run(const Task& task) { return task.started_at || (task.exit_code && task.fate != Scenario::kImageNotFound); }

/// What programs say that go like this, until their last breath.
std::vector<std::string> words_of(Scenario fate) {
    switch (fate) {
        case Scenario::kCrashOnStart:
            return {"connecting to the database db.shop.internal:5432", "retrying in 500 ms: connection refused",
                    "retrying in 1 s: connection refused",
                    "fatal: the database db.shop.internal:5432 cannot be reached, giving up"};
        case Scenario::kCrashAfterStart:
            return {"listening on 0.0.0.0:8080", "GET /health 200 in 2 ms", "loading the catalog into memory",
                    "catalog: 1,200,000 of 3,400,000 articles, heap 341 MB",
                    "catalog: 1,700,000 of 3,400,000 articles, heap 497 MB"};
        case Scenario::kFailingHealthChecks:
            return {"listening on 0.0.0.0:8080", "GET /health 503 in 3 ms: no connection to the queue",
                    "GET /health 503 in 2 ms: no connection to the queue",
                    "GET /health 503 in 3 ms: no connection to the queue"};
        default: return {"listening on 0.0.0.0:8080", "GET /health 200 in 2 ms"};
    }
}

/// The same of a task that ends by itself.
std::vector<std::string> words_of_alone(int exit_code) {
    if (exit_code == 0)
        return {"applying 0041_add_orders: done", "applying 0042_index_orders: done", "2 migrations applied"};
    return {"applying 0041_add_orders: done", "applying 0042_index_orders",
            "fatal: 0042_index_orders: relation \"orders\" has rows with the same number"};
}

/// Those of a task's containers that log, by its task definition.
std::vector<Writer> writers_of(EcsState& state, const Task& task) {
    std::vector<Writer> writers;
    const auto* revision = state.find_task_definition(task.task_definition);
    const auto content = revision == nullptr ? std::nullopt : std::optional(parse_json(revision->content));
    const Json* containers = content && *content ? find(**content, "containerDefinitions") : nullptr;
    if (containers == nullptr || !containers->is_array()) return writers;
    for (const auto& container : *containers) {
        const Json* log = find(container, "logConfiguration");
        const Json* options = log == nullptr ? nullptr : find(*log, "options");
        if (options == nullptr || find_string(*log, "logDriver") != "awslogs") continue;
        const auto name = find_string(container, "name").value_or("");
        writers.push_back(
            {.task = &task,
             .container = name,
             .group = find_string(*options, "awslogs-group").value_or(""),
             .stream =
                 fmt::format("{}/{}/{}", find_string(*options, "awslogs-stream-prefix").value_or(""), name, task.id)});
    }
    return writers;
}

/// The container that writes to this stream, if it has written anything.
AwsResult<Writer> writer_to(EcsState& state, const std::string& group, const std::string& stream) {
    bool has_group = false;
    for (const auto& service : state.services) {
        const auto look = [&](const Task& task) -> std::optional<Writer> {
            for (auto& writer : writers_of(state, task)) {
                has_group = has_group || writer.group == group;
                if (writer.group == group && writer.stream == stream && has_run(task)) return std::move(writer);
            }
            return std::nullopt;
        };
        for (const auto& task : service.tasks)
            if (auto found = look(task)) return *std::move(found);
        for (const auto& task : service.stopped_tasks)
            if (auto found = look(task)) return *std::move(found);
    }
    for (const auto& one : state.lone_tasks)
        for (auto& writer : writers_of(state, one.task)) {
            has_group = has_group || writer.group == group;
            if (writer.group == group && writer.stream == stream && has_run(one.task)) return std::move(writer);
        }
    return aws_fail("ResourceNotFoundException",
                    fmt::format("The specified log {} does not exist.", has_group ? "stream" : "group"));
}

/// `f/17` and `b/17`: the event that comes next in that direction.
std::optional<std::size_t> position_of(std::string_view token, char direction) {
    if (token.size() < 3 || token[0] != direction || token[1] != '/') return std::nullopt;
    const auto number = parse_unsigned(token.substr(2));
    return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

AwsResult<Json> get_log_events(EcsState& state, const Json& request, WallTime now) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto group, parameters.text("logGroupName"));
    TRY_ASSIGN(const auto stream, parameters.text("logStreamName"));
    TRY_ASSIGN(const auto limit, parameters.number("limit"));
    TRY_ASSIGN(const bool from_head, parameters.flag("startFromHead"));
    TRY_ASSIGN(const auto token, parameters.text("nextToken"));
    if (!group || !stream) return aws_fail("InvalidParameterException", "logGroupName and logStreamName are needed.");
    if (limit && (*limit < 1 || std::cmp_greater(*limit, kMostEvents)))
        return aws_fail("InvalidParameterException", "limit: from 1 to 10000.");
    TRY_ASSIGN(const auto writer, writer_to(state, *group, *stream));
    auto lines = log_of(*writer.task, writer.container);
    std::erase_if(lines, [&](const auto& line) { return line.at > now; });
    const auto most = std::min(lines.size(), static_cast<std::size_t>(limit.value_or(kMostEvents)));
    auto first = from_head ? 0 : lines.size() - most;
    auto last = first + most;
    if (token) {
        const auto forward = position_of(*token, 'f');
        const auto backward = position_of(*token, 'b');
        if (!forward && !backward) return aws_fail("InvalidParameterException", "The specified nextToken is invalid.");
        if (forward) {
            first = std::min(*forward, lines.size());
            last = std::min(first + most, lines.size());
        } else {
            last = std::min(*backward, lines.size());
            first = last - std::min(last, most);
        }
    }
    Json events = Json::array();
    for (auto i = first; i < last; ++i)
        events.push_back({{"timestamp", milliseconds(lines[i].at)},
                          {"message", lines[i].text},
                          {"ingestionTime", milliseconds(lines[i].at) + 800}});
    return Json{{"events", std::move(events)},
                {"nextForwardToken", fmt::format("f/{}", last)},
                {"nextBackwardToken", fmt::format("b/{}", first)}};
}

}  // namespace

std::vector<LogLine> log_of(const Task& task, const std::string& container) {
    std::vector<LogLine> lines;
    if (!has_run(task)) return lines;
    const auto image = std::ranges::find(task.images, container, &ContainerImage::container);
    auto texts = task.alone && task.exit_code ? words_of_alone(*task.exit_code) : words_of(task.fate);
    texts.insert(texts.begin(),
                 fmt::format("{} {} starts", container,
                             image == task.images.end() ? "" : image->image.substr(image->image.rfind(':') + 1)));
    if (task.stopping_at && task.exit_code == 0 && !task.alone) texts.emplace_back("SIGTERM: closing connections");
    const auto begin = task.started_at.value_or(task.stopping_at.value_or(task.created_at));
    // All of them before it ended, however fast the clock is.
    auto at = begin;
    for (auto& text : texts) {
        lines.push_back({.at = at, .text = std::move(text)});
        at += Milliseconds{1};
    }
    return lines;
}

AwsAnswer answer_of_logs(EcsState& state, std::string_view operation, std::string_view body, WallTime now) {
    if (operation != "GetLogEvents")
        return to_answer(
            AwsError{.type = "UnknownOperationException",
                     .message = fmt::format("The sandbox's CloudWatch Logs does not know {}.", operation)});
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    return to_answer(get_log_events(state, *request, now));
}

}  // namespace ci_lambda::sandbox
