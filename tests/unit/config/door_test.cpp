#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

const std::string kSigning = "8f742231b10e8888abcd99yyyzzz85a5";

TEST(DoorSettingsTest, AreOffUnlessSomebodySaysSo) {
    const auto config = config_of("");
    EXPECT_EQ(config.function_url, std::nullopt);
    EXPECT_EQ(config.slack_signing_secret, std::nullopt);
    EXPECT_FALSE(config.approval_by_page);
}

TEST(DoorSettingsTest, AreReadFromTheDocument) {
    const auto loaded = load_document(
        R"({"project":"shop","environment":"dev","function_url":"https://x.example/prod/","approval":{"by_page":true},)"
        R"("slack":{"enabled":false,"signing_secret":")" +
        kSigning + "\"}}");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, IsEmpty());
    EXPECT_THAT(loaded->config.function_url, Optional(std::string("https://x.example/prod")));
    EXPECT_THAT(loaded->config.slack_signing_secret, Optional(Secret(kSigning)));
    EXPECT_TRUE(loaded->config.approval_by_page);
    EXPECT_THAT(loaded->secrets, ElementsAre(Secret(kSigning))) << "for the redactor";
}

TEST(DoorSettingsTest, TheSigningSecretMayBeNamed) {
    auto loaded = load_document(shop(R"("function_url":"https://x.example")"),
                                {{"SLACK_SIGNING_SECRET", "secretsmanager:shop/signing"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.slack_signing_secret, std::nullopt) << "not read yet";
    ASSERT_EQ(loaded->secret_references.size(), 1U);
    const auto& reference = loaded->secret_references.front();
    EXPECT_THAT(
        set_secret(*loaded, reference, "too s3cr3t"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("SLACK_SIGNING_SECRET: what secretsmanager:shop/signing holds is not the signing secret"),
                    Not(HasSubstr("s3cr3t")))));
    EXPECT_THAT(set_secret(*loaded, reference, kSigning + "\n"), IsOk());
    EXPECT_THAT(loaded->config.slack_signing_secret, Optional(Secret(kSigning)));
}

TEST(DoorSettingsTest, SayWhatIsWrongWithThem) {
    const auto problems = [](const Variables& variables) { return problems_of(shop(""), variables); };
    for (const auto* bad : {"http://x.example", "https://", "x.example", "ftp://x.example", "https://x.example/?a=b",
                            "https://x.example/#a", "https://x.example/a|b", "https://x.example/a b"})
        EXPECT_THAT(problems({{"FUNCTION_URL", bad}}), ElementsAre(HasSubstr("FUNCTION_URL"))) << bad;
    EXPECT_THAT(problems({{"FUNCTION_URL", "https://u:s3cr3t@x.example"}}),
                ElementsAre(AllOf(HasSubstr("FUNCTION_URL"), Not(HasSubstr("s3cr3t")))));
    EXPECT_THAT(problems({{"FUNCTION_URL", "https://x.example/" + std::string(300, 'a')}}),
                ElementsAre(HasSubstr("FUNCTION_URL")));
    EXPECT_THAT(problems({{"FUNCTION_URL", "http://127.0.0.1:7327/function-url"}}), ElementsAre("no problem"));
    for (const auto* bad : {"short", "8f742231b10e8888 abcd99yyyzzz85a5", "xoxb-1234567890-1234567890"})
        EXPECT_THAT(problems({{"SLACK_SIGNING_SECRET", bad}}),
                    ElementsAre(AllOf(HasSubstr("SLACK_SIGNING_SECRET"), Not(HasSubstr(bad)))))
            << bad;
}

TEST(DoorSettingsTest, WarnThatTheyDoNothingWithoutAUrl) {
    const auto loaded = load_document(shop(R"("approval":{"by_page":true})"), {{"SLACK_SIGNING_SECRET", kSigning}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, ElementsAre(HasSubstr("SLACK_SIGNING_SECRET (/slack/signing_secret) does nothing"),
                                              HasSubstr("APPROVAL_BY_PAGE (/approval/by_page) does nothing")));
}

}  // namespace
}  // namespace ci_lambda::testing
