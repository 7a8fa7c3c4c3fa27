#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/names.hpp"
#include "base/secret.hpp"
#include "config/document_source.hpp"

namespace ci_lambda {

/// What is at the other end of a channel: its `type`.
enum class ChannelKind { kSlack, kTeams, kDiscord, kPagerDuty, kSns, kWebhook };

/// `slack`, `teams`, `discord`, `pagerduty`, `sns`, `webhook`.
[[nodiscard]] std::string_view to_string(ChannelKind kind);

/// One way to reach people or programs, as CHANNELS describes it.
struct ChannelSettings {
    ChannelKind kind = ChannelKind::kSlack;
    Secret secret = {};         ///< the webhook's URL, or the routing key; empty until it has been read, and for SNS
    Secret key = {};            ///< that signs (`webhook` alone): `whsec_..`; empty until it has been read
    std::string topic = {};     ///< the ARN of SNS
    bool for_chat = false;      ///< of SNS: in the form that Amazon Q Developer in chat applications shows
    std::string endpoint = {};  ///< of PagerDuty; empty: its usual one
    friend bool operator==(const ChannelSettings&, const ChannelSettings&) = default;
};

/// By their names, which people choose.
using Channels = std::map<std::string, ChannelSettings>;

/// The name of the channel that SLACK_WEBHOOK_URL makes.
inline constexpr std::string_view kSlackChannel = "slack";

/// The names of all that rules may name: also Slack's, be it on or off.
[[nodiscard]] std::vector<std::string> names_of(const Channels& channels);

/// How bad what is told is. The order is that of importance.
enum class Severity { kError, kWarning, kSuccess, kInfo };
inline constexpr std::size_t kSeverities = 4;

/// Which channels hear what. A list for a severity stands in the place of the one for all.
struct NotifyRules {
    std::optional<std::vector<std::string>> by_default = {};
    std::array<std::optional<std::vector<std::string>>, kSeverities> by_severity = {};
    /// `nullptr` where nothing is said.
    [[nodiscard]] const std::vector<std::string>* of(Severity severity) const;
    friend bool operator==(const NotifyRules&, const NotifyRules&) = default;
};

/// CHANNELS, NOTIFY, and what the document says of one service (`notify`).
struct NotifySettings {
    Channels channels = {};
    NotifyRules all = {};
    std::map<ServiceId, NotifyRules> own = {};

    /// Whether this channel is told of that. What a service says comes before what is said for all; where nobody says
    /// anything, every channel hears everything. What has opened an incident also hears what closes it.
    [[nodiscard]] bool hears(std::string_view channel, Severity severity, const ServiceId& id) const;
    friend bool operator==(const NotifySettings&, const NotifySettings&) = default;

private:
    [[nodiscard]] const std::vector<std::string>* channels_for(Severity severity, const ServiceId& id) const;
};

/// A secret of a channel that is to be read: `NAME/MEMBER` and where it is.
struct ChannelSecret {
    std::string place;
    SourceRef source;
};

/// Told of each problem: where (a JSON pointer below the setting), what it is, and what is expected. No value of a
/// secret stands in it.
using ChannelProblem = std::function<void(const std::string& place, std::string what, std::string_view expects)>;

/// Reads the JSON object that CHANNELS and `/channels` have. What its secrets name in `environment` (`env:NAME`) is put
/// in its place, what they name elsewhere is added to `secrets`.
[[nodiscard]] Channels read_channels(std::string_view json, const Environment& environment,
                                     std::vector<ChannelSecret>& secrets, const ChannelProblem& problem);

/// Puts a secret that has been read in its place; what is wrong with it, without it.
[[nodiscard]] std::optional<std::string> set_channel_secret(Channels& channels, std::string_view place,
                                                            std::string_view value);

/// Reads the JSON object that NOTIFY, `/notify` and `notify` of a service have. `names`: of all channels there are.
[[nodiscard]] NotifyRules read_notify(std::string_view json, const std::vector<std::string>& names,
                                      const ChannelProblem& problem);
/// And back.
[[nodiscard]] std::string to_json(const NotifyRules& rules);

}  // namespace ci_lambda
