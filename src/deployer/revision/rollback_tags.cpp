#include "deployer/revision/rollback_tags.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "deployer/revision/tag_text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kStandsFor = "ci_lambda:stands-for";
constexpr std::string_view kRollbackOf = "ci_lambda:rollback-of";
constexpr std::string_view kBecause = "ci_lambda:because";
constexpr std::string_view kBadSince = "ci_lambda:bad-since";
constexpr std::string_view kTakenBackBy = "ci_lambda:taken-back-by";
constexpr std::string_view kTakenBackAt = "ci_lambda:taken-back-at";
constexpr std::string_view kPerson = "person";
constexpr std::string_view kAutomatic = "automatic";

std::string tag(const EcsTags& tags, std::string_view key) {
    const auto found = tags.find(std::string(key));
    return found == tags.end() ? std::string() : found->second;
}

}  // namespace

EcsTags RollbackCopy::tags() const {
    EcsTags tags{{std::string(kStandsFor), tag_text(stands_for)},
                 {std::string(kRollbackOf), tag_text(rollback_of)},
                 {std::string(kBecause), std::string(by_person ? kPerson : kAutomatic)},
                 {std::string(kBadSince), format_rfc3339(bad_since)}};
    if (const auto text = tag_text(reason); !text.empty()) tags[std::string(kReasonTag)] = text;
    return tags;
}

std::optional<RollbackCopy> RollbackCopy::read(const EcsTags& tags) {
    auto rollback_of = tag(tags, kRollbackOf);
    if (rollback_of.empty()) return std::nullopt;
    return RollbackCopy{.stands_for = tag(tags, kStandsFor),
                        .rollback_of = std::move(rollback_of),
                        .by_person = tag(tags, kBecause) == kPerson,
                        .reason = tag(tags, kReasonTag),
                        .bad_since = parse_rfc3339(tag(tags, kBadSince)).value_or(WallTime{})};
}

bool is_same_rollback(const EcsTags& a, const EcsTags& b) {
    if (tag(a, kRollbackOf).empty()) return false;
    return std::ranges::all_of(std::array{kStandsFor, kRollbackOf, kBecause, kBadSince},
                               [&](auto key) { return tag(a, key) == tag(b, key); });
}

EcsTags taken_back_by_person(WallTime at) {
    return {{std::string(kTakenBackBy), std::string(kPerson)}, {std::string(kTakenBackAt), format_rfc3339(at)}};
}

std::optional<WallTime> when_taken_back_by_person(const EcsTags& tags) {
    if (tag(tags, kTakenBackBy) != kPerson) return std::nullopt;
    return parse_rfc3339(tag(tags, kTakenBackAt));
}

}  // namespace ci_lambda
