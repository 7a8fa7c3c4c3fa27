#pragma once

// How single values are read: for config/, and for what reads variables of AWS before there is a `Config`.

#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda {

/// true/false, 1/0, yes/no, on/off, enabled/disabled in any case, with blanks around them.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

/// A value for an error message: on one line, so that it cannot look like the next problem, and cut.
[[nodiscard]] std::string shown(std::string_view value);
/// The same in quotes.
[[nodiscard]] std::string in_quotes(std::string_view value);

/// As much of an `http://` or `https://` URL as the settings need.
struct Url {
    bool https = false;
    std::string host;  ///< without port; an IPv6 address in its brackets
    std::string path;  ///< from the first slash on, query included; may be empty
};

/// `nullopt` for anything but scheme, host, optional port and path. User and password are refused: a URL is logged
/// now and then.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

/// `localhost`, 127.0.0.0/8 and `[::1]`.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace ci_lambda
