#include "images/semver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::uint64_t kLargestNumber = (std::uint64_t{1} << 53U) - 1;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kIdentifierCharacters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";

bool consists_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_numeric(std::string_view identifier) { return consists_of(identifier, kDigits); }

std::optional<std::uint64_t> parse_number(std::string_view text) {
    if (text.empty() || !is_numeric(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    const auto number = parse_unsigned(text);
    if (!number || *number > kLargestNumber) return std::nullopt;
    return *number;
}

bool is_wildcard(std::string_view part) { return part == "x" || part == "X" || part == "*"; }

/// A version of which the end may be missing, or be an `x`.
struct PartialVersion {
    std::vector<std::uint64_t> known;  // major, minor, patch, as far as they are said
    std::vector<std::string> prerelease;
    bool has_x = false;

    /// With zeros for what is not said.
    [[nodiscard]] Version lowest() const {
        Version version{.numbers = {}, .prerelease = prerelease};
        std::ranges::copy(known, version.numbers.begin());
        return version;
    }
    /// The next one in which the number at `index` differs.
    [[nodiscard]] Version after(std::size_t index) const {
        Version version;
        std::copy_n(known.begin(), index + 1, version.numbers.begin());
        ++version.numbers[index];
        return version;
    }
    /// The same as the end of what is below: not even its own prereleases are.
    [[nodiscard]] Version end(std::size_t index) const {
        auto version = after(index);
        version.prerelease = {"0"};
        return version;
    }
};

/// `alpha.1` of `1.4.2-alpha.1`.
std::optional<std::vector<std::string>> parse_identifiers(std::string_view text, bool of_prerelease) {
    auto identifiers = split(text, '.');
    for (const auto& one : identifiers) {
        if (one.empty() || !consists_of(one, kIdentifierCharacters)) return std::nullopt;
        if (of_prerelease && is_numeric(one) && one.size() > 1 && one.front() == '0') return std::nullopt;
    }
    return identifiers;
}

/// What is said of major, minor and patch; what follows an `x` can only be another.
bool read_numbers(std::string_view text, PartialVersion& version) {
    const auto parts = split(text, '.');
    if (parts.size() > Version{}.numbers.size()) return false;
    for (const auto& part : parts) {
        if (is_wildcard(part)) {
            version.has_x = true;
            continue;
        }
        const auto number = parse_number(part);
        if (!number || version.has_x) return false;
        version.known.push_back(*number);
    }
    return true;
}

std::optional<PartialVersion> parse_partial(std::string_view text) {
    const bool has_v = text.starts_with('v');
    if (has_v) text.remove_prefix(1);
    PartialVersion version;
    const auto plus = text.find('+');
    const bool has_build = plus != std::string_view::npos;
    if (has_build && !parse_identifiers(text.substr(plus + 1), false)) return std::nullopt;
    text = text.substr(0, plus);
    const auto hyphen = text.find('-');
    const bool has_prerelease = hyphen != std::string_view::npos;
    if (has_prerelease) {
        auto identifiers = parse_identifiers(text.substr(hyphen + 1), true);
        if (!identifiers) return std::nullopt;
        version.prerelease = *std::move(identifiers);
    }
    if (!read_numbers(text.substr(0, hyphen), version)) return std::nullopt;
    if (has_v && version.known.empty()) return std::nullopt;  // `v*` is a glob
    const bool whole = version.known.size() == Version{}.numbers.size();
    if ((has_build || has_prerelease) && !whole) return std::nullopt;
    return version;
}

std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
    if (is_numeric(a) != is_numeric(b))
        return is_numeric(a) ? std::strong_ordering::less : std::strong_ordering::greater;
    // Without leading zeros the longer number is the larger one.
    if (is_numeric(a) && a.size() != b.size()) return a.size() <=> b.size();
    return a <=> b;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (const auto& word : split(text, ' '))
        if (!word.empty()) words.push_back(word);
    return words;
}

/// `>=` of `>=2.0`; empty where there is none.
std::string_view operator_of(std::string_view word) {
    for (const std::string_view known : {">=", "<=", "~>", ">", "<", "=", "^", "~"})
        if (word.starts_with(known)) return word.substr(0, known.size());
    return {};
}

std::string quoted(std::string_view word) {
    constexpr std::size_t kLongestWord = 60;
    return fmt::format("\"{}\"", one_line(word, kLongestWord));
}

}  // namespace

std::strong_ordering operator<=>(const Version& a, const Version& b) {
    if (const auto numbers = a.numbers <=> b.numbers; numbers != std::strong_ordering::equal) return numbers;
    // A prerelease goes before its release.
    if (a.prerelease.empty() || b.prerelease.empty()) return b.prerelease.size() <=> a.prerelease.size();
    return std::lexicographical_compare_three_way(a.prerelease.begin(), a.prerelease.end(), b.prerelease.begin(),
                                                  b.prerelease.end(), compare_identifiers);
}

std::optional<Version> Version::parse(std::string_view text) {
    const auto version = parse_partial(text);
    if (!version || version->known.size() != Version{}.numbers.size()) return std::nullopt;
    return version->lowest();
}

bool is_version_with_x(std::string_view text) {
    const auto version = parse_partial(text);
    return version && version->has_x && !version->known.empty() && !text.contains('*');
}

bool VersionRange::Comparator::holds(const Version& other) const {
    switch (relation) {
        case Operator::kLess: return other < version;
        case Operator::kLessOrEqual: return other <= version;
        case Operator::kEqual: return other == version;
        case Operator::kGreaterOrEqual: return other >= version;
        case Operator::kGreater: return other > version;
    }
    return false;
}

/// Turns the short notations into comparators, as node-semver's documentation says for each of them.
class VersionRange::Reader {
public:
    static Result<Comparators> read(std::string_view text) {
        Reader reader;
        const auto words = words_of(text);
        if (words.empty()) return fail(ErrorKind::kConfiguration, "there is nothing before or behind a \"||\"");
        constexpr std::size_t kWordsWithHyphen = 3;
        if (words.size() == kWordsWithHyphen && words[1] == "-") {
            TRY(reader.hyphen(words.front(), words.back()));
            return std::move(reader.comparators_);
        }
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string relation(operator_of(words[i]));
            auto version = words[i].substr(relation.size());
            // `>= 2.0`
            if (version.empty() && i + 1 < words.size()) version = words[++i];
            TRY(reader.simple(relation, version));
        }
        return std::move(reader.comparators_);
    }

private:
    static Result<PartialVersion> partial(const std::string& text) {
        auto version = parse_partial(text);
        if (!version)
            return fail(ErrorKind::kConfiguration,
                        fmt::format("{} is no version and no beginning of one, such as 1.4", quoted(text)));
        return *std::move(version);
    }

    Status simple(std::string_view relation, const std::string& text) {
        if (text.empty())
            return fail(ErrorKind::kConfiguration, fmt::format("there is no version behind {}", quoted(relation)));
        TRY_ASSIGN(const auto version, partial(text));
        if (relation == "~" || relation == "~>")
            tilde(version);
        else if (relation == "^")
            caret(version);
        else
            compare(relation, version);
        return {};
    }

    Status hyphen(const std::string& from, const std::string& to) {
        TRY_ASSIGN(const auto first, partial(from));
        TRY_ASSIGN(const auto last, partial(to));
        compare(">=", first);
        compare("<=", last);
        return {};
    }

    void compare(std::string_view relation, const PartialVersion& version) {
        const auto known = version.known.size();
        if (known == 0) {
            // Nothing is below or above all versions.
            if (relation == "<" || relation == ">") add(Operator::kLess, Version{.numbers = {}, .prerelease = {"0"}});
        } else if (known == Version{}.numbers.size()) {
            add(relation_of(relation), version.lowest());
        } else if (relation == ">") {
            add(Operator::kGreaterOrEqual, version.after(known - 1));
        } else if (relation == "<") {
            auto lowest = version.lowest();
            lowest.prerelease = {"0"};
            add(Operator::kLess, std::move(lowest));
        } else {
            if (relation != "<=") add(Operator::kGreaterOrEqual, version.lowest());
            if (relation != ">=") add(Operator::kLess, version.end(known - 1));
        }
    }

    /// The same minor, or, where that is not said, the same major.
    void tilde(const PartialVersion& version) {
        const auto known = version.known.size();
        if (known == 0) return;
        between(version, std::min<std::size_t>(known, 2) - 1);
    }

    /// The same number at the left that is not zero.
    void caret(const PartialVersion& version) {
        if (version.known.empty()) return;
        const auto found = std::ranges::find_if(version.known, [](std::uint64_t number) { return number != 0; });
        const auto index = static_cast<std::size_t>(found - version.known.begin());
        between(version, std::min(index, version.known.size() - 1));
    }

    void between(const PartialVersion& version, std::size_t index) {
        add(Operator::kGreaterOrEqual, version.lowest());
        add(Operator::kLess, version.end(index));
    }

    static Operator relation_of(std::string_view relation) {
        if (relation == "<") return Operator::kLess;
        if (relation == "<=") return Operator::kLessOrEqual;
        if (relation == ">") return Operator::kGreater;
        if (relation == ">=") return Operator::kGreaterOrEqual;
        return Operator::kEqual;
    }

    void add(Operator relation, Version version) {
        comparators_.push_back({.relation = relation, .version = std::move(version)});
    }

    Comparators comparators_;
};

Result<VersionRange> VersionRange::parse(std::string_view text) {
    constexpr std::string_view kOr = "||";
    std::vector<Comparators> alternatives;
    for (;;) {
        const auto end = text.find(kOr);
        TRY_ASSIGN(auto comparators, Reader::read(text.substr(0, end)));
        alternatives.push_back(std::move(comparators));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + kOr.size());
    }
    return VersionRange(std::move(alternatives));
}

bool VersionRange::contains(const Version& version) const {
    return std::ranges::any_of(alternatives_, [&](const Comparators& comparators) {
        if (!std::ranges::all_of(comparators, [&](const Comparator& one) { return one.holds(version); })) return false;
        if (version.prerelease.empty()) return true;
        return std::ranges::any_of(comparators, [&](const Comparator& one) {
            return !one.version.prerelease.empty() && one.version.numbers == version.numbers;
        });
    });
}

}  // namespace ci_lambda
