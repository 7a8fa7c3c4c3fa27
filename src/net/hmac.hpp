#pragma once

#include <string>
#include <string_view>

#include "net/sha256.hpp"

namespace ci_lambda {

/// HMAC-SHA-256 (RFC 2104); `nullopt`: OpenSSL offers none.
[[nodiscard]] std::optional<Sha256> hmac_sha256(std::string_view key, std::string_view text);

/// Whether two texts are the same, in a time that says nothing of where they differ: for what is secret. Their lengths
/// are no secret.
[[nodiscard]] bool same_in_constant_time(std::string_view one, std::string_view other);

}  // namespace ci_lambda
