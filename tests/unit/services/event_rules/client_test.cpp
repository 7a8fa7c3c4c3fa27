#include "services/event_rules/client.hpp"

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
using ::testing::SizeIs;

constexpr const char* kClusterOfRules = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop";

class EventRulesClientTest : public ::testing::Test {
protected:
    [[nodiscard]] Json body(std::size_t i) const { return *parse_json(http_.requests().at(i).body); }
    [[nodiscard]] std::string operation(std::size_t i) const { return http_.requests().at(i).headers.at(1).value; }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    EventRulesClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

const char* const kTargets = R"({"Targets":[
  {"Id":"queue","Arn":"arn:aws:sqs:eu-west-1:123456789012:q"},
  {"Id":"report","Arn":"arn:aws:ecs:eu-west-1:123456789012:cluster/shop","RoleArn":"role","Input":"{\"a\":1}",
   "InputTransformer":{"InputTemplate":"<x>"},"RetryPolicy":{"MaximumRetryAttempts":7},"NewMember":[1],
   "EcsParameters":{"TaskDefinitionArn":"report:42","TaskCount":2,"Tags":[{"Key":"k","Value":"v"}],"NewOne":true}}]})";

TEST_F(EventRulesClientTest, GivesBackTheWholeTargetWithAnotherTaskDefinition) {
    http_.then(200, kTargets).then(200, R"({"FailedEntryCount":0,"FailedEntries":[]})");
    const GroupedName rule{.group = "bus", .name = "nightly"};
    const auto targets = client_.get(rule, Deadline::none());
    ASSERT_THAT(targets, IsOk());
    ASSERT_THAT(*targets, SizeIs(1)) << "the queue starts no task";
    EXPECT_EQ(targets->front().id, "report");
    EXPECT_EQ(targets->front().task_definition, "report:42");
    ASSERT_THAT(client_.put(rule, targets->front(), "report:43", Deadline::none()), IsOk());

    EXPECT_EQ(http_.requests().front().url.reveal(), "https://events.eu-west-1.amazonaws.com/");
    EXPECT_EQ(operation(0), "AWSEvents.ListTargetsByRule");
    EXPECT_EQ(body(0), Json::parse(R"({"Rule":"nightly","EventBusName":"bus"})"));
    EXPECT_EQ(operation(1), "AWSEvents.PutTargets");
    EXPECT_FALSE(http_.requests().at(1).idempotent);
    auto expected = parse_json(kTargets)->at("Targets").at(1);
    expected["EcsParameters"]["TaskDefinitionArn"] = "report:43";
    EXPECT_EQ(body(1), (Json{{"Rule", "nightly"}, {"EventBusName", "bus"}, {"Targets", {expected}}}));
}

TEST_F(EventRulesClientTest, SeesAFailureInAnAnswerThatLooksGood) {
    const TaskTarget read{.id = "report",
                          .cluster = {},
                          .task_definition = "report:42",
                          .whole = dump_json(parse_json(kTargets)->at("Targets").at(1))};
    const auto put = [&] { return client_.put({.name = "nightly"}, read, "report:43", Deadline::none()); };
    http_
        .then(
            200,
            R"({"FailedEntryCount":1,"FailedEntries":[{"TargetId":"report","ErrorCode":"ConcurrentModificationException","ErrorMessage":"again"}]})")
        .then(
            200,
            R"({"FailedEntryCount":1,"FailedEntries":[{"ErrorCode":"LimitExceededException","ErrorMessage":"5 targets"}]})")
        .then(200, R"({"FailedEntryCount":1})")
        .then(400, R"({"__type":"ConcurrentModificationException"})")
        .then(400, R"({"__type":"ManagedRuleException","message":"managed"})");
    EXPECT_THAT(put(), IsErr(ErrorKind::kBusy, HasSubstr("ConcurrentModificationException: again")));
    EXPECT_THAT(put(), IsErr(ErrorKind::kRejected, HasSubstr("5 targets")));
    EXPECT_THAT(put(), IsErr(ErrorKind::kRejected, HasSubstr("not changed")));
    EXPECT_THAT(put(), IsErr(ErrorKind::kBusy, HasSubstr("ConcurrentModificationException")));
    const auto managed = put();
    EXPECT_THAT(managed, IsErr(ErrorKind::kRejected, HasSubstr("managed")));
    EXPECT_EQ(managed.error().code, "ManagedRuleException");
}

TEST_F(EventRulesClientTest, ListsTheRulesOfAClusterPageByPage) {
    http_.then(200, R"({"RuleNames":["nightly",7],"NextToken":"more"})").then(200, R"({"RuleNames":["hourly"]})");
    const auto rules = client_.of_cluster(kClusterOfRules, Deadline::none());
    ASSERT_THAT(rules, IsOk());
    EXPECT_THAT(*rules, ElementsAre(GroupedName{.name = "nightly"}, GroupedName{.name = "hourly"}));
    EXPECT_EQ(body(1), (Json{{"TargetArn", kClusterOfRules}, {"NextToken", "more"}}));
}

TEST_F(EventRulesClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"no"})");
    EXPECT_THAT(client_.of_cluster(kClusterOfRules, Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("needs events:ListRuleNamesByTarget")));
    EXPECT_THAT(client_.get({.name = "nightly"}, Deadline::none()),
                IsErr(ErrorKind::kAccessDenied,
                      HasSubstr("needs events:ListTargetsByRule on arn:aws:events:eu-west-1:*:rule/nightly")));
    const TaskTarget read{
        .id = "x", .cluster = {}, .task_definition = {}, .whole = R"({"EcsParameters":{"TaskDefinitionArn":"a:1"}})"};
    EXPECT_THAT(client_.put({.group = "bus", .name = "nightly"}, read, "a:2", Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, AllOf(HasSubstr("rule/bus/nightly"), HasSubstr("iam:PassRole"))));
}

}  // namespace
}  // namespace ci_lambda::testing
