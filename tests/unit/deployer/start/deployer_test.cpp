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
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Error throttled() { return {.kind = ErrorKind::kThrottled, .message = "ThrottlingException: Rate exceeded"}; }

Deploy deploy_of(const std::vector<std::string>& ids) {
    Deploy deploy;
    for (const auto& id : ids) deploy.requests.push_back({.target = target(id), .reason = "a test wants it"});
    return deploy;
}

class DeployerTest : public ::testing::Test {
protected:
    std::vector<DeploymentReport> run(const Deploy& deploy, Deployer::Options options = {},
                                      Deadline deadline = Deadline::none()) {
        Deployer deployer(options, ecs_, observer_, memory_, clock_, sleeper_, log_.logger);
        return deployer.deploy(deploy, deadline);
    }
    DeploymentReport run_one(Deployer::Options options = {}, Deadline deadline = Deadline::none()) {
        return run(deploy_of({"api"}), options, deadline).at(0);
    }
    /// How many log lines a CloudWatch Logs Insights query would find (`like /x/` is case-sensitive).
    [[nodiscard]] int lines_like(const std::string& message, const std::string& rest) const {
        int found = 0;
        for (const auto& line : log_.sink.lines())
            if (std::regex_search(line, std::regex("\"message\":\"[^\"]*" + message)) &&
                line.find(rest) != std::string::npos)
                ++found;
        return found;
    }

    FakeEcs ecs_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    RecordingLog log_;
    RolloutObserver observer_{ecs_, clock_, sleeper_, log_.logger};
    RolloutMemory memory_;
};

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

/// Revision 8 is the newest and was rolled back to 7, which runs.
class LeftOutTest : public DeployerTest {
protected:
    LeftOutTest() {
        ecs_.on_active = [](const TaskFamily&) {
            return std::vector{TaskDefinition(arn_of("8")), TaskDefinition(arn_of("7"))};
        };
        runs("7");
        ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful),
                                   record("good", ServiceDeploymentStatus::kSuccessful, -std::chrono::hours{1}, "7")};
        ecs_.revisions = std::vector<EcsServiceRevision>{
            {.arn = "service-revision/8", .task_definition = arn_of("8"), .images = {}},
            {.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
        ecs_.on_task_definition = [](const TaskDefinition& revision) {
            return EcsTaskDefinition{.arn = revision.str(),
                                     .status = "ACTIVE",
                                     .images = {{.container = "app", .image = "1.dkr.ecr.r.amazonaws.com/shop_api:v8"}},
                                     .tags = {}};
        };
        clock_.advance(std::chrono::minutes{30});
    }
    void runs(const std::string& revision) {
        ecs_.on_describe = [revision](const std::vector<EcsServiceName>&) {
            auto primary = deployment("ecs-svc/0", revision, RolloutState::kCompleted);
            primary.created_at -= std::chrono::hours{2};
            return DescribedServices{.services = {service_with({primary})}, .failures = {}};
        };
    }
    /// Of a push so long after the rollout that failed began.
    DeploymentReport pushed(const std::string& repository, Milliseconds after) {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].images = {{.repository = repository, .tag = "v8"}};
        deploy.requests[0].changed_at = start() + after;
        return run(deploy, {.rollback_on_failure = true}).at(0);
    }
};

TEST_F(LeftOutTest, AChangedParameterRedeploysWhatRunsAndSaysWhatItLeftOut) {
    EXPECT_EQ(run_one().task_definition, arn_of("8")) << "only where failures are rolled back";
    const auto report = run_one({.rollback_on_failure = true});
    EXPECT_EQ(report.task_definition, arn_of("7"));
    EXPECT_EQ(report.left_out, arn_of("8"));
    EXPECT_THAT(report.reason, AllOf(HasSubstr("not with shop_service_api_dev:8"), HasSubstr("by its number")));

    auto by_number = deploy_of({"api"});
    by_number.requests[0].task_definition = TaskDefinition(arn_of("8"));
    EXPECT_EQ(run(by_number, {.rollback_on_failure = true}).at(0).task_definition, arn_of("8")) << "a person may";
}

TEST_F(LeftOutTest, ANewerPushOfAnImageOfItTriesItAgain) {
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("8"));
    EXPECT_EQ(pushed("shop_api", -std::chrono::minutes{1}).task_definition, arn_of("7")) << "the push that failed";
    EXPECT_EQ(pushed("shop_other", std::chrono::minutes{20}).task_definition, arn_of("7")) << "another image";
}

TEST_F(LeftOutTest, WhatAPersonHasTakenBackNoPushBringsAgain) {
    ecs_.on_task_definition = [](const TaskDefinition& revision) {
        return EcsTaskDefinition{.arn = revision.str(),
                                 .status = "ACTIVE",
                                 .images = {{.container = "app", .image = "shop_api:v8"}},
                                 .tags = taken_back_by_person(start() + seconds{30})};
    };
    const auto report = pushed("shop_api", std::chrono::minutes{20});
    EXPECT_EQ(report.task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, ANewerRevisionEndsIt) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("9"))}; };
    const auto report = run_one({.rollback_on_failure = true});
    EXPECT_EQ(report.task_definition, arn_of("9"));
    EXPECT_THAT(report.left_out, IsEmpty());
}

TEST_F(LeftOutTest, WithACopyNothingIsDeployedThatCouldNotBringThePushedImage) {
    const auto copy = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev-rollback:3";
    ecs_.on_describe = [&](const std::vector<EcsServiceName>&) {
        auto primary = deployment("ecs-svc/0", "7", RolloutState::kCompleted);
        primary.task_definition = copy;
        return DescribedServices{.services = {service_with({primary})}, .failures = {}};
    };
    ecs_.history = std::vector<EcsServiceDeployment>{};
    for (const bool by_person : {false, true}) {
        ecs_.on_task_definition = [&](const TaskDefinition& revision) {
            const RollbackCopy stands_for{.stands_for = "shop_service_api_dev:7",
                                          .rollback_of = "shop_service_api_dev:8",
                                          .by_person = by_person,
                                          .reason = {},
                                          .bad_since = start()};
            return EcsTaskDefinition{.arn = revision.str(),
                                     .status = "ACTIVE",
                                     .images = {{.container = "app", .image = "shop_api:v8"}},
                                     .tags = revision.str() == copy ? stands_for.tags() : EcsTags{}};
        };
        EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, copy) << "a parameter rolls what runs";
        const auto report = pushed("shop_api", std::chrono::minutes{20});
        if (by_person) {
            EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
            EXPECT_THAT(report.outcome, HasSubstr("held back"));
        } else {
            EXPECT_EQ(report.task_definition, arn_of("8")) << "a new image is a new reason";
        }
    }
}

TEST_F(LeftOutTest, TheSameRevisionWithTheImagesThatFailedIsNotPulledAgain) {
    // A tag moved to a bad image, the forced deployment failed, and ECS went back to the digest before.
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("7"))}; };
    const auto with_digest = [](const std::string& arn, const std::string& digest) {
        return EcsServiceRevision{.arn = arn,
                                  .task_definition = arn_of("7"),
                                  .images = {{.container = "app", .image = "shop_api:latest", .digest = digest}}};
    };
    ecs_.revisions =
        std::vector{with_digest("service-revision/8", "sha256:bad"), with_digest("service-revision/7", "sha256:good")};
    EcsServiceRevision copied;
    ecs_.on_register = [&](const EcsServiceRevision& revision, const TaskFamily& family, const EcsTags& tags) {
        copied = revision;
        EXPECT_TRUE(RollbackCopy::read(tags));
        return TaskDefinition("td/" + family.str() + ":1");
    };
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, "td/shop_service_api_dev-rollback:1");
    EXPECT_EQ(copied.images.at(0).digest, "sha256:good");
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, NothingOlderThanWhatRunsWellIsDeployedWhenThatWasDeregistered) {
    runs("9");
    ecs_.on_task_definition = [](const TaskDefinition& revision) {
        return EcsTaskDefinition{.arn = revision.str(), .status = "INACTIVE", .images = {}, .tags = {}};
    };
    const auto report = run_one();
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                AllOf(HasSubstr("dev:9"), HasSubstr("deregistered"), HasSubstr("by its number")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(LeftOutTest, ListsThatAreLateDoNotTakeTheServiceBack) {
    runs("9");
    EXPECT_EQ(run_one().task_definition, arn_of("9"));
}

TEST_F(LeftOutTest, WhatSomebodyHasLeftForAnOlderRevisionStaysLeft) {
    ecs_.history = std::vector{record("by hand", ServiceDeploymentStatus::kSuccessful, std::chrono::minutes{10}, "7"),
                               record("newer", ServiceDeploymentStatus::kSuccessful, -std::chrono::minutes{10}, "8")};
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, arn_of("7"));
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, DoesNotGuessWhereEcsDoesNotAnswer) {
    ecs_.history = fail(ErrorKind::kServer, "internal failure");
    const auto report = run_one({.max_retries = 0, .rollback_on_failure = true});
    ASSERT_TRUE(report.error) << "a read that fails must not bring the bad revision back";
    EXPECT_THAT(report.error->message, HasSubstr("not known"));
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
    Deployer deployer({}, ecs_, observer_, memory_, clock_, sleeper_, log_.logger);
    for (int event = 0; event < 10; ++event)
        for (const auto& report : deployer.deploy(deploy_of({"api", "worker", "mail"}), Deadline::none()))
            EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    // The calling thread, and a helper for each other service and for the batch.
    EXPECT_LE(threads.size(), 4U);
    EXPECT_TRUE(threads.contains(::gettid()));
}

TEST_F(DeployerTest, LetsTheOthersGoWhenOneFails) {
    ecs_.on_update = [](const UpdateServiceRequest& request, int) -> Result<AcceptedDeployment> {
        if (request.service.str().find("worker") != std::string::npos) return fail(ErrorKind::kRejected, "no");
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
        if (request.service.str().find("worker") != std::string::npos) return fail(ErrorKind::kRejected, "ECS says no");
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

/// What DescribeServices shows: api with this PRIMARY deployment, created so long after the change.
class CoalescingTest : public DeployerTest {
protected:
    static Result<DescribedServices> shows(const std::string& id, Milliseconds after,
                                           const std::string& revision = "42",
                                           RolloutState state = RolloutState::kInProgress) {
        auto primary = deployment(id, revision, state);
        primary.created_at = start() + after;
        return DescribedServices{.services = {service_with({primary})}, .failures = {}};
    }
    static Deploy changed_at_start() {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].changed_at = start();
        return deploy;
    }
    DeploymentReport run_changed(Deployer::Options options = {}, Deadline deadline = Deadline::none()) {
        return run(changed_at_start(), options, deadline).at(0);
    }
    /// The first UpdateService is carried out, or not, but its answer is lost.
    void lose_the_first_answer() {
        ecs_.on_update = [](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
            if (nth == 1)
                return std::unexpected(
                    Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
            return AcceptedDeployment{.deployment_id = "ecs-svc/3", .task_definition = request.task_definition.str()};
        };
    }
};

TEST_F(CoalescingTest, SendsNothingWhereADeploymentBeganAfterTheChange) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    const std::vector<std::pair<RolloutState, std::string>> cases{
        {RolloutState::kInProgress, "already rolling: ecs-svc/7"},
        {RolloutState::kNone, "already rolling: ecs-svc/7"},
        {RolloutState::kCompleted, "already rolled out: ecs-svc/7"}};
    for (const auto& [state, words] : cases) {
        ecs_.on_describe = [&](const auto&) { return shows("ecs-svc/7", seconds(2), "42", state); };
        const auto report = run_changed();
        EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling) << words;
        EXPECT_EQ(to_string(report.status), "ignored");
        EXPECT_EQ(report.outcome, words);
        EXPECT_EQ(report.deployment_id, "ecs-svc/7");
    }
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

/// Revision 43 is registered and deployed by somebody else as soon as this is called.
class ForeignDeploymentTest : public CoalescingTest {
protected:
    ForeignDeploymentTest() {
        ecs_.on_active = [this](const TaskFamily&) { return std::vector{TaskDefinition(arn_of(newest_))}; };
        ecs_.on_describe = [this](const auto&) { return shows(primary_, began_, newest_); };
    }
    void somebody_deploys_43() {
        newest_ = "43";
        primary_ = "ecs-svc/99";
        began_ = std::chrono::duration_cast<Milliseconds>(clock_.now() - start());
    }
    void expect_43_or_nothing(const DeploymentReport& report) const {
        for (const auto& update : ecs_.updates()) EXPECT_NE(update.task_definition.str(), arn_of("42"));
        EXPECT_EQ(report.task_definition, arn_of("43"));
    }
    std::string newest_ = "42";
    std::string primary_ = "ecs-svc/1";
    Milliseconds began_{-60'000};
};

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterTheWaitForABurst) {
    began_ = Milliseconds{500};
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, IsNotUndoneByCoalescing) {
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    expect_43_or_nothing(run_changed({.coalesce = seconds(10)}));
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterAThrottledTry) {
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    ecs_.on_update = [](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
        if (nth == 1) return std::unexpected(throttled());
        return AcceptedDeployment{.deployment_id = "ecs-svc/3", .task_definition = request.task_definition.str()};
    };
    const auto report = run_changed();
    EXPECT_THAT(ecs_.updates(), SizeIs(1)) << "the second try found that 43 has the change";
    EXPECT_EQ(report.task_definition, arn_of("43"));
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterALostAnswer) {
    lose_the_first_answer();
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    const auto report = run_changed();
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(report.task_definition, arn_of("43"));
    EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterTheWaitForEcssQuota) {
    ecs_.on_turn = [&]() -> Status {
        clock_.advance(seconds{20});
        somebody_deploys_43();
        return {};
    };
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, IsNotUndoneWhereEcsListsItsRevisionLate) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_task_definition = [](const TaskDefinition&) -> Result<EcsTaskDefinition> {
        return fail(ErrorKind::kAccessDenied, "no");
    };
    clock_.advance(seconds{20});
    somebody_deploys_43();
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, GivesWayToAPersonWhoNamesARevision) {
    somebody_deploys_43();
    auto by_number = changed_at_start();
    by_number.requests[0].task_definition = TaskDefinition(arn_of("42"));
    EXPECT_EQ(run(by_number).at(0).status, DeploymentStatus::kDeployed);
}

TEST_F(CoalescingTest, ARollbackProvesNothing) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42", RolloutState::kCompleted); };
    ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful, seconds{5}, "43")};
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "by ECS's record";
    ecs_.history = std::vector<EcsServiceDeployment>{};
    ecs_.on_describe = [](const auto&) {
        auto shown = shows("ecs-svc/7", seconds(60), "42", RolloutState::kCompleted);
        shown->services[0].messages = {
            {.at = start() + seconds{60}, .text = "(service x) rolling back to deployment ecs-svc/7."}};
        return shown;
    };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "by the service's messages";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42", RolloutState::kFailed); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "what failed has brought nothing";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42"); };
    ecs_.history = fail(ErrorKind::kServer, "internal failure");
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "rather a rollout too many";
}

TEST_F(CoalescingTest, ARollbackIsNotTakenForTheLostUpdateService) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600), "43") : shows("ecs-svc/2", seconds(0));
    };
    ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackInProgress, seconds{-600}, "43")};
    EXPECT_EQ(run_one().deployment_id, "ecs-svc/3");
}

TEST_F(CoalescingTest, DeploysWhereNothingProvesThatTheChangeIsIn) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(-2)); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "it began before the change";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(60), "41"); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "it runs another revision";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(60)); };
    EXPECT_EQ(run_one().status, DeploymentStatus::kDeployed) << "no time means now";
    ecs_.on_describe = [](const auto&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeServices");
    };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "nobody may look";
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(CoalescingTest, LooksAgainBeforeItDecidesAboutADeploymentOfTheSameMoment) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    for (const auto after : {Milliseconds(-1000), Milliseconds(0), Milliseconds(999), Milliseconds(1999)}) {
        const auto before = ecs_.updates().size();
        auto deploy = changed_at_start();
        deploy.requests[0].changed_at = clock_.now();
        const auto change = clock_.now() - start();
        int looks = 0;
        ecs_.on_describe = [&](const auto&) {
            ++looks;
            return shows("ecs-svc/1", std::chrono::duration_cast<Milliseconds>(change) + after);
        };
        EXPECT_EQ(run(deploy).at(0).status, DeploymentStatus::kDeployed) << after.count();
        EXPECT_EQ(looks, 2) << after.count();
        EXPECT_EQ(ecs_.updates().size(), before + 1);
        clock_.advance(seconds(60));
    }
    EXPECT_THAT(sleeper_.slept(), ::testing::Each(Milliseconds(4000)));
}

TEST_F(CoalescingTest, FindsAtTheSecondLookWhatSomebodyElseHasBegunMeanwhile) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [&](const auto&) {
        return ecs_.describes().size() == 1 ? shows("ecs-svc/1", Milliseconds(500)) : shows("ecs-svc/2", seconds(3));
    };
    EXPECT_EQ(run_changed().outcome, "already rolling: ecs-svc/2");
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(CoalescingTest, RatherDeploysThanWaitsPastTheDeadline) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", Milliseconds(500)); };
    EXPECT_EQ(run_changed({}, Deadline{start() + seconds(5)}).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(CoalescingTest, LetsABurstSettleCountedFromTheEventsOwnTime) {
    clock_.advance(seconds(3));
    run_changed({.coalesce = seconds(10)});
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds(7000)));
    run_changed({.coalesce = seconds(10)});
    run_one({.coalesce = seconds(10)});
    run_changed({.dry_run = true, .coalesce = seconds(60)});
    EXPECT_THAT(sleeper_.slept(), SizeIs(1)) << "later, without a time, and in a dry run nobody waits";
    run_changed({.coalesce = seconds(60)}, Deadline{clock_.now() + seconds(20)});
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds(7000), Milliseconds(10000))) << "half of what is left";
}

TEST_F(CoalescingTest, FindsTheDeploymentWhoseAnswerWasLostInsteadOfStartingASecondOne) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600)) : shows("ecs-svc/2", seconds(0));
    };
    const auto report = run_one();
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(lines_like("", R"("may_start_a_second_rollout":true)"), 0);
}

TEST_F(CoalescingTest, LooksForTheLostAnswerAlsoWhenNoRetryIsLeft) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600)) : shows("ecs-svc/2", seconds(0));
    };
    const auto report = run_one({.max_retries = 0});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
}

TEST_F(CoalescingTest, SendsUpdateServiceAgainWhereEcsShowsNothingThatItBegan) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(-600)); };
    EXPECT_EQ(run_one().deployment_id, "ecs-svc/3");
    EXPECT_THAT(ecs_.updates(), SizeIs(2));
    EXPECT_EQ(lines_like("ECS shows nothing that it began", R"("may_start_a_second_rollout":true)"), 1);
}

}  // namespace
}  // namespace ci_lambda::testing
