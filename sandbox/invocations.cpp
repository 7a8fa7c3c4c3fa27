#include "sandbox/invocations.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

bool is_answered(const InvocationRecord& invocation) { return invocation.answer || invocation.failure; }

}  // namespace

FunctionFailure make_failure(std::string type, std::string message) {
    auto body = dump_json({{"errorType", type}, {"errorMessage", std::move(message)}});
    return {.type = std::move(type), .body = std::move(body)};
}

std::string failure_message(const FunctionFailure& failure) {
    const auto body = parse_json(failure.body);
    const auto message = body ? find_string(*body, "errorMessage") : std::nullopt;
    return message.value_or(failure.body);
}

std::string Invocations::enqueue(std::string event, EventOrigin origin) {
    const std::scoped_lock lock(mutex_);
    auto& record = records_.emplace_back(InvocationRecord{.request_id = ids_.uuid(),
                                                          .event = std::move(event),
                                                          .origin = origin,
                                                          .status = InvocationStatus::kQueued,
                                                          .answer = {},
                                                          .failure = {},
                                                          .queued_at = clock_.now(),
                                                          .started_at = {},
                                                          .answered_at = {},
                                                          .deadline = {}});
    waiting_.push_back(&record);
    changed_.notify_all();
    return record.request_id;
}

Invocations::Next Invocations::next() {
    std::unique_lock lock(mutex_);
    if (running_ != nullptr) {
        if (!is_answered(*running_)) return {.handover = Handover::kWrongState, .invocation = {}};
        finish(*running_);
    }
    runtime_ready_ = true;
    const auto generation = runtime_generation_;
    changed_.wait(lock, [&] { return stopped_ || generation != runtime_generation_ || !waiting_.empty(); });
    if (stopped_ || generation != runtime_generation_) return {};
    running_ = waiting_.front();
    waiting_.pop_front();
    running_->status = InvocationStatus::kRunning;
    running_->started_at = clock_.now();
    running_->deadline = running_->started_at + kTimeout;
    return {.handover = Handover::kEvent, .invocation = *running_};
}

Invocations::Acceptance Invocations::answer(const std::string& request_id, std::string body) {
    return close(request_id, std::move(body), std::nullopt);
}

Invocations::Acceptance Invocations::fail(const std::string& request_id, FunctionFailure failure) {
    return close(request_id, std::nullopt, std::move(failure));
}

Invocations::Acceptance Invocations::close(const std::string& request_id, std::optional<std::string> answer,
                                           std::optional<FunctionFailure> failure) {
    const std::scoped_lock lock(mutex_);
    if (running_ == nullptr || running_->request_id != request_id) return Acceptance::kUnknownId;
    if (is_answered(*running_)) return Acceptance::kWrongState;
    running_->answer = std::move(answer);
    running_->failure = std::move(failure);
    running_->answered_at = clock_.now();
    return Acceptance::kAccepted;
}

void Invocations::init_failed(FunctionFailure failure) {
    const std::scoped_lock lock(mutex_);
    init_error_ = std::move(failure);
}

void Invocations::runtime_starts() {
    const std::scoped_lock lock(mutex_);
    runtime_ready_ = false;
    init_error_.reset();
}

bool Invocations::wait_for_event() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
    return !stopped_;
}

std::optional<WallTime> Invocations::deadline() const {
    const std::scoped_lock lock(mutex_);
    if (running_ == nullptr || is_answered(*running_)) return std::nullopt;
    return running_->deadline;
}

Invocations::RuntimeEnd Invocations::runtime_ended(FunctionFailure failure) {
    const std::scoped_lock lock(mutex_);
    ++runtime_generation_;
    if (running_ != nullptr) {
        if (!is_answered(*running_)) {
            running_->failure = std::move(failure);
            running_->answered_at = clock_.now();
        }
        finish(*running_);
    }
    changed_.notify_all();
    return {.was_ready = std::exchange(runtime_ready_, false), .init_error = std::exchange(init_error_, std::nullopt)};
}

void Invocations::fail_waiting(FunctionFailure failure) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty()) return;
    InvocationRecord& invocation = *waiting_.front();
    waiting_.pop_front();
    invocation.started_at = clock_.now();
    invocation.answered_at = invocation.started_at;
    invocation.failure = std::move(failure);
    finish(invocation);
}

void Invocations::finish(InvocationRecord& invocation) {
    invocation.status = InvocationStatus::kDone;
    done_.push_back(&invocation);
    if (running_ == &invocation) running_ = nullptr;
    changed_.notify_all();
}

std::string Invocations::running_request_id() const {
    const std::scoped_lock lock(mutex_);
    return running_ == nullptr ? std::string{} : running_->request_id;
}

std::vector<InvocationRecord> Invocations::all() const {
    const std::scoped_lock lock(mutex_);
    return {records_.begin(), records_.end()};
}

InvocationRecord* Invocations::find(const std::string& request_id) {
    const auto found = std::ranges::find(records_, request_id, &InvocationRecord::request_id);
    return found == records_.end() ? nullptr : &*found;
}

std::optional<InvocationRecord> Invocations::wait_done(const std::string& request_id, Milliseconds at_most) {
    std::unique_lock lock(mutex_);
    const InvocationRecord* invocation = find(request_id);
    if (invocation == nullptr) return std::nullopt;
    const auto is_done = [&] { return invocation->status == InvocationStatus::kDone; };
    changed_.wait_for(lock, at_most, [&] { return stopped_ || is_done(); });
    if (!is_done()) return std::nullopt;
    return *invocation;
}

std::optional<InvocationRecord> Invocations::wait_for_done(std::size_t index, std::optional<Milliseconds> at_most) {
    std::unique_lock lock(mutex_);
    const auto is_over = [&] { return stopped_ || done_.size() > index; };
    if (at_most)
        changed_.wait_for(lock, *at_most, is_over);
    else
        changed_.wait(lock, is_over);
    if (done_.size() <= index) return std::nullopt;
    return *done_[index];
}

void Invocations::stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

}  // namespace ci_lambda::sandbox
