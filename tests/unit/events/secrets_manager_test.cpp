#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf";

/// As CloudTrail tells of a call, or with `by_itself` of what Secrets Manager did by itself.
Result<Event> told(const std::string& name, const std::string& members, bool by_itself = false) {
    return decode_event(std::string(R"({"source":"aws.secretsmanager","detail-type":"AWS )") +
                        (by_itself ? "Service Event" : "API Call") +
                        R"( via CloudTrail","account":"123456789012","region":"us-east-1",
           "detail":{"eventSource":"secretsmanager.amazonaws.com","eventName":")" +
                        name + "\"" + members + "}}");
}

SecretChange change_of(const std::string& name, const std::string& members, bool by_itself = false) {
    const auto event = told(name, members, by_itself);
    EXPECT_THAT(event, IsOk());
    const auto* change = event ? std::get_if<SecretChange>(&event->body) : nullptr;
    EXPECT_NE(change, nullptr) << name;
    return change == nullptr ? SecretChange{} : *change;
}

TEST(DecodeSecrets, ANewValueIsTheCurrentOne) {
    const auto change =
        change_of("PutSecretValue", R"(,"requestParameters":{"secretId":"shop/db","clientRequestToken":"x"},
                                                      "responseElements":null)");
    EXPECT_EQ(change.operation, "PutSecretValue");
    EXPECT_EQ(change.secret, "shop/db");
    EXPECT_THAT(change.stages, ElementsAre("AWSCURRENT"));
    EXPECT_EQ(change.error_code, std::nullopt);
}

TEST(DecodeSecrets, TheAnswersArnSaysMoreThanTheName) {
    for (const std::string key : {"arn", "aRN", "ARN"}) {
        const auto change = change_of("UpdateSecret", R"(,"requestParameters":{"secretId":"shop/db"},
                                      "responseElements":{")" +
                                                          key + "\":\"" + kSecretArn + "\"}");
        EXPECT_EQ(change.secret, kSecretArn) << key;
    }
}

TEST(DecodeSecrets, ARotationTriesItsValueInAnotherStage) {
    EXPECT_THAT(
        change_of("PutSecretValue", R"(,"requestParameters":{"secretId":"shop/db","versionStages":["AWSPENDING"]})")
            .stages,
        ElementsAre("AWSPENDING"));
    EXPECT_THAT(
        change_of("UpdateSecretVersionStage",
                  R"(,"requestParameters":{"secretId":"shop/db","versionStage":"AWSCURRENT","moveToVersionId":"v"})")
            .stages,
        ElementsAre("AWSCURRENT"));
    EXPECT_THAT(change_of("UpdateSecretVersionStage", R"(,"requestParameters":{"secretId":"shop/db"})").stages,
                IsEmpty());
}

TEST(DecodeSecrets, ARotationThatSucceededNamesTheSecretElsewhere) {
    const auto change = change_of("RotationSucceeded",
                                  std::string(R"(,"requestParameters":null,"responseElements":null,
                                  "additionalEventData":{"SecretId":")") +
                                      kSecretArn + "\"}",
                                  true);
    EXPECT_EQ(change.secret, kSecretArn);
    EXPECT_THAT(change.stages, ElementsAre("AWSCURRENT"));
}

TEST(DecodeSecrets, AFailedCallSaysSo) {
    EXPECT_EQ(
        change_of("PutSecretValue", R"(,"errorCode":"AccessDenied","requestParameters":{"secretId":"x"})").error_code,
        "AccessDenied");
}

TEST(DecodeSecrets, WhatChangesNoValueIsOfNoInterest) {
    for (const std::string name : {"GetSecretValue", "CreateSecret", "DeleteSecret", "RotationStarted",
                                   "RotationFailed", "TagResource", "BatchGetSecretValue"}) {
        const auto event = told(name, "");
        ASSERT_THAT(event, IsOk()) << name;
        const auto* other = std::get_if<OtherEvent>(&event->body);
        ASSERT_NE(other, nullptr) << name;
        EXPECT_THAT(other->reason, HasSubstr(name));
    }
    const auto another = decode_event(R"({"source":"aws.secretsmanager","detail-type":"Something Else","detail":{}})");
    ASSERT_THAT(another, IsOk());
    EXPECT_TRUE(std::holds_alternative<OtherEvent>(another->body));
}

TEST(DecodeSecrets, ABrokenShapeIsAnErrorThatNamesTheMember) {
    EXPECT_THAT(decode_event(R"({"source":"aws.secretsmanager","detail-type":"AWS API Call via CloudTrail"})"),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("\"detail\"")));
    EXPECT_THAT(
        decode_event(R"({"source":"aws.secretsmanager","detail-type":"AWS API Call via CloudTrail","detail":{}})"),
        IsErr(ErrorKind::kInvalidEvent, HasSubstr("detail.eventName")));
    // Texts of the wrong type are no texts; whether that matters is the handler's business.
    EXPECT_THAT(change_of("PutSecretValue", R"(,"requestParameters":[],"responseElements":"x")").secret, IsEmpty());
    EXPECT_THAT(change_of("PutSecretValue", R"(,"requestParameters":{"secretId":7,"versionStages":"x"})").secret,
                IsEmpty());
}

}  // namespace
}  // namespace ci_lambda::testing
