#include "sandbox/pages/client_environment.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/config.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

/// Reads as it is in every POSIX shell.
std::string quoted(const std::string& value) { return fmt::format("'{}'", replace_all(value, "'", R"('\'')")); }

std::string export_command(std::string_view name, const std::string& value) {
    return fmt::format("export {}={}\n", name, quoted(value));
}

}  // namespace

std::string settings_page(const std::map<std::string, std::string>& function_environment) {
    Json page = Json::object();
    for (const auto& setting : settings())
        if (const auto found = function_environment.find(std::string(setting.name));
            found != function_environment.end())
            page[found->first] = found->second;
    return dump_json(page) + '\n';
}

Result<std::string> shell_commands(std::uint16_t port, const std::string& page) {
    const auto told = parse_json(page);
    if (!told || !find_string(*told, "PROJECT_NAME"))
        return fail(ErrorKind::kConfiguration, fmt::format("what answers at http://127.0.0.1:{} is no sandbox", port));
    std::string commands;
    for (const auto& setting : settings()) {
        const auto value = find_string(*told, setting.name);
        commands +=
            value ? export_command(setting.name, sanitize_utf8(*value)) : fmt::format("unset {}\n", setting.name);
    }
    // After the settings: what is for every AWS client, in the names that some of them know only.
    const auto url = fmt::format("http://127.0.0.1:{}", port);
    commands += export_command("SLACK_WEBHOOK_URL", fmt::format("{}{}", url, kSlackPathOfOthers));
    commands += export_command("AWS_ENDPOINT_URL", url);
    commands += export_command("AWS_DEFAULT_REGION",
                               sanitize_utf8(find_string(*told, "AWS_REGION").value_or(std::string(shop::kRegion))));
    commands += export_command("AWS_ACCESS_KEY_ID", "sandbox");
    commands += export_command("AWS_SECRET_ACCESS_KEY", "sandbox");
    commands += "unset AWS_SESSION_TOKEN AWS_PROFILE\n";
    return commands;
}

}  // namespace ci_lambda::sandbox
