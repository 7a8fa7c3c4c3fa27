#include <map>
#include <string>
#include <vector>

#include "handlers/home.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

constexpr const char* kTwoTargets =
    R"({"eu":{"region":"us-east-1"},"us":{"region":"us-west-2","role_arn":"arn:aws:iam::111122223333:role/d"}})";
const Home kHub{.account = "123456789012"};

/// The names of those that do something with it.
std::vector<std::string> who_acts(const Event& event, const std::map<std::string, std::string>& more = {}) {
    auto variables = more;
    variables.insert({"TARGETS", kTwoTargets});
    const auto config = shop(variables);
    std::vector<std::string> names;
    for (const auto& target : config.targets.all) {
        const auto decision = decide(event, in_target(config, target), kHub);
        if (!decision || !std::holds_alternative<Ignore>(*decision)) names.push_back(target.name);
    }
    return names;
}

Envelope from(const std::string& account, const std::string& region, const std::string& source = {}) {
    return {.source = source, .account = account, .region = region};
}

EcsServiceEvent completed() {
    return {.event_name = "SERVICE_DEPLOYMENT_COMPLETED",
            .event_type = "INFO",
            .cluster = "shop_cluster_dev",
            .service = "shop_service_api_dev",
            .deployment_id = "ecs-svc/1",
            .reason = {}};
}

TEST(SeveralTargets, AllDeployAPush) {
    const Event push{.envelope = from("123456789012", "us-east-1"), .body = push_to("shop_service_api")};
    EXPECT_THAT(who_acts(push), ElementsAre("eu", "us"));
    const Event away{.envelope = from("111122223333", "us-west-2"), .body = push_to("shop_service_api")};
    EXPECT_THAT(who_acts(away), ElementsAre("eu", "us")) << "where we deploy is not elsewhere";
    const Event strange{.envelope = from("123456789012", "ap-south-1"), .body = push_to("shop_service_api")};
    EXPECT_THAT(who_acts(strange), ElementsAre());
}

TEST(SeveralTargets, HearWhatEcsSaysOfTheirOwnRollouts) {
    EXPECT_THAT(who_acts({.envelope = from("123456789012", "us-east-1"), .body = completed()}), ElementsAre("eu"));
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-west-2"), .body = completed()}), ElementsAre("us"));
}

TEST(SeveralTargets, HearNothingOfRolloutsWhereNobodyDeploys) {
    // The region of one, and the account of the other.
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-east-1"), .body = completed()}), ElementsAre());
    EXPECT_THAT(who_acts({.envelope = from("123456789012", "us-west-2"), .body = completed()}), ElementsAre());
}

TEST(SeveralTargets, AreNotAskedForByPeopleOfTheirAccounts) {
    const ManualRequest request{.service = "api"};
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-west-2", "action.dev"), .body = request}),
                ElementsAre());
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-west-2", "action.dev"), .body = request},
                         {{"EVENT_ACCOUNTS", "111122223333"}}),
                ElementsAre("eu", "us"));
    EXPECT_THAT(who_acts({.envelope = from("123456789012", "us-west-2", "action.dev"), .body = request}),
                ElementsAre("eu", "us"));
}

TEST(SeveralTargets, HaveParametersAndReplicasOfTheirOwn) {
    const ParameterChange change{.operation = "Update", .name = "/dev/shop/api/X"};
    EXPECT_THAT(who_acts({.envelope = from("123456789012", "us-east-1"), .body = change}), ElementsAre("eu"));
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-west-2"), .body = change}), ElementsAre("us"));
    auto replica = push_to("shop_service_api");
    replica.action = "REPLICATE";
    EXPECT_THAT(who_acts({.envelope = from("111122223333", "us-west-2"), .body = replica}), ElementsAre("us"));
}

TEST(SeveralTargets, AllHearOfAParameterWhereNoneOfThemIs) {
    const ParameterChange change{.operation = "Update", .name = "/dev/shop/api/X"};
    EXPECT_THAT(
        who_acts({.envelope = from("123456789012", "ap-south-1"), .body = change}, {{"EVENT_REGIONS", "ap-south-1"}}),
        ElementsAre("eu", "us"));
}

TEST(SeveralTargets, AreNamedByRequests) {
    ManualRequest request{.bare = true, .service = "api"};
    EXPECT_THAT(who_acts({.envelope = {}, .body = request}), ElementsAre("eu", "us"));
    request.targets = {"us"};
    EXPECT_THAT(who_acts({.envelope = {}, .body = request}), ElementsAre("us"));
    request.targets = {"us", "eu"};
    EXPECT_THAT(who_acts({.envelope = {}, .body = request}), ElementsAre("eu", "us"));
}

TEST(SeveralTargets, AreMeantByTheArnOfARevision) {
    const ManualRequest request{
        .bare = true,
        .service = "api",
        .task_definition = "arn:aws:ecs:us-west-2:111122223333:task-definition/shop_service_api_dev:7"};
    EXPECT_THAT(who_acts({.envelope = {}, .body = request}), ElementsAre("us"));
}

TEST(SeveralTargets, SayThatAWrongNameIsNoneOfThem) {
    const auto config = shop({{"TARGETS", kTwoTargets}});
    const ManualRequest request{.bare = true, .service = "api", .targets = {"us", "euu"}};
    for (const auto& target : config.targets.all)
        EXPECT_THAT(decide({.envelope = {}, .body = request}, in_target(config, target), kHub),
                    IsErr(ErrorKind::kInvalidEvent, HasSubstr("names euu, which is none of eu, us; did you mean eu?")));
    EXPECT_THAT(decide({.envelope = {}, .body = request}, shop(), kHub),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("there are none")));
}

TEST(SeveralTargets, GoOnWatchingWhatTheyHaveBegunToWatch) {
    VerifyRequest verify{.service = "api",
                         .deployment_id = "ecs-svc/1",
                         .task_definition = "arn:aws:ecs:us-west-2:111122223333:task-definition/x:7",
                         .started_at = "2026-01-31T09:05:03Z",
                         .at = "2026-01-31T09:05:03Z",
                         .until = "2026-01-31T09:05:03Z",
                         .state = {}};
    EXPECT_THAT(who_acts({.envelope = {}, .body = verify}), ElementsAre("us")) << "by where it ran";
    verify.target = "eu";
    EXPECT_THAT(who_acts({.envelope = {}, .body = verify}), ElementsAre("eu")) << "by name";
    verify.target = "ap";
    EXPECT_THAT(who_acts({.envelope = {}, .body = verify}), ElementsAre()) << "there is no such target any more";
}

TEST(SeveralTargets, AllSweep) {
    EXPECT_THAT(who_acts({.envelope = {}, .body = SweepRequest{}}), ElementsAre("eu", "us"));
}

TEST(OneTarget, TakesEverythingThatIsOurs) {
    const auto config = shop({{"REGIONS", "us-west-2"}});
    const auto one = in_target(config, config.targets.all.front());
    for (const auto* region : {"us-east-1", "us-west-2"})
        EXPECT_THAT(decide({.envelope = from("123456789012", region), .body = completed()}, one, kHub), IsOk())
            << region;
    EXPECT_EQ(one.names.target(ServiceId{"api"})->label(), "api") << "as before where there is one";
}

}  // namespace
}  // namespace ci_lambda::testing
