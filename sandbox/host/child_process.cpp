#include "sandbox/host/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <utility>
#include <vector>

namespace ci_lambda::sandbox {
namespace {

constexpr int kTickMilliseconds = 100;
/// Lambda's own limit (CloudWatch Logs quotas, "Event size"): what is longer becomes several lines.
constexpr std::size_t kLongestLine = std::size_t{256} * 1024;
constexpr int kCannotExecute = 127;  // as a shell has it

/// What runs in the child between fork and exec. Async-signal-safe calls only: the parent has threads.
[[noreturn]] void become(const char* program, char* const* environment, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotExecute);  // the parent died before it was being watched
    ::setpgid(0, 0);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
    // Sockets that httplib accepted are not close-on-exec.
    ::close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    ::signal(SIGPIPE, SIG_DFL);  // httplib ignores it, and ignoring is inherited
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const std::array<const char*, 2> arguments{program, nullptr};
    ::execve(program, const_cast<char* const*>(arguments.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
             environment);
    ::_exit(kCannotExecute);
}

}  // namespace

std::string to_string(const ProcessEnd& end) {
    if (!end.signalled) return fmt::format("exit status {}", end.code);
    const char* name = ::sigabbrev_np(end.code);
    return fmt::format("signal SIG{}", name == nullptr ? fmt::format(" {}", end.code) : std::string(name));
}

ChildProcess::~ChildProcess() {
    kill();
    if (pid_ > 0) (void)reap(0);
    if (output_ >= 0) ::close(output_);
}

Status ChildProcess::start(const std::string& program, const Environment& environment) {
    std::vector<std::string> variables;
    variables.reserve(environment.size());
    for (const auto& [name, value] : environment) variables.push_back(fmt::format("{}={}", name, value));
    std::vector<char*> pointers;
    for (auto& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);

    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail(ErrorKind::kInternal, "cannot make a pipe");
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(program.c_str(), pointers.data(), pipe[1], parent);
    ::close(pipe[1]);
    if (pid < 0) {
        ::close(pipe[0]);
        return fail(ErrorKind::kInternal, fmt::format("cannot start {}: fork failed", program));
    }
    const std::scoped_lock lock(mutex_);
    pid_ = pid;
    output_ = pipe[0];
    return {};
}

ProcessEnd ChildProcess::wait(const OnLine& on_line, const std::function<void()>& on_tick) {
    std::optional<ProcessEnd> end;
    for (bool open = true; open && !end;) {
        pollfd poll_output{.fd = output_, .events = POLLIN, .revents = 0};
        (void)::poll(&poll_output, 1, kTickMilliseconds);
        open = read_output(on_line);
        end = reap(WNOHANG);  // the end of the output may never come: a grandchild may hold it open
        on_tick();
    }
    if (!end) end = reap(0);
    (void)read_output(on_line);
    if (!partial_line_.empty()) on_line(std::exchange(partial_line_, {}));
    ::close(std::exchange(output_, -1));
    return end.value_or(ProcessEnd{});
}

bool ChildProcess::read_output(const OnLine& on_line) {
    std::array<char, 16384> buffer{};
    for (;;) {
        const auto size = ::read(output_, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == EAGAIN;
        if (size == 0) return false;
        partial_line_.append(buffer.data(), static_cast<std::size_t>(size));
        std::size_t begin = 0;
        for (auto end = partial_line_.find('\n'); end != std::string::npos; end = partial_line_.find('\n', begin)) {
            on_line(std::string_view(partial_line_).substr(begin, end - begin));
            begin = end + 1;
        }
        partial_line_.erase(0, begin);
        if (partial_line_.size() >= kLongestLine) on_line(std::exchange(partial_line_, {}));
    }
}

std::optional<ProcessEnd> ChildProcess::reap(int options) {
    // A blocking wait must not hold the lock that kill() needs; the zombie keeps the pid until the second call.
    if ((options & WNOHANG) == 0) {
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        }
    }
    const std::scoped_lock lock(mutex_);
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    if (WIFSIGNALED(status)) return ProcessEnd{.signalled = true, .code = WTERMSIG(status)};
    return ProcessEnd{.signalled = false, .code = WEXITSTATUS(status)};
}

void ChildProcess::kill() {
    const std::scoped_lock lock(mutex_);
    if (pid_ > 0) ::kill(pid_, SIGKILL);
}

}  // namespace ci_lambda::sandbox
