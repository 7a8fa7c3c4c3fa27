#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/parameter_store/state.hpp"

namespace ci_lambda::sandbox {

struct ParameterStoreOptions {
    ParameterStoreState state;
    /// Called outside of the lock, before the call that brought the event about returns.
    EventSink on_event = {};
};

/// The Parameter Store of AWS Systems Manager: state and operations, no HTTP, and no keys. Request and answer are those
/// of its API (version 2014-11-06), the errors in AWS's words. Thread-safe. Ids and clock must outlive it.
class ParameterStore {
public:
    ParameterStore(ParameterStoreOptions options, Ids& ids, const Clock& clock);

    /// `operation` without the target prefix: "GetParameter".
    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);

    /// The newest value of a parameter, in clear text; `nullopt` when there is none.
    [[nodiscard]] std::optional<std::string> text(std::string_view name_or_arn);
    /// A change calendar is closed from now on, or open. One that is not there is made.
    void set_calendar(const std::string& name, bool is_closed);
    /// Nobody hears of it: what only becomes known when the sandbox starts.
    void replace(const std::string& name, std::string value);

private:
    std::mutex mutex_;
    ParameterStoreState state_;
    Ids& ids_;
    const Clock& clock_;
    EventSink on_event_;
};

/// A parameter that somebody has made.
void add_parameter(ParameterStoreState& state, std::string name, std::string type, std::string value, WallTime now);

}  // namespace ci_lambda::sandbox
