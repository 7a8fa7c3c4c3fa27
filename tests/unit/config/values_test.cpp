#include "config/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ci_lambda {
namespace {

using ::testing::Optional;

TEST(ParseBoolean, KnowsEverySpellingInAnyCase) {
    for (const std::string text : {"true", "1", "yes", "on", "enabled", "TRUE", "Yes", " on\n"})
        EXPECT_THAT(parse_boolean(text), Optional(true)) << text;
    for (const std::string text : {"false", "0", "no", "off", "disabled", "FALSE", "No", "\tOff "})
        EXPECT_THAT(parse_boolean(text), Optional(false)) << text;
}

TEST(ParseBoolean, RefusesEverythingElse) {
    for (const std::string text : {"", " ", "2", "t", "y", "truee", "not", "null", "on off"})
        EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

TEST(InQuotes, KeepsAValueOnOneLineAndShort) {
    EXPECT_EQ(in_quotes("a\nb\tc"), "\"a b c\"");
    EXPECT_EQ(in_quotes(std::string(61, 'x')), "\"" + std::string(59, 'x') + "\xE2\x80\xA6\"");
    EXPECT_EQ(in_quotes("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\"");
}

TEST(ParseUrl, TakesSchemeHostPortAndPath) {
    const struct {
        std::string text;
        bool https;
        std::string host;
        std::string path;
    } cases[] = {
        {"https://hooks.slack.com/services/T/B/x", true, "hooks.slack.com", "/services/T/B/x"},
        {"HTTPS://Hooks.Slack.com/x", true, "hooks.slack.com", "/x"},
        {"http://127.0.0.1:8080", false, "127.0.0.1", ""},
        {"http://[::1]:8080/hook?a=b", false, "[::1]", "/hook?a=b"},
        {"http://ecs_mock:4566/", false, "ecs_mock", "/"},
    };
    for (const auto& [text, https, host, path] : cases) {
        const auto url = parse_url(text);
        ASSERT_TRUE(url) << text;
        EXPECT_EQ(url->https, https) << text;
        EXPECT_EQ(url->host, host) << text;
        EXPECT_EQ(url->path, path) << text;
    }
}

TEST(ParseUrl, RefusesEverythingElse) {
    for (const std::string text :
         {"", "hooks.slack.com/x", "ftp://host/x", "https://", "https:///x", "https://:443/x", "https://host:/x",
          "https://host:0", "https://host:65536", "https://host:x", "https://a b/x", "https://host/\n",
          "https://user:password@host/x", "https://[::1/x", "https://[]/x", "https://[x]/", "https://h\xC3\xB6st/x"})
        EXPECT_EQ(parse_url(text), std::nullopt) << text;
}

TEST(IsLoopback, IsNotFooledByNames) {
    for (const std::string host : {"localhost", "127.0.0.1", "127.255.1.9", "[::1]"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const std::string host : {"", "127.evil.example.com", "127.0.0.1.example.com", "127.0.0.256", "127.0.0",
                                   "localhost.example.com", "128.0.0.1", "[::2]"})
        EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace ci_lambda
