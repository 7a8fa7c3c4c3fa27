#include "bench/driver/cpu_limit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <system_error>
#include <thread>

namespace ci_lambda::bench {
namespace {

namespace fs = std::filesystem;

/// Never makes a file: what is not there is not a control group's.
bool write_to(const fs::path& file, std::string_view text) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
}

class ControlGroup final : public CpuLimit {
public:
    ControlGroup(fs::path directory, std::string_view name) : directory_(std::move(directory)), name_(name) {}
    ControlGroup(const ControlGroup&) = delete;
    ControlGroup& operator=(const ControlGroup&) = delete;
    ~ControlGroup() override { ::rmdir(directory_.c_str()); }

    [[nodiscard]] bool set(std::string_view file, const std::string& value) const {
        return write_to(directory_ / file, value);
    }

    Status hold(pid_t process) override {
        if (set("cgroup.procs", std::to_string(process))) return {};
        return fail(ErrorKind::kInternal,
                    fmt::format("process {} cannot be put into {}", process, directory_.string()));
    }
    [[nodiscard]] std::string_view name() const override { return name_; }

private:
    fs::path directory_;
    std::string_view name_;
};

/// An empty group below `parent`; nullptr where that is not allowed.
std::unique_ptr<ControlGroup> group_below(const fs::path& parent, std::string_view name) {
    const auto directory = parent / fmt::format("ci_lambda_bench_{}", ::getpid());
    std::error_code error;
    if (!fs::create_directory(directory, error)) return nullptr;
    return std::make_unique<ControlGroup>(directory, name);
}

std::unique_ptr<CpuLimit> version_2(CpuShare share) {
    auto group = group_below("/sys/fs/cgroup", "a control group (v2)");
    if (!group || !group->set("cpu.max", fmt::format("{} {}", share.quota.count(), share.period.count())))
        return nullptr;
    return group;
}

std::unique_ptr<CpuLimit> version_1(CpuShare share) {
    auto group = group_below("/sys/fs/cgroup/cpu", "a control group (v1)");
    if (!group || !group->set("cpu.cfs_period_us", std::to_string(share.period.count())) ||
        !group->set("cpu.cfs_quota_us", std::to_string(share.quota.count())))
        return nullptr;
    return group;
}

class DutyCycle final : public CpuLimit {
public:
    explicit DutyCycle(CpuShare share) : share_(share) {}

    Status hold(pid_t process) override {
        thread_ = std::jthread([share = share_, process](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                ::kill(process, SIGCONT);
                std::this_thread::sleep_for(share.quota);
                ::kill(process, SIGSTOP);
                std::this_thread::sleep_for(share.period - share.quota);
            }
            ::kill(process, SIGCONT);
        });
        return {};
    }
    [[nodiscard]] std::string_view name() const override { return "SIGSTOP and SIGCONT"; }

private:
    CpuShare share_;
    std::jthread thread_;
};

}  // namespace

std::unique_ptr<CpuLimit> cpu_limit(CpuShare share) {
    if (auto group = version_2(share)) return group;
    if (auto group = version_1(share)) return group;
    return std::make_unique<DutyCycle>(share);
}

}  // namespace ci_lambda::bench
