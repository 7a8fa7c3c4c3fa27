#include "deployer/approve/permission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

using enum Approver::Channel;

// Who may answer, by the way in which the answer comes.
TEST(ApprovalPermission, IsOfThoseWhoAreNamedAsFarAsTheWayKnowsThem) {
    const std::string session = "arn:aws:sts::123456789012:assumed-role/deployer/alice";
    const std::string role = "arn:aws:iam::123456789012:role/team/deployer";
    struct Case {
        Approver by;
        std::vector<std::string> from;
        bool may;
    };
    const std::vector<Case> cases{
        {{.channel = kSlack, .id = "U0123ABCD", .name = "alice"}, {}, true},
        {{.channel = kPage}, {}, true},
        {{.channel = kRequest}, {}, true},
        {{.channel = kIam, .id = session}, {}, true},
        {{.channel = kSlack, .id = "U0123ABCD", .name = "alice"}, {"@alice"}, true},
        {{.channel = kSlack, .id = "U0123ABCD", .name = "alice"}, {"U0123ABCD"}, true},
        {{.channel = kSlack, .id = "U0123ABCD", .name = "alice"}, {"oncall"}, true},
        {{.channel = kSlack, .id = "U9", .name = "mallory"}, {"@alice", "oncall"}, false},
        {{.channel = kSlack, .id = "U9", .name = ""}, {"@"}, false},
        // Nobody takes the name of another kind.
        {{.channel = kSlack, .id = session, .name = "requests"}, {role, "requests"}, false},
        {{.channel = kIam, .id = "@alice"}, {"@bob"}, false},
        {{.channel = kIam, .id = session}, {role}, true},
        {{.channel = kIam, .id = session}, {session}, true},
        {{.channel = kIam, .id = "arn:aws:iam::123456789012:user/alice"},
         {"arn:aws:iam::123456789012:user/alice"},
         true},
        {{.channel = kIam, .id = session}, {"arn:aws:iam::123456789012:role/other"}, false},
        {{.channel = kIam, .id = session}, {"arn:aws:iam::999999999999:role/deployer"}, false},
        {{.channel = kIam, .id = session}, {"@alice"}, false},
        {{.channel = kPage}, {"@alice"}, false},
        {{.channel = kPage}, {"requests"}, false},
        {{.channel = kRequest}, {"@alice"}, false},
        {{.channel = kRequest}, {"@alice", "requests"}, true},
    };
    ApprovalSettings settings;
    settings.groups = {{"oncall", {"@alice", "@bob"}}};
    for (const auto& one : cases) {
        const auto why = why_not_by(one.by, {.required = true, .from = one.from}, settings);
        EXPECT_EQ(!why, one.may) << in_words(one.by) << " / " << ::testing::PrintToString(one.from);
    }
}

TEST(ApprovalPermission, SaysWhatTheWayOutIs) {
    const ApprovalRules rules{.required = true, .from = {"@alice"}};
    EXPECT_EQ(*why_not_by({.channel = kSlack, .id = "U9", .name = "mallory"}, rules, {}),
              "mallory (Slack) is none of those who may: @alice");
    EXPECT_THAT(*why_not_by({.channel = kPage}, rules, {}), ::testing::HasSubstr("use Slack or ci_lambda approve"));
}

}  // namespace
}  // namespace ci_lambda::testing
