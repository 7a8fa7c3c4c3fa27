#include "bench/driver/function.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace ci_lambda::bench {
namespace {

/// In the child: waits until it is let go (by then it is in its control group), then becomes the program.
[[noreturn]] void become(const Function::Setup& setup, int gate) {
    ::setenv("AWS_LAMBDA_RUNTIME_API", setup.runtime_api.c_str(), 1);
    ::setenv("AWS_ENDPOINT_URL_ECS", setup.ecs_url.c_str(), 1);
    const int log = ::open(setup.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    std::string program = setup.program;
    std::array<char*, 2> arguments{program.data(), nullptr};
    char go = 0;
    if (::read(gate, &go, 1) == 1) ::execv(program.c_str(), arguments.data());
    ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<Function>> Function::start(const Setup& setup) {
    std::unique_ptr<Function> function(new Function);
    std::array<int, 2> gate{};
    if (::pipe2(gate.data(), O_CLOEXEC) != 0) return fail(ErrorKind::kInternal, "no pipe could be made");
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(gate[1]);
        become(setup, gate[0]);
    }
    ::close(gate[0]);
    if (pid < 0) return fail(ErrorKind::kInternal, "no process could be made");
    function->pid_ = pid;
    function->end_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    Status held;
    if (setup.share) {
        function->limit_ = cpu_limit(*setup.share);
        held = function->limit_->hold(pid);
    }
    function->started_ = std::chrono::steady_clock::now();
    const bool released = held && ::write(gate[1], "x", 1) == 1;
    ::close(gate[1]);
    TRY(held);
    if (!released) return fail(ErrorKind::kInternal, fmt::format("{} could not be started", setup.program));
    return function;
}

Function::~Function() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (end_descriptor_ >= 0) ::close(end_descriptor_);
}

std::chrono::nanoseconds Function::cpu_time() const {
    clockid_t clock = 0;
    timespec time{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

long Function::peak_kb() const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    std::string key;
    long value = 0;
    while (status >> key)
        if (key == "VmHWM:") status >> value;
    return value;
}

}  // namespace ci_lambda::bench
