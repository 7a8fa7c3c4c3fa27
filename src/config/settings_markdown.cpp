#include <fmt/format.h>

#include "base/text.hpp"
#include "config/reference.hpp"
#include "config/settings.hpp"

namespace ci_lambda {
namespace {

std::string default_column(const Setting& setting) {
    if (setting.required) return "**required**";
    if (setting.default_value.empty()) return "none";
    return fmt::format("`{}`", setting.default_value);
}

}  // namespace

std::string settings_markdown() {
    std::string table =
        "| Variable | In the document | Default | What it is | What it looks like |\n"
        "|---|---|---|---|---|\n";
    for (const auto& setting : settings()) {
        const auto place = setting.has_pointer()
                               ? fmt::format("`{}`", replace_all(std::string(setting.pointer), "*", "ID"))
                               : std::string();
        table += fmt::format("| `{}` | {} | {} | {} | {} |\n", setting.name, place, default_column(setting),
                             setting.meaning, setting.expects);
    }
    return table;
}

std::string service_members_markdown() {
    std::string table =
        "| Member | What it is | What it looks like | Variable |\n"
        "|---|---|---|---|\n";
    for (const auto& member : service_members())
        table += fmt::format("| `{}` | {} | {} | {} |\n", member.key, member.meaning, member.expects,
                             member.variable.empty() ? "none" : fmt::format("`{}`", member.variable));
    return table;
}

}  // namespace ci_lambda
