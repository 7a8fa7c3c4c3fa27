#include "base/references.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ci_lambda {
namespace {

TEST(ParseImage, TellsRegistryRepositoryTagAndDigestApart) {
    const struct {
        std::string image;
        std::string registry;
        std::string repository;
        std::string tag;
        std::string digest;
    } cases[] = {
        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v7", "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
         "shop/api", "v7", ""},
        {"registry:5000/shop/api", "registry:5000", "shop/api", "", ""},
        {"localhost/api:x", "localhost", "api", "x", ""},
        {"shop/api", "", "shop/api", "", ""},
        {"nginx", "", "nginx", "", ""},
        {"nginx@sha256:ab", "", "nginx", "", "sha256:ab"},
        {"r.io/a/b:1@sha256:ab", "r.io", "a/b", "1", "sha256:ab"},
        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v7@sha256:ab",
         "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "shop/api", "v7", "sha256:ab"},
        {"registry:5000/api:v1@sha256:ab", "registry:5000", "api", "v1", "sha256:ab"},
        {"registry:5000/api@sha256:ab", "registry:5000", "api", "", "sha256:ab"},
        {"localhost:5000/api", "localhost:5000", "api", "", ""},
        {"shop/team/api:v7", "", "shop/team/api", "v7", ""},
        {"registry:5000", "", "registry", "5000", ""},
        {"api:", "", "api", "", ""},
        {"api@", "", "api", "", ""},
        {"", "", "", "", ""},
    };
    for (const auto& [image, registry, repository, tag, digest] : cases) {
        const auto parts = parse_image(image);
        EXPECT_EQ(parts.registry, registry) << image;
        EXPECT_EQ(parts.repository, repository) << image;
        EXPECT_EQ(parts.tag, tag) << image;
        EXPECT_EQ(parts.digest, digest) << image;
    }
    EXPECT_EQ(image_name("registry:5000/shop/api:latest@sha256:ab"), "registry:5000/shop/api");
}

TEST(WithTagAndDigest, WritesWhatIsReadAsTheSame) {
    for (const std::string image :
         {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v7", "registry:5000/shop/api", "localhost/api:x",
          "nginx", "nginx@sha256:ab", "registry:5000/a/b:1@sha256:ab"}) {
        const auto parts = parse_image(image);
        EXPECT_EQ(with_tag_and_digest(parts, parts.tag, parts.digest), image);
    }
    const auto api = parse_image("registry:5000/api:v1@sha256:ab");
    EXPECT_EQ(with_tag_and_digest(api, "v2", "sha256:cd"), "registry:5000/api:v2@sha256:cd");
    EXPECT_EQ(with_tag_and_digest(api, "", "sha256:cd"), "registry:5000/api@sha256:cd");
    EXPECT_EQ(with_tag_and_digest(api, "v2", ""), "registry:5000/api:v2");
}

TEST(ImageGrammar, TellsWhatARepositoryMayBeCalled) {
    for (const std::string good :
         {"api", "shop/api", "a/b/c", "a.b", "a_b", "a__b", "a--b", "a---b-c", "0", "shop-1/x.y"})
        EXPECT_TRUE(is_repository_name(good)) << good;
    for (const std::string bad : {"", "/", "a/", "/a", "a//b", "A", "shop/Api", "a..b", "a___b", "-a", "a-", "a.", "_a",
                                  "a-.b", "a b", "a:1", "a@b", "\xC3\xA4"})
        EXPECT_FALSE(is_repository_name(bad)) << bad;
}

TEST(ImageGrammar, TellsWhatATagMayBe) {
    for (const std::string good : {"v1.43", "latest", "_x", "7", "A-b_c.d", "pr-17"})
        EXPECT_TRUE(is_image_tag(good)) << good;
    for (const std::string bad : {"", ".x", "-x", "a b", "a:b", "a/b", "a@b", "v1+2", "\xC3\xA4"})
        EXPECT_FALSE(is_image_tag(bad)) << bad;
    EXPECT_TRUE(is_image_tag(std::string(128, 'a')));
    EXPECT_FALSE(is_image_tag(std::string(129, 'a')));
}

TEST(ImageGrammar, TellsWhatADigestIs) {
    EXPECT_TRUE(is_image_digest("sha256:" + std::string(64, 'a')));
    EXPECT_TRUE(is_image_digest("sha256:" + std::string(64, '0')));
    for (const std::string& bad :
         {"sha256:" + std::string(63, 'a'), "sha256:" + std::string(65, 'a'), "sha256:" + std::string(64, 'A'),
          "sha256:" + std::string(64, 'g'), "sha512:" + std::string(128, 'a'), std::string(64, 'a'),
          std::string("sha256:"), std::string()})
        EXPECT_FALSE(is_image_digest(bad)) << bad;
}

TEST(ParseEcrRegistry, FindsAccountAndRegionInEachKindOfHost) {
    const struct {
        std::string host;
        std::string_view region;
    } cases[] = {
        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"},
        {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
        {"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"},
        {"123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"},
        {"123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"},
        {"123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"},
        {"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
        {"123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    };
    for (const auto& [host, region] : cases)
        EXPECT_EQ(parse_ecr_registry(host), (EcrRegistry{.account = "123456789012", .region = region})) << host;
}

TEST(ParseEcrRegistry, TakesNoOtherHostForOne) {
    for (const std::string host :
         {"", "nginx", "public.ecr.aws", "docker.io", "localhost:5000",
          "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
          "1234567890123.dkr.ecr.eu-west-1.amazonaws.com", "12345678901x.dkr.ecr.eu-west-1.amazonaws.com",
          "123456789012.dkr.ecr.eu-west-1.example.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
          "123456789012.dkr.ecr.amazonaws.com", "123456789012.dkr.ecr..amazonaws.com", "123456789012.dkr.ecr.eu-west-1",
          "123456789012.dkr-ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.on.aws", "123456789012"})
        EXPECT_EQ(parse_ecr_registry(host), std::nullopt) << host;
}

TEST(ParseRevision, ReadsArnsAndNames) {
    const auto from_arn = parse_revision("arn:aws:ecs:r:1:task-definition/shop_api:42");
    ASSERT_TRUE(from_arn);
    EXPECT_EQ(from_arn->family, "shop_api");
    EXPECT_EQ(from_arn->number, 42U);
    EXPECT_TRUE(parse_revision("shop_api:1"));
    for (const std::string none : {"shop_api", "shop_api:", "shop_api:x", "", "arn:aws:ecs:r:1:task-definition/a"})
        EXPECT_FALSE(parse_revision(none)) << none;
}

TEST(ShortImage, IsTheTagOrTheBeginningOfTheDigest) {
    EXPECT_EQ(short_image("registry:5000/shop/api:v7"), "v7");
    EXPECT_EQ(short_image("registry:5000/shop/api"), "latest");
    EXPECT_EQ(short_image("api:v7@sha256:0123456789abcdef"), "v7@sha256:0123456789ab");
    EXPECT_EQ(short_image("api@sha256:0123456789abcdef"), "sha256:0123456789ab");
}

TEST(References, AnArnSaysWhereItIs) {
    constexpr std::string_view kRevision = "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:42";
    EXPECT_EQ(region_of_arn(kRevision), "eu-west-1");
    EXPECT_EQ(account_of_arn(kRevision), "123456789012");
    EXPECT_EQ(account_of_arn("arn:aws:ecs:eu-west-1:123456789012"), "123456789012");
    for (const auto* other : {"", "arn:aws:s3:::bucket/key", "arn:aws:ecs:eu-west-1", "api:42:a:b:c:d"})
        EXPECT_EQ(account_of_arn(other), "") << other;
}

}  // namespace
}  // namespace ci_lambda
