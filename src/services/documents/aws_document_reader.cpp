#include "services/documents/aws_document_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/references.hpp"
#include "base/retry.hpp"
#include "services/aws/environment.hpp"
#include "services/s3/client.hpp"
#include "services/secrets_manager/client.hpp"
#include "services/ssm/client.hpp"

namespace ci_lambda {
namespace {

/// Short waits: an event may be waiting for the document.
constexpr RetryPolicy kRetries{.max_retries = 2, .first_wait = Milliseconds{250}};

}  // namespace

Result<AwsEndpointOptions> AwsDocumentReader::endpoint_of(const AwsService& service,
                                                          std::string_view arn_or_name) const {
    TRY_ASSIGN(auto options, endpoint_options_from(environment_, service));
    if (const auto region = region_of_arn(arn_or_name); !region.empty()) options.region = region;
    return options;
}

AwsDocumentReader::Read AwsDocumentReader::read_parameter(const std::string& name, Deadline deadline) {
    TRY_ASSIGN(auto options, endpoint_of(kSsmService, name));
    SsmClient client(std::move(options), http_, credentials_, clock_, sleeper_, logger_);
    TRY_ASSIGN(auto parameter, client.get_parameter(name, deadline));
    return SourceText{.text = std::move(parameter.value), .version = std::move(parameter.version)};
}

AwsDocumentReader::Read AwsDocumentReader::read_secret(const std::string& id, Deadline deadline) {
    TRY_ASSIGN(auto options, endpoint_of(kSecretsManagerService, id));
    SecretsManagerClient client(std::move(options), http_, credentials_, clock_, sleeper_, logger_);
    TRY_ASSIGN(auto secret, client.get_secret_text(id, deadline));
    return SourceText{.text = std::move(secret.text), .version = std::move(secret.version_id)};
}

AwsDocumentReader::Read AwsDocumentReader::read_object(const SourceRef& source, std::string_view if_not_version,
                                                       Deadline deadline) {
    TRY_ASSIGN(auto options, endpoint_of(kS3Service, {}));
    S3Client client(std::move(options), http_, credentials_, clock_, sleeper_, logger_);
    TRY_ASSIGN(auto object, client.get_object(source.bucket, source.text, if_not_version, deadline));
    if (!object) return std::nullopt;
    return SourceText{.text = std::move(object->body), .version = std::move(object->etag)};
}

AwsDocumentReader::Read AwsDocumentReader::read_once(const SourceRef& source, std::string_view if_not_version,
                                                     Deadline deadline) {
    switch (source.kind) {
        case SourceRef::Kind::kSsm: return read_parameter(source.text, deadline);
        case SourceRef::Kind::kS3: return read_object(source, if_not_version, deadline);
        case SourceRef::Kind::kSecretsManager: return read_secret(source.text, deadline);
        case SourceRef::Kind::kInline:
        case SourceRef::Kind::kFile: break;
    }
    return fail(ErrorKind::kInternal, "it is not at AWS");
}

Result<std::optional<SourceText>> AwsDocumentReader::read(const SourceRef& source, std::string_view if_not_version,
                                                          Deadline deadline) {
    int attempts = 0;
    auto text = with_retries<std::optional<SourceText>>(
        kRetries, clock_, sleeper_, deadline,
        [&](const RetryNotice& notice) {
            logger_.info("source read again: the last attempt failed", {{"source", to_string(source)},
                                                                        {"attempt", notice.attempt},
                                                                        {"wait_ms", notice.wait.count()},
                                                                        {log_key::kError, notice.error->message}});
        },
        attempts, [&] { return read_once(source, if_not_version, deadline); });
    if (!text) return std::unexpected(with_context(std::move(text).error(), to_string(source)));
    if (!*text) return std::nullopt;
    const auto& [content, version] = **text;
    if (!version.empty() && version == if_not_version) return std::nullopt;
    if (content.size() > kMaxDocumentBytes)
        return fail(ErrorKind::kConfiguration, fmt::format("{}: it has more than the {} bytes that are allowed",
                                                           to_string(source), kMaxDocumentBytes));
    return text;
}

}  // namespace ci_lambda
