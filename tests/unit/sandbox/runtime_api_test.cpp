#include "sandbox/runtime/runtime_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/json.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/http/http_server.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::StartsWith;

const std::string kRuntime = "/2018-06-01/runtime/";
const std::string kInvoke = "/2015-03-31/functions/ci_lambda/invocations";

class RuntimeApiTest : public ::testing::Test {
protected:
    void SetUp() override {
        add_runtime_api(server_, invocations_);
        add_invoke_api(server_, invocations_);
        const auto port = server_.start(0);
        ASSERT_THAT(port, IsOk());
        port_ = *port;
    }
    void TearDown() override {
        invocations_.stop();
        server_.stop();
    }

    LocalResponse get(const std::string& path) { return checked(http_get(port_, path)); }
    LocalResponse post(const std::string& path, const std::string& body,
                       const std::map<std::string, std::string>& headers = {}) {
        return checked(http_post(port_, path, body, headers));
    }
    LocalResponse next() { return get(kRuntime + "invocation/next"); }
    LocalResponse answer(const std::string& id, const std::string& body) {
        return post(kRuntime + "invocation/" + id + "/response", body);
    }

    testing::FakeClock clock_;
    Ids ids_{1};
    Invocations invocations_{ids_, clock_};
    std::uint16_t port_ = 0;
    HttpServer server_;

private:
    static LocalResponse checked(const Result<LocalResponse>& response) {
        EXPECT_THAT(response, IsOk());
        return response.value_or(LocalResponse{});
    }
};

TEST_F(RuntimeApiTest, HandsTheEventOverAndTakesTheAnswer) {
    const std::string id = invocations_.enqueue(R"({"service":"api"})").value();
    const auto event = next();
    EXPECT_EQ(event.status, 200);
    EXPECT_EQ(event.body, R"({"service":"api"})");
    EXPECT_EQ(event.headers.at("lambda-runtime-aws-request-id"), id);
    EXPECT_EQ(event.headers.at("lambda-runtime-deadline-ms"), "1767262383000") << "now + 300 s";
    EXPECT_THAT(event.headers.at("lambda-runtime-invoked-function-arn"), StartsWith("arn:aws:lambda:us-east-1:"));
    EXPECT_THAT(event.headers.at("lambda-runtime-trace-id"),
                ::testing::MatchesRegex("Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"));
    EXPECT_EQ(answer(id, R"({"status":"deployed"})").status, 202);

    const auto records = invocations_.all();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].answer, R"({"status":"deployed"})");
    EXPECT_EQ(records[0].status, InvocationStatus::kRunning) << "done only when the runtime asks for the next event";
}

TEST_F(RuntimeApiTest, NextWaitsForAnEvent) {
    auto waiting = std::async(std::launch::async, [&] { return next(); });
    const std::string id = invocations_.enqueue("{}").value();
    EXPECT_EQ(waiting.get().headers.at("lambda-runtime-aws-request-id"), id);
}

TEST_F(RuntimeApiTest, StoppingReleasesTheOneWhoWaits) {
    auto waiting = std::async(std::launch::async, [&] { return next(); });
    invocations_.stop();
    EXPECT_EQ(waiting.get().status, 500);
}

TEST_F(RuntimeApiTest, ANewEventDoesNotGoToARuntimeThatHasEnded) {
    invocations_.runtime_starts();
    auto dead = std::async(std::launch::async, [&] { return next(); });
    // Ended as often as it takes: only a runtime that has asked for an event counts as one that was ready.
    while (!invocations_.runtime_ended(make_failure("Runtime.ExitError", "gone")).was_ready) std::this_thread::yield();
    EXPECT_EQ(dead.get().status, 500);
    const std::string id = invocations_.enqueue("{}").value();
    EXPECT_EQ(next().headers.at("lambda-runtime-aws-request-id"), id);
}

TEST_F(RuntimeApiTest, RefusesAnswersThatDoNotFit) {
    const std::string id = invocations_.enqueue("{}").value();
    EXPECT_EQ(answer(id, "{}").status, 400) << "not handed over yet";
    (void)next();
    EXPECT_EQ(answer("11111111-2222-4333-8444-555555555555", "{}").status, 400);
    EXPECT_EQ(next().status, 403) << "asks again without an answer";
    EXPECT_EQ(answer(id, "{}").status, 202);
    EXPECT_EQ(answer(id, "{}").status, 403) << "answers twice";
}

TEST_F(RuntimeApiTest, RefusesAnAnswerOfMoreThanSixMegabytes) {
    const std::string id = invocations_.enqueue("{}").value();
    (void)next();
    EXPECT_EQ(answer(id, std::string(6UL * 1024 * 1024 + 101, 'x')).status, 413);
    EXPECT_EQ(invocations_.all().at(0).failure->type, "Function.ResponseSizeTooLarge");
}

TEST_F(RuntimeApiTest, KeepsTheErrorThatTheFunctionReports) {
    const std::string id = invocations_.enqueue("{}").value();
    (void)next();
    const auto reported = post(kRuntime + "invocation/" + id + "/error", R"({"errorMessage":"no service"})",
                               {{"Lambda-Runtime-Function-Error-Type", "Function.InvalidEvent"}});
    EXPECT_EQ(reported.status, 202);
    const auto failure = invocations_.all().at(0).failure;
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->type, "Function.InvalidEvent");
    EXPECT_EQ(failure_message(*failure), "no service");
}

TEST_F(RuntimeApiTest, KeepsTheInitErrorUntilTheRuntimeEnds) {
    invocations_.runtime_starts();
    EXPECT_EQ(
        post(kRuntime + "init/error", R"({"errorType":"Runtime.BadConfiguration","errorMessage":"LOG_LEVEL"})").status,
        202);
    const auto end = invocations_.runtime_ended(make_failure("Runtime.ExitError", "exit status 1"));
    EXPECT_FALSE(end.was_ready);
    ASSERT_TRUE(end.init_error);
    EXPECT_EQ(end.init_error->type, "Runtime.BadConfiguration");
}

/// Serves one event as a function would, and asks for the next one.
class RuntimeApiInvokeTest : public RuntimeApiTest {
protected:
    std::future<LocalResponse> invoke(const std::map<std::string, std::string>& headers = {}) {
        return std::async(std::launch::async, [this, headers] { return post(kInvoke, R"({"a":1})", headers); });
    }
};

TEST_F(RuntimeApiInvokeTest, ReturnsTheAnswerOfTheFunction) {
    auto invoker = invoke();
    const auto event = next();
    answer(event.headers.at("lambda-runtime-aws-request-id"), R"({"ok":true})");
    auto asks_again = std::async(std::launch::async, [&] { return next(); });
    const auto response = invoker.get();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"ok":true})");
    EXPECT_FALSE(response.headers.contains("x-amz-function-error"));
    invocations_.stop();
    asks_again.wait();
}

TEST_F(RuntimeApiInvokeTest, TellsWhenTheFunctionDies) {
    auto invoker = invoke();
    (void)next();
    invocations_.runtime_ended(make_failure("Runtime.ExitError", "Runtime exited with error: exit status 3"));
    const auto response = invoker.get();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("x-amz-function-error"), "Unhandled");
    EXPECT_THAT(response.body, HasSubstr("exit status 3"));
}

TEST_F(RuntimeApiInvokeTest, DoesNotWaitForAnEventInvocation) {
    const auto response = invoke({{"X-Amz-Invocation-Type", "Event"}}).get();
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(next().body, R"({"a":1})");
}

TEST_F(RuntimeApiInvokeTest, RefusesWhatIsNoJson) {
    const auto response = post(kInvoke, "{");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.headers.at("x-amzn-errortype"), "InvalidRequestContentException");
    EXPECT_TRUE(invocations_.all().empty());
}

TEST(HttpServer, SaysWhichPortIsTaken) {
    HttpServer first;
    const auto port = first.start(0);
    ASSERT_THAT(port, IsOk());
    HttpServer second;
    EXPECT_THAT(second.start(*port), IsErr(ErrorKind::kConnection, HasSubstr(std::to_string(*port))));
}

TEST(HttpServer, TakesALargeFormAsAnyOtherBody) {
    HttpServer server;
    server.post("/echo", [](const HttpExchangeRequest& request) {
        return HttpExchangeAnswer{.status = 200, .body = std::to_string(request.body.size())};
    });
    const auto port = server.start(0);
    ASSERT_THAT(port, IsOk());
    const auto response = http_post(*port, "/echo", std::string(1024UL * 1024, 'x'),
                                    {{"Content-Type", "application/x-www-form-urlencoded"}});
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->body, "1048576") << "what `curl -d @event.json` sends";
}

}  // namespace
}  // namespace ci_lambda::sandbox
