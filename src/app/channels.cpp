#include "app/channels.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "announce/routes.hpp"
#include "announce/words.hpp"
#include "app/events/front_door.hpp"
#include "app/targets/wiring.hpp"
#include "base/references.hpp"
#include "services/notify/discord.hpp"
#include "services/notify/pager_duty.hpp"
#include "services/notify/slack.hpp"
#include "services/notify/teams.hpp"
#include "services/notify/webhook.hpp"
#include "services/sns/channel.hpp"

namespace ci_lambda {
namespace {

/// "team (teams)": what people call it, and what it is.
std::string called(const std::string& name, ChannelKind kind) { return fmt::format("{} ({})", name, to_string(kind)); }

/// One of each type; the success comes last, so that an incident that the error has opened is closed again.
std::vector<Announcement> samples(const std::string& project, const std::string& environment) {
    struct Sample {
        NotificationType type;
        std::string_view status;
        std::string_view reason;
    };
    constexpr std::array<Sample, 4> kSamples{
        {{.type = NotificationType::kInfo, .status = "started", .reason = "somebody called `ci_lambda notify --test`"},
         {.type = NotificationType::kWarning, .status = "to be approved", .reason = "this is how a warning looks"},
         {.type = NotificationType::kError,
          .status = "failed",
          .reason = "this is how an error looks; nothing is wrong"},
         {.type = NotificationType::kSuccess, .status = "completed", .reason = "this is the last of four samples"}}};
    std::vector<Announcement> all;
    for (const auto& [type, status, reason] : kSamples)
        all.push_back(gather({{.type = type,
                               .title = fmt::format("Test: {}", title_of(status, "sample")),
                               .project = project,
                               .environment = environment,
                               .service = "sample",
                               .status = std::string(status),
                               .deployment_id = {},
                               .task_definition = {},
                               .reason = std::string(reason)}}));
    return all;
}

}  // namespace

ChannelSet::ChannelSet(const Config& config, Foundation& foundation, HttpClient& http)
    : notify_(config.notify), project_(config.project), environment_(config.environment), foundation_(foundation) {
    if (config.slack_webhook_url)
        channels_.push_back({.name = std::string(kSlackChannel),
                             .channel = std::make_unique<SlackChannel>(*config.slack_webhook_url, http,
                                                                       foundation.clock, foundation.sleeper,
                                                                       SlackOptions{.buttons = has_buttons(config)})});
    for (const auto& [name, settings] : config.notify.channels)
        channels_.push_back({.name = name, .channel = make(name, settings, config, http)});
}

std::unique_ptr<NotificationChannel> ChannelSet::make(const std::string& name, const ChannelSettings& settings,
                                                      const Config& config, HttpClient& http) {
    const ChannelTools tools{.http = http, .clock = foundation_.clock, .sleeper = foundation_.sleeper};
    auto label = called(name, settings.kind);
    switch (settings.kind) {
        case ChannelKind::kSlack: break;
        case ChannelKind::kTeams: return std::make_unique<TeamsChannel>(std::move(label), settings.secret, tools);
        case ChannelKind::kDiscord: return std::make_unique<DiscordChannel>(std::move(label), settings.secret, tools);
        case ChannelKind::kPagerDuty:
            return std::make_unique<PagerDutyChannel>(
                std::move(label), settings.secret,
                settings.endpoint.empty() ? std::string(PagerDutyChannel::kEndpoint) : settings.endpoint, tools);
        case ChannelKind::kSns: {
            auto endpoint = endpoint_of(kSnsService, config, foundation_.environment);
            endpoint.region = std::string(region_of_arn(settings.topic));
            topics_.push_back(std::make_unique<SnsClient>(std::move(endpoint), http, foundation_.credentials,
                                                          foundation_.clock, foundation_.sleeper, foundation_.logger));
            return std::make_unique<SnsChannel>(std::move(label), settings.topic, settings.for_chat, *topics_.back(),
                                                foundation_.clock, foundation_.sleeper);
        }
        case ChannelKind::kWebhook:
            return std::make_unique<WebhookChannel>(std::move(label), settings.secret, settings.key, tools);
    }
    // Another workspace's app has no way back to us: it says how to approve, and has no buttons.
    return std::make_unique<SlackChannel>(settings.secret, http, foundation_.clock, foundation_.sleeper, SlackOptions{},
                                          std::move(label));
}

std::vector<Listener> ChannelSet::listeners() const {
    std::vector<Listener> all;
    for (const auto& [name, channel] : channels_)
        all.emplace_back(channel.get(), [&notify = notify_, who = name](const Announcement& announcement) {
            return heard_by(who, notify, announcement);
        });
    return all;
}

std::vector<ChannelTest> ChannelSet::test(Deadline deadline) const {
    std::vector<ChannelTest> results;
    for (const auto& [name, channel] : channels_) {
        ChannelTest result{.channel = std::string(channel->name()), .problem = {}};
        for (const auto& sample : samples(project_, environment_)) {
            auto answer = channel->deliver(sample, deadline);
            // A channel may want a pause between two messages.
            while (answer && answer->come_again_after &&
                   *answer->come_again_after < deadline.remaining(foundation_.clock).value_or(Milliseconds::max())) {
                foundation_.sleeper.sleep_for(*answer->come_again_after);
                answer = channel->deliver(sample, deadline);
            }
            if (answer && answer->come_again_after)
                result.problem = "it wants to be left alone for longer than there is time";
            if (!answer) result.problem = answer.error().message;
            if (!result.problem.empty()) break;
        }
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace ci_lambda
