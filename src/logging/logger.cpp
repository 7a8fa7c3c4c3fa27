#include "logging/logger.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <functional>
#include <iterator>

#include "base/json.hpp"
#include "base/text.hpp"
#include "metrics/tally.hpp"

namespace ci_lambda {
namespace {

/// Field order as people read it, not sorted.
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kShortestSecret = 8;

constexpr std::string_view kEllipsis = "\u2026";
constexpr std::string_view kHidden = "***";

/// As it stands in a URL; of what stays as it is there, the slash may be escaped or not.
std::string percent_encoded(std::string_view text, bool slash_stays, std::string_view hex_digits) {
    constexpr std::string_view kUnreserved = "-._~";  // RFC 3986, section 2.3, beside letters and digits
    std::string encoded;
    for (const char c : text) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter || kUnreserved.contains(c) || (c == '/' && slash_stays)) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded.append({'%', hex_digits[byte >> 4U], hex_digits[byte & 15U]});
        }
    }
    return encoded;
}

/// As it stands between the quotes of JSON.
std::string json_escaped(const std::string& text) {
    const auto quoted = OrderedJson(text).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

void sort_longest_first(std::vector<std::string>& texts) {
    std::ranges::stable_sort(texts, std::ranges::greater{}, &std::string::size);
}

/// What becomes of a secret where an error, a page or an event repeats it: has a `%` or a backslash, or is as before.
std::vector<std::string> escaped_forms_of(const std::string& secret) {
    const auto escaped = json_escaped(secret);
    const auto with_slashes = replace_all(escaped, "/", "\\/");
    // Also as JSON in a string of JSON: an event in a message of a queue.
    std::vector<std::string> forms{escaped, with_slashes, json_escaped(escaped), json_escaped(with_slashes)};
    for (const bool slash_stays : {false, true})
        for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"})
            forms.push_back(percent_encoded(secret, slash_stays, digits));
    std::erase(forms, secret);
    return forms;
}

/// How much of the secret's beginning `text` ends with; 0 where that is too little to be one.
std::size_t beginning_at_end(std::string_view text, std::string_view secret) {
    auto length = std::min(secret.size(), text.size());
    while (length >= kShortestSecret && !text.ends_with(secret.substr(0, length))) --length;
    return length < kShortestSecret ? 0 : length;
}

/// Where a text was cut (`truncate_utf8`), the beginning of a secret may be left.
std::string redact_cut(std::string text, const std::vector<std::string>& secrets) {
    auto at = text.find(kEllipsis);
    if (at == std::string::npos) return text;
    std::string result;
    std::size_t done = 0;
    for (; at != std::string::npos; at = text.find(kEllipsis, done)) {
        const auto before = std::string_view(text).substr(done, at - done);
        std::size_t length = 0;
        for (const auto& secret : secrets) length = std::max(length, beginning_at_end(before, secret));
        result.append(before.substr(0, before.size() - length)).append(length > 0 ? kHidden : "").append(kEllipsis);
        done = at + kEllipsis.size();
    }
    return result.append(text, done);
}

std::string redact_all(std::string text, const std::vector<std::string>& secrets) {
    for (const auto& secret : secrets) text = replace_all(std::move(text), secret, kHidden);
    return redact_cut(std::move(text), secrets);
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
    sort_longest_first(values_);  // a secret that contains another must go as a whole
    escaped_.clear();
}

std::string Redactor::redact(std::string text) const {
    if (text.size() < kShortestSecret) return text;
    const std::scoped_lock lock(mutex_);
    if (text.contains('%') || text.contains('\\')) text = redact_all(std::move(text), escaped_forms());
    return redact_all(std::move(text), values_);
}

const std::vector<std::string>& Redactor::escaped_forms() const {
    if (!escaped_.empty()) return escaped_;
    for (const auto& value : values_) std::ranges::move(escaped_forms_of(value), std::back_inserter(escaped_));
    sort_longest_first(escaped_);
    return escaped_;
}

Logger::Logger(LogSink& sink, const Clock& clock, const Redactor& redactor)
    : sink_(sink), clock_(clock), redactor_(redactor) {}

Logger::Logger(const Logger& log, std::string target)
    : sink_(log.sink_), clock_(log.clock_), redactor_(log.redactor_), whole_(&log), target_(std::move(target)) {}

void Logger::set_identity(std::string project, std::string environment) {
    project_ = std::move(project);
    environment_ = std::move(environment);
}

void Logger::bind_request_id(std::string request_id) { request_id_ = std::move(request_id); }

void Logger::count(Metric metric, double value, std::string_view service, std::string_view deployment) const {
    if (auto* tally = (whole_ != nullptr ? *whole_ : *this).tally_) tally->add(metric, value, service, deployment);
}

void Logger::write_metrics() const {
    const auto& whole = whole_ != nullptr ? *whole_ : *this;
    if (whole.tally_ == nullptr) return;
    for (const auto& line : whole.tally_->take_lines(
             {.project = whole.project_, .environment = whole.environment_, .request_id = whole.request_id_},
             clock_.now()))
        sink_.write(line);
}

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
    const auto& whole = whole_ != nullptr ? *whole_ : *this;
    if (!target_.empty()) body[std::string(log_key::kTarget)] = target_;
    if (!whole.request_id_.empty()) body[std::string(log_key::kRequestId)] = whole.request_id_;

    OrderedJson line;
    line["timestamp"] = format_rfc3339(clock_.now());
    line["level"] = to_string(level);
    line["message"] = redactor_.redact(std::string(message));
    line["project_name"] = whole.project_;
    line["environment"] = whole.environment_;
    line["fields"] = std::move(body);
    // People read logs in terminals, too.
    sink_.write(json_for_terminal(line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)));
}

}  // namespace ci_lambda
