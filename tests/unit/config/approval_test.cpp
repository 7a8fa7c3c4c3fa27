#include "config/approval.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;

const std::string kKey(32, 'k');

Result<LoadedConfig> load_approval(std::map<std::string, std::string> variables, const std::string& document = "") {
    variables.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}});
    return load_config(
        FakeEnvironment(std::move(variables)),
        document.empty() ? std::nullopt : std::optional(DocumentText{.text = document, .source = "file:test"}));
}

TEST(ApprovalSettingsTest, NothingIsToBeApprovedUnlessSomebodySaysSo) {
    const auto loaded = load_approval({});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_FALSE(loaded->config.approval.is_on());
    EXPECT_FALSE(loaded->config.approval.of(ServiceId("api")).required);
}

TEST(ApprovalSettingsTest, WhatAServiceSaysGoesFirstEachMemberByItself) {
    const auto loaded = load_approval({{"APPROVAL_KEY", kKey}}, R"({
        "approval": {"required": true, "from": ["oncall"], "groups": ["oncall=@alice U0123ABCD", "release=@bob"],
                     "except": ["manual"], "expires_minutes": 60},
        "services": {"api": {"approval": {"from": ["@carol", "oncall", "release"], "expires_minutes": 30}},
                     "web": {"approval": false}, "worker": {"approval": true}, "night": {"approval": {"except": []}}}})");
    ASSERT_THAT(loaded, IsOk());
    const auto& approval = loaded->config.approval;
    EXPECT_TRUE(approval.is_on());
    EXPECT_EQ(
        approval.of(ServiceId("api")),
        (ApprovalRules{
            .required = true, .from = {"@carol", "oncall", "release"}, .expires = minutes{30}, .except_manual = true}));
    EXPECT_THAT(approval.people(approval.of(ServiceId("api")).from),
                ElementsAre("@carol", "@alice", "U0123ABCD", "@bob"));
    EXPECT_FALSE(approval.of(ServiceId("web")).required);
    EXPECT_TRUE(approval.of(ServiceId("worker")).required);
    EXPECT_EQ(approval.of(ServiceId("worker")).expires, minutes{60});
    EXPECT_FALSE(approval.of(ServiceId("night")).except_manual);
    EXPECT_TRUE(approval.of(ServiceId("anything else")).required);
    EXPECT_THAT(approval.key, Optional(Secret(kKey)));
}

TEST(ApprovalSettingsTest, KeysAreSecretsAndMayBeNamed) {
    auto loaded = load_approval({{"APPROVAL_REQUIRED", "true"},
                                 {"APPROVAL_KEY", "secretsmanager:shop/approval-key"},
                                 {"APPROVAL_KEY_PREVIOUS", kKey}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.approval.key, std::nullopt) << "not read yet";
    EXPECT_THAT(loaded->secrets, ElementsAre(Secret(kKey)));
    ASSERT_THAT(loaded->secret_references, SizeIs(1));
    const auto short_key = read_secrets(*loaded, [](const SourceRef&) -> Result<std::string> { return "short"; });
    ASSERT_FALSE(short_key);
    EXPECT_THAT(short_key.error().message,
                AllOf(HasSubstr("APPROVAL_KEY: what secretsmanager:shop/approval-key holds is shorter than 32"),
                      Not(HasSubstr("\"short\""))));
    ASSERT_TRUE(
        read_secrets(*loaded, [](const SourceRef&) -> Result<std::string> { return std::string(40, 'n') + "\n"; }));
    EXPECT_THAT(loaded->config.approval.key, Optional(Secret(std::string(40, 'n'))));
    EXPECT_THAT(loaded->config.approval.previous_key, Optional(Secret(kKey)));
}

TEST(ApprovalSettingsTest, WhatIsWrongIsNamedWithTheWayOut) {
    const auto error = [](std::map<std::string, std::string> variables, const std::string& document = "") {
        const auto loaded = load_approval(std::move(variables), document);
        return loaded ? std::string("(none)") : loaded.error().message;
    };
    EXPECT_THAT(error({{"APPROVAL_REQUIRED", "true"}}),
                HasSubstr("APPROVAL_KEY: is not set, and approvals are signed with it"));
    EXPECT_THAT(error({{"APPROVAL_KEY", "secret-and-short"}}),
                AllOf(HasSubstr("shorter than 32 characters"), Not(HasSubstr("secret-and-short"))));
    EXPECT_THAT(error({{"APPROVAL_FROM", "onkall"}, {"APPROVAL_GROUPS", "oncall=@alice"}}),
                HasSubstr("did you mean oncall?"));
    EXPECT_THAT(error({{"APPROVAL_GROUPS", "oncall="}}), HasSubstr("is not a group with its people"));
    EXPECT_THAT(error({{"APPROVAL_GROUPS", "oncall=alice"}}), HasSubstr("the group oncall names \"alice\""));
    EXPECT_THAT(error({{"APPROVAL_EXCEPT", "pushes"}}), HasSubstr("\"pushes\" is none of what can be excepted"));
    EXPECT_THAT(error({{"APPROVAL_EXPIRES_MINUTES", "1"}}), HasSubstr("APPROVAL_EXPIRES_MINUTES"));
    const std::map<std::string, std::string> with_key{{"APPROVAL_KEY", kKey}};
    EXPECT_THAT(error(with_key, R"({"services":{"api":{"approval":7}}})"),
                HasSubstr("/services/api/approval: is a number"));
    EXPECT_THAT(error(with_key, R"({"services":{"api":{"approval":{"form":["@a"]}}}})"),
                HasSubstr("/services/api/approval/form: is not known; expected \"from\"?"));
    EXPECT_THAT(error(with_key, R"({"services":{"api":{"approval":{"from":"@a"}}}})"),
                HasSubstr("/services/api/approval/from: is a string"));
    EXPECT_THAT(error(with_key, R"({"services":{"api":{"approval":{"expires_minutes":0}}}})"),
                HasSubstr("/services/api/approval/expires_minutes: is not a number in range"));
    EXPECT_THAT(error(with_key, R"({"services":{"api":{"approval":{"except":["automatic"]}}}})"),
                HasSubstr("/services/api/approval/except: has \"automatic\""));
    EXPECT_THAT(error({}, R"({"services":{"api":{"approval":{}}}})"), HasSubstr("APPROVAL_KEY: is not set"));
}

}  // namespace
}  // namespace ci_lambda::testing
