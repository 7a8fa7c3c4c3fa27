#include "config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

using Texts = std::map<std::string, std::string>;

/// Reads these texts, by the source that names them.
auto reader_of(Texts texts) {
    return [known = std::move(texts)](const SourceRef& source) -> Result<std::string> {
        const auto found = known.find(to_string(source));
        if (found == known.end()) return fail(ErrorKind::kNotFound, "it does not exist");
        return found->second;
    };
}

TEST(SecretReferences, AreReadAndCheckedAsIfTheyStoodThere) {
    for (const std::string source : {"secretsmanager:shop/slack", "ssm:/shop/slack"}) {
        auto in_document =
            load_document(R"({"project":"shop","environment":"dev","slack":{"webhook":")" + source + "\"}}");
        auto in_variable = load_config(FakeEnvironment({{"PROJECT_NAME", "shop"},
                                                        {"PROJECT_ENV", "dev"},
                                                        {"SERVICE_CONFIG", "{}"},
                                                        {"SLACK_WEBHOOK_URL", source}}));
        for (auto* loaded : {&in_document, &in_variable}) {
            ASSERT_THAT(*loaded, IsOk());
            EXPECT_EQ((*loaded)->config.slack_webhook_url, std::nullopt) << "not read yet";
            EXPECT_THAT((*loaded)->warnings, IsEmpty());
            ASSERT_EQ((*loaded)->secret_references.size(), 1U);
            EXPECT_EQ(to_string((*loaded)->secret_references.front().source), source);
            const auto reader = reader_of(Texts{{source, kWebhookUrl + "\n"}});
            EXPECT_THAT(read_secrets(**loaded, reader), IsOk());
            EXPECT_THAT((*loaded)->config.slack_webhook_url, Optional(Secret(kWebhookUrl)));
            EXPECT_THAT((*loaded)->secrets, Contains(Secret(kWebhookUrl)));
        }
    }
}

TEST(SecretReferences, NameTheSourceAndNotTheSecretInTheirErrors) {
    auto loaded = load_document(R"({"project":"p","environment":"e","slack":{"webhook":"secretsmanager:slack"}})");
    ASSERT_THAT(loaded, IsOk());
    const auto nothing = reader_of(Texts{});
    EXPECT_THAT(read_secrets(*loaded, nothing),
                IsErr(ErrorKind::kConfiguration,
                      HasSubstr("SLACK_WEBHOOK_URL: secretsmanager:slack cannot be read: it does not exist")));
    for (const std::string bad : {"s3cr3t", "{\"url\":\"https://h/s3cr3t\"}", "http://h/s3cr3t", ""}) {
        const auto reader = reader_of(Texts{{"secretsmanager:slack", bad}});
        EXPECT_THAT(
            read_secrets(*loaded, reader),
            IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("SLACK_WEBHOOK_URL: what secretsmanager:slack holds "),
                                                   HasSubstr("https://HOST"), Not(HasSubstr("s3cr3t")))))
            << bad;
    }
}

TEST(SecretReferences, AreNotReadWhereSlackIsOff) {
    const auto loaded = load_document(
        R"({"project":"p","environment":"e","slack":{"enabled":false,"webhook":"secretsmanager:slack"}})");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->secret_references, IsEmpty());
    EXPECT_THAT(loaded->secrets, IsEmpty()) << "the name of a secret is none";
}

TEST(SecretReferences, MustNameASecret) {
    EXPECT_THAT(problems_of(R"({"project":"p","environment":"e","slack":{"webhook":"secretsmanager:a b"}})"),
                ElementsAre(HasSubstr("/slack/webhook: what follows `secretsmanager:` is not the name of a secret")));
}

}  // namespace
}  // namespace ci_lambda::testing
