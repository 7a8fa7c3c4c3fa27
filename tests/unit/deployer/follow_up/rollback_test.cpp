#include "deployer/follow_up/rollback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployer/revision/choice.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Means = RollbackReport::Means;
using Record = ServiceDeploymentStatus;

class RollbackTest : public RolloutFixture {
protected:
    RollbackTest() {
        ecs_.on_describe = [this](const std::vector<EcsServiceName>&) {
            return DescribedServices{.services = {service_with({deployment(primary_, "8", RolloutState::kFailed)})},
                                     .failures = {}};
        };
        ecs_.history =
            std::vector{record("own", Record::kStopped), record("good", Record::kSuccessful, -minutes{60}, "7"),
                        record("oldest", Record::kSuccessful, -minutes{90}, "6")};
        ecs_.revisions =
            std::vector<EcsServiceRevision>{revision("8", "bad"), revision("7", "good"), revision("6", "older")};
    }
    static EcsServiceRevision revision(const std::string& number, const std::string& digest) {
        return {.arn = "service-revision/" + number,
                .task_definition = arn_of(number),
                .images = {{.container = "app", .image = "shop/api:latest", .digest = "sha256:" + digest}}};
    }
    RollbackReport after(Verdict verdict) {
        return rollback_.roll_back(rollout_to_8(), {.verdict = verdict, .reason = "a test says so"}, Deadline::none());
    }
    [[nodiscard]] int writes() const {
        return static_cast<int>(ecs_.updates().size()) + ecs_.calls("StopServiceDeployment") +
               ecs_.calls("RegisterTaskDefinition");
    }

    std::string primary_ = "ecs-svc/1";
};

TEST_F(RollbackTest, BringsBackTheLastSuccessfulRevisionWithItsDigests) {
    EcsServiceRevision copied;
    EcsTags tags;
    ecs_.on_register = [&](const EcsServiceRevision& revision, const TaskFamily& family, const EcsTags& with) {
        copied = revision;
        tags = with;
        return TaskDefinition("arn:aws:ecs:x:1:task-definition/" + family.str() + ":3");
    };
    const auto report = after(Verdict::kFailed);
    EXPECT_EQ(report.means, Means::kRevision) << report.words;
    EXPECT_EQ(copied.task_definition, arn_of("7"));
    EXPECT_EQ(copied.images[0].digest, "sha256:good");
    ASSERT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_THAT(ecs_.updates()[0].task_definition.str(), ::testing::EndsWith("/shop_service_api_dev-rollback:3"))
        << "the copy must not become the newest revision of the service's own family";
    ASSERT_TRUE(report.rollout);
    EXPECT_TRUE(is_own_rollback(*report.rollout, memory_));
    const auto written = RollbackCopy::read(tags);
    ASSERT_TRUE(written) << "every process finds out what it stands for";
    EXPECT_EQ(written->stands_for, "shop_service_api_dev:7");
    EXPECT_EQ(written->rollback_of, "shop_service_api_dev:8");
    EXPECT_FALSE(written->by_person);
    EXPECT_EQ(written->bad_since, start());
}

TEST_F(RollbackTest, TriesAgainAsOftenAsADeployment) {
    int tries = 0;
    ecs_.on_update = [&](const UpdateServiceRequest& request, int) -> Result<AcceptedDeployment> {
        if (++tries < 3) return fail(tries == 1 ? ErrorKind::kThrottled : ErrorKind::kServer, "not now");
        return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = request.task_definition.str()};
    };
    EXPECT_EQ(after(Verdict::kFailed).means, Means::kRevision);
    EXPECT_THAT(sleeper_.slept(), ::testing::ElementsAre(Milliseconds{5000}, Milliseconds{10000}));
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 1) << "one copy is enough";
    ecs_.on_roll_back = [&](const std::string&) -> Status { return fail(ErrorKind::kThrottled, "Rate exceeded"); };
    const auto report = after(Verdict::kTimedOut);
    EXPECT_EQ(report.means, Means::kNone);
    ASSERT_TRUE(report.error) << "the event is to come again";
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 3);
}

TEST_F(RollbackTest, FindsItsOwnDeploymentWhoseAnswerWasLost) {
    ecs_.on_update = [&](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
            auto back = deployment("ecs-svc/2", "7", RolloutState::kInProgress);
            back.task_definition = "td/shop_service_api_dev-rollback:1";
            return DescribedServices{.services = {service_with({back})}, .failures = {}};
        };
        return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    };
    const auto report = after(Verdict::kFailed);
    EXPECT_EQ(report.means, Means::kRevision) << report.words;
    EXPECT_EQ(report.rollout->deployment_id, "ecs-svc/2");
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
}

TEST_F(RollbackTest, LeavesAloneWhatCompletedOrWasReplacedWhileItWaited) {
    ecs_.on_roll_back = [&](const std::string&) -> Status { return fail(ErrorKind::kThrottled, "Rate exceeded"); };
    ecs_.history = std::vector{record("own", Record::kInProgress)};
    sleeper_.on_sleep = [&] {
        ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
            return DescribedServices{
                .services = {service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)})}, .failures = {}};
        };
    };
    const auto report = after(Verdict::kTimedOut);
    EXPECT_EQ(report.means, Means::kNone);
    EXPECT_THAT(report.words, HasSubstr("completed meanwhile"));
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1);
}

TEST_F(RollbackTest, OfAPersonIsMarkedAsSuch) {
    ecs_.history =
        std::vector{record("own", Record::kInProgress), record("good", Record::kSuccessful, -minutes{60}, "7")};
    EXPECT_EQ(rollback_.roll_back_on_request({.rollout = rollout_to_8(), .rolling = true}, Deadline::none()).means,
              Means::kEcs);
    EXPECT_THAT(ecs_.tags(), ::testing::Contains(::testing::Key(arn_of("8"))));
    EcsTags tags;
    ecs_.on_register = [&](const EcsServiceRevision&, const TaskFamily&, const EcsTags& with) {
        tags = with;
        return TaskDefinition("td/x:1");
    };
    const auto report = rollback_.roll_back_on_request(
        {.rollout = rollout_to_8(), .reason = "errors", .to = TaskDefinition(arn_of("6"))}, Deadline::none());
    EXPECT_EQ(report.means, Means::kRevision) << report.words;
    ASSERT_TRUE(RollbackCopy::read(tags));
    EXPECT_TRUE(RollbackCopy::read(tags)->by_person);
    EXPECT_EQ(RollbackCopy::read(tags)->stands_for, "shop_service_api_dev:6");
    EXPECT_EQ(RollbackCopy::read(tags)->reason, "errors");
}

TEST_F(RollbackTest, InADryRunChangesNothing) {
    for (const bool rolling : {false, true})
        EXPECT_EQ(rollback_
                      .roll_back_on_request({.rollout = rollout_to_8(), .rolling = rolling, .dry_run = true},
                                            Deadline::none())
                      .means,
                  Means::kNone);
    EXPECT_EQ(writes(), 0);
}

TEST_F(RollbackTest, StopsWhatTakesTooLongWithEcsOwnRollback) {
    ecs_.history =
        std::vector{record("own", Record::kInProgress), record("good", Record::kSuccessful, -minutes{60}, "7")};
    std::string stopped;
    ecs_.on_roll_back = [&](const std::string& arn) -> Status {
        stopped = arn;
        return {};
    };
    EXPECT_EQ(after(Verdict::kTimedOut).means, Means::kEcs);
    EXPECT_EQ(stopped, "service-deployment/own");
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(RollbackTest, TakesAConflictAsARollbackUnderWay) {
    ecs_.history = std::vector{record("own", Record::kInProgress)};
    ecs_.on_roll_back = [](const std::string&) -> Status {
        return std::unexpected(Error{.kind = ErrorKind::kRejected, .message = "conflict", .code = "ConflictException"});
    };
    EXPECT_EQ(after(Verdict::kTimedOut).means, Means::kEcs);
}

TEST_F(RollbackTest, LeavesEcsAloneWhenItIsAtItAlready) {
    const auto report = rollback_.roll_back(
        rollout_to_8(), {.verdict = Verdict::kTimedOut, .reason = "", .rolling_back = true}, Deadline::none());
    EXPECT_EQ(report.means, Means::kEcs);
    for (const auto status : {Record::kRollbackInProgress, Record::kRollbackRequested}) {
        ecs_.history = std::vector{record("own", status)};
        EXPECT_EQ(after(Verdict::kFailed).means, Means::kEcs);
    }
    EXPECT_EQ(writes(), 0);
}

TEST_F(RollbackTest, NeverRollsBackARollback) {
    ecs_.history = std::vector{record("own", Record::kRollbackFailed)};
    EXPECT_EQ(after(Verdict::kFailed).means, Means::kNone);

    auto copy = rollout_to_8();
    copy.task_definition = "arn:aws:ecs:x:1:task-definition/shop_service_api_dev-rollback:3";
    EXPECT_EQ(rollback_.roll_back(copy, {.verdict = Verdict::kFailed, .reason = ""}, Deadline::none()).means,
              Means::kNone);

    memory_.remember_started("ecs-svc/1", {.reason = "rollback of 9", .at = start(), .rollback = true});
    EXPECT_EQ(after(Verdict::kTimedOut).means, Means::kNone);
    EXPECT_EQ(writes(), 0);
}

TEST_F(RollbackTest, NeverTouchesANewerDeploymentOfSomebodyElse) {
    primary_ = "ecs-svc/77";
    EXPECT_EQ(after(Verdict::kFailed).means, Means::kNone);
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    ecs_.history = std::vector{record("own", Record::kInProgress)};
    const auto report = after(Verdict::kTimedOut);
    EXPECT_EQ(report.means, Means::kNone);
    EXPECT_THAT(report.words, HasSubstr("left alone"));
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(RollbackTest, HasNothingToGoBackToWhenTheLastSuccessRanTheVerySame) {
    ecs_.revisions =
        std::vector<EcsServiceRevision>{revision("8", "same"), revision("7", "good"), revision("6", "older")};
    ecs_.history = std::vector{record("own", Record::kStopped), record("good", Record::kSuccessful, -minutes{60}, "8"),
                               record("older", Record::kSuccessful, -minutes{90}, "7")};
    const auto report = after(Verdict::kFailed);
    EXPECT_EQ(report.means, Means::kNone);
    EXPECT_THAT(report.words, HasSubstr("nothing to go back to"));
    EXPECT_EQ(writes(), 0);

    const auto asked = rollback_.roll_back_on_request({.rollout = rollout_to_8()}, Deadline::none());
    EXPECT_EQ(asked.means, Means::kRevision) << "a person who asks gets the one before: " << asked.words;
}

TEST_F(RollbackTest, GoesBackByDigestWhenTheSameRevisionRanAnotherImage) {
    ecs_.revisions = std::vector<EcsServiceRevision>{
        {.arn = "service-revision/8", .task_definition = arn_of("8"), .images = revision("8", "bad").images},
        {.arn = "service-revision/8a", .task_definition = arn_of("8"), .images = revision("8", "good").images}};
    auto good = record("good", Record::kSuccessful, -minutes{60});
    good.target_revision = "service-revision/8a";
    ecs_.history = std::vector{record("own", Record::kStopped), good};
    EXPECT_EQ(after(Verdict::kFailed).means, Means::kRevision);
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 1) << "the tag may point to the bad image";
}

TEST_F(RollbackTest, SaysWhyItCannot) {
    const struct {
        std::string why;
        std::function<void(FakeEcs&)> break_it;
        std::string words;
    } cases[] = {
        {"no earlier success", [](FakeEcs& ecs) { ecs.history = std::vector{record("own", Record::kStopped)}; },
         "no earlier rollout"},
        {"not allowed to look",
         [](FakeEcs& ecs) {
             ecs.history = fail(ErrorKind::kAccessDenied, "not authorized: ecs:ListServiceDeployments");
         },
         "ecs:ListServiceDeployments"},
        {"revision forgotten", [](FakeEcs& ecs) { ecs.revisions = std::vector<EcsServiceRevision>{}; }, "forgotten"},
        {"not allowed to register",
         [](FakeEcs& ecs) {
             ecs.on_register = [](const EcsServiceRevision&, const TaskFamily&,
                                  const EcsTags&) -> Result<TaskDefinition> {
                 return fail(ErrorKind::kAccessDenied, "not authorized: iam:PassRole");
             };
         },
         "iam:PassRole"},
    };
    for (const auto& [why, break_it, words] : cases) {
        const auto history = ecs_.history;
        const auto revisions = ecs_.revisions;
        break_it(ecs_);
        const auto report = after(Verdict::kFailed);
        EXPECT_EQ(report.means, Means::kNone) << why;
        EXPECT_THAT(report.words, AllOf(HasSubstr("could not be rolled back"), HasSubstr(words))) << why;
        ecs_.history = history;
        ecs_.revisions = revisions;
    }
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(log_.sink.text(), HasSubstr("rollback failed"));
}

TEST_F(RollbackTest, LeavesAnExpressServiceThatIsOverToPeopleAndNamesTheImage) {
    for (auto& one : *ecs_.revisions) {
        one.express = true;
        one.images[0].digest = "sha256:" + std::string(64, '7');
    }
    ecs_.revisions->at(0).images[0].digest = "sha256:" + std::string(64, '8');
    const auto report = after(Verdict::kFailed);
    EXPECT_EQ(report.means, Means::kNone);
    EXPECT_THAT(report.words, AllOf(HasSubstr("is an Express service"),
                                    HasSubstr("ci_lambda deploy api --image shop/api@sha256:" + std::string(64, '7'))));
    EXPECT_EQ(writes(), 0);
    EXPECT_FALSE(report.error) << "trying again would not help";
}

TEST_F(RollbackTest, NeverUpdatesAnExpressServiceWhoseRevisionsDoNotSaySo) {
    ecs_.on_describe = [this](const std::vector<EcsServiceName>&) {
        auto service = service_with({deployment(primary_, "8", RolloutState::kFailed)});
        service.express = true;
        return DescribedServices{.services = {service}, .failures = {}};
    };
    const auto report = after(Verdict::kFailed);
    EXPECT_EQ(report.means, Means::kNone);
    EXPECT_THAT(report.words, HasSubstr("is an Express service"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(RollbackTest, StopsAnExpressServiceThatTakesTooLongLikeAnyOther) {
    ecs_.history->at(0).status = Record::kInProgress;
    for (auto& one : *ecs_.revisions) one.express = true;
    ecs_.on_describe = [this](const std::vector<EcsServiceName>&) {
        auto service = service_with({deployment(primary_, "8", RolloutState::kInProgress)});
        service.express = true;
        return DescribedServices{.services = {service}, .failures = {}};
    };
    EXPECT_EQ(after(Verdict::kTimedOut).means, Means::kEcs);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1);
}

}  // namespace
}  // namespace ci_lambda::testing
