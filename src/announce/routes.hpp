#pragma once

#include <optional>
#include <string_view>

#include "config/channel.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// What of an announcement this channel is told, by the rules of the services that it is about; `nullopt`: nothing.
/// What is left of several services is put into words anew, so that no channel counts what it does not hear of.
[[nodiscard]] std::optional<Announcement> heard_by(std::string_view channel, const NotifySettings& notify,
                                                   const Announcement& announcement);

}  // namespace ci_lambda
