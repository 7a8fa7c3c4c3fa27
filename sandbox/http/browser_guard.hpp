#pragma once

#include <optional>
#include <string>

namespace ci_lambda::sandbox {

/// What a request says of who sends it; empty where it says nothing.
struct Sender {
    std::string host;            ///< `Host`
    std::string origin;          ///< `Origin`
    std::string sec_fetch_site;  ///< `Sec-Fetch-Site`
};

/// Why this request is not answered; nullopt for one that is. Any page that a browser of this machine shows can send
/// requests to 127.0.0.1. It must not drive the sandbox: neither from its own site, which browsers name in Origin and
/// Sec-Fetch-Site, nor by a name of its own that resolves to 127.0.0.1 (DNS rebinding), which is in Host. Programs send
/// a Host that is this machine, on any port (a tunnel has another one), and neither of the others.
[[nodiscard]] std::optional<std::string> why_refused(const Sender& sender);

}  // namespace ci_lambda::sandbox
