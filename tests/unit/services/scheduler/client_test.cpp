#include "services/scheduler/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kClusterOfSchedules = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop";

class SchedulerClientTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string url(std::size_t i) const { return http_.requests().at(i).url.reveal(); }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    SchedulerClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

// Every member of GetSchedule's answer in botocore's model, with what nobody knows yet.
constexpr const char* kSchedule = R"~({"Arn":"arn:aws:scheduler:eu-west-1:123456789012:schedule/night/report",
  "GroupName":"night","Name":"report","ScheduleExpression":"cron(0 3 * * ? *)","StartDate":1764547200.5,
  "EndDate":1796083200,"Description":"the report","ScheduleExpressionTimezone":"Europe/Paris","State":"DISABLED",
  "CreationDate":1764374400.0,"LastModificationDate":1764374400.0,"KmsKeyArn":"key","ActionAfterCompletion":"DELETE",
  "FlexibleTimeWindow":{"Mode":"FLEXIBLE","MaximumWindowInMinutes":15},"NewMember":{"a":[1,2]},
  "Target":{"Arn":"arn:aws:ecs:eu-west-1:123456789012:cluster/shop","RoleArn":"role","DeadLetterConfig":{"Arn":"queue"},
    "RetryPolicy":{"MaximumEventAgeInSeconds":3600,"MaximumRetryAttempts":7},"Input":"{\"containerOverrides\":[]}",
    "EcsParameters":{"TaskDefinitionArn":"arn:aws:ecs:eu-west-1:123456789012:task-definition/report:42","TaskCount":2,
      "NetworkConfiguration":{"awsvpcConfiguration":{"Subnets":["a"],"AssignPublicIp":"DISABLED"}},
      "CapacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1,"base":0}],"NewOne":true}}})~";

TEST_F(SchedulerClientTest, GivesBackAllThatItHasReadWithAnotherTaskDefinition) {
    http_.then(200, kSchedule).then(200, R"({"ScheduleArn":"x"})");
    const GroupedName name{.group = "night", .name = "report"};
    const auto read = client_.get(name, Deadline::none());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->cluster, kClusterOfSchedules);
    EXPECT_EQ(read->task_definition, "arn:aws:ecs:eu-west-1:123456789012:task-definition/report:42");
    ASSERT_THAT(client_.put(name, *read, "report:43", Deadline::none()), IsOk());

    EXPECT_EQ(url(0), "https://scheduler.eu-west-1.amazonaws.com/schedules/report?groupName=night");
    EXPECT_EQ(url(1), "https://scheduler.eu-west-1.amazonaws.com/schedules/report");
    const auto sent = http_.requests().at(1);
    EXPECT_EQ(sent.method, "PUT");
    EXPECT_FALSE(sent.idempotent) << "what somebody has changed meanwhile would be lost";
    auto expected = *parse_json(kSchedule);
    for (const auto* member : {"Arn", "CreationDate", "LastModificationDate"}) expected.erase(member);
    expected["Target"]["EcsParameters"]["TaskDefinitionArn"] = "report:43";
    EXPECT_EQ(*parse_json(sent.body), expected);
    EXPECT_THAT(sent.body_in_log(sent.body), Not(HasSubstr("containerOverrides")));
}

TEST_F(SchedulerClientTest, EscapesNamesAndTokens) {
    http_.then(200, R"({"Schedules":[],"NextToken":"a+/="})").then(200, R"({"Schedules":[]})").then(404, "{}");
    EXPECT_THAT(client_.of_cluster(kClusterOfSchedules, Deadline::none()), IsOk());
    (void)client_.get({.group = "a/b", .name = "c d"}, Deadline::none());
    EXPECT_THAT(url(1), ::testing::EndsWith("/schedules?MaxResults=100&NextToken=a%2B%2F%3D"));
    EXPECT_THAT(url(2), ::testing::EndsWith("/schedules/c%20d?groupName=a%2Fb"));
}

TEST_F(SchedulerClientTest, ListsWhatMayStartTasksOnTheClusterPageByPage) {
    const Json here{{"Name", "report"}, {"GroupName", "night"}, {"Target", {{"Arn", kClusterOfSchedules}}}};
    const Json elsewhere{{"Name", "other"}, {"Target", {{"Arn", std::string(kClusterOfSchedules) + "2"}}}};
    const Json itself{{"Name", "call"}, {"Target", {{"Arn", "arn:aws:scheduler:::aws-sdk:ecs:runTask"}}}};
    http_.then(200, dump_json({{"Schedules", {here, elsewhere, 7, Json::object()}}, {"NextToken", "more"}}))
        .then(200, dump_json({{"Schedules", {itself}}}));
    const auto found = client_.of_cluster(kClusterOfSchedules, Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_THAT(*found, ElementsAre(GroupedName{.group = "night", .name = "report"}, GroupedName{.name = "call"}));
}

TEST_F(SchedulerClientTest, ListsAllWithTheTimeOfTheirLastChange) {
    http_.then(200,
               dump_json({{"Schedules",
                           {{{"Name", "a"}, {"Target", {{"Arn", "queue"}}}, {"LastModificationDate", 1764374400.5}},
                            {{"Name", "b"}, {"LastModificationDate", "yesterday"}},
                            {{"Name", "c"}, {"LastModificationDate", 1e300}},
                            {{"Name", "d"}, {"LastModificationDate", -1}},
                            {{"Name", "e"}, {"LastModificationDate", 2.5e11}}}}}));
    const auto all = client_.list(Deadline::none());
    ASSERT_THAT(all, IsOk());
    ASSERT_EQ(all->size(), 5U);
    EXPECT_EQ(all->at(0).target_arn, "queue");
    EXPECT_EQ(all->at(0).changed_at, WallTime{std::chrono::milliseconds{1764374400500}});
    for (std::size_t i = 1; i < all->size(); ++i) EXPECT_EQ(all->at(i).changed_at, std::nullopt) << i;
}

TEST_F(SchedulerClientTest, ListsNamesOfAGroupPageByPage) {
    http_.then(200, R"({"Schedules":[{"Name":"ci_lambda-approval-1-expired","GroupName":"a/b"}],"NextToken":"="})")
        .then(200, R"({"Schedules":[{"Name":"ci_lambda-approval-2-expired","GroupName":"a/b"}]})");
    const auto names = client_.names("a/b", "ci_lambda-approval-", Deadline::none());
    ASSERT_THAT(names, IsOk());
    EXPECT_THAT(*names, ElementsAre(GroupedName{.group = "a/b", .name = "ci_lambda-approval-1-expired"},
                                    GroupedName{.group = "a/b", .name = "ci_lambda-approval-2-expired"}));
    EXPECT_THAT(url(1), ::testing::EndsWith("/schedules?MaxResults=100&ScheduleGroup=a%2Fb&NamePrefix=ci_lambda-"
                                            "approval-&NextToken=%3D"));
}

TEST_F(SchedulerClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(403, R"({"Message":"no"})", {{.name = "x-amzn-errortype", .value = "AccessDeniedException"}});
    const GroupedName name{.group = "night", .name = "report"};
    EXPECT_THAT(client_.of_cluster(kClusterOfSchedules, Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("needs scheduler:ListSchedules on *")));
    EXPECT_THAT(client_.get(name, Deadline::none()),
                IsErr(ErrorKind::kAccessDenied,
                      HasSubstr("needs scheduler:GetSchedule on arn:aws:scheduler:eu-west-1:*:schedule/night/report")));
    const TaskTarget read{.id = {}, .cluster = {}, .task_definition = "report:42", .whole = kSchedule};
    EXPECT_THAT(
        client_.put(name, read, "report:43", Deadline::none()),
        IsErr(ErrorKind::kAccessDenied, AllOf(HasSubstr("scheduler:UpdateSchedule"), HasSubstr("iam:PassRole"))));
}

TEST_F(SchedulerClientTest, TellsAConflictFromWhatDoesNotHeal) {
    const TaskTarget read{.id = {}, .cluster = {}, .task_definition = "report:42", .whole = kSchedule};
    http_.then(409, R"({"Message":"again"})", {{.name = "x-amzn-errortype", .value = "ConflictException"}})
        .then(404, "{}", {{.name = "x-amzn-errortype", .value = "ResourceNotFoundException"}})
        .then(400, "{}", {{.name = "x-amzn-errortype", .value = "ValidationException"}});
    EXPECT_THAT(client_.put({.name = "report"}, read, "report:43", Deadline::none()),
                IsErr(ErrorKind::kBusy, HasSubstr("again")));
    EXPECT_THAT(client_.get({.name = "report"}, Deadline::none()), IsErr(ErrorKind::kNotFound, HasSubstr("")));
    EXPECT_THAT(client_.put({.name = "report"}, read, "report:43", Deadline::none()),
                IsErr(ErrorKind::kRejected, HasSubstr("ValidationException")));
}

TEST_F(SchedulerClientTest, TakesNoOddAnswerForASchedule) {
    for (const std::string odd : {"{}", "7", R"({"Target":null})"}) {
        FakeHttp http;
        http.then(200, odd);
        SchedulerClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        EXPECT_THAT(client.get({.name = "x"}, Deadline::none()), IsErr(ErrorKind::kProtocol, HasSubstr("")));
        EXPECT_THAT(client.of_cluster(kClusterOfSchedules, Deadline::none()),
                    IsErr(ErrorKind::kProtocol, HasSubstr("Schedules")));
    }
}

OneTimeSchedule one_look() {
    return {.name = {.group = "verify", .name = "ci_lambda-verify-7-60"},
            .at = FakeClock().now(),
            .function = "arn:aws:lambda:eu-west-1:123456789012:function:ci_lambda:live",
            .role = "arn:aws:iam::123456789012:role/scheduler",
            .input = R"({"action":"verify"})",
            .description = "ci_lambda watches api"};
}

TEST_F(SchedulerClientTest, MakesAOneTimeScheduleThatIsGoneOnceItHasFired) {
    http_.then(200, R"({"ScheduleArn":"x"})");
    const auto made = client_.create(one_look(), Deadline::none());
    ASSERT_THAT(made, IsOk());
    EXPECT_EQ(*made, OneTimeSchedules::Made::kNow);
    const auto sent = http_.requests().at(0);
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(url(0), "https://scheduler.eu-west-1.amazonaws.com/schedules/ci_lambda-verify-7-60");
    EXPECT_TRUE(sent.idempotent) << "the token says that it is the same";
    EXPECT_EQ(*parse_json(sent.body), *parse_json(R"~({"GroupName":"verify",
        "ScheduleExpression":"at(2026-01-01T10:08:03)","ScheduleExpressionTimezone":"UTC",
        "Description":"ci_lambda watches api","FlexibleTimeWindow":{"Mode":"OFF"},"ActionAfterCompletion":"DELETE",
        "ClientToken":"ci_lambda-verify-7-60",
        "Target":{"Arn":"arn:aws:lambda:eu-west-1:123456789012:function:ci_lambda:live",
          "RoleArn":"arn:aws:iam::123456789012:role/scheduler","Input":"{\"action\":\"verify\"}",
          "RetryPolicy":{"MaximumEventAgeInSeconds":900,"MaximumRetryAttempts":10}}})~"));
}

TEST_F(SchedulerClientTest, TakesAScheduleThatIsThereForMadeAndOneThatIsNotForDeleted) {
    http_.then(409, R"({"Message":"Schedule exists"})", {{.name = "x-amzn-ErrorType", .value = "ConflictException"}})
        .then(404, R"({"Message":"none"})", {{.name = "x-amzn-ErrorType", .value = "ResourceNotFoundException"}})
        .then(403, R"({"Message":"no"})", {{.name = "x-amzn-ErrorType", .value = "AccessDeniedException"}});
    const auto made = client_.create(one_look(), Deadline::none());
    ASSERT_THAT(made, IsOk());
    EXPECT_EQ(*made, OneTimeSchedules::Made::kBefore);
    EXPECT_THAT(client_.remove(one_look().name, Deadline::none()), IsOk());
    EXPECT_EQ(http_.requests().at(1).method, "DELETE");
    EXPECT_EQ(url(1), "https://scheduler.eu-west-1.amazonaws.com/schedules/ci_lambda-verify-7-60?groupName=verify");
    const auto refused = client_.create(one_look(), Deadline::none());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr("(needs scheduler:CreateSchedule on arn:aws:scheduler:eu-west-1:*:schedule/verify/"
                          "ci_lambda-verify-7-60, and iam:PassRole on arn:aws:iam::123456789012:role/scheduler)"));
}

}  // namespace
}  // namespace ci_lambda::testing
