#include "app/targets/voice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecordingChannel final : public NotificationChannel {
public:
    [[nodiscard]] std::string_view name() const override { return "recorder"; }
    Result<Answer> deliver(const Announcement& announcement, Deadline /*deadline*/) override {
        const std::scoped_lock lock(mutex_);
        std::vector<std::string> services;
        for (const auto& part : announcement.parts) services.push_back(part.service);
        heard_.push_back(std::move(services));
        return Answer{};
    }
    [[nodiscard]] std::vector<std::vector<std::string>> heard() const {
        const std::scoped_lock lock(mutex_);
        return heard_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::vector<std::string>> heard_;
};

Announcement about(const std::string& service) {
    Announcement announcement;
    announcement.parts.push_back({.service = service, .status = "started"});
    return announcement;
}

class ChorusTest : public ::testing::Test {
protected:
    /// Longer than any test takes.
    static constexpr Milliseconds kForever{600'000};

    RecordingChannel channel_;
    SystemClock clock_;
    SystemSleeper sleeper_;
    testing::RecordingLog log_;
    NotificationQueue queue_{{&channel_}, clock_, sleeper_, log_.logger};
};

TEST_F(ChorusTest, SaysInOneMessageWhatAllSayFirst) {
    Chorus chorus(queue_, 2, kForever);
    chorus.begin();
    chorus.voice(0).notify(about("api in eu"));
    chorus.voice(0).hand_over();
    EXPECT_THAT(channel_.heard(), IsEmpty()) << "the other one has not spoken";
    chorus.voice(1).notify(about("api in us"));
    chorus.voice(1).hand_over();
    EXPECT_THAT(channel_.heard(), ElementsAre(ElementsAre("api in eu", "api in us")));
    chorus.voice(0).notify(about("later"));
    (void)chorus.end();
    EXPECT_THAT(channel_.heard(), SizeIs(2)) << "what comes later is said as it comes";
}

TEST_F(ChorusTest, DoesNotWaitForOneThatHasNothingToSay) {
    Chorus chorus(queue_, 2, kForever);
    chorus.begin();
    chorus.voice(0).notify(about("api in eu"));
    chorus.done(1);
    (void)chorus.voice(0).flush();
    EXPECT_THAT(channel_.heard(), ElementsAre(ElementsAre("api in eu")));
    (void)chorus.end();
}

TEST_F(ChorusTest, LosesNothingThatNobodyHandedOver) {
    Chorus chorus(queue_, 2, kForever);
    chorus.begin();
    chorus.voice(0).notify(about("api in eu"));
    EXPECT_EQ(chorus.end().delivered, 1U);
    EXPECT_THAT(channel_.heard(), SizeIs(1));
}

TEST_F(ChorusTest, DoesNotKeepNewsBackForOneThatTakesTooLong) {
    Chorus chorus(queue_, 2, Milliseconds{0});
    chorus.begin();
    chorus.voice(0).notify(about("api in eu"));
    while (channel_.heard().empty()) std::this_thread::yield();  // by the chorus's own thread
    EXPECT_THAT(channel_.heard(), ElementsAre(ElementsAre("api in eu")));
    chorus.voice(1).notify(about("api in us"));
    (void)chorus.end();
    EXPECT_THAT(channel_.heard(), ElementsAre(ElementsAre("api in eu"), ElementsAre("api in us")));
}

TEST_F(ChorusTest, IsReadyForTheNextEvent) {
    Chorus chorus(queue_, 2, kForever);
    for (int event = 0; event < 3; ++event) {
        chorus.begin();
        chorus.voice(1).notify(about("api in us"));
        chorus.done(0);
        chorus.done(1);
        (void)chorus.end();
    }
    EXPECT_THAT(channel_.heard(), SizeIs(3));
}

}  // namespace
}  // namespace ci_lambda
