#include "base/json.hpp"

#include <string>

#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(ParseJson, ReadsValues) {
    const auto json = parse_json(R"({"a":[1,"x",null]})");
    ASSERT_THAT(json, IsOk());
    EXPECT_EQ(dump_json(*json), R"({"a":[1,"x",null]})");
}

TEST(ParseJson, RefusesMoreValuesThanFitIntoMemory) {
    const auto list = [](std::size_t values) {
        std::string text = "[\",[{\"";  // in a string, these are none
        for (std::size_t i = 2; i < values; ++i) text += ",0";
        return text + "]";
    };
    EXPECT_THAT(parse_json(list(kMaxJsonValues)), IsOk());
    EXPECT_THAT(parse_json(list(kMaxJsonValues + 1)),
                IsErr(ErrorKind::kProtocol, HasSubstr("more than 200000 values")));
    std::string empty_lists = "[[]";
    for (std::size_t i = 0; i < kMaxJsonValues / 2; ++i) empty_lists += ",[]";
    EXPECT_THAT(parse_json(empty_lists + "]"), IsErr(ErrorKind::kProtocol, HasSubstr("values")));
}

TEST(ParseJson, SaysWhereMalformedTextEndsAndDoesNotRepeatIt) {
    for (const std::string text :
         {"", "{", R"({"secret":})", R"({"secret":1,})", "{'secret':1}", "{} secret", R"("secret)", "secret",
          "{\"secret\":\"\xFF\"}", "{\"secret\":\"\n\"}", R"({"secret":1e999999}x)"})
        EXPECT_THAT(parse_json(text),
                    IsErr(ErrorKind::kProtocol, AllOf(HasSubstr("at byte "), Not(HasSubstr("secret")))))
            << text;
}

TEST(ParseJson, BoundsNestingButNotBracketsInStrings) {
    EXPECT_THAT(parse_json(nested(kMaxJsonDepth)), IsOk());
    EXPECT_THAT(parse_json(nested(kMaxJsonDepth + 1)), IsErr(ErrorKind::kProtocol, HasSubstr("nested deeper")));
    EXPECT_THAT(parse_json(std::string(100'000, '[')), IsErr(ErrorKind::kProtocol, HasSubstr("nested deeper")));
    EXPECT_THAT(parse_json("\"\\\"" + std::string(2000, '[') + "\""), IsOk());
}

TEST(ParseWrittenJson, TakesComments) {
    const auto json = parse_written_json(R"(// A shop.
{ /* its
     name */ "project": "shop", // "project": 7
  "url": "https://host/*x*/", "say": "\"//\"" } // the end)");
    ASSERT_THAT(json, IsOk());
    EXPECT_EQ(dump_json(json->value), R"({"project":"shop","say":"\"//\"","url":"https://host/*x*/"})");
    EXPECT_THAT(json->repeated_keys, IsEmpty());
}

TEST(ParseWrittenJson, SaysLineAndColumn) {
    const struct {
        std::string text;
        std::string place;
    } cases[] = {
        {"{\n  \"a\": tru\n}", "at line 2, column 11"},
        {"{\n  \"a\": 1,\n}", "at line 3, column 1"},
        {"]", "at line 1, column 1"},
        {"{} x", "at line 1, column 4"},
        {"", "at line 1, column 1"},
        {"{ /* x\n\n */ y }", "at line 3, column 5"},
        {"{}\n/* no end", "at line 2, column 1"},
        {"{\"a\":1\r\n\"b\":2}", "at line 2, column 3"},
    };
    for (const auto& [text, place] : cases)
        EXPECT_THAT(parse_written_json(text), IsErr(ErrorKind::kProtocol, HasSubstr(place))) << text;
}

TEST(ParseWrittenJson, KeepsTheBoundsWhateverStandsInComments) {
    for (const std::string comment : {"// \"\n", "/* \" */", "// \\\"\n", "/* [[ */"}) {
        EXPECT_THAT(parse_written_json(comment + nested(kMaxJsonDepth)), IsOk());
        EXPECT_THAT(parse_written_json(comment + nested(kMaxJsonDepth + 1)),
                    IsErr(ErrorKind::kProtocol, HasSubstr("nested deeper")));
    }
    EXPECT_THAT(parse_written_json("// " + std::string(5000, '[') + "\n[]"), IsOk());
    EXPECT_THAT(parse_written_json("[\"\\\"/*\"," + nested(kMaxJsonDepth) + "/**/]"),
                IsErr(ErrorKind::kProtocol, HasSubstr("nested deeper")));
}

TEST(ParseWrittenJson, FindsKeysThatStandTwiceInOneObject) {
    const auto json =
        parse_written_json(R"({"a":{"x":1},"b":{"x":1,"list":[0,[{"y":1}],{"x/~":{},"x/~":2}]},"a":3,"a":4})");
    ASSERT_THAT(json, IsOk());
    EXPECT_THAT(json->repeated_keys, ElementsAre("/b/list/2/x~1~0", "/a", "/a"));
    EXPECT_EQ(json->value.at("a"), 4);
}

TEST(ParseWrittenJson, HasNoKeysTwiceInAnArrayOfObjects) {
    EXPECT_THAT(parse_written_json(R"([{"a":1},{"a":1,"b":{"a":1}}])")->repeated_keys, IsEmpty());
}

TEST(DumpJson, ReplacesBytesThatAreNotUtf8) {
    const Json json = std::string("a\xFFz");
    EXPECT_EQ(dump_json(json), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(dump_json_pretty(Json{{"a", 1}}), "{\n  \"a\": 1\n}");
}

TEST(FindMember, TreatsNullAndNonObjectsAsAbsent) {
    const Json json = {{"text", "x"}, {"number", 1}, {"null", nullptr}};
    ASSERT_NE(find(json, "number"), nullptr);
    EXPECT_EQ(find(json, "null"), nullptr);
    EXPECT_EQ(find(json, "missing"), nullptr);
    EXPECT_EQ(find(Json::array(), "text"), nullptr);
    EXPECT_THAT(find_string(json, "text"), Optional(std::string("x")));
    EXPECT_EQ(find_string(json, "number"), std::nullopt);
}

TEST(TypeName, NamesEveryTypeOfJson) {
    EXPECT_EQ(type_name(nullptr), "null");
    EXPECT_EQ(type_name(Json::object()), "an object");
    EXPECT_EQ(type_name(Json::array()), "an array");
    EXPECT_EQ(type_name("x"), "a string");
    EXPECT_EQ(type_name(true), "a boolean");
    for (const Json& number : {Json(-1), Json(1U), Json(0.5)}) EXPECT_EQ(type_name(number), "a number");
}

}  // namespace
}  // namespace ci_lambda
