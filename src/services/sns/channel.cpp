#include "services/sns/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/sha256.hpp"
#include "services/notify/message_text.hpp"
#include "services/notify/webhook.hpp"

namespace ci_lambda {
namespace {

/// In characters. SNS takes less than a hundred.
constexpr std::size_t kSubject = 99;
// In bytes. SNS takes 256 KiB of text and attributes.
constexpr std::size_t kText = 150'000;
constexpr std::size_t kServices = 90'000;
constexpr std::size_t kAttribute = 500;
/// What Amazon Q Developer takes is more; what chats show is not.
constexpr std::size_t kChatTitle = 200;
constexpr std::size_t kChatText = 3500;
constexpr std::size_t kGroup = 128;

constexpr Milliseconds kFirstWait{300};
constexpr int kMostRetries = 2;
constexpr Milliseconds kPauseWhenThrottled{1000};

std::string plain(std::string_view text) { return for_terminal(text); }

std::string link_in_plain(const Linked& link) { return fmt::format("{}: {}", plain(link.title), link.url); }

std::string_view mark_in_plain(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return "[ok]";
        case NotificationType::kError: return "[error]";
        case NotificationType::kInfo: return "[info]";
        case NotificationType::kWarning: return "[warning]";
    }
    return "";
}

/// What shows the text may be Slack or Teams: no escape is one to both. So whatever could be markup to one of them
/// becomes what looks like it, and a soft hyphen comes behind what begins a word.
std::string chat_literal(std::string_view text) {
    std::string literal;
    char before = '\n';
    for (const char c : for_terminal(text)) {
        const bool in_word =
            (before >= '0' && before <= '9') || (before >= 'A' && before <= 'Z') || (before >= 'a' && before <= 'z');
        switch (c) {
            case '*': literal += "\xE2\x88\x97"; break;
            case '~': literal += "\xE2\x88\xBC"; break;
            case '`': literal += "\xCB\x8B"; break;
            case '<': literal += "\xE2\x80\xB9"; break;
            case '>': literal += "\xE2\x80\xBA"; break;
            case '[': literal += "\xEF\xBC\xBB"; break;
            case ']': literal += "\xEF\xBC\xBD"; break;
            case '_': literal += in_word ? "_" : "_\xC2\xAD"; break;
            case '#':
            case '-':
            case '+':
                if (before == '\n') literal += "\xC2\xAD";
                literal += c;
                break;
            default: literal += c;
        }
        before = c;
    }
    return literal;
}

std::string link_in_chat(const Linked& link) { return fmt::format("{}: {}", chat_literal(link.title), link.url); }

constexpr Markup kPlain{.literal = plain,
                        .measure = bytes,
                        .bold = "",
                        .code = "",
                        .fence = "",
                        .link = link_in_plain,
                        .mark = mark_in_plain};
constexpr Markup kChat{.literal = chat_literal,
                       .measure = characters,
                       .bold = "*",
                       .code = "`",
                       .fence = "```",
                       .link = link_in_chat,
                       .mark = sign_of};

/// A mail's subject: what is not printable ASCII becomes a question mark, once for each character.
std::string subject_of(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    std::string subject;
    for (const char c : one_line(fmt::format("[{} {}] {}", first.project, first.environment, announcement.title))) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= ' ' && byte <= '~')
            subject += c;
        else if ((byte & 0xC0U) != 0x80U)
            subject += '?';
    }
    subject = trim(subject);
    if (subject.size() <= kSubject) return subject;
    return std::string(trim(subject.substr(0, kSubject - 3))) + "...";
}

std::string chat_form(const Announcement& announcement) {
    Json message = Json::object();
    message["version"] = "1.0";
    message["source"] = "custom";
    auto& content = message["content"];
    content["textType"] = "client-markdown";
    content["title"] = fmt::format("{} {}", sign_of(announcement.type),
                                   escaped_to_fit(one_line(announcement.title), kChatTitle, chat_literal, characters));
    content["description"] = message_text(announcement, kChat, kChatText, true);
    auto& metadata = message["metadata"];
    metadata["enableCustomActions"] = true;
    metadata["additionalContext"] = Json::object();
    return dump_json(message);
}

std::string plain_form(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    const auto title = one_line(announcement.title, kAttribute);
    const auto end = one_line(fmt::format("{} \xC2\xB7 ci_lambda", first.project), kAttribute);
    return fmt::format("{}\n\n{}\n\n{}", title, message_text(announcement, kPlain, kText, true), end);
}

std::string services_of(const Announcement& announcement) {
    Json names = Json::array();
    std::size_t size = 2;
    for (const auto& part : announcement.parts) {
        auto name = one_line(part.service, kAttribute);
        size += json_bytes(name) + 3;
        if (size > kServices) break;
        if (!name.empty()) names.push_back(std::move(name));
    }
    return dump_json(names);
}

/// Of letters, digits and punctuation, as SNS wants it.
std::string group_of(const Notification& part) {
    auto group = fmt::format("{}/{}", part.project, part.environment);
    for (auto& c : group)
        if (c <= ' ' || c > '~') c = '_';
    group.resize(std::min(group.size(), kGroup));
    return group;
}

}  // namespace

SnsMessage sns_message(const Announcement& announcement, const std::string& topic_arn, bool chat) {
    const auto& first = announcement.parts.front();
    SnsMessage message{.topic_arn = topic_arn,
                       .subject = subject_of(announcement),
                       .message = chat ? chat_form(announcement) : plain_form(announcement)};
    const auto add = [&](std::string_view name, std::string value, bool is_array = false) {
        if (!value.empty())
            message.attributes.push_back({.name = std::string(name), .value = std::move(value), .is_array = is_array});
    };
    const auto short_text = [](const std::string& text) { return std::string(trim(one_line(text, kAttribute))); };
    add("type", event_type_of(announcement));
    add("severity", std::string(word_of(announcement.type)));
    add("project", short_text(first.project));
    add("environment", short_text(first.environment));
    if (announcement.parts.size() == 1)
        add("service", short_text(first.service));
    else
        add("service", services_of(announcement), true);
    if (topic_arn.ends_with(".fifo")) message.group = group_of(first);
    return message;
}

SnsChannel::SnsChannel(std::string name, std::string topic_arn, bool chat, SnsClient& client, const Clock& clock,
                       Sleeper& sleeper)
    : name_(std::move(name)),
      topic_arn_(std::move(topic_arn)),
      chat_(chat),
      client_(client),
      clock_(clock),
      sleeper_(sleeper) {}

Result<NotificationChannel::Answer> SnsChannel::deliver(const Announcement& announcement, Deadline deadline) {
    auto message = sns_message(announcement, topic_arn_, chat_);
    const bool fifo = !message.group.empty();
    if (fifo) {
        // SNS drops what has the same id within five minutes: the same message told again is another one.
        const auto which = std::hash<std::string>{}(message.message);
        if (which != std::exchange(underway_, which)) since_ = clock_.now();
        message.deduplication_id =
            replace_all(sha256_digest_of(format_rfc3339(since_) + message.subject + message.message), "sha256:", "");
    }
    auto wait = kFirstWait;
    for (int failures = 0;; wait *= 2) {
        const auto published = client_.publish(message, deadline);
        if (published) {
            underway_ = 0;
            return Answer{};
        }
        auto error = published.error();
        if (error.kind == ErrorKind::kThrottled) return Answer{.come_again_after = kPauseWhenThrottled};
        if (error.kind == ErrorKind::kNotFound)
            error.message += fmt::format(" (the topic no longer exists: change that of the channel {})", name_);
        // What may have been published already is not published again, unless SNS would know it again.
        const bool may_retry = error.retryable() && (fifo || !error.outcome_unknown);
        const auto left = deadline.remaining(clock_);
        if (!may_retry || failures++ == kMostRetries || (left && wait >= *left)) {
            underway_ = 0;
            return std::unexpected(std::move(error));
        }
        sleeper_.sleep_for(wait);
    }
}

}  // namespace ci_lambda
