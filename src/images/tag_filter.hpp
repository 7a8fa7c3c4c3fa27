#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "images/regular_expression.hpp"
#include "images/semver.hpp"

namespace ci_lambda {

/// What a pattern may be, for messages and the docs.
inline constexpr std::string_view kTagPatternExpects =
    "a glob such as `v*`, a range such as `>=2.0 <3`, or a regular expression between slashes, each with `!` before it "
    "to exclude";

/// One pattern of a filter. Which kind it is says its text alone:
///
/// - `/../` is a regular expression;
/// - what begins with one of `< > = ^ ~`, has a blank or `||` in it, or is a version with an `x` (`1.x`), is a range of
///   versions: it matches tags that are a whole version in it, with a `v` in front or without;
/// - all else is a glob: `*` is any text, `?` any character, everything else itself.
///
/// A `!` in front excludes what the rest matches. All are compared with the whole tag.
class TagPattern {
public:
    /// Fails (kConfiguration) with the pattern and what is wrong with it, on one line.
    [[nodiscard]] static Result<TagPattern> parse(std::string_view text);

    /// As it was written, without blanks at its ends.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool excludes() const { return text_.starts_with('!'); }
    [[nodiscard]] bool is_range() const { return std::holds_alternative<VersionRange>(kind_); }
    /// Without regard to `excludes()`.
    [[nodiscard]] bool matches(std::string_view tag) const;
    /// Whether it is this tag itself, letter by letter.
    [[nodiscard]] bool is_name_of(std::string_view tag) const { return text_ == tag; }

    friend bool operator==(const TagPattern& a, const TagPattern& b) { return a.text_ == b.text_; }

private:
    struct Glob {
        std::string text;
    };
    using Kind = std::variant<Glob, VersionRange, RegularExpression>;

    TagPattern(std::string text, Kind kind) : text_(std::move(text)), kind_(std::move(kind)) {}
    static Result<Kind> parse_kind(std::string_view text);

    std::string text_;
    Kind kind_;
};

/// Which tags deploy. Without patterns: every tag.
class TagFilter {
public:
    TagFilter() = default;
    explicit TagFilter(std::vector<TagPattern> patterns) : patterns_(std::move(patterns)) {}

    /// Whether the tag matches at least one pattern that does not exclude, if there are such, and none that does. What
    /// cannot be a tag (more than 128 characters, or others than letters, digits, `_`, `.` and `-`) only an empty
    /// filter takes.
    [[nodiscard]] bool accepts(std::string_view tag) const;
    /// Whether the tag is let in by a range of versions: then versions have an order, and older ones are not wanted.
    [[nodiscard]] bool takes_by_version(std::string_view tag) const;
    /// Whether a pattern is the tag itself: whoever writes that means it.
    [[nodiscard]] bool names(std::string_view tag) const;

    [[nodiscard]] bool empty() const { return patterns_.empty(); }
    [[nodiscard]] std::vector<std::string> texts() const;

    friend bool operator==(const TagFilter&, const TagFilter&) = default;

private:
    std::vector<TagPattern> patterns_;
};

/// The filters of a project.
struct TagFilters {
    TagFilter others;  ///< of services that have none of their own
    std::map<ServiceId, TagFilter> by_service;

    [[nodiscard]] const TagFilter& of(const ServiceId& id) const;
    friend bool operator==(const TagFilters&, const TagFilters&) = default;
};

}  // namespace ci_lambda
