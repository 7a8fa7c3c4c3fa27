#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ci_lambda {

/// Threads that help the calling one. They start when they are first needed, and then sleep between the events, which
/// need not make and join them anew (docs/adr/0007).
class WorkerPool {
public:
    using Tasks = std::vector<std::function<void()>>;

    /// Threads at work on one list of tasks, the calling one included. They mostly wait for ECS, so there are more of
    /// them than connections.
    static constexpr std::size_t kMaxThreads = 32;

    WorkerPool() = default;
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool();

    /// Returns when all tasks have run, begun in their order, the first one by the calling thread. One call at a time.
    void run(const Tasks& tasks);

    /// Ends the threads, and with them the memory that malloc keeps for each: up to a quarter of a megabyte. The next
    /// run starts new ones. Not while tasks run.
    void release_idle();

private:
    [[nodiscard]] bool more() const { return tasks_ != nullptr && next_ < tasks_->size(); }
    /// With the mutex held, before and after. A task that throws ends the program: others still use what it would
    /// unwind.
    void work(std::unique_lock<std::mutex>& lock) noexcept;
    void help();

    std::mutex mutex_;
    std::condition_variable has_tasks_;
    std::condition_variable all_done_;
    const Tasks* tasks_ = nullptr;
    std::size_t next_ = 0;
    std::size_t busy_ = 0;  // tasks that are being run
    bool stopping_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace ci_lambda
