#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>

#include "base/text.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class FakeLogs final : public LogEvents {
public:
    Result<std::vector<std::string>> latest(const LogStream& stream, std::size_t most, Deadline deadline) override {
        asked.push_back(fmt::format("{} {} {}", stream.region, stream.group, stream.name));
        limits.push_back(most);
        deadlines.push_back(deadline);
        return answer;
    }
    Result<std::vector<std::string>> answer = std::vector<std::string>{"listening", "fatal: no database"};
    std::vector<std::string> asked;
    std::vector<std::size_t> limits;
    std::vector<Deadline> deadlines;
};

EcsStoppedTask crashed(const std::string& id, Milliseconds at = {}) {
    auto task = stopped_task("EssentialContainerExited", "Essential container in task exited",
                             {{.name = "app", .exit_code = 1}});
    task.arn = "arn:aws:ecs:us-east-1:123456789012:task/shop_cluster_dev/" + id;
    task.stopped_at = start() + at;
    task.task_definition = arn_of("8");
    return task;
}

class LastWordsTest : public RolloutFixture {
protected:
    LastWordsTest() {
        ecs_.on_task_definition = [this](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            EcsTaskDefinition definition{.arn = revision.str()};
            definition.logs = {log};
            return definition;
        };
    }
    std::optional<LastWords> read(const std::vector<EcsStoppedTask>& tasks, Deadline deadline = Deadline::none()) {
        return reader_.of("ecs-svc/1", tasks, deadline);
    }
    EcsTaskDefinition::Log log{.container = "app", .group = "/ecs/api", .stream_prefix = "ecs", .region = ""};
    FakeLogs logs_;
    LastWordsReader reader_{{.lines = 20, .region = "eu-west-1"}, ecs_, logs_, clock_, log_.logger};
};

TEST_F(LastWordsTest, AreThoseOfTheTaskOfThisDeploymentThatFailedLast) {
    auto of_another = crashed("another", minutes{9});
    of_another.started_by = "ecs-svc/7";
    const auto words = read({crashed("first"), crashed("last", minutes{2}), crashed("second", minutes{1}), of_another});
    ASSERT_TRUE(words);
    EXPECT_EQ(words->container, "app");
    EXPECT_EQ(words->exit_code, 1);
    EXPECT_THAT(words->lines, ElementsAre("listening", "fatal: no database"));
    EXPECT_THAT(logs_.asked, ElementsAre("eu-west-1 /ecs/api ecs/app/last"));
    EXPECT_THAT(logs_.limits, ElementsAre(20U));
    EXPECT_EQ(title_of(*words), "last words of the container app (exit code 1)");
}

TEST_F(LastWordsTest, AreReadWhereTheTaskDefinitionSaysThatTheyAre) {
    log.region = "us-west-2";
    log.stream_prefix = "";
    auto task = crashed("a");
    task.containers[0].runtime_id = "0123docker";
    EXPECT_TRUE(read({task}));
    EXPECT_THAT(logs_.asked, ElementsAre("us-west-2 /ecs/api 0123docker"));
    auto nowhere = crashed("b");
    EXPECT_FALSE(read({nowhere})) << "without a prefix, and without Docker's id, nobody knows the stream";
    log.container = "sidecar";
    EXPECT_FALSE(read({crashed("c")})) << "its driver is not awslogs";
    EXPECT_THAT(logs_.asked, SizeIs(1));
}

TEST_F(LastWordsTest, AreOfTheContainerThatFailedAndNotOfThoseThatEndedWithIt) {
    auto task = crashed("a");
    task.containers = {
        {.name = "proxy", .exit_code = 143}, {.name = "init", .exit_code = 0}, {.name = "app", .exit_code = 2}};
    EXPECT_EQ(read({task}).value().container, "app");
    auto unhealthy = crashed("b", minutes{1});
    unhealthy.stop_code = "ServiceSchedulerInitiated";
    unhealthy.stopped_reason = "Task failed ELB health checks in (target-group arn:aws:x)";
    unhealthy.containers = {{.name = "app", .exit_code = 0}};
    EXPECT_EQ(read({task, unhealthy}).value().exit_code, 0) << "it was asked to end, and its log says why";
}

TEST_F(LastWordsTest, NothingIsAskedOfWhatIsFineWhatNeverRanAndWhatIsOff) {
    auto scaled = crashed("a");
    scaled.stopped_reason = "Scaling activity initiated by (deployment ecs-svc/1)";
    auto not_pulled = stopped_task("TaskFailedToStart", "CannotPullContainerError: not found", {{.name = "app"}});
    not_pulled.task_definition = arn_of("8");
    EXPECT_FALSE(read({}));
    EXPECT_FALSE(read({scaled, not_pulled}));
    LastWordsReader off({.lines = 0, .region = "eu-west-1"}, ecs_, logs_, clock_, log_.logger);
    EXPECT_FALSE(off.of("ecs-svc/1", {crashed("b")}, Deadline::none()));
    EXPECT_FALSE(off.of(crashed("b"), Deadline::none()));
    EXPECT_THAT(logs_.asked, IsEmpty());
    EXPECT_EQ(ecs_.calls("DescribeTaskDefinition"), 0);
}

TEST_F(LastWordsTest, AMissingPermissionIsNamedOnceAndAskedForNoMore) {
    logs_.answer = fail(ErrorKind::kAccessDenied, "not authorized to perform: logs:GetLogEvents");
    for (const auto* id : {"a", "b", "c"}) EXPECT_FALSE(read({crashed(id)}));
    EXPECT_THAT(logs_.asked, SizeIs(1));
    EXPECT_THAT(log_.sink.lines(), SizeIs(1));
    EXPECT_THAT(log_.sink.text(), HasSubstr("\"needs\":\"logs:GetLogEvents\""));
    log.group = "/ecs/other";
    EXPECT_FALSE(read({crashed("d")}));
    EXPECT_THAT(logs_.asked, SizeIs(2)) << "another group may be allowed";
}

TEST_F(LastWordsTest, AfterAFailureTheOthersDoNotWaitForIt) {
    logs_.answer = fail(ErrorKind::kConnection, "timed out");
    EXPECT_FALSE(read({crashed("a")}));
    logs_.answer = std::vector<std::string>{"one"};
    EXPECT_FALSE(read({crashed("b")}));
    EXPECT_THAT(logs_.asked, SizeIs(1));
    clock_.advance(minutes{2});
    EXPECT_TRUE(read({crashed("b")}));
}

TEST_F(LastWordsTest, OneTaskIsReadOnceAndAnEmptyLogAgain) {
    logs_.answer = std::vector<std::string>{"", " \x1b[0m "};
    EXPECT_FALSE(read({crashed("a")})) << "the log may be a moment late";
    logs_.answer = fail(ErrorKind::kNotFound, "no stream");
    EXPECT_FALSE(read({crashed("a")}));
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("warn"))) << "that a container says nothing is no news";
    logs_.answer = std::vector<std::string>{"one"};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(read({crashed("a")}));
    EXPECT_THAT(logs_.asked, SizeIs(3));
}

TEST_F(LastWordsTest, LeaveTimeForTheVerdict) {
    EXPECT_TRUE(read({crashed("a")}));
    EXPECT_TRUE(read({crashed("b")}, Deadline::after(clock_, seconds{2})));
    ASSERT_THAT(logs_.deadlines, SizeIs(2));
    EXPECT_EQ(logs_.deadlines[0].remaining(clock_), seconds{3});
    EXPECT_EQ(logs_.deadlines[1].remaining(clock_), seconds{1});
}

TEST_F(LastWordsTest, StandInTheJudgementOfWhatFailedAndNowhereElse) {
    RolloutObserver observer(ecs_, clock_, sleeper_, log_.logger, &reader_);
    ecs_.tasks = std::vector{crashed("a")};
    auto rollout = rollout_to_8();
    auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)});
    const auto observe = [&] { return observer.observe(rollout, &service, minutes{10}, Deadline::none()).judgement; };
    EXPECT_FALSE(observe().last_words);
    service = service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)});
    EXPECT_FALSE(observe().last_words);
    EXPECT_THAT(logs_.asked, IsEmpty());
    clock_.advance(minutes{5});
    service = service_with({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    const auto failed = observe();
    EXPECT_EQ(failed.verdict, Verdict::kFailed);
    EXPECT_THAT(failed.last_words.value().lines, ElementsAre("listening", "fatal: no database"));
}

// --- the text
// ---------------------------------------------------------------------------------------------------------

std::vector<std::string> safe_lines(const std::vector<std::string>& texts, std::size_t most = 20,
                                    const std::string& secret = "hunter2-hunter2") {
    Redactor redactor;
    redactor.add(Secret(secret));
    return last_lines(texts, most, redactor);
}

TEST(LastLines, AreTheLastOnesOfEventsWithSeveralLines) {
    EXPECT_THAT(safe_lines({"a\nb", "", "c\r\nd\n"}, 3), ElementsAre("b", "c", "d"));
    EXPECT_THAT(safe_lines({"  at main.go:17  "}), ElementsAre("at main.go:17"));
    EXPECT_THAT(safe_lines({}), IsEmpty());
}

TEST(LastLines, HaveNoColoursAndNothingThatATerminalWouldActUpon) {
    EXPECT_THAT(safe_lines({"\x1b[31mERROR\x1b[0m: \x1b[1;38;5;9mno\x1b[m"}), ElementsAre("ERROR: no"));
    for (const auto& line :
         safe_lines({"a\x1b]0;title\x07z", "\x1b[12", "\x1b", "x\xE2\x80\xAEy", std::string("\x9b") + "2J"})) {
        EXPECT_EQ(line, one_line(line)) << line;
        EXPECT_FALSE(line.contains('\x1b'));
    }
}

TEST(LastLines, HaveNoSecretsThatAreKnownHoweverTheyAreWrapped) {
    EXPECT_THAT(safe_lines({"key=hunter2-hunter2!"}), ElementsAre("key=***!"));
    EXPECT_THAT(safe_lines({"key=hunter2\x1b[0m-hunter2"}), ElementsAre("key=***"));
    EXPECT_THAT(safe_lines({"PEM\nLINE-ONE\nLINE-TWO\nEND"}, 2, "LINE-ONE\nLINE-TWO"), ElementsAre("***", "END"));
    const auto long_line = safe_lines({std::string(395, 'x') + "hunter2-hunter2"});
    ASSERT_THAT(long_line, SizeIs(1));
    EXPECT_THAT(long_line[0], Not(HasSubstr("hunt"))) << "what is cut is cut after the secret is gone";
}

/// Whatever somebody writes into a log: few lines, short ones, valid text, and no secret.
TEST(LastLines, ABoundedAmountOfSafeTextComesOutOfAnyLog) {
    const std::string secret = "s3cr3t/with+all=";
    const std::vector<std::string> pieces{secret,
                                          "<!channel>",
                                          "```",
                                          "\x1b[2J",
                                          "\x1b]8;;x\x07",
                                          "\n",
                                          "\r",
                                          std::string(1, '\0'),
                                          "\xff\xfe",
                                          "\xE2\x80\xAE",
                                          "\xF0\x9F\x98\x80",
                                          "@here",
                                          "&lt;",
                                          std::string(3000, 'z'),
                                          "https://hooks.slack.com/",
                                          "\xC2\x9B",
                                          " "};
    Redactor redactor;
    redactor.add(Secret(secret));
    std::minstd_rand random(20261130);
    for (int round = 0; round < 150; ++round) {
        std::vector<std::string> texts(random() % 40);
        for (auto& text : texts)
            for (auto n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
        if (round == 0) texts = {std::string(1'000'000, 'm') + secret, std::string(1'000'000, '\n')};
        const auto lines = last_lines(texts, 20, redactor);
        EXPECT_LE(lines.size(), 20U);
        std::size_t bytes = 0;
        for (const auto& line : lines) {
            EXPECT_FALSE(line.contains(secret)) << line;
            EXPECT_EQ(line, one_line(line, 400));
            EXPECT_EQ(line, sanitize_utf8(line));
            bytes += line.size();
        }
        EXPECT_LE(bytes, 4 * 4000U);
    }
}

}  // namespace
}  // namespace ci_lambda::testing
