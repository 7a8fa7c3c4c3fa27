#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/site.hpp"
#include "sandbox/ecr/state.hpp"
#include "sandbox/ecs/state.hpp"
#include "sandbox/scheduler/scheduler.hpp"
#include "sandbox/stepfunctions/state.hpp"

namespace ci_lambda::sandbox {

/// The little shop that the sandbox's AWS account holds.
namespace shop {
inline constexpr std::string_view kAccount = "123456789012";
inline constexpr std::string_view kRegion = "us-east-1";
/// Where the shop is unless it is to be somewhere else.
[[nodiscard]] Site home();
inline constexpr std::string_view kProject = "shop";
inline constexpr std::string_view kEnvironment = "dev";
inline constexpr std::string_view kCluster = "shop_cluster_dev";
inline constexpr std::string_view kBackend = "shop_service_dev";
inline constexpr std::string_view kApi = "shop_service_api_dev";
inline constexpr std::string_view kWorker = "shop_service_worker_dev";
/// An Express Mode service; its family is another one.
inline constexpr std::string_view kWeb = "shop_service_web_dev";
/// An alarm of CloudWatch that there is from the beginning.
inline constexpr std::string_view kAlarm = "shop-5xx";
/// A service that CodeDeploy deploys, with the image of api: only where it was asked for.
inline constexpr std::string_view kLegacy = "shop_service_legacy_dev";
/// The family of a task that no service runs, with the image of api.
inline constexpr std::string_view kReport = "shop_report_dev";
// Where what has proven good in dev is promoted to: the api alone, of the same repository.
inline constexpr std::string_view kProdCluster = "shop_cluster_prod";
inline constexpr std::string_view kProdApi = "shop_service_api_prod";
inline constexpr std::string_view kBucket = "shop-env-dev";
/// SERVICE_CONFIG: api/.env is read by two services, so one file deploys both.
inline constexpr std::string_view kServiceConfig =
    R"({"api":[{"bucket":"shop-env-dev","key":"api/.env"}],)"
    R"("worker":[{"bucket":"shop-env-dev","key":"worker/.env"},{"bucket":"shop-env-dev","key":"api/.env"}]})";
/// The service's name in ECS, for one of the ids `backend`, `api`, `worker` and `web`; anything else as it is.
[[nodiscard]] std::string service_named(std::string_view id);
/// The repository of a service, for its id, also with the project in front (`shop/api`); anything else as it is.
[[nodiscard]] std::string repository_named(std::string_view id);
}  // namespace shop

/// One cluster; the services backend, api and worker, which run revision 9; task definition families of the same names
/// with the revisions 9, 10 and 42: the newest one is neither the first nor the last in the order of letters. The
/// family of the report, with the same. The Express Mode service web, of its image v1.9. And a cluster of the
/// environment prod, with the api of revision 9 in it. `registry`: the shop's, which must outlive the state, or
/// nullptr.
[[nodiscard]] EcsState shop_state(Ids& ids, WallTime now, ImageRegistry* registry = nullptr,
                                  const Site& site = shop::home());

/// Adds `legacy`, of revision 9, to the cluster of dev.
void add_legacy_service(EcsState& state, Ids& ids, WallTime now);

/// What starts the report: the schedule `night/report` of EventBridge Scheduler, and the rule `report-weekly` of
/// EventBridge, each with its newest revision and with all that such a target may have.
[[nodiscard]] SchedulerState shop_schedules(WallTime now, const Site& site = shop::home());

/// The state machine that carries the shop's pipelines, as `ci_lambda pipeline asl` writes it.
[[nodiscard]] StepFunctionsState shop_state_machines(WallTime now, const Site& site = shop::home());
/// Its ARN.
[[nodiscard]] std::string pipelines_state_machine(const Site& site = shop::home());

/// The images of all these revisions, each for two platforms, in a repository for each service. They are the same
/// everywhere, digest for digest.
[[nodiscard]] EcrState shop_registry(WallTime now, const Site& site = shop::home());

}  // namespace ci_lambda::sandbox
