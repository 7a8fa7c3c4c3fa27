#include "images/tag_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestPattern = 256;
constexpr std::size_t kLongestTag = 128;  // OCI distribution specification, "Pulling manifests"

bool is_tag_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
}

bool is_tag(std::string_view text) {
    return !text.empty() && text.size() <= kLongestTag && std::ranges::all_of(text, is_tag_character);
}

bool looks_like_range(std::string_view text) {
    constexpr std::string_view kOperators = "<>=^~";
    return kOperators.contains(text.front()) || text.contains("||") || text.contains(' ') || is_version_with_x(text);
}

/// In time of at most the product of both lengths: of the stars only the last one is ever tried again.
bool glob_matches(std::string_view glob, std::string_view text) {
    std::size_t at = 0;
    std::size_t star = std::string_view::npos;
    std::size_t from = 0;  // where the text goes on behind what the star stands for
    std::size_t i = 0;
    while (i < text.size()) {
        if (at < glob.size() && glob[at] == '*') {
            star = at++;
            from = i;
        } else if (at < glob.size() && (glob[at] == '?' || glob[at] == text[i])) {
            ++at;
            ++i;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    return glob.substr(at).find_first_not_of('*') == std::string_view::npos;
}

std::string why_no_glob(std::string_view text) {
    const auto is_good = [](char c) { return is_tag_character(c) || c == '*' || c == '?'; };
    const auto bad = std::ranges::find_if_not(text, is_good);
    return bad == text.end() ? "" : fmt::format("tags have no \"{}\"", one_line(std::string_view(&*bad, 1)));
}

std::unexpected<Error> bad_pattern(std::string_view text, std::string_view why) {
    constexpr std::size_t kLongestShown = 80;
    return fail(ErrorKind::kConfiguration, fmt::format("\"{}\": {}", one_line(text, kLongestShown), why));
}

}  // namespace

Result<TagPattern::Kind> TagPattern::parse_kind(std::string_view text) {
    if (text.empty()) return fail(ErrorKind::kConfiguration, "there is nothing in it");
    if (text.size() > kLongestPattern)
        return fail(ErrorKind::kConfiguration, fmt::format("it is longer than {} characters", kLongestPattern));
    if (text.starts_with('/')) {
        if (text.size() < 3 || !text.ends_with('/'))
            return fail(ErrorKind::kConfiguration,
                        "a regular expression stands between two slashes, without flags; where it has a comma in it, "
                        "the list must be JSON");
        TRY_ASSIGN(auto expression, RegularExpression::parse(text.substr(1, text.size() - 2)));
        return Kind(std::move(expression));
    }
    if (looks_like_range(text)) {
        TRY_ASSIGN(auto range, VersionRange::parse(text));
        return Kind(std::move(range));
    }
    if (auto why = why_no_glob(text); !why.empty()) return fail(ErrorKind::kConfiguration, std::move(why));
    return Kind(Glob{.text = std::string(text)});
}

Result<TagPattern> TagPattern::parse(std::string_view text) {
    text = trim(text);
    const bool excludes = text.starts_with('!');
    auto kind = parse_kind(trim(text.substr(excludes ? 1 : 0)));
    if (!kind) return bad_pattern(text, kind.error().message);
    return TagPattern(std::string(text), *std::move(kind));
}

bool TagPattern::matches(std::string_view tag) const {
    if (const auto* glob = std::get_if<Glob>(&kind_)) return glob_matches(glob->text, tag);
    if (const auto* expression = std::get_if<RegularExpression>(&kind_)) return expression->matches(tag);
    const auto version = Version::parse(tag);
    return version && std::get<VersionRange>(kind_).contains(*version);
}

bool TagFilter::accepts(std::string_view tag) const {
    if (patterns_.empty()) return true;
    if (!is_tag(tag)) return false;
    bool includes_any = false;
    bool included = false;
    for (const auto& pattern : patterns_) {
        const bool matches = pattern.matches(tag);
        if (pattern.excludes() && matches) return false;
        includes_any = includes_any || !pattern.excludes();
        included = included || (!pattern.excludes() && matches);
    }
    return included || !includes_any;
}

bool TagFilter::takes_by_version(std::string_view tag) const {
    return accepts(tag) && std::ranges::any_of(patterns_, [&](const TagPattern& pattern) {
               return pattern.is_range() && !pattern.excludes() && pattern.matches(tag);
           });
}

bool TagFilter::names(std::string_view tag) const {
    return std::ranges::any_of(patterns_, [&](const TagPattern& pattern) { return pattern.is_name_of(tag); });
}

std::vector<std::string> TagFilter::texts() const {
    std::vector<std::string> texts;
    for (const auto& pattern : patterns_) texts.push_back(pattern.text());
    return texts;
}

const TagFilter& TagFilters::of(const ServiceId& id) const {
    const auto found = by_service.find(id);
    return found == by_service.end() ? others : found->second;
}

}  // namespace ci_lambda
