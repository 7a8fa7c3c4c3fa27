#include "services/aws/decode.hpp"

#include <chrono>

#include "base/json.hpp"

namespace ci_lambda {

std::optional<WallTime> find_epoch_seconds(const Json& object, std::string_view key) {
    /// The year 2200 or so: beyond it a system clock's nanoseconds overflow.
    constexpr double kLatest = 7.3e9;
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const auto seconds = value->get<double>();
    if (seconds < 0 || seconds > kLatest) return std::nullopt;
    return WallTime{std::chrono::round<Milliseconds>(std::chrono::duration<double>(seconds))};
}

}  // namespace ci_lambda
