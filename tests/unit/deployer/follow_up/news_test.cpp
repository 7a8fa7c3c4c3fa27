#include "deployer/follow_up/news.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;
using Record = ServiceDeploymentStatus;

Notify notice(const std::string& name, NoticeLevel level, const std::string& status) {
    return {.level = level,
            .service = ServiceId("api"),
            .event_name = "SERVICE_DEPLOYMENT_" + name,
            .status = status,
            .deployment_id = "ecs-svc/1",
            .reason = "what ECS says"};
}

Notify completed() { return notice("COMPLETED", NoticeLevel::kSuccess, "completed"); }
Notify failed_notice() { return notice("FAILED", NoticeLevel::kError, "failed"); }

class NewsTest : public RolloutFixture {
protected:
    NewsTest() { show({deployment("ecs-svc/1", "8", RolloutState::kCompleted)}); }
    void show(const std::vector<EcsDeployment>& deployments, bool breaker = false) {
        ecs_.on_describe = [=](const std::vector<EcsServiceName>&) {
            auto service = service_with(deployments);
            service.configuration.breaker_rolls_back = breaker;
            return DescribedServices{.services = {service}, .failures = {}};
        };
    }
    std::optional<Notification> tell(const Notify& what, bool roll_back = false,
                                     Milliseconds after = minutes{3} + seconds{20}) {
        RolloutNews news({.timeout = minutes{10}, .roll_back = roll_back}, observer_, rollback_, memory_,
                         revision_images_);
        last_ = news.tell(what, target("api"), start() + after, Deadline::none());
        return last_.notification;
    }
    RolloutNews::News last_;
};

TEST_F(NewsTest, SaysHowLongItTookAndWhoTriggeredIt) {
    memory_.remember_started("ecs-svc/1", {.reason = "image shop_service_api:v8 was pushed", .at = start()});
    const auto told = tell(completed());
    ASSERT_TRUE(told);
    EXPECT_EQ(told->type, NotificationType::kSuccess);
    EXPECT_EQ(told->title, "Deployment completed: api");
    EXPECT_THAT(told->took, Optional(std::string("3 min 20 s")));
    EXPECT_THAT(told->started_because, Optional(std::string("image shop_service_api:v8 was pushed")));
    EXPECT_THAT(told->task_definition, Optional(arn_of("8")));
}

class ImageNewsTest : public NewsTest {
protected:
    ImageNewsTest() {
        ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
            auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)});
            service.revisions = {"arn:service-revision/1"};
            return DescribedServices{.services = {service}, .failures = {}};
        };
    }
    void runs(char digit) {
        ecs_.revisions = std::vector<EcsServiceRevision>{
            {.arn = "arn:service-revision/1",
             .task_definition = arn_of("8"),
             .images = {{.container = "app", .image = "shop_api:v1", .digest = digest(digit)}}}};
    }
    static std::string digest(char digit) { return "sha256:" + std::string(64, digit); }
    void push(char digit) {
        memory_.remember_started("ecs-svc/1",
                                 {.reason = "image shop_api:v2 was pushed",
                                  .at = start(),
                                  .pushed = {{.repository = "shop_api", .tag = "v2", .digest = digest(digit)}}});
    }
};

TEST_F(ImageNewsTest, SaysWhatRuns) {
    runs('a');
    const auto told = tell(completed());
    EXPECT_EQ(told->type, NotificationType::kSuccess);
    EXPECT_EQ(told->image, "v1@sha256:aaaaaaaaaaaa");
}

TEST_F(ImageNewsTest, DoesNotSayCompletedWhereSomethingElseRunsThanWasPushed) {
    runs('a');
    push('b');
    const auto told = tell(completed());
    EXPECT_EQ(told->type, NotificationType::kWarning);
    EXPECT_EQ(told->title, "Deployment completed with another image: api");
    EXPECT_THAT(*told->reason, HasSubstr("api runs shop_api:v1 (sha256:aaaaaaaaaaaa), not shop_api:v2 "
                                         "(sha256:bbbbbbbbbbbb), which was pushed"));
}

TEST_F(ImageNewsTest, NamesAllTagsOfTheImageThatWasPushed) {
    runs('a');
    push('a');
    const auto told = tell(completed());
    EXPECT_EQ(told->type, NotificationType::kSuccess);
    EXPECT_EQ(told->image, "v1,v2@sha256:aaaaaaaaaaaa");
}

TEST_F(ImageNewsTest, AnotherProcessKnowsWhatWasPushedByTheTagsOfTheRevision) {
    runs('a');
    ecs_.on_task_definition = [](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
        return EcsTaskDefinition{.arn = revision.str(),
                                 .status = "ACTIVE",
                                 .images = {{.container = "app", .image = "shop_api:v2"}},
                                 .tags = {{"ci_lambda:image", "shop_api:v2@" + digest('b')},
                                          {"ci_lambda:pushed-at/app", format_rfc3339(start())}}};
    };
    EXPECT_EQ(tell(completed())->status, "completed") << "where no revision is registered, none is read";
    EXPECT_EQ(ecs_.calls("DescribeTaskDefinition"), 0);
    RolloutNews news({.registers = true}, observer_, rollback_, memory_, revision_images_);
    const auto told = news.tell(completed(), target("api"), start() + minutes{9}, Deadline::none()).notification;
    EXPECT_EQ(told->status, "completed with another image");
}

TEST_F(NewsTest, CallsTheEndOfARollbackARollback) {
    show({deployment("ecs-svc/1", "7", RolloutState::kCompleted)});
    ecs_.history = std::vector{record("bad", Record::kRollbackSuccessful, -minutes{4})};
    auto bad_task = stopped_task("TaskFailedToStart", "CannotPullContainerError: not found");
    bad_task.started_by = "ecs-svc/0";
    ecs_.tasks = std::vector{bad_task};
    const auto told = tell(completed());
    ASSERT_TRUE(told);
    EXPECT_EQ(told->type, NotificationType::kWarning);
    EXPECT_EQ(told->status, "rolled back");
    EXPECT_THAT(*told->reason, AllOf(HasSubstr("shop_service_api_dev:7 runs again"), HasSubstr("CannotPull")));
}

TEST_F(NewsTest, KnowsItsOwnRollback) {
    auto own = deployment("ecs-svc/1", "7", RolloutState::kCompleted);
    own.task_definition = "arn:aws:ecs:x:1:task-definition/shop_service_api_dev-rollback:3";
    show({own});
    ecs_.history = std::vector{record("own", Record::kSuccessful)};
    EXPECT_EQ(tell(completed())->status, "rolled back");
}

TEST_F(NewsTest, WithoutRecordsKnowsARollbackByTheServicesMessages) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "no");
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        auto service = service_with({deployment("ecs-svc/1", "7", RolloutState::kCompleted)});
        service.messages = {{.at = start(), .text = "(service x) rolling back to deployment ecs-svc/1."}};
        return DescribedServices{.services = {service}, .failures = {}};
    };
    EXPECT_EQ(tell(completed())->status, "rolled back");
}

TEST_F(NewsTest, NamesTheFailingTasksOwnWords) {
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)}, true);
    ecs_.tasks = std::vector{stopped_task("TaskFailedToStart", "CannotPullContainerError: not found")};
    ecs_.history =
        std::vector{record("own", Record::kRollbackInProgress), record("good", Record::kSuccessful, -minutes{60}, "7")};
    const auto told = tell(failed_notice());
    EXPECT_EQ(told->type, NotificationType::kError);
    EXPECT_THAT(*told->reason, AllOf(HasSubstr("CannotPullContainerError"), HasSubstr("what ECS says"),
                                     HasSubstr("ECS rolls it back")));
}

class SaidBefore final : public LogEvents {
public:
    Result<std::vector<std::string>> latest(const LogStream& stream, std::size_t, Deadline) override {
        streams.push_back(stream.name);
        return std::vector<std::string>{"fatal: no database"};
    }
    std::vector<std::string> streams;
};

class LastWordsNewsTest : public NewsTest {
protected:
    LastWordsNewsTest() {
        ecs_.on_task_definition = [](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            EcsTaskDefinition definition{.arn = revision.str()};
            definition.logs = {{.container = "app", .group = "/ecs/api", .stream_prefix = "ecs", .region = ""}};
            return definition;
        };
        auto task = stopped_task("EssentialContainerExited", "Essential container in task exited",
                                 {{.name = "app", .exit_code = 1}});
        task.arn = "task/c/17";
        task.task_definition = arn_of("8");
        ecs_.tasks = std::vector{task};
    }
    std::optional<Notification> hear(const Notify& what) {
        RolloutNews news({.timeout = minutes{10}}, speaking_, rollback_, memory_, revision_images_);
        return news.tell(what, target("api"), start() + minutes{3}, Deadline::none()).notification;
    }
    SaidBefore logs_;
    LastWordsReader reader_{{.lines = 20, .region = "us-east-1"}, ecs_, logs_, clock_, log_.logger};
    RolloutObserver speaking_{ecs_, clock_, sleeper_, log_.logger, &reader_};
};

TEST_F(LastWordsNewsTest, StandInTheMessageOfAFailureOnceAndNotInThatOfASuccess) {
    EXPECT_FALSE(hear(completed())->excerpt);
    EXPECT_THAT(logs_.streams, IsEmpty()) << "what is fine costs no call";
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    const auto told = hear(failed_notice());
    ASSERT_TRUE(told && told->excerpt);
    EXPECT_EQ(told->excerpt->title, "last words of the container app (exit code 1)");
    EXPECT_THAT(told->excerpt->lines, ::testing::ElementsAre("fatal: no database"));
    EXPECT_THAT(logs_.streams, ::testing::ElementsAre("ecs/app/17"));
}

TEST_F(LastWordsNewsTest, OfARollbackAreThoseOfWhatWasTakenBack) {
    show({deployment("ecs-svc/0", "7", RolloutState::kCompleted)});
    ecs_.history = std::vector{record("own", Record::kRollbackSuccessful, {}, "8")};
    auto notice_of_old = completed();
    notice_of_old.deployment_id = "ecs-svc/0";
    const auto told = hear(notice_of_old);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->status, "rolled back");
    ASSERT_TRUE(told->excerpt);
    EXPECT_THAT(logs_.streams, ::testing::ElementsAre("ecs/app/17"));
}

TEST_F(NewsTest, DoesNotPromiseARollbackWhereThereIsNothingToGoBackTo) {
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)}, true);
    EXPECT_THAT(*tell(failed_notice())->reason,
                AllOf(HasSubstr("nothing that ECS could go back to"), Not(HasSubstr("rolls it"))));
}

TEST_F(NewsTest, AGoodRolloutSoonAfterARollbackIsNotToldAsOne) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "no");
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)});
        service.messages = {{.at = start() - seconds{20}, .text = "(service x) rolling back to deployment ecs-svc/0."}};
        return DescribedServices{.services = {service}, .failures = {}};
    };
    EXPECT_EQ(tell(completed())->status, "completed");
}

TEST_F(NewsTest, ReadsAgainBeforeItSaysCompleted) {
    int reads = 0;
    show({deployment("ecs-svc/1", "7", RolloutState::kCompleted)});
    const auto shown = ecs_.on_describe;
    ecs_.on_describe = [&, shown](const std::vector<EcsServiceName>& names) -> Result<DescribedServices> {
        if (++reads == 1) return fail(ErrorKind::kThrottled, "Rate exceeded");
        return shown(names);
    };
    ecs_.history = std::vector{record("bad", Record::kRollbackSuccessful, -minutes{4})};
    EXPECT_EQ(tell(completed())->status, "rolled back");
}

TEST_F(NewsTest, SaysThatItDoesNotKnowWhetherARollbackCompleted) {
    ecs_.history = fail(ErrorKind::kServer, "internal failure");
    const auto told = tell(completed());
    ASSERT_TRUE(told);
    EXPECT_EQ(told->type, NotificationType::kInfo) << "no green check for what may be a rollback";
    EXPECT_THAT(*told->reason, HasSubstr("not known"));
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kServer, "internal failure");
    };
    EXPECT_THAT(*tell(completed(), false, minutes{30})->reason, HasSubstr("not known"));
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kProtocol, "a page of a proxy");
    };
    EXPECT_THAT(*tell(completed(), false, minutes{60})->reason, HasSubstr("not known"));
}

TEST_F(NewsTest, ARollbackThatCouldNotBeginIsToComeAgain) {
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    ecs_.history = std::vector{record("own", Record::kStopped), record("good", Record::kSuccessful, -minutes{60}, "7")};
    ecs_.revisions =
        std::vector<EcsServiceRevision>{{.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
    bool heals = false;
    ecs_.on_update = [&](const UpdateServiceRequest& request, int) -> Result<AcceptedDeployment> {
        if (!heals) return fail(ErrorKind::kThrottled, "Rate exceeded");
        return AcceptedDeployment{.deployment_id = "ecs-svc/2", .task_definition = request.task_definition.str()};
    };
    EXPECT_TRUE(tell(failed_notice(), true));
    EXPECT_TRUE(last_.rollback_error);
    EXPECT_THAT(ecs_.updates(), SizeIs(3)) << "as often as a deployment is tried";
    heals = true;
    EXPECT_FALSE(tell(failed_notice(), true)) << "it is told once";
    EXPECT_FALSE(last_.rollback_error);
    EXPECT_THAT(last_.rollback, HasSubstr("is deployed again"));
}

TEST_F(NewsTest, LeavesAFailureAsItIsWhereNoRollbackIsWanted) {
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    ecs_.history = std::vector{record("own", Record::kStopped), record("good", Record::kSuccessful, -minutes{60}, "7")};
    ecs_.revisions =
        std::vector<EcsServiceRevision>{{.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
    EXPECT_THAT(*tell(failed_notice())->reason, Not(HasSubstr("Rollback")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(NewsTest, RollsAFailureBackAndSaysToWhat) {
    show({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    ecs_.history = std::vector{record("own", Record::kStopped), record("good", Record::kSuccessful, -minutes{60}, "7")};
    ecs_.revisions =
        std::vector<EcsServiceRevision>{{.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
    const auto told = tell(failed_notice(), true);
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_THAT(*told->reason, HasSubstr("shop_service_api_dev:7 is deployed again"));
}

TEST_F(NewsTest, DoesNotActOnAFailureThatIsHistory) {
    show({deployment("ecs-svc/2", "9", RolloutState::kInProgress),
          deployment("ecs-svc/1", "8", RolloutState::kFailed, "ACTIVE")});
    tell(failed_notice(), true);
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(NewsTest, SaysNothingTwice) {
    EXPECT_TRUE(tell(completed()));
    EXPECT_FALSE(tell(completed())) << "ECS sends this under two detail-types";
    EXPECT_FALSE(tell(completed(), false, minutes{3} + seconds{22})) << "and not within the same second";
}

TEST_F(NewsTest, TellsTheSameDeploymentAgainWhenARollbackBringsItBack) {
    EXPECT_EQ(tell(completed())->status, "completed");
    ecs_.history = std::vector{record("bad", Record::kRollbackSuccessful, minutes{20}, "9")};
    const auto again = tell(completed(), false, minutes{30});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, "rolled back");
}

TEST_F(NewsTest, TellsTheLastWordAlsoWhereARollbackIsDoneWithinAMinute) {
    ASSERT_TRUE(tell(completed(), false, minutes{3}));
    auto begun = notice("IN_PROGRESS", NoticeLevel::kWarning, "rolling back");
    ASSERT_TRUE(tell(begun, false, minutes{3} + seconds{20}));
    EXPECT_FALSE(tell(completed(), false, minutes{3})) << "sent twice, and late";
    EXPECT_FALSE(tell(begun, false, minutes{3} + seconds{20})) << "sent twice";
    ecs_.history = std::vector{record("bad", Record::kRollbackSuccessful, minutes{3}, "9")};
    const auto again = tell(completed(), false, minutes{3} + seconds{40});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, "rolled back");
    EXPECT_FALSE(tell(completed(), false, minutes{3} + seconds{40})) << "sent twice";
}

TEST_F(NewsTest, TheStartOfItsOwnDeploymentIsNotToldAndMakesNoNewsOfTheSameEnd) {
    memory_.remember_started("ecs-svc/1", {.reason = "because", .at = start()});
    const auto begun = notice("IN_PROGRESS", NoticeLevel::kInfo, "in progress");
    EXPECT_FALSE(tell(begun, false, minutes{2}));
    EXPECT_TRUE(tell(completed(), false, minutes{3}));
    EXPECT_FALSE(tell(begun, false, minutes{2}));
    EXPECT_FALSE(tell(completed(), false, minutes{3}));
}

TEST_F(NewsTest, LeavesTheStartToTheOneWhoStarted) {
    const auto begun = notice("IN_PROGRESS", NoticeLevel::kInfo, "in progress");
    memory_.remember_started("ecs-svc/1", {.reason = "x", .at = start()});
    EXPECT_FALSE(tell(begun));
    auto back = notice("IN_PROGRESS", NoticeLevel::kWarning, "rolling back");
    EXPECT_TRUE(tell(back)) << "that is another fact";
}

TEST_F(NewsTest, TellsWhatEcsSaidWhenItCannotLook) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "no");
    };
    const auto told = tell(failed_notice(), true);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->status, "failed");
    EXPECT_THAT(*told->reason, HasSubstr("what ECS says"));
}

}  // namespace
}  // namespace ci_lambda::testing
