#include "logging/logger.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <functional>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Field order as people read it, not sorted.
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kShortestSecret = 8;

/// Where a text was cut (`truncate_utf8`), the beginning of the secret may be left.
std::string redact_cut(std::string text, std::string_view secret) {
    constexpr std::string_view kEllipsis = "\u2026";
    for (auto at = text.find(kEllipsis); at != std::string::npos; at = text.find(kEllipsis, at + kEllipsis.size())) {
        auto length = std::min(secret.size(), at);
        while (length >= kShortestSecret && text.compare(at - length, length, secret, 0, length) != 0) --length;
        if (length < kShortestSecret) continue;
        text.replace(at - length, length, "***");
        at = at - length + 3;
    }
    return text;
}

}  // namespace

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug: return "debug";
        case LogLevel::kInfo: return "info";
        case LogLevel::kWarn: return "warn";
        case LogLevel::kError: return "error";
    }
    return "info";
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
    const std::string lower = to_lower(text);
    if (lower == "debug" || lower == "trace") return LogLevel::kDebug;
    if (lower == "info") return LogLevel::kInfo;
    if (lower == "warn" || lower == "warning") return LogLevel::kWarn;
    if (lower == "error" || lower == "fatal") return LogLevel::kError;
    return std::nullopt;
}

bool FdLogSink::has_room() {
    pollfd descriptor{.fd = fd_, .events = POLLOUT, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&descriptor, 1, stuck_ ? 0 : static_cast<int>(patience_.count()));
    } while (ready < 0 && errno == EINTR);
    stuck_ = ready == 0;
    return ready > 0;
}

void FdLogSink::write(std::string_view line) {
    const std::scoped_lock lock(mutex_);
    std::string text(cut_off_ ? "\n" : "");
    text += line;
    text += '\n';
    std::string_view rest = text;
    while (!rest.empty() && has_room()) {
        // A pipe with room has it for this many bytes (pipe(7)); more would wait for a reader.
        const auto written = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(written));
        cut_off_ = !rest.empty();
    }
}

void Redactor::add(const Secret& secret) {
    if (secret.reveal().size() < kShortestSecret) return;
    const std::scoped_lock lock(mutex_);
    if (std::ranges::find(values_, secret.reveal()) != values_.end()) return;
    values_.push_back(secret.reveal());
    // Longest first: a secret that contains another must go as a whole.
    std::ranges::stable_sort(values_, std::ranges::greater{}, &std::string::size);
}

std::string Redactor::redact(std::string text) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& value : values_) text = redact_cut(replace_all(std::move(text), value, "***"), value);
    return text;
}

Logger::Logger(LogSink& sink, const Clock& clock, const Redactor& redactor)
    : sink_(sink), clock_(clock), redactor_(redactor) {}

void Logger::set_identity(std::string project, std::string environment) {
    project_ = std::move(project);
    environment_ = std::move(environment);
}

void Logger::bind_request_id(std::string request_id) { request_id_ = std::move(request_id); }

void Logger::log(LogLevel level, std::string_view message, std::vector<LogField> fields) const {
    if (!enabled(level)) return;
    OrderedJson body = OrderedJson::object();
    for (auto& field : fields) {
        std::visit(
            [&](auto& value) {
                using T = std::decay_t<decltype(value)>;
                if constexpr (std::is_same_v<T, std::string>) {
                    body[field.key] = redactor_.redact(std::move(value));
                } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
                    for (auto& text : value) text = redactor_.redact(std::move(text));
                    body[field.key] = std::move(value);
                } else {
                    body[field.key] = value;
                }
            },
            field.value);
    }
    if (!request_id_.empty()) body[std::string(log_key::kRequestId)] = request_id_;

    OrderedJson line;
    line["timestamp"] = format_rfc3339(clock_.now());
    line["level"] = to_string(level);
    line["message"] = redactor_.redact(std::string(message));
    line["project_name"] = project_;
    line["environment"] = environment_;
    line["fields"] = std::move(body);
    sink_.write(line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace ci_lambda
