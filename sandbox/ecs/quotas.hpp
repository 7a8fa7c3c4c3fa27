#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// How many requests an account may make in a region (ECS API Reference, "Request throttling for the Amazon ECS API"):
/// a bucket of tokens for each kind of request, which fills again with time. They are counted by the clock on the wall,
/// however fast deployments go.
class RequestQuotas {
public:
    explicit RequestQuotas(WallTime now);

    /// Takes a token for this operation; false when there is none, and the request is to be throttled.
    [[nodiscard]] bool admits(std::string_view operation, WallTime now);

private:
    struct Bucket {
        std::span<const std::string_view> operations;
        double burst;
        double per_second;
        double tokens;
        WallTime filled_at;
    };
    std::vector<Bucket> buckets_;
};

}  // namespace ci_lambda::sandbox
