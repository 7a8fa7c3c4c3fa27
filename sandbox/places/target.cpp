#include "sandbox/places/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/values.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_account(std::string_view text) {
    constexpr std::size_t kDigits = 12;
    return text.size() == kDigits && std::ranges::all_of(text, is_digit);
}

bool is_target_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    });
}

std::unexpected<Error> refused(std::string_view option, std::string message) {
    return fail(ErrorKind::kConfiguration, fmt::format("{}: {}", option, message));
}

Result<Site> site_of(std::string_view option, std::string_view text) {
    const auto at = text.find('@');
    Site site{.region = std::string(text.substr(0, at)), .account = std::string(shop::kAccount)};
    if (!looks_like_a_region(site.region))
        return refused(option, fmt::format("{} is no region, such as eu-west-1", in_quotes(site.region)));
    if (at == std::string_view::npos) return site;
    site.account = text.substr(at + 1);
    if (!is_account(site.account))
        return refused(option, fmt::format("{} is no account: write 12 digits", in_quotes(site.account)));
    return site;
}

Status add_to(std::vector<Target>& targets, std::string_view option, Target target) {
    for (const auto& other : targets) {
        if (other.name == target.name) return refused(option, fmt::format("{} is named twice", in_quotes(target.name)));
        if (other.site == target.site)
            return refused(option,
                           fmt::format("{} and {} are the same region of the same account", other.name, target.name));
    }
    targets.push_back(std::move(target));
    return {};
}

}  // namespace

std::string role_arn_of(const Target& target) {
    return fmt::format("arn:aws:iam::{}:role/ci_lambda_{}", target.site.account, target.name);
}

std::string describe(const Target& target) {
    const bool plain = target.name == target.site.region;
    if (target.site.account != shop::kAccount)
        return fmt::format("{} ({} of {})", target.name, target.site.region, target.site.account);
    return plain ? target.name : fmt::format("{} ({})", target.name, target.site.region);
}

bool looks_like_a_region(std::string_view text) {
    const auto parts = split(text, '-');
    constexpr std::size_t kFewest = 3;
    return parts.size() >= kFewest && parse_unsigned(parts.back()).has_value() &&
           std::ranges::all_of(parts | std::views::take(parts.size() - 1), [](const std::string& part) {
               return !part.empty() && std::ranges::all_of(part, is_lower);
           });
}

Target usual_target() { return {.name = std::string(shop::kRegion), .site = shop::home()}; }

Result<std::vector<Target>> parse_regions(std::string_view text) {
    constexpr std::string_view kOption = "--regions";
    std::vector<Target> targets;
    for (const auto& part : split(text, ',')) {
        const auto region = trim(part);
        if (region.contains('@')) return refused(kOption, "for a region of another account use --targets");
        TRY_ASSIGN(auto site, site_of(kOption, region));
        TRY(add_to(targets, kOption, {.name = std::string(region), .site = std::move(site)}));
    }
    return targets;
}

Result<std::vector<Target>> parse_targets(std::string_view text) {
    constexpr std::string_view kOption = "--targets";
    std::vector<Target> targets;
    for (const auto& part : split(text, ',')) {
        const auto written = trim(part);
        const auto equals = written.find('=');
        const auto name = trim(written.substr(0, equals));
        if (equals == std::string_view::npos || !is_target_name(name))
            return refused(kOption, fmt::format("{}: write NAME=REGION or NAME=REGION@ACCOUNT, such as "
                                                "us=us-east-1@222222222222",
                                                in_quotes(written)));
        const auto place = trim(written.substr(equals + 1));
        TRY_ASSIGN(auto site, site_of(kOption, place));
        const bool by_role = place.contains('@');
        if (by_role && targets.empty())
            return refused(kOption, fmt::format("{} comes first, and is where the function runs: it has no account of "
                                                "its own",
                                                in_quotes(name)));
        TRY(add_to(targets, kOption, {.name = std::string(name), .site = std::move(site), .by_role = by_role}));
    }
    return targets;
}

std::map<std::string, std::string> target_variables(const std::vector<Target>& targets) {
    if (targets.empty()) return {};
    const bool plain = std::ranges::all_of(
        targets, [](const Target& target) { return target.name == target.site.region && !target.by_role; });
    std::vector<std::string> regions;
    Json named = Json::object();
    for (const auto& target : targets) {
        regions.push_back(target.site.region);
        auto& json = named[target.name];
        json["region"] = target.site.region;
        if (!target.by_role) continue;
        json["role_arn"] = role_arn_of(target);
        json["external_id"] = kExternalId;
    }
    if (plain) return {{"REGIONS", join(regions, ",")}};
    return {{"TARGETS", dump_json(named)}};
}

}  // namespace ci_lambda::sandbox
