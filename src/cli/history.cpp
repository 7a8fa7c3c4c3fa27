#include "cli/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"

namespace ci_lambda::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kDetailIndent = 4;
constexpr std::size_t kShortDigest = 12;

/// What people call the end of a rollout.
std::string_view verdict_of(const EcsServiceDeployment& record) {
    using enum ServiceDeploymentStatus;
    switch (record.status) {
        case kPending:
        case kInProgress: return "rolling";
        case kSuccessful: return "completed";
        case kStopRequested: return "stopping";
        case kStopped: return "superseded";
        case kRollbackRequested:
        case kRollbackInProgress: return "going back";
        case kRollbackSuccessful: return "rolled back";
        case kRollbackFailed: return "failed";
        case kUnknown: break;
    }
    return "unknown";
}

Color color_of_verdict(std::string_view verdict) {
    if (verdict == "completed") return Color::kGreen;
    return verdict == "rolled back" || verdict == "failed" || verdict == "going back" ? Color::kRed : Color::kYellow;
}

Milliseconds between(WallTime from, WallTime to) {
    return std::max(std::chrono::duration_cast<Milliseconds>(to - from), Milliseconds{0});
}

/// How long ago, or the day, where that says more.
std::string when(WallTime at, WallTime now) {
    constexpr std::chrono::hours kRecent{48};
    constexpr std::size_t kUpToMinutes = 16;
    const auto age = between(at, now);
    if (age < kRecent) return in_words(age) + " ago";
    return replace_all(format_rfc3339(at).substr(0, kUpToMinutes), "T", " ") + "Z";
}

/// The number for the service's own family; of a copy, `rollback:3`.
std::string revision_text(const RolloutStory& rollout, const TaskFamily& family) {
    if (rollout.task_definition.empty()) return "?";
    if (const auto number = revision_number(rollout.task_definition, family)) return std::to_string(*number);
    if (const auto number = revision_number(rollout.task_definition, rollback_family(family)))
        return fmt::format("rollback:{}", *number);
    return short_name(rollout.task_definition);
}

std::string short_digest(std::string_view digest) {
    constexpr std::string_view kAlgorithm = "sha256:";
    if (digest.starts_with(kAlgorithm)) digest.remove_prefix(kAlgorithm.size());
    return std::string(digest.substr(0, kShortDigest));
}

/// The tag that the task definition names, else those that the digest has now.
std::string tags_text(const ImageStory& image) {
    const auto parts = parse_image(image.image);
    if (!parts.tag.empty()) return std::string(parts.tag);
    if (!image.tags.empty()) return join(image.tags, ",");
    return parts.digest.empty() ? "latest" : "";
}

std::string image_text(const ImageStory& image) {
    auto tag = tags_text(image);
    if (image.digest.empty()) return tag;
    return tag.empty() ? short_digest(image.digest) : fmt::format("{} ({})", tag, short_digest(image.digest));
}

bool is_of_ecr(const ImageStory& image) { return parse_ecr_registry(parse_image(image.image).registry).has_value(); }

/// Sidecars of public registries change seldom, and say nothing of one's own code.
std::vector<const ImageStory*> images_that_count(const RolloutStory& rollout) {
    std::vector<const ImageStory*> images;
    for (const auto& image : rollout.images)
        if (is_of_ecr(image)) images.push_back(&image);
    if (images.empty())
        for (const auto& image : rollout.images) images.push_back(&image);
    return images;
}

std::string images_text(const RolloutStory& rollout) {
    const auto images = images_that_count(rollout);
    std::vector<std::string> texts;
    for (const auto* image : images) {
        const auto text = image_text(*image);
        texts.push_back(images.size() > 1 ? fmt::format("{}={}", image->container, text) : text);
    }
    return texts.empty() ? "?" : join(texts, ", ");
}

using Cells = std::array<Span, 5>;

Cells cells_of(const RolloutStory& rollout, const EcsTarget& target, WallTime now) {
    const auto verdict = verdict_of(rollout.record);
    const auto& record = rollout.record;
    return {Span{.text = when(record.created_at, now)},
            Span{.text = std::string(verdict), .color = color_of_verdict(verdict)},
            Span{.text = revision_text(rollout, target.family), .color = Color::kBold},
            Span{.text = images_text(rollout)},
            Span{.text = record.finished_at ? in_words(between(record.created_at, *record.finished_at)) : ""}};
}

/// What Git itself shows; whatever else somebody has written there is shown as it is.
std::string short_commit(const std::string& commit) {
    constexpr std::size_t kShortCommit = 12;
    const bool hash = commit.find_first_not_of("0123456789abcdef") == std::string::npos;
    return hash ? commit.substr(0, kShortCommit) : commit;
}

/// "commit 0a1b2c3d4e5f of https://github.com/shop/api, version 1.43"; empty where the image says nothing.
std::string commit_text(const ImageStory& image) {
    std::vector<std::string> parts;
    if (!image.origin.commit.empty()) parts.push_back("commit " + short_commit(image.origin.commit));
    if (!image.origin.source.empty()) parts.push_back((parts.empty() ? "source " : "of ") + image.origin.source);
    auto text = join(parts, " ");
    if (!image.origin.version.empty()) text += (text.empty() ? "version " : ", version ") + image.origin.version;
    return text;
}

std::string commit_detail(const ImageStory& image, bool with_container) {
    auto text = commit_text(image);
    if (text.empty() && !image.unread.empty()) text = "commit not known: " + image.unread;
    if (text.empty()) text = "commit not known: the image has no OCI labels";
    return with_container ? fmt::format("{}: {}", image.container, text) : text;
}

std::vector<Span> details_of_rollout(const RolloutStory& rollout) {
    std::vector<Span> details;
    const auto images = images_that_count(rollout);
    for (const auto* image : images)
        details.push_back({.text = commit_detail(*image, images.size() > 1), .color = Color::kDim});
    if (rollout.copy)
        details.push_back(
            {.text = fmt::format("a copy of {}, in place of {}, {}{}{}", rollout.copy->stands_for,
                                 rollout.copy->rollback_of, rollout.copy->by_person ? "by a person" : "automatically",
                                 rollout.copy->reason.empty() ? "" : ": ", rollout.copy->reason)});
    if (!rollout.reason.empty()) details.push_back({.text = "because " + rollout.reason});
    const auto verdict = verdict_of(rollout.record);
    const auto& why = rollout.record.rollback_reason.empty() ? rollout.record.reason : rollout.record.rollback_reason;
    if (verdict != "completed" && !why.empty())
        details.push_back({.text = "ECS: " + why, .color = color_of_verdict(verdict)});
    return details;
}

void drop_last_blanks(Line& line) {
    while (!line.empty()) {
        auto& text = line.back().text;
        text.erase(text.find_last_not_of(' ') + 1);
        if (!text.empty()) return;
        line.pop_back();
    }
}

Line line_of(const Cells& cells, const std::array<std::size_t, 5>& widths) {
    Line line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        auto cell = cells.at(i);
        const auto have = columns_of(cell.text);
        cell.text += std::string((widths.at(i) > have ? widths.at(i) - have : 0) + kGap, ' ');
        line.push_back(std::move(cell));
    }
    drop_last_blanks(line);
    return line;
}

void add_wrapped(std::vector<Line>& lines, const Span& span, std::size_t indent, std::size_t columns) {
    const auto room = columns > indent + kDetailIndent ? columns - indent : columns;
    auto parts = columns == 0 ? std::vector{span.text} : wrapped(span.text, room);
    for (auto& part : parts)
        lines.push_back({{.text = std::string(indent, ' ')}, {.text = std::move(part), .color = span.color}});
}

nlohmann::ordered_json image_json(const ImageStory& image) {
    nlohmann::ordered_json json{{"container", image.container}, {"image", image.image}, {"digest", image.digest}};
    json["tags"] = image.tags;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) json[key] = value;
    };
    add("revision", image.origin.commit);
    add("source", image.origin.source);
    add("version", image.origin.version);
    add("unread", image.unread);
    return json;
}

}  // namespace

std::vector<Line> history_lines(const EcsTarget& target, const std::vector<RolloutStory>& rollouts, WallTime now,
                                std::size_t columns) {
    std::vector<Line> lines;
    add_wrapped(lines,
                {.text = fmt::format("{} in {}, revisions of {}", target.service, target.cluster, target.family),
                 .color = Color::kDim},
                0, columns);
    std::vector<Cells> rows{{Span{"BEGUN"}, Span{"VERDICT"}, Span{"REVISION"}, Span{"IMAGE"}, Span{"TOOK"}}};
    for (const auto& rollout : rollouts) rows.push_back(cells_of(rollout, target, now));
    std::array<std::size_t, 5> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths.at(i) = std::max(widths.at(i), columns_of(row.at(i).text));
    const auto whole = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
    const bool table = columns == 0 || whole <= columns;
    if (table) lines.push_back(line_of(rows.front(), widths));
    for (std::size_t i = 0; i < rollouts.size(); ++i) {
        const auto& row = rows.at(i + 1);
        if (table) {
            lines.push_back(line_of(row, widths));
        } else {
            Line head{row[0], {.text = "  "}, row[1], {.text = "  "}, row[2]};
            if (!row[4].text.empty()) head.push_back({.text = "  took " + row[4].text});
            lines.push_back(cut_to(head, columns));
            add_wrapped(lines, {.text = "image " + row[3].text}, kDetailIndent, columns);
        }
        for (const auto& detail : details_of_rollout(rollouts[i])) add_wrapped(lines, detail, kDetailIndent, columns);
    }
    return lines;
}

std::string history_json(const EcsTarget& target, const std::vector<RolloutStory>& rollouts) {
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson list = OrderedJson::array();
    for (const auto& rollout : rollouts) {
        const auto& record = rollout.record;
        OrderedJson one{{"service", target.id.str()},
                        {"verdict", verdict_of(record)},
                        {"task_definition", rollout.task_definition},
                        {"service_deployment", record.arn},
                        {"created_at", format_rfc3339(record.created_at)}};
        if (record.finished_at) {
            one["finished_at"] = format_rfc3339(*record.finished_at);
            one["took_seconds"] =
                std::chrono::duration_cast<std::chrono::seconds>(between(record.created_at, *record.finished_at))
                    .count();
        }
        if (!rollout.reason.empty()) one["reason"] = rollout.reason;
        if (!rollout.registered_for.empty()) one["registered_for"] = rollout.registered_for;
        if (!record.reason.empty()) one["status_reason"] = record.reason;
        if (!record.rollback_reason.empty()) one["rollback_reason"] = record.rollback_reason;
        if (rollout.copy)
            one["rollback"] = {{"stands_for", rollout.copy->stands_for},
                               {"rollback_of", rollout.copy->rollback_of},
                               {"because", rollout.copy->by_person ? "person" : "automatic"},
                               {"reason", rollout.copy->reason}};
        one["images"] = OrderedJson::array();
        for (const auto& image : rollout.images) one["images"].push_back(image_json(image));
        list.push_back(std::move(one));
    }
    return list.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace ci_lambda::cli
