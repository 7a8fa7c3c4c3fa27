#include "discovery/index.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

std::string revision(const std::string& family, int number = 1) {
    return fmt::format("arn:aws:ecs:us-east-1:123456789012:task-definition/{}:{}", family, number);
}

EcsService service_of(const std::string& name, EcsTags tags = {}) {
    return {
        .name = EcsServiceName(name), .status = "ACTIVE", .task_definition = revision(name), .tags = std::move(tags)};
}

/// Some clusters, looked at in time that a test moves.
class DiscoveryIndexTest : public ::testing::Test {
protected:
    DiscoveryIndexTest() {
        ecs.on_list_of = [this](const ClusterName& cluster) -> Result<std::vector<EcsServiceName>> {
            if (down.contains(cluster.str())) return fail(ErrorKind::kServer, "ecs ListServices: 503");
            std::vector<EcsServiceName> names;
            for (const auto& service : clusters[cluster.str()]) names.push_back(service.name);
            return names;
        };
        ecs.on_describe = [this](const std::vector<EcsServiceName>& names) -> Result<DescribedServices> {
            DescribedServices described;
            for (const auto& name : names) {
                if (undescribed.contains(name.str())) return fail(ErrorKind::kServer, "ecs DescribeServices: 503");
                for (const auto& [cluster, services] : clusters)
                    for (const auto& service : services)
                        if (service.name == name) described.services.push_back(service);
            }
            return described;
        };
        ecs.on_revision = [this](const TaskDefinition& arn) -> Result<DescribedRevision> {
            if (const auto found = unreadable.find(arn.str()); found != unreadable.end())
                return fail(found->second, "ecs DescribeTaskDefinition: no");
            return described(arn);
        };
    }

    [[nodiscard]] DescribedRevision described(const TaskDefinition& arn) const {
        const auto image = image_of(arn.str());
        return {.definition = {.arn = arn.str(), .images = {{"app", image}}, .tags = revision_tags},
                .references = {.images = {image}, .values = {}, .files = {}}};
    }

    static std::string image_of(const std::string& arn) {
        const auto family = arn.substr(arn.find('/') + 1);
        return "123456789012.dkr.ecr.us-east-1.amazonaws.com/" + family.substr(0, family.find(':')) + ":v1";
    }

    [[nodiscard]] DiscoveryIndex index(std::vector<std::string> names = {"shop"}) {
        DiscoveryIndex::Options options;
        for (auto& name : names) options.clusters.emplace_back(std::move(name));
        return {options, config.names, ecs, revisions, clock, log.logger};
    }

    [[nodiscard]] static std::vector<std::string> ids(const DiscoveryIndex& index) {
        std::vector<std::string> all;
        for (const auto& service : index.found()->services) all.push_back(service.target.id.str());
        return all;
    }

    FakeClock clock;
    FakeEcs ecs;
    RecordingLog log;
    KnownRevisions revisions;
    Config config = load_config(FakeEnvironment({{"PROJECT_NAME", "shop"},
                                                 {"PROJECT_ENV", "dev"},
                                                 {"ECS_CLUSTER_NAME", "shop"},
                                                 {"DISCOVERY", "true"}}))
                        .value()
                        .config;
    std::map<std::string, std::vector<EcsService>> clusters{{"shop", {service_of("api"), service_of("worker")}}};
    std::set<std::string> down;
    std::set<std::string> undescribed;
    std::map<std::string, ErrorKind> unreadable;
    EcsTags revision_tags;
};

TEST_F(DiscoveryIndexTest, FindsWhatTheServicesRun) {
    auto found = index();
    EXPECT_THAT(ids(found), IsEmpty());
    EXPECT_TRUE(found.renew(Deadline::none()));
    ASSERT_THAT(ids(found), ElementsAre("api", "worker"));
    const auto& api = found.found()->services.front();
    EXPECT_EQ(api.target.cluster, ClusterName("shop"));
    EXPECT_EQ(api.target.service, EcsServiceName("api"));
    EXPECT_EQ(api.target.family, TaskFamily("api"));
    ASSERT_TRUE(api.uses);
    EXPECT_TRUE(uses_repository(*api.uses, "api", {.account = "123456789012", .region = "us-east-1"}));
    EXPECT_EQ(found.found()->find(ServiceId("worker"))->task_definition, revision("worker"));
    EXPECT_EQ(found.found()->find(ServiceId("nobody")), nullptr);
}

TEST_F(DiscoveryIndexTest, LooksAgainOnlyWhenWhatItKnowsIsOld) {
    auto found = index();
    found.renew(Deadline::none());
    clock.advance(3min - 1ms);
    EXPECT_FALSE(found.renew(Deadline::none()));
    EXPECT_EQ(ecs.calls("ListServices"), 1);
    clock.advance(1ms);
    EXPECT_TRUE(found.renew(Deadline::none()));
    EXPECT_EQ(ecs.calls("ListServices"), 2);
    // A clock that was put back.
    clock.advance(-1h);
    EXPECT_TRUE(found.renew(Deadline::none()));
}

TEST_F(DiscoveryIndexTest, ReadsEachRevisionOnce) {
    clusters["shop"].push_back(service_of("api-canary"));
    clusters["shop"].back().task_definition = revision("api");
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
    clock.advance(5min);
    found.renew(Deadline::none());
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
    // Another configuration of the same process knows them as well.
    index().renew(Deadline::none());
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
}

TEST_F(DiscoveryIndexTest, SomebodyElsesDeploymentIsSeenWithTheNextLook) {
    auto found = index();
    found.renew(Deadline::none());
    clusters["shop"].front().task_definition = revision("other", 7);
    clock.advance(3min);
    found.renew(Deadline::none());
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 3);
    const auto& api = *found.found()->find(ServiceId("api"));
    EXPECT_EQ(api.target.family, TaskFamily("other"));
    EXPECT_TRUE(uses_repository(*api.uses, "other", {}));
    EXPECT_FALSE(uses_repository(*api.uses, "api", {}));
    // What none runs any more is forgotten.
    EXPECT_THAT(revisions.by_arn, SizeIs(2));
    EXPECT_FALSE(revisions.by_arn.contains(revision("api")));
}

TEST_F(DiscoveryIndexTest, AnEventThatNothingMatchesMakesItLookAtOnce) {
    auto found = index();
    found.renew(Deadline::none());
    clusters["shop"].push_back(service_of("web"));
    clock.advance(20s);
    EXPECT_TRUE(found.look_again(clock.now(), Deadline::none()));
    EXPECT_THAT(ids(found), ElementsAre("api", "web", "worker"));
}

TEST_F(DiscoveryIndexTest, AnEventOfBeforeTheLastLookBringsNothingNew) {
    auto found = index();
    clock.advance(20s);
    found.renew(Deadline::none());
    EXPECT_FALSE(found.look_again(clock.now() - 10s, Deadline::none()));
    // ECS shows what is new a moment late.
    EXPECT_TRUE(found.look_again(clock.now() - 1s, Deadline::none()));
}

TEST_F(DiscoveryIndexTest, AStormOfEventsThatNothingMatchesIsNoStormOfCalls) {
    auto found = index();
    found.renew(Deadline::none());
    int looks = 0;
    for (int i = 0; i < 600; ++i) {  // one a second
        clock.advance(1s);
        looks += found.look_again(clock.now(), Deadline::none()) ? 1 : 0;
    }
    EXPECT_GE(looks, 20);  // one each 30 seconds
    EXPECT_LE(looks, 3 + 20);
    EXPECT_EQ(ecs.calls("DescribeTaskDefinition"), 2);
}

TEST_F(DiscoveryIndexTest, ATaskDefinitionThatCannotBeReadIsAWarningThatNamesTheService) {
    unreadable[revision("api")] = ErrorKind::kAccessDenied;
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("api", "worker"));
    const auto& api = *found.found()->find(ServiceId("api"));
    EXPECT_FALSE(api.uses);
    EXPECT_EQ(api.target.family, TaskFamily("api"));  // a person may deploy it
    EXPECT_TRUE(found.found()->find(ServiceId("worker"))->uses);
    EXPECT_THAT(found.found()->warnings,
                Contains(AllOf(HasSubstr("service api of the cluster shop"), HasSubstr("api:1"))));
    EXPECT_THAT(found.found()->unread, IsEmpty());  // it does not heal by itself
    EXPECT_THAT(log.sink.text(), HasSubstr("service api of the cluster shop"));
    // Nor is it told each time.
    const auto warnings = [&] {
        return std::ranges::count_if(log.sink.lines(), [](const auto& line) { return line.contains("discovery: "); });
    };
    const auto told = warnings();
    clock.advance(3min);
    found.renew(Deadline::none());
    EXPECT_EQ(warnings(), told);
}

TEST_F(DiscoveryIndexTest, WhatIsThrottledIsReadOnceMore) {
    int tries = 0;
    ecs.on_revision = [&](const TaskDefinition& arn) -> Result<DescribedRevision> {
        if (arn.str() == revision("api") && ++tries == 1) return fail(ErrorKind::kThrottled, "Rate exceeded");
        return described(arn);
    };
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_TRUE(found.found()->find(ServiceId("api"))->uses);
    EXPECT_THAT(found.found()->warnings, IsEmpty());
}

TEST_F(DiscoveryIndexTest, WhatWasReadOfARevisionIsHandedOnOnce) {
    std::vector<std::string> read;
    DiscoveryIndex::Options options{.clusters = {ClusterName("shop")}};
    options.on_read = [&](const EcsTaskDefinition& revision) { read.push_back(revision.arn); };
    DiscoveryIndex found(options, config.names, ecs, revisions, clock, log.logger);
    found.renew(Deadline::none());
    EXPECT_THAT(read, ::testing::UnorderedElementsAre(revision("api"), revision("worker")));
    clock.advance(3min);
    EXPECT_TRUE(found.renew(Deadline::none()));
    EXPECT_THAT(read, SizeIs(2));
}

TEST_F(DiscoveryIndexTest, WhatMayHealIsSaidAndLookedAtAgainSoon) {
    unreadable[revision("api")] = ErrorKind::kThrottled;
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(found.found()->unread, HasSubstr("api:1"));
    clock.advance(29s);
    EXPECT_FALSE(found.renew(Deadline::none()));
    unreadable.clear();
    clock.advance(1s);
    EXPECT_TRUE(found.renew(Deadline::none()));
    EXPECT_THAT(found.found()->unread, IsEmpty());
    EXPECT_TRUE(found.found()->find(ServiceId("api"))->uses);
}

TEST_F(DiscoveryIndexTest, WhatCannotBeReadThisTimeIsAsItWasBefore) {
    auto found = index();
    found.renew(Deadline::none());
    clusters["shop"].front().task_definition = revision("api", 2);
    unreadable[revision("api", 2)] = ErrorKind::kServer;
    clock.advance(3min);
    found.renew(Deadline::none());
    EXPECT_TRUE(uses_repository(*found.found()->find(ServiceId("api"))->uses, "api", {}));
    undescribed.insert("api");
    clock.advance(3min);
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("api", "worker"));
    EXPECT_THAT(found.found()->warnings, Contains(AllOf(HasSubstr("api, worker"), HasSubstr("503"))));
    down.insert("shop");
    clock.advance(3min);
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("api", "worker"));
    EXPECT_THAT(found.found()->warnings, Contains(HasSubstr("the services of the cluster shop could not be read")));
}

TEST_F(DiscoveryIndexTest, AClusterThatNobodyEverSawIsUnreadWhateverTheReason) {
    ecs.on_list_of = [](const ClusterName&) -> Result<std::vector<EcsServiceName>> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform ecs:ListServices");
    };
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(found.found()->unread, HasSubstr("ecs:ListServices"));
}

TEST_F(DiscoveryIndexTest, OneClusterDownIsNoOutageOfTheOther) {
    clusters["jobs"] = {service_of("batch")};
    down.insert("shop");
    auto found = index({"shop", "jobs"});
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("jobs.batch"));
    EXPECT_THAT(found.found()->unread, HasSubstr("the cluster shop"));
}

TEST_F(DiscoveryIndexTest, GivesEachServiceAnIdOfItsOwn) {
    // By the pattern, the first one is api; so the second one cannot be.
    clusters["shop"] = {service_of("shop_service_api_dev"), service_of("api"), service_of("web")};
    clusters["jobs"] = {service_of("nightly")};
    auto found = index({"shop", "jobs"});
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("api", "jobs.nightly", "shop.api", "web"));
    EXPECT_EQ(found.found()->find(ServiceId("api"))->target.service, EcsServiceName("shop_service_api_dev"));
}

TEST_F(DiscoveryIndexTest, LeavesOutWhatIsGone) {
    clusters["shop"].front().status = "DRAINING";
    ecs.on_describe = [before = ecs.on_describe](const std::vector<EcsServiceName>& names) {
        auto described = before(names);
        described->failures.push_back({.name = EcsServiceName("gone"), .reason = "MISSING"});
        return described;
    };
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), ElementsAre("worker"));
    EXPECT_THAT(found.found()->warnings, IsEmpty());
}

TEST_F(DiscoveryIndexTest, OfARollbacksCopyTheFamilyIsTheOriginals) {
    clusters["shop"].front().task_definition = revision("api-rollback", 3);
    revision_tags = {{"ci_lambda:stands-for", "api:41"}};
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_EQ(found.found()->find(ServiceId("api"))->target.family, TaskFamily("api"));
}

TEST_F(DiscoveryIndexTest, KnowsWhatEcsWouldRefuseToDeploy) {
    clusters["shop"].front().deployment_controller = "CODE_DEPLOY";
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(found.found()->find(ServiceId("api"))->cannot_deploy, HasSubstr("CODE_DEPLOY"));
    EXPECT_THAT(found.found()->find(ServiceId("worker"))->cannot_deploy, IsEmpty());
}

TEST_F(DiscoveryIndexTest, FindsExpressServicesLikeAnyOther) {
    clusters["shop"].front().express = true;
    auto found = index();
    found.renew(Deadline::none());
    const auto* api = found.found()->find(ServiceId("api"));
    EXPECT_TRUE(api->express);
    EXPECT_THAT(api->cannot_deploy, IsEmpty());
    EXPECT_TRUE(uses_repository(*api->uses, "api", {.account = "123456789012", .region = "us-east-1"}));
    EXPECT_FALSE(found.found()->find(ServiceId("worker"))->express);
}

TEST_F(DiscoveryIndexTest, ABadTagIsAWarningThatNamesServiceAndTag) {
    clusters["shop"].front().tags = {{"ci_lambda:auto-deploy", "maybe"}, {"ci_lambda:repositories", "shop/base"}};
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(found.found()->warnings,
                ElementsAre(AllOf(HasSubstr("service api of the cluster shop"), HasSubstr("ci_lambda:auto-deploy"))));
    EXPECT_THAT(found.found()->find(ServiceId("api"))->rules.repositories, ElementsAre("shop/base"));
    EXPECT_THAT(ids(found), ElementsAre("api", "worker"));
}

TEST_F(DiscoveryIndexTest, DescribesTenServicesACall) {
    clusters["shop"].clear();
    for (int i = 0; i < 25; ++i) clusters["shop"].push_back(service_of(fmt::format("s{:02}", i)));
    auto found = index();
    found.renew(Deadline::none());
    EXPECT_THAT(ids(found), SizeIs(25));
    EXPECT_THAT(ecs.describes(), ElementsAre(SizeIs(10), SizeIs(10), SizeIs(5)));
}

}  // namespace
}  // namespace ci_lambda::testing
