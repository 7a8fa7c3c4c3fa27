#include "discovery/uses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Place& home() {
    static const Place place{.account = "123456789012", .region = "us-east-1"};
    return place;
}

ServiceUses uses(std::vector<std::string> images, std::vector<std::string> values = {},
                 std::vector<std::string> files = {}) {
    return uses_of({.images = std::move(images), .values = std::move(values), .files = std::move(files)}, home());
}

TEST(Uses, AnImageIsOfItsRepositoryInItsAccountAndRegion) {
    const Place ireland{.account = "123456789012", .region = "eu-west-1"};
    const Place others{.account = "999999999999", .region = "us-east-1"};
    const struct {
        const char* image;
        const char* repository;
        Place where;
        bool used;
    } cases[] = {
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "shop/api", home(), true},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api", "shop/api", home(), true},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:aa", "shop/api", home(), true},
        {"123456789012.dkr-ecr.us-east-1.on.aws/shop/api:v1", "shop/api", home(), true},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1", "docker-hub/library/nginx", home(),
         true},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "api", home(), false},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "shop/api2", home(), false},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "shop/api", ireland, false},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "shop/api", others, false},
        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v1", "shop/api", ireland, true},
        // An event of a person's own making need not say where it comes from.
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1", "shop/api", {}, true},
        // A repository of ECR that has the name of an image of Docker Hub is another one.
        {"nginx:1", "nginx", home(), false},
        {"docker.io/library/nginx:1", "library/nginx", home(), false},
    };
    for (const auto& [image, repository, where, used] : cases)
        EXPECT_EQ(uses_repository(uses({image}), repository, where), used) << image << " " << repository;
    // What was pushed in Ireland has a replica at home.
    const auto at_home = uses({"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1"});
    EXPECT_TRUE(uses_repository(at_home, "shop/api", ireland, "us-east-1"));
    EXPECT_FALSE(uses_repository(at_home, "shop/api", ireland, "ap-south-1"));
    EXPECT_FALSE(uses_repository(at_home, "shop/web", ireland, "us-east-1"));
    const Place other_account{.account = "999999999999", .region = "eu-west-1"};
    EXPECT_FALSE(uses_repository(at_home, "shop/api", other_account, "us-east-1"));
    const auto abroad = uses({"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v1"});
    EXPECT_TRUE(uses_repository(abroad, "shop/api", ireland, "us-east-1"));
    EXPECT_FALSE(uses_repository(abroad, "shop/api", home(), "us-east-1"));
}

TEST(Uses, AParameterIsNamedByArnOrByName) {
    const Place ireland{.account = "123456789012", .region = "eu-west-1"};
    const struct {
        const char* value;
        const char* name;
        Place where;
        bool used;
    } cases[] = {
        {"arn:aws:ssm:us-east-1:123456789012:parameter/dev/shop/api/KEY", "/dev/shop/api/KEY", home(), true},
        {"arn:aws:ssm:us-east-1:123456789012:parameter/KEY", "KEY", home(), true},
        {"/dev/shop/api/KEY", "/dev/shop/api/KEY", home(), true},
        {"KEY", "/KEY", home(), true},
        {"KEY", "KEY", ireland, false},
        {"/dev/shop/api/KEY", "/dev/shop/api/KEY2", home(), false},
        {"/dev/shop/api/KEY", "/dev/shop/api", home(), false},
        {"arn:aws:ssm:eu-west-1:123456789012:parameter/KEY", "KEY", home(), false},
        {"arn:aws:ssm:us-east-1:999999999999:parameter/KEY", "KEY", home(), false},
        // A version of it stays as it is.
        {"/dev/shop/api/KEY:3", "/dev/shop/api/KEY", home(), false},
        {"arn:aws:secretsmanager:us-east-1:123456789012:secret:KEY-AbCdEf", "KEY", home(), false},
        {"arn:aws:s3:::bucket/KEY", "KEY", home(), false},
        {"", "", home(), false},
    };
    for (const auto& [value, name, where, used] : cases)
        EXPECT_EQ(uses_parameter(uses({}, {value}), name, where), used) << value << " " << name;
}

TEST(Uses, ASecretIsTheSameWithAndWithoutItsSixCharacters) {
    const std::string arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";
    const struct {
        std::string value;
        std::string event;
        bool used;
    } cases[] = {
        {arn + "shop/db-AbCdEf", arn + "shop/db-AbCdEf", true},
        {arn + "shop/db-AbCdEf", "shop/db", true},
        {arn + "shop/db", arn + "shop/db-AbCdEf", true},
        {arn + "shop/db", "shop/db", true},
        {arn + "shop/db-AbCdEf:password::", arn + "shop/db-AbCdEf", true},
        {arn + "shop/db-AbCdEf:password:AWSCURRENT:", arn + "shop/db-AbCdEf", true},
        {arn + "shop/db:password::", "shop/db", true},
        // Deleted and made anew, it is another one.
        {arn + "shop/db-AbCdEf", arn + "shop/db-GhIjKl", false},
        {arn + "shop/db-AbCdEf", arn + "shop/db-replica-AbCdEf", false},
        {arn + "shop/db-replica", "shop/db", false},
        // Its value cannot change, or it is another stage's.
        {arn + "shop/db-AbCdEf:password::EXAMPLE1-90ab", arn + "shop/db-AbCdEf", false},
        {arn + "shop/db-AbCdEf:password:AWSPREVIOUS:", arn + "shop/db-AbCdEf", false},
        {"arn:aws:secretsmanager:us-east-1:999999999999:secret:shop/db-AbCdEf", arn + "shop/db-AbCdEf", false},
        // Parameter Store shows secrets, too.
        {"/aws/reference/secretsmanager/shop/db", arn + "shop/db-AbCdEf", true},
        {"arn:aws:ssm:us-east-1:123456789012:parameter/aws/reference/secretsmanager/shop/db", "shop/db", true},
    };
    for (const auto& [value, event, used] : cases)
        EXPECT_EQ(uses_secret(uses({}, {value}), event, {"AWSCURRENT"}, home()), used) << value << " " << event;
    EXPECT_TRUE(uses_secret(uses({}, {arn + "db:x:AWSPREVIOUS:"}), "db", {"AWSCURRENT", "AWSPREVIOUS"}, home()));
}

TEST(Uses, AFileIsAnObjectOfS3) {
    const auto found = uses({}, {},
                            {"arn:aws:s3:::shop-env/api/prod.env", "arn:aws-cn:s3:::shop-env/a b.env",
                             "arn:aws:s3:::shop-env/", "arn:aws:s3:::shop-env", "shop-env/api.env"});
    EXPECT_THAT(found.files, ElementsAre(S3File{.bucket = "shop-env", .key = "api/prod.env"},
                                         S3File{.bucket = "shop-env", .key = "a b.env"}));
    EXPECT_TRUE(uses_file(found, {.bucket = "shop-env", .key = "api/prod.env"}));
    EXPECT_FALSE(uses_file(found, {.bucket = "shop-env", .key = "api/prod"}));
}

TEST(Uses, WhatCannotBeReadIsNothing) {
    const auto found = uses({"", ":::", "@"}, {":", "arn:", "arn:aws:secretsmanager:::", "arn:aws:ssm:r:a:"}, {""});
    EXPECT_THAT(found.repositories, IsEmpty());
    EXPECT_THAT(found.parameters, IsEmpty());
    EXPECT_THAT(found.secrets, IsEmpty());
    EXPECT_THAT(found.files, IsEmpty());
}

}  // namespace
}  // namespace ci_lambda::testing
