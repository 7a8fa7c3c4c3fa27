#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "app/answer.hpp"
#include "base/time.hpp"
#include "events/event.hpp"
#include "net/sha256.hpp"

namespace ci_lambda {

/// The events that this process has just handled well. EventBridge and SQS deliver at least once, and keep the event's
/// id when they deliver it again; whoever sends it again then gets the answer again, and nothing is done or said.
///
/// Only a short cut: another process does not know of it, and nothing that must be right depends on it. Bounded in
/// bytes, in number and in time. Not thread-safe.
class AnsweredEvents {
public:
    /// Redelivery comes within seconds or minutes. Who sends an event by hand an hour later means it.
    static constexpr std::chrono::minutes kRemembered{10};

    explicit AnsweredEvents(const Clock& clock) : clock_(clock) {}

    /// The answer to the same event: the same id, and the same in all that is read of it, as test events made by hand
    /// may share an id.
    [[nodiscard]] std::optional<Handled> find(const Event& event) const;
    /// Passes events without an id over, and answers that report an error: those are to be tried again.
    void remember(const Event& event, const Handled& handled);

    /// About what it takes to remember all that is remembered now.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// More is never remembered.
    static constexpr std::size_t kMaxBytes = std::size_t{512} * 1024;

private:
    static constexpr std::size_t kMaxEvents = 256;

    struct Answered {
        Sha256 event;  // by its hash: an event may have a megabyte
        Handled handled;
        WallTime at{};
        std::size_t bytes = 0;
    };
    void forget_first();

    const Clock& clock_;
    std::deque<Answered> answered_;
    std::size_t bytes_ = 0;
};

}  // namespace ci_lambda
