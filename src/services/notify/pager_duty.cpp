#include "services/notify/pager_duty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/sha256.hpp"
#include "services/notify/message_text.hpp"

namespace ci_lambda {
namespace {

// PagerDuty's limits (Events API v2), in characters.
constexpr std::size_t kSummary = 1024;
constexpr std::size_t kKey = 255;
/// Of an event's texts, of 512 KB in all.
constexpr std::size_t kText = 10'000;
constexpr std::size_t kSourceText = 200;
constexpr std::size_t kListed = 100'000;
constexpr std::size_t kMostLinksOfAlert = 10;
constexpr Milliseconds kEnoughForOne{500};

std::string clean_for_alert(std::string_view text) { return for_terminal(text); }

std::string text_in_alert(std::string_view text, std::size_t limit) {
    return escaped_to_fit(trim(text), limit, clean_for_alert, characters);
}

Json event_of(std::string_view action, std::string key) {
    Json event = Json::object();
    event["event_action"] = action;
    event["dedup_key"] = std::move(key);
    return event;
}

std::string key_of(const Notification& part) { return pager_duty_key(part.project, part.environment, part.service); }

/// An alert: what it says at once, and its details.
Json alert_event(const Announcement& announcement, const Notification& part, std::string key, std::string_view summary,
                 Json details) {
    auto event = event_of("trigger", std::move(key));
    auto& payload = event["payload"];
    payload["summary"] = one_line(summary, kSummary);
    payload["source"] = one_line(fmt::format("{}/{}", part.project, part.environment), kSourceText);
    payload["severity"] = "error";
    payload["group"] = one_line(part.project, kSourceText);
    if (const auto lost = lost_in_words(announcement); !lost.empty()) details["lost"] = lost;
    payload["custom_details"] = std::move(details);
    event["client"] = "ci_lambda";
    return event;
}

Json alert_of(const Announcement& announcement, const Notification& part) {
    Json details = Json::object();
    for (const auto& fact : facts_of(part)) details[fact.label] = text_in_alert(fact.value, kText);
    if (part.reason) details["Reason"] = text_in_alert(*part.reason, kText);
    if (part.excerpt) {
        std::string lines;
        for (const auto& line : last_lines(*part.excerpt, kText, clean_for_alert, characters)) lines += line;
        details[one_line(excerpt_title(part, false), kSourceText)] = std::move(lines);
    }
    auto summary = fmt::format("{} [{}]", part.title, part.environment);
    if (part.reason) summary += ": " + *part.reason;
    auto event = alert_event(announcement, part, key_of(part), summary, std::move(details));
    event["payload"]["component"] = one_line(part.service, kSourceText);
    event["payload"]["class"] = one_line(part.status, kSourceText);
    Announcement alone{.type = part.type, .title = part.title, .parts = {part}, .lines = {}, .reason = {}};
    for (const auto& link : links_of(alone, kMostLinksOfAlert)) {
        Json one = Json::object();
        one["href"] = link.url;
        one["text"] = link.title;
        event["links"].push_back(std::move(one));
    }
    return event;
}

/// Of more services than anybody is to be paged for.
Json alert_of_many(const Announcement& announcement, const std::vector<const Notification*>& errors) {
    const auto& first = *errors.front();
    std::string names;
    std::size_t listed = 0;
    for (const auto* part : errors) {
        auto name = (listed == 0 ? "" : ", ") + one_line(part->service, kSourceText);
        if (names.size() + name.size() > kListed) break;
        names += name;
        ++listed;
    }
    if (listed < errors.size()) names += fmt::format(" and {} more", errors.size() - listed);
    Json details = Json::object();
    details["Environment"] = text_in_alert(first.environment, kSourceText);
    details["Services"] = names;
    details["To resolve"] =
        "by hand, once all of these are well: the success of a single one does not resolve this alert";
    std::string reasons;
    for (const auto* part : errors) {
        auto line =
            text_in_alert(fmt::format("{}: {}", part->service, part->reason.value_or(part->status)), kText / 10);
        if (reasons.size() + line.size() + 1 > kListed) break;
        reasons += line + '\n';
    }
    details["Reasons"] = std::move(reasons);
    return alert_event(announcement, first, pager_duty_key(first.project, first.environment, ""),
                       fmt::format("{} deployments failed [{}]: {}", errors.size(), first.environment, names),
                       std::move(details));
}

}  // namespace

std::string pager_duty_key(std::string_view project, std::string_view environment, std::string_view service) {
    auto key = fmt::format("ci_lambda/{}/{}/{}", project, environment, service);
    const bool unambiguous = std::ranges::count(key, '/') == 3 && one_line(key) == key;
    if (unambiguous && key.size() <= kKey) return key;
    const std::array parts{project, environment, service};
    const auto hash = sha256(parts);
    key = "ci_lambda:";
    if (hash)
        for (const auto byte : *hash) key += fmt::format("{:02x}", byte);
    return key;
}

std::vector<std::string> pager_duty_events(const Announcement& announcement) {
    std::vector<const Notification*> errors;
    for (const auto& part : announcement.parts)
        if (part.type == NotificationType::kError) errors.push_back(&part);
    std::vector<std::string> events;
    if (errors.size() > PagerDutyChannel::kMostAlerts)
        events.push_back(dump_json(alert_of_many(announcement, errors)));
    else
        for (const auto* part : errors) events.push_back(dump_json(alert_of(announcement, *part)));
    for (const auto& part : announcement.parts)
        if (part.type == NotificationType::kSuccess) events.push_back(dump_json(event_of("resolve", key_of(part))));
    return events;
}

PagerDutyChannel::PagerDutyChannel(std::string name, Secret routing_key, std::string endpoint, ChannelTools tools)
    : name_(std::move(name)), routing_key_(std::move(routing_key)), endpoint_(std::move(endpoint)), tools_(tools) {}

Result<NotificationChannel::Answer> PagerDutyChannel::deliver(const Announcement& announcement, Deadline deadline) {
    auto told = announcement;
    told.lost_before += untold_;
    const auto events = pager_duty_events(told);
    if (events.empty()) {
        untold_ = told.lost_before;
        return Answer{};
    }
    const auto which = std::hash<std::string>{}(join(events, "\n"));
    if (which != std::exchange(underway_, which)) arrived_ = 0;
    const auto end = std::min(events.size(), arrived_ + kMostAtOnce);
    while (arrived_ < end) {
        // What is not sent in this turn's time is sent in the next one's.
        if (const auto left = deadline.remaining(tools_.clock); arrived_ > 0 && left && *left < kEnoughForOne)
            return Answer{.come_again_after = kBetween};
        auto with_key = R"({"routing_key":)" + dump_json(routing_key_.reveal()) + ',' + events[arrived_].substr(1);
        const auto answer = post({.to = "PagerDuty",
                                  .log_name = "pagerduty events",
                                  .url = endpoint_,
                                  .body = with_key,
                                  .secrets = {routing_key_},
                                  .has_key = true,
                                  .way_out = fmt::format("does its integration still exist? Otherwise make a new one, "
                                                         "and change the secret of the channel {}",
                                                         name_)},
                                 tools_, deadline);
        if (answer && !answer->come_again_after) {
            ++arrived_;
            continue;
        }
        if (answer) return answer;
        auto error = answer.error();
        if (events.size() > 1) error.message += fmt::format("; {} of {} events arrived", arrived_, events.size());
        return std::unexpected(std::move(error));
    }
    if (arrived_ < events.size()) return Answer{.come_again_after = kBetween};
    underway_ = arrived_ = 0;
    // Only an alert has told it.
    untold_ = events.front().contains(R"("event_action":"trigger")") ? 0 : told.lost_before;
    return Answer{};
}

}  // namespace ci_lambda
