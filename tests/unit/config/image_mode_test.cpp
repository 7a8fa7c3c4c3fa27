#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Result<LoadedConfig> load_with(const std::map<std::string, std::string>& more) {
    std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}};
    if (!more.contains("CI_LAMBDA_CONFIG")) variables["SERVICE_CONFIG"] = "{}";
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(FakeEnvironment(variables));
}

TEST(ImageModeSetting, IsRedeployUnlessSomebodySaysOtherwise) {
    const auto loaded = load_with({});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.image_mode_of(ServiceId("api")), ImageMode::kRedeploy);
    EXPECT_EQ(loaded->config.image_pin, ImagePin::kBoth);
}

TEST(ImageModeSetting, IsSaidForAllAndForOneServiceInTheDocument) {
    const std::string document = R"({"deployment":{"image_mode":"match","image_pin":"digest"},
                                     "services":{"api":{"image_mode":"revision"},"web":{}}})";
    const auto by_document = load_with({{"CI_LAMBDA_CONFIG", document}});
    ASSERT_THAT(by_document, IsOk());
    EXPECT_EQ(by_document->config.image_mode_of(ServiceId("api")), ImageMode::kRevision);
    EXPECT_EQ(by_document->config.image_mode_of(ServiceId("web")), ImageMode::kMatch);
    EXPECT_EQ(by_document->config.image_pin, ImagePin::kDigest);
    // The variable is for those of which the document does not say it.
    const auto by_both = load_with({{"CI_LAMBDA_CONFIG", document}, {"ECR_DEPLOY_MODE", " Redeploy "}});
    ASSERT_THAT(by_both, IsOk());
    EXPECT_EQ(by_both->config.image_mode_of(ServiceId("api")), ImageMode::kRevision);
    EXPECT_EQ(by_both->config.image_mode_of(ServiceId("web")), ImageMode::kRedeploy);
}

TEST(ImageModeSetting, NamesThePlaceOfAWordThatIsNone) {
    EXPECT_THAT(load_with({{"ECR_DEPLOY_MODE", "revisions"}, {"ECR_PIN", "sha"}}),
                IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("ECR_DEPLOY_MODE: \"revisions\" is none of the three"),
                                                       HasSubstr("ECR_PIN: \"sha\" is none of the three"))));
    EXPECT_THAT(
        load_with({{"CI_LAMBDA_CONFIG", R"({"services":{"api":{"image_mode":"new"},"web":{"image_mode":1}}})"}}),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("/services/api/image_mode: is \"new\"; expected redeploy, match or revision"),
                    HasSubstr("/services/web/image_mode: is 1; expected redeploy, match or revision"))));
}

}  // namespace
}  // namespace ci_lambda::testing
