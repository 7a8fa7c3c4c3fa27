#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sandbox/record/bounded_record.hpp"

namespace ci_lambda::sandbox {

/// One call of the ECS API.
struct EcsCall {
    WallTime at;
    std::string caller;      ///< access key id
    std::string invocation;  ///< request id of the invocation that made it; empty for anybody else's call
    std::string operation;
    std::string request;      ///< JSON
    int status = 0;           ///< of HTTP; 0: the connection was closed without an answer
    std::string response;     ///< JSON
    std::string target = {};  ///< where; empty: there is one place only, or none of this name
};

/// One message that the Slack inbox took, or refused.
struct SlackMessage {
    WallTime at;
    std::string invocation;  ///< request id of the invocation that was running; empty for none
    std::string payload;     ///< as sent
    int status = 200;
    std::string answer;                           ///< "ok", or why it was refused
    std::size_t number = 0;                       ///< how many came before it
    std::optional<std::string> replaced_by = {};  ///< by what an answer to one of its buttons has put in its place
    std::vector<std::string> to_one = {};         ///< what only whoever has pressed one was told
};

/// What was said to the sandbox's ECS and Slack, in order: the latest of it, within bounds for either. Thread-safe.
class Journal {
public:
    explicit Journal(RecordBounds bounds = {}) : calls_(bounds), messages_(bounds) {}

    void add(EcsCall call);
    /// Gives it its number.
    void add(SlackMessage message);
    /// Puts this in the place of a message, or adds what only one person sees; false where there is no such message any
    /// more.
    bool answer_message(std::size_t number, std::string payload, bool replaces);
    [[nodiscard]] std::vector<EcsCall> calls() const;
    [[nodiscard]] std::vector<SlackMessage> messages() const;
    [[nodiscard]] std::vector<EcsCall> calls_of(const std::string& invocation) const;
    [[nodiscard]] std::vector<SlackMessage> messages_of(const std::string& invocation) const;

private:
    mutable std::mutex mutex_;
    BoundedRecord<EcsCall> calls_;
    BoundedRecord<SlackMessage> messages_;
};

}  // namespace ci_lambda::sandbox
