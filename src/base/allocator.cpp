#include "base/allocator.hpp"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ci_lambda {

#ifdef __GLIBC__
void keep_memory_small() {
    // glibc's own value; to set it is what stops it from growing with the blocks that are freed (mallopt(3)).
    constexpr int kLargeBlock = 128 * 1024;
    mallopt(M_MMAP_THRESHOLD, kLargeBlock);
    // The threads wait for the network most of the time, and not for each other's memory.
    mallopt(M_ARENA_MAX, 1);
}

void give_free_memory_back() { malloc_trim(0); }
#else
void keep_memory_small() {}
void give_free_memory_back() {}
#endif

}  // namespace ci_lambda
