#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

/// The region that a request is signed for: `Credential=AKID/DATE/REGION/SERVICE/aws4_request`.
std::string region_of(const ServerRequest& request) {
    const auto authorization = request.header("Authorization");
    auto at = authorization.find("Credential=");
    for (int slashes = 0; slashes < 2 && at != std::string::npos; ++slashes) at = authorization.find('/', at + 1);
    return at == std::string::npos ? "" : authorization.substr(at + 1, authorization.find('/', at + 1) - at - 1);
}

std::string operation_of(const ServerRequest& request) {
    const auto target = request.header("X-Amz-Target");
    return target.substr(target.find('.') + 1);
}

/// ECS of every region behind one address, which tells them apart by what requests are signed for.
class SeveralTargetsTest : public AppTest {
protected:
    SeveralTargetsTest() {
        environment_.set("AWS_ENDPOINT_URL", regions_.url());
        environment_.set("AWS_ENDPOINT_URL_ECS", regions_.url());
        environment_.set("AWS_REGION", "eu-west-1");
        environment_.set("REGIONS", "eu-west-1,us-east-1");
    }

    ServerReply answer_in_region(const ServerRequest& request) {
        if (down_.contains(region_of(request)))
            return reply(503, R"({"__type":"ServiceUnavailable","message":"this region is down"})");
        return answer(request);
    }

    /// Regions where this operation was called.
    [[nodiscard]] std::vector<std::string> called(const std::string& operation) const {
        std::vector<std::string> regions;
        for (const auto& request : regions_.requests())
            if (operation_of(request) == operation) regions.push_back(region_of(request));
        return regions;
    }

    std::set<std::string> down_;
    LoopbackServer regions_{[this](const ServerRequest& request) { return answer_in_region(request); }};
};

TEST_F(SeveralTargetsTest, DeploysOneEventInAllOfThem) {
    const auto handled = handle(kManual);
    EXPECT_FALSE(handled.error.has_value()) << handled.error->message;
    EXPECT_EQ(handled.answer.status, "deployed");
    EXPECT_EQ(handled.answer.detail,
              "eu-west-1: ECS accepted the deployment of api. us-east-1: ECS accepted the deployment of api");
    EXPECT_THAT(called("UpdateService"), UnorderedElementsAre("eu-west-1", "us-east-1"));
    EXPECT_THAT(to_json(handled.answer),
                AllOf(HasSubstr(R"("target":"eu-west-1")"), HasSubstr(R"("target":"us-east-1")")));
}

TEST_F(SeveralTargetsTest, TellsInOneMessageWithALineForEach) {
    (void)handle(kManual);
    ASSERT_THAT(slack_messages(), SizeIs(1));
    EXPECT_THAT(slack_messages().front(), AllOf(HasSubstr("api in eu-west-1"), HasSubstr("api in us-east-1")));
}

TEST_F(SeveralTargetsTest, DeploysInTheOthersWhereOneIsDown) {
    down_ = {"us-east-1"};
    const auto handled = handle(kManual);
    EXPECT_EQ(handled.answer.status, "failed");
    ASSERT_TRUE(handled.error.has_value()) << "so that the event comes again";
    EXPECT_THAT(handled.error->message,
                AllOf(HasSubstr("us-east-1: "), HasSubstr("this region is down"), Not(HasSubstr("eu-west-1"))));
    EXPECT_THAT(handled.answer.detail, HasSubstr("eu-west-1: ECS accepted the deployment of api"));
    EXPECT_THAT(slack_messages(), ElementsAre(AllOf(HasSubstr("api in us-east-1"), HasSubstr("api in eu-west-1"))));
}

TEST_F(SeveralTargetsTest, DeploysNothingTwiceWhenTheEventComesAgain) {
    const auto one = app();
    const auto* event =
        R"({"id":"e-1","source":"action.deploy","detail-type":"DEPLOY","time":"2026-01-31T09:05:03Z","detail":{"service":"api"}})";
    down_ = {"us-east-1"};
    EXPECT_TRUE(one->handle(event, Deadline::none()).error.has_value());
    down_ = {};
    const auto again = one->handle(event, Deadline::none());
    EXPECT_FALSE(again.error.has_value());
    EXPECT_THAT(called("UpdateService"), UnorderedElementsAre("eu-west-1", "us-east-1"));
}

TEST_F(SeveralTargetsTest, AsksOnlyTheTargetThatNewsAreOf) {
    std::string news = kCompleted;
    news.insert(1, R"("account":"123456789012","region":"us-east-1",)");
    const auto one = app();
    one->set_home({.account = "123456789012"});
    const auto handled = one->handle(news, Deadline::none());
    EXPECT_EQ(handled.answer.status, "notified");
    EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("us-east-1: "), Not(HasSubstr("eu-west-1"))));
    EXPECT_THAT(called("DescribeServices"), Not(::testing::Contains("eu-west-1")));
    EXPECT_THAT(slack_messages(), ElementsAre(HasSubstr("api in us-east-1")));
}

TEST_F(SeveralTargetsTest, DeploysInTheTargetsThatARequestNames) {
    const auto handled = handle(R"({"service":"api","targets":["us-east-1"]})");
    EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("us-east-1: "), Not(HasSubstr("eu-west-1"))));
    EXPECT_THAT(called("UpdateService"), ElementsAre("us-east-1"));
    EXPECT_THAT(handle(R"({"service":"api","targets":["mars"]})").answer.detail,
                HasSubstr("names mars, which is none of eu-west-1, us-east-1"));
}

TEST_F(SeveralTargetsTest, NamesTheTargetInEveryLogLineOfIt) {
    (void)handle(kManual);
    EXPECT_THAT(log_.sink.text(), HasSubstr(R"("target":"us-east-1")"));
}

TEST_F(SeveralTargetsTest, AreOneWhereOneIsAskedFor) {
    auto one = app({.target = "us-east-1"});
    EXPECT_EQ(one->target(), "us-east-1");
    EXPECT_EQ(one->config().region, "us-east-1");
    (void)one->handle(kManual, Deadline::none());
    EXPECT_THAT(called("UpdateService"), ElementsAre("us-east-1"));
    EXPECT_THAT(App::create({.target = "mars"}, environment_, log_.sink, clock_, sleeper_),
                IsErr(ErrorKind::kConfiguration, HasSubstr("there are: eu-west-1, us-east-1")));
}

TEST_F(SeveralTargetsTest, LookAsBeforeWhereThereIsOnlyOne) {
    environment_.set("REGIONS", "us-east-1");
    const auto handled = handle(kManual);
    EXPECT_EQ(handled.answer.detail, "ECS accepted the deployment of api");
    EXPECT_THAT(to_json(handled.answer), Not(HasSubstr("target")));
    EXPECT_THAT(called("UpdateService"), ElementsAre("us-east-1"));
    EXPECT_THAT(slack_messages(), ElementsAre(Not(HasSubstr("api in"))));
}

}  // namespace
}  // namespace ci_lambda::testing
