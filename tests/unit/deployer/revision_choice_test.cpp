#include "deployer/revision_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using enum ServiceDeploymentStatus;

/// What is chosen of the revisions 8 and 7, and how many are passed over.
std::string chosen(const std::vector<EcsServiceDeployment>& history) {
    const std::vector<EcsServiceRevision> revisions{
        {.arn = "service-revision/8", .task_definition = arn_of("8"), .images = {}},
        {.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
    const auto choice = choose_revision({TaskDefinition(arn_of("8")), TaskDefinition(arn_of("7"))}, history, revisions);
    return fmt::format("{} over {}", short_name(choice.revision.str()), choice.passed_over.size());
}

const std::string kNewest = "shop_service_api_dev:8 over 0";
const std::string kOlder = "shop_service_api_dev:7 over 1";

TEST(ChooseRevision, PassesOverWhatWasRolledBack) {
    const auto good = record("a", kSuccessful, -minutes{60}, "7");
    const struct {
        std::string why;
        std::vector<EcsServiceDeployment> history;  // newest first
        std::string chosen;
    } cases[] = {
        {"nothing is known", {}, kNewest},
        {"never deployed before", {good}, kNewest},
        {"ECS rolled it back", {record("b", kRollbackSuccessful, -minutes{30}), good}, kOlder},
        {"ECS is rolling it back", {record("b", kRollbackInProgress, -minutes{30}), good}, kOlder},
        {"its rollback failed", {record("b", kRollbackFailed, -minutes{30}), good}, kOlder},
        {"stopped, and the older one was brought back",
         {record("c", kSuccessful, -minutes{20}, "7"), record("b", kStopped, -minutes{30}), good},
         kOlder},
        {"stopped, and nothing came after it", {record("b", kStopped, -minutes{30}), good}, kNewest},
        {"stopped by its own second rollout",
         {record("c", kInProgress, -minutes{20}), record("b", kStopped, -minutes{30}), good},
         kNewest},
        {"it has worked before: the revision is not what is wrong",
         {record("c", kRollbackSuccessful, -minutes{20}), record("b", kSuccessful, -minutes{30}), good},
         kNewest},
        {"under way", {record("b", kInProgress, -minutes{1}), good}, kNewest},
    };
    for (const auto& [why, history, expected] : cases) EXPECT_EQ(chosen(history), expected) << why;
}

TEST(ChooseRevision, FindsNoneWhenAllWereRolledBack) {
    const auto choice = choose_revision({TaskDefinition(arn_of("8"))}, {record("b", kRollbackSuccessful)},
                                        {{.arn = "service-revision/8", .task_definition = arn_of("8"), .images = {}}});
    EXPECT_TRUE(choice.revision.empty());
    EXPECT_EQ(choice.passed_over.size(), 1U);
}

}  // namespace
}  // namespace ci_lambda::testing
