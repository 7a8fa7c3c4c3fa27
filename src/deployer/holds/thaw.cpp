#include "deployer/holds/thaw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "handlers/merge.hpp"
#include "handlers/request_json.hpp"
#include "net/sha256.hpp"

namespace ci_lambda {
namespace {

/// A schedule's input is not to grow with what is pushed meanwhile.
constexpr std::size_t kMostImages = 100;
constexpr std::size_t kLongestReason = 2000;

bool is_replaced_by(const PushedImage& older, const PushedImage& newer) {
    return older.registry == newer.registry && older.account == newer.account && older.region == newer.region &&
           older.repository == newer.repository && older.tag == newer.tag && older.at <= newer.at;
}

void keep_the_newest(std::vector<PushedImage>& images) {
    std::ranges::stable_sort(images, {}, &PushedImage::at);
    std::vector<PushedImage> newest;
    for (auto& image : images) {
        std::erase_if(newest, [&](const PushedImage& older) { return is_replaced_by(older, image); });
        newest.push_back(std::move(image));
    }
    if (newest.size() > kMostImages)
        newest.erase(newest.begin(), newest.end() - static_cast<std::ptrdiff_t>(kMostImages));
    images = std::move(newest);
}

std::vector<std::string> split_at(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    for (auto end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end + separator.size());
    }
    parts.emplace_back(text);
    return parts;
}

bool says(const std::string& reasons, const std::string& reason) {
    const auto known = split_at(reasons, "; ");
    return std::ranges::find(known, reason) != known.end();
}

}  // namespace

HeldRequest together(const HeldRequest& waiting, const HeldRequest& held) {
    const bool in_order = waiting.request.changed_at <= held.request.changed_at;
    const auto& first = in_order ? waiting : held;
    auto second = in_order ? held : waiting;
    // Reasons are added, each once.
    const auto reasons = first.request.reason;
    std::string added;
    for (const auto& reason : split_at(second.request.reason, "; "))
        if (!says(reasons, reason) && !reason.empty()) added += fmt::format("{}{}", added.empty() ? "" : "; ", reason);
    second.request.reason = added.empty() ? reasons : added;
    auto merged = merge(
        {Deploy{.requests = {first.request}, .skipped = {}}, Deploy{.requests = {second.request}, .skipped = {}}});
    HeldRequest both{.request = std::move(merged.requests.front()),
                     .by_person = waiting.by_person || held.by_person,
                     .told = held.told};
    both.request.reason = truncate_utf8(both.request.reason, kLongestReason);
    keep_the_newest(both.request.images);
    return both;
}

bool has_all_of(const HeldRequest& waiting, const HeldRequest& held) {
    const auto& has = waiting.request;
    const auto& wants = held.request;
    if (has.changed_at < wants.changed_at || (held.by_person && !waiting.by_person)) return false;
    if (held.told != waiting.told || (wants.strategy_once && !has.strategy_once)) return false;
    const bool is_later = wants.changed_at < has.changed_at;
    if (!is_later && has.task_definition != wants.task_definition) return false;
    // A parameter that changes later takes nothing back of what a person wants, a later push does.
    const auto is_no_older = [&](const PushedImage& image) { return wants.changed_at <= image.at; };
    const bool newer_wish =
        std::ranges::any_of(has.images, is_no_older) || (is_later && (has.task_definition || !has.wanted.empty()));
    if (!wants.wanted.empty() && has.wanted != wants.wanted && !newer_wish) return false;
    // An image says what to do, and so it is not lost behind a later reason without one.
    return std::ranges::all_of(wants.images, [&](const PushedImage& image) {
        return std::ranges::any_of(has.images,
                                   [&](const PushedImage& one) { return one == image || is_replaced_by(image, one); });
    });
}

std::string thaw_name(const EcsTarget& target, std::string_view region, ThawSlot slot) {
    constexpr std::size_t kDigits = 24;
    constexpr std::string_view kAlgorithm = "sha256:";
    const auto hash = sha256_digest_of(
        fmt::format("{}\n{}\n{}\n{}", region, target.deployment_target, target.cluster, target.service));
    return fmt::format("ci_lambda-thaw-{}{}", hash.substr(kAlgorithm.size(), kDigits),
                       slot == ThawSlot::kSecond ? "-2" : "");
}

std::string thaw_event(const HeldRequest& held, WallTime at) {
    Json event{{"action", "thaw"},
               {"service", held.request.target.id.str()},
               {"at", format_rfc3339(at)},
               {"told", held.told},
               {"request", parse_json(to_json(held.request)).value_or(Json::object())}};
    if (held.by_person) event["by_person"] = true;
    if (!held.request.target.deployment_target.empty()) event["target"] = held.request.target.deployment_target;
    return dump_json(event);
}

Result<HeldRequest> held_in_event(std::string_view text, const Config& config) {
    TRY_ASSIGN(const auto event, parse_json(text));
    const auto* request = find(event, "request");
    if (find_string(event, "action") != "thaw" || request == nullptr)
        return fail(ErrorKind::kProtocol, "it keeps nothing that was held");
    TRY_ASSIGN(auto read, request_of_json(dump_json(*request), config));
    return HeldRequest{.request = std::move(read),
                       .by_person = is_true(event, "by_person"),
                       .told = find_string(event, "told").value_or("")};
}

}  // namespace ci_lambda
