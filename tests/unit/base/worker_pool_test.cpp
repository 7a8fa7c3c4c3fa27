#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <barrier>

#include "support/ended_threads.hpp"

namespace ci_lambda::testing {
namespace {

TEST(WorkerPool, EndTheirThreadsToRestAndHelpAgain) {
    constexpr int kTasks = 4;
    const EndedThreads ended;
    WorkerPool helpers;
    std::barrier together(kTasks);  // nobody passes before each task has a thread of its own
    const WorkerPool::Tasks tasks(kTasks, [&] {
        EndedThreads::watch_this_thread();
        together.arrive_and_wait();
    });
    helpers.run(tasks);
    EXPECT_EQ(ended.count(), 0);
    helpers.release_idle();
    EXPECT_EQ(ended.count(), kTasks - 1) << "the calling thread is one of them";
    helpers.release_idle();
    helpers.run(tasks);
    helpers.release_idle();
    EXPECT_EQ(ended.count(), 2 * (kTasks - 1));
}

}  // namespace
}  // namespace ci_lambda::testing
