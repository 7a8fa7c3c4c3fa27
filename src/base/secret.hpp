#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace ci_lambda {

/// A value that must not be printed: webhook URLs, secret keys, session tokens. It prints as `***` wherever it is
/// formatted; `reveal()` is for the one place that puts it on the wire.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}

    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    friend bool operator==(const Secret&, const Secret&) = default;

private:
    std::string value_;
};

}  // namespace ci_lambda

template <>
struct fmt::formatter<ci_lambda::Secret> : fmt::formatter<std::string_view> {
    template <typename Context>
    auto format(const ci_lambda::Secret& secret, Context& context) const {
        return fmt::formatter<std::string_view>::format(secret.empty() ? "(none)" : "***", context);
    }
};
