#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda {

/// Base 64 for URLs and file names, without padding (RFC 4648, section 5).
[[nodiscard]] std::string encode_base64url(std::string_view bytes);
/// And back; `nullopt` for what `encode_base64url` never writes: each text of bytes has one encoding.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);
/// Base 64 as it is common (RFC 4648, section 4), with padding.
[[nodiscard]] std::string encode_base64(std::string_view bytes);
/// And back; `nullopt` for anything else.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace ci_lambda
