#include "config/document_source.hpp"

#include <string>

#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;
using SourceKind = SourceRef::Kind;

Result<std::optional<SourceRef>> found_in(const std::string& config) {
    testing::FakeEnvironment environment;
    environment.set("CI_LAMBDA_CONFIG", config);
    return find_document(environment);
}

TEST(ParseSource, ReadsTheFiveForms) {
    const struct {
        std::string text;
        SourceRef source;
    } cases[] = {
        {"file:ci_lambda.json", {.kind = SourceKind::kFile, .text = "ci_lambda.json"}},
        {" file:/opt/a b.json\n", {.kind = SourceKind::kFile, .text = "/opt/a b.json"}},
        {"ssm:/shop/dev/ci_lambda", {.kind = SourceKind::kSsm, .text = "/shop/dev/ci_lambda"}},
        {"ssm:arn:aws:ssm:us-east-1:1:parameter/x",
         {.kind = SourceKind::kSsm, .text = "arn:aws:ssm:us-east-1:1:parameter/x"}},
        {"s3://shop-config/dev/ci lambda.json",
         {.kind = SourceKind::kS3, .text = "dev/ci lambda.json", .bucket = "shop-config"}},
        {"secretsmanager:shop/slack-A1b2C3", {.kind = SourceKind::kSecretsManager, .text = "shop/slack-A1b2C3"}},
    };
    for (const auto& [text, source] : cases) {
        const auto parsed = parse_source(text);
        ASSERT_THAT(parsed, IsOk()) << text;
        EXPECT_EQ(*parsed, source) << text;
        EXPECT_EQ(parse_source(to_string(*parsed)).value(), source) << text;
    }
}

TEST(ParseSource, TakesWhatBeginsAsADocumentForTheDocument) {
    for (const std::string text : {"{}", " \n{\"project\":1}", "// shop\n{}", "/* shop */ {}", "\xEF\xBB\xBF{}"}) {
        const auto parsed = parse_source(text);
        ASSERT_THAT(parsed, IsOk()) << text;
        EXPECT_EQ(parsed->kind, SourceKind::kInline);
        EXPECT_EQ(parsed->text, text);
        EXPECT_EQ(to_string(*parsed), "inline JSON");
    }
}

TEST(ParseSource, SaysWhatIsWrongAndWhichFormsThereAre) {
    const struct {
        std::string text;
        std::string message;
    } cases[] = {
        {"", "it is empty"},
        {"  ", "it is empty"},
        {"[1]", "a JSON object, not an array"},
        {"ci_lambda.json", "a path needs `file:` in front of it"},
        {"/opt/ci_lambda.json", "a path needs `file:` in front of it"},
        {"somewhere", "does not begin with any of the known forms"},
        {"file:", "not a path"},
        {"ssm:", "not the name of a parameter"},
        {"ssm:/a b", "not the name of a parameter"},
        {"smm:/shop/dev", "nothing can be read from `smm:` (did you mean `ssm:`?)"},
        {"SSM:/shop/dev", "did you mean `ssm:`?"},
        {"https://example.com/x", "nothing can be read from `https:`;"},
        {"s3:/bucket/key", "two slashes"},
        {"s3://", "does not begin with the name of a bucket"},
        {"s3://b/key", "does not begin with the name of a bucket"},
        {"s3://shop_config!/key", "does not begin with the name of a bucket"},
        {"s3://shop-config", "the key of the object in S3 is missing"},
        {"s3://shop-config/", "the key of the object in S3 is missing"},
        {"secretsmanager:", "not the name of a secret"},
        {"secretsmanager:a b", "not the name of a secret"},
    };
    for (const auto& [text, message] : cases)
        EXPECT_THAT(parse_source(text), IsErr(ErrorKind::kConfiguration,
                                              AllOf(HasSubstr(message), HasSubstr("; expected the JSON itself, `file:"),
                                                    HasSubstr("secretsmanager:NAME"))))
            << text;
}

TEST(ParseSource, DoesNotRepeatWhatMayBeASecret) {
    for (const std::string text : {"\"webhook\":\"https://hooks.slack.com/s3cr3t\"", "s3cr3t", "https://host/s3cr3t"})
        EXPECT_THAT(parse_source(text), IsErr(ErrorKind::kConfiguration, Not(HasSubstr("s3cr3t")))) << text;
}

TEST(FindDocument, IsAbsentWhereTheVariableIsNotSetOrEmpty) {
    EXPECT_EQ(find_document(testing::FakeEnvironment()).value(), std::nullopt);
    EXPECT_EQ(found_in("").value(), std::nullopt);
}

TEST(FindDocument, NamesTheVariableInItsError) {
    EXPECT_THAT(found_in("nowhere"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("CI_LAMBDA_CONFIG: it does not begin")));
    const auto found = found_in("file:x.json");
    ASSERT_THAT(found, IsOk());
    EXPECT_THAT(*found, Optional(SourceRef{.kind = SourceKind::kFile, .text = "x.json"}));
}

}  // namespace
}  // namespace ci_lambda
