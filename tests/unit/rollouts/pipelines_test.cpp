#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "app/people/pipelines.hpp"
#include "base/json.hpp"
#include "base/references.hpp"
#include "net/sha256.hpp"
#include "support/sanitizers.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Pipelines by the whole function: services roll in their order, and nothing of it is begun twice or forgotten.

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kRelease =
    R"({"release":{"stages":[{"services":["backend"]},{"services":["api"]},{"services":["worker"]}]}})";
constexpr const char* kReleaseAndBack =
    R"({"release":{"stages":[{"services":["backend"]},{"services":["api"]},{"services":["worker"]}],
        "on_failure":"roll_back_earlier"}})";
constexpr const char* kRequest = R"({"pipeline":"release","reason":"a test wants it"})";
const std::vector<std::string> kOrder{"backend", "api", "worker"};

std::string ecs_name(const std::string& id) {
    return id == "backend" ? "shop_service_dev" : fmt::format("shop_service_{}_dev", id);
}

/// An environment file that all three read was changed; the event was under way for some seconds.
std::string change_of_all(const std::string& id, WallTime at) {
    return dump_json({{"id", id},
                      {"source", "aws.s3"},
                      {"detail-type", "Object Created"},
                      {"account", "123456789012"},
                      {"region", "us-east-1"},
                      {"time", in_whole_seconds(at - seconds{5})},
                      {"detail", {{"bucket", {{"name", "shop-env"}}}, {"object", {{"key", "all.env"}}}}}});
}

WorldOptions with_pipeline(const std::string& pipelines, std::map<std::string, std::string> more = {}) {
    WorldOptions options{.sweep = false, .lambda_retries = true, .knows_itself = true};
    Json files = Json::object();
    for (const auto& id : kOrder) files[id] = {{{"bucket", "shop-env"}, {"key", "all.env"}}};
    options.environment = {{"PIPELINES", pipelines}, {"SERVICE_CONFIG", dump_json(files)}};
    for (auto& [name, value] : more) options.environment[name] = value;
    return options;
}

/// The world, and in which order its services were begun.
class PipelineWorld {
public:
    explicit PipelineWorld(const WorldOptions& options) : world_(options) {
        world_.before_each_call([this](const std::string& operation, const std::string& body) {
            if (operation != "UpdateService") return;
            const auto service = find_string(*parse_json(body), "service").value_or("");
            for (std::size_t i = 0; i < kOrder.size(); ++i)
                if (ecs_name(kOrder[i]) == service) begins(i, body.contains("-rollback"));
        });
    }
    World& operator*() { return world_; }
    World* operator->() { return &world_; }

    struct Running {
        std::string revision;
        std::string state;
        std::string deployment;
    };
    Running running(const std::string& id) {
        const auto body = world_.call_ecs("DescribeServices",
                                          dump_json({{"cluster", "shop_cluster_dev"}, {"services", {ecs_name(id)}}}));
        const auto primary = (*parse_json(body))["services"][0]["deployments"][0];
        return {.revision = short_name(primary["taskDefinition"].get<std::string>()),
                .state = primary["rolloutState"].get<std::string>(),
                .deployment = primary["id"].get<std::string>()};
    }
    /// Somebody deploys past the function.
    void somebody_deploys(const std::string& id) {
        world_.call_ecs(
            "UpdateService",
            dump_json({{"cluster", "shop_cluster_dev"}, {"service", ecs_name(id)}, {"forceNewDeployment", true}}));
    }
    /// In which order they were begun, by whomever of the function's processes.
    std::vector<std::string> begun;
    /// What was begun although the stage before it was not good: must stay empty.
    std::vector<std::string> too_early;
    /// Services whose rollouts fail from their next one on.
    std::vector<std::string> bad;

private:
    void begins(std::size_t place, bool goes_back) {
        const auto& id = kOrder[place];
        begun.push_back(id);
        if (place > 0 && !goes_back && running(kOrder[place - 1]).state != "COMPLETED") too_early.push_back(id);
        world_.set_scenario(std::ranges::find(bad, id) == bad.end() ? sandbox::Scenario::kHealthy
                                                                    : sandbox::Scenario::kCrashOnStart);
    }

    World world_;
};

TEST(Pipeline, RollsItsStagesOneAfterTheOther) {
    PipelineWorld world(with_pipeline(kRelease));
    std::map<std::string, std::string> before;
    for (const auto& id : kOrder) before[id] = world.running(id).deployment;
    const auto handled = world->handle(kRequest);
    EXPECT_FALSE(handled.error) << handled.error->message;
    EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    for (const auto& id : kOrder) {
        EXPECT_NE(world.running(id).deployment, before[id]);
        EXPECT_EQ(world.running(id).state, "COMPLETED");
    }
    EXPECT_THAT(world->titles(), Contains("Pipeline completed: release"));
    EXPECT_THAT(handled.answer.deployments, SizeIs(3));
}

TEST(Pipeline, AnEventThatConcernsSeveralStagesKeepsTheirOrder) {
    PipelineWorld world(with_pipeline(kRelease));
    const auto event = change_of_all("e1", world->now());
    const auto handled = world->handle(event);
    EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    // The same event again: nothing is begun twice, by whichever process.
    world->forget_all();
    EXPECT_EQ(world->handle(event).answer.status, "completed");
    EXPECT_THAT(world.begun, SizeIs(3));
}

TEST(Pipeline, AnEventThatConcernsOneStageRollsItAtOnce) {
    PipelineWorld world(with_pipeline(kRelease));
    const auto handled = world->handle(update_of_parameter("e1", world->now()));
    EXPECT_EQ(handled.answer.status, "deployed");
    EXPECT_THAT(world.begun, ElementsAre("api"));
    EXPECT_THAT(handled.answer.pipelines, IsEmpty());
}

TEST(Pipeline, StopsAtAStageThatFails) {
    PipelineWorld world(with_pipeline(kRelease, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}));
    world.bad = {"api"};
    const auto handled = world->handle(kRequest);
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_FALSE(handled.error) << "it would fail so again";
    EXPECT_THAT(world.begun, ElementsAre("backend", "api"));
    EXPECT_THAT(handled.answer.detail, HasSubstr("stage 2 of 3 (api) failed"));
    EXPECT_THAT(handled.answer.detail, HasSubstr("not begun: worker"));
    EXPECT_THAT(world->titles(), Contains("Pipeline failed: release"));
    EXPECT_THAT(world->slack(), HasSubstr("not begun: worker"));
}

TEST(Pipeline, BringsTheEarlierStagesBackWhereThatIsWanted) {
    PipelineWorld world(with_pipeline(kReleaseAndBack, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}));
    const auto before = world.running("backend");
    world.bad = {"api"};
    const auto handled = world->handle(kRequest);
    EXPECT_EQ(handled.answer.status, "failed") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("rolled back: backend"));
    const auto after = world.running("backend");
    EXPECT_EQ(after.state, "COMPLETED");
    EXPECT_NE(after.deployment, before.deployment);
    EXPECT_THAT(after.revision, HasSubstr("rollback")) << "a copy of what ran before";
    world->run_for(minutes{10});
    EXPECT_EQ(world.running("api").state, "COMPLETED") << "what has failed goes back as well";
    EXPECT_NE(world.running("api").revision, kNewRevision);
    EXPECT_THAT(world.begun, Not(Contains("worker")));
}

TEST(Pipeline, WhatSomebodyElseHasDeployedIsNotTakenBack) {
    PipelineWorld world(with_pipeline(kReleaseAndBack, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}));
    world.bad = {"api"};
    std::string theirs;
    world->at_each_wait([&](int) {
        if (world.begun.size() < 2 || !theirs.empty()) return;
        world->set_scenario(sandbox::Scenario::kHealthy);
        world.somebody_deploys("backend");
        theirs = world.running("backend").deployment;
    });
    const auto handled = world->handle(kRequest);
    EXPECT_EQ(handled.answer.status, "failed") << handled.answer.detail;
    ASSERT_FALSE(theirs.empty());
    EXPECT_EQ(world.running("backend").deployment, theirs);
    EXPECT_THAT(handled.answer.detail, HasSubstr("not rolled back: backend"));
}

TEST(Pipeline, StopsWhereAnEarlierStageWasRolledBackMeanwhile) {
    PipelineWorld world(with_pipeline(kRelease));
    bool done = false;
    world->at_each_wait([&](int) {
        if (done || world.running("api").state != "IN_PROGRESS" || world.begun.size() != 2) return;
        done = true;
        // A person goes back to a revision of before, as a rollback makes it.
        const auto body = world->call_ecs(
            "RegisterTaskDefinition",
            dump_json({{"family", "shop_service_dev-rollback"},
                       {"containerDefinitions", {{{"name", "shop_service"}, {"image", World::kImage}}}}}));
        world->call_ecs("UpdateService",
                        dump_json({{"cluster", "shop_cluster_dev"},
                                   {"service", ecs_name("backend")},
                                   {"taskDefinition", (*parse_json(body))["taskDefinition"]["taskDefinitionArn"]},
                                   {"forceNewDeployment", true}}));
    });
    const auto handled = world->handle(kRequest);
    ASSERT_TRUE(done);
    EXPECT_EQ(handled.answer.status, "stopped") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("backend was taken back since"));
    EXPECT_THAT(world.begun, ElementsAre("backend", "api"));
}

TEST(Pipeline, WaitsForAnEarlierStageThatSomebodyHasDeployedAgain) {
    PipelineWorld world(with_pipeline(kRelease));
    bool done = false;
    world->at_each_wait([&](int) {
        if (done || world.begun.size() != 2) return;
        done = true;
        world.somebody_deploys("backend");
    });
    const auto handled = world->handle(kRequest);
    ASSERT_TRUE(done);
    EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    EXPECT_EQ(world.running("backend").state, "COMPLETED");
}

TEST(Pipeline, ALaterRunSupersedesWhatHasNotBegun) {
    PipelineWorld world(with_pipeline(kRelease));
    std::optional<Handled> later;
    auto options = with_pipeline(kRelease);
    world->at_each_wait([&](int) {
        if (later || world.begun.size() != 2) return;
        // Another process gets the next event meanwhile.
        world->call_ecs(
            "TagResource",
            dump_json({{"resourceArn", "arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_dev"},
                       {"tags",
                        {{{"key", "ci_lambda:pipeline"},
                          {"value", fmt::format("release {} release-e2", in_whole_seconds(world->now()))}}}}}));
        later = Handled{};
    });
    const auto handled = world->handle(change_of_all("e1", world->now()));
    EXPECT_EQ(handled.answer.status, "superseded") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("a later run of release has begun"));
    EXPECT_THAT(world.begun, ElementsAre("backend", "api"));
}

TEST(Pipeline, AnEarlierRunThatComesLateBeginsNothing) {
    PipelineWorld world(with_pipeline(kRelease));
    world->handle(change_of_all("e2", world->now()));
    ASSERT_THAT(world.begun, SizeIs(3));
    world->forget_all();
    const auto late = world->handle(change_of_all("e1", world->now() - hours{2}));
    EXPECT_EQ(late.answer.status, "superseded") << late.answer.detail;
    EXPECT_THAT(world.begun, SizeIs(3));
}

TEST(Pipeline, GoesOnWithTheEventThatComesAgainWhereItsTimeIsOver) {
    auto options = with_pipeline(kRelease);
    options.lambda_timeout = minutes{3};
    PipelineWorld world(options);
    world->send(change_of_all("e1", world->now()));
    world->run_for(minutes{30});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    EXPECT_THAT(world->lost_events(), IsEmpty());
    EXPECT_EQ(world->outcomes().front().handled.error->type, "Function.PipelineUnfinished");
    for (const auto& id : kOrder) EXPECT_EQ(world.running(id).state, "COMPLETED");
}

TEST(Pipeline, ADryRunShowsTheOrderAndChangesNothing) {
    PipelineWorld world(with_pipeline(kRelease, {{"DRY_RUN", "true"}}));
    const auto handled = world->handle(kRequest);
    EXPECT_EQ(handled.answer.status, "dry_run");
    EXPECT_THAT(handled.answer.detail, HasSubstr("in the order of the pipeline release: backend; api; worker"));
    EXPECT_EQ(world->changes(), 0);
}

TEST(Pipeline, ThatNobodyHasDefinedIsRefusedWithTheOneThatWasMeant) {
    PipelineWorld world(with_pipeline(kRelease));
    const auto handled = world->handle(R"({"pipeline":"relase"})");
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.InvalidEvent");
    EXPECT_THAT(handled.error->message, HasSubstr("did you mean release?"));
    for (const auto* more :
         {R"("service":"api")", R"("action":"stop")", R"("task_definition":":9")", R"("image":"a:b")"}) {
        const auto refused = world->handle(fmt::format(R"({{"pipeline":"release",{}}})", more));
        ASSERT_TRUE(refused.error) << more;
        EXPECT_THAT(refused.error->message, HasSubstr("makes no sense with it"));
    }
    EXPECT_THAT(world.begun, IsEmpty());
}

/// By the state machine, which gets what an invocation of three minutes cannot carry.
WorldOptions carried(const std::string& pipelines, std::map<std::string, std::string> more = {}) {
    auto options = with_pipeline(pipelines, std::move(more));
    options.environment["PIPELINE_STATE_MACHINE"] = World::kStateMachine;
    options.lambda_timeout = minutes{2};
    return options;
}

struct Carried {
    std::string name;
    std::string status;
    std::string cause;
};
std::vector<Carried> executions(World& world) {
    std::vector<Carried> all;
    const auto listed = *parse_json(
        world.state_machines().handle("ListExecutions", dump_json({{"stateMachineArn", World::kStateMachine}})).body);
    for (const auto& one : listed["executions"]) {
        const auto said =
            *parse_json(world.state_machines()
                            .handle("DescribeExecution", dump_json({{"executionArn", one["executionArn"]}}))
                            .body);
        all.push_back({.name = one["name"].get<std::string>(),
                       .status = one["status"].get<std::string>(),
                       .cause = said.value("cause", "")});
    }
    return all;
}

TEST(CarriedPipeline, IsHandedOnWhenTheTimeIsOverAndEndsThere) {
    PipelineWorld world(carried(kRelease));
    world->send(change_of_all("e1", world->now()));
    EXPECT_FALSE(world->outcomes().front().handled.error);
    EXPECT_EQ(world->outcomes().front().handled.answer.status, "in_progress");
    EXPECT_THAT(world->outcomes().front().handled.answer.detail, HasSubstr("the execution release-e1 goes on with it"));
    world->run_for(minutes{20});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    const auto runs = executions(*world);
    ASSERT_THAT(runs, SizeIs(1));
    EXPECT_EQ(runs[0].status, "SUCCEEDED") << runs[0].cause;
    EXPECT_THAT(world->titles(), Contains("Pipeline completed: release"));
    // The event comes again, to another process.
    world->forget_all();
    world->send(change_of_all("e1", world->now()));
    EXPECT_EQ(world->outcomes().back().handled.answer.status, "ignored");
    EXPECT_THAT(world->outcomes().back().handled.answer.detail, HasSubstr("has carried this (SUCCEEDED)"));
    EXPECT_THAT(world.begun, SizeIs(3));
}

TEST(CarriedPipeline, EndsAsFailedWithWhatWasBroughtBack) {
    PipelineWorld world(carried(kReleaseAndBack, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}));
    world.bad = {"worker"};
    world->send(change_of_all("e1", world->now()));
    world->run_for(minutes{60});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker", "api", "backend"))
        << "the last one first, and what still rolls is stopped";
    EXPECT_LT(world->outcomes().size(), 200U) << "it waits between two looks";
    const auto runs = executions(*world);
    ASSERT_THAT(runs, SizeIs(1));
    EXPECT_EQ(runs[0].status, "FAILED");
    EXPECT_THAT(runs[0].cause, HasSubstr("stage 3 of 3 (worker) failed"));
    EXPECT_THAT(runs[0].cause, HasSubstr("rolled back: backend, api, worker"));
    for (const auto& id : kOrder) EXPECT_EQ(world.running(id).state, "COMPLETED") << id;
    EXPECT_THAT(world->titles(), Contains("Pipeline failed: release"));
}

/// What comes back is not what was pushed, and must not be taken for a rollback that went wrong.
TEST(CarriedPipeline, APushedImageThatGoesBackIsSaidToHaveGoneBack) {
    auto options = carried(kReleaseAndBack, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"},
                                             {"ECR_DEPLOY_MODE", "revision"},
                                             {"ECR_REPO_MAP", R"({"shop_backend":["backend","api","worker"]})"}});
    PipelineWorld world(options);
    for (const auto& id : kOrder)
        world->call_ecs(
            "RegisterTaskDefinition",
            dump_json(
                {{"family", ecs_name(id)},
                 {"containerDefinitions",
                  {{{"name", "app"}, {"image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_backend:v1.42"}}}}}));
    world.bad = {"api"};
    world->send(dump_json({{"id", "push"},
                           {"source", "aws.ecr"},
                           {"detail-type", "ECR Image Action"},
                           {"account", "123456789012"},
                           {"region", "us-east-1"},
                           {"time", in_whole_seconds(world->now() - seconds{5})},
                           {"detail",
                            {{"action-type", "PUSH"},
                             {"result", "SUCCESS"},
                             {"repository-name", "shop_backend"},
                             {"image-digest", sha256_digest_of("v1.43")},
                             {"image-tag", "v1.43"}}}}));
    world->run_for(hours{1});
    ASSERT_THAT(executions(*world), SizeIs(1));
    EXPECT_THAT(executions(*world).front().cause, HasSubstr("rolled back: backend, api"));
    EXPECT_THAT(executions(*world).front().cause, Not(HasSubstr("not rolled back")));
}

TEST(CarriedPipeline, AStepThatBreaksIsMadeAgainAndBeginsNothingTwice) {
    PipelineWorld world(carried(kRelease, {{"MAX_DEPLOYMENT_RETRIES", "0"}}));
    world->send(change_of_all("e1", world->now()));
    const auto carried_from = world.begun.size();
    world->add_fault({.operation = "DescribeServices", .kind = sandbox::FaultKind::kFailedBefore, .times = 6});
    world->run_for(minutes{30});
    EXPECT_LT(carried_from, 3U);
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_EQ(executions(*world).front().status, "SUCCEEDED");
}

TEST(CarriedPipeline, WaitsForAHoldAndGoesOnWhenItIsOver) {
    PipelineWorld world(carried(kRelease, {{"HOLDS", "true"}}));
    world->handle(R"({"action":"hold","service":"api","until":"3h","reason":"moves","by":"alice"})");
    world->send(change_of_all("e1", world->now()));
    world->run_for(hours{2});
    EXPECT_THAT(world.begun, ElementsAre("backend"));
    EXPECT_EQ(executions(*world).front().status, "RUNNING");
    EXPECT_EQ(std::ranges::count(world->titles(), "Deployment held: api"), 1) << "told once";
    world->run_for(hours{2});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    EXPECT_EQ(executions(*world).front().status, "SUCCEEDED");
    EXPECT_FALSE(world->scheduler().next_due()) << "no schedule begins it once more";
}

TEST(Pipeline, WithoutAStateMachineStopsAtAHold) {
    PipelineWorld world(
        with_pipeline(kRelease, {{"HOLDS", "true"}, {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}}));
    world->handle(R"({"action":"hold","service":"api","until":"3h","reason":"moves","by":"alice"})");
    const auto handled = world->handle(change_of_all("e1", world->now()));
    EXPECT_EQ(handled.answer.status, "stopped") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail,
                HasSubstr("not begun: worker; run it again then: ci_lambda pipeline start release"));
    world->run_for(hours{4});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api")) << "what was held begins by its schedule";
}

TEST(Pipeline, HandsItsServicesOnToTheOtherEnvironmentOnce) {
    PipelineWorld world(
        with_pipeline(R"({"release":{"stages":[{"services":["backend"]},{"services":["api"]},{"promote":"prod"}]}})"));
    const auto handled = world->handle(kRequest);
    EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
    const auto sent = world->sent_events();
    ASSERT_THAT(sent, SizeIs(2));
    const auto first = *parse_json(sent[0]);
    EXPECT_EQ(first["Source"], "action.prod");
    const auto detail = *parse_json(first["Detail"].get<std::string>());
    EXPECT_EQ(detail["service"], "backend");
    EXPECT_EQ(detail["promote_from"], "dev");
    EXPECT_EQ(detail["env"], "prod");
    EXPECT_EQ(detail["project"], "shop");
}

TEST(Pipeline, AsksForThePipelineOfTheOtherEnvironmentWhereItHasOne) {
    PipelineWorld world(with_pipeline(
        R"({"release":{"stages":[{"services":["backend"]},{"services":["api"]},{"promote":"prod","pipeline":"live"}]}})"));
    world->handle(kRequest);
    ASSERT_THAT(world->sent_events(), SizeIs(1));
    const auto detail = *parse_json((*parse_json(world->sent_events()[0]))["Detail"].get<std::string>());
    EXPECT_EQ(detail["pipeline"], "live");
    EXPECT_FALSE(detail.contains("service"));
}

TEST(Pipeline, PromotesNothingAfterAStageThatFailed) {
    PipelineWorld world(
        with_pipeline(R"({"release":{"stages":[{"services":["backend"]},{"services":["api"]},{"promote":"prod"}]}})",
                      {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}));
    world.bad = {"api"};
    EXPECT_EQ(world->handle(kRequest).answer.status, "failed");
    EXPECT_THAT(world->sent_events(), IsEmpty());
}

const std::string kApprovalKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kReleaseWithApproval =
    R"({"release":{"stages":[{"services":["backend"]},{"services":["api"],"approval":{"expires_minutes":120}},
        {"services":["worker"]}]}})";

std::string newest_token(const World& world) {
    const auto text = world.slack();
    const auto at = text.rfind("ca1.");
    if (at == std::string::npos) return {};
    const auto end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", at);
    return text.substr(at, end - at);
}

TEST(CarriedPipeline, AsksOnceForAnApprovalAndGoesOnWithIt) {
    PipelineWorld world(carried(kReleaseWithApproval, {{"APPROVAL_KEY", kApprovalKey}}));
    world->send(change_of_all("e1", world->now()));
    world->run_for(minutes{60});
    EXPECT_THAT(world.begun, ElementsAre("backend"));
    EXPECT_EQ(std::ranges::count(world->titles(), "Deployment to be approved: api"), 1);
    const auto approved = world->handle(dump_json({{"approve", newest_token(*world)}}));
    EXPECT_EQ(approved.answer.status, "deployed") << approved.answer.detail;
    world->run_for(minutes{60});
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker"));
    EXPECT_THAT(world.too_early, IsEmpty());
    EXPECT_EQ(executions(*world).front().status, "SUCCEEDED");
}

TEST(CarriedPipeline, AFreezeDoesNotCountAsTimeToAnswer) {
    PipelineWorld world(carried(kReleaseWithApproval, {{"APPROVAL_KEY", kApprovalKey}, {"HOLDS", "true"}}));
    world->handle(R"({"action":"hold","service":"api","until":"6h","reason":"moves","by":"alice"})");
    world->send(change_of_all("e1", world->now()));
    world->run_for(hours{5});
    EXPECT_EQ(executions(*world).front().status, "RUNNING") << "longer than an answer may take";
    EXPECT_THAT(world->titles(), Not(Contains("Deployment to be approved: api")));
    world->run_for(minutes{80});
    EXPECT_EQ(std::ranges::count(world->titles(), "Deployment to be approved: api"), 1);
    EXPECT_EQ(world->handle(dump_json({{"approve", newest_token(*world)}})).answer.status, "deployed");
    world->run_for(hours{1});
    EXPECT_EQ(executions(*world).front().status, "SUCCEEDED");
}

TEST(CarriedPipeline, WhatIsAskedIsKnownToAllProcessesAndPeopleAreReminded) {
    PipelineWorld world(carried(kReleaseWithApproval, {{"APPROVAL_KEY", kApprovalKey},
                                                       {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}}));
    world->send(change_of_all("e1", world->now()));
    world->run_for(minutes{110});
    EXPECT_EQ(std::ranges::count(world->titles(), "Deployment to be approved: api"), 1);
    EXPECT_THAT(world->titles(), Contains(HasSubstr("still to be approved")));
}

TEST(CarriedPipeline, RunAgainItLeavesWhatHasCompletedAndBeginsWhatHasFailed) {
    PipelineWorld world(carried(kRelease, {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}, {"ROLLBACK_ON_FAILURE", "true"}}));
    const auto retry = [&] {
        FakeClock clock;
        clock.advance(world->passed());
        return retry_pipeline(world->listener(), "release", clock, Deadline::none());
    };
    EXPECT_THAT(retry().error().message, HasSubstr("no run of release was carried"));
    world.bad = {"api"};
    world->send(change_of_all("e1", world->now()));
    EXPECT_THAT(retry().error().message, HasSubstr("is under way"));
    world->run_for(hours{1});
    ASSERT_EQ(executions(*world).front().status, "FAILED");
    const auto backend = world.running("backend").deployment;
    world.bad.clear();
    world.begun.clear();
    const auto retried = retry();
    ASSERT_TRUE(retried) << retried.error().message;
    EXPECT_THAT(retried->how, HasSubstr("a new execution"));
    world->run_for(hours{1});
    EXPECT_EQ(executions(*world).front().status, "SUCCEEDED") << executions(*world).front().cause;
    EXPECT_THAT(world.begun, ElementsAre("api", "worker"));
    EXPECT_EQ(world.running("backend").deployment, backend);
    EXPECT_EQ(world.running("api").revision, kNewRevision);
    EXPECT_THAT(retry().error().message, HasSubstr("has not failed"));
}

TEST(CarriedPipeline, StoppedItBeginsNothingMore) {
    PipelineWorld world(carried(kRelease));
    world->send(change_of_all("e1", world->now()));
    const auto begun = world.begun.size();
    ASSERT_LT(begun, 3U);
    const auto stopped = stop_pipeline(world->listener(), "release", "not today", Deadline::none());
    ASSERT_TRUE(stopped) << stopped.error().message;
    EXPECT_THAT(*stopped, ElementsAre("release-e1"));
    world->run_for(hours{1});
    EXPECT_EQ(world.begun.size(), begun);
    EXPECT_EQ(executions(*world).front().status, "ABORTED");
    EXPECT_THAT(*stop_pipeline(world->listener(), "release", "not today", Deadline::none()), IsEmpty());
}

TEST(CarriedPipeline, EndsWithANo) {
    PipelineWorld world(carried(kReleaseWithApproval, {{"APPROVAL_KEY", kApprovalKey}}));
    world->send(change_of_all("e1", world->now()));
    world->run_for(minutes{10});
    EXPECT_EQ(world->handle(dump_json({{"reject", newest_token(*world)}})).answer.status, "rejected");
    world->run_for(hours{4});
    EXPECT_THAT(world.begun, ElementsAre("backend"));
    const auto runs = executions(*world);
    EXPECT_EQ(runs.front().status, "ABORTED");
    EXPECT_THAT(runs.front().cause, HasSubstr("api was rejected by"));
}

TEST(CarriedPipeline, EndsWhenNobodyAnswersInTime) {
    PipelineWorld world(carried(kReleaseWithApproval, {{"APPROVAL_KEY", kApprovalKey}}));
    world->send(change_of_all("e1", world->now()));
    world->run_for(hours{4});
    EXPECT_THAT(world.begun, ElementsAre("backend"));
    const auto runs = executions(*world);
    EXPECT_EQ(runs.front().status, "FAILED");
    EXPECT_THAT(runs.front().cause, HasSubstr("nobody has let api begin within 120 minutes"));
    EXPECT_THAT(world->titles(), Contains("Pipeline stopped: release"));
}

/// Random histories: changes of all and of one, failures, foreign deployments, deaths of processes, throttled and
/// broken calls, events that come twice or late, short and long invocations, with and without a state machine.
class RandomPipelines : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomPipelines, KeepTheOrderAndForgetNothing) {
    std::mt19937 random(GetParam());
    const auto below = [&](int most) { return std::uniform_int_distribution<int>(0, most - 1)(random); };
    const bool back = below(2) == 0;
    auto options =
        below(2) == 0 ? carried(back ? kReleaseAndBack : kRelease) : with_pipeline(back ? kReleaseAndBack : kRelease);
    options.environment["DEPLOYMENT_TIMEOUT_SECONDS"] = "300";
    options.lambda_timeout = minutes{2 + below(10)};
    PipelineWorld world(options);
    std::vector<std::string> sent;
    for (int i = 0; i < 14; ++i) {
        switch (below(8)) {
            case 0:
            case 1:
                sent.push_back(change_of_all(fmt::format("e{}", i), world->now()));
                world->send(sent.back());
                break;
            case 2: world->send(update_of_parameter(fmt::format("p{}", i), world->now())); break;
            case 3:
                if (!sent.empty()) world->send(sent[static_cast<std::size_t>(below(static_cast<int>(sent.size())))]);
                break;
            case 4: world->forget_all(); break;
            case 5:
                world.bad.clear();
                if (below(2) == 0) world.bad = {kOrder[static_cast<std::size_t>(below(3))]};
                break;
            case 6:
                world->set_scenario(sandbox::Scenario::kHealthy);
                world.somebody_deploys(kOrder[static_cast<std::size_t>(below(3))]);
                break;
            default:
                world->add_fault(
                    {.operation = below(2) == 0 ? "DescribeServices" : "UpdateService",
                     .kind = below(2) == 0 ? sandbox::FaultKind::kThrottled : sandbox::FaultKind::kFailedAfter,
                     .times = 1 + below(3)});
        }
        world->run_for(seconds{1 + below(240)});
    }
    world.bad.clear();
    world->clear_faults();
    world->run_for(hours{3});
    EXPECT_THAT(world.too_early, Not(Contains("worker"))) << "by no event of its own";
    // One last change of all, when all is quiet: it arrives everywhere, in order. What was taken back stays so.
    for (const auto& id : kOrder)
        world->call_ecs(
            "RegisterTaskDefinition",
            dump_json(
                {{"family", ecs_name(id)},
                 {"containerDefinitions",
                  {{{"name", id == "backend" ? "shop_service" : "shop_service_" + id}, {"image", World::kImage}}}}}));
    world.too_early.clear();
    world.begun.clear();
    world->send(change_of_all("last", world->now()));
    world->run_for(hours{3});
    std::string story;
    for (const auto& outcome : world->outcomes())
        if (outcome.event.contains("\"last\"") || outcome.event.contains("-last"))
            story += fmt::format("{}: {}\n", outcome.handled.answer.status, outcome.handled.answer.detail);
    EXPECT_THAT(world.begun, ElementsAre("backend", "api", "worker")) << story;
    EXPECT_THAT(world.too_early, IsEmpty());
    for (const auto& id : kOrder) EXPECT_EQ(world.running(id).state, "COMPLETED") << id;
    for (const auto& run : executions(*world)) EXPECT_NE(run.status, "RUNNING") << run.name;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPipelines, ::testing::Range(0U, kWithSanitizer ? 12U : 40U));

}  // namespace
}  // namespace ci_lambda::testing
