#include <fmt/format.h>
#include <unistd.h>

#include "net/curl_http_client.hpp"

namespace ci_lambda {
namespace {

bool readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

Result<std::optional<std::string>> named_by(std::string_view variable, const std::string& path) {
    if (readable(path)) return path;
    return fail(ErrorKind::kConfiguration,
                fmt::format("{} names {}, which cannot be read: it should be a PEM file with root certificates; "
                            "unset it to use the system's",
                            variable, path));
}

}  // namespace

std::vector<std::string> usual_ca_bundles() {
    return {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"};
}

Result<std::optional<std::string>> find_ca_bundle(const std::optional<std::string>& configured,
                                                  const Environment& environment,
                                                  const std::vector<std::string>& candidates) {
    if (configured) return named_by("AWS_CA_BUNDLE", *configured);
    if (const auto file = environment.get_non_empty("SSL_CERT_FILE")) return named_by("SSL_CERT_FILE", *file);
    for (const auto& path : candidates)
        if (readable(path)) return path;
    return std::nullopt;
}

}  // namespace ci_lambda
