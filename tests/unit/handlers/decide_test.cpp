#include <string>

#include "support/fixtures.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

/// A decision on one line.
std::string summary(const Result<Decision>& decision) {
    if (!decision) return "error: " + decision.error().message;
    if (const auto* notify = std::get_if<Notify>(&*decision))
        return "notify: " + notify->service.str() + " " + notify->status;
    if (const auto* sweep = std::get_if<Sweep>(&*decision))
        return sweep->scheduled ? "sweep: scheduled" : "sweep: asked for";
    if (const auto* nothing = std::get_if<Ignore>(&*decision)) return "ignore: " + nothing->reason;
    std::string text = "deploy:";
    for (const auto& request : std::get<Deploy>(*decision).requests) {
        text += " " + request.target.service.str();
        if (request.task_definition) text += " as " + request.task_definition->str();
        text += " (" + request.reason + ")";
    }
    return text;
}

TEST(Decide, KnowsWhatEveryFixtureMeans) {
    const struct {
        std::string name;
        std::string start;
    } cases[] = {
        {"ecr-push", "deploy: shop_service_api_dev (image shop_service_api:v7 was pushed)"},
        {"ecr-push-backend", "deploy: shop_service_dev (image shop_backend:v7 was pushed)"},
        {"ecr-push-untagged", "ignore: an image without a tag"},
        {"ecr-push-failed", "ignore: the push did not succeed (FAILED)"},
        {"ecr-push-signature", "ignore: shop_service_api:sha256-"},
        {"ecr-push-other-project", "ignore: repository other_service_api is not one of shop"},
        {"ecr-delete", "ignore: action DELETE"},
        {"ecr-scan", "ignore: \"ECR Image Scan\""},
        {"ecr-replication", "deploy: shop_service_api_dev (image shop_service_api:v7 was replicated)"},
        {"ecr-replication-failed", "ignore: the replication did not succeed (FAILED)"},
        {"ecr-push-other-account", "ignore: the event is of the account 999999999999, not of 123456789012"},
        {"ecr-push-other-region", "ignore: the event is of the region eu-west-1, not of us-east-1"},
        {"ssm-update", "deploy: shop_service_api_dev (parameter /dev/shop/api/LOG_LEVEL was updated)"},
        {"ssm-create", "deploy: shop_service_dev (parameter /dev/shop/backend/db/PASSWORD was created)"},
        {"ssm-create-placeholder", "ignore: parameter /dev/shop/api/env was created, and the first value"},
        {"ssm-delete", "ignore: parameter /dev/shop/api/LOG_LEVEL was deleted"},
        {"ssm-failed", "ignore: the change of parameter"},
        {"ssm-other-env", "ignore: parameter /prod/shop/api/LOG_LEVEL is not named /dev/shop/SERVICE/NAME"},
        {"s3-cloudtrail-put", "deploy: shop_service_api_dev (s3://shop-env/api.env was changed (PutObject))"},
        {"s3-cloudtrail-put-denied", "ignore: PutObject failed (AccessDenied)"},
        {"s3-cloudtrail-complete-multipart", "deploy: shop_service_api_dev"},
        {"s3-cloudtrail-delete-objects", "ignore: DeleteObjects on bucket shop-env"},
        {"s3-cloudtrail-null-parameters", "ignore: PutObject (CloudTrail) does not say which file it is about"},
        {"s3-native-created", "deploy: shop_service_api_dev (s3://shop-env/api.env was changed (Object Created))"},
        {"s3-native-deleted", "deploy: shop_service_api_dev"},
        {"s3-native-delete-marker", "deploy: shop_service_api_dev"},
        {"s3-native-deleted-version", "ignore: Object Deleted deleted one version of s3://shop-env/api.env for good"},
        {"s3-native-other-key", "ignore: s3://shop-env/api.env.bak is no file of ours"},
        {"s3-native-tags-added", "ignore: \"Object Tags Added\""},
        {"ecs-deployment-in-progress", "notify: api in progress"},
        {"ecs-deployment-rolling-back", "notify: api rolling back"},
        {"ecs-deployment-completed", "notify: api completed"},
        {"ecs-deployment-failed", "notify: api failed"},
        {"ecs-deployment-other-cluster", "ignore: service shop_service_api_dev is in the cluster other_cluster_dev"},
        {"ecs-task-start-impaired", "notify: api impaired"},
        {"ecs-task-placement-failure", "notify: api task placement failure"},
        {"ecs-steady-state", "ignore: api is steady"},
        {"ecs-resources-as-string", "notify: api impaired"},
        {"ecs-task-state-change", "ignore: the task has not stopped"},
        {"manual", "deploy: shop_service_api_dev (hotfix for the checkout)"},
        {"manual-task-definition", "deploy: shop_service_worker_dev as shop_service_worker_dev:10"},
        {"manual-without-service", "error: the request has no \"service\""},
        {"manual-other-project", "ignore: the request is for the project other"},
        {"manual-other-env", "ignore: source github.actions.prod is not for dev"},
        {"bare", "deploy: shop_service_api_dev (manual deployment)"},
        {"scheduled", "sweep: scheduled"},
        {"scheduler-detail-string", "sweep: scheduled"},
        {"sqs-batch", "ignore: a batch of \"Records\""},
    };
    const auto config = shop();
    for (const auto& [name, start] : cases) {
        const auto event = decode_event(fixture(name + ".json"));
        ASSERT_THAT(event, IsOk()) << name;
        EXPECT_THAT(summary(decide(*event, config, Home{.account = "123456789012"})), StartsWith(start)) << name;
    }
}

TEST(Decide, SortsServicesAndDeploysNoneTwice) {
    auto config = shop();
    config.ecr_repositories["r"] = {ServiceId("worker"), ServiceId("api"), ServiceId("backend"), ServiceId("api")};
    EXPECT_THAT(deployed(decide_body(push_to("r"), config)), ElementsAre("api", "backend", "worker"));
}

TEST(Decide, PassesByWhatIsNotOursOrNotAutomatic) {
    const auto config = shop({service_map(),
                              {"ECR_REPO_MAP", R"({"r":["api","worker","billing"]})"},
                              {"AUTO_DEPLOY_MAP", R"({"worker":false,"api":true})"}});
    const auto decision = decide_body(push_to("r"), config);
    EXPECT_THAT(deployed(decision), ElementsAre("api"));
    EXPECT_THAT(std::get<Deploy>(*decision).skipped,
                ElementsAre(SkippedService{"billing", "billing is not in ECS_SERVICE_MAP"},
                            SkippedService{"worker", "automatic deployments of worker are off (AUTO_DEPLOY_MAP)"}));
}

TEST(Decide, IgnoresWhenEveryServiceIsPassedByAndNamesThem) {
    const auto config = shop(
        {service_map(), {"ECR_REPO_MAP", R"({"r":["worker","billing"]})"}, {"AUTO_DEPLOY_MAP", R"({"worker":false})"}});
    const auto decision = decide_body(push_to("r"), config);
    EXPECT_EQ(ignored_because(decision),
              "image r:v7 was pushed, but billing is not in ECS_SERVICE_MAP; automatic deployments of worker are off "
              "(AUTO_DEPLOY_MAP)");
    EXPECT_EQ(std::get<Ignore>(*decision).skipped.size(), 2U);
}

TEST(Decide, IgnoresAServiceThatThePatternsLeaveWithoutAName) {
    const auto config = shop({{"SERVICE_NAME_PATTERN", "{name}"}});
    EXPECT_THAT(ignored_because(decide_body(push_to("shop_backend"), config)), HasSubstr("leave no name for backend"));
}

TEST(Decide, KeepsReasonsShortAndOnOneLine) {
    const std::string megabyte(1'000'000, 'x');
    const auto config = shop({{"ECR_REPO_MAP", R"({"r":"api"})"}});
    auto push = push_to("r");
    push.tag = "a\n\x1b[31m" + megabyte;
    const auto decision = decide_body(push, config);
    ASSERT_THAT(deployed(decision), ElementsAre("api"));
    const auto& reason = std::get<Deploy>(*decision).requests.front().reason;
    EXPECT_THAT(reason, StartsWith("image r:a  [31mxxx"));
    EXPECT_LT(reason.size(), 600U);
    EXPECT_LT(ignored_because(decide_body(push_to(megabyte), config)).size(), 600U);
    EXPECT_LT(decide_body(ManualRequest{.bare = true, .service = megabyte + "/"}, config).error().message.size(), 600U);
}

TEST(Decide, IgnoresOtherEventsForTheirOwnReason) {
    EXPECT_EQ(ignored_because(decide_body(OtherEvent{"because"}, shop())), "because");
}

}  // namespace
}  // namespace ci_lambda::testing
