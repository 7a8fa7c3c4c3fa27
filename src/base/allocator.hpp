#pragma once

namespace ci_lambda {

/// Keeps what the process holds close to what it uses. To be called before the first thread starts.
///
/// glibc gives each thread a heap of its own, and after the first large block that is freed, it takes the next ones
/// from there and keeps them: a few answers of several megabytes, each read by another thread, would stay for good in a
/// function that has 128 MB.
void keep_memory_small();

/// Gives what is free between the blocks in use back to the system: free memory at the end of the heap goes back by
/// itself, but one small block behind what a burst needed keeps all of it. Walks through the whole heap (a tenth of a
/// millisecond for some megabytes); what is needed again has to be fetched page by page.
void give_free_memory_back();

}  // namespace ci_lambda
