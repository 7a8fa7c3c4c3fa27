#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "discovery/discovered.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

constexpr const char* kRegistry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/";

/// A service of the cluster `shop`, or of another one, and what it uses.
struct Found {
    std::string service;
    std::vector<std::string> images;
    std::vector<std::string> values = {};
    std::vector<std::string> files = {};
    EcsTags tags = {};
    std::string cluster = "shop";
    std::string controller = {};
};

Config discover(const std::vector<Found>& services, const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> variables{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"DISCOVERY", "true"}, {"DISCOVERY_CLUSTERS", "shop,jobs"}};
    for (const auto& [name, value] : more) variables[name] = value;
    const auto written = load_config(FakeEnvironment(variables)).value().config;
    auto discovered = std::make_shared<Discovered>();
    for (const auto& service : services) {
        EcsReferences references{.images = {}, .values = service.values, .files = service.files};
        for (const auto& image : service.images) references.images.push_back(kRegistry + image);
        discovered->services.push_back({.target = {.id = {},
                                                   .cluster = ClusterName(service.cluster),
                                                   .service = EcsServiceName(service.service),
                                                   .family = TaskFamily(service.service + "-tasks"),
                                                   .region = "us-east-1"},
                                        .task_definition = service.service + ":1",
                                        .uses = std::make_shared<const ServiceUses>(
                                            uses_of(references, {.account = "123456789012", .region = "us-east-1"})),
                                        .rules = read_rules(service.tags).rules,
                                        .cannot_deploy = service.controller});
    }
    identify(discovered->services, written.names);
    return with_discovered(written, discovered);
}

Result<Decision> decide_here(EventBody body, const Config& config, const std::string& account = "123456789012",
                             const std::string& region = "us-east-1") {
    return decide(Event{.envelope = {.account = account, .region = region}, .body = std::move(body)}, config);
}

ParameterChange update_of(const std::string& name) { return {.operation = "Update", .name = name}; }

SecretChange change_of_secret(const std::string& secret, std::vector<std::string> stages = {"AWSCURRENT"}) {
    return {.operation = "PutSecretValue", .secret = secret, .stages = std::move(stages), .error_code = {}};
}

S3ObjectChange change_of_file(const std::string& bucket, const std::string& key) {
    return {.origin = S3ObjectChange::Origin::kNative, .operation = "Object Created", .bucket = bucket, .key = key};
}

bool is_unmatched(const Result<Decision>& decision) {
    const auto* nothing = decision ? std::get_if<Ignore>(&*decision) : nullptr;
    return nothing != nullptr && nothing->unmatched;
}

TEST(Discovery, APushDeploysEveryServiceThatUsesTheRepository) {
    const auto config = discover({{"web", {"shop/web:v1", "shop/proxy:v1"}},
                                  {"api", {"shop/api:v1", "shop/proxy:v2"}},
                                  {"nightly", {"shop/api:v3"}, {}, {}, {}, "jobs"}});
    EXPECT_THAT(deployed(decide_here(push_to("shop/api"), config)), ElementsAre("api", "jobs.nightly"));
    EXPECT_THAT(deployed(decide_here(push_to("shop/proxy"), config)), ElementsAre("api", "web"));
    const auto decision = decide_here(push_to("shop/api"), config);
    const auto& requests = std::get<Deploy>(*decision).requests;
    EXPECT_EQ(requests[0].target.cluster, ClusterName("shop"));
    EXPECT_EQ(requests[0].target.service, EcsServiceName("api"));
    EXPECT_EQ(requests[0].target.family, TaskFamily("api-tasks"));
    EXPECT_EQ(requests[0].reason, "image shop/api:v7 was pushed");
    EXPECT_THAT(requests[0].images, SizeIs(1));
    EXPECT_EQ(requests[1].target.cluster, ClusterName("jobs"));
}

TEST(Discovery, APushElsewhereIsNone) {
    const auto config = discover({{"api", {"shop/api:v1"}}}, {{"EVENT_ACCOUNTS", "999999999999"}});
    EXPECT_THAT(ignored_because(decide_here(push_to("shop/api"), config, "999999999999")),
                HasSubstr("no service of the clusters shop, jobs uses the repository shop/api"));
    EXPECT_TRUE(is_unmatched(decide_here(push_to("shop/other"), config)));
    // Deleting an image, say, deploys nothing whatever the services use.
    auto deleted = push_to("shop/other");
    deleted.action = "DELETE";
    EXPECT_FALSE(is_unmatched(decide_here(deleted, config)));
}

TEST(Discovery, APushCountsWhereItsReplicaIsUsed) {
    auto config = discover({{"api", {"shop/api:v1"}}}, {{"EVENT_REGIONS", "eu-west-1"}, {"AWS_REGION", "us-east-1"}});
    EXPECT_TRUE(is_unmatched(decide_here(push_to("shop/api"), config, "123456789012", "eu-west-1")));
    config.replicated_from = {"eu-west-1"};
    EXPECT_THAT(deployed(decide_here(push_to("shop/api"), config, "123456789012", "eu-west-1")), ElementsAre("api"));
    EXPECT_THAT(deployed(decide_here(push_to("shop/api"), config)), ElementsAre("api"));
}

TEST(Discovery, AReplicatedImageCountsWhereItArrives) {
    const auto config = discover({{"api", {"shop/api:v1"}}});
    auto replicated = push_to("shop/api");
    replicated.action = "REPLICATE";
    EXPECT_THAT(deployed(decide_here(replicated, config)), ElementsAre("api"));
}

TEST(Discovery, AParameterDeploysThoseWhoseTasksGetIt) {
    const auto config = discover({{"api", {}, {"arn:aws:ssm:us-east-1:123456789012:parameter/shared/db-url"}},
                                  {"web", {}, {"/shared/db-url", "/web/key"}},
                                  {"worker", {}, {"/shared/db-url2"}}});
    EXPECT_THAT(deployed(decide_here(update_of("/shared/db-url"), config)), ElementsAre("api", "web"));
    EXPECT_THAT(deployed(decide_here(update_of("web/key"), config)), ElementsAre("web"));
    EXPECT_TRUE(is_unmatched(decide_here(update_of("/shared/other"), config)));
    EXPECT_THAT(ignored_because(decide_here(update_of("/shared/other"), config)),
                HasSubstr("uses the parameter /shared/other"));
}

TEST(Discovery, ASecretDeploysThoseWhoseTasksGetIt) {
    const std::string arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf";
    const auto config = discover({{"api", {}, {arn + ":password::"}}, {"web", {}, {"/web/key"}}});
    EXPECT_THAT(deployed(decide_here(change_of_secret(arn), config)), ElementsAre("api"));
    EXPECT_EQ(deploy_reason(decide_here(change_of_secret("shop/db"), config)),
              "secret shop/db was changed (PutSecretValue)");
    EXPECT_TRUE(is_unmatched(decide_here(change_of_secret("shop/other"), config)));
    // What a rotation tries out nobody gets yet.
    EXPECT_THAT(deployed(decide_here(change_of_secret(arn, {"AWSPENDING"}), config)), IsEmpty());
    auto failed = change_of_secret(arn);
    failed.error_code = "AccessDenied";
    EXPECT_THAT(ignored_because(decide_here(failed, config)), HasSubstr("failed (AccessDenied)"));
    EXPECT_THAT(ignored_because(decide_here(change_of_secret(arn, {}), config)), HasSubstr("no stage"));
    EXPECT_FALSE(decide_here(change_of_secret(""), config).has_value());
}

TEST(Discovery, WhatTellsARotationWaitsForTheOtherThatTellsIt) {
    const std::string arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf";
    const auto config = discover({{"api", {}, {arn}}, {"web", {}, {arn}}});
    const auto settles = [&](const std::string& operation) {
        auto change = change_of_secret(arn);
        change.operation = operation;
        const auto decision = decide_here(change, config);
        std::vector<Milliseconds> times;
        for (const auto& request : std::get<Deploy>(*decision).requests) times.push_back(request.settles);
        return times;
    };
    using std::chrono::seconds;
    EXPECT_THAT(settles("UpdateSecretVersionStage"), ElementsAre(seconds{4}, seconds{4}));
    EXPECT_THAT(settles("RotationSucceeded"), ElementsAre(seconds{6}, seconds{6}));
    EXPECT_THAT(settles("PutSecretValue"), ElementsAre(seconds{0}, seconds{0})) << "a person waits for that";
}

TEST(Discovery, WithoutItASecretConcernsNobody) {
    EXPECT_THAT(ignored_because(decide_here(change_of_secret("shop/db"), shop())), HasSubstr("DISCOVERY is off"));
}

TEST(Discovery, AFileDeploysThoseWhoseTasksReadIt) {
    const auto config = discover({{"api", {}, {}, {"arn:aws:s3:::shop-env/all.env"}},
                                  {"web", {}, {}, {"arn:aws:s3:::shop-env/all.env", "arn:aws:s3:::shop-env/web.env"}}});
    EXPECT_THAT(deployed(decide_here(change_of_file("shop-env", "all.env"), config)), ElementsAre("api", "web"));
    EXPECT_TRUE(is_unmatched(decide_here(change_of_file("shop-env", "other.env"), config)));
}

TEST(Discovery, AMapWinsForTheServicesThatItNames) {
    const auto config = discover({{"api", {"shop/api:v1"}}, {"web", {"shop/api:v1"}}, {"worker", {"shop/worker:v1"}}},
                                 {{"ECR_REPO_MAP", R"({"shop/gold":["api"]})"}});
    EXPECT_THAT(deployed(decide_here(push_to("shop/gold"), config)), ElementsAre("api"));
    // The map says all of api; web and worker it does not name.
    EXPECT_THAT(deployed(decide_here(push_to("shop/api"), config)), ElementsAre("web"));
    EXPECT_THAT(deployed(decide_here(push_to("shop/worker"), config)), ElementsAre("worker"));
}

TEST(Discovery, AServiceMapNamesServicesAndTheOthersAreThereAsWell) {
    const auto config = discover({{"front", {"shop/api:v1"}}, {"web", {"shop/api:v1"}}}, {service_map()});
    const auto decision = decide_here(push_to("shop/api"), config);
    EXPECT_THAT(deployed(decision), ElementsAre("api", "web"));
    EXPECT_EQ(std::get<Deploy>(*decision).requests[0].target.family, TaskFamily("front-tasks"));
}

TEST(Discovery, APatternCountsWhereItsServiceExists) {
    const auto config = discover({{"shop_service_api_dev", {"elsewhere/x:v1"}}, {"web", {"shop_service_web:v1"}}});
    EXPECT_THAT(deployed(decide_here(push_to("shop_service_api"), config)), ElementsAre("api"));
    // No service shop_service_web_dev is in the cluster, and nobody would want to hear that it is missing.
    EXPECT_THAT(deployed(decide_here(push_to("shop_service_web"), config)), ElementsAre("web"));
    EXPECT_THAT(deployed(decide_here(update_of("/dev/shop/api/KEY"), config)), ElementsAre("api"));
    EXPECT_TRUE(is_unmatched(decide_here(update_of("/dev/shop/ghost/KEY"), config)));
    EXPECT_TRUE(is_unmatched(decide_here(push_to("shop_service_ghost"), config)));
}

TEST(Discovery, TagsOfAServiceSayItsExceptions) {
    const auto config = discover({{"api", {"shop/api:v1"}, {}, {}, {{"ci_lambda:auto-deploy", "false"}}},
                                  {"web", {"shop/api:v1"}, {}, {}, {{"ci_lambda:tags", "1.@"}}},
                                  {"worker", {"shop/api:v1"}, {}, {}, {{"ci_lambda:image-mode", "revision"}}},
                                  {"cron",
                                   {},
                                   {},
                                   {},
                                   {{"ci_lambda:repositories", "shop/api"},
                                    {"ci_lambda:parameters", "/cron"},
                                    {"ci_lambda:files", "shop-env/cron.env"}}}});
    const auto decision = decide_here(push_to("shop/api"), config);
    EXPECT_THAT(deployed(decision), ElementsAre("cron", "worker"));
    const auto& deploy = std::get<Deploy>(*decision);
    EXPECT_EQ(deploy.requests[0].image_mode, ImageMode::kRedeploy);
    EXPECT_EQ(deploy.requests[1].image_mode, ImageMode::kRevision);
    EXPECT_THAT(
        deploy.skipped,
        ElementsAre(
            SkippedService{.service = "api",
                           .reason = "automatic deployments of api are off (its tag ci_lambda:auto-deploy)"},
            SkippedService{.service = "web",
                           .reason = "shop/api:v7 is not a tag that deploys web (its tag ci_lambda:tags: 1.*)"}));
    EXPECT_THAT(deployed(decide_here(update_of("/cron/a/KEY"), config)), ElementsAre("cron"));
    EXPECT_THAT(deployed(decide_here(change_of_file("shop-env", "cron.env"), config)), ElementsAre("cron"));
}

TEST(Discovery, TheConfigurationWinsOverTags) {
    const auto config =
        discover({{"api", {"shop/api:v1"}, {}, {}, {{"ci_lambda:auto-deploy", "false"}, {"ci_lambda:tags", "1.@"}}}},
                 {{"AUTO_DEPLOY_MAP", R"({"api":true})"}, {"ECR_TAG_FILTER", R"({"api":["v*"]})"}});
    EXPECT_THAT(deployed(decide_here(push_to("shop/api"), config)), ElementsAre("api"));
    EXPECT_EQ(config.called("ECR_TAG_FILTER", ServiceId("api")), "ECR_TAG_FILTER");
}

TEST(Discovery, WhatCannotBeDeployedIsPassedByWithTheReason) {
    const auto config =
        discover({{"api", {"shop/api:v1"}, {}, {}, {}, "shop", "its deployment controller is CODE_DEPLOY"},
                  {"web", {"shop/api:v1"}, {}, {}, {{"ci_lambda:tags", "/["}}}});
    EXPECT_THAT(ignored_because(decide_here(push_to("shop/api"), config)),
                AllOf(HasSubstr("api cannot be deployed: its deployment controller is CODE_DEPLOY"),
                      HasSubstr("no event deploys web: its tag ci_lambda:tags cannot be read")));
    EXPECT_FALSE(is_unmatched(decide_here(push_to("shop/api"), config)));
}

TEST(Discovery, ARequestNamesAServiceOfAnyCluster) {
    const auto config = discover({{"api", {}}, {"nightly", {}, {}, {}, {}, "jobs"}});
    const auto request = [](const std::string& service) { return ManualRequest{.bare = true, .service = service}; };
    EXPECT_THAT(deployed(decide_here(request("api"), config)), ElementsAre("api"));
    const auto nightly = decide_here(request("jobs.nightly"), config);
    ASSERT_THAT(deployed(nightly), ElementsAre("jobs.nightly"));
    EXPECT_EQ(std::get<Deploy>(*nightly).requests[0].target.cluster, ClusterName("jobs"));
    const Event unknown{.envelope = {}, .body = request("appi")};
    const auto refused = decide(unknown, config);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("appi is not in the clusters shop, jobs"), HasSubstr("did you mean api?")));
    EXPECT_TRUE(may_concern_an_unknown_service(unknown, refused, config));
    const Event malformed{.envelope = {}, .body = request("a b")};
    EXPECT_FALSE(may_concern_an_unknown_service(malformed, decide(malformed, config), config));
    EXPECT_FALSE(may_concern_an_unknown_service(unknown, refused, shop()));
}

TEST(Discovery, NewsOfEveryServiceOfTheClustersIsOurs) {
    const auto config = discover({{"api", {}}, {"nightly", {}, {}, {}, {}, "jobs"}});
    const auto news = [](const std::string& cluster, const std::string& service) {
        return EcsServiceEvent{.event_name = "SERVICE_DEPLOYMENT_FAILED",
                               .event_type = "ERROR",
                               .cluster = cluster,
                               .service = service,
                               .deployment_id = "ecs-svc/1",
                               .reason = {}};
    };
    const auto told = decide_here(news("jobs", "nightly"), config);
    ASSERT_THAT(told, IsOk());
    ASSERT_TRUE(std::holds_alternative<Notify>(*told));
    EXPECT_EQ(std::get<Notify>(*told).service, ServiceId("jobs.nightly"));
    EXPECT_EQ(std::get<Notify>(*told).doubt, std::nullopt);
    EXPECT_TRUE(is_unmatched(decide_here(news("shop", "nightly"), config)));
    EXPECT_THAT(ignored_because(decide_here(news("other", "api"), config)),
                HasSubstr("not in the clusters shop, jobs"));
}

}  // namespace
}  // namespace ci_lambda::testing
