#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/site.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {

struct PutEvents {
    AwsAnswer answer;
    std::vector<std::string> events;  ///< the accepted entries as events, envelope and all, to be delivered
};

/// EventBridge's PutEvents on the default bus. As on AWS, a bad entry does not fail the call: it has its own ErrorCode
/// in the answer, and the others are delivered (EventBridge API reference, PutEvents).
[[nodiscard]] PutEvents put_events(std::string_view body, Ids& ids, WallTime now, const Site& site = shop::home());

}  // namespace ci_lambda::sandbox
