#include "sandbox/secrets_manager/secrets_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "sandbox/shop/values.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class SecretsManagerTest : public ::testing::Test {
protected:
    Json call(std::string_view operation, const Json& request) {
        const auto answer = secrets_.handle(operation, dump_json(request), "AKIAUSER");
        EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    /// "Type: message"
    std::string error(std::string_view operation, const Json& request) {
        const auto answer = secrets_.handle(operation, dump_json(request), "AKIAUSER");
        EXPECT_EQ(answer.status, 400) << answer.body;
        const auto body = parse_json(answer.body).value_or(Json());
        return find_string(body, "__type").value_or("") + ": " + find_string(body, "message").value_or("");
    }
    /// The version of `shop/payment` that has this value from now on.
    std::string put(const std::string& value, const Json& stages = Json::array()) {
        Json request{{"SecretId", kSecret}, {"SecretString", value}};
        if (!stages.empty()) request["VersionStages"] = stages;
        return call("PutSecretValue", request)["VersionId"];
    }
    /// The text of a stage; empty where no version has it.
    std::string at(const std::string& stage, const std::string& secret = kSecret) {
        const auto answer =
            secrets_.handle("GetSecretValue", dump_json({{"SecretId", secret}, {"VersionStage", stage}}), "AKIAUSER");
        return find_string(parse_json(answer.body).value_or(Json()), "SecretString").value_or("");
    }
    std::string current_version() { return call("GetSecretValue", {{"SecretId", kSecret}})["VersionId"]; }
    Json move_to(const std::string& to, const std::string& from) {
        return {{"SecretId", kSecret},
                {"VersionStage", "AWSCURRENT"},
                {"MoveToVersionId", to},
                {"RemoveFromVersionId", from}};
    }
    /// The names of the events so far.
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> names;
        for (const auto& event : events_) names.push_back(event["detail"]["eventName"]);
        return names;
    }

    static constexpr const char* kSecret = "shop/payment";
    static constexpr const char* kAtTheStart = "payment-key-of-the-start";
    static constexpr const char* kArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/payment-S4ndB0";
    testing::FakeClock clock_;
    Ids ids_{1};
    std::vector<Json> events_;
    SecretsManager secrets_{
        {.state = shop_secrets(ids_, clock_.now()),
         .on_event = [this](const std::string& event) { events_.push_back(parse_json(event).value_or(Json())); }},
        ids_,
        clock_};
};

TEST_F(SecretsManagerTest, ANewValueIsTheCurrentOneAndTheOneBeforeItThePreviousOne) {
    put("second");
    EXPECT_EQ(at("AWSCURRENT"), "second");
    EXPECT_EQ(at("AWSPREVIOUS"), kAtTheStart);
    put("third");
    EXPECT_EQ(at("AWSCURRENT"), "third");
    EXPECT_EQ(at("AWSPREVIOUS"), "second");
    const auto described = call("DescribeSecret", {{"SecretId", kSecret}});
    EXPECT_THAT(described["VersionIdsToStages"], SizeIs(2)) << "what has no stage is deprecated";
    EXPECT_THAT(call("ListSecretVersionIds", {{"SecretId", kSecret}})["Versions"], SizeIs(2));
    EXPECT_THAT(call("ListSecretVersionIds", {{"SecretId", kSecret}, {"IncludeDeprecated", true}})["Versions"],
                SizeIs(3));
}

TEST_F(SecretsManagerTest, AValueThatIsTriedAsPendingLeavesTheCurrentOneAlone) {
    const auto before = current_version();
    const auto pending = put("tried", {"AWSPENDING"});
    EXPECT_EQ(at("AWSCURRENT"), kAtTheStart);
    EXPECT_EQ(at("AWSPENDING"), "tried");
    EXPECT_EQ(at("AWSPREVIOUS"), "");
    call("UpdateSecretVersionStage", move_to(pending, before));
    EXPECT_EQ(at("AWSCURRENT"), "tried");
    EXPECT_EQ(at("AWSPREVIOUS"), kAtTheStart) << "moved by itself";
    call("UpdateSecretVersionStage", move_to(before, pending));
    EXPECT_EQ(at("AWSCURRENT"), kAtTheStart) << "and back";
    EXPECT_EQ(at("AWSPREVIOUS"), "tried");
}

TEST_F(SecretsManagerTest, AStageOfOnesOwnIsAtOneVersionOnlyAndCanBeTakenAway) {
    const auto blue = put("blue", {"AWSCURRENT", "blue"});
    EXPECT_EQ(at("blue"), "blue");
    const auto green = put("green", {"blue"});
    EXPECT_EQ(at("blue"), "green");
    EXPECT_EQ(at("AWSCURRENT"), "blue");
    call("UpdateSecretVersionStage", {{"SecretId", kSecret}, {"VersionStage", "blue"}, {"RemoveFromVersionId", green}});
    EXPECT_EQ(at("blue"), "");
    EXPECT_EQ(call("GetSecretValue", {{"SecretId", kSecret}, {"VersionId", green}})["VersionStages"], Json::array());
    call("UpdateSecretVersionStage", {{"SecretId", kSecret}, {"VersionStage", "new"}, {"MoveToVersionId", blue}});
    EXPECT_EQ(at("new"), "blue") << "a stage that nobody has needs no version to be taken from";
}

TEST_F(SecretsManagerTest, AStageIsNotMovedByMistake) {
    const auto first = current_version();
    const auto second = put("second");
    const auto move = [&](const Json& more) {
        Json request{{"SecretId", kSecret}, {"VersionStage", "AWSCURRENT"}};
        request.update(more);
        return error("UpdateSecretVersionStage", request);
    };
    EXPECT_THAT(move({{"MoveToVersionId", first}}),
                StartsWith("InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label "
                           "AWSCURRENT is currently attached to version " +
                           second));
    EXPECT_THAT(move({{"MoveToVersionId", first}, {"RemoveFromVersionId", first}}),
                HasSubstr("isn't currently attached to version " + first));
    EXPECT_THAT(move({{"RemoveFromVersionId", second}}), HasSubstr("can't be completely removed"));
    EXPECT_THAT(move({{"MoveToVersionId", "5b7f9f7e-0000-4000-8000-000000000000"}, {"RemoveFromVersionId", second}}),
                StartsWith("ResourceNotFoundException"));
    EXPECT_EQ(at("AWSCURRENT"), "second");
    EXPECT_THAT(told(), ElementsAre("PutSecretValue")) << "what is refused changes nothing, and nobody hears of it";
}

TEST_F(SecretsManagerTest, ACallThatComesTwiceMakesOneVersionAndAnotherValueOfTheSameIdIsRefused) {
    const Json request{
        {"SecretId", kSecret}, {"SecretString", "second"}, {"ClientRequestToken", "0123456789012345678901234567890x"}};
    EXPECT_EQ(call("PutSecretValue", request), call("PutSecretValue", request));
    put("third");
    call("PutSecretValue", request);
    EXPECT_EQ(at("AWSCURRENT"), "third") << "the repeated call of a version that is there moves nothing";
    auto other = request;
    other["SecretString"] = "other";
    EXPECT_THAT(error("PutSecretValue", other), StartsWith("ResourceExistsException: You can't modify"));
    other["ClientRequestToken"] = "short";
    EXPECT_THAT(error("PutSecretValue", other), HasSubstr("32-64 characters"));
}

TEST_F(SecretsManagerTest, FindsASecretByNameByArnAndByArnWithoutItsEnd) {
    for (const std::string id : {kSecret, kArn, "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/payment"})
        EXPECT_EQ(call("GetSecretValue", {{"SecretId", id}})["ARN"], kArn) << id;
    for (const std::string id : {"shop/pay", "payment", "shop/payment-S4ndB0"})
        EXPECT_THAT(error("GetSecretValue", {{"SecretId", id}}),
                    "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
    EXPECT_THAT(error("GetSecretValue", {{"SecretId", kSecret}, {"VersionStage", "AWSPENDING"}}),
                HasSubstr("can't find the specified secret value for staging label: AWSPENDING"));
    const auto old = current_version();
    put("second");
    EXPECT_THAT(error("GetSecretValue", {{"SecretId", kSecret}, {"VersionStage", "AWSCURRENT"}, {"VersionId", old}}),
                StartsWith("InvalidRequestException: You provided a VersionStage"));
}

TEST_F(SecretsManagerTest, EachChangeOfAValueIsToldAsCloudTrailTellsItAndNeverTheValue) {
    const auto version = put("hush-hush");
    ASSERT_THAT(events_, SizeIs(1));
    const auto& event = events_[0];
    EXPECT_EQ(event["source"], "aws.secretsmanager");
    EXPECT_EQ(event["detail-type"], "AWS API Call via CloudTrail");
    EXPECT_EQ(event["account"], "123456789012");
    EXPECT_EQ(event["region"], "us-east-1");
    const auto& detail = event["detail"];
    EXPECT_EQ(detail["eventSource"], "secretsmanager.amazonaws.com");
    EXPECT_EQ(detail["eventType"], "AwsApiCall");
    EXPECT_EQ(detail["requestParameters"], Json({{"secretId", kSecret}, {"clientRequestToken", version}}));
    EXPECT_EQ(detail["responseElements"]["arn"], kArn);
    EXPECT_EQ(detail["userIdentity"]["accessKeyId"], "AKIAUSER");
    EXPECT_FALSE(detail.contains("errorCode"));
    call("UpdateSecret", {{"SecretId", kSecret}, {"SecretString", "hush-again"}});
    call("UpdateSecret", {{"SecretId", kSecret}, {"Description", "said"}});
    EXPECT_THAT(told(), ElementsAre("PutSecretValue", "UpdateSecret", "UpdateSecret"));
    EXPECT_THAT(dump_json(events_), Not(HasSubstr("hush")));
    EXPECT_EQ(at("AWSCURRENT"), "hush-again");
    EXPECT_EQ(at("AWSPREVIOUS"), "hush-hush");
}

TEST_F(SecretsManagerTest, ARotationTriesAValueMovesTheStageAndSaysThatItSucceeded) {
    const std::string secret(shop::kDatabaseSecret);
    const auto before = at("AWSCURRENT", secret);
    const auto version = call("RotateSecret", {{"SecretId", secret}})["VersionId"];
    EXPECT_THAT(told(), ElementsAre("PutSecretValue", "UpdateSecretVersionStage", "RotationSucceeded"));
    EXPECT_EQ(events_[0]["detail"]["requestParameters"]["versionStages"], Json({"AWSPENDING"}));
    const auto& moved = events_[1]["detail"]["requestParameters"];
    EXPECT_EQ(moved["versionStage"], "AWSCURRENT");
    EXPECT_EQ(moved["moveToVersionId"], version);
    EXPECT_EQ(events_[2]["detail-type"], "AWS Service Event via CloudTrail");
    EXPECT_EQ(events_[2]["detail"]["eventType"], "AwsServiceEvent");
    EXPECT_THAT(events_[2]["detail"]["additionalEventData"]["SecretId"].get<std::string>(),
                HasSubstr(":secret:shop/db-"));
    const auto rotated = *parse_json(at("AWSCURRENT", secret));
    EXPECT_EQ(rotated["username"], "shop");
    EXPECT_NE(rotated["password"], parse_json(before).value()["password"]);
    EXPECT_EQ(at("AWSPREVIOUS", secret), before);
    EXPECT_TRUE(call("DescribeSecret", {{"SecretId", secret}}).contains("LastRotatedDate"));
}

TEST_F(SecretsManagerTest, ARotationNeedsAFunctionAndOneThatIsNotOverHoldsUpTheNext) {
    EXPECT_EQ(error("RotateSecret", {{"SecretId", kSecret}}),
              "InvalidRequestException: No Lambda rotation function ARN is associated with this secret.");
    const Json with_function{{"SecretId", kSecret},
                             {"RotationLambdaARN", "arn:aws:lambda:us-east-1:123456789012:function:rotate"},
                             {"RotationRules", {{"AutomaticallyAfterDays", 7}}}};
    auto later = with_function;
    later["RotateImmediately"] = false;
    call("RotateSecret", later);
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_EQ(call("DescribeSecret", {{"SecretId", kSecret}})["RotationRules"]["AutomaticallyAfterDays"], 7);
    put("half-done", {"AWSPENDING"});
    EXPECT_THAT(error("RotateSecret", {{"SecretId", kSecret}}), HasSubstr("A previous rotation isn't complete"));
    const auto pending = call("GetSecretValue", {{"SecretId", kSecret}, {"VersionStage", "AWSPENDING"}})["VersionId"];
    call("UpdateSecretVersionStage", move_to(pending, current_version()));
    call("RotateSecret", {{"SecretId", kSecret}});
    EXPECT_NE(at("AWSCURRENT"), "half-done");
}

TEST_F(SecretsManagerTest, CreatesListsAndDeletesSecrets) {
    const auto made = call("CreateSecret", {{"Name", "shop/new"}, {"SecretBinary", "AAEC"}, {"Description", "bytes"}});
    EXPECT_THAT(made["ARN"].get<std::string>(),
                StartsWith("arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/new-"));
    EXPECT_EQ(call("GetSecretValue", {{"SecretId", "shop/new"}})["SecretBinary"], "AAEC");
    EXPECT_FALSE(call("CreateSecret", {{"Name", "shop/empty"}}).contains("VersionId"));
    EXPECT_THAT(error("GetSecretValue", {{"SecretId", "shop/empty"}}), StartsWith("ResourceNotFoundException"));
    call("PutSecretValue", {{"SecretId", "shop/empty"}, {"SecretString", "x"}, {"VersionStages", {"mine"}}});
    EXPECT_EQ(at("AWSCURRENT", "shop/empty"), "x") << "the first version is the current one in any case";
    EXPECT_THAT(error("CreateSecret", {{"Name", "shop/new"}, {"SecretString", "y"}}),
                StartsWith("ResourceExistsException"));
    EXPECT_THAT(error("CreateSecret", {{"Name", "shop new"}}), StartsWith("ValidationException: Invalid name"));
    const auto names = [&](const Json& request) {
        std::vector<std::string> found;
        const auto answer = call("ListSecrets", request);
        for (const auto& one : answer["SecretList"]) found.push_back(one["Name"]);
        return found;
    };
    EXPECT_THAT(names({{"Filters", {{{"Key", "name"}, {"Values", {"shop/n", "shop/e"}}}}}}),
                ElementsAre("shop/empty", "shop/new"));
    EXPECT_THAT(names({{"MaxResults", 2}}), SizeIs(2));
    EXPECT_THAT(call("ListSecrets", {{"MaxResults", 2}})["NextToken"].get<std::string>(), Not(IsEmpty()));

    call("DeleteSecret", {{"SecretId", "shop/new"}});
    EXPECT_THAT(error("GetSecretValue", {{"SecretId", "shop/new"}}), HasSubstr("marked for deletion"));
    EXPECT_THAT(names(Json::object()), Not(::testing::Contains("shop/new")));
    call("RestoreSecret", {{"SecretId", "shop/new"}});
    EXPECT_EQ(call("GetSecretValue", {{"SecretId", "shop/new"}})["SecretBinary"], "AAEC");
    call("DeleteSecret", {{"SecretId", "shop/new"}, {"ForceDeleteWithoutRecovery", true}});
    EXPECT_THAT(error("DescribeSecret", {{"SecretId", "shop/new"}}), StartsWith("ResourceNotFoundException"));
    EXPECT_THAT(told(), ElementsAre("PutSecretValue")) << "nothing else changes a value that somebody uses";
}

TEST_F(SecretsManagerTest, RefusesWhatItDoesNotKnow) {
    EXPECT_THAT(error("PutSecretValue", {{"SecretId", kSecret}}), StartsWith("InvalidRequestException: You must"));
    EXPECT_THAT(error("PutSecretValue", {{"SecretId", kSecret}, {"SecretString", "a"}, {"SecretBinary", "AA=="}}),
                HasSubstr("both a binary secret value and a string"));
    EXPECT_THAT(error("PutSecretValue", {{"SecretId", kSecret}, {"SecretString", ""}}), HasSubstr("1 to 65536"));
    EXPECT_THAT(error("GetRandomPassword", Json::object()), StartsWith("UnknownOperationException"));
    EXPECT_THAT(error("GetSecretValue", {{"SecretId", 7}}), StartsWith("SerializationException"));
    EXPECT_THAT(error("GetSecretValue", Json::object()), StartsWith("InvalidParameterException"));
}

TEST_F(SecretsManagerTest, KeepsAHundredVersionsAndAlwaysThoseWithAStage) {
    const auto first = current_version();
    call("UpdateSecretVersionStage", {{"SecretId", kSecret}, {"VersionStage", "kept"}, {"MoveToVersionId", first}});
    for (int i = 0; i < 120; ++i) put("value " + std::to_string(i));
    EXPECT_EQ(at("kept"), kAtTheStart);
    EXPECT_EQ(at("AWSCURRENT"), "value 119");
    EXPECT_EQ(at("AWSPREVIOUS"), "value 118");
    const auto versions = call("ListSecretVersionIds", {{"SecretId", kSecret}, {"IncludeDeprecated", true}});
    EXPECT_THAT(versions["Versions"], SizeIs(100));
}

}  // namespace
}  // namespace ci_lambda::sandbox
