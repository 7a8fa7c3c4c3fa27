#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

ParameterChange change_of(const std::string& name, const std::string& operation = "Update") {
    return {.operation = operation, .name = name, .failed = false};
}

TEST(SsmHandler, FindsTheServiceByTheNamingRule) {
    const auto config = shop({{"BACKEND_SERVICE_NAME", "web"}});
    const struct {
        std::string name;
        std::string service;
    } cases[] = {
        {"/dev/shop/api/LOG_LEVEL", "api"},
        {"dev/shop/api/LOG_LEVEL", "api"},
        {"/dev/shop/api/db/primary/PASSWORD", "api"},
        {"/dev/shop/backend/X", "backend"},
        {"/dev/shop/web/X", "backend"},
        {"/dev/shop/a_b.c-d/X", "a_b.c-d"},
    };
    for (const auto& [name, service] : cases)
        EXPECT_THAT(deployed(decide_body(change_of(name), config)), ElementsAre(service)) << name;
}

TEST(SsmHandler, IgnoresParametersThatOnlyLookLikeOurs) {
    const auto config = shop();
    for (const std::string name :
         {"/prod/shop/api/X", "/dev/other/api/X", "/DEV/shop/api/X", "/dev/Shop/api/X", "/dev/shop/api",
          "/dev/shop/api/", "/dev/shop//X", "/dev/shop/api//X", "//dev/shop/api/X", "/x/dev/shop/api/X",
          "/devx/shop/api/X", "/dev/shopx/api/X", "/dev/shop/a b/X", "/dev/shop", "/", "", "LOG_LEVEL"})
        EXPECT_THAT(ignored_because(decide_body(change_of(name), config)),
                    HasSubstr("parameter " + name + " is not named /dev/shop/SERVICE/NAME"))
            << name;
}

TEST(SsmHandler, TakesTheLongestPrefixOnSegmentBoundaries) {
    const auto config =
        shop({{"SSM_SERVICE_MAP", R"({"/dev":"backend","/dev/shop/api":["api","worker"],"/dev/shop/api/db":"db"})"}});
    const struct {
        std::string name;
        std::vector<std::string> services;
    } cases[] = {
        {"/dev/shop/api/X", {"api", "worker"}},
        {"dev/shop/api/X", {"api", "worker"}},
        {"/dev/shop/api", {"api", "worker"}},
        {"/dev/shop/api/db/X", {"db"}},
        {"/dev/shop/api/dbx", {"api", "worker"}},
        {"/dev/shop/apix/X", {"backend"}},
        {"/dev", {"backend"}},
    };
    for (const auto& [name, services] : cases)
        EXPECT_EQ(deployed(decide_body(change_of(name), config)), services) << name;
    for (const std::string name : {"/devx/shop/api/X", "/x/dev", "/DEV/shop", ""})
        EXPECT_THAT(ignored_because(decide_body(change_of(name), config)),
                    HasSubstr("below no path of SSM_SERVICE_MAP"))
            << name;
}

TEST(SsmHandler, DeploysAfterCreateAndUpdateOnly) {
    const auto config = shop();
    const std::string name = "/dev/shop/api/X";
    EXPECT_EQ(deploy_reason(decide_body(change_of(name, "Create"), config)), "parameter /dev/shop/api/X was created");
    EXPECT_EQ(deploy_reason(decide_body(change_of(name, "Update"), config)), "parameter /dev/shop/api/X was updated");
    const struct {
        std::string operation;
        std::string reason;
    } cases[] = {
        {"Delete", "redeploying after a delete would turn running tasks into tasks that cannot start"},
        {"LabelParameterVersion", "a label of parameter /dev/shop/api/X was moved"},
        {"update", "neither Create nor Update"},
        {"", "neither Create nor Update"},
    };
    for (const auto& [operation, reason] : cases)
        EXPECT_THAT(ignored_because(decide_body(change_of(name, operation), config)), HasSubstr(reason)) << operation;
}

TEST(SsmHandler, DoesNotDeployWhenTerraformCreatesItsPlaceholders) {
    const auto by_rule = shop();
    const auto by_map = shop({{"SSM_SERVICE_MAP", R"({"/dev/shop/api":"api","/dev/shop/task/cleanup":"cleanup"})"}});
    for (const auto* config : {&by_rule, &by_map})
        for (const std::string name : {"/dev/shop/api/env", "dev/shop/api/env", "/dev/shop/task/cleanup/env"}) {
            EXPECT_THAT(ignored_because(decide_body(change_of(name, "Create"), *config)), HasSubstr("placeholder"))
                << name;
            EXPECT_EQ(deployed(decide_body(change_of(name, "Update"), *config)).size(), 1U) << name;
        }
}

TEST(SsmHandler, DeploysAParameterOfOnesOwnThatIsCreatedAsEnv) {
    const auto by_rule = shop();
    const auto by_map = shop({{"SSM_SERVICE_MAP", R"({"/dev/shop/api":"api","/dev/shop/worker/env":"api"})"}});
    for (const std::string name : {"/dev/shop/api/db/env", "/dev/shop/api/environment", "/dev/shop/api/ENV"})
        for (const auto* config : {&by_rule, &by_map})
            EXPECT_THAT(deployed(decide_body(change_of(name, "Create"), *config)), ElementsAre("api")) << name;
    EXPECT_THAT(deployed(decide_body(change_of("/dev/shop/worker/env", "Create"), by_map)), ElementsAre("api"));
}

TEST(SsmHandler, IgnoresChangesThatFailed) {
    auto change = change_of("/dev/shop/api/X");
    change.failed = true;
    EXPECT_THAT(ignored_because(decide_body(change, shop())),
                HasSubstr("the change of parameter /dev/shop/api/X failed"));
}

TEST(SsmHandler, IgnoresAllWhenSwitchedOff) {
    EXPECT_THAT(ignored_because(decide_body(change_of("/dev/shop/api/X"), shop({{"ENABLE_SSM_MONITORING", "0"}}))),
                HasSubstr("ENABLE_SSM_MONITORING"));
}

}  // namespace
}  // namespace ci_lambda::testing
