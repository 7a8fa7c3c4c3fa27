#pragma once

#include <optional>

#include "base/names.hpp"
#include "config/names.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// Of which service it is: the id in "api in us" (`EcsTarget::label`), as no id has a blank in it.
[[nodiscard]] ServiceId service_of(const Notification& notification);

/// The service's page in ECS's console, of the partition of its region (AWS General Reference, "AWS Management Console
/// endpoints"). `nullopt` where a name is none that ECS takes, or the region is not known.
[[nodiscard]] std::optional<Link> console_link(const EcsTarget& target);

}  // namespace ci_lambda
