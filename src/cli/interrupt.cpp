#include "cli/interrupt.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>

namespace ci_lambda::cli {
namespace {

// A signal handler knows nothing but what is global, and may not allocate. Written before it is installed, read in it.
constexpr std::size_t kLongest = 4096;
std::array<char, kLongest> farewell_text;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): see above
std::size_t farewell_size = 0;             // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): see above

extern "C" void say_farewell(int signal) {
    (void)!::write(STDERR_FILENO, farewell_text.data(), farewell_size);
    // SA_RESETHAND has put the default back: this ends the program, once the handler has returned.
    ::raise(signal);
}

}  // namespace

FarewellOnSignal::FarewellOnSignal(const std::string& text) {
    const auto words = "\n" + text;  // the terminal has written "^C" at the beginning of the line
    farewell_size = std::min(words.size(), kLongest);
    std::copy_n(words.begin(), farewell_size, farewell_text.begin());
    struct sigaction action{};
    action.sa_handler = &say_farewell;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals.at(i), nullptr, &before_.at(i));
        if (before_.at(i).sa_handler != SIG_IGN) ::sigaction(kSignals.at(i), &action, nullptr);
    }
}

FarewellOnSignal::~FarewellOnSignal() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals.at(i), &before_.at(i), nullptr);
}

}  // namespace ci_lambda::cli
