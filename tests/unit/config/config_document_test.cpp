#include "config/config_document.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;

constexpr std::chrono::minutes kMinute{1};
const std::string kDocument = "ssm:/shop/ci_lambda";
const std::string kSecret = "secretsmanager:shop/slack";
const std::string kHook = "https://hooks.slack.com/services/T000/B000/s3cr3t";

std::string document_of(int retries, const std::string& slack = R"({"enabled":false})") {
    return R"({"project":"shop","environment":"dev","deployment":{"max_retries":)" + std::to_string(retries) +
           R"(},"slack":)" + slack + "}";
}

/// Texts by their source, with versions; how long reading takes, in moved time; and what was asked.
class FakeStore final : public DocumentReader {
public:
    explicit FakeStore(testing::FakeClock& clock) : clock_(clock) {}

    void put(const std::string& source, std::string text) {
        texts_[source] = {.text = std::move(text), .version = "v" + std::to_string(++versions_)};
    }
    void break_down(Error error) { error_ = std::move(error); }
    void recover() { error_.reset(); }
    void take(Milliseconds duration) { takes_ = duration; }

    [[nodiscard]] Result<std::optional<SourceText>> read(const SourceRef& source, std::string_view if_not_version,
                                                         Deadline deadline) override {
        asked.push_back(to_string(source) + " " + std::string(if_not_version));
        const auto left = deadline.remaining(clock_);
        patience.push_back(left);
        clock_.advance(deadline.clamp(clock_, takes_));
        if (left && takes_ >= *left) return fail(ErrorKind::kTimeout, "no answer in time");
        if (error_) return std::unexpected(*error_);
        const auto found = texts_.find(to_string(source));
        if (found == texts_.end()) return fail(ErrorKind::kNotFound, "it does not exist");
        if (found->second.version == if_not_version) return std::nullopt;
        ++transferred;
        return found->second;
    }

    std::vector<std::string> asked;
    std::vector<std::optional<Milliseconds>> patience;
    int transferred = 0;

private:
    testing::FakeClock& clock_;
    std::map<std::string, SourceText> texts_;
    std::optional<Error> error_;
    Milliseconds takes_{0};
    int versions_ = 0;
};

struct ConfigDocumentTest : ::testing::Test {
    testing::RecordingLog log;
    testing::FakeClock& clock = log.clock;
    FakeStore store{clock};
    testing::FakeEnvironment environment{{{"CI_LAMBDA_CONFIG", kDocument}}};
    ConfigDocument document{{}, environment, store, clock};

    /// Reads `text` at the cold start.
    void start(const std::string& text = document_of(1)) {
        store.put(kDocument, text);
        ASSERT_THAT(document.load(Deadline::none()), IsOk());
    }
    std::optional<LoadedConfig> refresh() { return document.refresh(Deadline::none(), log.logger); }
    /// The number of retries of a new configuration; -1 when there is none.
    int new_retries() {
        const auto loaded = refresh();
        return loaded ? loaded->config.max_deployment_retries : -1;
    }
};

TEST_F(ConfigDocumentTest, IsReadAtAColdStart) {
    store.put(kDocument, document_of(7));
    const auto loaded = document.load(Deadline::none());
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.max_deployment_retries, 7);
    EXPECT_THAT(store.asked, ElementsAre(kDocument + " "));
}

TEST_F(ConfigDocumentTest, IsAnErrorOfTheConfigurationWhenItCannotBeReadAtAColdStart) {
    EXPECT_THAT(document.load(Deadline::none()),
                IsErr(ErrorKind::kConfiguration, HasSubstr(kDocument + ": it does not exist")));
    store.put(kDocument, "{");
    EXPECT_THAT(document.load(Deadline::none()),
                IsErr(ErrorKind::kConfiguration, HasSubstr("(" + kDocument + ") cannot be read: not valid JSON")));
    store.put(kDocument, R"({"project":7})");
    EXPECT_THAT(document.load(Deadline::none()), IsErr(ErrorKind::kConfiguration, HasSubstr("/project: is 7")));
    store.break_down({.kind = ErrorKind::kThrottled, .message = "too many requests"});
    EXPECT_THAT(document.load(Deadline::none()), IsErr(ErrorKind::kConfiguration, HasSubstr("too many requests")));
}

TEST_F(ConfigDocumentTest, IsNotLookedAtForFiveMinutes) {
    start();
    store.put(kDocument, document_of(2));
    clock.advance(5 * kMinute - Milliseconds{1});
    EXPECT_EQ(new_retries(), -1);
    EXPECT_EQ(store.asked.size(), 1U);
    clock.advance(Milliseconds{1});
    EXPECT_EQ(new_retries(), 2);
    EXPECT_THAT(log.sink.text(), HasSubstr("a new configuration is in force"));
    EXPECT_EQ(new_retries(), -1) << "it is new once";
}

TEST_F(ConfigDocumentTest, IsNotTransferredAgainWhileItsVersionIsTheSame) {
    start();
    for (int i = 0; i < 3; ++i) {
        clock.advance(5 * kMinute);
        EXPECT_EQ(refresh(), std::nullopt);
    }
    EXPECT_THAT(store.asked, ElementsAre(kDocument + " ", kDocument + " v1", kDocument + " v1", kDocument + " v1"));
    EXPECT_EQ(store.transferred, 1);
    EXPECT_THAT(log.sink.lines(), IsEmpty());
}

TEST_F(ConfigDocumentTest, StaysInForceWhenItCannotBeReadLater) {
    start();
    store.put(kDocument, document_of(2));
    store.break_down({.kind = ErrorKind::kAccessDenied, .message = "ssm:GetParameter is not allowed"});
    clock.advance(5 * kMinute);
    EXPECT_EQ(new_retries(), -1);
    ASSERT_EQ(log.sink.lines().size(), 1U);
    EXPECT_THAT(
        log.sink.lines().front(),
        AllOf(HasSubstr(R"("level":"warn")"), HasSubstr(R"("message":"the configuration could not be renewed")"),
              HasSubstr(R"("source":"ssm:/shop/ci_lambda")"), HasSubstr("GetParameter is not allowed"),
              HasSubstr(R"("failures":1)"), HasSubstr(R"("age_seconds":300)")));

    clock.advance(kMinute - Milliseconds{1});
    EXPECT_EQ(new_retries(), -1);
    EXPECT_EQ(store.asked.size(), 2U) << "a failure is not asked for again at every event";
    clock.advance(Milliseconds{1});
    EXPECT_EQ(new_retries(), -1);
    EXPECT_THAT(log.sink.lines().back(), AllOf(HasSubstr(R"("failures":2)"), HasSubstr(R"("age_seconds":360)")));

    store.recover();
    clock.advance(kMinute);
    EXPECT_EQ(new_retries(), 2);
    EXPECT_THAT(log.sink.text(), HasSubstr("the configuration can be renewed again"));
    clock.advance(kMinute);
    EXPECT_EQ(new_retries(), -1);
    EXPECT_EQ(store.asked.size(), 4U) << "and then it is old after five minutes again";
}

TEST_F(ConfigDocumentTest, StaysInForceWhenANewOneIsWrongAndWarnsUntilItIsRepaired) {
    start();
    store.put(kDocument, R"({"project":"shop","enviroment":"dev"})");
    clock.advance(5 * kMinute);
    for (int i = 1; i <= 2; ++i) {
        EXPECT_EQ(refresh(), std::nullopt);
        EXPECT_THAT(log.sink.lines().back(), AllOf(HasSubstr("could not be renewed"), HasSubstr("/enviroment: is not"),
                                                   HasSubstr("\"failures\":" + std::to_string(i))));
        clock.advance(kMinute);
    }
    EXPECT_EQ(store.transferred, 2) << "the wrong one is known by its version, too";
    store.put(kDocument, document_of(3));
    EXPECT_EQ(new_retries(), 3);
}

TEST_F(ConfigDocumentTest, GoesBackToTheOldOneWithoutAWordWhenAMistakeIsTakenBack) {
    start(document_of(1));
    store.put(kDocument, "{");
    clock.advance(5 * kMinute);
    EXPECT_EQ(new_retries(), -1);
    store.put(kDocument, document_of(1));
    clock.advance(kMinute);
    EXPECT_EQ(new_retries(), 1) << "its version is another one";
    clock.advance(5 * kMinute);
    EXPECT_EQ(new_retries(), -1);
}

TEST_F(ConfigDocumentTest, DoesNotKeepAnEventWaitingForASlowStore) {
    start();
    store.put(kDocument, document_of(2));
    store.take(std::chrono::minutes{10});
    clock.advance(5 * kMinute);
    const auto before = clock.now();
    EXPECT_EQ(new_retries(), -1);
    EXPECT_EQ(clock.now() - before, std::chrono::seconds{2});
    EXPECT_THAT(log.sink.text(), HasSubstr("no answer in time"));

    store.take(Milliseconds{1500});
    clock.advance(kMinute);
    EXPECT_EQ(new_retries(), 2) << "slow, but in time";
}

TEST_F(ConfigDocumentTest, NeverLooksLongerThanTheInvocationLasts) {
    start();
    clock.advance(5 * kMinute);
    (void)document.refresh(Deadline::after(clock, Milliseconds{700}), log.logger);
    EXPECT_THAT(store.patience.back(), Optional(Milliseconds{700}));
}

TEST_F(ConfigDocumentTest, CountsItsAgeFromWhenReadingBegan) {
    store.put(kDocument, document_of(1));
    store.take(kMinute);
    ASSERT_THAT(document.load(Deadline::none()), IsOk());
    store.take(Milliseconds{0});
    clock.advance(4 * kMinute);
    (void)refresh();
    EXPECT_EQ(store.asked.size(), 2U);
}

TEST_F(ConfigDocumentTest, GoesOnLookingWhenTheClockIsPutBack) {
    start();
    clock.advance(-10 * kMinute);
    (void)refresh();
    EXPECT_EQ(store.asked.size(), 2U);
    clock.advance(5 * kMinute - Milliseconds{1});
    (void)refresh();
    EXPECT_EQ(store.asked.size(), 2U);
}

TEST_F(ConfigDocumentTest, NeverChangesWithoutAnythingOutsideOfTheEnvironment) {
    for (const std::string& inline_document : {document_of(4), std::string()}) {
        testing::FakeEnvironment closed{{{"CI_LAMBDA_CONFIG", inline_document},
                                         {"PROJECT_NAME", "shop"},
                                         {"PROJECT_ENV", "dev"},
                                         {"SERVICE_CONFIG", "{}"}}};
        ConfigDocument fixed{{}, closed, store, clock};
        ASSERT_THAT(fixed.load(Deadline::none()), IsOk());
        clock.advance(std::chrono::hours{24});
        EXPECT_EQ(fixed.refresh(Deadline::none(), log.logger), std::nullopt);
    }
    EXPECT_THAT(store.asked, IsEmpty());
}

TEST_F(ConfigDocumentTest, ReadsSecretsWithItAndAgainWhenTheyHaveChanged) {
    store.put(kSecret, kHook);
    start(document_of(1, R"({"webhook":"secretsmanager:shop/slack"})"));
    clock.advance(5 * kMinute);
    EXPECT_EQ(refresh(), std::nullopt);
    EXPECT_THAT(store.asked, ElementsAre(kDocument + " ", kSecret + " ", kDocument + " v2", kSecret + " v1"));

    store.put(kSecret, kHook + "-2");
    clock.advance(5 * kMinute);
    const auto loaded = refresh();
    ASSERT_TRUE(loaded);
    EXPECT_THAT(loaded->config.slack_webhook_url, Optional(Secret(kHook + "-2")));
    EXPECT_THAT(log.sink.text(), Not(HasSubstr("s3cr3t")));
}

TEST_F(ConfigDocumentTest, KeepsTheOldSecretWhenANewOneIsWrong) {
    store.put(kSecret, kHook);
    start(document_of(1, R"({"webhook":"secretsmanager:shop/slack"})"));
    store.put(kSecret, "s3cr3t");
    clock.advance(5 * kMinute);
    EXPECT_EQ(refresh(), std::nullopt);
    EXPECT_THAT(log.sink.text(),
                AllOf(HasSubstr("SLACK_WEBHOOK_URL: what secretsmanager:shop/slack holds is not the URL"),
                      Not(HasSubstr("s3cr3t"))));
}

TEST_F(ConfigDocumentTest, RefreshesASecretThatAVariableNames) {
    testing::FakeEnvironment variables{
        {{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"SLACK_WEBHOOK_URL", kSecret}}};
    store.put(kSecret, kHook);
    ConfigDocument secrets{{}, variables, store, clock};
    const auto loaded = secrets.load(Deadline::none());
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->config.slack_webhook_url, Optional(Secret(kHook)));
    store.put(kSecret, kHook + "-2");
    clock.advance(5 * kMinute);
    EXPECT_TRUE(secrets.refresh(Deadline::none(), log.logger));
}

TEST_F(ConfigDocumentTest, SaysAtAColdStartWhichSecretCannotBeRead) {
    store.put(kDocument, document_of(1, R"({"webhook":"secretsmanager:shop/slack"})"));
    EXPECT_THAT(document.load(Deadline::none()),
                IsErr(ErrorKind::kConfiguration, HasSubstr(kSecret + ": it does not exist")));
}

}  // namespace
}  // namespace ci_lambda
