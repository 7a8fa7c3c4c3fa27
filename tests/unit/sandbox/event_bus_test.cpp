#include "sandbox/events/event_bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

class EventBusTest : public ::testing::Test {
protected:
    PutEvents put(const std::string& body) { return put_events(body, ids_, clock_.now()); }
    PutEvents put_entries(const Json& entries) { return put(dump_json({{"Entries", entries}})); }

    /// The ErrorCode of a lone entry; empty when it was accepted.
    std::string error_code(const Json& entry) {
        const auto result = put_entries(Json::array({entry}));
        const Json answer = parse_json(result.answer.body).value_or(Json());
        EXPECT_EQ(result.answer.status, 200);
        const auto code = find_string(answer["Entries"][0], "ErrorCode").value_or("");
        EXPECT_EQ(answer["FailedEntryCount"], code.empty() ? 0 : 1);
        EXPECT_EQ(result.events.size(), code.empty() ? 1U : 0U);
        return code;
    }

    testing::FakeClock clock_;
    Ids ids_{1};
};

const Json kGoodEntry{{"Source", "action.deploy"}, {"DetailType", "DEPLOY"}, {"Detail", R"({"service":"api"})"}};

Json changed(const char* member, const Json& value) {
    Json entry = kGoodEntry;
    entry[member] = value;
    return entry;
}

TEST_F(EventBusTest, MakesTheWholeEnvelope) {
    Json entry = kGoodEntry;
    entry["Resources"] = {"arn:aws:s3:::b"};
    const auto result = put_entries(Json::array({entry}));
    ASSERT_EQ(result.events.size(), 1U);
    const Json event = parse_json(result.events[0]).value_or(Json());
    const Json answer = parse_json(result.answer.body).value_or(Json());
    EXPECT_EQ(event["id"], answer["Entries"][0]["EventId"]);
    EXPECT_THAT(event["id"].get<std::string>(), ::testing::MatchesRegex("[0-9a-f-]{36}"));
    EXPECT_EQ(event["version"], "0");
    EXPECT_EQ(event["source"], "action.deploy");
    EXPECT_EQ(event["detail-type"], "DEPLOY");
    EXPECT_EQ(event["account"], "123456789012");
    EXPECT_EQ(event["region"], "us-east-1");
    EXPECT_EQ(event["time"], "2026-01-01T10:08:03Z");
    EXPECT_EQ(event["resources"], entry["Resources"]);
    EXPECT_EQ(event["detail"], (Json{{"service", "api"}})) << "the string has become an object";
}

TEST_F(EventBusTest, TakesTheTimeOfTheEntry) {
    const auto result = put_entries(Json::array({changed("Time", 1'700'000'000)}));
    ASSERT_EQ(result.events.size(), 1U);
    EXPECT_EQ(parse_json(result.events[0]).value_or(Json())["time"], "2023-11-14T22:13:20Z");
}

TEST_F(EventBusTest, DeliversTheGoodEntriesOfAMixedRequest) {
    const auto result = put_entries({kGoodEntry, changed("Detail", "{"), kGoodEntry});
    const Json answer = parse_json(result.answer.body).value_or(Json());
    EXPECT_EQ(result.events.size(), 2U);
    EXPECT_EQ(answer["FailedEntryCount"], 1);
    EXPECT_EQ(answer["Entries"][1]["ErrorCode"], "MalformedDetail");
    EXPECT_TRUE(answer["Entries"][2].contains("EventId"));
}

TEST_F(EventBusTest, JudgesEachEntry) {
    struct Case {
        Json entry;
        std::string code;
    };
    const std::vector<Case> cases{
        {kGoodEntry, ""},
        {changed("EventBusName", "default"), ""},
        {changed("EventBusName", "arn:aws:events:us-east-1:123456789012:event-bus/default"), ""},
        {changed("EventBusName", "mine"), "InvalidArgument"},
        {changed("Source", nullptr), "InvalidArgument"},
        {changed("Source", ""), "InvalidArgument"},
        {changed("DetailType", nullptr), "InvalidArgument"},
        {changed("DetailType", std::string(129, 'x')), "InvalidArgument"},
        {changed("Detail", nullptr), "InvalidArgument"},
        {changed("Detail", "not json"), "MalformedDetail"},
        {changed("Detail", R"(["a list"])"), "MalformedDetail"},
        {changed("Detail", R"("a string")"), "MalformedDetail"},
        {changed("Detail", Json{{"service", "api"}}), "SerializationException"},
        {changed("Time", "yesterday"), "InvalidArgument"},
        {changed("Time", 1e30), "InvalidArgument"},
        {changed("Source", "aws.ecr"), "NotAuthorizedForSourceException"},
        {changed("Source", "awsome"), ""},
    };
    for (const auto& test : cases) EXPECT_EQ(error_code(test.entry), test.code) << dump_json(test.entry);
}

TEST_F(EventBusTest, RefusesRequestsOfTheWrongShape) {
    struct Case {
        std::string body;
        std::string type;
    };
    const std::string eleven = [] {
        Json entries = Json::array();
        for (int i = 0; i < 11; ++i) entries.push_back(kGoodEntry);
        return dump_json({{"Entries", entries}});
    }();
    const std::vector<Case> cases{
        {"", "SerializationException"},
        {"[]", "SerializationException"},
        {"{}", "ValidationException"},
        {R"({"Entries":[]})", "ValidationException"},
        {R"({"Entries":{}})", "SerializationException"},
        {R"({"Entries":["x"]})", "SerializationException"},
        {eleven, "ValidationException"},
        {dump_json({{"Entries", {changed("Detail", R"({"x":")" + std::string(1024UL * 1024, 'x') + "\"}")}}}),
         "ValidationException"},
    };
    for (const auto& test : cases) {
        const auto result = put(test.body);
        EXPECT_EQ(result.answer.status, 400);
        EXPECT_EQ(parse_json(result.answer.body).value_or(Json())["__type"], test.type) << test.body.substr(0, 80);
        EXPECT_TRUE(result.events.empty());
    }
}

}  // namespace
}  // namespace ci_lambda::sandbox
