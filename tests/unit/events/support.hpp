#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {

/// An event of EventBridge; `detail` is JSON.
inline std::string event_json(const std::string& source, const std::string& detail_type, const std::string& detail) {
    return R"({"version":"0","id":"1","detail-type":")" + detail_type + R"(","source":")" + source +
           R"(","account":"123456789012","time":"2026-01-31T09:05:03Z","region":"us-east-1","resources":[],"detail":)" +
           detail + "}";
}

/// The event, which is of this kind.
template <typename Body>
Body decode_as(const std::string& bytes) {
    const auto event = decode_event(bytes);
    EXPECT_THAT(event, IsOk()) << bytes;
    if (!event || !std::holds_alternative<Body>(event->body)) {
        ADD_FAILURE() << "another kind of event: " << bytes;
        return Body{};
    }
    return std::get<Body>(event->body);
}

/// Why the event is of no interest.
inline std::string other_reason(const std::string& bytes) { return decode_as<OtherEvent>(bytes).reason; }

}  // namespace ci_lambda::testing
