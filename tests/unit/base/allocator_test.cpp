#include "base/allocator.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ci_lambda {
namespace {

std::size_t resident_bytes() {
    std::size_t total = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// As an answer is read: piece by piece, and then it is done with.
void read_large_answer() {
    std::string answer;
    const std::string piece(16 * 1024, 'x');
    while (answer.size() < std::size_t{8} * 1024 * 1024) answer += piece;
}

TEST(Allocator, GivesLargeBlocksBackWhicheverThreadHadThem) {
    constexpr int kThreads = 6;
    keep_memory_small();
    const auto before = resident_bytes();
    std::latch have_read{kThreads};
    std::latch measured{1};
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            read_large_answer();
            read_large_answer();
            // Something small that stays, behind what was large.
            const auto kept = std::make_unique<std::string>(1000, 'x');
            have_read.count_down();
            measured.wait();
        });
    have_read.wait();
    const auto after = resident_bytes();
    measured.count_down();
    EXPECT_LT(after, before + std::size_t{4} * 1024 * 1024);
}

}  // namespace
}  // namespace ci_lambda
