#include "app/people/named_services.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class NamedServices : public ::testing::Test {
protected:
    [[nodiscard]] Config config() const { return load_config(environment_)->config; }
    Status exist(const std::vector<std::string>& names) {
        return check_that_they_exist(config(), ecs_, *named_services(config(), names), Deadline::none());
    }
    /// The cluster has an api and a worker.
    void has_two_services() {
        ecs_.on_describe = [](const std::vector<EcsServiceName>& names) {
            DescribedServices described;
            for (const auto& name : names) {
                if (name.str() == "shop_service_api_dev" || name.str() == "shop_service_worker_dev")
                    described.services.push_back({.name = name, .status = "ACTIVE"});
                else
                    described.failures.push_back({.name = name, .reason = "MISSING"});
            }
            return described;
        };
        ecs_.on_list = [] {
            return std::vector{EcsServiceName("shop_service_api_dev"), EcsServiceName("shop_service_worker_dev")};
        };
    }

    FakeEnvironment environment_{{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}}};
    FakeEcs ecs_;
};

TEST_F(NamedServices, AreTheirTargetsEachOnce) {
    EXPECT_THAT(*named_services(config(), {"api", "worker", "api"}), SizeIs(2));
}

TEST_F(NamedServices, NeverMeanTheBackendByAnEmptyName) {
    for (const auto* empty : {"", " "})
        EXPECT_THAT(named_services(config(), {empty}), IsErr(ErrorKind::kConfiguration, HasSubstr("name is empty")));
}

TEST_F(NamedServices, GetASuggestionFromTheMap) {
    environment_.set("ECS_SERVICE_MAP", R"({"api":{"service_name":"a","task_family":"a"},)"
                                        R"("worker":{"service_name":"w","task_family":"w"}})");
    EXPECT_THAT(named_services(config(), {"wroker"}),
                IsErr(ErrorKind::kNotFound, AllOf(HasSubstr("did you mean \"worker\"?"), HasSubstr("api, worker"))));
}

TEST_F(NamedServices, GetASuggestionFromTheClusterWhereThereIsNoMap) {
    has_two_services();
    EXPECT_THAT(exist({"api"}), IsOk());
    EXPECT_THAT(exist({"api", "wroker"}),
                IsErr(ErrorKind::kNotFound, AllOf(HasSubstr("shop_service_wroker_dev"), HasSubstr("\"worker\"?"))));
    EXPECT_THAT(exist({"ghost"}),
                IsErr(ErrorKind::kNotFound, AllOf(HasSubstr("no service shop_service_ghost_dev"),
                                                  HasSubstr("Services: api, worker."), Not(HasSubstr("family")))));
}

TEST_F(NamedServices, GetASuggestionFromTheConfigurationWhereTheClusterMayNotBeListed) {
    has_two_services();
    ecs_.on_list = [] { return fail(ErrorKind::kAccessDenied, "no"); };
    environment_.set("SERVICE_CONFIG", R"({"worker":[{"bucket":"b","key":"k"}]})");
    EXPECT_THAT(exist({"wroker"}), IsErr(ErrorKind::kNotFound, HasSubstr("did you mean \"worker\"?")));
}

TEST_F(NamedServices, AreLeftToThoseWhoActWhereLookingIsNotAllowedOrMayHeal) {
    ecs_.on_describe = [](const auto&) { return fail(ErrorKind::kAccessDenied, "no"); };
    EXPECT_THAT(exist({"ghost"}), IsOk());
    ecs_.on_describe = [](const auto&) { return fail(ErrorKind::kThrottled, "Rate exceeded"); };
    EXPECT_THAT(exist({"ghost"}), IsOk());
    ecs_.on_describe = [](const auto&) { return fail(ErrorKind::kNotFound, "There is no cluster x"); };
    EXPECT_THAT(exist({"ghost"}), IsErr(ErrorKind::kNotFound, HasSubstr("There is no cluster x")));
}

}  // namespace
}  // namespace ci_lambda::testing
