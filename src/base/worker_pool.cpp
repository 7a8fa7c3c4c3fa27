#include "base/worker_pool.hpp"

#include <algorithm>

namespace ci_lambda {

WorkerPool::~WorkerPool() { release_idle(); }

void WorkerPool::release_idle() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    has_tasks_.notify_all();
    threads_.clear();
    stopping_ = false;
}

void WorkerPool::run(const Tasks& tasks) {
    const auto helpers = std::min(std::max<std::size_t>(tasks.size(), 1), kMaxThreads) - 1;
    while (threads_.size() < helpers) threads_.emplace_back([this] { help(); });
    std::unique_lock lock(mutex_);
    tasks_ = &tasks;
    next_ = 0;
    for (std::size_t i = 0; i < helpers; ++i) has_tasks_.notify_one();
    work(lock);
    all_done_.wait(lock, [&] { return busy_ == 0; });
    tasks_ = nullptr;
}

void WorkerPool::work(std::unique_lock<std::mutex>& lock) noexcept {
    while (more()) {
        const auto& task = (*tasks_)[next_++];
        ++busy_;
        lock.unlock();
        task();
        lock.lock();
        --busy_;
    }
}

void WorkerPool::help() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        work(lock);
        if (busy_ == 0) all_done_.notify_one();
        has_tasks_.wait(lock, [&] { return stopping_ || more(); });
    }
}

}  // namespace ci_lambda
