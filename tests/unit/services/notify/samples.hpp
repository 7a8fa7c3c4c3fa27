#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "services/notify/notification.hpp"

namespace ci_lambda::testing {

inline Notification failed_api() {
    return {.type = NotificationType::kError,
            .title = "Deployment failed: api",
            .project = "shop",
            .environment = "dev",
            .service = "api",
            .status = "failed",
            .deployment_id = "ecs-svc/123",
            .task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42",
            .image = "v7@sha256:0123456789ab",
            .took = "3 min 20 s",
            .reason = "tasks failed to start",
            .excerpt = Excerpt{.title = "last words of the container app (exit code 1)",
                               .lines = {"listening", "  fatal: *no* `db` <!here>"}},
            .links = {{.title = "service", .url = "https://console.example/api(1)"}}};
}

inline Notification completed_api() {
    auto notification = failed_api();
    notification.type = NotificationType::kSuccess;
    notification.title = "Deployment completed: api";
    notification.status = "completed";
    notification.reason.reset();
    notification.excerpt.reset();
    return notification;
}

inline Notification asking_api(std::string token = "ca1.abc.def") {
    auto notification = failed_api();
    notification.type = NotificationType::kWarning;
    notification.title = "Deployment to be approved: api";
    notification.status = "to be approved";
    notification.excerpt.reset();
    notification.approval = ApprovalPrompt{.id = "0123abcd",
                                           .token = std::move(token),
                                           .page = "https://x.example/approve?t=ca1.abc.def",
                                           .code = "7K3QX-9WMPT"};
    return notification;
}

inline Announcement only(const Notification& notification) {
    return {.type = notification.type, .title = notification.title, .parts = {notification}};
}

/// So many that failed, and so many that started; each with a reason of so many characters.
inline Announcement many(std::size_t errors, std::size_t started, std::size_t reason = 10) {
    Announcement announcement{.type = errors > 0 ? NotificationType::kError : NotificationType::kInfo,
                              .title = "Deployments: many",
                              .parts = {}};
    for (std::size_t i = 0; i < errors + started; ++i) {
        auto part = failed_api();
        part.service = (i < errors ? "bad" : "good") + std::to_string(i);
        part.reason = std::string(reason, 'x');
        if (i >= errors) {
            part.type = NotificationType::kInfo;
            part.status = "started";
        }
        announcement.lines.push_back(
            {.type = part.type, .text = part.service + ": " + part.status + ": " + *part.reason});
        announcement.parts.push_back(std::move(part));
    }
    return announcement;
}

/// Announcements of any shape, with all that is nasty in their texts. The same ones for a seed.
class RandomAnnouncements {
public:
    explicit RandomAnnouncements(unsigned seed) : random_(seed) {}

    Announcement next() {
        const auto count = below(4) == 0 ? 1 + below(below(20) == 0 ? 2000 : 40) : 1;
        Announcement announcement{.type = type(), .title = text(), .parts = {}};
        for (std::size_t i = 0; i < count; ++i) announcement.parts.push_back(part());
        if (count > 1)
            for (const auto& one : announcement.parts) announcement.lines.push_back({.type = one.type, .text = text()});
        if (below(2) == 0) announcement.reason = text();
        announcement.lost_before = below(3);
        return announcement;
    }

private:
    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }
    NotificationType type() { return static_cast<NotificationType>(below(4)); }
    std::string text() {
        static const std::vector<std::string_view> kPieces{"api",
                                                           "*bold*",
                                                           "_x_",
                                                           "`code`",
                                                           "```",
                                                           "[a](https://evil.example)",
                                                           "<@123>",
                                                           "@everyone",
                                                           "<!channel>",
                                                           "\n",
                                                           "\n# big",
                                                           "\n- item",
                                                           "\n1. one",
                                                           "\\",
                                                           "\"",
                                                           "&lt;",
                                                           "\x1B[31m",
                                                           "\xE2\x80\xAE",
                                                           "\xF0\x9F\x9A\x80",
                                                           "\xFF",
                                                           "\xC3",
                                                           " ",
                                                           "||x||",
                                                           "~~x~~",
                                                           "https://evil.example/x",
                                                           "\t",
                                                           "\x01",
                                                           "{{DATE(1)}}"};
        std::string text;
        const auto length = below(8) == 0 ? below(below(30) == 0 ? 100'000 : 9000) : below(60);
        while (text.size() < length) text += kPieces[below(kPieces.size())];
        return text;
    }
    Notification part() {
        Notification one{.type = type(),
                         .title = text(),
                         .project = text(),
                         .environment = text(),
                         .service = text(),
                         .status = text()};
        if (below(2) == 0) one.deployment_id = text();
        if (below(2) == 0) one.task_definition = text();
        if (below(2) == 0) one.reason = text();
        if (below(2) == 0) one.started_because = text();
        if (below(2) == 0) one.image = text();
        if (below(3) == 0) {
            one.excerpt = Excerpt{.title = text(), .lines = {}};
            for (auto lines = below(60); lines > 0; --lines) one.excerpt->lines.push_back(text());
        }
        for (auto links = below(4); links > 0; --links)
            one.links.push_back({.title = text(), .url = "https://x.example/" + std::string(below(2500), 'u')});
        if (below(4) == 0)
            one.approval =
                ApprovalPrompt{.id = "0123abcd", .token = std::string(below(4000), 't'), .page = "https://x.example/p"};
        return one;
    }

    std::mt19937 random_;
};

}  // namespace ci_lambda::testing
