#include "handlers/home.hpp"

#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

const Home kOurs{.account = "123456789012"};

Event push_from(const std::string& account, const std::string& region) {
    return {.envelope = {.account = account, .region = region}, .body = push_to("shop_service_api")};
}

TEST(Home, IsInTheArnOfTheFunction) {
    EXPECT_EQ(Home::of_function("arn:aws:lambda:us-east-1:123456789012:function:ci_lambda").account, "123456789012");
    EXPECT_EQ(Home::of_function("arn:aws-cn:lambda:cn-north-1:012345678901:function:ci_lambda:live").account,
              "012345678901");
    for (const std::string arn :
         {"", "arn:aws:lambda:x", "arn:aws:lambda:us-east-1:123456789012", "arn:aws:lambda:us-east-1::function:f",
          "arn:aws:lambda:us-east-1:12345678901x:function:f", "arn:aws:ecs:us-east-1:123456789012:service:x"})
        EXPECT_EQ(Home::of_function(arn).account, "") << arn;
}

TEST(Home, IgnoresEventsOfAnotherAccountOrRegion) {
    EXPECT_THAT(deployed(decide(push_from("123456789012", "us-east-1"), shop(), kOurs)), ElementsAre("api"));
    EXPECT_EQ(ignored_because(decide(push_from("999999999999", "us-east-1"), shop(), kOurs)),
              "the event is of the account 999999999999, not of 123456789012 (EVENT_ACCOUNTS would name others)");
    EXPECT_EQ(ignored_because(decide(push_from("123456789012", "eu-west-1"), shop(), kOurs)),
              "the event is of the region eu-west-1, not of us-east-1 (EVENT_REGIONS would name others)");
}

TEST(Home, TakesEventsOfTheAccountsAndRegionsThatTheConfigurationNames) {
    const auto config = shop({{"EVENT_ACCOUNTS", "111122223333,999999999999"}, {"EVENT_REGIONS", "eu-west-1"}});
    EXPECT_THAT(deployed(decide(push_from("999999999999", "eu-west-1"), config, kOurs)), ElementsAre("api"));
    EXPECT_THAT(ignored_because(decide(push_from("999999999998", "eu-west-1"), config, kOurs)), HasSubstr("account"));
    EXPECT_THAT(ignored_because(decide(push_from("999999999999", "eu-west-2"), config, kOurs)), HasSubstr("region"));
    EXPECT_THAT(deployed(decide(push_from("123456789012", "us-east-1"), config, kOurs)), ElementsAre("api"))
        << "our own count as well";
}

TEST(Home, ComparesNothingThatNobodyKnows) {
    EXPECT_THAT(deployed(decide(push_from("999999999999", "us-east-1"), shop(), Home{})), ElementsAre("api"));
    EXPECT_THAT(deployed(decide(push_from("", ""), shop(), kOurs)), ElementsAre("api"));
}

TEST(Home, ComparesEveryKindOfEvent) {
    const ManualRequest request{.service = "api", .malformed = "broken, but not ours"};
    const Event manual{.envelope = {.source = "action.deploy", .account = "999999999999"}, .body = request};
    EXPECT_THAT(ignored_because(decide(manual, shop(), kOurs)), HasSubstr("account 999999999999"));
    const Event sweep{.envelope = {.account = "999999999999"}, .body = SweepRequest{.scheduled = true}};
    EXPECT_THAT(ignored_because(decide(sweep, shop(), kOurs)), HasSubstr("account 999999999999"));
    const Event other{.envelope = {.account = "999999999999"}, .body = OtherEvent{"because"}};
    EXPECT_EQ(ignored_because(decide(other, shop(), kOurs)), "because");
}

}  // namespace
}  // namespace ci_lambda::testing
