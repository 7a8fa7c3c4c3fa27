#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ci_lambda {

using Sha256 = std::array<unsigned char, 32>;

/// One hash of several texts; where one ends and the next begins counts, too. `nullopt`: OpenSSL offers none.
[[nodiscard]] std::optional<Sha256> sha256(std::span<const std::string_view> parts);

/// `sha256:` and the hash of the text in hexadecimal digits, as registries of images have it.
[[nodiscard]] std::string sha256_digest_of(std::string_view text);

}  // namespace ci_lambda
