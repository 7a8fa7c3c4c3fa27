#pragma once

#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/story.hpp"

namespace ci_lambda::sandbox {

/// What the demo adds up.
struct Totals {
    std::size_t events = 0;
    std::size_t deployments = 0;
    std::size_t messages = 0;
    std::size_t surprises = 0;
    Milliseconds took{};
};

/// Writes for a person at a terminal, about 100 columns wide. Without colour there is no escape code in what it
/// writes; text from events and messages never brings one in. Thread-safe.
class Printer {
public:
    Printer(std::ostream& out, bool color) : out_(out), color_(color) {}

    /// `sandbox: ready at ..`: the line that programs wait for, printed first and flushed.
    void ready(std::uint16_t port);
    /// What to try.
    void welcome(std::uint16_t port);
    void demo_title();
    void story(const Story& story);
    /// What differs from what should have happened.
    void problems(const std::vector<std::string>& problems);
    void totals(const Totals& totals);
    void notice(std::string_view text);
    void log(std::string_view line);
    void log_tail(const std::vector<std::string>& lines);

private:
    std::mutex mutex_;
    std::ostream& out_;
    bool color_;
};

}  // namespace ci_lambda::sandbox
