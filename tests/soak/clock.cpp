// Moves the time of a program that knows nothing of it, and lets it sleep without waiting: for LD_PRELOAD. The time of
// day is the number in the file SOAK_CLOCK, in nanoseconds since 1970. The monotonic clock stays the real one.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::atomic<std::int64_t>* map_clock() {
    const char* path = std::getenv("SOAK_CLOCK");
    const int file = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) std::abort();
    void* memory = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) std::abort();
    return static_cast<std::atomic<std::int64_t>*>(memory);
}

std::atomic<std::int64_t>& the_time() {
    static std::atomic<std::int64_t>* const clock = map_clock();
    return *clock;
}

timespec now() {
    const auto time = the_time().load();
    return {.tv_sec = time / kSecond, .tv_nsec = time % kSecond};
}

int sleep_until(std::int64_t wanted) {
    auto time = the_time().load();
    while (time < wanted && !the_time().compare_exchange_weak(time, wanted)) {
    }
    return 0;
}

std::int64_t in_nanoseconds(const timespec& duration) { return duration.tv_sec * kSecond + duration.tv_nsec; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return static_cast<int>(syscall(SYS_clock_gettime, clock, out));
    *out = now();
    return 0;
}

int gettimeofday(timeval* out, void* /*zone*/) noexcept {
    const auto time = now();
    *out = {.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t* out) noexcept {
    const auto seconds = now().tv_sec;
    if (out != nullptr) *out = seconds;
    return seconds;
}

int nanosleep(const timespec* duration, timespec* /*left*/) {
    return sleep_until(the_time().load() + in_nanoseconds(*duration));
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* when, timespec* /*left*/) {
    const bool absolute = (flags & TIMER_ABSTIME) != 0;
    if (clock == CLOCK_REALTIME && absolute) return sleep_until(in_nanoseconds(*when));
    if (absolute) return static_cast<int>(-syscall(SYS_clock_nanosleep, clock, flags, when, nullptr));
    return sleep_until(the_time().load() + in_nanoseconds(*when));
}
}
