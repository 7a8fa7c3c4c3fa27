#include "base/references.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ci_lambda {
namespace {

TEST(ParseEcrRegistry, KnowsAccountAndRegionOfEachOfItsNames) {
    for (const std::string host :
         {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
          "123456789012.dkr-ecr.eu-west-1.on.aws", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn"}) {
        const auto registry = parse_ecr_registry(host);
        ASSERT_TRUE(registry) << host;
        EXPECT_EQ(registry->account, "123456789012") << host;
        EXPECT_EQ(registry->region, "eu-west-1") << host;
    }
    for (const std::string host :
         {"", "localhost:5000", "public.ecr.aws", ".dkr.ecr.x.y", "1.dkr.ecr.", "1.dkr.ecr..com"})
        EXPECT_FALSE(parse_ecr_registry(host)) << host;
}

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

TEST(ParseRevision, ReadsArnsAndNames) {
    const auto from_arn = parse_revision("arn:aws:ecs:r:1:task-definition/shop_api:42");
    ASSERT_TRUE(from_arn);
    EXPECT_EQ(from_arn->family, "shop_api");
    EXPECT_EQ(from_arn->number, 42U);
    EXPECT_TRUE(parse_revision("shop_api:1"));
    for (const std::string none : {"shop_api", "shop_api:", "shop_api:x", "", "arn:aws:ecs:r:1:task-definition/a"})
        EXPECT_FALSE(parse_revision(none)) << none;
}

}  // namespace
}  // namespace ci_lambda
