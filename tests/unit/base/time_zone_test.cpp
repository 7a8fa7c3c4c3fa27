#include "base/time_zone.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;
using Twice = TimeZone::Twice;

WallTime utc_time(const std::string& text) { return parse_rfc3339(text).value(); }

std::chrono::local_seconds shown(int year, unsigned month, unsigned day, int hour, int minute = 0) {
    return local_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) + hours(hour) +
           minutes(minute);
}

TEST(TimeZones, AgreeWithTheDatabaseAboutEveryChangeOfEveryRule) {
    std::ifstream file(std::string(CI_LAMBDA_SOURCE_DIR) + "/tests/unit/base/time_zones.txt");
    ASSERT_TRUE(file);
    std::string line;
    std::string zone_before;
    minutes ahead_before{0};
    int changes = 0;
    while (std::getline(file, line)) {
        if (line.starts_with('#')) continue;
        std::istringstream words(line);
        std::string name;
        long long at = 0;
        int ahead = 0;
        ASSERT_TRUE(words >> name >> at >> ahead) << line;
        const auto zone = TimeZone::find(name);
        ASSERT_TRUE(zone) << name;
        const WallTime moment{seconds{at}};
        EXPECT_EQ(zone->ahead(moment), minutes(ahead)) << line;
        if (name == zone_before) {
            EXPECT_EQ(zone->ahead(moment - seconds{1}), ahead_before) << line;
            // What the database was asked at is a half hour, and each change lies on one.
            EXPECT_NE(minutes(ahead), ahead_before) << line;
        }
        zone_before = name;
        ahead_before = minutes(ahead);
        ++changes;
    }
    EXPECT_GT(changes, 400);
}

TEST(TimeZones, AreFoundHoweverTheyAreSpelt) {
    EXPECT_EQ(TimeZone::find("europe/BERLIN")->name(), "Europe/Berlin");
    EXPECT_EQ(TimeZone::utc().name(), "UTC");
    EXPECT_FALSE(TimeZone::find(""));
    EXPECT_FALSE(TimeZone::find("Europe/Berli"));
    EXPECT_FALSE(TimeZone::find("Europe/Berlin 1"));
    EXPECT_FALSE(TimeZone::find("Berlin"));
    EXPECT_GT(TimeZone::names().size(), 590U);
    EXPECT_EQ(closest("Europe/Belrin", TimeZone::names()), "Europe/Berlin");
}

TEST(TimeZones, SayWhatClocksShow) {
    const auto berlin = *TimeZone::find("Europe/Berlin");
    EXPECT_EQ(berlin.local(utc_time("2027-01-15T12:00:00Z")), shown(2027, 1, 15, 13));
    EXPECT_EQ(berlin.local(utc_time("2027-07-15T12:00:00Z")), shown(2027, 7, 15, 14));
    const auto auckland = *TimeZone::find("Pacific/Auckland");
    EXPECT_EQ(auckland.local(utc_time("2027-12-31T12:00:00Z")), shown(2028, 1, 1, 1));
    EXPECT_EQ(auckland.local(utc_time("2027-06-30T12:00:00Z")), shown(2027, 7, 1, 0));
    const auto kathmandu = *TimeZone::find("Asia/Kathmandu");
    EXPECT_EQ(kathmandu.local(utc_time("2027-06-30T12:00:00Z")), shown(2027, 6, 30, 17, 45));
}

TEST(TimeZones, KnowTheMomentAtWhichClocksShowATime) {
    const auto berlin = *TimeZone::find("Europe/Berlin");
    for (const auto twice : {Twice::kFirst, Twice::kSecond}) {
        EXPECT_EQ(berlin.moment(shown(2027, 1, 15, 13), twice), utc_time("2027-01-15T12:00:00Z"));
        EXPECT_EQ(berlin.moment(shown(2027, 7, 15, 14), twice), utc_time("2027-07-15T12:00:00Z"));
        EXPECT_EQ(TimeZone::utc().moment(shown(2027, 7, 15, 14), twice), utc_time("2027-07-15T14:00:00Z"));
    }
}

TEST(TimeZones, ATimeThatClocksSkipIsTheMomentAtWhichTheyArePutForward) {
    // On 2027-03-28 it is 03:00 in Berlin right after 01:59:59.
    const auto berlin = *TimeZone::find("Europe/Berlin");
    for (const auto twice : {Twice::kFirst, Twice::kSecond}) {
        EXPECT_EQ(berlin.moment(shown(2027, 3, 28, 1, 59), twice), utc_time("2027-03-28T00:59:00Z"));
        EXPECT_EQ(berlin.moment(shown(2027, 3, 28, 2), twice), utc_time("2027-03-28T01:00:00Z"));
        EXPECT_EQ(berlin.moment(shown(2027, 3, 28, 2, 30), twice), utc_time("2027-03-28T01:00:00Z"));
        EXPECT_EQ(berlin.moment(shown(2027, 3, 28, 3), twice), utc_time("2027-03-28T01:00:00Z"));
        EXPECT_EQ(berlin.moment(shown(2027, 3, 28, 3, 1), twice), utc_time("2027-03-28T01:01:00Z"));
    }
}

TEST(TimeZones, ATimeThatClocksShowTwiceIsOneOfTwoMoments) {
    // On 2027-10-31 it is 02:00 in Berlin once more right after 02:59:59.
    const auto berlin = *TimeZone::find("Europe/Berlin");
    EXPECT_EQ(berlin.moment(shown(2027, 10, 31, 2, 30), Twice::kFirst), utc_time("2027-10-31T00:30:00Z"));
    EXPECT_EQ(berlin.moment(shown(2027, 10, 31, 2, 30), Twice::kSecond), utc_time("2027-10-31T01:30:00Z"));
    EXPECT_EQ(berlin.moment(shown(2027, 10, 31, 3), Twice::kFirst), utc_time("2027-10-31T02:00:00Z"));
    // South of the equator, and where winter is what deviates.
    const auto sydney = *TimeZone::find("Australia/Sydney");
    EXPECT_EQ(sydney.moment(shown(2027, 4, 4, 2, 30), Twice::kFirst), utc_time("2027-04-03T15:30:00Z"));
    EXPECT_EQ(sydney.moment(shown(2027, 4, 4, 2, 30), Twice::kSecond), utc_time("2027-04-03T16:30:00Z"));
    const auto dublin = *TimeZone::find("Europe/Dublin");
    EXPECT_EQ(dublin.moment(shown(2027, 10, 31, 1, 30), Twice::kFirst), utc_time("2027-10-31T00:30:00Z"));
    EXPECT_EQ(dublin.moment(shown(2027, 10, 31, 1, 30), Twice::kSecond), utc_time("2027-10-31T01:30:00Z"));
}

TEST(TimeZones, EveryMomentIsFoundAgainByWhatClocksShow) {
    for (const auto* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Nuuk", "Asia/Tehran",
                             "Africa/Cairo", "Pacific/Chatham", "America/St_Johns", "Asia/Gaza", "Europe/Dublin"}) {
        const auto zone = *TimeZone::find(name);
        for (auto at = utc_time("2027-01-01T00:00:00Z"); at < utc_time("2028-01-01T00:00:00Z"); at += minutes(107)) {
            const auto clock = zone.local(at);
            const bool found = zone.moment(clock, Twice::kFirst) == at || zone.moment(clock, Twice::kSecond) == at;
            ASSERT_TRUE(found) << name << " " << format_rfc3339(at);
        }
    }
}

}  // namespace
}  // namespace ci_lambda
