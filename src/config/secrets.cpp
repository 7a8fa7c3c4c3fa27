#include "config/secrets.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/values.hpp"

namespace ci_lambda {

namespace {

/// Most readers name the source themselves.
std::string cannot_be_read(const SourceRef& source, const Error& error) {
    const auto name = to_string(source);
    return error.message.contains(name) ? error.message : fmt::format("{} cannot be read: {}", name, error.message);
}

}  // namespace

bool is_secret_reference(std::string_view text) {
    return text.starts_with("secretsmanager:") || text.starts_with("ssm:");
}

std::optional<std::string> webhook_problem(std::string_view text) {
    const auto url = parse_url(text);
    if (!url || !url->path.starts_with('/') || url->path == "/")
        return "is not the URL of a webhook (its value is secret and not shown)";
    if (!url->https && !is_loopback(url->host))
        return "would send a secret without encryption (its value is secret and not shown)";
    return std::nullopt;
}

Status set_secret(LoadedConfig& loaded, const SecretReference& reference, std::string_view value) {
    Secret secret{std::string(trim(value))};
    const auto problem = webhook_problem(secret.reveal());
    loaded.secrets.push_back(secret);
    if (problem)
        return fail(ErrorKind::kConfiguration, fmt::format("{}: what {} holds {}; expected `https://HOST/PATH`",
                                                           reference.setting, to_string(reference.source), *problem));
    loaded.config.slack_webhook_url = std::move(secret);
    return {};
}

Status read_secrets(LoadedConfig& loaded, const std::function<Result<std::string>(const SourceRef&)>& read) {
    std::vector<std::string> problems;
    for (const auto& reference : loaded.secret_references) {
        const auto text = read(reference.source);
        if (!text)
            problems.push_back(
                fmt::format("{}: {}", reference.setting, cannot_be_read(reference.source, text.error())));
        else if (const auto set = set_secret(loaded, reference, *text); !set)
            problems.push_back(set.error().message);
    }
    if (problems.empty()) return {};
    return fail(ErrorKind::kConfiguration, join(problems, "\n"));
}

}  // namespace ci_lambda
