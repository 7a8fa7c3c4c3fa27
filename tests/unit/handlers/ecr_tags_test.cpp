// What the tag of a pushed image decides.

#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

EcrImageAction push_of_tag(const std::string& tag, const std::string& repository = "shop_service_api") {
    auto push = push_to(repository);
    push.tag = tag;
    return push;
}

Config filtered(const std::string& filter, const std::map<std::string, std::string>& more = {}) {
    auto variables = more;
    variables["ECR_TAG_FILTER"] = filter;
    return shop(variables);
}

std::vector<SkippedService> skipped_of(const Result<Decision>& decision) {
    if (!decision) return {};
    if (const auto* deploy = std::get_if<Deploy>(&*decision)) return deploy->skipped;
    const auto* ignored = std::get_if<Ignore>(&*decision);
    return ignored == nullptr ? std::vector<SkippedService>{} : ignored->skipped;
}

const std::map<std::string, std::string> kShared{{"ECR_REPO_MAP", R"({"shop/web":["web","admin","worker"]})"}};

TEST(EcrTags, DeployWhereTheFilterTakesThem) {
    const auto config = filtered("v*,!*-rc*");
    EXPECT_THAT(deployed(decide_body(push_of_tag("v7"), config)), ElementsAre("api"));
    EXPECT_EQ(ignored_because(decide_body(push_of_tag("pr-17"), config)),
              "shop_service_api:pr-17 is not a tag that deploys api (ECR_TAG_FILTER: v*, !*-rc*)");
    EXPECT_THAT(skipped_of(decide_body(push_of_tag("v7-rc1"), config)),
                ElementsAre(SkippedService{
                    "api", "shop_service_api:v7-rc1 is not a tag that deploys api (ECR_TAG_FILTER: v*, !*-rc*)"}));
}

TEST(EcrTags, AreFilteredForEachServiceOfARepositoryByItself) {
    const auto config = filtered(R"({"default":["v*"],"web":[">=2.0 <3"],"worker":[]})", kShared);
    EXPECT_THAT(deployed(decide_body(push_of_tag("v2.1.0", "shop/web"), config)),
                ElementsAre("admin", "web", "worker"));
    const auto old = decide_body(push_of_tag("v1.9.0", "shop/web"), config);
    EXPECT_THAT(deployed(old), ElementsAre("admin", "worker"));
    EXPECT_THAT(
        skipped_of(old),
        ElementsAre(SkippedService{"web", "shop/web:v1.9.0 is not a tag that deploys web (ECR_TAG_FILTER: >=2.0 <3)"}));
    EXPECT_THAT(deployed(decide_body(push_of_tag("pr-17", "shop/web"), config)), ElementsAre("worker"));
}

TEST(EcrTags, AreByVersionWhereARangeHasLetThemIn) {
    const auto config = filtered(R"({"default":["v*"],"web":[">=2.0 <3"],"worker":[]})", kShared);
    const auto decision = decide_body(push_of_tag("v2.1.0", "shop/web"), config);
    ASSERT_THAT(decision, IsOk());
    for (const auto& request : std::get<Deploy>(*decision).requests)
        EXPECT_EQ(request.images.at(0).by_version, request.target.id.str() == "web") << request.target.id.str();
}

TEST(EcrTags, AreRefusedByThePlaceInTheDocumentThatSaysSo) {
    const std::map<std::string, std::string> variables{{"CI_LAMBDA_CONFIG", R"({"project":"shop","environment":"dev",
            "defaults":{"tags":["v*"]},"services":{"web":{"repositories":["shop/web"],"tags":[">=2.0 <3"]},
            "admin":{"repositories":["shop/web"]}}})"}};
    const auto loaded = load_config(FakeEnvironment(variables));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(
        ignored_because(decide_body(push_of_tag("pr-17", "shop/web"), loaded->config)),
        "shop/web:pr-17 is not a tag that deploys admin (/defaults/tags of the configuration document: v*); "
        "shop/web:pr-17 is not a tag that deploys web (/services/*/tags of the configuration document: >=2.0 <3)");
}

TEST(EcrTags, AreOfNoInterestWhereAServiceIsPassedByAnyway) {
    const auto config = filtered("v*", {{"AUTO_DEPLOY_MAP", R"({"api":false})"}});
    EXPECT_EQ(ignored_because(decide_body(push_of_tag("pr-17"), config)),
              "image shop_service_api:pr-17 was pushed, but automatic deployments of api are off (AUTO_DEPLOY_MAP)");
    EXPECT_THAT(ignored_because(decide_body(push_of_tag("pr-17", "other"), config)), HasSubstr("is not one of shop"));
}

TEST(EcrTags, AreFilteredOfReplicatedImagesToo) {
    auto copy = push_of_tag("pr-17");
    copy.action = "REPLICATE";
    EXPECT_THAT(ignored_because(decide_body(copy, filtered("v*"))), HasSubstr("is not a tag that deploys api"));
}

TEST(EcrTags, AreNotAskedForWhenAPersonOrSomethingElseDeploys) {
    const auto config = filtered("nothing-has-this-tag");
    const ManualRequest request{.bare = true,
                                .service = "api",
                                .task_definition = {},
                                .reason = {},
                                .project = {},
                                .environment = {},
                                .malformed = {}};
    EXPECT_THAT(deployed(decide_body(request, config)), ElementsAre("api"));
    const ParameterChange change{.operation = "Update", .name = "/dev/shop/api/KEY", .failed = false};
    EXPECT_THAT(deployed(decide_body(change, config)), ElementsAre("api"));
}

TEST(EcrTags, OfAnyLengthAndBytesStayOneReadableLine) {
    const auto decision = decide_body(push_of_tag("a\nb\x1b[2J" + std::string(5000, 'x')), filtered("v*"));
    EXPECT_THAT(ignored_because(decision), Not(HasSubstr("\n")));
    ASSERT_THAT(skipped_of(decision), SizeIs(1));
    const auto reason = skipped_of(decision).front().reason;
    EXPECT_EQ(reason.find_first_of("\n\x1b"), std::string::npos);
    EXPECT_LT(reason.size(), 600U);
}

TEST(EcrTags, OfBuildCachesDeployOnlyWhatNamesThem) {
    for (const std::string tag : {"buildcache", "cache", "main-buildcache", "buildcache-arm64"}) {
        EXPECT_EQ(ignored_because(decide_body(push_of_tag(tag), shop())),
                  "shop_service_api:" + tag + " is a build cache by its name (a pattern \"" + tag +
                      "\" in ECR_TAG_FILTER would deploy api with it)");
        // A pattern that only happens to match does not mean it.
        EXPECT_THAT(ignored_because(decide_body(push_of_tag(tag), filtered("*"))), HasSubstr("is a build cache"));
        EXPECT_THAT(deployed(decide_body(push_of_tag(tag), filtered("v*," + tag))), ElementsAre("api")) << tag;
        EXPECT_THAT(ignored_because(decide_body(push_of_tag(tag), filtered(tag + ",!" + tag))),
                    HasSubstr("is not a tag that deploys api"));
    }
    const auto config = filtered(R"({"web":["cache","v*"]})", kShared);
    EXPECT_THAT(deployed(decide_body(push_of_tag("cache", "shop/web"), config)), ElementsAre("web"));
}

TEST(EcrTags, MadeOfADigestNeverDeployWhateverTheFilterSays) {
    const std::string digest(64, 'f');
    for (const std::string& tag : {"sha256-" + digest, "sha256-" + digest + ".sig", "sha512-" + digest})
        for (const auto& config : {shop(), filtered("*," + tag)})
            EXPECT_EQ(ignored_because(decide_body(push_of_tag(tag), config)),
                      "shop_service_api:" + tag + " is a signature or attestation, not an image");
}

TEST(EcrTags, OfWhatIsNoImageByItsTypeNeverDeploy) {
    auto chart = push_of_tag("v7");
    chart.manifest_media_type = "application/vnd.oci.image.manifest.v1+json";
    chart.artifact_media_type = "application/vnd.cncf.helm.config.v1+json";
    EXPECT_EQ(ignored_because(decide_body(chart, filtered("v7"))),
              "shop_service_api:v7 is no image but application/vnd.cncf.helm.config.v1+json");
    chart.artifact_media_type = "application/vnd.oci.image.config.v1+json";
    EXPECT_THAT(deployed(decide_body(chart, shop())), ElementsAre("api"));
}

}  // namespace
}  // namespace ci_lambda::testing
