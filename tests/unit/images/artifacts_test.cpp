#include "images/artifacts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ci_lambda::testing {
namespace {

using ::testing::Eq;
using ::testing::Optional;

const std::string kDigest(64, 'a');

TEST(Artifacts, KnowTagsThatAreMadeOfADigest) {
    for (const std::string& tag :
         {"sha256-" + kDigest, "sha256-" + kDigest + ".sig", "sha256-" + kDigest + ".att",
          "sha256-" + kDigest + ".sbom", "sha256-" + kDigest + ".0123456789abcdef.meta", "sha512-" + kDigest,
          "sha512-" + kDigest + kDigest, std::string("sha256-0123abcdef.sig")})
        EXPECT_TRUE(is_digest_tag(tag)) << tag;
    for (const std::string& tag :
         {std::string("sha256-0123abcdef"), std::string("sha256-.sig"), std::string("sha256-xyz.sig"), "sha-" + kDigest,
          kDigest, "x-sha256-" + kDigest, "sha256-" + kDigest + "-arm64", "sha256-" + std::string(64, 'A'),
          std::string(), std::string("sha256-"), std::string("sha256")})
        EXPECT_FALSE(is_digest_tag(tag)) << tag;
}

TEST(Artifacts, KnowTagsOfCaches) {
    for (const std::string tag : {"buildcache", "cache", "main-buildcache", "buildcache-arm64", "a-buildcache"})
        EXPECT_TRUE(is_cache_tag(tag)) << tag;
    // The last three may be branches, or services of a repository that has several.
    for (const std::string tag :
         {"", "v1", "Cache", "caches", "buildcaches", "xbuildcache", "fix-cache", "cache-v1", "redis-cache"})
        EXPECT_FALSE(is_cache_tag(tag)) << tag;
}

TEST(Artifacts, KnowTypesOfImages) {
    for (const std::string type :
         {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
          "application/vnd.oci.image.index.v1+json", "Application/Vnd.OCI.image.config.v1+json",
          "application/vnd.docker.distribution.manifest.list.v2+json", ""})
        EXPECT_EQ(type_of_no_image("application/vnd.oci.image.manifest.v1+json", type), std::nullopt) << type;
    for (const std::string type :
         {"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
          "application/vnd.docker.distribution.manifest.v2+json",
          "application/vnd.docker.distribution.manifest.v1+prettyjws",
          "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.of.tomorrow.v3+json", ""})
        EXPECT_EQ(type_of_no_image(type, std::nullopt), std::nullopt) << type;
    EXPECT_EQ(type_of_no_image(std::nullopt, std::nullopt), std::nullopt);
}

TEST(Artifacts, KnowTypesOfWhatIsNoImage) {
    for (const std::string type :
         {"application/vnd.buildkit.cacheconfig.v0", "application/vnd.cncf.helm.config.v1+json",
          "application/vnd.oci.empty.v1+json", "application/vnd.dev.cosign.artifact.sig.v1+json", "text/sbom+json",
          "application/vnd.docker.plugin.v1+json", "application/vnd.wasm.config.v0+json"})
        EXPECT_THAT(type_of_no_image("application/vnd.oci.image.manifest.v1+json", type), Optional(Eq(type)));
    for (const std::string type :
         {"application/vnd.oci.artifact.manifest.v1+json", "application/vnd.cncf.oras.artifact.manifest.v1+json"})
        EXPECT_THAT(type_of_no_image(type, std::nullopt), Optional(Eq(type)));
}

}  // namespace
}  // namespace ci_lambda::testing
