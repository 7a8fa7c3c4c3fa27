#include "net/curl_http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <barrier>
#include <filesystem>
#include <functional>
#include <latch>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// The ids of this process's threads, as the kernel has them.
std::set<std::string> threads_now() {
    std::set<std::string> ids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
        ids.insert(entry.path().filename().string());
    return ids;
}

class CurlHttpClientTest : public ::testing::Test {
protected:
    static HttpRequest post(const LoopbackServer& server, const std::string& body = "{}") {
        return {.method = "POST", .url = Secret(server.url("/")), .log_name = "test call", .body = body};
    }

    static HttpRequest signed_post(const LoopbackServer& server, const std::string& token) {
        auto request = post(server);
        request.signing = Signing{
            .region = "eu-west-1",
            .service = "ecs",
            .credentials = {
                .access_key_id = "AKID", .secret_access_key = Secret("a/secret+key"), .session_token = Secret(token)}};
        return request;
    }

    RecordingLog log_;
    FakeClock clock_;
    CurlHttpClient client_{{}, clock_, log_.logger};
};

TEST_F(CurlHttpClientTest, GivesStatusHeadersAndBodyOfAnyAnswer) {
    const LoopbackServer server([](const ServerRequest&) { return reply(418, "tea", "X-Pot: short\r\n"); });
    const auto response = client_.send({.method = "GET", .url = Secret(server.url("/pot")), .log_name = "pot"});
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->status, 418);
    EXPECT_EQ(response->body, "tea");
    ASSERT_NE(response->header("x-POT"), nullptr);
    EXPECT_EQ(*response->header("x-POT"), "short");
    EXPECT_EQ(response->header("X-Kettle"), nullptr);
    EXPECT_EQ(server.requests().front().line(), "GET /pot HTTP/1.1");
}

TEST_F(CurlHttpClientTest, KeepsTheConnectionForTheNextRequest) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "ok"); });
    for (int i = 0; i < 5; ++i) ASSERT_THAT(client_.send(post(server)), IsOk());
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlHttpClientTest, MakesANewConnectionAfterALongPauseOfWallClockTime) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "ok"); });
    ASSERT_THAT(client_.send(post(server)), IsOk());
    clock_.advance(CurlHttpClient::kMaxIdle + Milliseconds{1});
    ASSERT_THAT(client_.send(post(server)), IsOk());
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(CurlHttpClientTest, NeverSendsTwiceWhatMustNotHappenTwiceWhenTheKeptConnectionDies) {
    // The second request on the connection is read, perhaps carried out, and never answered.
    const LoopbackServer server(
        [](const ServerRequest& request) { return request.nth == 0 ? reply(200, "ok") : ServerReply{.close = true}; });
    auto request = post(server, "once");
    request.idempotent = false;
    ASSERT_THAT(client_.send(request), IsOk());
    const auto response = client_.send(request);
    ASSERT_THAT(response, IsErr(ErrorKind::kConnection, HasSubstr("not known")));
    EXPECT_TRUE(response.error().outcome_unknown);
    EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(CurlHttpClientTest, SendsAgainWhatIsHarmlessWhenTheKeptConnectionDies) {
    const LoopbackServer server(
        [](const ServerRequest& request) { return request.nth == 0 ? reply(200, "ok") : ServerReply{.close = true}; });
    ASSERT_THAT(client_.send(post(server)), IsOk());
    EXPECT_THAT(client_.send(post(server)), IsOk());
    EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST_F(CurlHttpClientTest, CallsABrokenAnswerPerhapsDone) {
    const LoopbackServer server([](const ServerRequest&) {
        return ServerReply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", .close = true};
    });
    const auto response = client_.send(post(server));
    ASSERT_THAT(response, IsErr(ErrorKind::kConnection, HasSubstr("test call")));
    EXPECT_TRUE(response.error().outcome_unknown);
}

TEST_F(CurlHttpClientTest, CallsAnAnswerThatIsNoHttpPerhapsDone) {
    const LoopbackServer server(
        [](const ServerRequest&) { return ServerReply{.bytes = "220 mail.example.com ESMTP\r\n", .close = true}; });
    const auto response = client_.send(post(server));
    ASSERT_THAT(response, IsErr(ErrorKind::kProtocol, HasSubstr("the answer is not understood")));
    EXPECT_THAT(response.error().message, HasSubstr("if the port speaks TLS, it begins with https://"));
    EXPECT_TRUE(response.error().outcome_unknown);
}

TEST_F(CurlHttpClientTest, SaysWhenAnHttpsUrlLeadsToAPortOfPlainHttp) {
    // Raw: what is read there is the beginning of a TLS handshake, which no HTTP server waits for the end of.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof where;
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&where), length), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &length), 0);
    const std::jthread server([&] {
        const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const std::string answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        std::array<char, 16384> read{};
        (void)::recv(connection, read.data(), read.size(), 0);
        (void)::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        (void)::recv(connection, read.data(), read.size(), 0);
        ::close(connection);
    });
    const auto response = client_.send({.method = "POST",
                                        .url = Secret("https://127.0.0.1:" + std::to_string(ntohs(where.sin_port))),
                                        .log_name = "test call",
                                        .trust = Trust::kAmazonRoots});
    ::close(listener);
    EXPECT_THAT(response, IsErr(ErrorKind::kConnection, HasSubstr("the URL says https")));
}

TEST_F(CurlHttpClientTest, CallsARefusedConnectionNotDone) {
    std::string url;
    {
        const LoopbackServer gone([](const ServerRequest&) { return reply(200, ""); });
        url = gone.url("/");
    }
    const auto response = client_.send({.method = "POST", .url = Secret(url), .log_name = "test call"});
    ASSERT_THAT(response, IsErr(ErrorKind::kConnection, HasSubstr("test call")));
    EXPECT_FALSE(response.error().outcome_unknown);
}

TEST_F(CurlHttpClientTest, GivesUpOnAnAnswerThatNeverComes) {
    std::barrier finished(2);
    const LoopbackServer server([&](const ServerRequest&) {
        finished.arrive_and_wait();
        return ServerReply{.close = true};
    });
    auto request = post(server);
    request.timeout = Milliseconds{200};
    const auto response = client_.send(request);
    finished.arrive_and_wait();
    ASSERT_THAT(response, IsErr(ErrorKind::kTimeout, HasSubstr("test call")));
    EXPECT_TRUE(response.error().outcome_unknown);
}

TEST_F(CurlHttpClientTest, DoesNotEvenStartWithoutTime) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    auto request = post(server);
    request.timeout = Milliseconds{0};
    EXPECT_THAT(client_.send(request), IsErr(ErrorKind::kDeadline, HasSubstr("test call")));
    EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(CurlHttpClientTest, RefusesAnAnswerThatIsTooLarge) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, std::string(2000, 'x')); });
    auto request = post(server);
    request.max_response_bytes = 1000;
    EXPECT_THAT(client_.send(request), IsErr(ErrorKind::kProtocol, HasSubstr("larger than 1000 bytes")));
}

TEST_F(CurlHttpClientTest, DoesNotFollowRedirects) {
    const LoopbackServer server(
        [&](const ServerRequest&) { return reply(302, "", "Location: http://127.0.0.1:1/elsewhere\r\n"); });
    const auto response = client_.send(post(server));
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->status, 302);
}

TEST_F(CurlHttpClientTest, RefusesHeadersThatAreEmptyOrHoldALineBreak) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    for (const std::string value : {"", "a\r\nX-Injected: b"}) {
        auto request = post(server);
        request.headers = {{"X-Token", value}};
        EXPECT_THAT(client_.send(request), IsErr(ErrorKind::kInternal, HasSubstr("X-Token")));
    }
    EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(CurlHttpClientTest, NeverSendsUnsignedWhatShouldBeSigned) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    auto request = post(server);
    request.signing = Signing{.region = "us-east-1", .service = "ecs"};
    EXPECT_THAT(client_.send(request), IsErr(ErrorKind::kCredentials, HasSubstr("incomplete")));
    EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(CurlHttpClientTest, SendsTheHostThatItSignedAndOnlyOnce) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    ASSERT_THAT(client_.send(signed_post(server, "")), IsOk());
    const auto sent = server.requests().front();
    EXPECT_EQ(sent.header("Host"), server.host_and_port());
    EXPECT_EQ(sent.head.find("Host:"), sent.head.rfind("Host:"));
}

TEST_F(CurlHttpClientTest, SignsForTheTimeOfItsClock) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    ASSERT_THAT(client_.send(signed_post(server, "")), IsOk());
    EXPECT_EQ(server.requests().front().header("X-Amz-Date"), "20260101T100803Z");
}

TEST_F(CurlHttpClientTest, PutsABody) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    for (const auto* body : {R"({"a":1})", ""}) {
        auto request = signed_post(server, "");
        request.method = "PUT";
        request.body = body;
        ASSERT_THAT(client_.send(request), IsOk());
        EXPECT_EQ(server.requests().back().line(), "PUT / HTTP/1.1");
        EXPECT_EQ(server.requests().back().body, body);
    }
}

TEST_F(CurlHttpClientTest, SignsAQueryAsItIsSent) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    auto request = signed_post(server, "");
    for (const auto* path : {"/", "/?a=b%20c", "/?a=b%20d"}) {
        request.url = Secret(server.url(path));
        ASSERT_THAT(client_.send(request), IsOk());
    }
    const auto sent = server.requests();
    EXPECT_THAT(sent.at(1).head, HasSubstr(" /?a=b%20c HTTP/"));
    EXPECT_NE(sent.at(0).header("Authorization"), sent.at(1).header("Authorization"));
    EXPECT_NE(sent.at(1).header("Authorization"), sent.at(2).header("Authorization"));
}

TEST_F(CurlHttpClientTest, CallsWhatIsNoUrlMalformedWithoutShowingIt) {
    const auto response = client_.send({.url = Secret("secret nonsense"), .log_name = "test call"});
    EXPECT_THAT(response, IsErr(ErrorKind::kConfiguration, "test call: the URL is malformed"));
}

TEST_F(CurlHttpClientTest, SignsWithTheTokenHeaderOnlyWhenThereIsAToken) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    for (const std::string token : {"", "a//token+=="}) {
        const auto request = signed_post(server, token);
        ASSERT_THAT(client_.send(request), IsOk());
        const auto sent = server.requests().back();
        EXPECT_THAT(sent.header("Authorization"), HasSubstr("/eu-west-1/ecs/aws4_request"));
        EXPECT_EQ(sent.header("X-Amz-Security-Token"), token);
        const bool signs_token = sent.header("Authorization").contains("x-amz-security-token");
        EXPECT_EQ(signs_token, !token.empty());
    }
}

TEST_F(CurlHttpClientTest, SaysWhereItLookedWhenThereIsNoBundleToCheckACertificateWith) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, ""); });
    for (const std::string scheme : {"https://", "HTTPS://"}) {
        auto request = post(server);
        request.url = Secret(scheme + server.host_and_port() + "/");
        EXPECT_THAT(client_.send(request), IsErr(ErrorKind::kTls, HasSubstr("/etc/pki/tls/certs/ca-bundle.crt")));
    }
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, SendsManyRequestsAtTheSameTime) {
    constexpr int kMany = static_cast<int>(CurlHttpClient::kMaxConnectionsPerHost);
    std::barrier together(kMany);
    // Nobody is answered before all have arrived: requests one after the other would never end.
    const LoopbackServer server([&](const ServerRequest&) {
        together.arrive_and_wait();
        return reply(200, "ok");
    });
    std::vector<std::jthread> callers;
    std::atomic<int> answered{0};
    for (int i = 0; i < kMany; ++i)
        callers.emplace_back([&] { answered += client_.send(post(server)).has_value() ? 1 : 0; });
    callers.clear();
    EXPECT_EQ(answered, kMany);
    EXPECT_LE(server.connections(), CurlHttpClient::kMaxConnectionsPerHost);
}

TEST_F(CurlHttpClientTest, SendsSeveralRequestsOfOneCallerAtTheSameTime) {
    std::barrier together(3);
    const LoopbackServer server([&](const ServerRequest& request) {
        together.arrive_and_wait();
        return reply(200, "answer to " + request.body);
    });
    const std::vector requests{post(server, "a"), post(server, "b"), post(server, "c")};
    const auto results = client_.send_all(requests);
    ASSERT_THAT(results, SizeIs(3));
    for (std::size_t i = 0; i < results.size(); ++i) {
        ASSERT_THAT(results[i], IsOk());
        EXPECT_EQ(results[i]->body, "answer to " + requests[i].body);
    }
}

TEST_F(CurlHttpClientTest, GivesEachOfSeveralRequestsItsOwnResult) {
    const LoopbackServer server([&](const ServerRequest& request) {
        if (request.body == "broken") return ServerReply{.bytes = "", .close = true};
        return reply(request.body == "refused" ? 400 : 200, request.body);
    });
    auto late = post(server, "late");
    late.timeout = Milliseconds{0};
    const auto results =
        client_.send_all(std::vector{post(server, "good"), post(server, "broken"), late, post(server, "refused")});
    ASSERT_THAT(results, SizeIs(4));
    EXPECT_EQ(results[0].value().body, "good");
    EXPECT_THAT(results[1], IsErr(ErrorKind::kConnection, HasSubstr("")));
    EXPECT_THAT(results[2], IsErr(ErrorKind::kDeadline, HasSubstr("no time left")));
    EXPECT_EQ(results[3].value().status, 400);
    EXPECT_THAT(client_.send_all({}), ::testing::IsEmpty());
}

TEST_F(CurlHttpClientTest, StartsNoThreadForARequest) {
    std::set<std::string> before;
    std::vector<std::string> started;
    std::string server_thread;
    const LoopbackServer server([&](const ServerRequest&) {
        // Asked while the request is under way. What has ended since `before` does not count, what is new does.
        for (const auto& id : threads_now())
            if (!before.contains(id)) started.push_back(id);
        server_thread = std::to_string(::gettid());
        return reply(200, "ok");
    });
    before = threads_now();
    ASSERT_THAT(client_.send(post(server)), IsOk());
    EXPECT_THAT(started, ElementsAre(server_thread)) << "the one that serves the connection is the only new one";
}

TEST_F(CurlHttpClientTest, KeepsTheConnectionForRequestsOfAnotherThread) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "ok"); });
    for (int i = 0; i < 3; ++i) std::jthread([&] { EXPECT_THAT(client_.send(post(server)), IsOk()); });
    EXPECT_EQ(server.connections(), 1);
}

/// 32 callers at once. The first one's request is on its way before the others begin, so it drives theirs as well.
class CurlHttpClientManyTest : public CurlHttpClientTest {
protected:
    static constexpr int kOthers = 31;

    /// Each caller expects its own body back; `on_answer` is told of each.
    void send_all(const LoopbackServer& server, const std::function<void(const std::string& caller)>& on_answer) {
        std::vector<std::jthread> callers;
        const auto call = [&](const std::string& caller) {
            const auto response = client_.send(post(server, caller));
            EXPECT_THAT(response, IsOk());
            EXPECT_EQ(response ? response->body : "", "answer to " + caller);
            on_answer(caller);
        };
        callers.emplace_back(call, "driver");
        driver_sent_.wait();
        for (int i = 0; i < kOthers; ++i) callers.emplace_back(call, std::to_string(i));
    }

    std::latch driver_sent_{1};
};

TEST_F(CurlHttpClientManyTest, GoOnWhenTheDriverIsAnsweredBeforeAllOthers) {
    constexpr int kRoomForOthers = static_cast<int>(CurlHttpClient::kMaxConnectionsPerHost) - 1;
    std::counting_semaphore<kOthers> others_sent{0};
    std::latch driver_answered{1};
    const LoopbackServer server([&](const ServerRequest& request) {
        if (request.body == "driver") {
            driver_sent_.count_down();
            for (int i = 0; i < kRoomForOthers; ++i) others_sent.acquire();
        } else {
            others_sent.release();
            driver_answered.wait();
        }
        return reply(200, "answer to " + request.body);
    });
    send_all(server, [&](const std::string& caller) {
        if (caller == "driver") driver_answered.count_down();
    });
    EXPECT_THAT(server.requests(), SizeIs(kOthers + 1));
}

TEST_F(CurlHttpClientManyTest, AreAnsweredWhileTheDriverStillWaits) {
    std::latch others_answered{kOthers};
    const LoopbackServer server([&](const ServerRequest& request) {
        if (request.body == "driver") {
            driver_sent_.count_down();
            others_answered.wait();
        }
        return reply(200, "answer to " + request.body);
    });
    send_all(server, [&](const std::string& caller) {
        if (caller != "driver") others_answered.count_down();
    });
    EXPECT_THAT(server.requests(), SizeIs(kOthers + 1));
}

TEST_F(CurlHttpClientManyTest, AreAnsweredWhoeverDrives) {
    // Nothing holds the answers up, so that callers come, go and take over in every order.
    const LoopbackServer server([&](const ServerRequest& request) {
        if (request.body == "driver") driver_sent_.count_down();
        return reply(200, "answer to " + request.body);
    });
    send_all(server, [&](const std::string& caller) {
        for (int i = 0; i < 20; ++i) {
            const auto body = caller + " again";
            const auto response = client_.send(post(server, body));
            ASSERT_THAT(response, IsOk());
            EXPECT_EQ(response->body, "answer to " + body);
        }
    });
    EXPECT_THAT(server.requests(), SizeIs((kOthers + 1) * 21));
}

TEST_F(CurlHttpClientTest, GivesUpInTimeThoughAnotherCallerDrives) {
    std::latch driver_sent{1};
    std::latch gave_up{1};
    const LoopbackServer server([&](const ServerRequest&) {
        driver_sent.count_down();
        gave_up.wait();
        return reply(200, "ok");
    });
    const std::jthread driver([&] { EXPECT_THAT(client_.send(post(server)), IsOk()); });
    driver_sent.wait();
    auto request = post(server);
    request.timeout = Milliseconds{200};
    const auto response = client_.send(request);
    gave_up.count_down();
    EXPECT_THAT(response, IsErr(ErrorKind::kTimeout, HasSubstr("test call")));
}

TEST_F(CurlHttpClientTest, ShowsRequestAndAnswerAtDebugWithoutUrlOrSecrets) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "the answer"); });
    auto request = signed_post(server, "sessiontoken");
    request.body = "the question";
    request.url = Secret(server.url("/services/T0/B0/verysecret"));
    ASSERT_THAT(client_.send(request), IsOk());
    EXPECT_THAT(log_.sink.text(), HasSubstr("the question"));
    EXPECT_THAT(log_.sink.text(), HasSubstr("the answer"));
    for (const std::string secret : {"verysecret", "a/secret+key", "sessiontoken", "Signature"})
        EXPECT_THAT(log_.sink.text(), Not(HasSubstr(secret)));
}

TEST_F(CurlHttpClientTest, ShowsTheSizesAloneOfBodiesThatAreConfidential) {
    const LoopbackServer server([](const ServerRequest&) { return reply(200, "the keys"); });
    auto request = post(server, "the question");
    request.body_in_log = &size_only;
    ASSERT_THAT(client_.send(request), IsOk());
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("the keys")));
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("the question")));
    EXPECT_THAT(log_.sink.text(), HasSubstr("*** (12 bytes)"));
    EXPECT_THAT(log_.sink.text(), HasSubstr("*** (8 bytes)"));
}

TEST(BodyInWords, IsTheTitleOfAPageOrTheBeginningOnOneLine) {
    const struct {
        std::string body;
        std::string words;
    } cases[] = {
        {"", ""},
        {"no such\r\n\t host ", "no such host"},
        {"<!DOCTYPE html>\n<HTML><head>\n<Title class=\"x\">502\n Bad\x1b[2J Gateway</TITLE></head>..",
         R"(a page with the title "502 Bad [2J Gateway")"},
        {"<html><title></title><body>\n<h1>Denied</h1>", "<html><title></title><body> <h1>Denied</h1>"},
        {"<html><title>never ends", "<html><title>never ends"},
        {std::string(100, 'x'), std::string(49, 'x') + "\u2026"},
    };
    for (const auto& [body, words] : cases) EXPECT_EQ(body_in_words(body, 50), words);
}

}  // namespace
}  // namespace ci_lambda::testing
