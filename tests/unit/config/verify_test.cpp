#include "config/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<LoadedConfig> load_verify(std::map<std::string, std::string> variables, const std::string& document = "") {
    variables.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}});
    return load_config(
        FakeEnvironment(std::move(variables)),
        document.empty() ? std::nullopt : std::optional(DocumentText{.text = document, .source = "file:test"}));
}

TEST(VerifySettingsTest, NothingIsWatchedUnlessSomebodySaysSo) {
    const auto loaded = load_verify({});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_FALSE(loaded->config.verify.is_on());
    EXPECT_FALSE(loaded->config.verify.of(ServiceId("api")).watches_anything());
}

TEST(VerifySettingsTest, AListIsForAllAndAnObjectIsByService) {
    const auto all = load_verify({{"VERIFY_ALARMS", " shop-5xx , shop-slow "}, {"VERIFY_SECONDS", "60"}});
    ASSERT_THAT(all, IsOk());
    EXPECT_THAT(all->config.verify.of(ServiceId("api")).alarms, ElementsAre("shop-5xx", "shop-slow"));
    EXPECT_EQ(all->config.verify.of(ServiceId("api")).time, seconds{60});
    const auto some = load_verify({{"VERIFY_ALARMS", R"({"api":["api, 5xx"],"worker":[],"default":["shop-5xx"]})"},
                                   {"VERIFY_URLS", R"({"api":["https://a.example/health",
                                     {"url":"http://b.internal:8080/","status":204,"body":"ok","times":1}]})"}});
    ASSERT_THAT(some, IsOk());
    const auto& verify = some->config.verify;
    EXPECT_TRUE(verify.is_on());
    EXPECT_THAT(verify.of(ServiceId("api")).alarms, ElementsAre("api, 5xx"));
    EXPECT_THAT(verify.of(ServiceId("worker")).alarms, IsEmpty());
    EXPECT_THAT(verify.of(ServiceId("web")).alarms, ElementsAre("shop-5xx"));
    EXPECT_EQ(verify.of(ServiceId("web")).time, seconds{300});
    EXPECT_THAT(verify.of(ServiceId("api")).urls,
                ElementsAre(VerifiedUrl{.url = "https://a.example/health"},
                            VerifiedUrl{.url = "http://b.internal:8080/", .status = 204, .body = "ok", .times = 1}));
}

TEST(VerifySettingsTest, TheDocumentSaysItForAllAndForOne) {
    const std::string document = R"({
      "verify": {"alarms": ["shop-5xx"], "urls": ["https://shop.example.com/"], "seconds": 600,
                 "schedule_role": "arn:aws:iam::123456789012:role/a/b", "schedule_group": "deploys"},
      "services": {"api": {"verify": {"alarms": ["api-5xx"], "seconds": 60}}, "web": {"verify": {"urls": []}}}})";
    const auto loaded = load_verify({}, document);
    ASSERT_THAT(loaded, IsOk());
    const auto& verify = loaded->config.verify;
    EXPECT_EQ(loaded->config.schedules.role, "arn:aws:iam::123456789012:role/a/b");
    EXPECT_EQ(loaded->config.schedules.group, "deploys");
    EXPECT_THAT(verify.of(ServiceId("api")).alarms, ElementsAre("api-5xx"));
    EXPECT_EQ(verify.of(ServiceId("api")).urls.size(), 1U) << "each of the three by itself";
    EXPECT_EQ(verify.of(ServiceId("api")).time, seconds{60});
    EXPECT_THAT(verify.of(ServiceId("web")).urls, IsEmpty());
    EXPECT_EQ(verify.of(ServiceId("web")).time, seconds{600});

    const auto variable = load_verify({{"VERIFY_ALARMS", "mine"}}, document);
    ASSERT_THAT(variable, IsOk());
    EXPECT_THAT(variable->config.verify.of(ServiceId("api")).alarms, ElementsAre("mine")) << "it wins as a whole";
}

TEST(VerifySettingsTest, WhatIsWrongIsNamedAndAUrlIsNeverRepeated) {
    const auto loaded = load_verify({{"VERIFY_ALARMS", R"({"api":"shop-5xx"})"},
                                     {"VERIFY_URLS", R"(["https://user:hunter2@a.example/",{"status":200},
                                      {"url":"https://a.example/","status":99,"times":0,"bdy":"x"}])"},
                                     {"VERIFY_SECONDS", "0"},
                                     {"VERIFY_SCHEDULE_ROLE", "role"}});
    ASSERT_FALSE(loaded);
    const auto& text = loaded.error().message;
    EXPECT_THAT(text, HasSubstr("VERIFY_ALARMS: /api is a string"));
    EXPECT_THAT(text, HasSubstr("/0 is no URL that can be asked"));
    EXPECT_THAT(text, HasSubstr("/1 has no \"url\""));
    EXPECT_THAT(text, HasSubstr("/2/status is no status of HTTP"));
    EXPECT_THAT(text, HasSubstr("/2/times is not a number in range"));
    EXPECT_THAT(text, HasSubstr("/2/bdy is not known (expected \"body\"?)"));
    EXPECT_THAT(text, HasSubstr("VERIFY_SECONDS"));
    EXPECT_THAT(text, HasSubstr("VERIFY_SCHEDULE_ROLE: \"role\" is not the ARN of a role"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));

    const auto document =
        load_verify({}, R"({"services":{"api":{"verify":{"alarm":["x"],"seconds":1.5,"urls":"x"}}}})");
    ASSERT_FALSE(document);
    EXPECT_THAT(document.error().message, HasSubstr("/services/api/verify/alarm: is not known"));
    EXPECT_THAT(document.error().message, HasSubstr("/services/api/verify/seconds: is not a number in range"));
    EXPECT_THAT(document.error().message, HasSubstr("/services/api/verify/urls: is a string"));
}

TEST(ShownUrl, HasNoQuery) {
    EXPECT_EQ(shown_url("https://a.example/x?key=1"), "https://a.example/x?..");
    EXPECT_EQ(shown_url("https://a.example/x"), "https://a.example/x");
}

}  // namespace
}  // namespace ci_lambda::testing
