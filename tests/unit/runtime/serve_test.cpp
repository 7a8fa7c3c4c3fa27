#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>

#include "runtime/runtime_api.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Hands out scripted invocations, then is gone.
class FakeRuntimeApi final : public RuntimeApi {
public:
    std::deque<Invocation> invocations;
    Status answer_to_post;
    std::vector<std::string> posted;

    Result<Invocation> next() override {
        if (invocations.empty()) return fail(ErrorKind::kConnection, "connection refused");
        auto invocation = invocations.front();
        invocations.pop_front();
        return invocation;
    }
    Status post_response(const std::string& request_id, const std::string& body) override {
        posted.push_back(request_id + " response " + body);
        return answer_to_post;
    }
    Status post_error(const std::string& request_id, const InvocationFailure& failure) override {
        posted.push_back(request_id + " error " + failure.type + " " + failure.message);
        return answer_to_post;
    }
    Status post_init_error(const InvocationFailure&) override { return {}; }
};

class ServeTest : public ::testing::Test {
protected:
    int run(const InvocationHandler& handler) { return serve(api_, environment_, log_.logger, handler); }

    FakeRuntimeApi api_;
    FakeEnvironment environment_;
    RecordingLog log_;
};

std::expected<std::string, InvocationFailure> echo(const Invocation& invocation) { return invocation.event; }

TEST_F(ServeTest, AnswersEachInvocationOnceAndEndsNonZeroWhenTheRuntimeApiIsGone) {
    api_.invocations = {{.request_id = "1", .event = "a"}, {.request_id = "2", .event = "b"}};
    EXPECT_EQ(run(echo), 1);
    EXPECT_THAT(api_.posted, ElementsAre("1 response a", "2 response b"));
    EXPECT_THAT(log_.sink.text(), HasSubstr("connection refused"));
}

TEST_F(ServeTest, PostsTheFailureOfAHandlerAndGoesOn) {
    api_.invocations = {{.request_id = "1"}, {.request_id = "2", .event = "b"}};
    run([](const Invocation& invocation) -> std::expected<std::string, InvocationFailure> {
        if (invocation.request_id == "1")
            return std::unexpected(InvocationFailure{.type = "Function.InvalidEvent", .message = "no service"});
        return invocation.event;
    });
    EXPECT_THAT(api_.posted, ElementsAre("1 error Function.InvalidEvent no service", "2 response b"));
}

TEST_F(ServeTest, ReportsAnExceptionAsAnErrorAndGoesOn) {
    api_.invocations = {{.request_id = "1"}, {.request_id = "2"}};
    int calls = 0;
    run([&](const Invocation&) -> std::expected<std::string, InvocationFailure> {
        if (++calls == 1) throw std::runtime_error("a mistake of ours");
        return "fine";
    });
    EXPECT_THAT(api_.posted, ElementsAre("1 error Runtime.UnhandledException a mistake of ours", "2 response fine"));
}

TEST_F(ServeTest, GoesOnAfterAnAnswerThatLambdaRefused) {
    api_.invocations = {{.request_id = "1"}, {.request_id = "2"}};
    api_.answer_to_post = fail(ErrorKind::kRejected, "413");
    run(echo);
    EXPECT_THAT(api_.posted, ElementsAre("1 response ", "2 response ")) << "no /error after a refused response";
    EXPECT_THAT(log_.sink.text(), HasSubstr("413"));
}

TEST_F(ServeTest, EndsWhenAnAnswerCannotBeHandedOver) {
    api_.invocations = {{.request_id = "1"}, {.request_id = "2"}};
    api_.answer_to_post = fail(ErrorKind::kServer, "500");
    EXPECT_EQ(run(echo), 1);
    EXPECT_THAT(api_.posted, ElementsAre("1 response "));
}

TEST_F(ServeTest, SetsTheTraceIdAndBindsTheRequestId) {
    api_.invocations = {{.request_id = "req-7", .trace_id = "Root=1-2"}};
    run([&](const Invocation&) -> std::expected<std::string, InvocationFailure> {
        EXPECT_EQ(environment_.get("_X_AMZN_TRACE_ID"), "Root=1-2");
        log_.logger.info("inside");
        return "";
    });
    ASSERT_FALSE(log_.sink.lines().empty());
    EXPECT_THAT(log_.sink.lines().front(), HasSubstr(R"("request_id":"req-7")"));
    EXPECT_THAT(log_.sink.lines().back(), Not(HasSubstr("req-7"))) << "it is bound to its own invocation only";
}

}  // namespace
}  // namespace ci_lambda::testing
