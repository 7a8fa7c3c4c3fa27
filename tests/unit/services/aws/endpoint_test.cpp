#include "services/aws/endpoint.hpp"

#include <gtest/gtest.h>

#include "services/cloudwatch/client.hpp"
#include "services/ecs/client.hpp"
#include "services/secrets_manager/client.hpp"

namespace ci_lambda::testing {
namespace {

TEST(EcsEndpoint, FollowsTheRegionsPartition) {
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-east-1"}), "https://ecs.us-east-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "cn-north-1"}), "https://ecs.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-gov-west-1"}), "https://ecs.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "eusc-de-east-1"}), "https://ecs.eusc-de-east-1.amazonaws.eu");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-isob-east-1"}), "https://ecs.us-isob-east-1.sc2s.sgov.gov");
}

TEST(EcsEndpoint, HasItsVariantsForFipsAndDualStackAsBotocoreResolvesThem) {
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-east-1", .fips = true}),
              "https://ecs-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-gov-west-1", .fips = true}),
              "https://ecs-fips.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "eu-west-1", .dualstack = true}), "https://ecs.eu-west-1.api.aws");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-west-2", .fips = true, .dualstack = true}),
              "https://ecs-fips.us-west-2.api.aws");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "cn-north-1", .dualstack = true}),
              "https://ecs.cn-north-1.api.amazonwebservices.com.cn");
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "us-iso-east-1", .fips = true, .dualstack = true}),
              "https://ecs-fips.us-iso-east-1.api.aws.ic.gov");
}

constexpr AwsService kWithDualstackInTheHost{.name = "s3",
                                             .title = "S3",
                                             .host = "s3",
                                             .signing_name = "s3",
                                             .endpoint_variable = "AWS_ENDPOINT_URL_S3",
                                             .dualstack_in_host = true};
constexpr AwsService kWithoutFipsInGovcloud{.name = "ssm",
                                            .title = "SSM",
                                            .host = "ssm",
                                            .signing_name = "ssm",
                                            .endpoint_variable = "AWS_ENDPOINT_URL_SSM",
                                            .always_fips_in_govcloud = true};

TEST(AwsEndpoint, FollowsTheExceptionsOfServicesAsBotocoreResolvesThem) {
    const auto& s3 = kWithDualstackInTheHost;
    EXPECT_EQ(aws_endpoint(s3, {.region = "eu-west-1"}), "https://s3.eu-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(s3, {.region = "eu-west-1", .dualstack = true}),
              "https://s3.dualstack.eu-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(s3, {.region = "us-iso-east-1", .fips = true, .dualstack = true}),
              "https://s3-fips.dualstack.us-iso-east-1.c2s.ic.gov");
    const auto& ssm = kWithoutFipsInGovcloud;
    EXPECT_EQ(aws_endpoint(ssm, {.region = "us-east-1", .fips = true}), "https://ssm-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(ssm, {.region = "us-gov-west-1", .fips = true}), "https://ssm.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(ssm, {.region = "us-gov-west-1", .fips = true, .dualstack = true}),
              "https://ssm-fips.us-gov-west-1.api.aws");
}

TEST(AwsEndpoint, HasNoOtherNameWhereTheUsualOneIsDualStackOrForFipsAlready) {
    const auto& secrets = kSecretsManagerService;
    EXPECT_EQ(aws_endpoint(secrets, {.region = "eu-west-1", .dualstack = true}),
              "https://secretsmanager.eu-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(secrets, {.region = "us-gov-west-1", .fips = true, .dualstack = true}),
              "https://secretsmanager-fips.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(secrets, {.region = "cn-north-1", .dualstack = true}),
              "https://secretsmanager.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(aws_endpoint(secrets, {.region = "us-iso-east-1", .dualstack = true}),
              "https://secretsmanager.us-iso-east-1.api.aws.ic.gov");
    EXPECT_EQ(aws_endpoint(kCloudWatchService, {.region = "us-gov-east-1", .fips = true, .dualstack = true}),
              "https://monitoring.us-gov-east-1.api.aws");
    EXPECT_EQ(aws_endpoint(kCloudWatchService, {.region = "us-east-1", .fips = true, .dualstack = true}),
              "https://monitoring-fips.us-east-1.api.aws");
}

TEST(AwsEndpoint, IsWhereTheConfigurationSaysInAnyRegion) {
    EXPECT_EQ(aws_endpoint(kEcsService, {.region = "cn-north-1", .endpoint = "http://localhost:1"}),
              "http://localhost:1");
}

TEST(AwsPartition, IsNamedAsInArns) {
    EXPECT_EQ(partition_of("eu-west-1"), "aws");
    EXPECT_EQ(partition_of("us-gov-east-1"), "aws-us-gov");
    EXPECT_EQ(partition_of("cn-northwest-1"), "aws-cn");
    EXPECT_EQ(partition_of("us-isob-east-1"), "aws-iso-b");
}

}  // namespace
}  // namespace ci_lambda::testing
