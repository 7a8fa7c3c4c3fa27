#include <functional>
#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

ManualRequest bare(const std::string& service) { return {.bare = true, .service = service}; }

std::string task_definition(const std::string& given, const Home& home = {.account = "123456789012"}) {
    auto request = bare("api");
    request.task_definition = given;
    const auto decision = decide(Event{.envelope = {}, .body = request}, shop(), home);
    if (!decision) return "error: " + decision.error().message;
    const auto& asked = std::get<Deploy>(*decision).requests.front().task_definition;
    return asked ? asked->str() : "newest";
}

std::vector<std::string> warnings(const Result<Decision>& decision) {
    return deployed(decision).empty() ? std::vector<std::string>{"(not deployed)"}
                                      : std::get<Deploy>(*decision).warnings;
}

TEST(ManualHandler, ObeysTheSourcesOfItsEnvironment) {
    const ManualRequest request{.service = "api"};
    for (const std::string source :
         {"action.production", "action.deploy", "action.dev", "github.actions.dev", "terraform.dev"}) {
        const auto decision = decide_body(request, shop(), source);
        EXPECT_THAT(deployed(decision), ElementsAre("api")) << source;
        EXPECT_EQ(deploy_reason(decision), "manual deployment (" + source + ")");
    }
    for (const std::string source :
         {"action.prod", "action.", "action.dev2", "action.DEV", "action.deploy.x", "github.actions.production",
          "github.actions.deploy", "github.actions.", "terraform.prod", "terraform.deploy", ""})
        EXPECT_THAT(ignored_because(decide_body(request, shop(), source)), HasSubstr("is not for dev")) << source;
}

TEST(ManualHandler, TakesABareRequest) {
    EXPECT_EQ(deploy_reason(decide_body(bare("api"), shop())), "manual deployment");
    EXPECT_THAT(deployed(decide_body(bare(""), shop())), ElementsAre("backend"));
    EXPECT_THAT(deployed(decide_body(bare("web"), shop({{"BACKEND_SERVICE_NAME", "web"}}))), ElementsAre("backend"));
}

TEST(ManualHandler, IgnoresAnotherProjectOrEnvironmentEvenWhenTheRestIsBad) {
    ManualRequest request{.bare = true, .project = "other"};
    EXPECT_EQ(ignored_because(decide_body(request, shop())), "the request is for the project other, not for shop");
    request = {.bare = true, .service = "a b", .environment = "prod"};
    EXPECT_EQ(ignored_because(decide_body(request, shop())), "the request is for the environment prod, not for dev");
    for (const std::string near : {"Shop", "shop ", "shop2"}) {
        request = {.bare = true, .service = "api", .project = near};
        EXPECT_THAT(ignored_because(decide_body(request, shop())), HasSubstr("is for the project")) << near;
    }
}

TEST(ManualHandler, RefusesAMalformedRequestOnlyWhenItIsOurs) {
    const ManualRequest request{.service = "api", .malformed = "\"env\" must be a string"};
    EXPECT_THAT(decide_body(request, shop(), "action.deploy"),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("\"env\" must be a string")));
    EXPECT_THAT(ignored_because(decide_body(request, shop(), "github.actions.prod")), HasSubstr("is not for dev"));
    const ManualRequest foreign{.bare = true, .project = "other", .malformed = "\"service\" must be a string"};
    EXPECT_THAT(ignored_because(decide_body(foreign, shop())), HasSubstr("project other"));
}

TEST(ManualHandler, TakesItsOwnProjectAndEnvironment) {
    const ManualRequest request{.bare = true, .service = "api", .project = "shop", .environment = "dev"};
    EXPECT_THAT(deployed(decide_body(request, shop())), ElementsAre("api"));
    const ManualRequest empty{.bare = true, .service = "api", .project = "", .environment = ""};
    EXPECT_THAT(deployed(decide_body(empty, shop())), ElementsAre("api"));
}

TEST(ManualHandler, AsksForTheServiceAndListsWhatThereIs) {
    EXPECT_THAT(
        decide_body(ManualRequest{.bare = true}, shop()),
        IsErr(ErrorKind::kInvalidEvent, AllOf(HasSubstr("no \"service\""), HasSubstr("(services: api, worker)"))));
    EXPECT_THAT(decide_body(ManualRequest{.bare = true}, shop({{"SERVICE_CONFIG", "{}"}})),
                IsErr(ErrorKind::kInvalidEvent, Not(HasSubstr("services:"))));
}

TEST(ManualHandler, RefusesWhatCannotBeAService) {
    for (const std::string service : {"a b", "a/b", "api\n", "arn:aws:ecs", " "})
        EXPECT_THAT(decide_body(bare(service), shop()),
                    IsErr(ErrorKind::kInvalidEvent, AllOf(HasSubstr("cannot be a service"), HasSubstr("api, worker"))))
            << service;
}

TEST(ManualHandler, RefusesServicesThatTheMapDoesNotHaveAndSuggestsOne) {
    const auto config = shop({service_map()});
    EXPECT_THAT(deployed(decide_body(bare("worker"), config)), ElementsAre("worker"));
    EXPECT_THAT(decide_body(bare("wroker"), config),
                IsErr(ErrorKind::kInvalidEvent,
                      "there is no service \"wroker\": wroker is not in ECS_SERVICE_MAP; did you mean worker? "
                      "(services: api, worker)"));
    EXPECT_THAT(
        decide_body(bare(""), config),
        IsErr(ErrorKind::kInvalidEvent, AllOf(HasSubstr("no service \"backend\""), Not(HasSubstr("did you mean")))));
}

TEST(ManualHandler, DeploysAnyValidIdWhereThePatternsNameTheServices) {
    EXPECT_THAT(deployed(decide_body(bare("billing"), shop())), ElementsAre("billing"));
}

const std::string kArn = "arn:aws:ecs:us-east-1:123456789012:task-definition/";

TEST(ManualHandler, UnderstandsTaskDefinitionsOfTheServicesOwnFamily) {
    const struct {
        std::string given;
        std::string expected;
    } cases[] = {
        {"", "newest"},
        {"42", "shop_service_api_dev:42"},
        {":42", "shop_service_api_dev:42"},
        {"shop_service_api_dev:42", "shop_service_api_dev:42"},
        {"shop_service_api_dev", "shop_service_api_dev"},
        {kArn + "shop_service_api_dev:7", kArn + "shop_service_api_dev:7"},
        {kArn + "shop_service_api_dev", kArn + "shop_service_api_dev"},
        {"shop_service_api_dev-rollback:3", "shop_service_api_dev-rollback:3"},
        {kArn + "shop_service_api_dev-rollback:3", kArn + "shop_service_api_dev-rollback:3"},
    };
    for (const auto& [given, expected] : cases) EXPECT_EQ(task_definition(given), expected) << given;
}

TEST(ManualHandler, RefusesTaskDefinitionsOfAnyOtherFamily) {
    for (const std::string given :
         {"other:1", "other", "v2", "shop_service_worker_dev:1", "shop_service_api_dev2:1", "xshop_service_api_dev:1",
          "shop_service_api_dev-rollback-rollback:1", "SHOP_SERVICE_API_DEV:1"})
        EXPECT_EQ(task_definition(given), "error: \"task_definition\" is \"" + given +
                                              "\", which is not of shop_service_api_dev, the family of api: a service "
                                              "runs revisions of its own family only");
    EXPECT_THAT(task_definition(kArn + "other:7"), HasSubstr("which is not of shop_service_api_dev"));
}

TEST(ManualHandler, RefusesTaskDefinitionsOfAnotherAccountOrRegion) {
    const std::string resource = ":task-definition/shop_service_api_dev:7";
    EXPECT_THAT(task_definition("arn:aws:ecs:us-east-1:999999999999" + resource),
                HasSubstr("which is in another account than 123456789012"));
    EXPECT_THAT(task_definition("arn:aws:ecs:eu-west-1:123456789012" + resource),
                HasSubstr("which is in another region than us-east-1"));
    const auto arn = "arn:aws:ecs:us-east-1:999999999999" + resource;
    EXPECT_EQ(task_definition(arn, Home{}), arn) << "nobody knows whose account this is";
}

TEST(ManualHandler, WantsToKnowWhichOfTheRollbackCopies) {
    EXPECT_THAT(task_definition("shop_service_api_dev-rollback"), HasSubstr("say which one of them, by its revision"));
}

TEST(ManualHandler, RefusesTaskDefinitionsThatCannotBe) {
    for (const std::string given : {" ",
                                    "a b",
                                    "a\n",
                                    "\t42",
                                    ":",
                                    ":latest",
                                    "0",
                                    ":0",
                                    "99999999999999999999999",
                                    "f\xC3\xBCr:1",
                                    "shop_service_api_dev:",
                                    "shop_service_api_dev:0",
                                    "shop_service_api_dev:latest",
                                    "shop_service_api_dev:1:2",
                                    "arn:",
                                    "arn:aws:ecs",
                                    "arn:aws:s3:::b",
                                    "arn:aws:ecs:us-east-1:123456789012:cluster/x",
                                    "arn:aws:ecs:us-east-1:123456789012:task-definition/",
                                    "arn:aws:ecs:us-east-1:123456789012:task-definition/a:b",
                                    "arn:aws:ecs:us-east-1:123456789012:task-definition/a:1:2"})
        EXPECT_THAT(task_definition(given), HasSubstr("error: \"task_definition\" is")) << given;
}

TEST(ManualHandler, WarnsOfARequestThatOtherEnvironmentsHearToo) {
    const ManualRequest request{.service = "api"};
    for (const std::string source : {"action.deploy", "action.production"})
        EXPECT_THAT(
            warnings(decide_body(request, shop(), source)),
            ElementsAre(AllOf(HasSubstr("a request of " + source + " for api names no environment"),
                              HasSubstr(R"("project":"shop","env":"dev")"), HasSubstr("REQUESTS_WITHOUT_ENV"))));
    EXPECT_THAT(warnings(decide_body({ManualRequest{.service = "api", .environment = ""}}, shop(), "action.deploy")),
                SizeIs(1));
}

TEST(ManualHandler, DoesNotWarnWhereTheEnvironmentIsNamed) {
    const ManualRequest named{.service = "api", .environment = "dev"};
    EXPECT_THAT(warnings(decide_body(named, shop(), "action.deploy")), IsEmpty());
    const ManualRequest request{.service = "api"};
    for (const std::string source : {"action.dev", "github.actions.dev", "terraform.dev"})
        EXPECT_THAT(warnings(decide_body(request, shop(), source)), IsEmpty()) << source;
    EXPECT_THAT(warnings(decide_body(bare("api"), shop())), IsEmpty());
    for (const std::string environment : {"prod", "production"})
        EXPECT_THAT(warnings(decide_body(request, shop({{"PROJECT_ENV", environment}, {"SERVICE_CONFIG", "{}"}}),
                                         "action.production")),
                    IsEmpty());
    EXPECT_THAT(warnings(decide_body(request, shop({{"REQUESTS_WITHOUT_ENV", "deploy"}}), "action.deploy")), IsEmpty());
}

TEST(ManualHandler, IgnoresRequestsWithoutEnvironmentWhereThereAreSeveral) {
    const auto config = shop({{"REQUESTS_WITHOUT_ENV", "ignore"}});
    const ManualRequest request{.service = "api"};
    for (const std::string source : {"action.deploy", "action.production"})
        EXPECT_EQ(ignored_because(decide_body(request, config, source)),
                  "a request of " + source +
                      R"( must say for which environment it is, as in "env":"dev" (REQUESTS_WITHOUT_ENV is ignore))");
    EXPECT_THAT(ignored_because(decide_body(ManualRequest{.malformed = "bad"}, config, "action.deploy")),
                HasSubstr("must say for which environment"))
        << "it may be another one's";
    EXPECT_THAT(deployed(decide_body(request, config, "action.dev")), ElementsAre("api"));
    EXPECT_THAT(deployed(decide_body(bare("api"), config)), ElementsAre("api"));
    const auto prod = shop({{"REQUESTS_WITHOUT_ENV", "ignore"}, {"PROJECT_ENV", "prod"}});
    EXPECT_THAT(deployed(decide_body(request, prod, "action.production")), ElementsAre("api"));
}

TEST(ManualHandler, PrefersTheGivenReason) {
    auto request = bare("api");
    request.reason = "hotfix";
    EXPECT_EQ(deploy_reason(decide_body(request, shop())), "hotfix");
    request.reason = "  ";
    EXPECT_EQ(deploy_reason(decide_body(request, shop())), "manual deployment");
    request.reason = std::string(10'000, 'x');
    EXPECT_LT(deploy_reason(decide_body(request, shop())).size(), 600U);
}

TEST(ManualHandler, DeploysWhatEventsMustNot) {
    EXPECT_THAT(deployed(decide_body(bare("api"), shop({{"AUTO_DEPLOY_MAP", R"({"api":false})"}}))),
                ElementsAre("api"));
}

TEST(ManualHandler, IgnoresAllWhenSwitchedOff) {
    const auto config = shop({{"ENABLE_MANUAL_DEPLOY", "false"}});
    EXPECT_THAT(ignored_because(decide_body(bare("api"), config)), HasSubstr("ENABLE_MANUAL_DEPLOY"));
    EXPECT_THAT(ignored_because(decide_body(ManualRequest{}, config, "action.deploy")),
                HasSubstr("ENABLE_MANUAL_DEPLOY"));
}

std::string image_of(const std::string& image) {
    auto request = bare("api");
    request.image = image;
    const auto decision = decide_body(request, shop());
    if (!decision) return "error: " + decision.error().message;
    const auto& wanted = std::get<Deploy>(*decision).requests.front().wanted.at(0);
    return wanted.registry + "|" + wanted.repository + "|" + wanted.tag + "|" + wanted.digest;
}

TEST(ManualHandler, TakesAnImageByItsNameOrByATagOfItsOwnRepository) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(image_of("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v42"),
              "123456789012.dkr.ecr.us-east-1.amazonaws.com|shop/api|v42|");
    EXPECT_EQ(image_of("shop_api@" + digest), "|shop_api||" + digest);
    EXPECT_EQ(image_of("localhost:5000/shop_api:v1@" + digest), "localhost:5000|shop_api|v1|" + digest);
    auto request = bare("api");
    request.image_tag = "v42";
    const auto decision = decide_body(request, shop());
    ASSERT_THAT(deployed(decision), ElementsAre("api"));
    const auto& asked = std::get<Deploy>(*decision).requests.front();
    EXPECT_THAT(asked.wanted, ElementsAre(WantedImage{.tag = "v42"}));
    EXPECT_THAT(asked.own_repositories, ElementsAre("shop_service_api"));
}

TEST(ManualHandler, KnowsTheRepositoriesOfAServiceByMapAndByName) {
    auto request = bare("");
    request.image_tag = "v1";
    const auto own = [&](const Config& config) {
        return std::get<Deploy>(*decide_body(request, config)).requests.front().own_repositories;
    };
    EXPECT_THAT(own(shop()), ElementsAre("shop_backend"));
    EXPECT_THAT(own(shop({{"ECR_REPO_MAP", R"({"a/core":["backend"],"b/api":["api"],"c/more":["backend","api"]})"}})),
                ElementsAre("a/core", "c/more"));
}

TEST(ManualHandler, RefusesWhatIsNoImage) {
    EXPECT_THAT(image_of("shop_api"), HasSubstr("without a tag or a digest"));
    EXPECT_THAT(image_of("shop_api:"), HasSubstr("without a tag or a digest"));
    EXPECT_THAT(image_of("shop_api@sha256:12"), HasSubstr("a digest is sha256: and 64"));
    EXPECT_THAT(image_of("shop_api@"), HasSubstr("a digest is sha256: and 64"));
    EXPECT_THAT(image_of("Shop API:v1"), HasSubstr("it looks like 123456789012.dkr.ecr"));
    EXPECT_THAT(image_of(" "), HasSubstr("\"image\" is empty (a variable that is not set?)"));
}

TEST(ManualHandler, TakesWhatHasProvenGoodInAnotherEnvironment) {
    auto request = bare("api");
    request.promote_from = "stage";
    const auto source = [&](const Config& config) {
        const auto decision = decide_body(request, config);
        if (!decision) return decision.error().message;
        const auto& asked = std::get<Deploy>(*decision).requests.front();
        EXPECT_THAT(asked.wanted, IsEmpty());
        EXPECT_EQ(asked.promoted_from->environment, "stage");
        return asked.promoted_from->target.cluster.str() + "/" + asked.promoted_from->target.service.str();
    };
    EXPECT_EQ(source(shop()), "shop_cluster_stage/shop_service_api_stage");
    // A name that stands in the map is the same everywhere; the cluster tells the environments apart.
    EXPECT_EQ(source(shop({service_map()})), "shop_cluster_stage/front");
    EXPECT_THAT(source(shop({service_map(), {"ECS_CLUSTER_NAME", "shop"}})),
                AllOf(HasSubstr("which service api is in stage"), HasSubstr("front in shop"), HasSubstr("\"image\"")));
    const auto error = [&](const auto& change) {
        auto wrong = request;
        change(wrong);
        const auto decision = decide_body(wrong, shop());
        return decision ? "no error" : decision.error().message;
    };
    EXPECT_THAT(error([](auto& wrong) { wrong.promote_from = "dev"; }), HasSubstr("this environment itself"));
    EXPECT_THAT(error([](auto& wrong) { wrong.promote_from = ""; }), HasSubstr("it is an environment, as in"));
    EXPECT_THAT(error([](auto& wrong) { wrong.promote_from = "a/b"; }), HasSubstr("\"a/b\""));
    EXPECT_THAT(error([](auto& wrong) { wrong.image_tag = "v1"; }), HasSubstr("\"image_tag\" are both given"));
    EXPECT_THAT(error([](auto& wrong) { wrong.task_definition = "42"; }), HasSubstr("are both given"));
}

TEST(ManualHandler, RefusesATagThatIsNoneAndTwoWishesAtOnce) {
    const auto error = [](ManualRequest request) {
        const auto decision = decide_body(request, shop());
        return decision ? "no error" : decision.error().message;
    };
    auto request = bare("api");
    request.image_tag = "";
    EXPECT_THAT(error(request), HasSubstr("\"image_tag\" is empty"));
    request.image_tag = "repo:v1";
    EXPECT_THAT(error(request), HasSubstr("a tag is at most 128"));
    request.image_tag = "v1";
    request.task_definition = "42";
    EXPECT_THAT(error(request), HasSubstr("leave out \"task_definition\" or \"image_tag\""));
    request.image = "repo:v1";
    EXPECT_THAT(error(request), HasSubstr("both given"));
}

TEST(ManualHandler, AnswersARolloutInsteadOfDeploying) {
    auto request = bare("api");
    request.action = "continue";
    request.reason = "looks good";
    auto decision = decide_body(request, shop());
    ASSERT_TRUE(decision);
    const auto go_on = std::get<Steer>(*decision);
    EXPECT_EQ(go_on.what, Steer::What::kContinue);
    EXPECT_EQ(go_on.target.service.str(), "shop_service_api_dev");
    EXPECT_EQ(go_on.reason, "looks good");
    request.action = "stop";
    request.rollback = true;
    decision = decide_body(request, shop());
    ASSERT_TRUE(decision);
    const auto stop = std::get<Steer>(*decision);
    EXPECT_EQ(stop.what, Steer::What::kStop);
    EXPECT_TRUE(stop.rollback);
}

TEST(ManualHandler, NamesTheServiceWhereAnAnswerNamesNoEnvironment) {
    const auto decision = decide_body(ManualRequest{.service = "api", .action = "continue"}, shop(), "action.deploy");
    ASSERT_TRUE(decision);
    EXPECT_THAT(std::get<Steer>(*decision).warnings, ElementsAre(HasSubstr("of action.deploy for api names no env")));
}

TEST(ManualHandler, RefusesAnAnswerThatSaysWhatToDeploy) {
    const auto error = [](const std::function<void(ManualRequest&)>& change) {
        auto request = bare("api");
        request.action = "continue";
        change(request);
        const auto decision = decide_body(request, shop());
        return decision ? std::string("accepted") : decision.error().message;
    };
    EXPECT_THAT(error([](auto& wrong) { wrong.action = "go"; }),
                HasSubstr(R"(it is "continue", "stop", "hold" or "release")"));
    EXPECT_THAT(error([](auto& wrong) { wrong.image_tag = "v1"; }), HasSubstr("\"image_tag\" makes no sense"));
    EXPECT_THAT(error([](auto& wrong) { wrong.task_definition = "42"; }), HasSubstr("\"task_definition\" makes"));
    EXPECT_THAT(error([](auto& wrong) { wrong.rollback = true; }), HasSubstr(R"("rollback" is for "action":"stop")"));
    EXPECT_THAT(error([](auto& wrong) { wrong.malformed = "x"; }), HasSubstr("malformed"));
}

TEST(ManualHandler, TakesAStrategyForOneRolloutBesideTheConfiguredOne) {
    auto request = bare("api");
    request.strategy = R"({"type":"canary","percent":10})";
    const auto decision = decide_body(request, shop({{"DEPLOYMENT_STRATEGY", "rolling"}}));
    ASSERT_THAT(deployed(decision), ElementsAre("api"));
    const auto& asked = std::get<Deploy>(*decision).requests.front();
    EXPECT_EQ(asked.strategy_once->type, WantedStrategy::Type::kCanary);
    EXPECT_EQ(asked.strategy->type, WantedStrategy::Type::kRolling);
    const auto unsaid = decide_body(bare("api"), shop());
    EXPECT_FALSE(std::get<Deploy>(*unsaid).requests.front().strategy) << "whatever the service has";
}

TEST(ManualHandler, RefusesAStrategyThatIsNoneOrThatChoosesARole) {
    const auto error_of = [](const std::string& strategy) {
        auto request = bare("api");
        request.strategy = strategy;
        const auto decision = decide_body(request, shop());
        return decision ? "no error" : decision.error().message;
    };
    EXPECT_THAT(error_of("canary:200%"), HasSubstr("\"strategy\": percent is 200; expected"));
    EXPECT_THAT(error_of(R"({"type":"canary","hooks":[{"type":"lambda","stages":["PRE_SCALE_UP"],)"
                         R"("function":"arn:aws:lambda:r:1:function:f","role":"arn:aws:iam::1:role/r"}]})"),
                HasSubstr("belongs into the configuration"));
}

}  // namespace
}  // namespace ci_lambda::testing
