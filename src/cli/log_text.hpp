#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "logging/logger.hpp"

namespace ci_lambda::cli {

/// A log line, one JSON object, as a sentence for a person: "note: api: deployment retry: .. (ThrottlingException: Rate
/// exceeded; again in 5 s)". `nullopt` for those that say what the command itself says in the end: a failure is said
/// once. With LOG_LEVEL=debug come the lines of debug and info too, with all of their fields.
[[nodiscard]] std::optional<std::string> log_sentence(std::string_view json_line);

/// Tells a person what the log tells machines.
class SentenceSink final : public LogSink {
public:
    explicit SentenceSink(Console& console) : console_(console) {}
    void write(std::string_view line) override;

private:
    Console& console_;
};

}  // namespace ci_lambda::cli
