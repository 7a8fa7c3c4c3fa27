#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"

namespace ci_lambda::testing {

/// Time that moves only when a test, or a FakeSleeper, moves it.
class FakeClock final : public Clock {
public:
    explicit FakeClock(WallTime start = WallTime{std::chrono::seconds{1'767'262'083}}) : now_(start) {}
    [[nodiscard]] WallTime now() const override {
        const std::scoped_lock lock(mutex_);
        return now_;
    }
    void advance(Milliseconds by) {
        const std::scoped_lock lock(mutex_);
        now_ += by;
    }

private:
    mutable std::mutex mutex_;
    WallTime now_;
};

/// Sleeps by moving the fake clock, and remembers for how long.
class FakeSleeper final : public Sleeper {
public:
    explicit FakeSleeper(FakeClock& clock) : clock_(clock) {}
    void sleep_for(Milliseconds duration) override {
        clock_.advance(duration);
        on_sleep();
        const std::scoped_lock lock(mutex_);
        slept_.push_back(duration);
    }
    /// What happens in the world while somebody sleeps.
    std::function<void()> on_sleep = [] {};
    [[nodiscard]] std::vector<Milliseconds> slept() const {
        const std::scoped_lock lock(mutex_);
        return slept_;
    }

private:
    FakeClock& clock_;
    mutable std::mutex mutex_;
    std::vector<Milliseconds> slept_;
};

class FakeEnvironment final : public Environment {
public:
    FakeEnvironment() = default;
    explicit FakeEnvironment(std::map<std::string, std::string> values) : values_(std::move(values)) {}
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override {
        const auto found = values_.find(name);
        if (found == values_.end()) return std::nullopt;
        return found->second;
    }
    void set(const std::string& name, const std::string& value) override { values_[name] = value; }
    void unset(const std::string& name) { values_.erase(name); }

private:
    std::map<std::string, std::string> values_;
};

/// Keeps the lines.
class RecordingSink final : public LogSink {
public:
    void write(std::string_view line) override {
        const std::scoped_lock lock(mutex_);
        lines_.emplace_back(line);
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::scoped_lock lock(mutex_);
        return lines_;
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& line : lines()) all += line + '\n';
        return all;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// A logger into a RecordingSink, at debug.
struct RecordingLog {
    FakeClock clock;
    Redactor redactor;
    RecordingSink sink;
    Logger logger{sink, clock, redactor};
    RecordingLog() { logger.set_level(LogLevel::kDebug); }
};

}  // namespace ci_lambda::testing
