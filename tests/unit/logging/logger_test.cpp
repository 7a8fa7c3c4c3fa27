#include "logging/logger.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "metrics/tally.hpp"
#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using testing::RecordingLog;
using ::testing::SizeIs;

Json only_line(const RecordingLog& log) {
    const auto lines = log.sink.lines();
    EXPECT_THAT(lines, SizeIs(1));
    return lines.empty() ? Json() : parse_json(lines.front()).value_or(Json());
}

TEST(Logger, WritesTheLineOfTheOrigin) {
    RecordingLog log;
    log.logger.set_identity("shop", "dev");
    log.logger.info("deployment started", {{log_key::kService, "api"}, {log_key::kAttempt, 2}});
    EXPECT_EQ(log.sink.lines(),
              std::vector<std::string>{R"({"timestamp":"2026-01-01T10:08:03.000Z","level":"info",)"
                                       R"("message":"deployment started","project_name":"shop","environment":"dev",)"
                                       R"("fields":{"service":"api","attempt":2}})"});
}

TEST(Logger, WritesEveryTypeOfField) {
    RecordingLog log;
    log.logger.info("x", {{"flag", true},
                          {"half", 0.5},
                          {"number", std::size_t{7}},
                          {"text", std::string("t")},
                          {"list", std::vector<std::string>{"a", "b"}}});
    EXPECT_EQ(only_line(log)["fields"],
              Json::parse(R"({"flag":true,"half":0.5,"number":7,"text":"t","list":["a","b"]})"));
}

TEST(Logger, WritesAnEmptyObjectWhenThereAreNoFields) {
    RecordingLog log;
    log.logger.info("x");
    EXPECT_EQ(only_line(log)["fields"], Json::object());
}

TEST(Logger, WritesMetricsAsLinesOfTheirOwnAndOnlyWhereTheyAreCounted) {
    RecordingLog log;
    Tally tally;
    tally.set_mode(Tally::Mode::kOn);
    log.logger.set_identity("shop", "dev");
    log.logger.set_level(LogLevel::kError);
    log.logger.count(Metric::kThrottles);
    log.logger.write_metrics();
    EXPECT_THAT(log.sink.lines(), IsEmpty()) << "nowhere to count";

    log.logger.set_tally(&tally);
    log.logger.bind_request_id("r-1");
    const Logger of_a_target(log.logger, "eu");
    of_a_target.count(Metric::kStarted, 1, "api", "ecs-svc/7");
    log.logger.count(Metric::kThrottles, 2);
    log.logger.write_metrics();
    log.logger.write_metrics();
    const auto line = only_line(log);
    EXPECT_EQ(line["DeploymentsStarted"], 1);
    EXPECT_EQ(line["Throttles"], 2);
    EXPECT_EQ(line["environment"], "dev");
    EXPECT_EQ(line["request_id"], "r-1");
    EXPECT_EQ(line["_aws"]["Timestamp"], 1'767'262'083'000);
}

TEST(Logger, LeavesOutWhatIsBelowItsLevel) {
    RecordingLog log;
    log.logger.set_level(LogLevel::kWarn);
    log.logger.debug("no");
    log.logger.info("no");
    EXPECT_THAT(log.sink.lines(), IsEmpty());
    log.logger.warn("yes");
    log.logger.error("yes");
    EXPECT_THAT(log.sink.lines(), SizeIs(2));
}

TEST(Logger, PutsTheRequestIdIntoEveryLineUntilItIsBoundAnew) {
    RecordingLog log;
    log.logger.bind_request_id("r-1");
    log.logger.info("x");
    log.logger.bind_request_id("");
    log.logger.info("y");
    EXPECT_THAT(log.sink.lines()[0], HasSubstr(R"("request_id":"r-1")"));
    EXPECT_THAT(log.sink.lines()[1], Not(HasSubstr("request_id")));
}

TEST(Logger, KeepsOneRecordOnOneLineOfValidJson) {
    RecordingLog log;
    log.logger.info("two\nlines \"quoted\"", {{"bytes", std::string("a\xFF\x01z")}});
    const auto lines = log.sink.lines();
    ASSERT_THAT(lines, SizeIs(1));
    EXPECT_THAT(lines[0], Not(HasSubstr("\n")));
    EXPECT_EQ(only_line(log)["message"], "two\nlines \"quoted\"");
    EXPECT_EQ(only_line(log)["fields"]["bytes"], "a\xEF\xBF\xBD\x01z");
}

TEST(Logger, NeverWritesARegisteredSecret) {
    RecordingLog log;
    log.redactor.add(Secret("https://hooks/s/\"quoted\""));
    log.redactor.add(Secret("https://hooks/s/\"quoted\"/longer"));
    log.logger.info("to https://hooks/s/\"quoted\"/longer",
                    {{"url", R"(x https://hooks/s/"quoted" y)"},
                     {"urls", std::vector<std::string>{R"(https://hooks/s/"quoted")"}}});
    const auto line = only_line(log);
    EXPECT_EQ(line["message"], "to ***");
    EXPECT_EQ(line["fields"]["url"], "x *** y");
    EXPECT_EQ(line["fields"]["urls"][0], "***");
}

TEST(Redactor, DoesNotBlankOutOrdinaryWords) {
    Redactor redactor;
    redactor.add(Secret(""));
    redactor.add(Secret("api"));
    EXPECT_EQ(redactor.redact("the api"), "the api");
}

TEST(Redactor, HidesASecretAlsoAsItStandsInUrlsAndInJson) {
    Redactor redactor;
    redactor.add(Secret("a/secret+\"key\"="));
    for (const std::string form :
         {R"(a/secret+"key"=)", R"(a/secret+\"key\"=)", R"(a\/secret+\"key\"=)", R"(a\\/secret+\\\"key\\\"=)",
          "a%2Fsecret%2B%22key%22%3D", "a%2fsecret%2b%22key%22%3d", "a/secret%2B%22key%22%3D"})
        EXPECT_EQ(redactor.redact("x " + form + " y"), "x *** y") << form;
}

TEST(Redactor, TakesNoLongerThanTheTextIsLong) {
    // Each secret that was moved over by hand took 25 s of this; a test that hangs is one that fails.
    Redactor redactor;
    redactor.add(Secret("wJalrXUtnFEMI"));
    std::string text;
    std::string redacted;
    for (int i = 0; i < 300'000; ++i) {
        text += "wJalrXUtnFEMI wJalrXUtn\u2026";
        redacted += "*** ***\u2026";
    }
    EXPECT_EQ(redactor.redact(std::move(text)), redacted);
}

TEST(Logger, WritesNothingThatActsOnATerminal) {
    RecordingLog log;
    log.logger.info("a\x1b[2J\u009b2J\u202e\x7f", {{"text", "\u2028"}});
    EXPECT_THAT(log.sink.lines().front(), HasSubstr(R"("message":"a\u001b[2J\u009b2J\u202e\u007f")"));
    EXPECT_THAT(log.sink.lines().front(), HasSubstr(R"("text":"\u2028")"));
}

TEST(Redactor, HidesTheBeginningOfASecretWhereATextWasCut) {
    Redactor redactor;
    redactor.add(Secret("/services/T000/B000/XXXX"));
    redactor.add(Secret("wJalrXUtnFEMI"));
    const struct {
        std::string text;
        std::string redacted;
    } cases[] = {
        {"no such page: /services/T000/B\u2026", "no such page: ***\u2026"},
        {"wJalrXUtn\u2026 and /services/T\u2026 (gave up)", "***\u2026 and ***\u2026 (gave up)"},
        {"/services/T000/B000/XXXX\u2026", "***\u2026"},
        {"/servic\u2026", "/servic\u2026"},
        {"\u2026", "\u2026"},
        {"/services/T000/B", "/services/T000/B"},
    };
    for (const auto& one : cases) EXPECT_EQ(redactor.redact(one.text), one.redacted);
}

TEST(LogLevel, IsReadInAnyCase) {
    EXPECT_THAT(parse_log_level("DEBUG"), Optional(LogLevel::kDebug));
    EXPECT_THAT(parse_log_level("Info"), Optional(LogLevel::kInfo));
    EXPECT_THAT(parse_log_level("warning"), Optional(LogLevel::kWarn));
    EXPECT_THAT(parse_log_level("error"), Optional(LogLevel::kError));
    EXPECT_EQ(parse_log_level("verbose"), std::nullopt);
    EXPECT_EQ(parse_log_level(""), std::nullopt);
    for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError})
        EXPECT_THAT(parse_log_level(to_string(level)), Optional(level));
}

TEST(FdLogSink, EndsEachLineWithANewline) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    FdLogSink sink(ends[1]);
    sink.write("one");
    sink.write("two");
    ::close(ends[1]);
    std::array<char, 64> buffer{};
    const auto read = ::read(ends[0], buffer.data(), buffer.size());
    ::close(ends[0]);
    ASSERT_GT(read, 0);
    EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(read)), "one\ntwo\n");
}

TEST(FdLogSink, SurvivesADescriptorThatIsClosed) {
    FdLogSink sink(-1, Milliseconds{0});
    sink.write("lost");
}

TEST(FdLogSink, LosesOnlyWhatDoesNotFitIntoAPipeThatNobodyEmpties) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const auto size = ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
    ASSERT_GT(size, 0);
    const std::string longer(static_cast<std::size_t>(size) + 1, 'x');
    std::string buffer(longer.size(), '\0');
    FdLogSink sink(ends[1], Milliseconds{0});

    sink.write(longer);
    sink.write("lost");
    ASSERT_EQ(::read(ends[0], buffer.data(), buffer.size()), size);
    EXPECT_EQ(buffer.substr(0, static_cast<std::size_t>(size)), longer.substr(1));

    sink.write("whole");
    ASSERT_EQ(::read(ends[0], buffer.data(), buffer.size()), 7);
    EXPECT_EQ(buffer.substr(0, 7), "\nwhole\n") << "it must not go on with the line that was cut off";
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Logger, KeepsLinesOfConcurrentThreadsWhole) {
    RecordingLog log;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&log] {
                for (int j = 0; j < 50; ++j) log.logger.info("deployment", {{log_key::kAttempt, j}});
            });
    }
    const auto lines = log.sink.lines();
    EXPECT_THAT(lines, SizeIs(200));
    for (const auto& line : lines) EXPECT_TRUE(parse_json(line)) << line;
}

}  // namespace
}  // namespace ci_lambda
