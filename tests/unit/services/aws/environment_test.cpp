#include "services/aws/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/s3/client.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

Result<AwsEndpointOptions> options_of(std::map<std::string, std::string> variables) {
    variables.insert({"AWS_REGION", "eu-west-1"});
    return endpoint_options_from(FakeEnvironment(std::move(variables)), kS3Service);
}

TEST(AwsEnvironment, TheServicesOwnEndpointGoesFirst) {
    EXPECT_EQ(options_of({})->endpoint, std::nullopt);
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "https://all.example/"}})->endpoint,
                Optional(Eq("https://all.example")));
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "https://all.example"}, {"AWS_ENDPOINT_URL_S3", "https://s3.example"}})
                    ->endpoint,
                Optional(Eq("https://s3.example")));
    EXPECT_EQ(options_of({{"AWS_ENDPOINT_URL_ECS", "https://ecs.example"}})->endpoint, std::nullopt);
    EXPECT_EQ(options_of({{"AWS_ENDPOINT_URL", "https://all.example"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}})
                  ->endpoint,
              std::nullopt);
}

TEST(AwsEnvironment, KnowsTheVariantsOfEndpoints) {
    const auto options = options_of({{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", " 1 "}});
    ASSERT_THAT(options, IsOk());
    EXPECT_TRUE(options->fips);
    EXPECT_TRUE(options->dualstack);
}

TEST(AwsEnvironment, RefusesWhatIsNoEndpointAndWhatIsNotEncrypted) {
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL_S3", "s3.example"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("AWS_ENDPOINT_URL_S3: \"s3.example\" is not the URL")));
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "https://me:hunter2@host/"}}),
                IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("AWS_ENDPOINT_URL"), Not(HasSubstr("hunter2")))));
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "http://moto:5000"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("ALLOW_PLAIN_HTTP=true")));
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "http://moto:5000"}, {"ALLOW_PLAIN_HTTP", "true"}}), IsOk());
    EXPECT_THAT(options_of({{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"}}), IsOk());
}

}  // namespace
}  // namespace ci_lambda::testing
