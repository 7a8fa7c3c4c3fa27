#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using testing::decide_body;
using testing::deploy_reason;
using testing::deployed;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ignored_because;
using testing::IsErr;
using ::testing::Not;
using testing::service_map;
using testing::shop;

ManualRequest bare(const std::string& service) { return {.bare = true, .service = service}; }

std::string task_definition(const std::string& given) {
    auto request = bare("api");
    request.task_definition = given;
    const auto decision = decide_body(request, shop());
    if (!decision) return "error: " + decision.error().message;
    const auto& asked = std::get<Deploy>(*decision).requests.front().task_definition;
    return asked ? asked->str() : "newest";
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

TEST(ManualHandler, UnderstandsTaskDefinitions) {
    const struct {
        std::string given;
        std::string expected;
    } cases[] = {
        {"", "newest"},
        {"42", "shop_service_api_dev:42"},
        {":42", "shop_service_api_dev:42"},
        {"shop_service_api_dev:42", "shop_service_api_dev:42"},
        {"other:1", "other:1"},
        {"other", "other"},
        {"v2", "v2"},
        {"arn:aws:ecs:us-east-1:123456789012:task-definition/other:7",
         "arn:aws:ecs:us-east-1:123456789012:task-definition/other:7"},
    };
    for (const auto& [given, expected] : cases) EXPECT_EQ(task_definition(given), expected) << given;
}

TEST(ManualHandler, RefusesTaskDefinitionsThatCannotBe) {
    for (const std::string given :
         {" ", "a b", "a\n", "\t42", ":", ":latest", "0", ":0", "99999999999999999999999", "f\xC3\xBCr:1"})
        EXPECT_THAT(task_definition(given), HasSubstr("error: \"task_definition\" is")) << given;
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

}  // namespace
}  // namespace ci_lambda
