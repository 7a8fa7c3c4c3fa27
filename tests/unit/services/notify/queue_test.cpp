#include "services/notify/queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <semaphore>

#include "support/ended_threads.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Answer = NotificationChannel::Answer;

class FakeChannel final : public NotificationChannel {
public:
    using Take = std::function<Result<Answer>(const Announcement&, Deadline)>;
    explicit FakeChannel(Take take) : take_(std::move(take)) {}
    [[nodiscard]] std::string_view name() const override { return "Fake"; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override {
        ++deliveries_;
        return take_(announcement, deadline);
    }
    [[nodiscard]] int deliveries() const { return deliveries_; }

private:
    Take take_;
    std::atomic<int> deliveries_{0};
};

Result<Answer> taken(const Announcement&, Deadline) { return Answer{}; }
Result<Answer> refused(const Announcement&, Deadline) { return fail(ErrorKind::kRejected, "no such channel"); }

Announcement about(const std::string& service, NotificationType type = NotificationType::kInfo) {
    return {.type = type, .title = "Deployment started: " + service, .parts = {{.type = type, .service = service}}};
}

class NotificationQueueTest : public ::testing::Test {
protected:
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
};

TEST_F(NotificationQueueTest, DeliversToEveryChannel) {
    FakeChannel first(taken);
    FakeChannel second(taken);
    NotificationQueue queue({&first, &second}, log_.clock, sleeper_, log_.logger);
    for (int i = 0; i < 3; ++i) queue.notify(about("api"));
    EXPECT_EQ(queue.flush().delivered, 6U);
    EXPECT_EQ(first.deliveries(), 3);
    EXPECT_EQ(second.deliveries(), 3);
}

TEST_F(NotificationQueueTest, ReturnsAtOnceFromNotifyHoweverSlowTheChannel) {
    std::binary_semaphore finish(0);
    FakeChannel slow([&](const Announcement&, Deadline) -> Result<Answer> {
        finish.acquire();
        return Answer{};
    });
    NotificationQueue queue({&slow}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));  // would hang here if it waited
    finish.release();
    EXPECT_EQ(queue.flush().delivered, 1U);
}

TEST_F(NotificationQueueTest, DeliversToSeveralChannelsAtTheSameTime) {
    std::barrier together(2);
    const auto meet = [&](const Announcement&, Deadline) -> Result<Answer> {
        together.arrive_and_wait();
        return Answer{};
    };
    FakeChannel first(meet);
    FakeChannel second(meet);
    NotificationQueue queue({&first, &second}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    EXPECT_EQ(queue.flush().delivered, 2U);
}

TEST_F(NotificationQueueTest, TellsErrorsBeforeWhatWasSaidEarlier) {
    std::binary_semaphore said_all(0);
    std::vector<std::string> told;
    FakeChannel channel([&](const Announcement& announcement, Deadline) -> Result<Answer> {
        if (told.empty()) said_all.acquire();
        told.push_back(announcement.parts[0].service);
        return Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("first", NotificationType::kError));
    for (const auto* service : {"second", "third"}) queue.notify(about(service));
    queue.notify(about("bad", NotificationType::kError));
    said_all.release();
    queue.flush();
    EXPECT_THAT(told, ElementsAre("first", "bad", "second", "third"));
}

TEST_F(NotificationQueueTest, EndsItsThreadsToRestOnceAllIsDeliveredAndDeliversAgain) {
    const EndedThreads ended;
    FakeChannel channel([](const Announcement&, Deadline) -> Result<Answer> {
        EndedThreads::watch_this_thread();
        return Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    for (int i = 1; i <= 2; ++i) {
        queue.notify(about("api"));
        queue.release_idle();
        EXPECT_EQ(channel.deliveries(), i);
        EXPECT_EQ(ended.count(), i);
    }
    EXPECT_EQ(queue.flush().delivered, 2U);
}

TEST_F(NotificationQueueTest, TellsNoChannelASecret) {
    log_.redactor.add(Secret("a-session-token"));
    std::string told;
    FakeChannel channel([&](const Announcement& announcement, Deadline) -> Result<Answer> {
        told = announcement.title + "; " + *announcement.reason + "; " + announcement.lines[0].text + "; " +
               *announcement.parts[0].reason + "; " + announcement.parts[0].excerpt->lines[0];
        return Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    queue.notify({.title = "a-session-token",
                  .parts = {{.reason = "HTTP 503: a-session-token",
                             .excerpt = Excerpt{.title = {}, .lines = {"key a-session-token"}}}},
                  .lines = {{.text = "api: a-session-token"}},
                  .reason = "for a-session-token"});
    queue.flush();
    EXPECT_EQ(told, "***; for ***; api: ***; HTTP 503: ***; key ***");
}

TEST_F(NotificationQueueTest, ReportsAndLogsWhatAChannelDidNotTake) {
    FakeChannel channel(refused);
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    const auto delivery = queue.flush();
    EXPECT_THAT(delivery.problems, ElementsAre("Fake: no such channel"));
    ASSERT_THAT(delivery.lost, SizeIs(1));
    EXPECT_EQ(delivery.lost[0].title, "Deployment started: api");
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr(R"("level":"warn")"), HasSubstr("no such channel"),
                                        HasSubstr("Deployment started: api")));
    EXPECT_THAT(queue.flush().problems, IsEmpty()) << "a problem is reported once";
}

TEST_F(NotificationQueueTest, TellsTheNextOneThatArrivesHowManyWereLost) {
    std::vector<std::size_t> lost_before;
    FakeChannel channel([&](const Announcement& announcement, Deadline) -> Result<Answer> {
        lost_before.push_back(announcement.lost_before);
        if (lost_before.size() <= 2) return fail(ErrorKind::kRejected, "no");
        return Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    for (int i = 0; i < 4; ++i) queue.notify(about("api"));
    queue.flush();
    EXPECT_THAT(lost_before, ElementsAre(0U, 1U, 2U, 0U));
}

/// Takes one announcement a second, and says when to come again.
class OneASecond {
public:
    explicit OneASecond(const Clock& clock) : clock_(clock) {}
    Result<Answer> operator()(const Announcement& announcement, Deadline /*deadline*/) {
        const auto now = clock_.now();
        if (now < next_) return Answer{.come_again_after = std::chrono::ceil<Milliseconds>(next_ - now)};
        next_ = now + std::chrono::seconds{1};
        told.push_back(announcement.parts.at(0).service);
        return Answer{};
    }
    std::vector<std::string> told;

private:
    const Clock& clock_;
    WallTime next_{};
};

TEST_F(NotificationQueueTest, LosesNothingToAChannelThatTakesOneASecond) {
    OneASecond slow(log_.clock);
    FakeChannel channel(std::ref(slow));
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    for (int i = 0; i < 30; ++i) queue.notify(about("s" + std::to_string(i)));
    EXPECT_EQ(queue.flush().delivered, 30U);
    EXPECT_THAT(slow.told, SizeIs(30));
}

TEST_F(NotificationQueueTest, KeepsAPauseOnlyAsLongAsTheInvocationLasts) {
    for (const auto pause : {Milliseconds{30'000}, Milliseconds{3'600'000}}) {
        FakeChannel channel(
            [&](const Announcement&, Deadline) -> Result<Answer> { return Answer{.come_again_after = pause}; });
        NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
        if (pause < NotificationQueue::kPatience) queue.set_deadline(Deadline::after(log_.clock, Milliseconds{20'000}));
        queue.notify(about("api"));
        EXPECT_THAT(queue.flush().problems, ElementsAre(HasSubstr("Fake asks for a pause of"))) << pause.count();
        EXPECT_EQ(channel.deliveries(), 1);
    }
    EXPECT_THAT(sleeper_.slept(), IsEmpty()) << "what is in vain is not waited for";
}

/// Sleeps until it is told to go on.
class HeldSleeper final : public Sleeper {
public:
    void sleep_for(Milliseconds) override { go_on.acquire(); }
    std::binary_semaphore go_on{0};
};

TEST_F(NotificationQueueTest, HandsOverWithoutWaitingForAPause) {
    HeldSleeper sleeper;
    FakeChannel channel([&](const Announcement&, Deadline) -> Result<Answer> {
        return channel.deliveries() == 1 ? Answer{.come_again_after = Milliseconds{1000}} : Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper, log_.logger);
    queue.notify(about("api"));
    queue.hand_over();  // would hang here if it waited
    EXPECT_EQ(channel.deliveries(), 1);
    log_.clock.advance(Milliseconds{1000});
    sleeper.go_on.release();
    EXPECT_EQ(queue.flush().delivered, 1U);
}

TEST_F(NotificationQueueTest, GivesEachDeliveryItsBudgetButNeverMoreThanTheInvocationHas) {
    std::optional<Milliseconds> left;
    FakeChannel channel([&](const Announcement&, Deadline deadline) -> Result<Answer> {
        left = deadline.remaining(log_.clock);
        return Answer{};
    });
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    queue.flush();
    EXPECT_EQ(left, NotificationQueue::kBudget);
    queue.set_deadline(Deadline::after(log_.clock, Milliseconds{1000}));
    queue.notify(about("api"));
    queue.flush();
    EXPECT_EQ(left, Milliseconds{1000});
}

TEST_F(NotificationQueueTest, DropsWhatCannotBeDeliveredInTimeWithoutTrying) {
    FakeChannel channel(taken);
    NotificationQueue queue({&channel}, log_.clock, sleeper_, log_.logger);
    queue.set_deadline(Deadline(log_.clock.now()));
    queue.notify(about("api"));
    EXPECT_EQ(queue.flush().problems.size(), 1U);
    EXPECT_EQ(channel.deliveries(), 0);
}

TEST_F(NotificationQueueTest, WithoutChannelsDoesNothing) {
    NotificationQueue queue({}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    EXPECT_EQ(queue.flush().delivered, 0U);
    EXPECT_FALSE(queue.has_channels());
}

/// `about`, with a fact that is told once.
Announcement told_once(const std::string& service) {
    auto announcement = about(service);
    announcement.parts.front().facts = {service + " has started"};
    return announcement;
}

TEST_F(NotificationQueueTest, TellsAChannelOnlyWhatItHears) {
    std::vector<std::string> heard;
    FakeChannel all(taken);
    FakeChannel api_alone([&](const Announcement& announcement, Deadline) -> Result<Answer> {
        heard.push_back(announcement.title);
        return Answer{};
    });
    const auto of_api = [](const Announcement& announcement) {
        return announcement.parts.front().service == "api" ? std::optional(announcement) : std::nullopt;
    };
    NotificationQueue queue({&all, {&api_alone, of_api}}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    queue.notify(about("web"));
    EXPECT_EQ(queue.flush().delivered, 3U);
    EXPECT_EQ(all.deliveries(), 2);
    EXPECT_THAT(heard, ElementsAre("Deployment started: api"));
}

TEST_F(NotificationQueueTest, LosesOnlyWhatNoChannelHasTaken) {
    FakeChannel dead(refused);
    FakeChannel alive(taken);
    NotificationQueue queue({&dead, &alive}, log_.clock, sleeper_, log_.logger);
    queue.notify(told_once("api"));
    const auto delivery = queue.flush();
    EXPECT_THAT(delivery.problems, ElementsAre("Fake: no such channel"));
    EXPECT_THAT(delivery.lost, IsEmpty());
}

TEST_F(NotificationQueueTest, LosesWhatTheOnlyChannelThatHearsItDoesNotTake) {
    FakeChannel dead(refused);
    FakeChannel alive(taken);
    const auto nothing_of_api = [](const Announcement& announcement) {
        return announcement.parts.front().service == "api" ? std::nullopt : std::optional(announcement);
    };
    NotificationQueue queue({&dead, {&alive, nothing_of_api}}, log_.clock, sleeper_, log_.logger);
    queue.notify(told_once("api"));
    const auto delivery = queue.flush();
    ASSERT_THAT(delivery.lost, SizeIs(1));
    EXPECT_EQ(delivery.lost[0].title, "Deployment started: api");
}

TEST_F(NotificationQueueTest, LetsTheOthersSayOnceThatAChannelTakesNothing) {
    bool is_dead = true;
    FakeChannel first([&](const Announcement& announcement, Deadline deadline) {
        return is_dead ? refused(announcement, deadline) : taken(announcement, deadline);
    });
    std::vector<std::string> said;
    FakeChannel second([&](const Announcement& announcement, Deadline) -> Result<Answer> {
        said.push_back(announcement.title);
        return Answer{};
    });
    NotificationQueue queue({&first, &second}, log_.clock, sleeper_, log_.logger);
    for (int i = 0; i < 3; ++i) {
        queue.notify(about("api"));
        queue.flush();
    }
    EXPECT_THAT(said, ElementsAre("Deployment started: api", "Notifications do not arrive: Fake",
                                  "Deployment started: api", "Deployment started: api"));
    is_dead = false;
    queue.notify(about("api"));
    queue.flush();
    is_dead = true;
    said.clear();
    queue.notify(about("api"));
    queue.flush();
    EXPECT_THAT(said, ElementsAre("Deployment started: api", "Notifications do not arrive: Fake"))
        << "it had come back meanwhile";
}

TEST_F(NotificationQueueTest, DoesNotGoOnForeverWhereAllChannelsAreDead) {
    FakeChannel first(refused);
    FakeChannel second(refused);
    NotificationQueue queue({&first, &second}, log_.clock, sleeper_, log_.logger);
    queue.notify(about("api"));
    const auto delivery = queue.flush();
    EXPECT_EQ(first.deliveries() + second.deliveries(), 4);
    EXPECT_THAT(delivery.lost, SizeIs(2)) << "one of each";
}

}  // namespace
}  // namespace ci_lambda::testing
