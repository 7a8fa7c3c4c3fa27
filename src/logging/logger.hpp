#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "metrics/metric.hpp"

namespace ci_lambda {

class Tally;

enum class LogLevel { kDebug, kInfo, kWarn, kError };

[[nodiscard]] std::string_view to_string(LogLevel level);
/// `debug`, `info`, `warn`/`warning`, `error`, in any case.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

/// Where finished lines go. One call is one line, without its newline.
class LogSink {
public:
    LogSink() = default;
    LogSink(const LogSink&) = delete;
    LogSink& operator=(const LogSink&) = delete;
    virtual ~LogSink() = default;
    virtual void write(std::string_view line) = 0;
};

/// Writes lines to a file descriptor; those of concurrent threads never mix. A descriptor that is closed or full loses
/// the line and nothing else: a pipe that nobody empties is waited for once, as long as it is told, and from then on
/// not at all until there is room again.
class FdLogSink final : public LogSink {
public:
    explicit FdLogSink(int fd, Milliseconds patience = Milliseconds{1000}) : fd_(fd), patience_(patience) {}
    void write(std::string_view line) override;

private:
    bool has_room();

    int fd_;
    Milliseconds patience_;
    std::mutex mutex_;
    bool stuck_ = false;    // the last wait for room was in vain
    bool cut_off_ = false;  // the last line has no end
};

/// Replaces known secret values by `***` in any text: the last line of defence behind the `Secret` type, for texts
/// that come from elsewhere (an event that repeats the webhook, an error text of a library), also as they stand in URLs
/// and in JSON. Takes time in proportion to the text. Thread-safe.
class Redactor {
public:
    /// Values shorter than 8 characters are not registered: they would blank out ordinary words.
    void add(const Secret& secret);
    [[nodiscard]] std::string redact(std::string text) const;

private:
    [[nodiscard]] const std::vector<std::string>& escaped_forms() const;

    mutable std::mutex mutex_;
    std::vector<std::string> values_;
    mutable std::vector<std::string> escaped_;  // of all values; made when a text first needs it, which few do
};

using FieldValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

struct LogField {
    LogField(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
    LogField(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, const char* text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, bool flag) : key(name), value(flag) {}
    LogField(std::string_view name, double number) : key(name), value(number) {}
    LogField(std::string_view name, std::vector<std::string> list) : key(name), value(std::move(list)) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    LogField(std::string_view name, T number) : key(name), value(static_cast<std::int64_t>(number)) {}

    std::string key;
    FieldValue value;
};

/// Keys that people query in CloudWatch Logs Insights (docs/logs.md); renaming one breaks their dashboards.
namespace log_key {
inline constexpr std::string_view kService = "service";
inline constexpr std::string_view kDeploymentId = "deployment_id";
inline constexpr std::string_view kTaskDefinition = "task_definition";
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kAttempt = "attempt";
inline constexpr std::string_view kMaxRetries = "max_retries";
inline constexpr std::string_view kReason = "reason";
inline constexpr std::string_view kRequestId = "request_id";
inline constexpr std::string_view kTarget = "target";
}  // namespace log_key

/// One JSON object per line: `timestamp`, `level`, `message`, `project_name`, `environment`, `fields`.
/// Thread-safe. Sink, clock and redactor must outlive it.
class Logger {
public:
    Logger(LogSink& sink, const Clock& clock, const Redactor& redactor);
    /// The same log with the deployment target in each line. `log` must outlive it, and is the one that is set.
    Logger(const Logger& log, std::string target);

    void set_level(LogLevel level) { level_ = level; }
    void set_identity(std::string project, std::string environment);
    /// The invocation's request id, put into every line until it is bound anew; empty for none.
    void bind_request_id(std::string request_id);

    [[nodiscard]] bool enabled(LogLevel level) const { return level >= (whole_ != nullptr ? *whole_ : *this).level_; }
    [[nodiscard]] const Redactor& redactor() const { return redactor_; }
    void log(LogLevel level, std::string_view message, std::vector<LogField> fields = {}) const;

    void debug(std::string_view message, std::vector<LogField> fields = {}) const {
        log(LogLevel::kDebug, message, std::move(fields));
    }
    void info(std::string_view message, std::vector<LogField> fields = {}) const {
        log(LogLevel::kInfo, message, std::move(fields));
    }
    void warn(std::string_view message, std::vector<LogField> fields = {}) const {
        log(LogLevel::kWarn, message, std::move(fields));
    }
    void error(std::string_view message, std::vector<LogField> fields = {}) const {
        log(LogLevel::kError, message, std::move(fields));
    }

    /// Where `count` counts; nullptr, as at the start, for nowhere. It must outlive the log.
    void set_tally(Tally* tally) { tally_ = tally; }
    /// Something to be counted or measured: as `Tally::add`.
    void count(Metric metric, double value = 1, std::string_view service = {}, std::string_view deployment = {}) const;
    /// Writes what was counted, as lines in CloudWatch's embedded metric format: they are whole log events, so without
    /// the members of the others.
    void write_metrics() const;

private:
    LogSink& sink_;
    const Clock& clock_;
    const Redactor& redactor_;
    LogLevel level_ = LogLevel::kInfo;
    std::string project_;
    std::string environment_;
    std::string request_id_;
    Tally* tally_ = nullptr;
    const Logger* whole_ = nullptr;  // that this is a part of
    std::string target_;
};

}  // namespace ci_lambda
