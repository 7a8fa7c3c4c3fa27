#include "deployer/observe/last_words_reader.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestLine = 400;
constexpr std::size_t kLongestOfAll = 4000;
/// Of all that is asked for one task.
constexpr Milliseconds kPatience{3000};
/// After a failure nobody is asked for so long: fifty services that fail together must not wait fifty times.
constexpr Milliseconds kPause{60'000};
constexpr std::size_t kRemembered = 16;
const std::string kDescribe = "ecs:DescribeTaskDefinition";

/// A control sequence (ECMA-48, "CSI"): ESC [ parameters, intermediates, and one final byte.
std::string without_control_sequences(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\x1b' || i + 1 == text.size() || text[i + 1] != '[') {
            plain += text[i];
            continue;
        }
        std::size_t end = i + 2;
        while (end < text.size() && text[end] >= '\x20' && text[end] <= '\x3f') ++end;
        // What does not end as one was none, and its first byte becomes a blank.
        if (end < text.size() && text[end] >= '\x40' && text[end] <= '\x7e')
            i = end;
        else
            plain += text[i];
    }
    return plain;
}

std::size_t characters_of(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::vector<std::string> last_lines(const std::vector<std::string>& texts, std::size_t most, const Redactor& redactor) {
    std::vector<std::string> newest_first;
    std::size_t length = 0;
    for (const auto& text : std::views::reverse(texts)) {
        // As a whole: a secret may have several lines, and must not be cut before it is known for one.
        const auto safe = redactor.redact(without_control_sequences(text));
        const auto lines = split(safe, '\n');
        for (const auto& line : std::views::reverse(lines)) {
            auto one = one_line(trim(line), kLongestLine);
            if (trim(one).empty()) continue;
            length += characters_of(one);
            if (newest_first.size() == most || length > kLongestOfAll) {
                std::ranges::reverse(newest_first);
                return newest_first;
            }
            newest_first.push_back(std::move(one));
        }
    }
    std::ranges::reverse(newest_first);
    return newest_first;
}

std::optional<LastWords> LastWordsReader::of(const std::string& deployment_id, const std::vector<EcsStoppedTask>& tasks,
                                             Deadline deadline) {
    if (options_.lines == 0) return std::nullopt;
    const auto* task = last_to_fail(deployment_id, tasks);
    return task == nullptr ? std::nullopt : of(*task, deadline);
}

std::optional<LastWords> LastWordsReader::of(const EcsStoppedTask& task, Deadline deadline) {
    const auto* container = options_.lines == 0 ? nullptr : who_speaks(task);
    if (container == nullptr || task.task_definition.empty()) return std::nullopt;
    if (auto words = known(task.arn)) return words;
    {
        const std::scoped_lock lock(mutex_);
        if (not_before_ && clock_.now() < *not_before_) return std::nullopt;
    }
    // Half of what is left is for whoever waits for the verdict.
    auto patience = kPatience;
    if (const auto left = deadline.remaining(clock_)) patience = std::min(patience, *left / 2);
    auto words = read(task, *container, Deadline::after(clock_, patience));
    if (!words) return std::nullopt;
    const std::scoped_lock lock(mutex_);
    if (known_.size() == kRemembered) known_.pop_front();
    known_.emplace_back(task.arn, *words);
    return words;
}

std::optional<LastWords> LastWordsReader::known(const std::string& task) const {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(known_, task, &std::pair<std::string, LastWords>::first);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<LastWords> LastWordsReader::read(const EcsStoppedTask& task, const EcsStoppedTask::Container& container,
                                               Deadline deadline) {
    if (is_refused(kDescribe)) return std::nullopt;
    const auto definition = ecs_.describe_task_definition(TaskDefinition(task.task_definition), deadline);
    if (!definition) {
        if (definition.error().kind == ErrorKind::kAccessDenied)
            refuse(kDescribe, kDescribe, definition.error());
        else
            pause("last words not read: how the container logs is not known", definition.error());
        return std::nullopt;
    }
    const auto place = log_place_of(*definition, task, container);
    if (!place) return std::nullopt;
    const LogStream stream{.region = place->region.empty() ? options_.region : place->region,
                           .group = place->group,
                           .name = place->stream};
    if (is_refused(stream.group)) return std::nullopt;
    const auto events = logs_.latest(stream, options_.lines, deadline);
    if (!events) {
        note(stream, events.error());
        return std::nullopt;
    }
    auto lines = last_lines(*events, options_.lines, logger_.redactor());
    if (lines.empty()) return std::nullopt;
    return LastWords{.container = container.name, .exit_code = container.exit_code, .lines = std::move(lines)};
}

void LastWordsReader::note(const LogStream& stream, const Error& error) {
    if (error.kind == ErrorKind::kNotFound) {  // the container wrote nothing
        logger_.debug("last words not read: there are none",
                      {{"log_group", stream.group}, {"log_stream", stream.name}});
        return;
    }
    if (error.kind == ErrorKind::kAccessDenied)
        refuse(stream.group, "logs:GetLogEvents", error);
    else
        pause("last words not read: CloudWatch Logs did not answer", error);
}

bool LastWordsReader::is_refused(const std::string& what) const {
    const std::scoped_lock lock(mutex_);
    return refused_.contains(what);
}

void LastWordsReader::refuse(const std::string& what, std::string_view permission, const Error& error) {
    {
        const std::scoped_lock lock(mutex_);
        if (!refused_.insert(what).second) return;
    }
    logger_.warn("last words not read: this may not be read",
                 {{"needs", permission}, {log_key::kError, error.message}});
}

void LastWordsReader::pause(std::string_view why, const Error& error) {
    {
        const std::scoped_lock lock(mutex_);
        not_before_ = clock_.now() + kPause;
    }
    logger_.warn(why, {{log_key::kError, error.message}});
}

}  // namespace ci_lambda
