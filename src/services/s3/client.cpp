#include "services/s3/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "net/url.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 3> kNoSuchObject{"NoSuchKey", "NoSuchBucket", "NoSuchVersion"};

constexpr int kNotModified = 304;

/// S3 says where the bucket is when the request came to another region (Amazon S3 user guide, "Making requests"): by a
/// redirect, or by refusing the signature.
void name_the_region(Error& error, const AwsCall& /*call*/, const HttpResponse& response) {
    const auto* region = response.header("x-amz-bucket-region");
    const bool redirect = response.status >= 300 && response.status < 400;
    if (region == nullptr || !(redirect || error.code == "AuthorizationHeaderMalformed")) return;
    error.kind = ErrorKind::kConfiguration;
    error.message = fmt::format(
        "the bucket is in {}, and only buckets of the function's own region (AWS_REGION) are read: "
        "copy the object to one that is there",
        one_line(*region, 40));
}

/// A segment that URLs do not keep: `a/../b` is `b` to everybody on the way.
bool has_dot_segment(std::string_view key) {
    return std::ranges::any_of(split(key, '/'), [](const auto& part) { return part == "." || part == ".."; });
}

}  // namespace

constinit const AwsService kS3Service{.name = "s3",
                                      .title = "S3",
                                      .host = "s3",
                                      .signing_name = "s3",
                                      .endpoint_variable = "AWS_ENDPOINT_URL_S3",
                                      .not_found_codes = kNoSuchObject,
                                      .explain = &name_the_region,
                                      .signing_path = SigningPath::kAsSent,
                                      .dualstack_in_host = true};

S3Client::S3Client(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                   Sleeper& sleeper, const Logger& logger)
    : client_(kS3Service, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<std::optional<S3Object>> S3Client::get_object(const std::string& bucket, const std::string& key,
                                                     std::string_view if_not_etag, Deadline deadline) {
    if (has_dot_segment(key))
        return fail(ErrorKind::kConfiguration,
                    fmt::format("the key {} has a part \".\" or \"..\", which no URL can hold; "
                                "give the object another name",
                                key));
    AwsCall call{.operation = "GetObject", .method = "GET", .accepts_not_modified = true};
    const bool in_host = !client_.options().endpoint && !bucket.contains('.');
    if (in_host)
        call.host_prefix = bucket + '.';
    else
        call.path += bucket + '/';
    call.path += escape_path(key);
    if (!if_not_etag.empty()) call.headers.push_back({.name = "If-None-Match", .value = std::string(if_not_etag)});

    auto answer = client_.make(call, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        error.outcome_unknown = false;
        if (error.kind == ErrorKind::kAccessDenied)
            error.message += fmt::format(
                " (needs s3:GetObject on arn:{0}:s3:::{1}/{2}; without s3:ListBucket on arn:{0}:s3:::{1} S3 says the "
                "same "
                "of an object that does not exist)",
                partition_of(client_.options().region), bucket, key);
        return std::unexpected(std::move(error));
    }
    if (answer->status == kNotModified) return std::nullopt;
    const auto* etag = answer->header("etag");
    return S3Object{.body = std::move(answer->body), .etag = etag == nullptr ? "" : *etag};
}

}  // namespace ci_lambda
