// A tag, and then a pattern on each line.

#include "fuzz/support.hpp"
#include "images/artifacts.hpp"
#include "images/tag_filter.hpp"

namespace ci_lambda::fuzzing {
namespace {

/// The good ones; errors are looked at.
std::vector<TagPattern> patterns_of(const std::vector<std::string>& lines) {
    std::vector<TagPattern> patterns;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        auto pattern = TagPattern::parse(lines[i]);
        if (pattern) {
            patterns.push_back(*std::move(pattern));
            continue;
        }
        require(pattern.error().kind == ErrorKind::kConfiguration, "a bad pattern is a configuration error");
        require_readable(pattern.error().message, "the error");
        require(pattern.error().message.starts_with('"'), "the pattern is named", pattern.error().message);
    }
    return patterns;
}

/// Asked in the other order.
TagFilter reversed(const std::vector<TagPattern>& patterns) {
    return TagFilter(std::vector<TagPattern>(patterns.rbegin(), patterns.rend()));
}

void check_filter(const std::string& tag, const std::vector<TagPattern>& patterns) {
    const TagFilter filter(patterns);
    const bool accepted = filter.accepts(tag);
    require(reversed(patterns).accepts(tag) == accepted, "the order of patterns makes no difference", tag);
    bool included = false;
    bool any = false;
    for (const auto& pattern : patterns) {
        require(!(accepted && pattern.excludes() && pattern.matches(tag)), "an exclusion wins", pattern.text());
        any = any || !pattern.excludes();
        included = included || (!pattern.excludes() && pattern.matches(tag));
    }
    require(!accepted || included || !any, "what is accepted is included, where anything is", tag);
    require(!filter.names(tag) || any, "who names a tag includes it", tag);
}

/// A `!` in front turns what a pattern says around.
void check_exclusion(const std::string& tag, const TagPattern& pattern) {
    if (pattern.excludes()) return;
    const auto exclusion = TagPattern::parse("!" + pattern.text());
    require(exclusion.has_value(), "what includes can exclude", pattern.text());
    require(exclusion->excludes() && exclusion->matches(tag) == pattern.matches(tag), "they match the same",
            pattern.text());
    require(!TagFilter({pattern, *exclusion}).accepts(tag), "what is both is excluded", pattern.text());
}

void check_versions(const std::string& one, const std::string& other) {
    const auto a = Version::parse(one);
    const auto b = Version::parse(other);
    if (!a || !b) return;
    const auto order = *a <=> *b;
    require((order == std::strong_ordering::less) == ((*b <=> *a) == std::strong_ordering::greater),
            "versions have one order", one);
    require((order == std::strong_ordering::equal) == (*a == *b), "equal versions have one place", one);
    const auto range = VersionRange::parse("=" + one);
    require(range && range->contains(*a), "a version is in the range of itself", one);
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto lines = split(fuzzing::text_of(data, size), '\n');
    const auto tag = lines.front().substr(0, 300);  // no tag is half as long
    const auto patterns = fuzzing::patterns_of(lines);
    fuzzing::check_filter(tag, patterns);
    for (const auto& pattern : patterns) fuzzing::check_exclusion(tag, pattern);
    for (const auto& line : lines) fuzzing::check_versions(tag, line);
    fuzzing::require(!is_cache_tag(tag) || !is_digest_tag(tag), "a cache is made of no digest", tag);
    return 0;
}
