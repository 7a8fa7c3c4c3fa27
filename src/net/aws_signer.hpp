#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace ci_lambda {

/// Makes AWS Signatures Version 4, in the `Authorization` header, with the body's hash:
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// Why libcurl's is not used: docs/adr/0009-requests-are-signed-here.md. Thread-safe.
class AwsSigner {
public:
    /// What is signed of a request, as it goes over the wire. Views are needed during the call only.
    struct Parts {
        std::string_view method;
        std::string_view host;                ///< the value of its Host header
        std::string_view path;                ///< as in the request line, without the query
        std::string_view query = {};          ///< as in the request line, without the `?`; names and values escaped
        std::span<const HttpHeader> headers;  ///< further ones, in any order and case, none twice
        std::string_view body;
    };

    AwsSigner();
    ~AwsSigner();

    /// The headers that the request lacks: X-Amz-Date, X-Amz-Security-Token if the credentials have a token,
    /// X-Amz-Content-Sha256 for S3, and Authorization. AWS takes them for five minutes. Fails (kCredentials) when a key
    /// is empty.
    [[nodiscard]] Result<std::vector<HttpHeader>> sign(const Parts& parts, const Signing& signing, WallTime now);

private:
    class Hashes;
    std::unique_ptr<Hashes> hashes_;
};

}  // namespace ci_lambda
