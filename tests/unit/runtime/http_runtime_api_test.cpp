#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "runtime/runtime_api.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

TEST(HttpRuntimeApi, ReadsTheInvocationWhateverTheCaseOfItsHeaders) {
    const LoopbackServer server([](const ServerRequest&) {
        return reply(200, R"({"service":"api"})",
                     "lambda-runtime-aws-request-id: req-1\r\nLAMBDA-RUNTIME-DEADLINE-MS: 1767262083123\r\n"
                     "Lambda-Runtime-Trace-Id: Root=1-2;Sampled=1\r\n"
                     "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x\r\n");
    });
    const auto invocation = http_runtime_api(server.host_and_port())->next();
    ASSERT_THAT(invocation, IsOk());
    EXPECT_EQ(server.requests().front().line(), "GET /2018-06-01/runtime/invocation/next HTTP/1.1");
    EXPECT_EQ(invocation->request_id, "req-1");
    EXPECT_EQ(invocation->event, R"({"service":"api"})");
    EXPECT_EQ(invocation->trace_id, "Root=1-2;Sampled=1");
    EXPECT_EQ(invocation->function_arn, "arn:aws:lambda:x");
    EXPECT_EQ(invocation->deadline.at(), WallTime{Milliseconds{1767262083123}});
}

TEST(HttpRuntimeApi, RefusesAnInvocationWithoutARequestId) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "{}"); });
    EXPECT_THAT(http_runtime_api(server.host_and_port())->next(),
                IsErr(ErrorKind::kProtocol, HasSubstr("Lambda-Runtime-Aws-Request-Id")));
}

TEST(HttpRuntimeApi, SaysWhatNextAnswered) {
    const LoopbackServer server([](const ServerRequest&) { return reply(500, "container error"); });
    EXPECT_THAT(http_runtime_api(server.host_and_port())->next(),
                IsErr(ErrorKind::kServer, HasSubstr("500 to next: container error")));
}

TEST(HttpRuntimeApi, PostsTheAnswerToItsInvocation) {
    const LoopbackServer server([](const ServerRequest&) { return reply(202, ""); });
    EXPECT_THAT(http_runtime_api(server.host_and_port())->post_response("req-1", R"({"status":"ok"})"), IsOk());
    EXPECT_EQ(server.requests().front().line(), "POST /2018-06-01/runtime/invocation/req-1/response HTTP/1.1");
    EXPECT_EQ(server.requests().front().body, R"({"status":"ok"})");
}

TEST(HttpRuntimeApi, PostsErrorsWithTheirTypeInHeaderAndBody) {
    const LoopbackServer server([](const ServerRequest&) { return reply(202, ""); });
    const auto api = http_runtime_api(server.host_and_port());
    const InvocationFailure failure{.type = "Function.DeploymentFailed", .message = "api: \"no\" \xFF"};
    EXPECT_THAT(api->post_error("req-1", failure), IsOk());
    EXPECT_THAT(api->post_init_error(failure), IsOk());
    const auto requests = server.requests();
    EXPECT_EQ(requests[0].line(), "POST /2018-06-01/runtime/invocation/req-1/error HTTP/1.1");
    EXPECT_EQ(requests[1].line(), "POST /2018-06-01/runtime/init/error HTTP/1.1");
    for (const auto& request : requests) {
        EXPECT_EQ(request.header("Lambda-Runtime-Function-Error-Type"), "Function.DeploymentFailed");
        const auto body = parse_json(request.body);
        ASSERT_THAT(body, IsOk());
        EXPECT_EQ(find_string(*body, "errorType"), "Function.DeploymentFailed");
        EXPECT_THAT(*find_string(*body, "errorMessage"), HasSubstr("api: \"no\""));
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpRuntimeApi, TellsARefusedAnswerFromABrokenRuntimeApi) {
    for (const auto& [status, kind] :
         {std::pair{413, ErrorKind::kRejected}, {403, ErrorKind::kRejected}, {500, ErrorKind::kServer}}) {
        const LoopbackServer server([&](const ServerRequest&) { return reply(status, "why"); });
        EXPECT_THAT(http_runtime_api(server.host_and_port())->post_response("r", "{}"),
                    IsErr(kind, HasSubstr(std::to_string(status))));
    }
}

TEST(HttpRuntimeApi, SendsALargeAnswerWithoutAskingFirst) {
    const LoopbackServer server([](const ServerRequest&) { return reply(202, ""); });
    EXPECT_THAT(http_runtime_api(server.host_and_port())->post_response("r", std::string(3'000'000, 'x')), IsOk());
    EXPECT_EQ(server.requests().front().header("Expect"), "");
    EXPECT_EQ(server.requests().front().body.size(), 3'000'000U);
}

}  // namespace
}  // namespace ci_lambda::testing
