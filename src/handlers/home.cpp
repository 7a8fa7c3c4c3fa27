#include "handlers/home.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// An event's own text, which may be of any length.
std::string cut(std::string_view text) {
    constexpr std::size_t kLongest = 60;
    return one_line(text, kLongest);
}

}  // namespace

Home Home::of_function(std::string_view arn) {
    constexpr std::size_t kFewestParts = 7;
    const auto parts = split(arn, ':');
    if (parts.size() < kFewestParts || parts[0] != "arn" || parts[2] != "lambda" || !is_account(parts[4])) return {};
    return {.account = parts[4], .function = std::string(arn)};
}

std::optional<std::string> why_from_elsewhere(const Envelope& envelope, const Config& config, const Home& home) {
    if (!envelope.account.empty() && !home.account.empty() && envelope.account != home.account &&
        !config.event_accounts.contains(envelope.account))
        return fmt::format("the event is of the account {}, not of {} (EVENT_ACCOUNTS would name others)",
                           cut(envelope.account), home.account);
    if (!envelope.region.empty() && envelope.region != config.region && !config.event_regions.contains(envelope.region))
        return fmt::format("the event is of the region {}, not of {} (EVENT_REGIONS would name others)",
                           cut(envelope.region), config.region);
    return std::nullopt;
}

}  // namespace ci_lambda
