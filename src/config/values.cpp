#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestShownValue = 60;
constexpr unsigned long long kLargestPort = 65535;

constexpr std::array<std::string_view, 5> kTrueWords{"true", "1", "yes", "on", "enabled"};
constexpr std::array<std::string_view, 5> kFalseWords{"false", "0", "no", "off", "disabled"};

bool is_printable_ascii(char c) { return c > ' ' && c <= '~'; }

/// Where the host ends and its port begins: the colon, or npos when there is no port.
std::size_t port_separator(std::string_view authority) {
    if (!authority.starts_with('[')) return authority.find(':');
    const auto bracket = authority.find(']');
    return bracket == std::string_view::npos ? std::string_view::npos : authority.find(':', bracket);
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

bool is_host(std::string_view host) {
    if (host.starts_with('[')) {
        constexpr std::string_view kAddressCharacters = "0123456789abcdefABCDEF:.";
        const auto address = host.substr(1, host.size() - 2);
        return host.size() > 2 && host.ends_with(']') &&
               address.find_first_not_of(kAddressCharacters) == std::string_view::npos;
    }
    return !host.empty() && std::ranges::all_of(host, is_host_character);
}

bool is_port(std::string_view text) {
    const auto port = parse_unsigned(text);
    return port && *port > 0 && *port <= kLargestPort;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
    const std::string word = to_lower(trim(text));
    if (std::ranges::find(kTrueWords, word) != kTrueWords.end()) return true;
    if (std::ranges::find(kFalseWords, word) != kFalseWords.end()) return false;
    return std::nullopt;
}

std::string shown(std::string_view value) { return one_line(value, kLongestShownValue); }

std::string in_quotes(std::string_view value) { return fmt::format("\"{}\"", shown(value)); }

std::optional<Url> parse_url(std::string_view text) {
    if (!std::ranges::all_of(text, is_printable_ascii)) return std::nullopt;
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const std::string scheme = to_lower(text.substr(0, scheme_end));
    if (scheme != "https" && scheme != "http") return std::nullopt;

    const auto rest = text.substr(scheme_end + 3);
    const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
    const auto authority = rest.substr(0, authority_end);
    const auto colon = port_separator(authority);
    const auto host = authority.substr(0, colon);
    if (!is_host(host)) return std::nullopt;
    if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return std::nullopt;
    return Url{.https = scheme == "https", .host = to_lower(host), .path = std::string(rest.substr(authority_end))};
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "[::1]") return true;
    const auto parts = split(host, '.');
    return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, [](const std::string& part) {
               const auto number = parse_unsigned(part);
               return number && *number <= 255;
           });
}

}  // namespace ci_lambda
