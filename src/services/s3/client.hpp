#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"

namespace ci_lambda {

/// Amazon S3, as REST.
extern const AwsService kS3Service;

struct S3Object {
    std::string body;
    std::string etag;  ///< in its quotes; another one when the object has changed
};

/// Amazon S3 over HTTP. The log shows no objects. Whatever is passed in must outlive it.
///
/// The bucket stands in the host where that works: at AWS's own endpoints, for names without a dot (the certificates
/// are for one label). Else it stands in the path, which gateways, interface endpoints and emulators understand.
class S3Client {
public:
    S3Client(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
             Sleeper& sleeper, const Logger& logger);

    /// Idempotent. The object, or `nullopt` while its ETag still is `if_not_etag`, which is empty when none is known.
    /// kNotFound when there is no such object or bucket; kAccessDenied names the permission; kConfiguration for a key
    /// that no URL can hold, and for a bucket of another region.
    Result<std::optional<S3Object>> get_object(const std::string& bucket, const std::string& key,
                                               std::string_view if_not_etag, Deadline deadline);

private:
    AwsClient client_;
};

}  // namespace ci_lambda
