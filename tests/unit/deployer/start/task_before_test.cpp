#include "deployer/start/task_before.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::SizeIs;
using ::testing::StartsWith;

MATCHER_P(IsOkAndHolds, expected, "") {
    if (!arg.has_value()) *result_listener << "error: " << arg.error().message;
    return arg.has_value() && *arg == expected;
}

/// Tasks as ECS keeps them: each runs for a time, and ends with an exit code.
class LoneTasks final : public EcsTasks {
public:
    explicit LoneTasks(const Clock& clock) : clock_(clock) {}

    Result<std::vector<EcsTask>> tasks_started_by(const ClusterName&, const std::string& started_by,
                                                  Deadline) override {
        ++lists;
        if (list_error) return std::unexpected(*list_error);
        std::vector<EcsTask> all;
        for (const auto& one : kept)
            if (one.request.started_by == started_by) all.push_back(shown(one));
        std::ranges::reverse(all);
        return all;
    }
    Result<EcsTask> run_task(const RunTaskRequest& request, Deadline) override {
        requests.push_back(request);
        if (run_error) return std::unexpected(*run_error);
        for (const auto& one : remembered_tokens)
            if (one.request.client_token == request.client_token) return shown(one);
        for (const auto& one : kept)
            if (one.request.client_token == request.client_token) return shown(one);
        kept.push_back({.request = request, .began = clock_.now(), .exit_code = exit_code, .runs = runs});
        return shown(kept.back());
    }

    struct Kept {
        RunTaskRequest request;
        WallTime began{};
        int exit_code = 0;
        Milliseconds runs{};
    };
    std::vector<Kept> kept;
    std::vector<Kept> remembered_tokens;  // of tasks that ECS shows no longer
    std::vector<RunTaskRequest> requests;
    std::optional<Error> list_error;
    std::optional<Error> run_error;
    int exit_code = 0;
    Milliseconds runs{30'000};
    int lists = 0;

private:
    EcsTask shown(const Kept& one) const {
        const bool over = clock_.now() >= one.began + one.runs;
        EcsTask task{
            .what = {.arn = "arn:aws:ecs:us-east-1:123456789012:task/shop_cluster_dev/" + one.request.client_token},
            .last_status = over ? "STOPPED" : "RUNNING",
            .created_at = one.began,
            .container = one.request.container};
        task.what.task_definition = one.request.task_definition.str();
        if (!over) return task;
        task.what.stop_code = "EssentialContainerExited";
        task.what.stopped_reason = "Essential container in task exited";
        task.what.stopped_at = one.began + one.runs;
        task.what.containers = {{.name = one.request.container, .exit_code = one.exit_code},
                                {.name = "proxy", .exit_code = 143}};
        return task;
    }
    const Clock& clock_;
};

class TaskBeforeTest : public RolloutFixture {
protected:
    TaskBeforeTest() {
        request_.before = ServiceTask{.name = "migrate", .command = {"./migrate", "up"}, .timeout = minutes{15}};
        request_.changed_at = clock_.now();
        ecs_.on_task_definition = [this](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            EcsTaskDefinition definition{.arn = revision.str(), .status = "ACTIVE"};
            definition.images = revision.str().contains("migrations")
                                    ? std::vector<EcsTaskDefinition::Image>{{.container = "job", .image = job_image_}}
                                    : images_;
            return definition;
        };
    }
    TaskBefore before() { return before(request_); }
    TaskBefore before(const DeploymentRequest& request) {
        return TaskBefore({.tasks = &tasks_,
                           .ecs = ecs_,
                           .last_words = nullptr,
                           .clock = clock_,
                           .sleeper = sleeper_,
                           .logger = log_.logger,
                           .on_wait = [this](const EcsTarget& target, WallTime since,
                                             const std::string& words) { waits_.emplace_back(target, since, words); }},
                          request, request.changed_at.value_or(clock_.now()));
    }
    [[nodiscard]] TaskBefore::Plan plan() const {
        return {.placement = R"({"launchType":"FARGATE"})",
                .balanced_container = {},
                .revision = TaskDefinition(arn_of("8")),
                .pushed = pushed_};
    }
    /// To the end, whatever it is.
    Result<bool> run(TaskBefore& one, Deadline deadline = Deadline::none()) {
        for (;;) {
            auto done = one.is_done(plan(), deadline);
            if (!done || *done) return done;
            auto ended = one.wait_for_end(deadline);
            if (!ended || !*ended) return ended;
        }
    }

    DeploymentRequest request_{.target = target("api"), .task_definition = std::nullopt, .reason = "a test"};
    std::vector<EcsTaskDefinition::Image> images_{{.container = "app", .image = "r.example.com/shop_api:v8"}};
    std::string job_image_ = "r.example.com/shop_api:v7";
    std::vector<PushedImage> pushed_;
    LoneTasks tasks_{clock_};
    std::vector<std::tuple<EcsTarget, WallTime, std::string>> waits_;
};

TEST_F(TaskBeforeTest, RunsOnceWhereTheServiceRunsAndIsWaitedFor) {
    auto one = before();
    EXPECT_THAT(run(one), IsOkAndHolds(true));
    ASSERT_THAT(tasks_.requests, SizeIs(1));
    const auto& sent = tasks_.requests[0];
    EXPECT_EQ(sent.task_definition.str(), arn_of("8"));
    EXPECT_EQ(sent.placement, R"({"launchType":"FARGATE"})");
    EXPECT_EQ(sent.container, "app");
    EXPECT_THAT(sent.command, ElementsAre("./migrate", "up"));
    EXPECT_THAT(sent.started_by, AllOf(StartsWith("ci_lambda-before-"), SizeIs(17 + 32)));
    EXPECT_LE(sent.client_token.size(), 64U);
    EXPECT_EQ(sent.environment.at("CI_LAMBDA_TASK"), "migrate");
    EXPECT_THAT(sent.environment.at("CI_LAMBDA_REQUEST"), HasSubstr("\"s\":\"api\""));
    EXPECT_GE(clock_.now() - start(), seconds{30});
}

TEST_F(TaskBeforeTest, WhoWaitsIsToldWhatIsWaitedForAndSinceWhen) {
    auto one = before();
    EXPECT_THAT(run(one), IsOkAndHolds(true));
    ASSERT_THAT(waits_, SizeIs(6)) << "every five seconds of the thirty";
    for (const auto& [target, since, words] : waits_) {
        EXPECT_EQ(target, request_.target);
        EXPECT_EQ(since, start());
        EXPECT_THAT(words, HasSubstr("the task migrate runs before it since"));
    }
}

TEST_F(TaskBeforeTest, ASecondTryAnotherProcessAndARepeatedEventFindTheFirstOne) {
    auto first = before();
    EXPECT_THAT(first.is_done(plan(), Deadline::none()), IsOkAndHolds(false));
    auto second = before();
    EXPECT_THAT(run(second), IsOkAndHolds(true));
    auto third = before();
    EXPECT_THAT(third.is_done(plan(), Deadline::none()), IsOkAndHolds(true));
    EXPECT_THAT(tasks_.kept, SizeIs(1));
}

TEST_F(TaskBeforeTest, AnotherImageAnotherRevisionAndAnotherCommandAreAnotherTask) {
    auto first = before();
    EXPECT_THAT(run(first), IsOkAndHolds(true));
    pushed_ = {{.repository = "shop_api", .tag = "latest", .digest = "sha256:" + std::string(64, 'a')}};
    auto of_a_push = before();
    EXPECT_THAT(run(of_a_push), IsOkAndHolds(true));
    pushed_.clear();
    request_.before->command = {"./migrate", "all"};
    auto of_another_command = before();
    EXPECT_THAT(run(of_another_command), IsOkAndHolds(true));
    EXPECT_THAT(tasks_.kept, SizeIs(3));
}

TEST_F(TaskBeforeTest, WhereItFailsNothingIsDeployedAndTheSameEventDoesNotRunItAgain) {
    tasks_.exit_code = 3;
    for (int i = 0; i < 3; ++i) {  // an event that comes again has the same time
        auto one = before();
        const auto done = run(one);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::kRejected);
        EXPECT_FALSE(done.error().retryable());
        EXPECT_THAT(done.error().message,
                    AllOf(HasSubstr("the task migrate before it failed"),
                          HasSubstr("container app ended with exit code 3"), HasSubstr("nothing is deployed")));
    }
    EXPECT_THAT(tasks_.kept, SizeIs(1));
}

TEST_F(TaskBeforeTest, WhoeverAsksAfterAFailureHasItRunAgain) {
    tasks_.exit_code = 1;
    auto first = before();
    EXPECT_FALSE(run(first));
    clock_.advance(minutes{1});
    tasks_.exit_code = 0;
    request_.changed_at = clock_.now();
    auto again = before();
    EXPECT_THAT(run(again), IsOkAndHolds(true));
    ASSERT_THAT(tasks_.kept, SizeIs(2));
    EXPECT_NE(tasks_.kept[0].request.client_token, tasks_.kept[1].request.client_token);
}

TEST_F(TaskBeforeTest, ItsOwnFailureCountsHoweverTheClocksDiffer) {
    tasks_.exit_code = 1;
    tasks_.runs = seconds{1};
    request_.changed_at = clock_.now() + minutes{5};  // ECS's clock is behind
    auto one = before();
    EXPECT_FALSE(run(one));
    EXPECT_THAT(tasks_.kept, SizeIs(1));
}

TEST_F(TaskBeforeTest, ATokenThatEcsRemembersFromBeforeIsNotTakenForTheTask) {
    auto first = before();
    tasks_.exit_code = 1;
    EXPECT_FALSE(run(first));
    tasks_.remembered_tokens = std::exchange(tasks_.kept, {});  // hours later
    clock_.advance(std::chrono::hours{3});
    tasks_.exit_code = 0;
    request_.changed_at = clock_.now();
    auto again = before();
    EXPECT_THAT(run(again), IsOkAndHolds(true));
    EXPECT_THAT(tasks_.kept, SizeIs(1));
}

TEST_F(TaskBeforeTest, ItIsHandedOnWhereTheTimeIsOverAndNobodyEndsIt) {
    tasks_.runs = minutes{5};
    auto one = before();
    const auto deadline = Deadline::after(clock_, seconds{60});
    EXPECT_THAT(run(one, deadline), IsOkAndHolds(false));
    EXPECT_GE(deadline.remaining(clock_).value(), seconds{4});
    EXPECT_THAT(one.barrier().words, HasSubstr("the task migrate runs before it since"));
    // Whoever hears of its end before that leaves it to the one who waits.
    EXPECT_THAT(tasks_.requests[0].environment.at("CI_LAMBDA_WAITS_UNTIL"), Ne(""));
    clock_.advance(minutes{5});
    auto next = before();
    EXPECT_THAT(next.is_done(plan(), Deadline::none()), IsOkAndHolds(true));
}

TEST_F(TaskBeforeTest, WhatRunsForTooLongIsAnErrorAndGoesOn) {
    tasks_.runs = minutes{60};
    auto one = before();
    const auto done = run(one);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::kRejected);
    EXPECT_THAT(done.error().message, HasSubstr("has not ended after 15 min 0 s; nothing is deployed"));
}

TEST_F(TaskBeforeTest, WhatCannotBeSeenForAMomentIsWaitedForAndWhatMayNotIsAnError) {
    auto one = before();
    EXPECT_THAT(one.is_done(plan(), Deadline::none()), IsOkAndHolds(false));
    tasks_.list_error = Error{.kind = ErrorKind::kThrottled, .message = "slower"};
    EXPECT_THAT(one.wait_for_end(Deadline::after(clock_, minutes{1})), IsOkAndHolds(false));
    tasks_.list_error = Error{.kind = ErrorKind::kAccessDenied, .message = "no"};
    EXPECT_FALSE(one.wait_for_end(Deadline::none()));
    auto refused = before();
    EXPECT_EQ(refused.is_done(plan(), Deadline::none()).error().kind, ErrorKind::kAccessDenied);
    EXPECT_THAT(tasks_.kept, SizeIs(1)) << "nothing is started that may run already";
}

TEST_F(TaskBeforeTest, AFamilyOfItsOwnGetsTheServicesImageOfItsRepository) {
    request_.before->family = TaskFamily("migrations");
    request_.before->command = {};
    ecs_.on_active = [](const TaskFamily& family) -> Result<std::vector<TaskDefinition>> {
        return std::vector{TaskDefinition("td/" + family.str() + ":4")};
    };
    std::map<std::string, std::string> registered;
    ecs_.on_register_with_images = [&](const TaskDefinition& revision, const auto& images, const auto&) {
        registered = images;
        return Result<TaskDefinition>(TaskDefinition("td/migrations:5 of " + revision.str()));
    };
    auto one = before();
    EXPECT_THAT(run(one), IsOkAndHolds(true));
    EXPECT_EQ(registered, (std::map<std::string, std::string>{{"job", "r.example.com/shop_api:v8"}}));
    EXPECT_EQ(tasks_.requests[0].container, "job");
    EXPECT_THAT(tasks_.requests[0].command, IsEmpty());
    EXPECT_THAT(tasks_.requests[0].task_definition.str(), StartsWith("td/migrations:5"));
    job_image_ = "r.example.com/shop_api:v8";
    registered.clear();
    request_.before->container = "job";
    auto same = before();
    EXPECT_THAT(run(same), IsOkAndHolds(true));
    EXPECT_TRUE(registered.empty()) << "it has the image already";
}

TEST_F(TaskBeforeTest, AmongSeveralContainersItIsTheOneThatIsNamedOrTheOneWhoseImageWasPushed) {
    images_.push_back({.container = "proxy", .image = "envoy:v1"});
    auto nobody_knows = before();
    EXPECT_THAT(run(nobody_knows).error().message, HasSubstr("has several containers; say which one"));
    pushed_ = {{.repository = "shop_api", .tag = "v8"}};
    auto of_the_push = before();
    EXPECT_THAT(run(of_the_push), IsOkAndHolds(true));
    EXPECT_EQ(tasks_.requests.back().container, "app");
    request_.before->container = "ghost";
    auto wrong = before();
    EXPECT_THAT(run(wrong).error().message, HasSubstr("has no container ghost"));
}

}  // namespace
}  // namespace ci_lambda::testing
