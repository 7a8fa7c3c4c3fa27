#include "sandbox/http/http_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/http/browser_guard.hpp"
#include "sandbox/http/http_client.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;

/// A client that sends what it likes, as slowly as it likes.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API has it so
        EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }
    ~RawClient() { ::close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False when the other side has hung up.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// All that comes until the other side has nothing more to say: it has hung up.
    std::string read_all() {
        std::string all;
        std::array<char, 4096> buffer{};
        for (;;) {
            const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
            if (size <= 0) return all;
            all.append(buffer.data(), static_cast<std::size_t>(size));
        }
    }

    /// What comes, until it ends like this, or the other side has hung up.
    std::string read_until(std::string_view end) {
        std::string all;
        std::array<char, 4096> buffer{};
        while (!all.ends_with(end)) {
            const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
            if (size <= 0) break;
            all.append(buffer.data(), static_cast<std::size_t>(size));
        }
        return all;
    }

private:
    int socket_;
};

class HttpServerTest : public ::testing::Test {
protected:
    void SetUp() override {
        server_.post("/take", [this](const HttpExchangeRequest& request) {
            ++taken_;
            return HttpExchangeAnswer{.status = 200, .body = std::to_string(request.body.size())};
        });
        server_.get("/look", [](const HttpExchangeRequest&) { return HttpExchangeAnswer{.body = "seen"}; });
        const auto port = server_.start(0);
        ASSERT_THAT(port, IsOk());
        port_ = *port;
    }

    /// A request that is the last one of its connection, and what comes back.
    std::string exchange(const std::string& request) {
        RawClient client(port_);
        EXPECT_TRUE(client.send(request));
        return client.read_all();
    }
    [[nodiscard]] std::string host() const { return "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n"; }

    std::atomic<int> taken_ = 0;
    HttpServer server_;
    std::uint16_t port_ = 0;
};

std::string chunk(std::size_t size) {
    std::array<char, 32> length{};
    const auto end = std::snprintf(length.data(), length.size(), "%zx\r\n", size);
    return std::string(length.data(), static_cast<std::size_t>(end)) + std::string(size, 'x') + "\r\n";
}

TEST_F(HttpServerTest, AnswersOthersWhileSlowConnectionsAreOpenAndEndsWithoutThem) {
    std::list<RawClient> slow;
    for (int i = 0; i < 70; ++i) {
        ASSERT_TRUE(slow.emplace_back(port_).send("POST /take HTTP/1.1\r\nContent-Le"));  // and then nothing
        ASSERT_TRUE(slow.emplace_back(port_).send("POST /take HTTP/1.1\r\n" + host() + "Content-Length: 5\r\n\r\nab"));
        slow.emplace_back(port_);  // says nothing at all
    }
    const auto response = http_get(port_, "/look");
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->body, "seen");
    server_.stop();
    EXPECT_EQ(taken_, 0);
    for (auto& client : slow) EXPECT_THAT(client.read_all(), Not(HasSubstr("200")));
}

TEST_F(HttpServerTest, TakesABodyUpToTheLimitAnnouncedOrInChunks) {
    const std::string announced(HttpServer::kMaxBody, 'x');
    EXPECT_THAT(http_post(port_, "/take", announced)->body, std::to_string(HttpServer::kMaxBody));
    const auto chunked =
        exchange("POST /take HTTP/1.1\r\n" + host() + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
                 chunk(3) + chunk(4) + "0\r\n\r\n");
    EXPECT_THAT(chunked, HasSubstr("\r\n\r\n7"));
}

TEST_F(HttpServerTest, RefusesALargerBodyAnnouncedOrInChunksAtAnyAddress) {
    EXPECT_EQ(http_post(port_, "/take", std::string(HttpServer::kMaxBody + 1, 'x'))->status, 413);
    for (const std::string start : {"POST /take", "POST /nosuch", "PUT /take", "PATCH /"}) {
        std::string request = start + " HTTP/1.1\r\n" + host() +
                              "Content-Type: application/x-www-form-urlencoded\r\n"
                              "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        for (std::size_t sent = 0; sent <= HttpServer::kMaxBody; sent += HttpServer::kMaxBody / 8)
            request += chunk(HttpServer::kMaxBody / 8);
        EXPECT_THAT(exchange(request + "0\r\n\r\n"), StartsWith("HTTP/1.1 413")) << start;
    }
    EXPECT_EQ(taken_, 0);
}

TEST_F(HttpServerTest, GoesOnAfterABodyThatWasTooLarge) {
    RawClient client(port_);
    ASSERT_TRUE(client.send("POST /take HTTP/1.1\r\n" + host() + "Transfer-Encoding: chunked\r\n\r\n" +
                            chunk(HttpServer::kMaxBody + 1) + "0\r\n\r\n"));
    EXPECT_THAT(client.read_until("bytes\"}\n"), StartsWith("HTTP/1.1 413"));
    ASSERT_TRUE(client.send("GET /look HTTP/1.1\r\n" + host() + "Connection: close\r\n\r\n"));
    EXPECT_THAT(client.read_all(), HasSubstr("seen"));
}

TEST_F(HttpServerTest, RefusesWhatAPageInABrowserSends) {
    const std::array<std::map<std::string, std::string>, 4> strangers{
        {{{"Host", "evil.example:" + std::to_string(port_)}},
         {{"Origin", "https://evil.example"}},
         {{"Origin", "null"}},
         {{"Sec-Fetch-Site", "cross-site"}}}};
    for (const auto& headers : strangers) {
        const auto response = http_post(port_, "/take", "{}", headers);
        ASSERT_THAT(response, IsOk());
        EXPECT_EQ(response->status, 403) << headers.begin()->second;
        EXPECT_THAT(response->body, HasSubstr("header"));
        EXPECT_THAT(response->headers, Not(::testing::Contains(::testing::Key("access-control-allow-origin"))));
    }
    EXPECT_EQ(taken_, 0);
    EXPECT_THAT(exchange("GET /look HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 403"));
}

TEST_F(HttpServerTest, DoesNotTakeTheBodyOfARefusedRequestForAnotherRequest) {
    // Longer than what is read ahead, so that the request in it stands where the next one would begin.
    const std::string smuggled = "POST /take HTTP/1.1\r\n" + host() + "Content-Length: 2\r\n\r\n{}";
    std::string body;
    while (body.size() < 100'000) body += smuggled;
    RawClient client(port_);
    ASSERT_TRUE(client.send("POST /take HTTP/1.1\r\n" + host() + "Origin: https://evil.example\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_THAT(client.read_until("}\n"), StartsWith("HTTP/1.1 403"));
    ASSERT_TRUE(client.send("GET /look HTTP/1.1\r\n" + host() + "Connection: close\r\n\r\n"));
    EXPECT_THAT(client.read_all(), AllOf(HasSubstr("seen"), Not(HasSubstr("\r\n\r\n2"))));
    EXPECT_EQ(taken_, 0);
}

TEST_F(HttpServerTest, SaysWhatIsNotThere) {
    EXPECT_EQ(http_get(port_, "/nosuch")->status, 404);
    EXPECT_EQ(http_get(port_, "/take")->status, 405);
    EXPECT_EQ(http_get(port_, "/look%0Aand%0Amore")->status, 404);
}

TEST(BrowserGuard, LetsProgramsOfThisMachineThrough) {
    for (const std::string host : {"127.0.0.1:7327", "127.0.0.1", "localhost:7327", "LOCALHOST", "[::1]:80"})
        EXPECT_EQ(why_refused({.host = host}), std::nullopt) << host;
    EXPECT_EQ(
        why_refused({.host = "localhost:7327", .origin = "http://localhost:7327", .sec_fetch_site = "same-origin"}),
        std::nullopt);
    EXPECT_EQ(why_refused({.host = "127.0.0.1:7327", .sec_fetch_site = "none"}), std::nullopt) << "typed by a person";
}

TEST(BrowserGuard, RefusesNamesThatOnlyLookLikeThisMachine) {
    for (const std::string host : {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80",
                                   "127.0.0.1:80.evil.example", "127.0.0.1:", "127.0.0.10", "evil@localhost"})
        EXPECT_NE(why_refused({.host = host}), std::nullopt) << host;
}

TEST(BrowserGuard, RefusesOtherOrigins) {
    for (const std::string origin : {"http://127.0.0.1:8080", "https://localhost:7327", "http://localhost", "null",
                                     "http://localhost:7327.evil.example"})
        EXPECT_NE(why_refused({.host = "localhost:7327", .origin = origin}), std::nullopt) << origin;
    for (const std::string site : {"cross-site", "same-site", "anything"})
        EXPECT_NE(why_refused({.host = "localhost:7327", .sec_fetch_site = site}), std::nullopt) << site;
}

}  // namespace
}  // namespace ci_lambda::sandbox
