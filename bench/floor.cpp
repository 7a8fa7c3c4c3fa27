// The floor of the bench: a Lambda that speaks the Runtime API over a bare socket and does nothing but answer.
// What it needs from its start to the first `next` is what the kernel asks of any static program.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::string_view kRequestId = "Lambda-Runtime-Aws-Request-Id: ";
constexpr std::string_view kLength = "Content-Length: ";
constexpr std::string_view kEndOfHeaders = "\r\n\r\n";

int connect_to(const char* host_and_port) {
    const std::string_view address(host_and_port);
    const auto colon = address.rfind(':');
    std::array<char, INET_ADDRSTRLEN> host{};
    if (colon >= host.size()) return -1;  // too long for an address, or no colon at all
    address.copy(host.data(), colon);

    sockaddr_in to{};
    to.sin_family = AF_INET;
    const auto port = static_cast<std::uint16_t>(std::strtoul(host_and_port + colon + 1, nullptr, 10));
    to.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.data(), &to.sin_addr) != 1) return -1;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return -1;
    return fd;
}

bool send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// The value of a header, up to the end of its line; empty when there is none.
std::string_view value_of(std::string_view headers, std::string_view name) {
    const auto at = headers.find(name);
    if (at == std::string_view::npos) return {};
    const auto value = headers.substr(at + name.size());
    return value.substr(0, value.find('\r'));
}

/// One whole answer, in `buffer`. Returns its headers; empty when the connection is gone.
std::string_view receive(int fd, std::array<char, 65536>& buffer) {
    std::size_t have = 0;
    for (;;) {
        const auto got = ::recv(fd, buffer.data() + have, buffer.size() - have, 0);
        if (got <= 0) return {};
        have += static_cast<std::size_t>(got);
        const std::string_view text(buffer.data(), have);
        const auto end = text.find(kEndOfHeaders);
        if (end == std::string_view::npos) continue;
        const auto headers = text.substr(0, end + kEndOfHeaders.size());
        const auto length = value_of(headers, kLength);
        std::size_t body = 0;
        std::from_chars(length.data(), length.data() + length.size(), body);
        if (have >= headers.size() + body) return headers;
    }
}

}  // namespace

int main() {
    const char* address = std::getenv("AWS_LAMBDA_RUNTIME_API");
    const int fd = address == nullptr ? -1 : connect_to(address);
    if (fd < 0) return 1;

    static std::array<char, 65536> buffer;
    std::array<char, 512> answer{};
    while (send_all(fd, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n")) {
        const auto id = value_of(receive(fd, buffer), kRequestId);
        if (id.empty()) return 1;
        const int size = std::snprintf(answer.data(), answer.size(),
                                       "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\n"
                                       "Host: lambda\r\nContent-Length: 2\r\n\r\n{}",
                                       static_cast<int>(id.size()), id.data());
        if (!send_all(fd, {answer.data(), static_cast<std::size_t>(size)}) || receive(fd, buffer).empty()) return 1;
    }
    return 1;
}
