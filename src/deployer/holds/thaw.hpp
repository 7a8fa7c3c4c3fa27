#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// How what is held waits for the end: all that there is to know of it stands in the schedule that begins it then. Pure.

/// What waits for one service.
struct HeldRequest {
    DeploymentRequest request;  ///< with a time; several that were held are one
    bool by_person = false;     ///< a person asked for it, or for a part of it
    std::string told = {};      ///< of which hold people were told
};

/// Puts one that was held to one that waits: what came later, by its own time, is what is wanted, as with a batch of
/// events. Of the images that were pushed the newest of each tag are kept, at most a hundred.
[[nodiscard]] HeldRequest together(const HeldRequest& waiting, const HeldRequest& held);

/// Whether putting it there would change nothing: it is in it, or something newer is.
[[nodiscard]] bool has_all_of(const HeldRequest& waiting, const HeldRequest& held);

/// The schedule's name, the same for whoever holds the service: `ci_lambda-thaw-..`, one for each service of a
/// deployment target. A service has two, of which there is one: the second while the first is firing.
enum class ThawSlot { kFirst, kSecond };
[[nodiscard]] std::string thaw_name(const EcsTarget& target, std::string_view region, ThawSlot slot);

/// The event that begins it at this time: JSON, as `decode_event` reads it.
[[nodiscard]] std::string thaw_event(const HeldRequest& held, WallTime at);
/// And back, by the configuration of now. Fails where it is none, or the service is not ours any more.
[[nodiscard]] Result<HeldRequest> held_in_event(std::string_view event, const Config& config);

}  // namespace ci_lambda
