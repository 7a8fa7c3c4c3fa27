// URLs of endpoints and webhooks: what the configuration thinks of them, and what libcurl does.

#include "net/url.hpp"
#include "config/values.hpp"
#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const std::string input(fuzzing::text_of(data, size));
    const auto url = parse_url(input);
    const auto host = split_url(input).host;
    if (!url || host.empty()) return 0;
    // A webhook may go without encryption to this machine only, and it is libcurl that goes there.
    fuzzing::require(!is_loopback(url->host) || is_loopback(to_lower(host)), "libcurl goes to this machine, too", host);
    // libcurl writes addresses in its own way (127.1 is 127.0.0.1); names stay what they are.
    if (url->host.find_first_not_of("0123456789abcdefx.:[]") != std::string::npos)
        fuzzing::require(url->host == to_lower(host), "libcurl sees the same host", host);
    return 0;
}
