#include "cli/reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/log_text.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using testing::arn_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::target;

DeploymentReport report(DeploymentStatus status) {
    return {.target = target("api"),
            .status = status,
            .reason = "a test",
            .task_definition = arn_of("8"),
            .deployment_id = "ecs-svc/1"};
}

DeploymentReport waited(DeploymentStatus status, const std::string& outcome) {
    auto one = report(status);
    one.outcome = outcome;
    one.took = seconds{75};
    return one;
}

Answer answer(DeploymentReport one) { return answer_of({std::move(one)}, {}).answer; }

TEST(WordsOf, SaysWhatWasAcceptedAndWhatWouldBe) {
    EXPECT_THAT(words_of(answer(report(DeploymentStatus::kDeployed))).results,
                ElementsAre("api: deployment accepted by ECS: shop_service_api_dev in shop_cluster_dev with "
                            "shop_service_api_dev:8 (ecs-svc/1)"));
    EXPECT_THAT(words_of(answer(report(DeploymentStatus::kDryRun))).results.front(), HasSubstr("api: would deploy "));
}

TEST(WordsOf, SaysTheLastWordsOfAContainerBelowHowItEnded) {
    auto failed = waited(DeploymentStatus::kRolledBack, "ECS rolled it back");
    failed.last_words = {.container = "app", .exit_code = 1, .lines = {"listening", "fatal: no database"}};
    EXPECT_THAT(words_of(answer(failed)).results, ElementsAre("api: rolled back after 1 min 15 s: ECS rolled it back",
                                                              "api: last words of the container app (exit code 1):",
                                                              "    listening", "    fatal: no database"));
}

TEST(WordsOf, SaysWhatBecameOfTasks) {
    const auto with_task = [](const std::optional<Error>& error) {
        Handled handled{.answer = {.status = "ignored", .detail = {}}};
        add_tasks(handled, {{.id = ServiceId("task:report"),
                             .family = {},
                             .status = error ? TaskStatus::kFailed : TaskStatus::kUpdated,
                             .reason = "a test",
                             .task_definition = {},
                             .moved = {},
                             .outcome = "runs report:43 from now on",
                             .error = error}});
        return handled.answer;
    };
    const auto done = with_task(std::nullopt);
    EXPECT_THAT(words_of(done).results, ElementsAre("task:report: runs report:43 from now on"));
    EXPECT_THAT(words_of(done).problems, IsEmpty());
    EXPECT_TRUE(all_done(done, false));
    const auto failed = with_task(Error{.kind = ErrorKind::kNotFound, .message = "there is no image"});
    EXPECT_THAT(words_of(failed).problems, ElementsAre("task:report: there is no image"));
    EXPECT_FALSE(all_done(failed, false));
}

TEST(WordsOf, SaysAFailureOnceAndAsAProblem) {
    auto failed = report(DeploymentStatus::kFailed);
    failed.error = Error{.kind = ErrorKind::kRejected, .message = "ECS says no"};
    const auto words = words_of(answer(failed));
    EXPECT_THAT(words.results, IsEmpty());
    EXPECT_THAT(words.problems, ElementsAre("api: ECS says no"));
}

TEST(WordsOf, SaysWhatToDoNextWhereTheWaitingEndedBeforeTheRollout) {
    for (const auto status : {DeploymentStatus::kTimedOut, DeploymentStatus::kInProgress}) {
        const auto words = words_of(answer(waited(status, "1 of 2 tasks run")));
        EXPECT_THAT(words.results.front(), HasSubstr("after 1 min 15 s: 1 of 2 tasks run"));
        EXPECT_THAT(words.hints.front(), AllOf(HasSubstr("ci_lambda wait api"), HasSubstr("ci_lambda rollback api")));
    }
    EXPECT_THAT(words_of(answer(waited(DeploymentStatus::kCompleted, "2 of 2 tasks run"))).hints, IsEmpty());
}

TEST(WordsOf, SaysThatTheNewestRevisionWasLeftOutAndThatIsNotDone) {
    auto older = waited(DeploymentStatus::kCompleted, "2 of 2 tasks run");
    EXPECT_TRUE(all_done(answer(older), true));
    older.left_out = arn_of("9");
    EXPECT_FALSE(all_done(answer(older), true)) << "what was asked for is not what runs";
    EXPECT_THAT(
        words_of(answer(older)).hints.front(),
        AllOf(HasSubstr("shop_service_api_dev:8 is not the newest revision: shop_service_api_dev:9 was left out"),
              HasSubstr("--task-definition shop_service_api_dev:9")));
}

TEST(WordsOf, SaysWhatRunsAndWhereThatIsNotWhatWasPushed) {
    auto good = waited(DeploymentStatus::kCompleted, "2 of 2 tasks run");
    good.images = {{.container = "app", .image = "shop_api:v2", .digest = "sha256:" + std::string(64, 'a')}};
    EXPECT_THAT(words_of(answer(good)).results,
                ElementsAre("api: completed after 1 min 15 s: 2 of 2 tasks run; runs v2@sha256:aaaaaaaaaaaa"));
    auto other = good;
    other.status = DeploymentStatus::kAnotherImage;
    EXPECT_FALSE(all_done(answer(other), true)) << "what was pushed is not what runs";
    EXPECT_THAT(words_of(answer(other)).results.front(), HasSubstr("completed with another image after"));
    EXPECT_EQ(answer(other).status, "completed_with_another_image");
    auto begun = report(DeploymentStatus::kDeployed);
    begun.not_brought = "api:8 names shop_api:v1, not shop_api:v2, which was pushed";
    EXPECT_THAT(words_of(answer(begun)).hints.front(), AllOf(HasSubstr("api:8 names"), HasSubstr("ECR_DEPLOY_MODE")));
    EXPECT_THAT(to_json(answer(begun)), HasSubstr(R"("warning":"api:8 names)"));
    EXPECT_THAT(to_json(answer(good)), HasSubstr(R"("images":[{"container":"app","image":"shop_api:v2","digest":")"));
}

TEST(AllDone, IsCompletedWhereSomebodyWaitedAndAcceptedWhereNobodyDid) {
    EXPECT_TRUE(all_done(answer(report(DeploymentStatus::kDeployed)), false));
    EXPECT_FALSE(all_done(answer(report(DeploymentStatus::kDeployed)), true));
    EXPECT_FALSE(all_done(answer(waited(DeploymentStatus::kRolledBack, "x")), true));
    EXPECT_TRUE(all_done(answer(report(DeploymentStatus::kDryRun)), false));
    EXPECT_FALSE(all_done(Answer{}, true));
}

TEST(Farewell, SaysThatTheRolloutGoesOnAndHowToFollowIt) {
    EXPECT_THAT(farewell({"api", "worker"}),
                AllOf(HasSubstr("ECS goes on with api, worker"), HasSubstr("ci_lambda wait api worker\n")));
}

TEST(LogSentence, TellsAPersonWhatAWarningSays) {
    EXPECT_EQ(log_sentence(R"({"level":"warn","message":"deployment retry: it failed","fields":{"service":"api",)"
                           R"("error":"Rate exceeded","wait_ms":5000,"attempt":1}})"),
              "note: api: deployment retry: it failed (Rate exceeded; again in 5 s)");
    EXPECT_EQ(log_sentence(R"({"level":"warn","message":"seen in part","fields":{"error":"no","needs":"ecs:X"}})"),
              "note: seen in part (no; it needs ecs:X)");
    EXPECT_EQ(log_sentence("no json"), "no json");
}

TEST(LogSentence, LeavesOutWhatTheCommandSaysItself) {
    EXPECT_FALSE(log_sentence(R"({"level":"error","message":"deployment failed: it could not start","fields":{}})"));
    EXPECT_FALSE(log_sentence(R"({"level":"error","message":"rollout watched","fields":{}})"));
    EXPECT_FALSE(log_sentence(R"({"level":"warn","message":"image not checked","fields":{"reason":"x"}})"));
    EXPECT_TRUE(log_sentence(R"({"level":"warn","message":"notification lost: x","fields":{}})"));
}

TEST(LogSentence, ShowsAllFieldsAtDebug) {
    EXPECT_EQ(log_sentence(R"({"level":"debug","message":"http","fields":{"status":200,"url":"x"}})"),
              "debug: http status=200 url=x");
}

TEST(Words, SayOfADryRunWhichImagesWouldBeRegistered) {
    DeploymentReport report{.status = DeploymentStatus::kDryRun};
    report.target.id = ServiceId("api");
    report.target.service = EcsServiceName("shop_service_api_dev");
    report.target.cluster = ClusterName("shop");
    report.registration = Registration{.base = TaskDefinition("arn:aws:ecs:r:a:task-definition/api:42"),
                                       .changes = {{.container = "app", .from = "repo:v1", .to = "repo:v2@sha256:aa"}}};
    report.notes = {"nobody has looked"};
    const auto words = words_of({.status = "dry_run", .detail = {}, .deployments = {report}});
    EXPECT_THAT(words.results, ElementsAre("api: would register a copy of api:42 with app = repo v2@sha256:aa (now "
                                           "v1), and deploy it: shop_service_api_dev in shop"));
    EXPECT_THAT(words.hints, ElementsAre("api: nobody has looked"));
}

TEST(AllDone, IsTrueWhereTheImageThatAPersonWantsRunsAlready) {
    DeploymentReport report{.status = DeploymentStatus::kAlreadyRolling};
    EXPECT_FALSE(all_done({.status = "ignored", .detail = {}, .deployments = {report}}, false));
    report.has_what_was_wanted = true;
    EXPECT_TRUE(all_done({.status = "ignored", .detail = {}, .deployments = {report}}, false));
}

}  // namespace
}  // namespace ci_lambda::cli
