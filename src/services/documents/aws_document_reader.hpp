#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/document_source.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/endpoint.hpp"

namespace ci_lambda {

/// Reads what is at AWS: parameters, objects of S3 and secrets. What fails for a moment (throttling, 5xx, a broken
/// connection) is tried again, twice at most. An ARN of another region is read there. Endpoints and region come from
/// the environment, because there may be no `Config` yet. Nothing that was read gets into the log. Whatever is passed
/// in must outlive it.
class AwsDocumentReader final : public DocumentReader {
public:
    AwsDocumentReader(const Environment& environment, HttpClient& http, CredentialsProvider& credentials,
                      const Clock& clock, Sleeper& sleeper, const Logger& logger)
        : environment_(environment),
          http_(http),
          credentials_(credentials),
          clock_(clock),
          sleeper_(sleeper),
          logger_(logger) {}

    [[nodiscard]] Result<std::optional<SourceText>> read(const SourceRef& source, std::string_view if_not_version,
                                                         Deadline deadline) override;

private:
    using Read = Result<std::optional<SourceText>>;

    Read read_once(const SourceRef& source, std::string_view if_not_version, Deadline deadline);
    Read read_parameter(const std::string& name, Deadline deadline);
    Read read_secret(const std::string& id, Deadline deadline);
    Read read_object(const SourceRef& source, std::string_view if_not_version, Deadline deadline);
    /// `arn_or_name`: an ARN names the region, too.
    Result<AwsEndpointOptions> endpoint_of(const AwsService& service, std::string_view arn_or_name) const;

    const Environment& environment_;
    HttpClient& http_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
