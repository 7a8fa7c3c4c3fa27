#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "app/app.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/ecs.hpp"
#include "sandbox/ecs/seed.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"
#include "support/sanitizers.hpp"
#include "support/virtual_time.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kHome = "123456789012";
constexpr const char* kApiInEcs = "shop_service_api_dev";

sandbox::EcsState shop_in(const std::string& account, const std::string& region, sandbox::Ids& ids, WallTime now) {
    const auto created_at = now - std::chrono::days{30};
    sandbox::EcsState state{.account = account,
                            .region = region,
                            .clusters = {"shop_cluster_dev"},
                            .services = {},
                            .families = {},
                            .images = {}};
    for (const int revision : {9, 42})
        state.families[kApiInEcs].push_back(
            {.family = kApiInEcs,
             .revision = revision,
             .active = true,
             .registered_at = created_at,
             .content = fmt::format(
                 R"({{"containerDefinitions":[{{"name":"app","image":"{}.dkr.ecr.{}.amazonaws.com/shop_service_api:v1.{}"}}]}})",
                 account, region, revision)});
    add_running_service(state, ids,
                        {.name = kApiInEcs,
                         .cluster = "shop_cluster_dev",
                         .task_definition = std::string(kApiInEcs) + ":9",
                         .container = "app"},
                        created_at);
    return state;
}

/// The part of a request's signature with this number: `AKID/DATE/REGION/SERVICE/aws4_request`.
std::string signed_for(const ServerRequest& request, std::size_t part) {
    constexpr std::string_view kBegin = "Credential=";
    const auto authorization = request.header("Authorization");
    const auto at = authorization.find(kBegin);
    if (at == std::string::npos) return {};
    const auto scope = authorization.substr(at + kBegin.size(), authorization.find(',', at) - at - kBegin.size());
    const auto parts = split(scope, '/');
    return part < parts.size() ? parts[part] : "";
}

/// One process of the function and an ECS in each of several regions, in virtual time. They stand behind one address,
/// and are told apart by what requests are signed for.
class RegionsTest : public ::testing::Test {
protected:
    struct Region {
        std::unique_ptr<sandbox::Ecs> ecs;
        bool down = false;                          ///< its connections break
        std::optional<Milliseconds> between_calls;  ///< of one operation: sooner than that a call is throttled
        std::map<std::string, WallTime> next_call = {};
        std::vector<WallTime> rollouts = {};  ///< when UpdateService was accepted
        std::set<std::string> access_keys = {};
    };

    void begin(const std::vector<std::string>& regions, const std::map<std::string, std::string>& more = {}) {
        for (const auto& name : regions) {
            const std::scoped_lock lock(mutex_);
            auto& region = regions_[name];
            region.ecs = std::make_unique<sandbox::Ecs>(
                sandbox::EcsOptions{.state = shop_in(kHome, name, ids_, time_.now())}, ids_, time_);
        }
        for (const auto& [name, value] :
             std::map<std::string, std::string>{{"PROJECT_NAME", "shop"},
                                                {"PROJECT_ENV", "dev"},
                                                {"SERVICE_CONFIG", "{}"},
                                                {"AWS_REGION", regions.front()},
                                                {"AWS_ENDPOINT_URL", server_.url()},
                                                {"AWS_ACCESS_KEY_ID", "AKID"},
                                                {"AWS_SECRET_ACCESS_KEY", "secretsecret"},
                                                {"SLACK_WEBHOOK_URL", server_.url("/services/T000/B000/hook")}})
            environment_.set(name, value);
        if (!more.contains("TARGETS")) environment_.set("REGIONS", join(regions, ","));
        for (const auto& [name, value] : more) environment_.set(name, value);
        start_process();
    }
    void start_process() {
        auto created = App::create({}, environment_, sink_, time_, time_);
        ASSERT_THAT(created, IsOk());
        app_ = std::move(*created);
        app_->set_home({.account = kHome});
    }

    ServerReply answer(const ServerRequest& request) {
        if (request.line().contains("/services/T000")) {
            const std::scoped_lock lock(mutex_);
            messages_.push_back(request.body);
            return reply(200, "ok");
        }
        if (request.body.contains("Action=AssumeRole")) return assume_role(request);
        const std::scoped_lock lock(mutex_);
        const auto found = regions_.find(signed_for(request, 2));
        if (found == regions_.end()) return reply(400, R"({"__type":"InvalidSignatureException","message":"whose?"})");
        auto& region = found->second;
        if (region.down) return {.bytes = "", .close = true};
        const auto target = request.header("X-Amz-Target");
        const auto operation = target.substr(target.find('.') + 1);
        if (region.between_calls) {
            auto& next = region.next_call[operation];
            if (time_.now() < next) return reply(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})");
            next = time_.now() + *region.between_calls;
        }
        region.access_keys.insert(signed_for(request, 0));
        if (before_each_call_) before_each_call_(found->first, operation);
        const auto answer = region.ecs->handle(operation, request.body);
        if (answer.status == 200 && operation == "UpdateService") region.rollouts.push_back(time_.now());
        return reply(answer.status, answer.body);
    }

    ServerReply assume_role(const ServerRequest& request) {
        const std::scoped_lock lock(mutex_);
        sessions_.push_back(request.body);
        if (role_denied_)
            return reply(403,
                         "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to "
                         "perform: sts:AssumeRole</Message></Error></ErrorResponse>",
                         "Content-Type: text/xml\r\n");
        return reply(
            200,
            fmt::format(R"({{"AssumeRoleResponse":{{"AssumeRoleResult":{{"Credentials":{{"AccessKeyId":"ASIAROLE",)"
                        R"("SecretAccessKey":"rolesecretrolesecret","SessionToken":"roletokenroletoken",)"
                        R"("Expiration":{}}}}}}}}})",
                        std::chrono::duration_cast<seconds>(time_.now().time_since_epoch()).count() + 3600),
            "Content-Type: application/json\r\n");
    }

    Handled deploy(Deadline deadline = Deadline::none(), const std::string& id = "e-1") {
        return app_->handle(dump_json({{"id", id},
                                       {"source", "action.deploy"},
                                       {"detail-type", "DEPLOY"},
                                       {"time", format_rfc3339(event_at_)},
                                       {"detail", {{"service", "api"}, {"env", "dev"}}}}),
                            deadline);
    }
    void set_down(const std::string& region, bool is_down) {
        const std::scoped_lock lock(mutex_);
        regions_.at(region).down = is_down;
    }
    void throttle(const std::string& region, Milliseconds between_calls) {
        const std::scoped_lock lock(mutex_);
        regions_.at(region).between_calls = between_calls;
    }
    /// From the thread of the server, while the function waits for the answer.
    void before_each_call(std::function<void(const std::string& region, const std::string& operation)> what) {
        const std::scoped_lock lock(mutex_);
        before_each_call_ = std::move(what);
    }
    [[nodiscard]] std::set<std::string> access_keys_in(const std::string& region) {
        const std::scoped_lock lock(mutex_);
        return regions_.at(region).access_keys;
    }
    /// What STS was asked for.
    [[nodiscard]] std::vector<std::string> sessions() {
        const std::scoped_lock lock(mutex_);
        return sessions_;
    }
    void forget_all() {
        const std::scoped_lock lock(mutex_);
        regions_.clear();
        messages_.clear();
    }
    void set_scenario(const std::string& region, sandbox::Scenario scenario) {
        ASSERT_TRUE(regions_.at(region).ecs->set_scenario({.service = kApiInEcs, .scenario = scenario}));
    }
    [[nodiscard]] std::vector<double> rollouts_in(const std::string& region) {
        const std::scoped_lock lock(mutex_);
        std::vector<double> times;
        for (const auto at : regions_.at(region).rollouts)
            times.push_back(std::chrono::duration<double>(at - start_).count());
        return times;
    }
    [[nodiscard]] std::string state_of(const std::string& region) {
        auto& ecs = *regions_.at(region).ecs;
        ecs.advance();
        const auto primary = ecs.primary(kApiInEcs);
        return primary ? primary->task_definition.substr(primary->task_definition.rfind('/') + 1) : "";
    }
    [[nodiscard]] std::string slack() {
        const std::scoped_lock lock(mutex_);
        return join(messages_, "\n");
    }

    VirtualTime time_;
    WallTime start_ = time_.now();
    WallTime event_at_ = time_.now() - seconds{10};  // the change, of which the event tells
    sandbox::Ids ids_{42};
    std::mutex mutex_;
    std::map<std::string, Region> regions_;
    std::vector<std::string> messages_;
    std::vector<std::string> sessions_;
    bool role_denied_ = false;
    std::function<void(const std::string& region, const std::string& operation)> before_each_call_;
    LoopbackServer server_{[this](const ServerRequest& request) { return answer(request); }};
    FakeEnvironment environment_;
    RecordingSink sink_;
    std::unique_ptr<App> app_;
};

TEST_F(RegionsTest, TwoDeployAsFastAsAloneWhileOneIsDownAndOneIsThrottled) {
    constexpr seconds kDeadline{300};
    std::map<std::string, double> alone;
    {
        begin({"eu-west-1", "eu-central-1"});
        (void)deploy();
        for (const auto* region : {"eu-west-1", "eu-central-1"}) alone[region] = rollouts_in(region).at(0);
    }
    forget_all();
    start_ = time_.now();
    event_at_ = start_ - seconds{10};
    begin({"eu-west-1", "us-east-1", "us-west-2", "eu-central-1"});
    set_down("us-east-1", true);
    throttle("us-west-2", seconds{1});
    const auto handled = deploy(Deadline::after(time_, kDeadline), "e-2");

    for (const auto* region : {"eu-west-1", "eu-central-1"})
        EXPECT_THAT(rollouts_in(region), ElementsAre(::testing::DoubleNear(alone.at(region), 0.05))) << region;
    EXPECT_THAT(rollouts_in("us-west-2"), SizeIs(1)) << "it is slow, and no more than that";
    EXPECT_THAT(rollouts_in("us-east-1"), IsEmpty());
    EXPECT_LT(time_.now() - start_, kDeadline);
    EXPECT_EQ(handled.answer.status, "failed");
    ASSERT_TRUE(handled.error.has_value());
    EXPECT_THAT(handled.error->message,
                AllOf(HasSubstr("us-east-1: "), Not(HasSubstr("eu-")), Not(HasSubstr("us-west"))));
    EXPECT_THAT(handled.answer.deployments, SizeIs(4));
    EXPECT_THAT(slack(), AllOf(HasSubstr("api in us-east-1"), HasSubstr("api in eu-central-1")));
}

TEST_F(RegionsTest, AnEventThatComesAgainIsCarriedOutOnlyWhereItFailed) {
    begin({"eu-west-1", "us-east-1"});
    set_down("us-east-1", true);
    EXPECT_TRUE(deploy().error.has_value());
    set_down("us-east-1", false);
    EXPECT_FALSE(deploy().error.has_value());
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(1));
    EXPECT_THAT(rollouts_in("us-east-1"), SizeIs(1));
    // Another process finds what rolls in both.
    start_process();
    EXPECT_FALSE(deploy().error.has_value());
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(1));
    EXPECT_THAT(rollouts_in("us-east-1"), SizeIs(1));
}

TEST_F(RegionsTest, InAnOrderTheNextOneFollowsWhenTheOneBeforeHasCompleted) {
    begin({"eu-west-1", "us-east-1"}, {{"TARGET_ORDER", "us-east-1,eu-west-1"}});
    const auto handled = deploy();
    EXPECT_FALSE(handled.error.has_value());
    EXPECT_EQ(handled.answer.status, "completed");
    ASSERT_THAT(rollouts_in("us-east-1"), SizeIs(1));
    ASSERT_THAT(rollouts_in("eu-west-1"), SizeIs(1));
    EXPECT_GT(rollouts_in("eu-west-1")[0], rollouts_in("us-east-1")[0] + 20) << "it has rolled meanwhile";
    EXPECT_THAT(handled.answer.detail,
                AllOf(HasSubstr("us-east-1: api: completed"), HasSubstr("eu-west-1: api: completed")));
}

TEST_F(RegionsTest, InAnOrderNothingIsDeployedBehindOneThatFails) {
    begin({"eu-west-1", "us-east-1", "us-west-2"},
          {{"TARGET_ORDER", "eu-west-1,us-east-1,us-west-2"}, {"DEPLOYMENT_TIMEOUT_SECONDS", "300"}});
    set_scenario("us-east-1", sandbox::Scenario::kImageNotFound);
    const auto handled = deploy();
    EXPECT_THAT(rollouts_in("us-west-2"), IsEmpty());
    EXPECT_THAT(to_json(handled.answer),
                HasSubstr(R"("not_deployed":[{"target":"us-west-2","reason":"us-east-1 comes first, where api)"));
    EXPECT_THAT(slack(), HasSubstr("Deployment not started: api in us-west-2"));
    EXPECT_FALSE(handled.error.has_value()) << "it would end so again";
    EXPECT_EQ(state_of("eu-west-1"), "shop_service_api_dev:42") << "nobody has asked to roll it back";
}

TEST_F(RegionsTest, InAnOrderTheEarlierOnesGoBackIfThatIsWanted) {
    begin({"eu-west-1", "us-east-1"}, {{"TARGET_ORDER", "eu-west-1,us-east-1"},
                                       {"ROLL_BACK_EARLIER_TARGETS", "true"},
                                       {"ROLLBACK_ON_FAILURE", "true"},
                                       {"DEPLOYMENT_TIMEOUT_SECONDS", "300"}});
    set_scenario("us-east-1", sandbox::Scenario::kImageNotFound);
    const auto handled = deploy();
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(2)) << "there, and back";
    time_.sleep_for(minutes{10});
    EXPECT_THAT(state_of("eu-west-1"), Not("shop_service_api_dev:42"));
    EXPECT_THAT(state_of("us-east-1"), Not("shop_service_api_dev:42"));
    EXPECT_THAT(slack(), HasSubstr("Rollback started: api in eu-west-1"));
    EXPECT_THAT(handled.answer.detail, HasSubstr("us-east-1"));
}

TEST_F(RegionsTest, InAnOrderNobodyTakesBackWhatSomebodyElseHasDeployedSince) {
    begin({"eu-west-1", "us-east-1"}, {{"TARGET_ORDER", "eu-west-1,us-east-1"},
                                       {"ROLL_BACK_EARLIER_TARGETS", "true"},
                                       {"DEPLOYMENT_TIMEOUT_SECONDS", "300"}});
    set_scenario("us-east-1", sandbox::Scenario::kImageNotFound);
    bool done = false;
    before_each_call([&](const std::string& region, const std::string& operation) {
        if (region != "us-east-1" || operation != "UpdateService" || done) return;
        done = true;  // eu has completed, and another person deploys there
        (void)regions_.at("eu-west-1")
            .ecs->handle(
                "UpdateService",
                R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev","taskDefinition":"shop_service_api_dev:9"})");
    });
    (void)deploy();
    ASSERT_TRUE(done);
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(1)) << "ours, and no rollback";
    EXPECT_EQ(state_of("eu-west-1"), "shop_service_api_dev:9");
}

TEST_F(RegionsTest, InAnOrderTheEventThatComesAgainGoesOnWhereItsTimeWasOver) {
    begin({"eu-west-1", "us-east-1"},
          {{"TARGET_ORDER", "eu-west-1,us-east-1"}, {"DEPLOYMENT_TIMEOUT_SECONDS", "1800"}});
    set_scenario("eu-west-1", sandbox::Scenario::kSlow);
    const auto first = deploy(Deadline::after(time_, seconds{30}));
    ASSERT_TRUE(first.error.has_value()) << "so that it comes again";
    EXPECT_EQ(first.error->type, "Function.TargetNotHealthy");
    EXPECT_THAT(rollouts_in("us-east-1"), IsEmpty());
    int tries = 1;
    for (; tries < 40; ++tries) {
        time_.sleep_for(minutes{1});
        start_process();
        const auto again = deploy(Deadline::after(time_, seconds{30}));
        SCOPED_TRACE(to_json(again.answer));
        if (!again.error) {
            EXPECT_EQ(again.answer.status, "in_progress") << "the last one is waited for as long as there is time";
            break;
        }
    }
    EXPECT_LT(tries, 40);
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(1)) << "the one that it began was waited for";
    EXPECT_THAT(rollouts_in("us-east-1"), SizeIs(1));
}

TEST_F(RegionsTest, InAnOrderTheNextOneDoesNotFollowWhatWasRolledBackMeanwhile) {
    begin({"eu-west-1", "us-east-1"}, {{"TARGET_ORDER", "eu-west-1,us-east-1"}});
    set_down("us-east-1", true);
    EXPECT_TRUE(deploy().error.has_value());
    ASSERT_THAT(rollouts_in("eu-west-1"), SizeIs(1));
    set_down("us-east-1", false);
    // Before the event comes again, to the same process, a person finds that it is bad.
    auto& eu = *app_->targets().front();
    const auto back =
        eu.roll_back({.target = *eu.config().names.target(ServiceId{"api"}), .reason = "it is slow"}, Deadline::none());
    ASSERT_FALSE(back.error.has_value()) << back.answer.detail;
    time_.sleep_for(minutes{2});
    const auto again = deploy();
    EXPECT_THAT(rollouts_in("us-east-1"), IsEmpty()) << to_json(again.answer);
    EXPECT_THAT(again.answer.detail, HasSubstr("us-east-1: not deployed"));
}

TEST_F(RegionsTest, AnotherAccountIsReachedByItsRoleInASessionNamedAfterTheEvent) {
    begin(
        {"eu-west-1", "us-east-1"},
        {{"TARGETS",
          R"({"eu":{"region":"eu-west-1"},"us":{"region":"us-east-1","role_arn":"arn:aws:iam::111122223333:role/deploy","external_id":"for-shop"}})"}});
    EXPECT_FALSE(deploy({}, "0a1b2c3d").error.has_value());
    ASSERT_THAT(sessions(), SizeIs(1));
    EXPECT_THAT(sessions().front(), AllOf(HasSubstr("RoleSessionName=ci_lambda-0a1b2c3d"),
                                          HasSubstr("ExternalId=for-shop"), HasSubstr("111122223333")));
    EXPECT_THAT(access_keys_in("us-east-1"), ElementsAre("ASIAROLE"));
    EXPECT_THAT(access_keys_in("eu-west-1"), ElementsAre("AKID"));
    EXPECT_THAT(sink_.text(), Not(HasSubstr("rolesecret")));
    (void)deploy({}, "another");
    EXPECT_THAT(sessions(), SizeIs(1)) << "credentials are kept";
}

TEST_F(RegionsTest, ARoleThatMayNotBeAssumedIsNamedAndHoldsNobodyUp) {
    role_denied_ = true;
    begin(
        {"eu-west-1", "us-east-1"},
        {{"TARGETS",
          R"({"eu":{"region":"eu-west-1"},"us":{"region":"us-east-1","role_arn":"arn:aws:iam::111122223333:role/deploy"}})"}});
    const auto handled = deploy();
    EXPECT_THAT(rollouts_in("eu-west-1"), SizeIs(1));
    ASSERT_TRUE(handled.error.has_value());
    EXPECT_THAT(handled.error->message, AllOf(HasSubstr("us: "), HasSubstr("arn:aws:iam::111122223333:role/deploy")));
}

/// Whatever becomes of the rollouts, and however often the event comes again: in an order no target is deployed before
/// all in front of it have completed, and none twice.
TEST_F(RegionsTest, KeepTheirOrderInEveryHistory) {
    const std::vector<std::string> names{"eu-west-1", "us-east-1", "us-west-2"};
    for (unsigned seed = 0; seed < (kWithSanitizer ? 12U : 60U); ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random); };
        forget_all();
        start_ = time_.now();
        event_at_ = start_ - seconds{10};
        begin(names, {{"TARGET_ORDER", join(names, ",")},
                      {"ROLL_BACK_EARLIER_TARGETS", below(2) == 0 ? "true" : "false"},
                      {"DEPLOYMENT_TIMEOUT_SECONDS", "300"}});
        for (const auto& name : names) {
            constexpr std::array kFates{sandbox::Scenario::kHealthy, sandbox::Scenario::kHealthy,
                                        sandbox::Scenario::kSlow, sandbox::Scenario::kImageNotFound,
                                        sandbox::Scenario::kCrashOnStart};
            set_scenario(name, kFates.at(below(kFates.size())));
        }
        before_each_call([&](const std::string& region, const std::string& operation) {
            const auto at = std::ranges::find(names, region) - names.begin();
            if (operation != "UpdateService" || at == 0 || !regions_.at(region).rollouts.empty()) return;
            const auto before = regions_.at(names[static_cast<std::size_t>(at) - 1]).ecs->primary(kApiInEcs);
            ASSERT_TRUE(before.has_value());
            EXPECT_EQ(before->rollout, sandbox::RolloutState::kCompleted) << "seed " << seed << ", before " << region;
            EXPECT_THAT(before->task_definition, ::testing::EndsWith(":42"))
                << "seed " << seed << ", before " << region;
        });
        for (int tries = 0; tries < 6; ++tries) {
            for (const auto& name : names) set_down(name, below(6) == 0);
            if (below(2) == 0) start_process();
            const auto handled = deploy(Deadline::after(time_, seconds{20 + below(600)}), fmt::format("e-{}", seed));
            if (!handled.error) break;
            time_.sleep_for(minutes{1 + below(2)});
        }
        for (const auto& name : names) EXPECT_LE(rollouts_in(name).size(), 2U) << "seed " << seed << ": " << name;
        before_each_call({});
    }
}

}  // namespace
}  // namespace ci_lambda::testing
