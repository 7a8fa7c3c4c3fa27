#include "announce/routes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "announce/links.hpp"
#include "announce/words.hpp"

namespace ci_lambda {
namespace {

Severity severity_of(NotificationType type) {
    switch (type) {
        case NotificationType::kError: return Severity::kError;
        case NotificationType::kWarning: return Severity::kWarning;
        case NotificationType::kSuccess: return Severity::kSuccess;
        case NotificationType::kInfo: return Severity::kInfo;
    }
    return Severity::kError;
}

}  // namespace

std::optional<Announcement> heard_by(std::string_view channel, const NotifySettings& notify,
                                     const Announcement& announcement) {
    const auto hears = [&](const Notification& part) {
        return notify.hears(channel, severity_of(part.type), service_of(part));
    };
    if (std::ranges::all_of(announcement.parts, hears)) return announcement;
    std::vector<Notification> heard;
    std::ranges::copy_if(announcement.parts, std::back_inserter(heard), hears);
    if (heard.empty()) return std::nullopt;
    return gather(std::move(heard));
}

}  // namespace ci_lambda
