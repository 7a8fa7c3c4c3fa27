#include "config/target_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "config/document_services.hpp"
#include "config/names.hpp"
#include "config/settings.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

std::vector<std::string> words_of(SettingReader& reader, std::string_view name) {
    std::vector<std::string> words;
    for (const auto& part : split(reader.text(name).value_or(""), ','))
        if (const auto word = trim(part); !word.empty()) words.emplace_back(word);
    return words;
}

std::vector<DeploymentTarget> read_regions(SettingReader& reader) {
    constexpr std::string_view kVariable = "REGIONS";
    std::vector<DeploymentTarget> targets;
    for (auto& region : words_of(reader, kVariable)) {
        if (!is_region(region))
            reader.problem(kVariable, fmt::format("{} is not the name of a region", in_quotes(region)));
        else if (std::ranges::find(targets, region, &DeploymentTarget::region) == targets.end())
            targets.push_back({.name = region, .region = region});
    }
    return targets;
}

std::vector<DeploymentTarget> read_target_map(SettingReader& reader) {
    constexpr std::string_view kVariable = "TARGETS";
    const auto written = reader.text(kVariable);
    if (!written) return {};
    auto targets = parse_targets(*written);
    if (targets) return *std::move(targets);
    if (reader.origin(kVariable).kind == SettingOrigin::Kind::kDocument)
        add_problems(targets.error(), setting_of(kVariable).pointer, reader);
    else
        reader.problem(kVariable, in_words(targets.error()));
    return {};
}

/// Puts the targets into the order in which they are deployed.
void put_in_order(SettingReader& reader, const std::vector<std::string>& order, DeploymentTargets& targets) {
    constexpr std::string_view kVariable = "TARGET_ORDER";
    std::vector<DeploymentTarget> ordered;
    for (const auto& name : order) {
        const auto* target = targets.find(name);
        if (target == nullptr)
            reader.problem(kVariable, fmt::format("{} is not one of the targets; there are: {}", in_quotes(name),
                                                  targets.all.empty() ? "none" : targets.names()));
        else if (std::ranges::find(ordered, name, &DeploymentTarget::name) != ordered.end())
            reader.problem(kVariable, fmt::format("names {} twice", name));
        else
            ordered.push_back(*target);
    }
    for (const auto& target : targets.all)
        if (std::ranges::find(order, target.name) == order.end())
            reader.problem(kVariable, fmt::format("leaves out {}, which would never be deployed", target.name));
    targets.all = std::move(ordered);
    targets.in_order = true;
}

}  // namespace

DeploymentTargets read_targets(SettingReader& reader) {
    auto regions = read_regions(reader);
    DeploymentTargets targets{.all = read_target_map(reader)};
    if (!regions.empty() && !targets.all.empty())
        reader.problem("REGIONS", fmt::format("and TARGETS{} both say where to deploy: leave one of them out",
                                              reader.or_place("TARGETS")));
    if (targets.all.empty()) targets.all = std::move(regions);
    if (const auto order = words_of(reader, "TARGET_ORDER"); !order.empty()) put_in_order(reader, order, targets);
    targets.roll_back_earlier = reader.boolean("ROLL_BACK_EARLIER_TARGETS");
    if (targets.roll_back_earlier && !targets.in_order)
        reader.warning(fmt::format("ROLL_BACK_EARLIER_TARGETS{} does nothing without TARGET_ORDER{}",
                                   reader.or_place("ROLL_BACK_EARLIER_TARGETS"), reader.or_place("TARGET_ORDER")));
    return targets;
}

}  // namespace ci_lambda
