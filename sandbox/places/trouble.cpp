#include "sandbox/places/trouble.hpp"

#include <algorithm>
#include <array>

#include "sandbox/ecs/scenario.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::array kTroubles{
    TroubleText{Trouble::kRegionDown, "region-down", "calls to the region get no answer: their connections are closed"},
    TroubleText{Trouble::kRegionThrottled, "region-throttled", "one call a second, others get ThrottlingException"},
    TroubleText{Trouble::kRoleDenied, "role-denied", "AssumeRole of the target's role gets AccessDenied"},
};

}  // namespace

std::span<const TroubleText> troubles() { return kTroubles; }

std::string_view name_of(Trouble trouble) {
    const auto* const found = std::ranges::find(kTroubles, trouble, &TroubleText::trouble);
    return found == kTroubles.end() ? name_of(Scenario::kHealthy) : found->name;
}

std::optional<Trouble> parse_trouble(std::string_view name) {
    const auto* const found = std::ranges::find(kTroubles, name, &TroubleText::name);
    return found == kTroubles.end() ? std::nullopt : std::optional(found->trouble);
}

}  // namespace ci_lambda::sandbox
