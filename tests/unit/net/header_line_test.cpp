#include "net/header_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

std::vector<HttpHeader> headers_of(std::initializer_list<std::string_view> lines) {
    std::vector<HttpHeader> headers;
    for (const auto line : lines) read_header_line(line, headers);
    return headers;
}

TEST(ReadHeaderLine, TakesNameAndValueWithoutTheBlanksAroundThem) {
    EXPECT_THAT(headers_of({"HTTP/1.1 200 OK\r\n", "Retry-After:  3 \r\n", "x:a:b\r\n", "Empty:\r\n", "\r\n"}),
                ElementsAre(FieldsAre("Retry-After", "3"), FieldsAre("x", "a:b"), FieldsAre("Empty", "")));
}

TEST(ReadHeaderLine, ForgetsWhatAnInterimAnswerSaid) {
    EXPECT_THAT(headers_of({"HTTP/1.1 100 Continue\r\n", "a: 1\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "b: 2\r\n"}),
                ElementsAre(FieldsAre("b", "2")));
}

TEST(ReadHeaderLine, PassesOverWhatIsNoHeader) {
    EXPECT_THAT(headers_of({"", "\r\n", "no colon", std::string_view("\0", 1)}), IsEmpty());
}

}  // namespace
}  // namespace ci_lambda
