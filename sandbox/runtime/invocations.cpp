#include "sandbox/runtime/invocations.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

bool is_answered(const InvocationRecord& invocation) { return invocation.answer || invocation.failure; }

std::size_t size_of(const InvocationRecord& invocation) {
    return sizeof(invocation) + invocation.event.size() + invocation.answer.value_or("").size() +
           (invocation.failure ? invocation.failure->body.size() : 0);
}

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

std::optional<std::string> Invocations::enqueue(std::string event, EventOrigin origin) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= waiting_bounds_.entries || waiting_bytes_ + event.size() > waiting_bounds_.bytes)
        return std::nullopt;
    waiting_bytes_ += event.size();
    auto record = std::make_shared<InvocationRecord>(InvocationRecord{.request_id = ids_.uuid(),
                                                                      .event = std::move(event),
                                                                      .origin = origin,
                                                                      .status = InvocationStatus::kQueued,
                                                                      .answer = {},
                                                                      .failure = {},
                                                                      .queued_at = clock_.now(),
                                                                      .started_at = {},
                                                                      .answered_at = {},
                                                                      .deadline = {}});
    auto request_id = record->request_id;
    waiting_.push_back(std::move(record));
    changed_.notify_all();
    return request_id;
}

Invocations::Shared Invocations::take_first_waiting() {
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= first->event.size();
    return first;
}

Invocations::Next Invocations::next() {
    std::unique_lock lock(mutex_);
    if (running_ != nullptr) {
        if (!is_answered(*running_)) return {.handover = Handover::kWrongState, .invocation = {}};
        finish(running_);
    }
    runtime_ready_ = true;
    const auto generation = runtime_generation_;
    changed_.wait(lock, [&] { return stopped_ || generation != runtime_generation_ || !waiting_.empty(); });
    if (stopped_ || generation != runtime_generation_) return {};
    running_ = take_first_waiting();
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
        finish(running_);
    }
    changed_.notify_all();
    return {.was_ready = std::exchange(runtime_ready_, false), .init_error = std::exchange(init_error_, std::nullopt)};
}

void Invocations::fail_waiting(FunctionFailure failure) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty()) return;
    const auto invocation = take_first_waiting();
    invocation->started_at = clock_.now();
    invocation->answered_at = invocation->started_at;
    invocation->failure = std::move(failure);
    finish(invocation);
}

void Invocations::finish(Shared invocation) {
    invocation->status = InvocationStatus::kDone;
    invocation->end = done_.forgotten() + done_.size();
    if (running_ == invocation) running_.reset();
    const auto size = size_of(*invocation);
    done_.add(std::move(invocation), size);
    changed_.notify_all();
}

std::string Invocations::running_request_id() const {
    const std::scoped_lock lock(mutex_);
    return running_ == nullptr ? std::string{} : running_->request_id;
}

std::vector<InvocationRecord> Invocations::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<InvocationRecord> records;
    for (std::size_t i = 0; i < done_.size(); ++i) records.push_back(*done_[i]);
    if (running_ != nullptr) records.push_back(*running_);
    for (const auto& waiting : waiting_) records.push_back(*waiting);
    return records;
}

Invocations::Shared Invocations::find(const std::string& request_id) const {
    const auto is_it = [&](const Shared& one) { return one != nullptr && one->request_id == request_id; };
    if (is_it(running_)) return running_;
    for (std::size_t i = done_.size(); i > 0; --i)
        if (is_it(done_[i - 1])) return done_[i - 1];
    const auto found = std::ranges::find_if(waiting_, is_it);
    return found == waiting_.end() ? nullptr : *found;
}

std::optional<InvocationRecord> Invocations::wait_done(const std::string& request_id, Milliseconds at_most) {
    std::unique_lock lock(mutex_);
    const auto invocation = find(request_id);
    if (invocation == nullptr) return std::nullopt;
    const auto is_done = [&] { return invocation->status == InvocationStatus::kDone; };
    changed_.wait_for(lock, at_most, [&] { return stopped_ || is_done(); });
    if (!is_done()) return std::nullopt;
    return *invocation;
}

std::optional<InvocationRecord> Invocations::wait_for_done(std::size_t index, std::optional<Milliseconds> at_most) {
    std::unique_lock lock(mutex_);
    const auto is_there = [&] { return done_.forgotten() + done_.size() > index; };
    const auto is_over = [&] { return stopped_ || is_there(); };
    if (at_most)
        changed_.wait_for(lock, *at_most, is_over);
    else
        changed_.wait(lock, is_over);
    if (!is_there()) return std::nullopt;
    return *done_[index - std::min(index, done_.forgotten())];
}

void Invocations::stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

bool Invocations::stopped() const {
    const std::scoped_lock lock(mutex_);
    return stopped_;
}

}  // namespace ci_lambda::sandbox
