#include "announce/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

DeploymentReport started(const std::string& id, const std::string& reason = "a test wants it") {
    return {.target = target(id),
            .status = DeploymentStatus::kDeployed,
            .reason = reason,
            .task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_" + id + "_dev:42",
            .deployment_id = "ecs-svc/1"};
}

DeploymentReport refused(const std::string& id) {
    return {.target = target(id),
            .reason = "a test wants it",
            .error = Error{.kind = ErrorKind::kRejected, .message = "ClientException: TaskDefinition is inactive"}};
}

RolloutOutcome ended(Verdict verdict, bool told_by_ecs = false, bool rolling_back = false) {
    return {.rollout = rollout_to_8(),
            .judgement = {.verdict = verdict, .reason = "3 of 4 tasks run", .told_by_ecs = told_by_ecs},
            .took = minutes{10},
            .rollback = rolling_back ? "ECS goes back to shop_service_api_dev:7" : "",
            .rolling_back = rolling_back};
}

std::vector<Notification> told(const std::vector<DeploymentReport>& reports) {
    std::vector<Notification> all;
    for (const auto& report : reports) all.push_back(notification_of(*fact_of(report), report));
    return all;
}

TEST(Words, TellWhatStartedAndWhy) {
    const auto said = told({started("api")})[0];
    EXPECT_EQ(said.type, NotificationType::kInfo);
    EXPECT_EQ(said.title, "Deployment started: api");
    EXPECT_EQ(said.status, "started");
    EXPECT_EQ(said.service, "api");
    EXPECT_EQ(said.deployment_id, "ecs-svc/1");
    EXPECT_EQ(said.reason, "a test wants it");
}

TEST(Words, TellWhichImageAndWhereThatIsNotWhatWasPushed) {
    auto report = started("api", "image shop_api:v2 was pushed");
    report.images = {{.container = "app", .image = "shop_api:v1", .digest = {}}};
    EXPECT_EQ(told({report})[0].image, "v1");
    EXPECT_EQ(told({report})[0].reason, "image shop_api:v2 was pushed");
    report.not_brought = "api:42 names shop_api:v1, not shop_api:v2, which was pushed";
    EXPECT_EQ(told({report})[0].reason,
              "image shop_api:v2 was pushed\nNot what was pushed: api:42 names shop_api:v1, not shop_api:v2, which was "
              "pushed.");
    EXPECT_EQ(gather(told({report, started("web")})).lines[0].text,
              "api: started, ecs-svc/1, shop_service_api_dev:42, v1: image shop_api:v2 was pushed Not what was pushed: "
              "api:42 names shop_api:v1, not shop_api:v2, which was pushed.");
}

TEST(Words, TellWhatCouldNotStartInEcsOwnWords) {
    const auto said = told({refused("api")})[0];
    EXPECT_EQ(said.type, NotificationType::kError);
    EXPECT_EQ(said.title, "Deployment could not start: api");
    EXPECT_EQ(said.reason, "ClientException: TaskDefinition is inactive\nTried because a test wants it.");
    EXPECT_FALSE(said.deployment_id);
    EXPECT_FALSE(said.task_definition);
}

TEST(Words, TellNothingOfADryRunAndOfWhatRollsAlready) {
    for (const auto status : {DeploymentStatus::kDryRun, DeploymentStatus::kAlreadyRolling}) {
        auto report = started("api");
        report.status = status;
        EXPECT_FALSE(fact_of(report));
    }
}

TEST(Words, LeaveToOthersWhatOthersTell) {
    struct Case {
        RolloutOutcome outcome;
        bool sweeps;
        std::optional<Fact> fact;
    };
    const std::vector<Case> cases{
        {ended(Verdict::kFailed), true, Fact::kFailed},
        {ended(Verdict::kFailed, true), true, std::nullopt},
        {ended(Verdict::kSuperseded), true, Fact::kSuperseded},
        {ended(Verdict::kTimedOut), false, Fact::kTimedOut},
        {ended(Verdict::kTimedOut), true, std::nullopt},
        {ended(Verdict::kTimedOut, false, true), true, Fact::kTimedOut},
        {ended(Verdict::kCompleted), false, std::nullopt},
        {ended(Verdict::kRolledBack), false, std::nullopt},
        {ended(Verdict::kInProgress), false, std::nullopt},
    };
    for (const auto& one : cases)
        EXPECT_EQ(fact_of(one.outcome, one.sweeps), one.fact) << to_string(one.outcome.judgement.verdict);
}

TEST(Words, TellHowARolloutEndedAndWhatIsDoneAboutIt) {
    const auto said = notification_of(Fact::kTimedOut, ended(Verdict::kTimedOut, false, true),
                                      RolloutMemory::Started{.reason = "an image was pushed"});
    EXPECT_EQ(said.type, NotificationType::kError);
    EXPECT_EQ(said.title, "Deployment timed out: api");
    EXPECT_THAT(said.took, Optional(std::string("10 min 0 s")));
    EXPECT_THAT(said.started_because, Optional(std::string("an image was pushed")));
    EXPECT_EQ(said.reason, "3 of 4 tasks run\nRollback: ECS goes back to shop_service_api_dev:7.");
}

TEST(Gather, LeavesASingleServiceAsItIs) {
    const auto announcement = gather(told({refused("api")}));
    EXPECT_EQ(announcement.type, NotificationType::kError);
    EXPECT_EQ(announcement.title, "Deployment could not start: api");
    EXPECT_THAT(announcement.lines, IsEmpty());
}

std::vector<std::string> lines_of(const Announcement& announcement) {
    std::vector<std::string> texts;
    for (const auto& line : announcement.lines) texts.push_back(line.text);
    return texts;
}

TEST(Gather, TellsErrorsFirstAndOneLineAService) {
    const auto announcement = gather(told({started("api"), refused("worker"), started("mail")}));
    EXPECT_EQ(announcement.type, NotificationType::kError) << "the worst of them";
    EXPECT_EQ(announcement.title, "Deployments: 1 could not start, 2 started");
    EXPECT_THAT(lines_of(announcement),
                ElementsAre("worker: could not start: ClientException: TaskDefinition is inactive",
                            "api: started, ecs-svc/1, shop_service_api_dev:42",
                            "mail: started, ecs-svc/1, shop_service_mail_dev:42"));
    EXPECT_EQ(announcement.reason, "a test wants it");
}

TEST(Gather, RepeatsNoReasonThatAllShareAndKeepsThoseThatDiffer) {
    const auto mixed = gather(told({refused("worker"), started("api", "another reason")}));
    EXPECT_THAT(mixed.lines.at(0).text, ::testing::EndsWith("Tried because a test wants it."));
    const auto announcement =
        gather(told({started("api", "image a was pushed"), started("mail", "image b was pushed")}));
    EXPECT_FALSE(announcement.reason);
    EXPECT_THAT(lines_of(announcement),
                ElementsAre("api: started, ecs-svc/1, shop_service_api_dev:42: image a was pushed",
                            "mail: started, ecs-svc/1, shop_service_mail_dev:42: image b was pushed"));
}

TEST(Gather, TellsHowLongItTookAndEcsOwnEvent) {
    const std::vector<Notification> news{
        {.type = NotificationType::kSuccess, .service = "api", .status = "completed", .took = "3 min 20 s"},
        {.type = NotificationType::kWarning,
         .service = "worker",
         .status = "impaired",
         .ecs_event = "SERVICE_TASK_START_IMPAIRED"}};
    const auto announcement = gather(news);
    EXPECT_EQ(announcement.type, NotificationType::kWarning);
    EXPECT_EQ(announcement.title, "Deployments: 1 impaired, 1 completed");
    EXPECT_THAT(lines_of(announcement),
                ElementsAre("worker: impaired (SERVICE_TASK_START_IMPAIRED)", "api: completed after 3 min 20 s"));
}

TEST(Gather, IsASuccessOnlyWhenAllAre) {
    const Notification good{.type = NotificationType::kSuccess, .service = "api", .status = "completed"};
    const Notification info{.type = NotificationType::kInfo, .service = "mail", .status = "superseded"};
    EXPECT_EQ(gather({good, good}).type, NotificationType::kSuccess);
    EXPECT_EQ(gather({good, info}).type, NotificationType::kInfo);
}

}  // namespace
}  // namespace ci_lambda::testing
