#include "cli/diff.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

using Kind = Difference::Kind;

std::string_view mark_of(Kind kind) {
    switch (kind) {
        case Kind::kAdded: return "+";
        case Kind::kRemoved: return "-";
        case Kind::kChanged: break;
    }
    return "~";
}

Color color_of(Kind kind) {
    switch (kind) {
        case Kind::kAdded: return Color::kGreen;
        case Kind::kRemoved: return Color::kRed;
        case Kind::kChanged: break;
    }
    return Color::kYellow;
}

void add_line(std::vector<Line>& lines, std::size_t indent, const Span& mark, const std::string& text, Color color,
              std::size_t columns) {
    const auto used = indent + (mark.text.empty() ? 0 : mark.text.size() + 1);
    const auto room = columns > used + 10 ? columns - used : 0;
    auto parts = room == 0 ? std::vector{text} : wrapped(text, room);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Line line{{.text = std::string(indent, ' ')}};
        if (!mark.text.empty())
            line.push_back(
                {.text = i == 0 ? mark.text + " " : std::string(mark.text.size() + 1, ' '), .color = mark.color});
        line.push_back({.text = std::move(parts[i]), .color = color});
        lines.push_back(std::move(line));
    }
}

/// Where nothing but tag and digest differ, they are what one wants to see.
std::optional<std::string> image_change(const Difference& difference) {
    if (difference.place != "image" || difference.kind != Kind::kChanged) return std::nullopt;
    const auto name = image_name(difference.before);
    if (name != image_name(difference.after)) return std::nullopt;
    return fmt::format("image {}: {} → {}", parse_image(difference.before).repository, short_image(difference.before),
                       short_image(difference.after));
}

/// A change takes two lines where both values are long: they stand below each other, so one sees where they part.
void add_difference(std::vector<Line>& lines, const Difference& difference, std::size_t indent, std::size_t columns) {
    const Span mark{.text = std::string(mark_of(difference.kind)), .color = color_of(difference.kind)};
    if (difference.hidden)
        return add_line(lines, indent, mark, difference.place + ": its value is not shown", Color::kNone, columns);
    if (difference.kind != Kind::kChanged)
        return add_line(lines, indent, mark,
                        fmt::format("{}: {}", difference.place,
                                    difference.kind == Kind::kAdded ? difference.after : difference.before),
                        color_of(difference.kind), columns);
    if (const auto image = image_change(difference))
        return add_line(lines, indent, mark, *image, Color::kNone, columns);
    constexpr std::size_t kShort = 24;
    if (difference.before.size() + difference.after.size() <= kShort)
        return add_line(lines, indent, mark,
                        fmt::format("{}: {} → {}", difference.place, difference.before, difference.after), Color::kNone,
                        columns);
    add_line(lines, indent, mark, difference.place, Color::kNone, columns);
    add_line(lines, indent + 2, {.text = "-", .color = Color::kRed}, difference.before, Color::kRed, columns);
    add_line(lines, indent + 2, {.text = "+", .color = Color::kGreen}, difference.after, Color::kGreen, columns);
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::kAdded: return "added";
        case Kind::kRemoved: return "removed";
        case Kind::kChanged: break;
    }
    return "changed";
}

nlohmann::ordered_json json_of(const std::vector<Difference>& differences) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& one : differences) {
        nlohmann::ordered_json json{{"member", one.place}, {"change", name_of(one.kind)}};
        if (one.hidden) json["hidden"] = true;
        if (!one.hidden && one.kind != Kind::kAdded) json["before"] = one.before;
        if (!one.hidden && one.kind != Kind::kRemoved) json["after"] = one.after;
        list.push_back(std::move(json));
    }
    return list;
}

}  // namespace

std::vector<Line> diff_lines(const ServiceDifference& difference, std::size_t columns) {
    std::vector<Line> lines;
    const bool same = !difference.changes();
    Line head{{.text = difference.service, .color = Color::kBold},
              {.text = difference.running == difference.next
                           ? fmt::format(": runs {}", difference.running)
                           : fmt::format(": {} → {}", difference.running, difference.next)}};
    lines.push_back(columns == 0 ? head : cut_to(head, columns));
    if (same)
        add_line(lines, 2, {}, "nothing would change but the tasks, which are started anew", Color::kDim, columns);
    for (const auto& one : difference.definition.task) add_difference(lines, one, 2, columns);
    for (const auto& container : difference.definition.containers) {
        const Span mark{.text = std::string(mark_of(container.kind)), .color = color_of(container.kind)};
        add_line(lines, 2, mark, "container " + container.container, Color::kBold, columns);
        for (const auto& one : container.differences) add_difference(lines, one, 4, columns);
    }
    for (const auto& note : difference.notes) add_line(lines, 2, {}, note, Color::kYellow, columns);
    return lines;
}

std::string diff_json(const std::vector<ServiceDifference>& differences) {
    using OrderedJson = nlohmann::ordered_json;
    OrderedJson list = OrderedJson::array();
    for (const auto& one : differences) {
        OrderedJson json{{"service", one.service},
                         {"running", one.running},
                         {"next", one.next},
                         {"changes", one.changes()},
                         {"task", json_of(one.definition.task)},
                         {"containers", OrderedJson::array()}};
        for (const auto& container : one.definition.containers)
            json["containers"].push_back({{"container", container.container},
                                          {"change", name_of(container.kind)},
                                          {"members", json_of(container.differences)}});
        if (!one.notes.empty()) json["notes"] = one.notes;
        list.push_back(std::move(json));
    }
    return list.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace ci_lambda::cli
