#include "images/tag_filter.hpp"

#include <random>
#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TagFilter filter_of(const std::vector<std::string>& patterns) {
    std::vector<TagPattern> parsed;
    for (const auto& pattern : patterns) {
        auto one = TagPattern::parse(pattern);
        EXPECT_THAT(one, IsOk()) << pattern;
        if (one) parsed.push_back(*std::move(one));
    }
    return TagFilter(std::move(parsed));
}

TEST(TagPattern, IsOfTheKindThatItsTextSays) {
    const struct {
        std::string pattern;
        std::vector<std::string> matching;
        std::vector<std::string> others;
    } cases[] = {
        // Globs.
        {"v*", {"v", "v1", "v1.2.3-rc.1"}, {"1", "xv1", "V1"}},
        {"*", {"a", "1.2.3-rc"}, {}},
        {"v?", {"v1", "vx"}, {"v", "v10"}},
        {"*-rc*", {"1-rc", "v1-rc.2", "-rc"}, {"v1rc", "rc"}},
        {"*a*b", {"ab", "xaxb", "aabb"}, {"ba", "aba"}},
        {"prod", {"prod"}, {"prod2", "xprod"}},
        {"v1.2", {"v1.2"}, {"v1.2.3", "v1x2"}},
        {"1.*", {"1.2", "1.anything"}, {"1", "10.2"}},
        {"x", {"x"}, {"1.2.3", "1"}},
        {"1.x.3", {"1.x.3"}, {"1.2.3"}},
        {"release-1.x", {"release-1.x"}, {"release-1.2"}},
        {"**", {"a"}, {}},
        // Ranges.
        {"1.x", {"1.2.3", "v1.0.0"}, {"1.x", "1.2", "2.0.0", "1.2.3-rc.1"}},
        {"v1.2.x", {"v1.2.3", "1.2.0"}, {"v1.3.0"}},
        {">=2.0 <3", {"2.0.0", "v2.9.1"}, {"3.0.0", "v1.9.9", "latest", "2.1", "v2"}},
        {"^1.4", {"1.4.0", "v1.9.9"}, {"1.3.9", "2.0.0"}},
        {"~1.4.2", {"1.4.2", "v1.4.9"}, {"1.5.0"}},
        {"=1.2.3", {"1.2.3", "v1.2.3"}, {"1.2.4"}},
        {"1.2.3||1.2.5", {"1.2.5"}, {"1.2.4"}},
        {"1.2 - 1.4", {"1.4.9"}, {"1.5.0"}},
        {"1.2.3 1.2.3", {"v1.2.3"}, {"1.2.4"}},
        // Regular expressions.
        {"/v\\d+/", {"v1", "v12"}, {"v", "v1.2", "xv1"}},
        {"/a|b/", {"a", "b"}, {"ab"}},
        {"/release-[0-9]{4,8}/", {"release-2026"}, {"release-1"}},
        {"/a/b/", {"a/b"}, {"a"}},
        // Blanks at the ends are nobody's.
        {"  v*\t", {"v1"}, {"1"}},
    };
    for (const auto& [pattern, matching, others] : cases) {
        const auto parsed = TagPattern::parse(pattern);
        ASSERT_THAT(parsed, IsOk()) << pattern;
        EXPECT_FALSE(parsed->excludes()) << pattern;
        for (const auto& tag : matching) EXPECT_TRUE(parsed->matches(tag)) << tag << " by " << pattern;
        for (const auto& tag : others) EXPECT_FALSE(parsed->matches(tag)) << tag << " by " << pattern;
        // The same behind a `!`.
        const auto excluding = TagPattern::parse("! " + pattern);
        ASSERT_THAT(excluding, IsOk()) << pattern;
        EXPECT_TRUE(excluding->excludes()) << pattern;
        for (const auto& tag : matching) EXPECT_TRUE(excluding->matches(tag)) << tag << " by !" << pattern;
    }
}

TEST(TagPattern, NamesItselfAndWhatIsWrong) {
    const struct {
        std::string pattern;
        std::string what;
    } cases[] = {
        {"", "\"\": there is nothing in it"},
        {" ", "there is nothing in it"},
        {"!", "\"!\": there is nothing in it"},
        {"v1,v2", "\"v1,v2\": tags have no \",\""},
        {"v[0-9]*", "\"v[0-9]*\": tags have no \"[\""},
        {"shop/api:v1", "tags have no \"/\""},
        {"!!v1", "\"!!v1\": tags have no \"!\""},
        {"caf\xC3\xA9", "tags have no"},
        {">=2.y", "\">=2.y\": \"2.y\" is no version and no beginning of one, such as 1.4"},
        {"!^1.2.3.4", "\"!^1.2.3.4\": \"1.2.3.4\" is no version"},
        {"v* v2", "\"v*\" is no version"},
        {"/", "between two slashes"},
        {"//", "between two slashes"},
        {"/v1", "between two slashes"},
        {"/v1/i", "between two slashes, without flags"},
        {"!/(a/", "\"!/(a/\": a \"(\" has no \")\""},
        {std::string(257, 'a'), "longer than 256 characters"},
    };
    for (const auto& [pattern, what] : cases)
        EXPECT_THAT(TagPattern::parse(pattern), IsErr(ErrorKind::kConfiguration, HasSubstr(what))) << pattern;
    const auto long_one = TagPattern::parse(std::string(300, 'a') + "\nb");
    ASSERT_FALSE(long_one);
    EXPECT_LT(long_one.error().message.size(), 150U);
    EXPECT_EQ(long_one.error().message.find('\n'), std::string::npos);
}

TEST(TagPattern, StarsTakeNoLongerThanBothLengthsMultiplied) {
    std::string stars;
    for (int i = 0; i < 100; ++i) stars += "a*";
    EXPECT_FALSE(TagPattern::parse(stars + "b")->matches(std::string(128, 'a')));
}

TEST(TagFilter, TakesATagThatAnInclusionMatchesAndNoExclusion) {
    const struct {
        std::vector<std::string> patterns;
        std::string tag;
        bool taken;
    } cases[] = {
        {{}, "anything", true},
        {{"v*"}, "v1", true},
        {{"v*"}, "pr-17", false},
        {{"v*", "prod"}, "prod", true},
        {{"!pr-*"}, "pr-17", false},
        {{"!pr-*"}, "main", true},
        {{">=2.0 <3", "!*-rc*"}, "v2.1.0", true},
        {{">=2.0 <3", "!*-rc*"}, "2.1.0-rc.1", false},
        {{">=2.0.0-0 <3", "!*-rc*"}, "2.0.0-beta.1", true},
        {{">=2.0.0-0 <3", "!*-rc*"}, "2.0.0-rc.1", false},
        {{"!v1", "v1"}, "v1", false},
        {{"v1", "!v1"}, "v1", false},
        {{"!^1", "!/.*-arm64/"}, "1.2.3", false},
        {{"!^1", "!/.*-arm64/"}, "v2-arm64", false},
        {{"!^1", "!/.*-arm64/"}, "v2", true},
        {{"*"}, std::string(128, 'a'), true},
        {{"*"}, std::string(129, 'a'), false},
        {{"*"}, "", false},
        {{"!x"}, "a b", false},
        {{"*"}, "a\nb", false},
    };
    for (const auto& [patterns, tag, taken] : cases) {
        std::vector<std::string> shown = patterns;
        EXPECT_EQ(filter_of(patterns).accepts(tag), taken) << tag << " by " << ::testing::PrintToString(shown);
    }
}

TEST(TagFilter, NamesATagWhereAPatternIsTheTagItself) {
    EXPECT_TRUE(filter_of({"v*", "buildcache"}).names("buildcache"));
    EXPECT_FALSE(filter_of({"*"}).names("buildcache"));
    EXPECT_FALSE(filter_of({"!buildcache"}).names("buildcache"));
    EXPECT_FALSE(filter_of({"/buildcache/"}).names("buildcache"));
    EXPECT_FALSE(TagFilter().names("buildcache"));
}

TEST(TagFilters, TakeThatOfTheServiceBeforeThatOfAll) {
    const TagFilters filters{.others = filter_of({"v*"}),
                             .by_service = {{ServiceId("web"), filter_of({"w*"})}, {ServiceId("all"), TagFilter()}}};
    EXPECT_THAT(filters.of(ServiceId("web")).texts(), ElementsAre("w*"));
    EXPECT_THAT(filters.of(ServiceId("api")).texts(), ElementsAre("v*"));
    EXPECT_TRUE(filters.of(ServiceId("all")).empty());
}

class RandomTag {
public:
    explicit RandomTag(unsigned seed) : random_(seed) {}

    std::string tag() {
        if (number(3) == 0)
            return fmt::format("{}{}.{}.{}{}", number(2) == 0 ? "v" : "", number(3), number(3), number(3),
                               number(3) == 0 ? "-rc.1" : "");
        static constexpr std::string_view kCharacters = "abrcv012.-_x";
        std::string tag;
        for (auto length = number(10) + 1; length > 0; --length) tag += kCharacters[number(kCharacters.size())];
        return tag;
    }
    std::string pattern() {
        const std::vector<std::string> words{"v*",    "*-rc*", "?*",      "1.x",         ">=1", ">=1.1.1-rc.0", "^0.2",
                                             "<2 >0", "*",     "/.*c.*/", "/v?[0-9.]+/", tag(), tag() + "*"};
        return words[number(words.size())];
    }
    std::size_t number(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

private:
    std::mt19937 random_;
};

/// A tag as an expression that stands for nothing else.
std::string quoted(const std::string& tag) {
    std::string expression = "/";
    for (const char c : tag) expression += (c == '.' || c == '-') ? std::string("\\") + c : std::string(1, c);
    return expression + "/";
}

TEST(TagFilter, KeepsItsPromisesForAnyTagAndPatterns) {
    int taken = 0;
    for (unsigned seed = 0; seed < 3000; ++seed) {
        RandomTag random(seed);
        const auto tag = random.tag();
        EXPECT_TRUE(filter_of({quoted(tag)}).accepts(tag)) << tag;
        if (!is_version_with_x(tag)) {
            EXPECT_TRUE(filter_of({tag}).accepts(tag)) << tag;
            EXPECT_TRUE(filter_of({tag}).names(tag)) << tag;
        }
        EXPECT_FALSE(filter_of({"!" + quoted(tag)}).accepts(tag)) << tag;

        std::vector<std::string> patterns;
        for (auto count = random.number(4); count > 0; --count)
            patterns.push_back((random.number(3) == 0 ? "!" : "") + random.pattern());
        SCOPED_TRACE(tag + " by " + ::testing::PrintToString(patterns));
        const bool accepted = filter_of(patterns).accepts(tag);
        taken += accepted ? 1 : 0;

        // In any order.
        const std::vector<std::string> reversed(patterns.rbegin(), patterns.rend());
        EXPECT_EQ(filter_of(reversed).accepts(tag), accepted);
        // An exclusion wins over whatever includes; a further inclusion takes nothing away.
        for (const auto& exclusion : {"!" + quoted(tag), std::string("!*")}) {
            auto more = patterns;
            more.insert(more.begin() + static_cast<std::ptrdiff_t>(random.number(more.size() + 1)), exclusion);
            EXPECT_FALSE(filter_of(more).accepts(tag));
        }
        if (accepted) {
            auto more = patterns;
            more.push_back(quoted(tag));
            EXPECT_TRUE(filter_of(more).accepts(tag));
        }
        // What a pattern says of a tag, it says the other way round behind a `!`.
        const auto pattern = random.pattern();
        EXPECT_NE(filter_of({pattern}).accepts(tag), filter_of({"!" + pattern}).accepts(tag)) << pattern;
    }
    EXPECT_GT(taken, 500);
    EXPECT_LT(taken, 2500);
}

}  // namespace
}  // namespace ci_lambda::testing
