#include "config/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
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

/// Why this cannot be a webhook's URL. Does not repeat it.
std::optional<std::string> webhook_problem(std::string_view text) {
    const auto url = parse_url(text);
    if (!url || !url->path.starts_with('/') || url->path == "/")
        return "is not the URL of a webhook (its value is secret and not shown)";
    if (!url->https && !is_loopback(url->host))
        return "would send a secret without encryption (its value is secret and not shown)";
    return std::nullopt;
}

/// 128 bits in hexadecimal digits: who guesses a key can approve.
constexpr std::size_t kShortestKey = 32;

std::optional<std::string> key_problem(std::string_view text) {
    if (text.size() >= kShortestKey) return std::nullopt;
    return "is shorter than 32 characters (its value is secret and not shown)";
}

/// Slack's have 32 hexadecimal digits.
std::optional<std::string> signing_secret_problem(std::string_view text) {
    constexpr std::size_t kShortest = 16;
    constexpr std::size_t kLongest = 128;
    const bool plain =
        std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
    if (plain && text.size() >= kShortest && text.size() <= kLongest) return std::nullopt;
    return "is not the signing secret of a Slack app (its value is secret and not shown)";
}

/// A setting that is a secret, and where it belongs.
struct SecretSetting {
    std::string_view name;
    std::string_view expects;
    std::optional<std::string> (*problem)(std::string_view value);
    std::optional<Secret>& (*place)(Config& config);
};

constexpr std::string_view kKeyExpects = "at least 32 characters, as of `openssl rand -hex 32`";

constexpr auto kSecrets = std::to_array<SecretSetting>(
    {{.name = "SLACK_WEBHOOK_URL",
      .expects = "`https://HOST/PATH`",
      .problem = &webhook_problem,
      .place = [](Config& config) -> std::optional<Secret>& { return config.slack_webhook_url; }},
     {.name = "APPROVAL_KEY",
      .expects = kKeyExpects,
      .problem = &key_problem,
      .place = [](Config& config) -> std::optional<Secret>& { return config.approval.key; }},
     {.name = "APPROVAL_KEY_PREVIOUS",
      .expects = kKeyExpects,
      .problem = &key_problem,
      .place = [](Config& config) -> std::optional<Secret>& { return config.approval.previous_key; }},
     {.name = "SLACK_SIGNING_SECRET",
      .expects = "the letters and digits that Slack shows",
      .problem = &signing_secret_problem,
      .place = [](Config& config) -> std::optional<Secret>& { return config.slack_signing_secret; }}});

const SecretSetting& secret_of(std::string_view name) {
    return *std::ranges::find(kSecrets, name, &SecretSetting::name);
}

}  // namespace

bool is_secret_reference(std::string_view text) {
    return text.starts_with("secretsmanager:") || text.starts_with("ssm:");
}

std::optional<Secret> read_secret(SettingReader& reader, std::string_view name, ReadSecrets& secrets) {
    auto value = reader.word(name);
    if (!value) return std::nullopt;
    if (is_secret_reference(*value)) {
        auto source = parse_source(*value);
        if (source)
            secrets.references.push_back({.setting = setting_of(name).name, .source = *std::move(source)});
        else
            reader.problem(name, std::move(source).error().message);
        return std::nullopt;
    }
    secrets.values.emplace_back(*value);
    if (auto what = secret_of(name).problem(*value)) reader.problem(name, *std::move(what));
    return Secret{*std::move(value)};
}

namespace {

Status set_secret_of_channel(LoadedConfig& loaded, const SecretReference& reference, const Secret& secret) {
    loaded.secrets.push_back(secret);
    const auto problem = set_channel_secret(loaded.config.notify.channels, reference.place, secret.reveal());
    if (!problem) return {};
    return fail(ErrorKind::kConfiguration, fmt::format("{}: {}: what {} holds {}", reference.setting, reference.place,
                                                       to_string(reference.source), *problem));
}

}  // namespace

Status set_secret(LoadedConfig& loaded, const SecretReference& reference, std::string_view value) {
    Secret secret{std::string(trim(value))};
    if (!reference.place.empty()) return set_secret_of_channel(loaded, reference, secret);
    const auto& kind = secret_of(reference.setting);
    const auto problem = kind.problem(secret.reveal());
    loaded.secrets.push_back(secret);
    if (problem)
        return fail(ErrorKind::kConfiguration, fmt::format("{}: what {} holds {}; expected {}", reference.setting,
                                                           to_string(reference.source), *problem, kind.expects));
    kind.place(loaded.config) = std::move(secret);
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
