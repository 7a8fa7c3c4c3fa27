#include "config/freeze.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

WallTime at_utc(const std::string& text) { return parse_rfc3339(text).value(); }

std::vector<Freeze> freezes_in(const std::string& json) {
    std::vector<std::string> problems;
    auto freezes = read_freezes(json, [&](const std::string& place, std::string what, std::string_view expects) {
        problems.push_back(fmt::format("{} {}; {}", place, what, expects));
    });
    EXPECT_THAT(problems, IsEmpty()) << json;
    return freezes;
}

std::vector<std::string> problems_in(const std::string& json) {
    std::vector<std::string> problems;
    (void)read_freezes(json, [&](const std::string& place, std::string what, std::string_view expects) {
        problems.push_back(fmt::format("{} {}; {}", place, what, expects));
    });
    return problems;
}

std::string until_of(const std::vector<Freeze>& freezes, const std::string& at) {
    const auto frozen = frozen_at(freezes, at_utc(at));
    return frozen ? format_rfc3339(frozen->until).substr(0, 16) : "open";
}

Result<LoadedConfig> load_holds(std::map<std::string, std::string> variables, const std::string& document = "") {
    variables.insert({{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}});
    return load_config(
        FakeEnvironment(std::move(variables)),
        document.empty() ? std::nullopt : std::optional(DocumentText{.text = document, .source = "file:test"}));
}

TEST(Freezes, AWeekendEndsOnMonday) {
    // 2026-12-04 is a Friday; in winter Berlin is an hour ahead of UTC.
    const auto freezes = freezes_in(R"([{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin"}])");
    EXPECT_EQ(until_of(freezes, "2026-12-04T14:59:59Z"), "open");
    EXPECT_EQ(until_of(freezes, "2026-12-04T15:00:00Z"), "2026-12-07T07:00");
    EXPECT_EQ(until_of(freezes, "2026-12-06T23:30:00Z"), "2026-12-07T07:00");
    EXPECT_EQ(until_of(freezes, "2026-12-07T06:59:59Z"), "2026-12-07T07:00");
    EXPECT_EQ(until_of(freezes, "2026-12-07T07:00:00Z"), "open");
    EXPECT_EQ(format_rfc3339(next_freeze(freezes, at_utc("2026-12-07T07:00:00Z"))->from), "2026-12-11T15:00:00.000Z");
    EXPECT_EQ(freezes.front().words, "Fri 16:00 - Mon 08:00, Europe/Berlin");
}

TEST(Freezes, ADayWithoutATimeIsAllOfIt) {
    const auto freezes = freezes_in(R"([{"weekly":"saturday-SUN","zone":"UTC"}])");
    EXPECT_EQ(until_of(freezes, "2026-12-04T23:59:59Z"), "open");
    EXPECT_EQ(until_of(freezes, "2026-12-05T00:00:00Z"), "2026-12-07T00:00");
    EXPECT_EQ(until_of(freezes, "2026-12-06T23:59:59Z"), "2026-12-07T00:00");
    EXPECT_EQ(until_of(freezes, "2026-12-07T00:00:00Z"), "open");
    const auto one = freezes_in(R"([{"weekly":"Fri 22:00 - 06:00","zone":"UTC"}])");
    EXPECT_EQ(until_of(one, "2026-12-05T05:59:00Z"), "2026-12-05T06:00");
    EXPECT_EQ(until_of(one, "2026-12-06T05:59:00Z"), "open");
}

TEST(Freezes, OverTheEndOfTheWeekAndBackToItsBeginning) {
    const auto freezes = freezes_in(R"([{"weekly":"Sun 20:00 - Wed 06:00","zone":"Asia/Tokyo"}])");
    EXPECT_EQ(until_of(freezes, "2026-12-06T11:00:00Z"), "2026-12-08T21:00");
    EXPECT_EQ(until_of(freezes, "2026-12-08T20:59:00Z"), "2026-12-08T21:00");
    EXPECT_EQ(until_of(freezes, "2026-12-08T21:00:00Z"), "open");
}

TEST(Freezes, NightsComeEveryDay) {
    const auto freezes = freezes_in(R"([{"daily":"18:00 - 08:00","zone":"UTC","reason":"nobody is there"}])");
    EXPECT_EQ(until_of(freezes, "2026-12-06T23:00:00Z"), "2026-12-07T08:00");
    EXPECT_EQ(until_of(freezes, "2026-12-07T07:59:00Z"), "2026-12-07T08:00");
    EXPECT_EQ(until_of(freezes, "2026-12-07T08:00:00Z"), "open");
    EXPECT_EQ(until_of(freezes, "2026-12-07T18:00:00Z"), "2026-12-08T08:00");
    EXPECT_EQ(freezes.front().reason, "nobody is there");
}

TEST(Freezes, ALastDateIsFrozenWholeAndATimeIsExact) {
    const auto days = freezes_in(R"([{"from":"2026-12-24","to":"2027-01-02","zone":"America/New_York"}])");
    EXPECT_EQ(until_of(days, "2026-12-24T04:59:59Z"), "open");
    EXPECT_EQ(until_of(days, "2026-12-24T05:00:00Z"), "2027-01-03T05:00");
    EXPECT_EQ(until_of(days, "2027-01-03T05:00:00Z"), "open");
    EXPECT_FALSE(next_freeze(days, at_utc("2027-01-03T05:00:00Z")));
    const auto exact = freezes_in(R"([{"from":"2026-12-24 12:00","to":"2026-12-24T18:30","zone":"UTC"}])");
    EXPECT_EQ(until_of(exact, "2026-12-24T12:00:00Z"), "2026-12-24T18:30");
    EXPECT_EQ(until_of(exact, "2026-12-24T18:30:00Z"), "open");
    const auto one_day = freezes_in(R"([{"from":"2026-11-27","to":"2026-11-27","zone":"UTC"}])");
    EXPECT_EQ(until_of(one_day, "2026-11-27T23:59:59Z"), "2026-11-28T00:00");
}

TEST(Freezes, OneGoesOverIntoTheNext) {
    const auto freezes = freezes_in(R"([{"weekly":"Fri 16:00 - Mon 08:00","zone":"UTC"},
        {"from":"2026-12-07 06:00","to":"2026-12-07 12:00","zone":"UTC"},{"daily":"12:00 - 13:00","zone":"UTC"}])");
    EXPECT_EQ(until_of(freezes, "2026-12-05T00:00:00Z"), "2026-12-07T13:00");
    EXPECT_EQ(format_rfc3339(next_freeze(freezes, at_utc("2026-12-04T13:30:00Z"))->until), "2026-12-07T13:00:00.000Z");
}

TEST(Freezes, ClocksThatAreChangedMakeThemLonger) {
    // Berlin: put forward on 2027-03-28 at 02:00, and back on 2027-10-31 at 03:00.
    const auto freezes = freezes_in(R"([{"weekly":"Sun 02:30 - 04:00","zone":"Europe/Berlin"}])");
    // 02:30 does not exist: it begins when the clocks jump.
    EXPECT_EQ(until_of(freezes, "2027-03-28T00:59:59Z"), "open");
    EXPECT_EQ(until_of(freezes, "2027-03-28T01:00:00Z"), "2027-03-28T02:00");
    // 02:30 is there twice: it begins with the first.
    EXPECT_EQ(until_of(freezes, "2027-10-31T00:29:59Z"), "open");
    EXPECT_EQ(until_of(freezes, "2027-10-31T00:30:00Z"), "2027-10-31T03:00");
    // And an end that is there twice is the second.
    const auto ends = freezes_in(R"([{"weekly":"Sat 20:00 - Sun 02:30","zone":"Europe/Berlin"}])");
    EXPECT_EQ(until_of(ends, "2027-10-30T20:00:00Z"), "2027-10-31T01:30");
    EXPECT_EQ(until_of(ends, "2027-03-27T22:00:00Z"), "2027-03-28T01:00");
    // The same hours of the clock before and after.
    const auto weekend = freezes_in(R"([{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin"}])");
    EXPECT_EQ(until_of(weekend, "2027-03-26T15:00:00Z"), "2027-03-29T06:00");
    EXPECT_EQ(until_of(weekend, "2027-10-29T14:00:00Z"), "2027-11-01T07:00");
}

struct BadFreeze {
    std::string json;
    std::string problem;
};

class BadFreezes : public ::testing::TestWithParam<BadFreeze> {};

TEST_P(BadFreezes, AreNamedByTheirPlace) {
    EXPECT_THAT(problems_in(GetParam().json), ElementsAre(HasSubstr(GetParam().problem))) << GetParam().json;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFreezes,
    ::testing::Values(
        BadFreeze{R"([{"from":"2026-12-24","zone":"UTC"}])", "/0/to is missing: it would never end"},
        BadFreeze{R"([{"to":"2026-12-24","zone":"UTC"}])", "/0/from is missing"},
        BadFreeze{R"([{"from":"2026-12-24","to":"2026-12-23","zone":"UTC"}])",
                  "/0/to is \"2026-12-23\", and that is not"},
        BadFreeze{R"([{"from":"2026-12-24 10:00","to":"2026-12-24 10:00","zone":"UTC"}])", "/0/to is"},
        BadFreeze{R"([{"from":"2026-02-30","to":"2026-12-23","zone":"UTC"}])", "/0/from is \"2026-02-30\""},
        BadFreeze{R"([{"from":"24.12.2026","to":"2026-12-23","zone":"UTC"}])", "/0/from is"},
        BadFreeze{R"([{"weekly":"Fri 16:00 - Mon 08:00"}])", "/0/zone is missing"},
        BadFreeze{R"([{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Belrin"}])",
                  "/0/zone is \"Europe/Belrin\", which is no time zone; \"Europe/Berlin\"?"},
        BadFreeze{R"([{"weekly":"Fri 16:00 - Fri 16:00","zone":"UTC"}])", "which is the whole week"},
        BadFreeze{R"([{"weekly":"Mon - Sun","zone":"UTC"}])", "which is the whole week"},
        BadFreeze{R"([{"daily":"08:00 - 08:00","zone":"UTC"}])",
                  "/0/daily is \"08:00 - 08:00\", which is the whole day"},
        BadFreeze{R"([{"daily":"00:00 - 12:00","zone":"UTC"},{"daily":"12:00 - 24:00","zone":"UTC"}])",
                  " freezes the whole week"},
        BadFreeze{R"([{"weekly":"Mon - Fri","zone":"UTC"},{"weekly":"Fri 16:00 - Mon 08:00","zone":"UTC"}])",
                  " freezes the whole week"},
        BadFreeze{R"([{"weekly":"Fri","zone":"UTC"}])", "/0/weekly is \"Fri\""},
        BadFreeze{R"([{"weekly":"Fry 16:00 - Mon","zone":"UTC"}])", "/0/weekly is"},
        BadFreeze{R"([{"weekly":"Fri 25:00 - Mon","zone":"UTC"}])", "/0/weekly is"},
        BadFreeze{R"([{"weekly":"Fri 16:00 - Mon","daily":"18:00 - 08:00","zone":"UTC"}])", "says in two ways when"},
        BadFreeze{R"([{"zone":"UTC"}])", "/0 does not say when"},
        BadFreeze{R"([{"weekley":"Fri - Mon","zone":"UTC"}])", "/0/weekley is not known; \"weekly\"?"},
        BadFreeze{R"([{"weekly":5,"zone":"UTC"}])", "/0/weekly is a number"},
        BadFreeze{R"(["Fri - Mon"])", "/0 is a string"}, BadFreeze{R"({"weekly":"Fri"})", " is an object"},
        BadFreeze{R"([)", "is no JSON"}));

TEST(Freezes, AreSaidForAllAndInPlaceOfThatForOneService) {
    const auto loaded = load_holds({}, R"({
      "holds": true, "change_calendars": ["shop-freeze"], "schedules": {"role": "arn:aws:iam::123456789012:role/a"},
      "freezes": [{"weekly":"Sat - Sun","zone":"UTC"}],
      "services": {"api": {"freezes": []}, "web": {"freezes": [{"daily":"18:00 - 08:00","zone":"UTC"}]}}})");
    ASSERT_THAT(loaded, IsOk());
    const auto& holds = loaded->config.holds;
    EXPECT_TRUE(holds.tags);
    EXPECT_TRUE(holds.is_on());
    EXPECT_THAT(holds.calendars, ElementsAre("shop-freeze"));
    EXPECT_EQ(holds.freezes_of(ServiceId("worker")).front().words, "Sat - Sun, UTC");
    EXPECT_THAT(holds.freezes_of(ServiceId("api")), IsEmpty());
    EXPECT_EQ(holds.freezes_of(ServiceId("web")).front().words, "daily 18:00 - 08:00, UTC");
    EXPECT_EQ(loaded->config.schedules.role, "arn:aws:iam::123456789012:role/a");
    EXPECT_EQ(loaded->config.schedules.group, "default");
}

TEST(Freezes, NothingIsHeldUnlessSomebodySaysSo) {
    const auto loaded = load_holds({});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_FALSE(loaded->config.holds.is_on());
}

TEST(Freezes, WhatIsWrongIsNamedByItsPlaceInTheDocumentOrByTheVariable) {
    const auto document =
        load_holds({}, R"({"freezes":[{"weekly":"Sat - Sun","zone":"UTC"},{"from":"2026-12-24","zone":"UTC"}],
      "services": {"api": {"freezes": [{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Belrin"}]}}})");
    ASSERT_THAT(document, Not(IsOk()));
    EXPECT_THAT(document.error().message, HasSubstr("/freezes/1/to: is missing: it would never end"));
    EXPECT_THAT(document.error().message, HasSubstr("/services/api/freezes/0/zone: is \"Europe/Belrin\""));
    const auto variable = load_holds({{"FREEZE_WINDOWS", R"([{"weekly":"Sat - Sun"}])"}, {"CHANGE_CALENDARS", "a b"}});
    ASSERT_THAT(variable, Not(IsOk()));
    EXPECT_THAT(variable.error().message, HasSubstr("FREEZE_WINDOWS: /0/zone is missing"));
    EXPECT_THAT(variable.error().message, HasSubstr("CHANGE_CALENDARS"));
}

TEST(Freezes, TheOlderNamesOfTheSchedulesRoleAndGroupAreForAllSchedules) {
    const std::string older = "arn:aws:iam::123456789012:role/older";
    const std::string newer = "arn:aws:iam::123456789012:role/newer";
    const auto one = load_holds({{"VERIFY_SCHEDULE_ROLE", older}, {"VERIFY_SCHEDULE_GROUP", "looks"}});
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(one->config.schedules.role, older);
    EXPECT_EQ(one->config.schedules.group, "looks");
    const auto both =
        load_holds({{"VERIFY_SCHEDULE_ROLE", older}, {"SCHEDULE_ROLE", newer}, {"SCHEDULE_GROUP", "calls"}});
    ASSERT_THAT(both, IsOk());
    EXPECT_EQ(both->config.schedules.role, newer);
    EXPECT_EQ(both->config.schedules.group, "calls");
}

TEST(UntilOfAHold, IsReadInEveryForm) {
    const auto now = at_utc("2026-11-30T15:00:00Z");
    const auto read = [&](const std::string& text) {
        const auto at = parse_until(text, now);
        return at ? format_rfc3339(*at).substr(0, 19) : "error: " + at.error().message;
    };
    EXPECT_EQ(read("2h"), "2026-11-30T17:00:00");
    EXPECT_EQ(read("1h30m"), "2026-11-30T16:30:00");
    EXPECT_EQ(read(" 3d "), "2026-12-03T15:00:00");
    EXPECT_EQ(read("18:00"), "2026-11-30T18:00:00");
    EXPECT_EQ(read("15:00"), "2026-12-01T15:00:00");
    EXPECT_EQ(read("18:00 Europe/Berlin"), "2026-11-30T17:00:00");
    EXPECT_EQ(read("08:00 asia/tokyo"), "2026-11-30T23:00:00");
    EXPECT_EQ(read("2026-12-01"), "2026-12-01T00:00:00");
    EXPECT_EQ(read("2026-12-01 08:00"), "2026-12-01T08:00:00");
    EXPECT_EQ(read("2026-12-01 08:00 Europe/Berlin"), "2026-12-01T07:00:00");
    EXPECT_EQ(read("2026-12-01T08:00Z"), "2026-12-01T08:00:00");
    EXPECT_EQ(read("2026-12-01T08:00:30Z"), "2026-12-01T08:00:30");
    EXPECT_THAT(read("2026-11-30 14:59"), HasSubstr("is over already"));
    EXPECT_THAT(read("0h"), HasSubstr("is over already"));
    EXPECT_THAT(read("18:00 Europe/Belrin"), HasSubstr("did you mean Europe/Berlin?"));
    EXPECT_THAT(read("2099-01-01"), HasSubstr("ten years"));
    for (const auto* bad : {"", "soon", "25:00", "2h30", "h", "-2h", "2026-13-01", "99999h"})
        EXPECT_THAT(read(bad), HasSubstr("is no time at which a hold can end")) << bad;
}

}  // namespace
}  // namespace ci_lambda::testing
