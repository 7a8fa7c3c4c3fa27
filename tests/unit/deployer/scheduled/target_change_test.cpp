#include "deployer/scheduled/target_change.hpp"

#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

TEST(TargetChange, MovesWhatNamesAnOlderRevisionOfTheFamilyAndNothingElse) {
    const TaskFamily family("shop_report");
    const TaskDefinition ours("arn:aws:ecs:us-east-1:123456789012:task-definition/shop_report:43");
    const std::string arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/";
    const auto change = [&](const std::string& named) { return change_of(named, family, ours); };
    EXPECT_EQ(change(arn + "shop_report:42"), TargetChange::kMove);
    EXPECT_EQ(change("shop_report:9"), TargetChange::kMove) << "numbers, not texts";
    EXPECT_EQ(change(arn + "shop_report:43"), TargetChange::kThere);
    EXPECT_EQ(change(arn + "shop_report:44"), TargetChange::kNewer);
    EXPECT_EQ(change(arn + "shop_report:100"), TargetChange::kNewer);
    EXPECT_EQ(change(arn + "shop_report"), TargetChange::kNothing);
    EXPECT_EQ(change("shop_report"), TargetChange::kNothing);
    for (const auto* other : {"shop_report_2:42", "report:42", "shop_report_2", "", "shop_report:", "shop_report:x"})
        EXPECT_EQ(change(other), TargetChange::kAnotherFamily) << other;
}

}  // namespace
}  // namespace ci_lambda::testing
