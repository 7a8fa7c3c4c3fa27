#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

/// Who has written a document does not find what is wrong in a variable.
TEST(WordsOfADecision, NameThePlaceInTheDocumentWhereThatIsWhatCounts) {
    const std::map<std::string, std::string> variables{
        {"CI_LAMBDA_CONFIG", R"({"project":"shop","environment":"dev","services":{
            "api":{"service_name":"a","task_family":"a","repositories":["shop_api"],"parameters":["/dev/shop/api"],
                   "files":[{"bucket":"b","key":"k"}],"auto_deploy":false}}})"}};
    const auto loaded = load_config(FakeEnvironment(variables));
    ASSERT_THAT(loaded, IsOk());
    const auto push = [](const std::string& repository) { return push_to(repository); };
    EXPECT_THAT(ignored_because(decide_body(push("other"), loaded->config)),
                HasSubstr("is not in /services/*/repositories of the configuration document"));
    EXPECT_THAT(ignored_because(decide_body(push("shop_api"), loaded->config)),
                HasSubstr("off (/services/*/auto_deploy of the configuration document)"));
    EXPECT_THAT(ignored_because(decide_body(push("other"), shop({{"ECR_REPO_MAP", R"({"shop_api":"api"})"}}))),
                HasSubstr("repository other is not in ECR_REPO_MAP"));
}

}  // namespace
}  // namespace ci_lambda::testing
