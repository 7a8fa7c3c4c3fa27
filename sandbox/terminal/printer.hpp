#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/places/target.hpp"
#include "sandbox/terminal/story.hpp"

namespace ci_lambda::sandbox {

/// What the demo adds up.
struct Totals {
    std::size_t events = 0;
    std::size_t deployments = 0;
    std::size_t messages = 0;
    std::size_t surprises = 0;
    Milliseconds took{};
};

/// What is printed on.
struct Paper {
    static constexpr std::size_t kWidest = 100;
    static constexpr std::size_t kNarrowest = 60;

    bool color = false;
    std::size_t width = kWidest;  ///< columns, at least `kNarrowest`
};

/// The paper of this terminal; of what is no terminal, the widest.
[[nodiscard]] Paper paper_of(int descriptor, bool color);

/// Writes for a person at a terminal. What is too long for a line goes on in the next one: nothing is cut. Without
/// colour there is no escape code in what it writes; text from events and messages never brings one in. Thread-safe.
class Printer {
public:
    Printer(std::ostream& out, Paper paper) : out_(out), paper_(paper) {}

    /// `sandbox: ready at ..`: the line that programs wait for, printed first and flushed.
    void ready(std::uint16_t port);
    /// What to try. `program`: how `ci_lambda` is called; `targets`: named where there are several.
    void welcome(std::uint16_t port, std::string_view program, const std::vector<Target>& targets = {});
    void demo_title();
    void release_title();
    /// What happens next, between two stories.
    void chapter(std::string_view text);
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
    Paper paper_;
};

}  // namespace ci_lambda::sandbox
