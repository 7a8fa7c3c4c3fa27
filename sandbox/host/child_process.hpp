#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ci_lambda::sandbox {

/// How a process ended.
struct ProcessEnd {
    bool signalled = false;
    int code = 0;  ///< exit code, or the signal's number
};

/// "exit status 1", "signal: killed": the words of Lambda's own reports.
[[nodiscard]] std::string to_string(const ProcessEnd& end);

/// A program that runs as a child, in a process group of its own (so that Ctrl-C reaches its parent alone), with its
/// output coming to us. It dies with the thread that started it: that one must live as long as the child shall.
class ChildProcess {
public:
    using Environment = std::map<std::string, std::string>;

    /// Fails (kInternal) when the system cannot start a process.
    [[nodiscard]] Status start(const std::string& program, const Environment& environment);

    using OnLine = std::function<void(std::string_view)>;
    /// Reads the output until the process has ended. `on_line` gets each line of stdout and stderr; `on_tick` is called
    /// several times a second.
    [[nodiscard]] ProcessEnd wait(const OnLine& on_line, const std::function<void()>& on_tick);

    /// Ends it at once, as Lambda does (SIGKILL). From any thread; harmless when it has ended already.
    void kill();

    ChildProcess() = default;
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

private:
    [[nodiscard]] std::optional<ProcessEnd> reap(int options);
    /// False when there is nothing more to come.
    bool read_output(const OnLine& on_line);

    std::mutex mutex_;  // guards pid_: a pid may be signalled only as long as it has not been reaped
    pid_t pid_ = -1;
    int output_ = -1;
    std::string partial_line_;
};

}  // namespace ci_lambda::sandbox
