#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/config.hpp"
#include "sandbox/record/journal.hpp"
#include "sandbox/runtime/invocations.hpp"
#include "sandbox/terminal/explain.hpp"

namespace ci_lambda::sandbox {

/// A call of the ECS API in a few words.
struct CallText {
    std::string operation;
    std::string arguments;
    std::string answer;
    bool ok = true;
    std::string target = {};  ///< where; empty where there is one only
};

[[nodiscard]] CallText describe_call(const EcsCall& call);

/// How an invocation ended.
struct Ending {
    bool ok = true;
    std::string status;  ///< the answer's status ("deployed"), or the error's type
    std::string detail;  ///< the answer's sentence, or the error's message
    Milliseconds took{};
};

[[nodiscard]] Ending ending_of(const InvocationRecord& invocation);

/// Everything about one event: what it was, what was decided, what was called, what people were told.
struct Story {
    std::size_t number = 0;
    std::string title;  ///< empty outside of the demo
    std::string event;  ///< the beginning of it, as it came
    Explanation explanation;
    std::vector<EcsCall> calls;
    std::vector<SlackMessage> messages;
    Ending ending;
};

/// `several_targets`: the event's region is a fact of it, and what was decided is taken from the answer, as with
/// discovery.
[[nodiscard]] Story make_story(std::size_t number, std::string title, const InvocationRecord& invocation,
                               const Journal& journal, const Config& config, bool several_targets = false);

}  // namespace ci_lambda::sandbox
