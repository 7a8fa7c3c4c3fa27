#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace ci_lambda::sandbox {

/// Makes the ids that AWS hands out. The seed is injected, so that a test knows what comes. Thread-safe.
class Ids {
public:
    explicit Ids(std::uint64_t seed) : engine_(seed) {}

    /// A random UUID, version 4.
    [[nodiscard]] std::string uuid();
    /// Decimal digits, the first of them not 0.
    [[nodiscard]] std::string digits(std::size_t count);
    /// Lower-case hexadecimal digits.
    [[nodiscard]] std::string hex(std::size_t count);
    /// Letters, digits, `-` and `_`.
    [[nodiscard]] std::string token(std::size_t count);

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

}  // namespace ci_lambda::sandbox
