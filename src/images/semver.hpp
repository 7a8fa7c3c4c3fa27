#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda {

/// A version as Semantic Versioning 2.0.0 has it, without its build metadata: that has no order.
struct Version {
    std::array<std::uint64_t, 3> numbers{};  ///< major, minor, patch; each at most 2^53 - 1, as in node-semver
    std::vector<std::string> prerelease;     ///< the identifiers between the dots; empty for a release

    /// The whole of `text`, with one `v` in front or without. `nullopt` for anything else, also for `1.4` and `01.4.2`.
    [[nodiscard]] static std::optional<Version> parse(std::string_view text);

    friend bool operator==(const Version&, const Version&) = default;
};

/// Precedence: SemVer 2.0.0, section 11.
[[nodiscard]] std::strong_ordering operator<=>(const Version& a, const Version& b);

/// A range of versions in the notation of node-semver (npm): `>=2.0 <3`, `^1.4`, `~1.4.2`, `1.x`, `1.2 - 2.3`, and
/// several of these with `||` between them.
class VersionRange {
public:
    /// Fails (kConfiguration) with the word that is wrong.
    [[nodiscard]] static Result<VersionRange> parse(std::string_view text);

    /// A prerelease is in the range only where the range itself names one of the same major, minor and patch:
    /// `>=1.2.3-rc.1` has 1.2.3-rc.2 and 1.2.4, and not 1.2.4-rc.1.
    [[nodiscard]] bool contains(const Version& version) const;

private:
    enum class Operator { kLess, kLessOrEqual, kEqual, kGreaterOrEqual, kGreater };
    struct Comparator {
        Operator relation = Operator::kEqual;
        Version version;
        [[nodiscard]] bool holds(const Version& other) const;
    };
    /// All of them hold; without any, every release is in it.
    using Comparators = std::vector<Comparator>;
    class Reader;

    explicit VersionRange(std::vector<Comparators> alternatives) : alternatives_(std::move(alternatives)) {}

    std::vector<Comparators> alternatives_;
};

/// Whether it is part of a version with an `x` in place of the rest: `1.x`, `v1.4.x`. Alone, that is a range.
[[nodiscard]] bool is_version_with_x(std::string_view text);

}  // namespace ci_lambda
