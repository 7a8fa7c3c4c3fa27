#pragma once

namespace ci_lambda {

/// Keeps what the process holds close to what it uses. To be called before the first thread starts.
///
/// glibc gives each thread a heap of its own, and after the first large block that is freed, it takes the next ones
/// from there and keeps them: a few answers of several megabytes, each read by another thread, would stay for good in a
/// function that has 128 MB.
void keep_memory_small();

}  // namespace ci_lambda
