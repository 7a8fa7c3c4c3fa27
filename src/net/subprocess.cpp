#include "net/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to the program

namespace ci_lambda {
namespace {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    void reset(int fd) {
        close();
        fd_ = fd;
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_ = -1;
};

struct Pipe {
    Descriptor read;
    Descriptor write;
    [[nodiscard]] bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        read.reset(ends[0]);
        write.reset(ends[1]);
        return true;
    }
};

int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return exit_code_of(status);
}

/// As `execve` takes them. The texts must outlive it.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// `NAME=value` of all variables but these.
std::vector<std::string> environment_without(const std::vector<std::string>& names) {
    std::vector<std::string> kept;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (std::ranges::find(names, text.substr(0, text.find('='))) == names.end()) kept.emplace_back(text);
    }
    return kept;
}

/// Reads what is there; closes the descriptor at its end.
void drain(Descriptor& from, std::string& into) {
    std::array<char, 4096> buffer{};
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got > 0)
        into.append(buffer.data(), static_cast<std::size_t>(got));
    else if (got == 0 || errno != EINTR)
        from.close();
}

}  // namespace

Result<ProcessOutput> run_process(const std::vector<std::string>& command, Milliseconds timeout,
                                  const std::vector<std::string>& kept_back) {
    Pipe out;
    if (!out.open()) return fail(ErrorKind::kInternal, "no pipe could be made");
    ProcessOutput result{.heard = ::isatty(STDERR_FILENO) == 1};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    if (!result.heard) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<std::string> words = command;
    auto argv = pointers_to(words);
    auto variables = environment_without(kept_back);
    auto envp = pointers_to(variables);
    pid_t child = 0;
    const int failure = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0)
        return fail(
            failure == ENOENT ? ErrorKind::kNotFound : ErrorKind::kInternal,
            fmt::format("{} cannot be started ({})", command.front(), std::generic_category().message(failure)));
    out.write.close();

    const auto end = std::chrono::steady_clock::now() + timeout;
    while (out.read.get() >= 0) {
        const auto left = std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now());
        pollfd watched{.fd = out.read.get(), .events = POLLIN, .revents = 0};
        const int ready = left.count() > 0 ? ::poll(&watched, 1, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) {
            ::kill(child, SIGKILL);
            (void)wait_for(child);
            return fail(ErrorKind::kTimeout,
                        fmt::format("{} did not end within {} s", command.front(),
                                    std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
        }
        drain(out.read, result.out);
    }
    result.exit_code = wait_for(child);
    return result;
}

}  // namespace ci_lambda
