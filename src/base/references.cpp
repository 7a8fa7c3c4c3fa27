#include "base/references.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

bool is_registry(std::string_view first_part) {
    return first_part.find_first_of(".:") != std::string_view::npos || first_part == "localhost";
}

/// A colon before the last slash belongs to a registry's port.
std::size_t colon_of_tag(std::string_view name) {
    const auto slash = name.rfind('/');
    const auto colon = name.rfind(':');
    return slash != std::string_view::npos && colon != std::string_view::npos && colon < slash ? std::string_view::npos
                                                                                               : colon;
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `.`, `_`, `__`, or dashes.
bool is_separator(std::string_view text) {
    return text == "." || text == "_" || text == "__" ||
           (!text.empty() && text.find_first_not_of('-') == std::string_view::npos);
}

/// One part of a repository's name, between slashes.
bool is_path_component(std::string_view text) {
    while (true) {
        const auto word_end = std::ranges::find_if_not(text, is_lower_or_digit) - text.begin();
        if (word_end == 0) return false;
        text.remove_prefix(static_cast<std::size_t>(word_end));
        if (text.empty()) return true;
        const auto separator_end = std::ranges::find_if(text, is_lower_or_digit) - text.begin();
        if (!is_separator(text.substr(0, static_cast<std::size_t>(separator_end)))) return false;
        text.remove_prefix(static_cast<std::size_t>(separator_end));
    }
}

/// What comes after the region in the hosts of ECR: the DNS suffixes of the partitions (botocore, partitions.json), and
/// those of the dual-stack registries (ECR user guide, "Getting started making requests over IPv6"; that of China is by
/// analogy).
constexpr std::array<std::string_view, 7> kSuffixes{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu",  "c2s.ic.gov",
                                                    "sc2s.sgov.gov", "cloud.adc-e.uk",   "csp.hci.ic.gov"};
constexpr std::array<std::string_view, 3> kDualstackSuffixes{"on.aws", "on.amazonwebservices.com.cn",
                                                             "on.amazonwebservices.eu"};

/// A kind of host, by what stands between account and region.
struct EcrHosts {
    std::string_view middle;
    std::span<const std::string_view> suffixes;
};
constexpr std::array<EcrHosts, 4> kEcrHosts{{{".dkr.ecr.", kSuffixes},
                                             {".dkr.ecr-fips.", kSuffixes},
                                             {".dkr-ecr.", kDualstackSuffixes},
                                             {".dkr-ecr-fips.", kDualstackSuffixes}}};

/// Counted from 0, which is `arn`; empty where there is none.
std::string_view part_of_arn(std::string_view arn, int number) {
    if (!arn.starts_with("arn:")) return {};
    for (int part = 0; part < number; ++part) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    return arn.substr(0, arn.find(':'));
}

}  // namespace

std::string with_tag_and_digest(const ImageReference& image, std::string_view tag, std::string_view digest) {
    std::string text(image.registry);
    if (!text.empty()) text += '/';
    text += image.repository;
    if (!tag.empty()) text.append(":").append(tag);
    if (!digest.empty()) text.append("@").append(digest);
    return text;
}

bool is_repository_name(std::string_view text) {
    while (true) {
        const auto slash = text.find('/');
        if (!is_path_component(text.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        text.remove_prefix(slash + 1);
    }
}

bool is_image_tag(std::string_view text) {
    constexpr std::size_t kLongest = 128;
    const auto may_be = [](char c) {
        return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= kLongest && text.front() != '.' && text.front() != '-' &&
           std::ranges::all_of(text, may_be);
}

bool is_image_digest(std::string_view text) {
    constexpr std::string_view kAlgorithm = "sha256:";
    constexpr std::size_t kDigits = 64;
    return text.starts_with(kAlgorithm) && text.size() == kAlgorithm.size() + kDigits &&
           std::ranges::all_of(text.substr(kAlgorithm.size()),
                               [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::optional<EcrRegistry> parse_ecr_registry(std::string_view host) {
    constexpr std::size_t kAccountDigits = 12;
    const auto account = host.substr(0, kAccountDigits);
    if (account.size() != kAccountDigits || !std::ranges::all_of(account, is_digit)) return std::nullopt;
    const auto rest = host.substr(kAccountDigits);
    for (const auto& [middle, suffixes] : kEcrHosts) {
        if (!rest.starts_with(middle)) continue;
        const auto where = rest.substr(middle.size());
        const auto dot = where.find('.');
        if (dot == std::string_view::npos || dot == 0) return std::nullopt;
        if (std::ranges::find(suffixes, where.substr(dot + 1)) == suffixes.end()) return std::nullopt;
        return EcrRegistry{.account = account, .region = where.substr(0, dot)};
    }
    return std::nullopt;
}

bool is_same_registry(std::string_view a, std::string_view b) {
    const auto ecr = parse_ecr_registry(a);
    return a == b || (ecr && ecr == parse_ecr_registry(b));
}

std::string_view region_of_arn(std::string_view arn) { return part_of_arn(arn, 3); }

std::string_view account_of_arn(std::string_view arn) { return part_of_arn(arn, 4); }

std::string_view image_name(std::string_view image) {
    const auto name = image.substr(0, image.find('@'));
    return name.substr(0, colon_of_tag(name));
}

ImageReference parse_image(std::string_view image) {
    ImageReference parts;
    const auto at = image.find('@');
    if (at != std::string_view::npos) parts.digest = image.substr(at + 1);
    const auto name = image.substr(0, at);
    if (const auto colon = colon_of_tag(name); colon != std::string_view::npos) parts.tag = name.substr(colon + 1);
    parts.repository = image_name(image);
    const auto slash = parts.repository.find('/');
    if (slash != std::string_view::npos && is_registry(parts.repository.substr(0, slash))) {
        parts.registry = parts.repository.substr(0, slash);
        parts.repository.remove_prefix(slash + 1);
    }
    return parts;
}

std::string short_image(std::string_view image) {
    constexpr std::string_view kAlgorithm = "sha256:";
    constexpr std::size_t kShown = 12;  // as Docker shows them
    const auto parts = parse_image(image);
    std::string text(parts.tag);
    if (!parts.digest.starts_with(kAlgorithm)) return text.empty() ? "latest" : text;
    if (!text.empty()) text += '@';
    return text += parts.digest.substr(0, kAlgorithm.size() + kShown);
}

std::optional<RevisionName> parse_revision(std::string_view task_definition) {
    const auto name = last_segment(task_definition);
    const auto colon = name.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto number = parse_unsigned(name.substr(colon + 1));
    if (!number) return std::nullopt;
    return RevisionName{.family = name.substr(0, colon), .number = *number};
}

std::string short_name(std::string_view task_definition_arn) { return std::string(last_segment(task_definition_arn)); }

}  // namespace ci_lambda
