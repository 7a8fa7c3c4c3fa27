#include "sandbox/host/function_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "sandbox/local_aws.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;

/// Generous: it only runs out when something is broken.
constexpr Milliseconds kPatience{20'000};

/// Runs a shell script in the place of the function.
class FunctionHostTest : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_THAT(aws_.start(0), IsOk()); }
    void TearDown() override {
        aws_.invocations().stop();
        host_.reset();
        aws_.stop();
        std::filesystem::remove(script_);
    }

    void run(const std::string& commands) {
        std::ofstream(script_) << "#!/bin/sh\n" << commands << "\n";
        std::filesystem::permissions(script_, std::filesystem::perms::owner_all);
        start(script_);
    }

    void start(const std::string& program) {
        host_ = std::make_unique<FunctionHost>(
            FunctionHost::Options{.program = program, .environment = {{"GREETING", "hello"}}}, aws_.invocations(),
            clock_, [](std::string_view) {},
            [this](std::string_view text) {
                const std::scoped_lock lock(mutex_);
                notices_.emplace_back(text);
            });
        host_->start();
    }

    std::optional<InvocationRecord> done(std::size_t index) {
        return aws_.invocations().wait_for_done(index, kPatience);
    }

    std::vector<std::string> notices() {
        const std::scoped_lock lock(mutex_);
        return notices_;
    }

    std::string script_ =
        ::testing::TempDir() + "function_host_test_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    testing::FakeClock clock_;
    Ids ids_{1};
    LocalAws aws_{ids_, clock_};
    std::mutex mutex_;
    std::vector<std::string> notices_;
    std::unique_ptr<FunctionHost> host_;
};

TEST_F(FunctionHostTest, GivesUpAnEventWhenTheFunctionCannotStart) {
    aws_.invocations().enqueue("{}");
    run("echo one; echo two >&2; exit 3");
    const auto invocation = done(0);
    ASSERT_TRUE(invocation);
    ASSERT_TRUE(invocation->failure);
    EXPECT_EQ(invocation->failure->type, "Runtime.ExitError");
    EXPECT_THAT(failure_message(*invocation->failure), HasSubstr("exit status 3"));
    EXPECT_THAT(notices(), Contains(HasSubstr("exit status 3")));
    EXPECT_THAT(host_->recent_log(), ElementsAre("one", "two", "one", "two", "one", "two")) << "three tries";
}

TEST_F(FunctionHostTest, TellsWhichSignalEndedTheFunction) {
    aws_.invocations().enqueue("{}");
    run("kill -SEGV $$");
    const auto invocation = done(0);
    ASSERT_TRUE(invocation);
    EXPECT_THAT(failure_message(*invocation->failure), HasSubstr("SIGSEGV"));
}

TEST_F(FunctionHostTest, GivesTheFunctionItsOwnEnvironmentOnly) {
    aws_.invocations().enqueue("{}");
    run(R"(echo "GREETING=$GREETING HOME=$HOME")");
    ASSERT_TRUE(done(0));
    EXPECT_THAT(host_->recent_log(), Contains("GREETING=hello HOME="));
}

TEST_F(FunctionHostTest, FailsTheEventWhenTheProgramCannotBeExecuted) {
    aws_.invocations().enqueue("{}");
    start(script_ + "_missing");
    const auto invocation = done(0);
    ASSERT_TRUE(invocation);
    EXPECT_THAT(failure_message(*invocation->failure), HasSubstr("exit status 127"));
}

TEST_F(FunctionHostTest, EndsAFunctionThatDoesNotEndItself) {
    run("echo started; exec sleep 1000");
    aws_.invocations().stop();
    host_->stop();  // returns, or the test's own timeout fires
}

}  // namespace
}  // namespace ci_lambda::sandbox
