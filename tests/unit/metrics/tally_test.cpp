#include "metrics/tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const WallTime kNow{std::chrono::milliseconds{1'767'262'083'250}};
const MetricIdentity kShop{.project = "shop", .environment = "dev"};

std::vector<Json> lines_of(Tally& tally, const MetricIdentity& identity = kShop) {
    std::vector<Json> lines;
    for (const auto& line : tally.take_lines(identity, kNow)) {
        EXPECT_EQ(line.find('\n'), std::string::npos);
        lines.push_back(*parse_json(line));
    }
    return lines;
}

Json only_line(Tally& tally, const MetricIdentity& identity = kShop) {
    const auto lines = lines_of(tally, identity);
    EXPECT_THAT(lines, SizeIs(1));
    return lines.empty() ? Json() : lines.front();
}

std::vector<std::string> names_in(const Json& line) {
    std::vector<std::string> names;
    for (const auto& metric : line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) names.push_back(metric["Name"]);
    return names;
}

TEST(Tally, WritesTheWholeLine) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    tally.add(Metric::kStarted, 1, "api", "ecs-svc/7");
    tally.add(Metric::kEventToAccepted, 812.5, "api");
    EXPECT_EQ(tally.take_lines({.project = "shop", .environment = "dev", .request_id = "r-1"}, kNow),
              std::vector<std::string>{
                  R"({"_aws":{"Timestamp":1767262083250,"CloudWatchMetrics":[{"Namespace":"ci_lambda",)"
                  R"("Dimensions":[["project","environment"]],"Metrics":[{"Name":"DeploymentsStarted","Unit":"Count"},)"
                  R"({"Name":"EventToAccepted","Unit":"Milliseconds"}]}]},"project":"shop","environment":"dev",)"
                  R"("DeploymentsStarted":1,"EventToAccepted":812.5,"request_id":"r-1","services":["api"],)"
                  R"("deployments":["ecs-svc/7"]})"});
}

TEST(Tally, AddsUpWhatIsCountedAndKeepsWhatIsMeasuredApart) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    for (const double seconds : {30, 40, 50}) {
        tally.add(Metric::kCompleted, 1, "api");
        tally.add(Metric::kRolloutDuration, seconds, "api");
    }
    const auto line = only_line(tally);
    EXPECT_EQ(line["DeploymentsCompleted"], 3);
    EXPECT_EQ(line["RolloutDuration"], Json::parse("[30,40,50]"));
    EXPECT_EQ(line["services"], Json::parse(R"(["api"])"));
}

TEST(Tally, HasNothingTwice) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    tally.add(Metric::kHeld, 1, "api", "ecs-svc/7");
    EXPECT_THAT(lines_of(tally), SizeIs(1));
    EXPECT_THAT(lines_of(tally), IsEmpty());
    tally.add(Metric::kThrottles);
    const auto line = only_line(tally);
    EXPECT_THAT(names_in(line), ::testing::ElementsAre("Throttles"));
    EXPECT_FALSE(line.contains("services"));
    EXPECT_FALSE(line.contains("deployments"));
}

TEST(Tally, CountsNothingUntilItIsOn) {
    Tally tally;
    tally.add(Metric::kStarted);
    EXPECT_THAT(lines_of(tally), IsEmpty());
    tally.set_mode(Tally::Mode::kOn);
    tally.add(Metric::kStarted);
    tally.set_mode(Tally::Mode::kOff);
    tally.set_mode(Tally::Mode::kOn);
    EXPECT_THAT(lines_of(tally), IsEmpty());
}

TEST(Tally, PutsAHundredValuesInALineAtMost) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    for (int i = 0; i < 201; ++i) {
        tally.add(Metric::kLeadTime, i);
        tally.add(Metric::kStarted);
    }
    const auto lines = lines_of(tally);
    ASSERT_THAT(lines, SizeIs(3));
    EXPECT_EQ(lines[0]["DeploymentsStarted"], 201) << "in the first line, and in no other";
    EXPECT_THAT(names_in(lines[1]), ::testing::ElementsAre("LeadTime"));
    EXPECT_THAT(lines[0]["LeadTime"], SizeIs(100));
    EXPECT_THAT(lines[1]["LeadTime"], SizeIs(100));
    EXPECT_EQ(lines[2]["LeadTime"], 200);
}

TEST(Tally, TellsServicesApartWhereThatIsWanted) {
    Tally tally;
    tally.set_mode(Tally::Mode::kByService);
    tally.add(Metric::kStarted, 1, "api");
    tally.add(Metric::kStarted, 1, "worker");
    tally.add(Metric::kThrottles);
    const auto lines = lines_of(tally);
    ASSERT_THAT(lines, SizeIs(3));
    EXPECT_EQ(lines[2]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], Json::parse(R"([["project","environment"]])"));
    EXPECT_EQ(lines[2]["Throttles"], 1);
    for (const auto& [line, service] : {std::pair{lines[0], "api"}, std::pair{lines[1], "worker"}}) {
        EXPECT_EQ(line["service"], service);
        EXPECT_EQ(line["DeploymentsStarted"], 1);
        EXPECT_EQ(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
                  Json::parse(R"([["project","environment"],["project","environment","service"]])"));
    }
}

TEST(Tally, NamesTwentyServicesAtMost) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    for (int i = 0; i < 500; ++i)
        tally.add(Metric::kStarted, 1, "s" + std::to_string(i), "ecs-svc/" + std::to_string(i));
    const auto line = only_line(tally);
    EXPECT_EQ(line["DeploymentsStarted"], 500);
    EXPECT_THAT(line["services"], SizeIs(20));
    EXPECT_THAT(line["deployments"], SizeIs(20));
}

TEST(Tally, WritesOnlyAsciiWhateverItGets) {
    Tally tally;
    tally.set_mode(Tally::Mode::kByService);
    tally.add(Metric::kStarted, 1, "caf\xC3\xA9\n\x01\xFF", "\xE2\x80\xAE");
    const auto text = tally.take_lines({.project = "", .environment = "  ", .request_id = "\xC3"}, kNow).front();
    for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
    const auto line = *parse_json(text);
    EXPECT_EQ(line["project"], "-");
    EXPECT_EQ(line["environment"], "-");
    EXPECT_EQ(line["service"], "caf?????");
}

TEST(Tally, CutsWhatIsTooLongForADimension) { EXPECT_THAT(dimension_value(std::string(5000, 'x')), SizeIs(1024)); }

TEST(Tally, IsForManyThreads) {
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 500; ++k) tally.add(Metric::kThrottles, 1, "api");
            });
    }
    EXPECT_EQ(only_line(tally)["Throttles"], 2000);
}

TEST(Metrics, HaveNamesOfTheirOwnAndUnitsOfCloudWatch) {
    const std::set<std::string_view> units{"Count", "Milliseconds", "Seconds", "Megabytes"};
    std::set<std::string_view> names;
    for (const auto& metric : metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_TRUE(units.contains(metric.unit)) << metric.name;
        EXPECT_FALSE(metric.what.empty()) << metric.name;
    }
}

}  // namespace
}  // namespace ci_lambda
