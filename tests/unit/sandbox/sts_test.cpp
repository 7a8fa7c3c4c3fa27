#include "sandbox/sts/sts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/json.hpp"
#include "sandbox/host/function_environment.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;

const std::string kRole = "arn:aws:iam::222222222222:role/ci_lambda_us";
const std::string kRequest =
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fci_lambda_us"
    "&RoleSessionName=ci_lambda-1&DurationSeconds=900&ExternalId=id";

class StsTest : public ::testing::Test {
protected:
    StsTest() { sts_.add_role({.arn = kRole, .account = "222222222222", .external_id = "id"}); }

    HttpExchangeAnswer ask(const std::string& body, const std::string& caller = "sandbox",
                           const std::string& accept = "application/json") {
        return sts_.handle({.path = "/", .captures = {}, .headers = {{"accept", accept}}, .body = body}, caller);
    }
    /// A new access key.
    std::string assume(const std::string& caller = "sandbox") {
        const auto answer = ask(kRequest, caller);
        EXPECT_EQ(answer.status, 200) << answer.body;
        const auto json = parse_json(answer.body).value_or(Json());
        return json["AssumeRoleResponse"]["AssumeRoleResult"]["Credentials"]["AccessKeyId"];
    }
    /// The error's code.
    std::string refusal(const std::string& body, const std::string& caller = "sandbox") {
        const auto answer = ask(body, caller);
        EXPECT_GE(answer.status, 400) << answer.body;
        return parse_json(answer.body).value_or(Json())["Error"]["Code"];
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    Sts sts_{ids_, clock_, "123456789012"};
};

TEST_F(StsTest, AnswersInJsonWithATimeThatHasAnExponent) {
    const auto answer = ask(kRequest);
    EXPECT_EQ(answer.content_type, "application/json");
    std::smatch found;
    ASSERT_TRUE(std::regex_search(answer.body, found, std::regex(R"("Expiration":([0-9.]+E9))"))) << answer.body;
    const auto json = parse_json(answer.body).value_or(Json());
    const auto& result = json["AssumeRoleResponse"]["AssumeRoleResult"];
    EXPECT_EQ(result["Credentials"]["Expiration"].get<double>(),
              std::chrono::duration<double>(clock_.now().time_since_epoch()).count() + 900);
    EXPECT_EQ(result["AssumedRoleUser"]["Arn"], "arn:aws:sts::222222222222:assumed-role/ci_lambda_us/ci_lambda-1");
    EXPECT_FALSE(result["Credentials"]["SecretAccessKey"].get<std::string>().empty());
}

TEST_F(StsTest, AnswersInXmlWhereNobodyAsksForJson) {
    const auto answer = ask(kRequest, "sandbox", "*/*");
    EXPECT_EQ(answer.content_type, "text/xml");
    EXPECT_THAT(answer.body, HasSubstr("<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"));
    EXPECT_THAT(answer.body, HasSubstr("Z</Expiration>"));
    EXPECT_THAT(ask(kRequest + "&ContentType=JSON", "sandbox", "").content_type, "application/json");
    const auto refused = ask("Action=AssumeRole", "sandbox", "");
    EXPECT_THAT(refused.body, HasSubstr("<ErrorResponse"));
    EXPECT_THAT(refused.body, HasSubstr("<Code>ValidationError</Code>"));
}

TEST_F(StsTest, ASessionBelongsToTheRolesAccountUntilItIsOver) {
    const auto key = assume(std::string(kFunctionAccessKey));
    EXPECT_TRUE(Sts::is_of_a_session(key));
    const auto session = sts_.session(key);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->account, "222222222222");
    EXPECT_EQ(session->caller, kFunctionAccessKey);
    clock_.advance(std::chrono::seconds{900});
    EXPECT_FALSE(sts_.session(key));
    EXPECT_EQ(refusal(kRequest, key), "ExpiredToken");
    EXPECT_FALSE(sts_.session("sandbox"));
}

TEST_F(StsTest, WhoAssumesARoleByAnotherIsStillTheSame) {
    const auto first = assume(std::string(kFunctionAccessKey));
    const auto second = assume(first);
    EXPECT_NE(first, second);
    EXPECT_EQ(sts_.session(second)->caller, kFunctionAccessKey);
}

TEST_F(StsTest, RefusesWhatTheTrustPolicyWould) {
    const auto with = [](const std::string& from, const std::string& to) {
        auto request = kRequest;
        return request.replace(request.find(from), from.size(), to);
    };
    EXPECT_EQ(refusal(with("ci_lambda_us&", "other&")), "AccessDenied");
    EXPECT_EQ(refusal(with("ExternalId=id", "ExternalId=x")), "AccessDenied");
    EXPECT_EQ(refusal(with("&ExternalId=id", "")), "AccessDenied");
    EXPECT_EQ(refusal(with("ci_lambda-1", "a%20b")), "ValidationError");
    EXPECT_EQ(refusal(with("=900", "=899")), "ValidationError");
    EXPECT_EQ(refusal(with("=900", "=7200"), std::string(kFunctionAccessKey)), "ValidationError") << "role chaining";
    EXPECT_EQ(ask(with("=900", "=7200")).status, 200);
    EXPECT_EQ(refusal("Action=GetFederationToken"), "InvalidAction");
    EXPECT_EQ(refusal(kRequest, ""), "MissingAuthenticationToken");
}

TEST_F(StsTest, ADeniedRoleEndsItsSessions) {
    const auto key = assume();
    sts_.deny(kRole, true);
    EXPECT_EQ(refusal(kRequest), "AccessDenied");
    EXPECT_FALSE(sts_.session(key));
    sts_.deny(kRole, false);
    EXPECT_TRUE(sts_.session(assume()));
}

TEST_F(StsTest, SaysWhoSomebodyIs) {
    const auto account_of = [&](const std::string& caller) {
        const auto json = parse_json(ask("Action=GetCallerIdentity", caller).body).value_or(Json());
        return json["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Account"].get<std::string>();
    };
    EXPECT_EQ(account_of("sandbox"), "123456789012");
    EXPECT_EQ(account_of(assume()), "222222222222");
}

}  // namespace
}  // namespace ci_lambda::sandbox
