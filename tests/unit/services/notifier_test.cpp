#include "services/notifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <semaphore>

#include "support/ended_threads.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeChannel final : public NotificationChannel {
public:
    explicit FakeChannel(std::function<Status(const Notification&, Deadline)> take) : take_(std::move(take)) {}
    [[nodiscard]] std::string_view name() const override { return "Fake"; }
    Status deliver(const Notification& notification, Deadline deadline) override {
        ++deliveries_;
        return take_(notification, deadline);
    }
    [[nodiscard]] int deliveries() const { return deliveries_; }

private:
    std::function<Status(const Notification&, Deadline)> take_;
    std::atomic<int> deliveries_{0};
};

Status taken(const Notification&, Deadline) { return {}; }
Status refused(const Notification&, Deadline) { return fail(ErrorKind::kRejected, "no such channel"); }

TEST(NotificationQueue, DeliversToEveryChannel) {
    const RecordingLog log;
    FakeChannel first(taken);
    FakeChannel second(taken);
    NotificationQueue queue({&first, &second}, log.clock, log.logger);
    for (int i = 0; i < 3; ++i) queue.notify({.service = "api"});
    EXPECT_EQ(queue.flush().delivered, 6U);
    EXPECT_EQ(first.deliveries(), 3);
    EXPECT_EQ(second.deliveries(), 3);
}

TEST(NotificationQueue, ReturnsAtOnceFromNotifyHoweverSlowTheChannel) {
    const RecordingLog log;
    std::binary_semaphore finish(0);
    FakeChannel slow([&](const Notification&, Deadline) -> Status {
        finish.acquire();
        return {};
    });
    NotificationQueue queue({&slow}, log.clock, log.logger);
    queue.notify({});  // would hang here if it waited
    finish.release();
    EXPECT_EQ(queue.flush().delivered, 1U);
}

TEST(NotificationQueue, DeliversSeveralAtTheSameTime) {
    const RecordingLog log;
    std::barrier together(4);
    FakeChannel channel([&](const Notification&, Deadline) -> Status {
        together.arrive_and_wait();
        return {};
    });
    NotificationQueue queue({&channel}, log.clock, log.logger);
    for (int i = 0; i < 4; ++i) queue.notify({});
    EXPECT_EQ(queue.flush().delivered, 4U);
}

TEST(NotificationQueue, EndsItsThreadsToRestOnceAllIsDeliveredAndDeliversAgain) {
    const RecordingLog log;
    const EndedThreads ended;
    FakeChannel channel([](const Notification&, Deadline) -> Status {
        EndedThreads::watch_this_thread();
        return {};
    });
    NotificationQueue queue({&channel}, log.clock, log.logger);
    for (int i = 1; i <= 2; ++i) {
        queue.notify({});
        queue.rest();
        EXPECT_EQ(channel.deliveries(), i);
        EXPECT_EQ(ended.count(), i);
    }
    EXPECT_EQ(queue.flush().delivered, 2U);
}

TEST(NotificationQueue, TellsNoChannelASecret) {
    RecordingLog log;
    log.redactor.add(Secret("a-session-token"));
    std::string told;
    FakeChannel channel([&](const Notification& notification, Deadline) -> Status {
        told = notification.title + "; " + *notification.reason;
        return {};
    });
    NotificationQueue queue({&channel}, log.clock, log.logger);
    queue.notify({.title = "a-session-token", .reason = "HTTP 503: a-session-token"});
    queue.flush();
    EXPECT_EQ(told, "***; HTTP 503: ***");
}

TEST(NotificationQueue, ReportsAndLogsWhatAChannelDidNotTake) {
    const RecordingLog log;
    FakeChannel channel(refused);
    NotificationQueue queue({&channel}, log.clock, log.logger);
    queue.notify({.title = "Deployment started: api", .service = "api"});
    EXPECT_THAT(queue.flush().problems, ElementsAre("Fake: no such channel"));
    EXPECT_THAT(log.sink.text(), HasSubstr(R"("level":"warn")"));
    EXPECT_THAT(log.sink.text(), HasSubstr("no such channel"));
    EXPECT_THAT(queue.flush().problems, IsEmpty()) << "a problem is reported once";
}

TEST(NotificationQueue, GivesEachNotificationItsBudgetButNeverMoreThanTheInvocationHas) {
    const RecordingLog log;
    std::optional<Milliseconds> left;
    FakeChannel channel([&](const Notification&, Deadline deadline) -> Status {
        left = deadline.remaining(log.clock);
        return {};
    });
    NotificationQueue queue({&channel}, log.clock, log.logger);
    queue.notify({});
    queue.flush();
    EXPECT_EQ(left, NotificationQueue::kBudget);
    queue.set_deadline(Deadline::after(log.clock, Milliseconds{1000}));
    queue.notify({});
    queue.flush();
    EXPECT_EQ(left, Milliseconds{1000});
}

TEST(NotificationQueue, DropsWhatCannotBeDeliveredInTimeWithoutTrying) {
    const RecordingLog log;
    FakeChannel channel(taken);
    NotificationQueue queue({&channel}, log.clock, log.logger);
    queue.set_deadline(Deadline(log.clock.now()));
    queue.notify({});
    EXPECT_EQ(queue.flush().problems.size(), 1U);
    EXPECT_EQ(channel.deliveries(), 0);
}

TEST(NotificationQueue, WithoutChannelsDoesNothing) {
    const RecordingLog log;
    NotificationQueue queue({}, log.clock, log.logger);
    queue.notify({});
    EXPECT_EQ(queue.flush().delivered, 0U);
    EXPECT_FALSE(queue.has_channels());
}

}  // namespace
}  // namespace ci_lambda::testing
