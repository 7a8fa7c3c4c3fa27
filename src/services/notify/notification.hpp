#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

enum class NotificationType { kSuccess, kError, kInfo, kWarning };

/// Lines of somebody else's, to be shown as they are: what a program wrote.
struct Excerpt {
    std::string title;               ///< what it is: "last words of the container api (exit code 1)"
    std::vector<std::string> lines;  ///< where not all of them can be shown, the last ones are
};

/// Where there is more to see. Both are ours: no text of somebody else's stands in them unescaped.
struct Link {
    std::string title;  ///< "service", "logs", "commit 0123456"
    std::string url;    ///< `https://..`, with everything escaped that a URL must not have
};

/// What a person is asked to approve. A channel that cannot ask says how to answer elsewhere.
struct ApprovalPrompt {
    std::string id;            ///< by which people name it: eight hexadecimal digits
    std::string token;         ///< what answers it
    std::string page = {};     ///< the URL of the page that shows it; empty: there is none
    std::string code = {};     ///< for that page; empty: it only shows
    std::string decided = {};  ///< who has decided what, and when: then there is nothing to answer any more
};

/// What there is to tell of one service. Plain text: each channel escapes and cuts for itself.
struct Notification {
    NotificationType type = NotificationType::kInfo;
    std::string title;  ///< one line: "Deployment started: api"
    std::string project;
    std::string environment;
    std::string service;
    std::string status;  ///< started, could not start, completed, failed, ..
    std::optional<std::string> deployment_id;
    std::optional<std::string> task_definition;
    std::string image = {};                      ///< tag and digest: "v1.43@sha256:0123456789ab"; empty: not known
    std::optional<std::string> started_because;  ///< who or what triggered the deployment, where that is known
    std::optional<std::string> took;             ///< how long the rollout took, in words
    std::optional<std::string> reason;
    std::optional<std::string> ecs_event = {};  ///< ECS's own name of what happened: SERVICE_TASK_START_IMPAIRED
    std::optional<Excerpt> excerpt = {};        ///< shown below the reason
    std::vector<Link> links = {};
    /// What makes it the same as one that was told before, and for how long; empty: nothing does.
    std::vector<std::string> facts = {};
    std::chrono::minutes stays_told{60};
    std::optional<ApprovalPrompt> approval = {};
};

/// One service's line of an announcement that concerns several.
struct AnnouncementLine {
    NotificationType type = NotificationType::kInfo;
    std::string text;  ///< "api: started, ecs-svc/7, shop_service_api_dev:42"
};

/// One message to people: of one service, or of all that one event did or that was learnt at the same moment.
struct Announcement {
    NotificationType type = NotificationType::kInfo;  ///< the worst that it tells
    std::string title;
    std::vector<Notification> parts;      ///< at least one; the worst first
    std::vector<AnnouncementLine> lines;  ///< of several parts, one each, in their order; none of a single part
    std::optional<std::string> reason;    ///< of several: why all of them were deployed, where that is the same
    /// How many before it the same channel did not get, as far as we know.
    std::size_t lost_before = 0;
};

/// Where something is said. Never fails and never waits: a notification must not delay, fail or change a deployment.
class Notifier {
public:
    Notifier() = default;
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    virtual ~Notifier() = default;
    virtual void notify(Announcement announcement) = 0;
};

/// One way to reach people. A second channel implements this and nothing else changes.
class NotificationChannel {
public:
    NotificationChannel() = default;
    NotificationChannel(const NotificationChannel&) = delete;
    NotificationChannel& operator=(const NotificationChannel&) = delete;
    virtual ~NotificationChannel() = default;

    /// What became of a delivery that did not fail.
    struct Answer {
        /// Not taken: the channel wants nothing before this has passed (429 and `Retry-After`).
        std::optional<Milliseconds> come_again_after = {};
    };

    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Delivers, with its own brief retries, and returns before `deadline`. One delivery at a time.
    virtual Result<Answer> deliver(const Announcement& announcement, Deadline deadline) = 0;
};

}  // namespace ci_lambda
