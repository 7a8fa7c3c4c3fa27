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

Result<ProcessOutput> run_process(const std::vector<std::string>& command, Milliseconds timeout) {
    Pipe out;
    Pipe err;
    if (!out.open() || !err.open()) return fail(ErrorKind::kInternal, "no pipe could be made");

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    const int failure = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0)
        return fail(
            failure == ENOENT ? ErrorKind::kNotFound : ErrorKind::kInternal,
            fmt::format("{} cannot be started ({})", command.front(), std::generic_category().message(failure)));
    out.write.close();
    err.write.close();

    ProcessOutput result;
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (out.read.get() >= 0 || err.read.get() >= 0) {
        const auto left = std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now());
        // A closed end is -1, which poll() passes over.
        std::array<pollfd, 2> watched{pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}};
        const int ready = left.count() > 0 ? ::poll(watched.data(), watched.size(), static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) {
            ::kill(child, SIGKILL);
            (void)wait_for(child);
            return fail(ErrorKind::kTimeout,
                        fmt::format("{} did not end within {} s", command.front(),
                                    std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
        }
        if (watched[0].revents != 0) drain(out.read, result.out);
        if (watched[1].revents != 0) drain(err.read, result.err);
    }
    result.exit_code = wait_for(child);
    return result;
}

}  // namespace ci_lambda
