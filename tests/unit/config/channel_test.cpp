#include "config/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kTeamsUrl = "https://prod-1.westeurope.logic.azure.com/workflows/0123?sig=topsecret";

Result<LoadedConfig> load_channels(const std::string& channels, const std::string& notify = {},
                                   std::map<std::string, std::string> more = {}) {
    more.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"CHANNELS", channels}});
    if (!notify.empty()) more["NOTIFY"] = notify;
    return load_config(FakeEnvironment(more));
}

/// What the error says; empty where there is none.
std::string error_of(const Result<LoadedConfig>& loaded) { return loaded ? "" : loaded.error().message; }

TEST(Channels, OfAllKindsHaveTheirSecretsFromElsewhere) {
    auto loaded = load_channels(
        R"({"team":{"type":"teams","webhook":"env:TEAMS"},"chat":{"type":"discord","webhook":"ssm:/ci/discord"},
            "oncall":{"type":"pagerduty","routing_key":"secretsmanager:pd"},"second":{"type":"slack","webhook":"ssm:/s"},
            "mail":{"type":"sns","topic":"arn:aws:sns:eu-west-1:123456789012:ops","format":"chat"},
            "hook":{"type":"webhook","url":"env:HOOK","secret":"ssm:/ci/hook"}})",
        {}, {{"TEAMS", kTeamsUrl}, {"HOOK", "https://example.com/"}});
    ASSERT_THAT(loaded, IsOk());
    std::map<std::string, std::string> texts{{"ssm:/ci/discord", "https://discord.com/api/webhooks/1/abc"},
                                             {"secretsmanager:pd", "0123456789abcdef0123456789ABCDEF"},
                                             {"ssm:/s", "https://hooks.slack.com/services/T/B/x"},
                                             {"ssm:/ci/hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"}};
    ASSERT_THAT(
        read_secrets(*loaded,
                     [&](const SourceRef& source) -> Result<std::string> { return texts.at(to_string(source)); }),
        IsOk());
    const auto& channels = loaded->config.notify.channels;
    ASSERT_EQ(channels.size(), 6U);
    EXPECT_EQ(channels.at("team").secret.reveal(), kTeamsUrl);
    EXPECT_EQ(channels.at("chat").secret.reveal(), texts.at("ssm:/ci/discord"));
    EXPECT_EQ(channels.at("oncall").secret.reveal(), texts.at("secretsmanager:pd"));
    EXPECT_EQ(channels.at("second").secret.reveal(), texts.at("ssm:/s"));
    EXPECT_EQ(channels.at("mail").topic, "arn:aws:sns:eu-west-1:123456789012:ops");
    EXPECT_TRUE(channels.at("mail").for_chat);
    EXPECT_EQ(channels.at("hook").secret.reveal(), "https://example.com/");
    EXPECT_EQ(channels.at("hook").key.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    EXPECT_THAT(loaded->secrets, AllOf(Contains(Secret(kTeamsUrl)), Contains(Secret("https://example.com/")),
                                       Contains(Secret(texts.at("ssm:/ci/discord")))));
}

TEST(Channels, ThatAreWrongAreNamedWithTheWayOutAndWithoutTheirSecrets) {
    struct Case {
        std::string channels;
        std::vector<std::string> says;
    };
    const std::vector<Case> cases{
        {"[]", {"CHANNELS", "is an array"}},
        {"{", {"is not JSON"}},
        {R"({"a b":{"type":"teams","webhook":"ssm:/t"}})", {"a b", "not the name of a channel"}},
        {R"({"slack":{"type":"slack","webhook":"ssm:/t"}})", {"SLACK_WEBHOOK_URL", "another name"}},
        {R"({"x":{"type":"team","webhook":"ssm:/t"}})", {"/x/type", "\"teams\"?"}},
        {R"({"x":{"webhook":"ssm:/t"}})", {"/x/type is missing"}},
        {R"({"x":{"type":"teams"}})", {"/x/webhook is missing"}},
        {R"({"x":{"type":"teams","webhok":"ssm:/t"}})", {"/x/webhok is not known", "\"webhook\"?"}},
        {R"({"x":{"type":"teams","webhook":"https://prod.logic.azure.com/topsecret"}})", {"no secret stands in"}},
        {R"({"x":{"type":"teams","webhook":"env:NOT_SET"}})", {"env:NOT_SET", "not set"}},
        {R"({"x":{"type":"teams","webhook":"env:DISCORD"}})", {"is a URL of discord", "the channel is teams"}},
        {R"({"x":{"type":"discord","webhook":"env:TEAMS"}})", {"is a URL of teams"}},
        {R"({"x":{"type":"teams","webhook":"env:OFFICE"}})", {"Office 365", "Workflows"}},
        {R"({"x":{"type":"slack","webhook":"env:PLAIN"}})", {"without encryption"}},
        {R"({"x":{"type":"pagerduty","routing_key":"env:DISCORD"}})", {"integration key"}},
        {R"({"x":{"type":"webhook","url":"env:TEAMS","secret":"env:DISCORD"}})", {"whsec_", "openssl rand"}},
        {R"({"x":{"type":"webhook","url":"env:TEAMS"}})", {"/x/secret is missing"}},
        {R"({"x":{"type":"sns","topic":"ops"}})", {"arn:aws:sns:REGION"}},
        {R"({"x":{"type":"sns","topic":"arn:aws:sns:eu-west-1:123456789012:ops","format":"html"}})",
         {"\"text\" or \"chat\""}},
        {R"({"x":{"type":"pagerduty","routing_key":"ssm:/k","endpoint":"ftp://x"}})", {"/x/endpoint"}},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.channels);
        const auto error = error_of(load_channels(one.channels, {},
                                                  {{"TEAMS", kTeamsUrl},
                                                   {"DISCORD", "https://discord.com/api/webhooks/1/topsecret"},
                                                   {"OFFICE", "https://x.webhook.office.com/topsecret"},
                                                   {"PLAIN", "http://example.com/topsecret"}}));
        for (const auto& words : one.says) EXPECT_THAT(error, HasSubstr(words));
        EXPECT_THAT(error, Not(HasSubstr("topsecret")));
    }
}

TEST(Channels, WhoseSecretIsOfTheWrongKindAreNamedOnceItHasBeenRead) {
    auto loaded = load_channels(R"({"x":{"type":"teams","webhook":"ssm:/t"}})");
    ASSERT_THAT(loaded, IsOk());
    const auto read = read_secrets(*loaded, [](const SourceRef&) -> Result<std::string> {
        return std::string("https://hooks.slack.com/services/topsecret");
    });
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message,
                AllOf(HasSubstr("x/webhook"), HasSubstr("ssm:/t"), HasSubstr("slack"), Not(HasSubstr("topsecret"))));
}

constexpr const char* kTwo =
    R"({"team":{"type":"teams","webhook":"ssm:/t"},"oncall":{"type":"pagerduty","routing_key":"ssm:/p"}})";

TEST(NotifyRules, ThatNameNoChannelAreErrorsWithASuggestion) {
    EXPECT_THAT(error_of(load_channels(kTwo, R"({"default":["tem"]})")),
                AllOf(HasSubstr("NOTIFY: /default/0 is \"tem\""), HasSubstr("\"team\"?")));
    EXPECT_THAT(error_of(load_channels(kTwo, R"({"errors":["team"]})")), HasSubstr("\"error\"?"));
    EXPECT_THAT(error_of(load_channels(kTwo, R"({"error":"team"})")), HasSubstr("a list of channels"));
    EXPECT_THAT(error_of(load_channels(kTwo, R"({"default":["slack"]})")), IsEmpty()) << "be Slack on or off";
    EXPECT_THAT(error_of(load_channels(R"({"team":{"type":"tems"}})", R"({"default":["team"]})")),
                AllOf(HasSubstr("/team/type"), Not(HasSubstr("NOTIFY"))));
}

TEST(NotifyRules, ThatLetNobodyHearOfErrorsAreAWarning) {
    const auto silent = load_channels(kTwo, R"({"default":["team"],"error":[]})");
    ASSERT_THAT(silent, IsOk());
    EXPECT_THAT(silent->warnings, Contains(HasSubstr("no channel that is on hears of errors")));
    const auto off = load_channels(kTwo, R"({"default":["slack"]})");
    ASSERT_THAT(off, IsOk());
    EXPECT_THAT(off->warnings, Contains(HasSubstr("no channel that is on hears of errors")));
}

TEST(NotifyRules, OfAServiceComeBeforeThoseForAllAndASeverityBeforeTheDefault) {
    const auto loaded = load_document(R"({"project":"p","environment":"e",
        "channels":{"team":{"type":"teams","webhook":"ssm:/t"},"chat":{"type":"discord","webhook":"ssm:/d"}},
        "notify":{"default":["team"],"info":[]},
        "services":{"api":{"notify":{"error":["chat"]}},"web":{"notify":{"default":["chat","team"]}}}})");
    ASSERT_THAT(loaded, IsOk());
    const auto& notify = loaded->config.notify;
    const auto who = [&](Severity severity, const char* service) {
        std::vector<std::string> all;
        for (const auto* name : {"chat", "slack", "team"})
            if (notify.hears(name, severity, ServiceId(service))) all.emplace_back(name);
        return all;
    };
    EXPECT_THAT(who(Severity::kError, "other"), ElementsAre("team"));
    EXPECT_THAT(who(Severity::kInfo, "other"), IsEmpty());
    EXPECT_THAT(who(Severity::kError, "api"), ElementsAre("chat"));
    EXPECT_THAT(who(Severity::kWarning, "api"), ElementsAre("team"));
    EXPECT_THAT(who(Severity::kInfo, "web"), ElementsAre("chat", "team"));
}

TEST(NotifyRules, LetWhatOpensAnIncidentHearWhatClosesIt) {
    const auto loaded = load_channels(kTwo, R"({"default":["team"],"error":["oncall"]})");
    ASSERT_THAT(loaded, IsOk());
    const auto& notify = loaded->config.notify;
    EXPECT_TRUE(notify.hears("oncall", Severity::kSuccess, ServiceId("api")));
    EXPECT_FALSE(notify.hears("oncall", Severity::kInfo, ServiceId("api")));
    EXPECT_FALSE(notify.hears("oncall", Severity::kWarning, ServiceId("api")));
}

TEST(NotifyRules, ThatAreNotThereLetEveryChannelHearEverything) {
    const auto loaded = load_channels(kTwo);
    ASSERT_THAT(loaded, IsOk());
    for (const auto severity : {Severity::kError, Severity::kWarning, Severity::kSuccess, Severity::kInfo})
        for (const auto* name : {"team", "oncall", "slack"})
            EXPECT_TRUE(loaded->config.notify.hears(name, severity, ServiceId("api"))) << name;
}

}  // namespace
}  // namespace ci_lambda::testing
