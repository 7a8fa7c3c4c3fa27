#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// An event of our own.
struct BusEvent {
    std::string source;
    std::string detail_type;
    std::string detail;  ///< JSON, an object
};

/// The default event bus of EventBridge, for events of our own.
class EventBus {
public:
    EventBus() = default;
    EventBus(const EventBus&) = delete;
    EventBus& operator=(const EventBus&) = delete;
    virtual ~EventBus() = default;

    /// At most ten. All of them have arrived, or an error: some may have arrived then, and whoever sends them again
    /// sends those twice. kAccessDenied names the permission.
    virtual Status put(const std::vector<BusEvent>& events, Deadline deadline) = 0;
    static constexpr std::size_t kMostAtOnce = 10;
};

}  // namespace ci_lambda
