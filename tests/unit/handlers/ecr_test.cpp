#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

EcrImageAction push_of(const std::optional<std::string>& tag) {
    auto push = push_to("shop_service_api");
    push.tag = tag;
    return push;
}

TEST(EcrHandler, FindsTheServiceByTheNamingRule) {
    const auto config = shop({{"BACKEND_SERVICE_NAME", "web"}});
    const struct {
        std::string repository;
        std::string service;
    } cases[] = {
        {"shop_service_api", "api"},     {"shop_backend", "backend"},         {"shop_service_backend", "backend"},
        {"shop_service_web", "backend"}, {"shop_service_a_b.c-d", "a_b.c-d"}, {"shop_service_service_x", "service_x"},
    };
    for (const auto& [repository, service] : cases) {
        const auto decision = decide_body(push_to(repository), config);
        EXPECT_THAT(deployed(decision), ElementsAre(service)) << repository;
        EXPECT_EQ(deploy_reason(decision), "image " + repository + ":v7 was pushed");
    }
}

TEST(EcrHandler, SaysWhichImageWasPushedWhereAndWhenAndWhatThatDoes) {
    const auto config = shop({{"ECR_DEPLOY_MODE", "revision"}, {"ECR_PIN", "digest"}});
    auto push = push_to("shop_service_api");
    push.digest = "sha256:" + std::string(64, 'a');
    const auto images_of = [&](const EcrImageAction& body) {
        const Event event{.envelope = {.source = "aws.ecr",
                                       .account = "123456789012",
                                       .time = "2026-11-29T12:00:00Z",
                                       .region = "us-east-1"},
                          .body = body};
        return std::get<Deploy>(*decide(event, config)).requests.front();
    };
    const auto request = images_of(push);
    EXPECT_EQ(request.image_mode, ImageMode::kRevision);
    EXPECT_EQ(request.image_pin, ImagePin::kDigest);
    EXPECT_THAT(request.images, ElementsAre(PushedImage{.repository = "shop_service_api",
                                                        .tag = "v7",
                                                        .digest = *push.digest,
                                                        .account = "123456789012",
                                                        .region = "us-east-1",
                                                        .at = *parse_rfc3339("2026-11-29T12:00:00Z")}));
    // What no registry would take is not put into a task definition.
    for (const auto& bad : std::vector<std::string>{"", "sha256:abc", "md5:1", "sha256:" + std::string(64, 'G')}) {
        push.digest = bad;
        EXPECT_EQ(images_of(push).images.front().digest, "") << bad;
    }
}

TEST(EcrHandler, IgnoresPushesThatOnlyLookLikeOurs) {
    const auto config = shop();
    for (const std::string repository :
         {"other_service_api", "other_backend", "xshop_service_api", "shop_service_", "shop_service", "shop",
          "shop_backend_old", "shop_backends", "shop-service-api", "SHOP_service_api", "Shop_backend",
          "team/shop_service_api", "shop_service_api/cache", "shop_service_a b", "_service_api", "_backend", ""})
        EXPECT_THAT(ignored_because(decide_body(push_to(repository), config)),
                    HasSubstr("repository " + repository + " is not one of shop"))
            << repository;
}

TEST(EcrHandler, LooksRepositoriesUpWholeWhenThereIsAMap) {
    const auto config = shop({{"ECR_REPO_MAP", R"({"team/api":["api","worker"]})"}});
    EXPECT_THAT(deployed(decide_body(push_to("team/api"), config)), ElementsAre("api", "worker"));
    for (const std::string repository : {"team/ap", "team/api2", "api", "Team/api", "shop_service_api"})
        EXPECT_THAT(ignored_because(decide_body(push_to(repository), config)),
                    HasSubstr("repository " + repository + " is not in ECR_REPO_MAP"));
}

TEST(EcrHandler, IgnoresEverythingButSuccessfulPushes) {
    const auto config = shop();
    for (const std::string action : {"DELETE", "UPDATE_STORAGE_CLASS", "push", ""}) {
        auto event = push_to("shop_service_api");
        event.action = action;
        EXPECT_THAT(ignored_because(decide_body(event, config)), HasSubstr("is not a push")) << action;
    }
    for (const std::string result : {"FAILED", "FAILURE", "success", ""}) {
        auto event = push_to("shop_service_api");
        event.result = result;
        EXPECT_THAT(ignored_because(decide_body(event, config)), HasSubstr("did not succeed")) << result;
    }
}

TEST(EcrHandler, DeploysAnImageThatWasReplicatedToThisRegion) {
    auto copy = push_to("shop_service_api");
    copy.action = "REPLICATE";
    EXPECT_EQ(deploy_reason(decide_body(copy, shop())), "image shop_service_api:v7 was replicated");
    copy.result = "FAILED";
    EXPECT_EQ(ignored_because(decide_body(copy, shop())), "the replication did not succeed (FAILED)");
    copy = push_of(std::nullopt);
    copy.action = "REPLICATE";
    EXPECT_THAT(ignored_because(decide_body(copy, shop())), HasSubstr("an image without a tag was replicated"));
}

TEST(EcrHandler, CountsAPushInARegionWhoseReplicasAreDeployedHere) {
    auto config = shop({{"EVENT_REGIONS", "eu-west-1,ap-south-1"}, {"AWS_REGION", "us-east-1"}});
    config.replicated_from = {"eu-west-1"};
    const auto image_of_push_in = [&](const std::string& region) {
        const Event event{.envelope = {.source = "aws.ecr", .account = "123456789012", .region = region},
                          .body = push_to("shop_service_api")};
        return std::get<Deploy>(*decide(event, config)).requests.front().images.front();
    };
    EXPECT_EQ(image_of_push_in("eu-west-1").region, "eu-west-1");
    EXPECT_EQ(image_of_push_in("eu-west-1").replica_region, "us-east-1");
    EXPECT_EQ(image_of_push_in("us-east-1").replica_region, "");
    EXPECT_EQ(image_of_push_in("ap-south-1").replica_region, "") << "nobody says that it is replicated";
}

TEST(EcrHandler, LeavesAReplicaToThePushThatWaitsForIt) {
    auto config = shop({{"AWS_REGION", "us-east-1"}});
    auto copy = push_to("shop_service_api");
    copy.action = "REPLICATE";
    copy.source_region = "eu-west-1";
    copy.source_account = "123456789012";
    const auto decided = [&] {
        return decide(
            Event{.envelope = {.source = "aws.ecr", .account = "123456789012", .region = "us-east-1"}, .body = copy},
            config);
    };
    EXPECT_THAT(deployed(decided()), ElementsAre("api")) << "whose pushes do not count here";
    config.replicated_from = {"eu-west-1"};
    EXPECT_EQ(ignored_because(decided()),
              "image shop_service_api:v7 was replicated from eu-west-1, whose push deploys it here");
    copy.source_region = "ap-south-1";
    EXPECT_THAT(deployed(decided()), ElementsAre("api"));
    copy.source_region = "eu-west-1";
    copy.source_account = "999999999999";
    EXPECT_THAT(deployed(decided()), ElementsAre("api")) << "the push is of another account's repository";
}

TEST(EcrHandler, IgnoresPushesWithoutATag) {
    EXPECT_THAT(ignored_because(decide_body(push_of(std::nullopt), shop())), HasSubstr("without a tag"));
    EXPECT_THAT(ignored_because(decide_body(push_of(""), shop())), HasSubstr("without a tag"));
}

TEST(EcrHandler, IgnoresSignaturesAndAttestations) {
    for (const std::string suffix : {".sig", ".att", ".sbom"})
        EXPECT_THAT(ignored_because(decide_body(push_of("sha256-0123abcdef" + suffix), shop())),
                    HasSubstr("signature or attestation"));
    for (const std::string tag : {"sha256-0123abcdef", "sha256-.sig", "sha256-xyz.sig", "sha256-01.signed", "v1.sig",
                                  "xsha256-01.sig", "sha256-01.sig.2", "sha256-01"})
        EXPECT_THAT(deployed(decide_body(push_of(tag), shop())), ElementsAre("api")) << tag;
}

TEST(EcrHandler, IgnoresAllWhenSwitchedOff) {
    EXPECT_THAT(ignored_because(decide_body(push_to("shop_service_api"), shop({{"ENABLE_ECR_MONITORING", "false"}}))),
                HasSubstr("ENABLE_ECR_MONITORING"));
}

TEST(EcrHandler, PassesByServicesThatTheServiceMapDoesNotHave) {
    const auto config = shop({service_map()});
    EXPECT_THAT(deployed(decide_body(push_to("shop_service_api"), config)), ElementsAre("api"));
    EXPECT_THAT(ignored_because(decide_body(push_to("shop_service_billing"), config)),
                HasSubstr("billing is not in ECS_SERVICE_MAP"));
}

TEST(EcrHandler, ObeysAutoDeployMap) {
    EXPECT_THAT(
        ignored_because(decide_body(push_to("shop_service_api"), shop({{"AUTO_DEPLOY_MAP", R"({"api":false})"}}))),
        HasSubstr("automatic deployments of api are off (AUTO_DEPLOY_MAP)"));
}

}  // namespace
}  // namespace ci_lambda::testing
