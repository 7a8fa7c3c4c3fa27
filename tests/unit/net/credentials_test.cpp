#include "net/credentials.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/curl_http_client.hpp"
#include "support/fakes.hpp"
#include "support/loopback_server.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// --- the environment ------------------------------------------------------------------------------------------------

TEST(EnvironmentCredentials, TakesKeysAndToken) {
    const FakeEnvironment environment(
        {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret"}, {"AWS_SESSION_TOKEN", "token"}});
    const auto found = environment_credentials(environment)->fetch();
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->credentials);
    EXPECT_EQ(found->credentials->access_key_id, "AKID");
    EXPECT_EQ(found->credentials->secret_access_key.reveal(), "secret");
    EXPECT_EQ(found->credentials->session_token.reveal(), "token");
}

TEST(EnvironmentCredentials, CountsEmptyAsUnset) {
    const FakeEnvironment environment({{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}});
    const auto found = environment_credentials(environment)->fetch();
    ASSERT_THAT(found, IsOk());
    EXPECT_FALSE(found->credentials);
    EXPECT_THAT(found->where, HasSubstr("AWS_ACCESS_KEY_ID"));
}

TEST(EnvironmentCredentials, CallsAKeyWithoutItsSecretBroken) {
    FakeEnvironment environment;
    environment.set("AWS_ACCESS_KEY_ID", "AKID");
    EXPECT_THAT(environment_credentials(environment)->fetch(),
                IsErr(ErrorKind::kCredentials, HasSubstr("not AWS_SECRET_ACCESS_KEY")));
}

// --- the container's endpoint
// -----------------------------------------------------------------------------------------

constexpr const char* kAnswer =
    R"({"AccessKeyId":"CKID","SecretAccessKey":"csecret","Token":"ctoken","Expiration":"2026-01-01T11:00:00Z"})";

class ContainerCredentialsTest : public ::testing::Test {
protected:
    RecordingLog log_;
    CurlHttpClient http_{{}, log_.clock, log_.logger};
    LoopbackServer server_{[this](const ServerRequest&) { return answer_; }};
    ServerReply answer_ = reply(200, kAnswer);
};

TEST_F(ContainerCredentialsTest, FetchesThemWithTheAuthorizationToken) {
    FakeEnvironment environment({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server_.url("/get?x=1")},
                                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in"}});
    const auto found = container_credentials(environment, http_)->fetch();
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->credentials);
    EXPECT_EQ(found->credentials->access_key_id, "CKID");
    EXPECT_EQ(found->credentials->session_token.reveal(), "ctoken");
    EXPECT_TRUE(found->credentials->expires_at);
    EXPECT_EQ(server_.requests().front().line(), "GET /get?x=1 HTTP/1.1");
    EXPECT_EQ(server_.requests().front().header("Authorization"), "let-me-in");
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("csecret")));
}

TEST_F(ContainerCredentialsTest, PrefersTheTokenFileAndReadsItEachTime) {
    const auto path = ::testing::TempDir() + "token." + std::to_string(::getpid());
    FakeEnvironment environment({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server_.url("/")},
                                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "stale"},
                                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path}});
    const auto source = container_credentials(environment, http_);
    for (const std::string token : {"first", "second"}) {
        std::ofstream(path) << token << "\n";
        ASSERT_THAT(source->fetch(), IsOk());
        EXPECT_EQ(server_.requests().back().header("Authorization"), token);
    }
    std::filesystem::remove(path);
    EXPECT_THAT(source->fetch(), IsErr(ErrorKind::kCredentials, HasSubstr("TOKEN_FILE")));
}

TEST_F(ContainerCredentialsTest, RefusesPlainHttpToOtherHosts) {
    for (const std::string url : {"http://example.com/", "http://169.254.170.200/", "http://127.0.0.1.evil.example/",
                                  "http://localhost.evil/", "http://127.0.0.1@evil.example/", "ftp://127.0.0.1/"}) {
        FakeEnvironment environment;
        environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        EXPECT_THAT(container_credentials(environment, http_)->fetch(),
                    IsErr(ErrorKind::kCredentials, HasSubstr("FULL_URI must be https")))
            << url;
    }
}

TEST_F(ContainerCredentialsTest, SaysWhatTheEndpointAnswered) {
    FakeEnvironment environment;
    environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server_.url("/"));
    answer_ = reply(403, "no");
    EXPECT_THAT(container_credentials(environment, http_)->fetch(),
                IsErr(ErrorKind::kCredentials, HasSubstr("answered 403")));
    answer_ = reply(200, R"({"SecretAccessKey":"topsecretvalue"})");
    EXPECT_THAT(container_credentials(environment, http_)->fetch(),
                IsErr(ErrorKind::kCredentials, AllOf(HasSubstr("AccessKeyId"), Not(HasSubstr("topsecretvalue")))));
}

// --- a profile
// --------------------------------------------------------------------------------------------------------

class ProfileCredentialsTest : public ::testing::Test {
protected:
    ProfileCredentialsTest() {
        std::filesystem::create_directories(home_ + "/.aws");
        environment_.set("HOME", home_);
    }
    ~ProfileCredentialsTest() override { std::filesystem::remove_all(home_); }

    void config(const std::string& text) const { std::ofstream(home_ + "/.aws/config") << text; }
    void credentials(const std::string& text) const { std::ofstream(home_ + "/.aws/credentials") << text; }
    Result<CredentialSource::Found> fetch() { return profile_credentials(environment_)->fetch(); }

    std::string home_ = ::testing::TempDir() + "home." + std::to_string(::getpid());
    FakeEnvironment environment_;
};

TEST_F(ProfileCredentialsTest, SaysWhereItLookedWhenThereIsNoProfile) {
    const auto found = fetch();
    ASSERT_THAT(found, IsOk());
    EXPECT_FALSE(found->credentials);
    EXPECT_THAT(found->where, AllOf(HasSubstr("default"), HasSubstr("/.aws/config"), HasSubstr("/.aws/credentials")));
}

TEST_F(ProfileCredentialsTest, CallsANamedProfileThatDoesNotExistBroken) {
    environment_.set("AWS_PROFILE", "ops");
    EXPECT_THAT(fetch(), IsErr(ErrorKind::kCredentials, HasSubstr("ops")));
}

TEST_F(ProfileCredentialsTest, TakesStaticKeys) {
    credentials(
        "[default]\naws_access_key_id = D\naws_secret_access_key=ds\n\n"
        "[ops]\n# a comment\naws_access_key_id=O\naws_secret_access_key = o/s+=\naws_session_token = t==\n");
    EXPECT_EQ(fetch()->credentials->access_key_id, "D");
    environment_.set("AWS_PROFILE", "ops");
    const auto found = fetch();
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->credentials->access_key_id, "O");
    EXPECT_EQ(found->credentials->secret_access_key.reveal(), "o/s+=");
    EXPECT_EQ(found->credentials->session_token.reveal(), "t==");
}

TEST_F(ProfileCredentialsTest, RunsCredentialProcess) {
    config(
        "[profile ops]\nregion = eu-west-1\n"
        "credential_process = printf '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"ps\"}'\n");
    environment_.set("AWS_PROFILE", "ops");
    const auto found = fetch();
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->credentials->access_key_id, "P");
}

/// While it lives, our standard error leads somewhere else.
class StandardError {
public:
    explicit StandardError(int fd) : before_(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;
    ~StandardError() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
    }

private:
    int before_;
};

constexpr const char* kFailingProcess = "[default]\ncredential_process = echo 'key AKIA/secret expired' >&2; exit 3\n";

TEST_F(ProfileCredentialsTest, TellsNobodyWhatAFailingProcessSaidWhereNoTerminalIs) {
    config(kFailingProcess);
    std::array<int, 2> log{};
    ASSERT_EQ(::pipe2(log.data(), O_CLOEXEC | O_NONBLOCK), 0);
    {
        const StandardError redirected(log[1]);
        EXPECT_THAT(fetch(),
                    IsErr(ErrorKind::kCredentials, AllOf(HasSubstr("default"), HasSubstr("exit code 3"),
                                                         HasSubstr("on a terminal only"), Not(HasSubstr("secret")))));
    }
    char nothing = 0;
    EXPECT_EQ(::read(log[0], &nothing, 1), -1);
    for (const int end : log) ::close(end);
}

TEST_F(ProfileCredentialsTest, LetsAFailingProcessSpeakOnATerminalAndKeepsThatOutOfTheError) {
    config(kFailingProcess);
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(terminal, 0);
    ASSERT_EQ(::grantpt(terminal) + ::unlockpt(terminal), 0);
    std::array<char, 128> name{};
    ASSERT_EQ(::ptsname_r(terminal, name.data(), name.size()), 0);
    const int shown = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(shown, 0);
    {
        const StandardError redirected(shown);
        EXPECT_THAT(fetch(), IsErr(ErrorKind::kCredentials, AllOf(HasSubstr("exit code 3"), Not(HasSubstr("secret")))));
    }
    std::array<char, 128> text{};
    const auto read = ::read(terminal, text.data(), text.size());
    ASSERT_GT(read, 0);
    EXPECT_THAT(std::string(text.data(), static_cast<std::size_t>(read)), HasSubstr("key AKIA/secret expired"));
    ::close(shown);
    ::close(terminal);
}

TEST_F(ProfileCredentialsTest, KeepsTheWebhookFromTheProcessAndGivesItTheRest) {
    ::setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/webhooksecret", 1);
    ::setenv("CI_LAMBDA_CONFIG", R"({"slack":{"webhook":"https://hooks.slack.com/services/T/B/webhooksecret"}})", 1);
    ::setenv("CI_LAMBDA_TEST_REST", "the rest", 1);
    config(
        "[default]\ncredential_process = "
        R"(printf '{"Version":1,"AccessKeyId":"<%s%s><%s>","SecretAccessKey":"ps"}' "$SLACK_WEBHOOK_URL" "$CI_LAMBDA_CONFIG" "$CI_LAMBDA_TEST_REST")"
        "\n");
    const auto found = fetch();
    ::unsetenv("SLACK_WEBHOOK_URL");
    ::unsetenv("CI_LAMBDA_CONFIG");
    ::unsetenv("CI_LAMBDA_TEST_REST");
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->credentials->access_key_id, "<><the rest>");
}

TEST_F(ProfileCredentialsTest, NeverRepeatsAnExpirationThatIsNone) {
    config(
        "[default]\ncredential_process = printf "
        R"('{"AccessKeyId":"P","SecretAccessKey":"ps","Expiration":"topsecretvalue"}')"
        "\n");
    EXPECT_THAT(fetch(),
                IsErr(ErrorKind::kCredentials, AllOf(HasSubstr("Expiration"), Not(HasSubstr("topsecretvalue")))));
}

TEST_F(ProfileCredentialsTest, NeverRepeatsWhatAProcessPrintedInsteadOfCredentials) {
    config("[default]\ncredential_process = echo 'topsecretvalue'\n");
    EXPECT_THAT(fetch(), IsErr(ErrorKind::kCredentials, Not(HasSubstr("topsecretvalue"))));
}

// --- the chain
// --------------------------------------------------------------------------------------------------------

class ScriptedSource final : public CredentialSource {
public:
    ScriptedSource(int& fetched, std::optional<Credentials> credentials)
        : fetched_(fetched), credentials_(std::move(credentials)) {}
    Result<Found> fetch() override {
        ++fetched_;
        return Found{.credentials = credentials_, .where = "a drawer"};
    }

private:
    int& fetched_;
    std::optional<Credentials> credentials_;
};

class CredentialChainTest : public ::testing::Test {
protected:
    CredentialChain chain(std::optional<Credentials> credentials) {
        std::vector<std::unique_ptr<CredentialSource>> sources;
        sources.push_back(std::make_unique<ScriptedSource>(first_, std::nullopt));
        sources.push_back(std::make_unique<ScriptedSource>(second_, std::move(credentials)));
        return {std::move(sources), clock_, redactor_};
    }
    static Credentials keys(std::optional<WallTime> expires_at = {}) {
        return {.access_key_id = "AKID", .secret_access_key = Secret("topsecretvalue"), .expires_at = expires_at};
    }

    FakeClock clock_;
    Redactor redactor_;
    int first_ = 0;
    int second_ = 0;
};

TEST_F(CredentialChainTest, AsksTheSourcesInOrderAndKeepsTheAnswer) {
    CredentialChain credentials = chain(keys());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(credentials.get()->access_key_id, "AKID");
    EXPECT_EQ(first_, 1);
    EXPECT_EQ(second_, 1);
}

TEST_F(CredentialChainTest, FetchesAnewShortlyBeforeTheEnd) {
    CredentialChain credentials = chain(keys(clock_.now() + std::chrono::minutes{60}));
    ASSERT_THAT(credentials.get(), IsOk());
    clock_.advance(std::chrono::minutes{54});
    ASSERT_THAT(credentials.get(), IsOk());
    EXPECT_EQ(second_, 1);
    clock_.advance(std::chrono::minutes{2});
    ASSERT_THAT(credentials.get(), IsOk());
    EXPECT_EQ(second_, 2);
}

TEST_F(CredentialChainTest, FetchesAnewWhenAwsCalledThemExpired) {
    CredentialChain credentials = chain(keys());
    ASSERT_THAT(credentials.get(), IsOk());
    credentials.invalidate();
    ASSERT_THAT(credentials.get(), IsOk());
    EXPECT_EQ(second_, 2);
}

TEST_F(CredentialChainTest, ListsWhereItLooked) {
    CredentialChain credentials = chain(std::nullopt);
    EXPECT_THAT(credentials.get(),
                IsErr(ErrorKind::kCredentials, AllOf(HasSubstr("- a drawer\n"), HasSubstr("aws configure"))));
}

TEST_F(CredentialChainTest, RegistersSecretsForRedaction) {
    CredentialChain credentials = chain(keys());
    ASSERT_THAT(credentials.get(), IsOk());
    EXPECT_EQ(redactor_.redact("it is topsecretvalue!"), "it is ***!");
}

}  // namespace
}  // namespace ci_lambda::testing
