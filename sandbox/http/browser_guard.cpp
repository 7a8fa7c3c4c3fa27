#include "sandbox/http/browser_guard.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::array<std::string_view, 3> kThisMachine{"127.0.0.1", "localhost", "[::1]"};

bool is_port(std::string_view text) {
    return text.empty() || (text.starts_with(':') && text.size() > 1 &&
                            std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_this_machine(std::string_view host) {
    return std::ranges::any_of(kThisMachine, [&](std::string_view name) {
        return host.starts_with(name) && is_port(host.substr(name.size()));
    });
}

}  // namespace

std::optional<std::string> why_refused(const Sender& sender) {
    const std::string host = to_lower(sender.host);
    if (!is_this_machine(host)) return "the header Host names another machine than 127.0.0.1 or localhost";
    if (!sender.origin.empty() && to_lower(sender.origin) != "http://" + host)
        return "the sandbox is not for pages of other sites (header Origin)";
    if (!sender.sec_fetch_site.empty() && sender.sec_fetch_site != "none" && sender.sec_fetch_site != "same-origin")
        return "the sandbox is not for pages of other sites (header Sec-Fetch-Site)";
    return std::nullopt;
}

}  // namespace ci_lambda::sandbox
