#include "images/semver.hpp"

#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

bool is_in(const std::string& range, const std::string& version) {
    const auto parsed = VersionRange::parse(range);
    EXPECT_THAT(parsed, IsOk()) << range;
    const auto wanted = Version::parse(version);
    EXPECT_TRUE(wanted) << version;
    return parsed && wanted && parsed->contains(*wanted);
}

struct RangeCase {
    std::string range;
    std::vector<std::string> inside;
    std::vector<std::string> outside;
};

void expect_ranges(const std::vector<RangeCase>& cases) {
    for (const auto& [range, inside, outside] : cases) {
        for (const auto& version : inside) EXPECT_TRUE(is_in(range, version)) << version << " in " << range;
        for (const auto& version : outside) EXPECT_FALSE(is_in(range, version)) << version << " in " << range;
    }
}

TEST(Version, IsWholeWithOneVInFrontOrWithout) {
    for (const std::string text : {"0.0.0", "1.4.2", "v1.4.2", "1.4.2-rc.1", "v1.4.2-0-1.x-y", "1.4.2+build.7",
                                   "1.4.2-rc+b", "9007199254740991.0.0", "1.0.0-0.00a"})
        EXPECT_TRUE(Version::parse(text)) << text;
    for (const std::string text : {"",
                                   "v",
                                   "1",
                                   "1.4",
                                   "v1.4",
                                   "1.4.x",
                                   "1.4.2.3",
                                   "vv1.4.2",
                                   "V1.4.2",
                                   "01.4.2",
                                   "1.4.02",
                                   "1..2",
                                   "1.4.",
                                   ".1.4",
                                   "1.4.2-",
                                   "1.4.2-rc..1",
                                   "1.4.2-01",
                                   "1.4.2+",
                                   "1.4.2-rc_1",
                                   "1.4.2 ",
                                   " 1.4.2",
                                   "-1.4.2",
                                   "1.4.2rc1",
                                   "latest",
                                   "9007199254740992.0.0",
                                   "99999999999999999999.0.0",
                                   "1.0.0+a+b"})
        EXPECT_FALSE(Version::parse(text)) << text;
}

TEST(Version, ComesInTheOrderOfSemVersSection11) {
    const std::vector<std::string> order{"0.9.9",
                                         "1.0.0-0",
                                         "1.0.0-9",
                                         "1.0.0-10",
                                         "1.0.0-99999999999999999999999",
                                         "1.0.0-alpha",
                                         "1.0.0-alpha.1",
                                         "1.0.0-alpha.beta",
                                         "1.0.0-beta",
                                         "1.0.0-beta.2",
                                         "1.0.0-beta.11",
                                         "1.0.0-rc.1",
                                         "1.0.0",
                                         "1.0.1",
                                         "1.2.0",
                                         "1.10.0",
                                         "2.0.0-a",
                                         "2.0.0",
                                         "10.0.0"};
    for (std::size_t i = 0; i < order.size(); ++i)
        for (std::size_t j = 0; j < order.size(); ++j)
            EXPECT_EQ(*Version::parse(order[i]) <=> *Version::parse(order[j]), i <=> j) << order[i] << " " << order[j];
    EXPECT_EQ(*Version::parse("1.0.0+a"), *Version::parse("v1.0.0+b"));
}

// What node-semver documents of each notation: the versions next to both ends.
TEST(VersionRange, ReadsComparators) {
    expect_ranges({
        {"1.2.3", {"1.2.3"}, {"1.2.4", "1.2.2", "1.2.3-beta"}},
        {"=1.2.3", {"1.2.3"}, {"1.2.4"}},
        {"=v1.2.3", {"1.2.3"}, {"1.2.4"}},
        {">=1.2.7", {"1.2.7", "1.2.8", "2.5.3", "1.3.9"}, {"1.2.6", "1.1.0"}},
        {">1.0.0", {"1.0.1", "1.1.0"}, {"1.0.0", "0.0.1"}},
        {"<2.0.0", {"1.9999.9999", "0.2.9"}, {"2.0.0", "2.2.9"}},
        {"<=2.0.0", {"2.0.0", "0.2.9"}, {"2.0.1", "3.0.0"}},
        {">=1.2.7 <1.3.0", {"1.2.7", "1.2.8", "1.2.99"}, {"1.2.6", "1.3.0", "1.1.0"}},
        {"1.2.7 || >=1.2.9 <2.0.0", {"1.2.7", "1.2.9", "1.4.6"}, {"1.2.8", "2.0.0"}},
        {">=0.2.3||<0.0.1", {"0.0.0", "0.2.3"}, {"0.0.3", "0.2.2"}},
        {">=  2.0   < 3", {"2.0.0", "2.9.9"}, {"1.9.9", "3.0.0"}},
        {"^1.2 ^1", {"1.4.2"}, {"1.1.9"}},
        {"~1.2.1 =1.2.3", {"1.2.3"}, {"1.2.2"}},
        {"^1.2.3+build", {"1.2.3", "1.3.0"}, {"1.2.0", "2.0.0"}},
    });
}

TEST(VersionRange, ReadsHyphens) {
    expect_ranges({
        {"1.2.3 - 2.3.4", {"1.2.3", "2.3.4"}, {"1.2.2", "2.3.5"}},
        {"1.2 - 2.3.4", {"1.2.0", "2.3.4"}, {"1.1.9", "2.3.5"}},
        {"1.2.3 - 2.3", {"1.2.3", "2.3.99"}, {"2.4.0", "2.4.0-0"}},
        {"1.2.3 - 2", {"2.99.99"}, {"3.0.0"}},
        {"x - 1.0.0", {"0.9.7"}, {"1.0.1"}},
        {"1.x - x", {"1.9.7", "9.0.0"}, {"0.9.9"}},
    });
}

TEST(VersionRange, ReadsAnXInPlaceOfTheRest) {
    expect_ranges({
        {"x", {"0.0.0", "9.1.2"}, {"1.2.3-foo"}},
        {"1.x", {"1.0.0", "1.99.0"}, {"0.9.9", "2.0.0", "2.0.0-0"}},
        {"v1.X", {"1.0.0"}, {"2.0.0"}},
        {"1.2.x", {"1.2.0", "1.2.9"}, {"1.1.9", "1.3.0"}},
        {"2.*.*", {"2.1.3"}, {"1.1.3", "3.1.3"}},
        {"1.2.* || 2.*", {"2.1.3", "1.2.3"}, {"3.1.3", "1.1.3"}},
        {">=1.2", {"1.2.0", "1.2.8"}, {"1.1.1", "1.2.0-rc"}},
        {">1.2", {"1.3.0"}, {"1.2.8", "1.3.0-beta"}},
        {">1", {"2.0.0"}, {"1.9.9"}},
        {"<1.2", {"1.1.1"}, {"1.2.0", "1.2.0-beta"}},
        {"<1", {"0.9.9"}, {"1.0.0", "1.0.0-beta"}},
        {"<=0.7.x", {"0.7.2", "0.6.2"}, {"0.8.0"}},
        {"<=7.x", {"7.9.9"}, {"8.0.0"}},
        {"=0.7.x", {"0.7.2"}, {"0.8.2", "0.7.0-asdf"}},
        {">=*", {"0.2.4"}, {}},
        {"<x", {}, {"0.0.0", "1.0.0"}},
        {">x", {}, {"0.0.0", "1.0.0"}},
    });
}

TEST(VersionRange, ReadsTildes) {
    expect_ranges({
        {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0"}},
        {"~1.2", {"1.2.0", "1.2.9"}, {"1.1.9", "1.3.0"}},
        {"~1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}},
        {"~0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0"}},
        {"~0.0.1", {"0.0.1", "0.0.2"}, {"0.1.0", "0.1.0-alpha"}},
        {"~0", {"0.0.0", "0.9.0"}, {"1.0.0"}},
        {"~>3.2.1", {"3.2.2"}, {"3.3.2", "3.2.0"}},
        {"~ 1.0.3", {"1.0.12"}, {"1.1.0"}},
        {"~x", {"0.0.9"}, {}},
        {"~1.2.3-beta.2", {"1.2.3-beta.4", "1.2.3"}, {"1.2.3-beta.1", "1.2.4-beta.2", "1.3.0"}},
    });
}

TEST(VersionRange, ReadsCarets) {
    expect_ranges({
        {"^1.2.3", {"1.2.3", "1.8.1"}, {"1.2.2", "2.0.0", "2.0.0-alpha", "1.2.3-pre"}},
        {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0"}},
        {"^0.0.3", {"0.0.3"}, {"0.0.2", "0.0.4", "0.0.4-alpha"}},
        {"^1.2.3-beta.2", {"1.2.3-beta.4", "1.2.3", "1.9.0"}, {"1.2.4-beta.2", "1.2.3-beta.1"}},
        {"^0.0.3-beta", {"0.0.3-pr.2", "0.0.3"}, {"0.0.4"}},
        {"^1.2.x", {"1.2.0", "1.4.2"}, {"1.1.9", "2.0.0", "1.2.0-pre"}},
        {"^0.0.x", {"0.0.0", "0.0.9"}, {"0.1.0"}},
        {"^0.0", {"0.0.9"}, {"0.1.0"}},
        {"^0.1", {"0.1.2"}, {"0.2.0"}},
        {"^1.x", {"1.0.0", "1.9.9"}, {"2.0.0"}},
        {"^0.x", {"0.0.0", "0.9.9"}, {"1.0.0"}},
        {"^0.0.0", {"0.0.0"}, {"0.0.1"}},
        {"^x", {"1.2.3"}, {}},
    });
}

TEST(VersionRange, HasAPrereleaseOnlyWhereItNamesOneOfTheSameVersion) {
    expect_ranges({
        {">1.2.3-alpha.3", {"1.2.3-alpha.7", "3.4.5"}, {"3.4.5-alpha.9", "1.2.3-alpha.3"}},
        {"1.2.3-pre - 2.4.3-pre", {"1.2.3-pre.2", "2.4.3-alpha", "1.3.0"}, {"1.3.0-pre", "2.4.3"}},
        {"1.2.3 - 2.4.3", {}, {"1.2.3-pre.2", "2.4.3-alpha"}},
        {">=1.2.0-rc.1 || >=2.0.0", {"1.2.0-rc.2", "1.2.0"}, {"2.0.0-rc.1"}},
        {">=2.0 <3", {"2.0.0"}, {"2.1.0-rc.1", "3.0.0-rc.1"}},
    });
}

TEST(VersionRange, NamesTheWordThatIsWrong) {
    const struct {
        std::string range;
        std::string word;
    } cases[] = {
        {">=2.y", "\"2.y\" is no version"},
        {">=2.0 <3.0.0.0", "\"3.0.0.0\""},
        {">=", "no version behind \">=\""},
        {">=2 <", "no version behind \"<\""},
        {"|| 1.x", "nothing before or behind a \"||\""},
        {"1.x ||", "nothing before or behind a \"||\""},
        {"", "nothing"},
        {">=01.2", "\"01.2\""},
        {"1.x.3 2", "\"1.x.3\""},
        {"^1.2-rc", "\"1.2-rc\""},
        {"1.2.3 -", "\"-\""},
        {">>1", "\">1\""},
        {"=>1", "\">1\""},
        {">=1.0.0-rc_1", "\"1.0.0-rc_1\""},
        {">=9007199254740992", "\"9007199254740992\""},
        {">=\n", "is no version"},
    };
    for (const auto& [range, word] : cases)
        EXPECT_THAT(VersionRange::parse(range), IsErr(ErrorKind::kConfiguration, HasSubstr(word))) << range;
}

TEST(VersionRange, IsRecognisedByItsX) {
    for (const std::string text : {"1.x", "v1.x", "1.2.X", "1.x.x", "v0.x"})
        EXPECT_TRUE(is_version_with_x(text)) << text;
    for (const std::string text :
         {"x", "vx", "1", "1.2", "1.*", "x.1", "1.x.3", "1.xx", "release-1.x", "1.2.3", "1.x-rc", ""})
        EXPECT_FALSE(is_version_with_x(text)) << text;
}

}  // namespace
}  // namespace ci_lambda::testing
