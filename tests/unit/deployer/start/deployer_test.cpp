#include "deployer/start/deployer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <mutex>
#include <regex>
#include <set>
#include <thread>

#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(DeployerTest, UpdatesTheServiceToTheNewestRevision) {
    const auto report = run_one();
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.deployment_id, "ecs-svc/1");
    EXPECT_THAT(report.task_definition, ::testing::EndsWith("/shop_service_api_dev:42"));
    EXPECT_EQ(report.attempts, 1);
    ASSERT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(ecs_.updates()[0].cluster.str(), "shop_cluster_dev");
    EXPECT_EQ(ecs_.updates()[0].service.str(), "shop_service_api_dev");
    EXPECT_THAT(ecs_.updates()[0].task_definition.str(), ::testing::EndsWith(":42"));
}

TEST_F(DeployerTest, TakesTheRevisionThatWasAskedForWithoutLookingForAnother) {
    auto deploy = deploy_of({"api"});
    deploy.requests[0].task_definition = TaskDefinition("shop_service_api_dev:7");
    run(deploy);
    EXPECT_EQ(ecs_.updates().at(0).task_definition.str(), "shop_service_api_dev:7");
    EXPECT_THAT(ecs_.families(), IsEmpty());
}

TEST_F(DeployerTest, SwitchesTheCircuitBreakerOnOnlyWhereFailuresAreRolledBack) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        auto service = service_with({deployment("ecs-svc/0", "42", RolloutState::kCompleted)});
        return DescribedServices{.services = {service}, .failures = {}};
    };
    run_one();
    EXPECT_FALSE(ecs_.updates().at(0).deployment_configuration);
    run_one({.rollback_on_failure = true});
    ASSERT_TRUE(ecs_.updates().at(1).deployment_configuration);
    EXPECT_EQ(*ecs_.updates().at(1).deployment_configuration,
              R"({"deploymentCircuitBreaker":{"enable":true,"rollback":true}})");
}

TEST_F(DeployerTest, RemembersWhyItStartedADeployment) {
    run_one();
    ASSERT_TRUE(memory_.started("ecs-svc/1"));
    EXPECT_EQ(memory_.started("ecs-svc/1")->reason, "a test wants it");
    EXPECT_FALSE(memory_.started("ecs-svc/2"));
}

TEST_F(DeployerTest, ReportsWhyItCouldNotStartInEcsOwnWords) {
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return fail(ErrorKind::kRejected, "ClientException: TaskDefinition is inactive");
    };
    const auto report = run_one();
    EXPECT_EQ(report.status, DeploymentStatus::kFailed);
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message, HasSubstr("TaskDefinition is inactive"));
}

TEST_F(DeployerTest, StopsBeforeUpdateServiceInADryRun) {
    const auto report = run_one({.dry_run = true});
    EXPECT_EQ(report.status, DeploymentStatus::kDryRun);
    EXPECT_THAT(report.task_definition, ::testing::EndsWith(":42"));
    EXPECT_THAT(report.deployment_id, IsEmpty());
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(ecs_.describes(), SizeIs(1)) << "the pre-flight looks at the service all the same";
}

TEST_F(DeployerTest, RetriesAThrottledUpdateAfterFiveSeconds) {
    ecs_.on_update = [](const UpdateServiceRequest&, int nth) -> Result<AcceptedDeployment> {
        if (nth == 1) return std::unexpected(throttled());
        return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = "td:42"};
    };
    const auto report = run_one();
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.attempts, 2);
    EXPECT_THAT(sleeper_.slept(), ElementsAre(seconds{5}));
    EXPECT_THAT(ecs_.families(), SizeIs(2)) << "after a wait the revision is chosen anew";
    EXPECT_THAT(ecs_.describes(), SizeIs(2)) << "after a wait the service is looked at anew";
}

TEST_F(DeployerTest, SharesOneBudgetOfRetriesBetweenAllCallsOfADeployment) {
    int lists = 0;
    ecs_.on_active = [&](const TaskFamily&) -> Result<std::vector<TaskDefinition>> {
        if (++lists == 1) return std::unexpected(throttled());
        return std::vector{TaskDefinition("td:42")};
    };
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return std::unexpected(throttled());
    };
    const auto report = run_one({.max_retries = 2});
    EXPECT_EQ(report.status, DeploymentStatus::kFailed);
    EXPECT_EQ(report.attempts, 3);
    EXPECT_THAT(ecs_.updates(), SizeIs(2));
    EXPECT_THAT(sleeper_.slept(), ElementsAre(seconds{5}, seconds{10}));
}

TEST_F(DeployerTest, DescribesAgainAfterAFailureThatCanHeal) {
    int describes = 0;
    const auto healthy = ecs_.on_describe;
    ecs_.on_describe = [&](const std::vector<EcsServiceName>& names) -> Result<DescribedServices> {
        if (++describes == 1) return std::unexpected(throttled());
        return healthy(names);
    };
    EXPECT_EQ(run_one().status, DeploymentStatus::kDeployed);
    EXPECT_EQ(describes, 2);
}

TEST_F(DeployerTest, DoesNotUpdateWhatIsMissingInactiveOrNotDrivenByEcs) {
    const std::vector<std::pair<EcsService, std::string>> table{
        {{.status = "DRAINING"}, "is DRAINING"},
        {{.status = "INACTIVE"}, "is INACTIVE"},
        {{.status = "ACTIVE", .deployment_controller = "CODE_DEPLOY"}, "CODE_DEPLOY"},
        {{.status = "ACTIVE", .deployment_controller = "EXTERNAL"}, "EXTERNAL"}};
    for (const auto& [service, text] : table) {
        ecs_.on_describe = [&](const std::vector<EcsServiceName>& names) {
            auto seen = service;
            seen.name = names.front();
            return DescribedServices{.services = {seen}};
        };
        const auto report = run_one();
        ASSERT_TRUE(report.error) << text;
        EXPECT_THAT(report.error->message, HasSubstr(text));
    }
    ecs_.on_describe = [](const std::vector<EcsServiceName>& names) {
        return DescribedServices{.failures = {{names.front(), "MISSING"}}};
    };
    EXPECT_THAT(run_one().error->message, AllOf(HasSubstr("MISSING"), HasSubstr("SERVICE_NAME_PATTERN")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(DeployerTest, GoesOnWithOneWarningWhereDescribeServicesIsNotAllowed) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "AccessDeniedException: not authorized");
    };
    const auto reports = run(deploy_of({"api", "worker", "mail"}));
    for (const auto& report : reports) EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(lines_like("services are not looked at", R"("level":"warn")"), 1);
}

TEST_F(DeployerTest, FailsWithoutUpdateWhenTheFamilyHasNoRevision) {
    ecs_.on_active = [](const TaskFamily&) -> Result<std::vector<TaskDefinition>> {
        return fail(ErrorKind::kNotFound, "the task definition family x has no ACTIVE revision");
    };
    EXPECT_THAT(run_one().error->message, HasSubstr("no ACTIVE revision"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(DeployerTest, DescribesServicesOfTwoRegionsInACallForEach) {
    auto both = deploy_of({"api", "worker", "api"});
    both.requests[2].target.region = "eu-west-1";
    EXPECT_THAT(run(both), SizeIs(3));
    EXPECT_THAT(ecs_.describes(), ::testing::UnorderedElementsAre(SizeIs(1), SizeIs(2)));
}

TEST_F(DeployerTest, RunsTwentyServicesAtTheSameTimeAndDescribesTenACall) {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(fmt::format("s{:02}", i));
    std::barrier together(20);
    ecs_.on_update = [&](const UpdateServiceRequest& request, int) {
        together.arrive_and_wait();  // one after the other would wait here for ever
        return AcceptedDeployment{.deployment_id = "id of " + request.service.str(), .task_definition = "td:42"};
    };
    const auto reports = run(deploy_of(ids));
    ASSERT_THAT(reports, SizeIs(20));
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(reports[i].target.id.str(), ids[i]) << "reports keep the order of the requests";
        EXPECT_EQ(reports[i].deployment_id, "id of " + reports[i].target.service.str());
    }
    EXPECT_THAT(ecs_.describes(), ElementsAre(SizeIs(10), SizeIs(10)));
}

TEST_F(DeployerTest, KeepsItsThreadsForTheNextEvent) {
    std::barrier together(3);
    std::mutex mutex;
    std::set<pid_t> threads;
    ecs_.on_update = [&](const UpdateServiceRequest&, int) {
        together.arrive_and_wait();  // each service has a thread of its own
        const std::scoped_lock lock(mutex);
        threads.insert(::gettid());
        return AcceptedDeployment{.deployment_id = "ecs-svc/1", .task_definition = "td:42"};
    };
    Deployer deployer({}, ecs_, ecr_, observer_, memory_, revision_images_, gate_, clock_, sleeper_, log_.logger);
    for (int event = 0; event < 10; ++event)
        for (const auto& report : deployer.deploy(deploy_of({"api", "worker", "mail"}), Deadline::none()))
            EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    // The calling thread, and a helper for each other service and for the batch.
    EXPECT_LE(threads.size(), 4U);
    EXPECT_TRUE(threads.contains(::gettid()));
}

TEST_F(DeployerTest, LetsTheOthersGoWhenOneFails) {
    ecs_.on_update = [](const UpdateServiceRequest& request, int) -> Result<AcceptedDeployment> {
        if (request.service.str().contains("worker")) return fail(ErrorKind::kRejected, "no");
        return AcceptedDeployment{.deployment_id = "ecs-svc/1", .task_definition = "td:42"};
    };
    const auto reports = run(deploy_of({"api", "worker", "mail"}));
    EXPECT_EQ(reports[0].status, DeploymentStatus::kDeployed);
    EXPECT_EQ(reports[1].status, DeploymentStatus::kFailed);
    EXPECT_EQ(reports[2].status, DeploymentStatus::kDeployed);
}

TEST_F(DeployerTest, EndsBeforeTheDeadline) {
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return std::unexpected(throttled());
    };
    const auto deadline = Deadline::after(clock_, seconds{7});
    const auto report = run_one({.max_retries = 5}, deadline);
    EXPECT_EQ(report.attempts, 2);
    EXPECT_THAT(report.error->message, HasSubstr("after the deadline"));
    EXPECT_GT(*deadline.remaining(clock_), Milliseconds{0});
}

TEST_F(DeployerTest, WritesTheLinesThatTheDocumentedQueriesFind) {
    ecs_.on_update = [](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
        if (request.service.str().contains("worker")) return fail(ErrorKind::kRejected, "ECS says no");
        if (nth == 1) return std::unexpected(throttled());
        return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = "td:42"};
    };
    run(deploy_of({"api", "worker"}));
    // filter fields.service = "api" | filter message like /deployment/
    EXPECT_EQ(lines_like("deployment accepted", R"("service":"api")"), 1);
    EXPECT_EQ(lines_like("deployment", R"("deployment_id":"ecs-svc/2")"), 1);
    EXPECT_EQ(lines_like("deployment accepted", R"("task_definition":"td:42")"), 1);
    // filter level = "error" | filter message like /deployment failed/
    EXPECT_EQ(lines_like("deployment failed", R"("level":"error")"), 1);
    EXPECT_EQ(lines_like("deployment failed", R"("error":"ECS says no")"), 1);
    // filter message like /retry/ (fields.service, fields.attempt, fields.max_retries)
    EXPECT_EQ(lines_like("retry", R"("service":"api","attempt":1,"max_retries":2)"), 1);
}

TEST_F(DeployerTest, SaysInTheLogWhenARetryMayStartASecondRollout) {
    ecs_.on_update = [](const UpdateServiceRequest&, int nth) -> Result<AcceptedDeployment> {
        if (nth == 1)
            return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
        return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = "td:42"};
    };
    run_one();
    EXPECT_EQ(lines_like("retry", R"("may_start_a_second_rollout":true)"), 1);
}

TEST_F(DeployerTest, LooksAgainAfterAFirstLookThatFailedBeforeAnybodyNeededIt) {
    std::atomic<int> looks = 0;
    int lists = 0;
    ecs_.on_describe = [&](const auto&) -> Result<DescribedServices> {
        if (++looks == 1) return std::unexpected(throttled());
        return DescribedServices{};
    };
    ecs_.on_active = [&](const TaskFamily&) -> Result<std::vector<TaskDefinition>> {
        while (looks == 0) std::this_thread::yield();
        if (++lists == 1) return std::unexpected(throttled());
        return std::vector{TaskDefinition("td:42")};
    };
    EXPECT_EQ(run_one().attempts, 2);
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
