#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/record/bounded_record.hpp"

namespace ci_lambda::sandbox {

/// An error that the function, or its end, left behind. `body` is what an invoker gets:
/// `{"errorType":..,"errorMessage":..}`.
struct FunctionFailure {
    std::string type;
    std::string body;
};

[[nodiscard]] FunctionFailure make_failure(std::string type, std::string message);
/// The `errorMessage`, or the whole body when there is none.
[[nodiscard]] std::string failure_message(const FunctionFailure& failure);

enum class InvocationStatus { kQueued, kRunning, kDone };

/// Who an event is from: somebody outside, or one of the sandbox's own services.
enum class EventOrigin { kOutside, kEcs, kEcr, kSecretsManager, kSsm, kS3, kScheduler, kStepFunctions };

/// One event on its way through the function.
struct InvocationRecord {
    std::string request_id;
    std::string event;
    EventOrigin origin = EventOrigin::kOutside;
    InvocationStatus status = InvocationStatus::kQueued;
    std::optional<std::string> answer;
    std::optional<FunctionFailure> failure;
    WallTime queued_at;
    WallTime started_at;
    WallTime answered_at;  ///< when the answer or the error came
    WallTime deadline;     ///< when the function is killed
    std::size_t end = 0;   ///< of a done one: how many were done before it
};

/// What senders are told when `enqueue` refuses.
inline constexpr std::string_view kTooManyWait = "The function has too many events to handle already.";

/// The Lambda service's side of the Runtime API, without HTTP: events wait in order for the one runtime. As in Lambda,
/// an invocation is done only when the runtime asks for the next one, or has ended. The oldest of those that are done
/// are forgotten when there are many; of those that wait, none is, but no more than so many are taken. Thread-safe.
class Invocations {
public:
    /// How long the function may take for one event.
    static constexpr Milliseconds kTimeout{300'000};
    static constexpr RecordBounds kWaitingBounds{.entries = 1000};

    /// The bounds are those of what is done, and of what waits. Ids and clock must outlive it.
    Invocations(Ids& ids, const Clock& clock, RecordBounds done = {}, RecordBounds waiting = kWaitingBounds)
        : ids_(ids), clock_(clock), waiting_bounds_(waiting), done_(done) {}

    /// Returns the request id; nullopt, as Lambda's TooManyRequestsException, when too much waits already.
    std::optional<std::string> enqueue(std::string event, EventOrigin origin = EventOrigin::kOutside);

    // What the runtime calls.

    enum class Handover {
        kEvent,
        kReleased,    ///< the sandbox stops, or the runtime is gone: nobody waits for an event any more
        kWrongState,  ///< the last event has not been answered
    };
    struct Next {
        Handover handover = Handover::kReleased;
        InvocationRecord invocation;  ///< with kEvent
    };
    /// Waits, without a timeout, until there is an event.
    [[nodiscard]] Next next();

    enum class Acceptance { kAccepted, kUnknownId, kWrongState };
    Acceptance answer(const std::string& request_id, std::string body);
    Acceptance fail(const std::string& request_id, FunctionFailure failure);
    void init_failed(FunctionFailure failure);

    // What the one who runs the runtime calls.

    /// A new runtime is about to start.
    void runtime_starts();
    /// Waits until an event is there to start a runtime for; false when stopped.
    [[nodiscard]] bool wait_for_event();
    /// The time when the runtime must be ended, if it is at work.
    [[nodiscard]] std::optional<WallTime> deadline() const;

    struct RuntimeEnd {
        bool was_ready = false;  ///< it had asked for an event at least once
        std::optional<FunctionFailure> init_error;
    };
    /// The runtime is no more. The event it was at, if not yet answered, ends with `failure`.
    RuntimeEnd runtime_ended(FunctionFailure failure);
    /// No runtime could be started: the event that waited longest ends with `failure`.
    void fail_waiting(FunctionFailure failure);

    // What those who watch call.

    [[nodiscard]] std::string running_request_id() const;  ///< empty when none is running
    [[nodiscard]] std::vector<InvocationRecord> all() const;
    /// Waits until that invocation is done; nullopt when stopped before, or when the time is over.
    [[nodiscard]] std::optional<InvocationRecord> wait_done(const std::string& request_id, Milliseconds at_most);
    /// Waits for the done invocation number `index`, in the order of their ends, or the first later one where that is
    /// forgotten; nullopt when stopped, or when the time is over. Without `at_most` it waits as long as it takes.
    [[nodiscard]] std::optional<InvocationRecord> wait_for_done(std::size_t index,
                                                                std::optional<Milliseconds> at_most = std::nullopt);

    /// Releases everybody who waits, for good.
    void stop();
    [[nodiscard]] bool stopped() const;

private:
    using Shared = std::shared_ptr<InvocationRecord>;  // who waits for one keeps it when it is forgotten

    [[nodiscard]] Shared find(const std::string& request_id) const;
    Acceptance close(const std::string& request_id, std::optional<std::string> answer,
                     std::optional<FunctionFailure> failure);
    [[nodiscard]] Shared take_first_waiting();
    void finish(Shared invocation);

    Ids& ids_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    RecordBounds waiting_bounds_;
    std::deque<Shared> waiting_;
    std::size_t waiting_bytes_ = 0;
    Shared running_;
    BoundedRecord<Shared> done_;
    std::size_t runtime_generation_ = 0;
    bool runtime_ready_ = false;
    std::optional<FunctionFailure> init_error_;
    bool stopped_ = false;
};

}  // namespace ci_lambda::sandbox
