#include "sandbox/host/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

sigset_t watched_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void()> on_signal) : on_signal_(std::move(on_signal)) {
    const sigset_t signals = watched_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
    end_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
    (void)::eventfd_write(end_, 1);
    thread_.join();
    ::close(signals_);
    ::close(end_);
    const sigset_t signals = watched_signals();
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void SignalWatcher::watch() {
    std::array<pollfd, 2> sources{pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = end_, .events = POLLIN, .revents = 0}};
    while (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) {
    }
    if ((sources[0].revents & POLLIN) == 0) return;
    signalfd_siginfo info{};
    (void)!::read(signals_, &info, sizeof(info));  // taken, so that it does not end the process once it is unblocked
    on_signal_();
}

}  // namespace ci_lambda::sandbox
