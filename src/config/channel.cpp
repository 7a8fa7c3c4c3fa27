#include "config/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/document.hpp"
#include "config/names.hpp"
#include "config/secrets.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kChannelExpects = R"({"type":"teams","webhook":"secretsmanager:ci/teams"})";
constexpr std::string_view kSecretExpects =
    "`secretsmanager:NAME`, `ssm:/PATH` or `env:VARIABLE`, which holds it: no secret stands in a configuration";
constexpr std::string_view kNotifyExpects = R"({"default":["team"],"error":["team","oncall"]})";
constexpr std::string_view kChannelName = "1 to 60 letters, digits, '_', '-' and '.'";
constexpr std::size_t kLongestName = 60;
constexpr std::size_t kMostChannels = 20;

using Problem = std::optional<std::string>;

/// Hosts by which a webhook is known, whoever else it was meant for (learn.microsoft.com, "Create incoming webhooks
/// with Workflows"; discord.com/developers, "Webhook"; docs.slack.dev, "Sending messages using incoming webhooks").
struct KnownHost {
    std::string_view end;
    ChannelKind kind;
};
constexpr auto kKnownHosts = std::to_array<KnownHost>({{"hooks.slack.com", ChannelKind::kSlack},
                                                       {"hooks.slack-gov.com", ChannelKind::kSlack},
                                                       {"discord.com", ChannelKind::kDiscord},
                                                       {"discordapp.com", ChannelKind::kDiscord},
                                                       {"logic.azure.com", ChannelKind::kTeams},
                                                       {"api.powerplatform.com", ChannelKind::kTeams},
                                                       {"api.powerautomate.com", ChannelKind::kTeams},
                                                       {"flow.microsoft.com", ChannelKind::kTeams},
                                                       {"events.pagerduty.com", ChannelKind::kPagerDuty}});

bool is_host(std::string_view host, std::string_view end) {
    return host == end ||
           (host.size() > end.size() && host.ends_with(end) && host[host.size() - end.size() - 1] == '.');
}

/// Why this cannot be the URL of such a channel. Does not repeat it.
Problem url_problem(std::string_view text, ChannelKind kind) {
    const auto url = parse_url(text);
    if (!url || !url->path.starts_with('/')) return "is no URL (its value is secret and not shown)";
    const auto host = to_lower(url->host);
    if (!url->https && !is_loopback(host))
        return "would send a secret without encryption (its value is secret and not shown)";
    if (is_host(host, "webhook.office.com") || is_host(host, "outlook.office.com"))
        return "is the URL of a connector of Office 365, and Microsoft has ended these: make a webhook by Workflows";
    for (const auto& known : kKnownHosts)
        if (is_host(host, known.end) && known.kind != kind && kind != ChannelKind::kWebhook)
            return fmt::format("is a URL of {}, and the type of the channel is {}", to_string(known.kind),
                               to_string(kind));
    if (kind != ChannelKind::kWebhook && url->path == "/") return "has no path, so it is not that of a webhook";
    if (kind == ChannelKind::kDiscord && !url->path.contains("/webhooks/"))
        return "is not the URL of a webhook of Discord, https://discord.com/api/webhooks/..";
    return std::nullopt;
}

Problem routing_key_problem(std::string_view text) {
    constexpr std::size_t kLength = 32;
    const bool plain =
        std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
    if (text.size() == kLength && plain) return std::nullopt;
    return "is not an integration key of Events API v2, 32 letters and digits (its value is secret and not shown)";
}

/// As Standard Webhooks has it: 24 to 64 bytes in base64.
Problem signing_key_problem(std::string_view text) {
    constexpr std::string_view kPrefix = "whsec_";
    constexpr std::size_t kShortest = 24;
    constexpr std::size_t kLongest = 64;
    const auto bytes = text.starts_with(kPrefix) ? decode_base64(text.substr(kPrefix.size())) : std::nullopt;
    if (bytes && bytes->size() >= kShortest && bytes->size() <= kLongest) return std::nullopt;
    return "is not a key, whsec_ with 24 to 64 bytes in base64 behind it (its value is secret and not shown; to make "
           "one: "
           "echo whsec_$(openssl rand -base64 32))";
}

/// The member of a kind that holds what it is reached by; empty: none.
std::string_view secret_member(ChannelKind kind) {
    switch (kind) {
        case ChannelKind::kPagerDuty: return "routing_key";
        case ChannelKind::kSns: return "";
        case ChannelKind::kWebhook: return "url";
        default: return "webhook";
    }
}

std::vector<std::string> members_of(ChannelKind kind) {
    std::vector<std::string> members{"type"};
    if (const auto secret = secret_member(kind); !secret.empty()) members.emplace_back(secret);
    if (kind == ChannelKind::kWebhook) members.emplace_back("secret");
    if (kind == ChannelKind::kPagerDuty) members.emplace_back("endpoint");
    if (kind == ChannelKind::kSns) members.insert(members.end(), {"topic", "format"});
    return members;
}

constexpr auto kKinds = std::to_array<ChannelKind>({ChannelKind::kSlack, ChannelKind::kTeams, ChannelKind::kDiscord,
                                                    ChannelKind::kPagerDuty, ChannelKind::kSns, ChannelKind::kWebhook});

/// Puts a secret in its place; what is wrong with it.
Problem take_secret(ChannelSettings& channel, std::string_view member, std::string_view value) {
    const bool is_key = channel.kind == ChannelKind::kWebhook && member == "secret";
    const auto problem = is_key                                    ? signing_key_problem(value)
                         : channel.kind == ChannelKind::kPagerDuty ? routing_key_problem(value)
                                                                   : url_problem(value, channel.kind);
    (is_key ? channel.key : channel.secret) = Secret{std::string(value)};
    return problem;
}

std::string unknown_word(const std::string& word, const std::vector<std::string>& known) {
    const auto meant = closest(word, known);
    return meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", "));
}

class ChannelReader {
public:
    ChannelReader(const Environment& environment, std::vector<ChannelSecret>& secrets, const ChannelProblem& problem)
        : environment_(environment), secrets_(secrets), problem_(problem) {}

    Channels read(const Json& json) {
        Channels all;
        if (!json.is_object()) {
            problem_("", fmt::format("is {}", type_name(json)), R"(an object, {"team":{"type":"teams",..}})");
            return all;
        }
        if (json.size() > kMostChannels) problem_("", fmt::format("has {} channels", json.size()), "at most 20");
        for (const auto& [name, value] : json.items()) {
            const auto place = shown_pointer("", name);
            if (name.size() > kLongestName || !is_valid_service_id(name))
                problem_(place, "is not the name of a channel", kChannelName);
            // Also where it is wrong: rules that name it are not.
            all[name] = read_one(name, value, place).value_or(ChannelSettings{});
        }
        return all;
    }

private:
    std::optional<ChannelSettings> read_one(const std::string& name, const Json& json, const std::string& place) {
        if (!json.is_object()) {
            problem_(place, fmt::format("is {}", type_name(json)), kChannelExpects);
            return std::nullopt;
        }
        const auto word = text_of(json, "type");
        const auto kind = std::ranges::find(kKinds, word, [](ChannelKind one) { return to_string(one); });
        if (kind == kKinds.end()) {
            std::vector<std::string> words;
            for (const auto one : kKinds) words.emplace_back(to_string(one));
            problem_(place + "/type", word.empty() ? "is missing" : fmt::format("is {}", in_quotes(word)),
                     unknown_word(word, words));
            return std::nullopt;
        }
        ChannelSettings channel{.kind = *kind};
        const auto known = members_of(channel.kind);
        for (const auto& [key, value] : json.items()) {
            if (std::ranges::find(known, key) == known.end())
                problem_(shown_pointer(place, key), "is not known", unknown_word(key, known));
            else
                read_member(channel, name, key, value, place);
        }
        check_complete(channel, json, place);
        return channel;
    }

    void read_member(ChannelSettings& channel, const std::string& name, const std::string& key, const Json& value,
                     const std::string& place) {
        const auto at = json_pointer(place, key);
        auto text = value.is_string() ? std::string(trim(value.get_ref<const std::string&>())) : std::string();
        if (text.empty())
            return problem_(at, value.is_string() ? "is empty" : fmt::format("is {}", type_name(value)), "a text");
        if (key == "topic")
            topic(channel, text, at);
        else if (key == "format") {
            channel.for_chat = text == "chat";
            if (!channel.for_chat && text != "text")
                problem_(at, fmt::format("is {}", in_quotes(text)), R"("text" or "chat")");
        } else if (key == "endpoint") {
            const auto url = parse_url(text);
            if (!url || (!url->https && !is_loopback(url->host)))
                problem_(at, fmt::format("is {}", in_quotes(text)), "https://events.pagerduty.com/v2/enqueue");
            channel.endpoint = std::move(text);
        } else if (key != "type") {
            secret(channel, name, key, text, at);
        }
    }

    void topic(ChannelSettings& channel, const std::string& text, const std::string& place) {
        const auto parts = split(text, ':');
        if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "sns" || parts[3].empty() || parts[5].empty())
            problem_(place, fmt::format("is {}", in_quotes(text)), "arn:aws:sns:REGION:ACCOUNT:TOPIC");
        channel.topic = text;
    }

    void secret(ChannelSettings& channel, const std::string& name, const std::string& key, const std::string& text,
                const std::string& place) {
        constexpr std::string_view kVariable = "env:";
        if (is_secret_reference(text)) {
            if (auto source = parse_source(text))
                secrets_.push_back({.place = fmt::format("{}/{}", name, key), .source = *std::move(source)});
            else
                problem_(place, source.error().message, kSecretExpects);
            return;
        }
        if (!text.starts_with(kVariable)) return problem_(place, "is no reference to a secret", kSecretExpects);
        const auto variable = text.substr(kVariable.size());
        const auto value = environment_.get_non_empty(variable);
        if (!value) return problem_(place, fmt::format("is {}, and that is not set", in_quotes(text)), kSecretExpects);
        if (auto what = take_secret(channel, key, trim(*value)))
            problem_(place, fmt::format("is {}, which {}", in_quotes(text), *what), kSecretExpects);
    }

    void check_complete(const ChannelSettings& channel, const Json& json, const std::string& place) {
        const auto needs = [&](std::string_view member, std::string_view expects) {
            if (!member.empty() && !json.contains(std::string(member)))
                problem_(fmt::format("{}/{}", place, member), "is missing", expects);
        };
        needs(secret_member(channel.kind), kSecretExpects);
        if (channel.kind == ChannelKind::kSns) needs("topic", "arn:aws:sns:REGION:ACCOUNT:TOPIC");
        if (channel.kind == ChannelKind::kWebhook) needs("secret", kSecretExpects);
    }

    const Environment& environment_;
    std::vector<ChannelSecret>& secrets_;
    const ChannelProblem& problem_;
};

constexpr std::array<std::string_view, kSeverities> kSeverityWords{"error", "warning", "success", "info"};

}  // namespace

std::string_view to_string(ChannelKind kind) {
    switch (kind) {
        case ChannelKind::kSlack: return "slack";
        case ChannelKind::kTeams: return "teams";
        case ChannelKind::kDiscord: return "discord";
        case ChannelKind::kPagerDuty: return "pagerduty";
        case ChannelKind::kSns: return "sns";
        case ChannelKind::kWebhook: return "webhook";
    }
    return "";
}

const std::vector<std::string>* NotifyRules::of(Severity severity) const {
    const auto& own = by_severity[static_cast<std::size_t>(severity)];
    if (own) return &*own;
    return by_default ? &*by_default : nullptr;
}

const std::vector<std::string>* NotifySettings::channels_for(Severity severity, const ServiceId& id) const {
    const auto found = own.find(id);
    const auto* said = found == own.end() ? nullptr : found->second.of(severity);
    return said == nullptr ? all.of(severity) : said;
}

bool NotifySettings::hears(std::string_view channel, Severity severity, const ServiceId& id) const {
    const auto is_in = [&](const std::vector<std::string>* names) {
        return names == nullptr || std::ranges::find(*names, channel) != names->end();
    };
    if (is_in(channels_for(severity, id))) return true;
    const auto settings = channels.find(std::string(channel));
    const bool opens_incidents = settings != channels.end() && settings->second.kind == ChannelKind::kPagerDuty;
    return opens_incidents && severity == Severity::kSuccess && is_in(channels_for(Severity::kError, id));
}

std::vector<std::string> names_of(const Channels& channels) {
    std::vector<std::string> names;
    for (const auto& [name, channel] : channels) names.push_back(name);
    names.emplace_back(kSlackChannel);
    return names;
}

Channels read_channels(std::string_view json, const Environment& environment, std::vector<ChannelSecret>& secrets,
                       const ChannelProblem& problem) {
    const auto parsed = parse_json(json);
    if (!parsed) {
        problem("", fmt::format("is not JSON: {}", parsed.error().message), kChannelExpects);
        return {};
    }
    return ChannelReader(environment, secrets, problem).read(*parsed);
}

std::optional<std::string> set_channel_secret(Channels& channels, std::string_view place, std::string_view value) {
    const auto slash = place.find('/');
    return take_secret(channels[std::string(place.substr(0, slash))], place.substr(slash + 1), value);
}

NotifyRules read_notify(std::string_view json, const std::vector<std::string>& names, const ChannelProblem& problem) {
    static const std::vector<std::string> known{"default", "error", "warning", "success", "info"};
    NotifyRules rules;
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_object()) {
        problem("", parsed ? fmt::format("is {}", type_name(*parsed)) : "is not JSON: " + parsed.error().message,
                kNotifyExpects);
        return rules;
    }
    for (const auto& [key, value] : parsed->items()) {
        const auto place = json_pointer("", key);
        if (std::ranges::find(known, key) == known.end()) {
            problem(shown_pointer("", key), "is not known", unknown_word(key, known));
            continue;
        }
        std::vector<std::string> list;
        if (!value.is_array())
            problem(place, fmt::format("is {}", type_name(value)), R"(a list of channels, ["team"])");
        for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
            const auto at = fmt::format("{}/{}", place, i);
            const auto name = value[i].is_string() ? value[i].get<std::string>() : std::string();
            if (name.empty())
                problem(at, value[i].is_string() ? "is empty" : fmt::format("is {}", type_name(value[i])),
                        "the name of a channel");
            else if (std::ranges::find(names, name) == names.end())
                problem(at, fmt::format("is {}, which is no channel", in_quotes(name)),
                        names.empty() ? "a name that `channels` has" : unknown_word(name, names));
            list.push_back(name);
        }
        const auto severity = std::ranges::find(kSeverityWords, key);
        if (severity == kSeverityWords.end())
            rules.by_default = std::move(list);
        else
            rules.by_severity[static_cast<std::size_t>(severity - kSeverityWords.begin())] = std::move(list);
    }
    return rules;
}

std::string to_json(const NotifyRules& rules) {
    Json json = Json::object();
    if (rules.by_default) json["default"] = *rules.by_default;
    for (std::size_t i = 0; i < kSeverities; ++i)
        if (const auto& list = rules.by_severity[i]) json[std::string(kSeverityWords[i])] = *list;
    return dump_json(json);
}

}  // namespace ci_lambda
