#pragma once

#include <array>
#include <csignal>
#include <string>

namespace ci_lambda::cli {

/// As long as it lives, whoever ends the program with Ctrl-C or SIGTERM is told `text` on standard error, and the
/// program ends by that signal, as it would have. A signal that is ignored (nohup, a job in the background) stays so.
/// One at a time.
class FarewellOnSignal {
public:
    explicit FarewellOnSignal(const std::string& text);
    ~FarewellOnSignal();
    FarewellOnSignal(const FarewellOnSignal&) = delete;
    FarewellOnSignal& operator=(const FarewellOnSignal&) = delete;

private:
    static constexpr std::array kSignals{SIGINT, SIGTERM};
    std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace ci_lambda::cli
