#include "sandbox/parameter_store/parameter_store.hpp"

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
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ParameterStoreTest : public ::testing::Test {
protected:
    Json call(std::string_view operation, const Json& request) {
        const auto answer = store_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    /// "Type: message"
    std::string error(std::string_view operation, const Json& request) {
        const auto answer = store_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 400) << answer.body;
        const auto body = parse_json(answer.body).value_or(Json());
        return find_string(body, "__type").value_or("") + ": " + find_string(body, "message").value_or("");
    }
    static Json put(const std::string& name, const std::string& value, const Json& more = Json::object()) {
        Json request{{"Name", name}, {"Value", value}};
        request.update(more);
        return request;
    }
    Json get(const std::string& name) {
        return call("GetParameter", {{"Name", name}, {"WithDecryption", true}})["Parameter"];
    }
    /// "Update /a/b"
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> all;
        for (const auto& event : events_)
            all.push_back(event["detail"]["operation"].get<std::string>() + " " +
                          event["detail"]["name"].get<std::string>());
        return all;
    }

    static constexpr const char* kName = "/dev/shop/api/LOG_LEVEL";
    testing::FakeClock clock_;
    Ids ids_{1};
    std::vector<Json> events_;
    ParameterStore store_{
        {.state = shop_parameters(clock_.now()),
         .on_event = [this](const std::string& event) { events_.push_back(parse_json(event).value_or(Json())); }},
        ids_,
        clock_};
};

TEST_F(ParameterStoreTest, OverwritingMakesAVersionAndTellsAnUpdateWithoutTheValue) {
    EXPECT_THAT(error("PutParameter", put(kName, "debug", {{"Type", "String"}})),
                StartsWith("ParameterAlreadyExists: The parameter already exists."));
    EXPECT_EQ(call("PutParameter", put(kName, "hush", {{"Overwrite", true}, {"Description", "how much is said"}})),
              Json({{"Version", 2}, {"Tier", "Standard"}}));
    EXPECT_EQ(get(kName)["Value"], "hush");
    EXPECT_EQ(get(std::string(kName) + ":1")["Value"], "info");
    EXPECT_EQ(get(std::string(kName) + ":1")["Selector"], ":1");
    ASSERT_THAT(events_, SizeIs(1));
    const auto& event = events_[0];
    EXPECT_EQ(event["source"], "aws.ssm");
    EXPECT_EQ(event["detail-type"], "Parameter Store Change");
    EXPECT_EQ(event["resources"], Json({"arn:aws:ssm:us-east-1:123456789012:parameter/dev/shop/api/LOG_LEVEL"}));
    EXPECT_EQ(
        event["detail"],
        Json({{"operation", "Update"}, {"name", kName}, {"type", "String"}, {"description", "how much is said"}}));
    EXPECT_THAT(dump_json(events_), Not(HasSubstr("hush")));
}

TEST_F(ParameterStoreTest, CreatesAndDeletesAndTellsBoth) {
    EXPECT_THAT(error("PutParameter", put("/new", "x", {{"Overwrite", true}})), HasSubstr("type is required"));
    call("PutParameter", put("/new", "x", {{"Type", "StringList"}}));
    EXPECT_EQ(get("/new")["Version"], 1);
    EXPECT_EQ(get("arn:aws:ssm:us-east-1:123456789012:parameter/new")["Value"], "x");
    EXPECT_EQ(get("arn:aws:ssm:us-east-1:123456789012:parameter/new:1")["Value"], "x");
    call("DeleteParameter", {{"Name", "/new"}});
    EXPECT_THAT(error("GetParameter", {{"Name", "/new"}}), StartsWith("ParameterNotFound"));
    EXPECT_THAT(error("DeleteParameter", {{"Name", "/new"}}), StartsWith("ParameterNotFound"));
    const auto deleted = call("DeleteParameters", {{"Names", {"/new", kName}}});
    EXPECT_EQ(deleted["DeletedParameters"], Json({kName}));
    EXPECT_EQ(deleted["InvalidParameters"], Json({"/new"}));
    EXPECT_THAT(told(), ElementsAre("Create /new", "Delete /new", std::string("Delete ") + kName));
}

TEST_F(ParameterStoreTest, ANameWithAndWithoutASlashAreTwoParameters) {
    call("PutParameter", put("plain", "a", {{"Type", "String"}}));
    EXPECT_THAT(error("GetParameter", {{"Name", "/plain"}}), StartsWith("ParameterNotFound"));
    call("PutParameter", put("/plain", "b", {{"Type", "String"}}));
    EXPECT_EQ(get("plain")["Value"], "a");
    EXPECT_EQ(get("/plain")["Value"], "b");
    EXPECT_EQ(get("plain")["ARN"], get("/plain")["ARN"]) << "the ARN cannot tell";
}

TEST_F(ParameterStoreTest, ASecretIsShownToWhoAsksForDecryptionOnly) {
    const std::string name(shop::kSlackParameter);
    call("PutParameter", put(name, "hush", {{"Overwrite", true}}));
    EXPECT_EQ(get(name)["Type"], "SecureString");
    EXPECT_EQ(get(name)["Value"], "hush");
    const auto hidden = call("GetParameter", {{"Name", name}})["Parameter"]["Value"].get<std::string>();
    EXPECT_THAT(hidden, StartsWith("AQICAH"));
    EXPECT_EQ(call("GetParameter", {{"Name", name}})["Parameter"]["Value"], hidden) << "the same until it changes";
    EXPECT_THAT(dump_json(call("DescribeParameters", Json::object())), Not(HasSubstr("hush")));
    const auto several = call("GetParameters", {{"Names", {name, kName, "/none"}}});
    EXPECT_EQ(several["Parameters"][0]["Value"], hidden);
    EXPECT_EQ(several["Parameters"][1]["Value"], "info");
    EXPECT_EQ(several["InvalidParameters"], Json({"/none"}));
}

TEST_F(ParameterStoreTest, FindsWhatLiesBelowAPath) {
    const auto names = [&](const Json& request) {
        std::vector<std::string> found;
        const auto answer = call("GetParametersByPath", request);
        for (const auto& one : answer["Parameters"]) found.push_back(one["Name"]);
        return found;
    };
    EXPECT_THAT(names({{"Path", "/dev/shop/api"}}), ElementsAre(kName));
    EXPECT_THAT(names({{"Path", "/dev"}}), SizeIs(0));
    EXPECT_THAT(names({{"Path", "/dev/"}, {"Recursive", true}}),
                ElementsAre(kName, "/dev/shop/web/token", "/dev/shop/worker/QUEUE_URL"));
    const auto first = call("GetParametersByPath", {{"Path", "/"}, {"Recursive", true}, {"MaxResults", 2}});
    EXPECT_THAT(names({{"Path", "/"}, {"Recursive", true}, {"NextToken", first["NextToken"]}}), SizeIs(4));
    EXPECT_THAT(error("GetParametersByPath", {{"Path", "dev"}}), StartsWith("ValidationException"));
    EXPECT_THAT(error("GetParametersByPath", {{"Path", "/"}, {"MaxResults", 11}}), StartsWith("ValidationException"));
    EXPECT_THAT(error("GetParametersByPath", {{"Path", "/"}, {"NextToken", "x"}}), StartsWith("InvalidNextToken"));
}

TEST_F(ParameterStoreTest, RefusesWhatParameterStoreRefuses) {
    const std::vector<std::pair<Json, std::string>> table{
        {put("a/b", "x"), "fully qualified name"},
        {put("/a b", "x"), "Invalid characters"},
        {put("/AWS/x", "x"), "can't be prefixed"},
        {put("ssmx", "x"), "can't be prefixed"},
        {put("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "x"), "HierarchyLevelLimitExceededException"},
        {put("/x", ""), "1 to 8192 characters"},
        {put("/x", std::string(4097, 'x')), "Standard tier parameters support a maximum"},
        {put("/x", "x", {{"AllowedPattern", "y"}}), "AllowedPattern"},
        {put("", "x"), "can't be empty"},
    };
    for (const auto& [request, words] : table) {
        auto typed = request;
        typed["Type"] = "String";
        EXPECT_THAT(error("PutParameter", typed), HasSubstr(words));
    }
    EXPECT_THAT(error("PutParameter", put("/x", "x", {{"Type", "Number"}})), StartsWith("UnsupportedParameterType"));
    EXPECT_THAT(error("PutParameter", put(kName, "x", {{"Type", "SecureString"}, {"Overwrite", true}})),
                StartsWith("HierarchyTypeMismatchException"));
    EXPECT_THAT(error("GetParameter", {{"Name", std::string(kName) + ":7"}}), StartsWith("ParameterVersionNotFound"));
    EXPECT_THAT(error("GetParameters", {{"Names", Json::array()}}), StartsWith("ValidationException"));
    EXPECT_THAT(error("DescribeParameters", {{"ParameterFilters", {{{"Key", "Name"}}}}}),
                StartsWith("InvalidFilterKey"));
    EXPECT_THAT(error("AddTagsToResource", Json::object()), StartsWith("UnknownOperationException"));
    EXPECT_THAT(told(), SizeIs(0));
}

TEST_F(ParameterStoreTest, ALongValueTakesTheTierThatItNeeds) {
    const auto answer =
        call("PutParameter", put("/x", std::string(5000, 'x'), {{"Type", "String"}, {"Tier", "Intelligent-Tiering"}}));
    EXPECT_EQ(answer["Tier"], "Advanced");
    EXPECT_EQ(call("PutParameter", put("/x", "short", {{"Overwrite", true}}))["Tier"], "Advanced") << "it stays";
}

TEST_F(ParameterStoreTest, KeepsAHundredVersions) {
    for (int i = 2; i <= 130; ++i) call("PutParameter", put(kName, std::to_string(i), {{"Overwrite", true}}));
    EXPECT_EQ(get(kName)["Version"], 130);
    EXPECT_EQ(get(std::string(kName) + ":31")["Value"], "31");
    EXPECT_THAT(error("GetParameter", {{"Name", std::string(kName) + ":30"}}), StartsWith("ParameterVersionNotFound"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
