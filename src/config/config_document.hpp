#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "config/document_source.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// The configuration of a process that lives long: read once at its start, and looked at again between events. Holds
/// what the document and the secrets said last. Not thread-safe: an event must not be handled meanwhile.
class ConfigDocument {
public:
    struct Options {
        Milliseconds max_age = std::chrono::minutes{5};      ///< what was looked at longer ago is looked at again
        Milliseconds retry_after = std::chrono::minutes{1};  ///< after a look that failed
        Milliseconds patience = std::chrono::seconds{2};     ///< of one look between events
        /// What else has to be right before a configuration is in force, such as a file that it names.
        std::function<Status(const Config&)> check = [](const Config&) -> Status { return {}; };
    };
    /// All must outlive it.
    ConfigDocument(Options options, const Environment& environment, DocumentReader& reader, const Clock& clock)
        : options_(std::move(options)), environment_(environment), reader_(reader), clock_(clock) {}

    /// At a cold start: the environment, the document that CI_LAMBDA_CONFIG names, and the secrets that either refers
    /// to. Any failure is kConfiguration, for there is no configuration then.
    [[nodiscard]] Result<LoadedConfig> load(Deadline deadline);

    /// Between events, after `load`: a new configuration when document or secrets have changed, else `nullopt`. Looks
    /// only when the last look is older than `max_age`, and then asks by version. What cannot be read, or is wrong,
    /// changes nothing: it is logged as a warning, and tried again after `retry_after`.
    [[nodiscard]] std::optional<LoadedConfig> refresh(Deadline deadline, const Logger& logger);

private:
    /// Something outside of the environment, as it was when it was last read.
    struct Read {
        SourceRef source;
        SourceText text;
    };

    [[nodiscard]] bool changes() const;
    [[nodiscard]] bool is_due() const;
    [[nodiscard]] Result<Read> read(const SourceRef& source, const std::vector<Read>& known, Deadline deadline);
    [[nodiscard]] Result<LoadedConfig> read_all(std::vector<Read>& read, Deadline deadline);
    void tell_failure(const Error& error, const Logger& logger);
    [[nodiscard]] std::string described() const;

    Options options_;
    const Environment& environment_;
    DocumentReader& reader_;
    const Clock& clock_;
    std::vector<Read> in_force_;   // what the configuration in force was made of
    std::vector<Read> last_read_;  // what was read last, if only to find it wrong: not transferred again
    WallTime good_since_;          // when it was last known that what is in force is what there is
    WallTime looked_at_;
    std::size_t failures_ = 0;  // since then
};

}  // namespace ci_lambda
