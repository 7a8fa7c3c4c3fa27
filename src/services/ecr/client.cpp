#include "services/ecr/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "net/sha256.hpp"
#include "services/ecr/decode.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kDescribeImages = "DescribeImages";
constexpr std::string_view kBatchGetImage = "BatchGetImage";
constexpr std::string_view kGetDownloadUrl = "GetDownloadUrlForLayer";

/// Configs have some kilobytes; the longest list of labels and of layers does not make a megabyte of them.
constexpr std::size_t kLargestConfig = std::size_t{1} * 1024 * 1024;

constexpr std::array<std::string_view, 3> kNotFoundCodes{"ImageNotFoundException", "RepositoryNotFoundException",
                                                         "LayersNotFoundException"};

/// What we can read. Without the two lists ECR may answer with the manifest of one platform, whose digest is another.
constexpr std::array kMediaTypes{
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
};

// "Amazon ECR service quotas" in the ECR user guide. What is not listed there, such as DescribeImages, is not paced.
constexpr std::array kGetImage{kBatchGetImage};
constexpr std::array<QuotaGroup, 1> kQuotas{{
    {"Rate of BatchGetImage requests", {.burst = 2000, .per_second = 2000}, kGetImage},
}};

/// `shop_api:v7`, `shop_api@sha256:..`, `shop_api:v7@sha256:..`
std::string name_of(const EcrRepository& repository, const EcrImageId& id) {
    return with_tag_and_digest({.registry = {}, .repository = repository.name, .tag = {}, .digest = {}}, id.tag,
                               id.digest);
}

std::string names_of(const EcrRepository& repository, std::span<const EcrImageId> ids) {
    constexpr std::size_t kMostNames = 5;
    std::vector<std::string> names;
    for (const auto& id : ids.first(std::min(ids.size(), kMostNames))) names.push_back(name_of(repository, id));
    auto text = join(names, ", ");
    if (ids.size() > kMostNames) text += fmt::format(" and {} more", ids.size() - kMostNames);
    return text;
}

std::string arn_of(const EcrRepository& repository, std::string_view region) {
    return fmt::format("arn:{}:ecr:{}:{}:repository/{}", partition_of(region), region,
                       repository.registry_id.empty() ? "*" : repository.registry_id, repository.name);
}

Json id_as_json(const EcrImageId& id) {
    Json json = Json::object();
    if (!id.tag.empty()) json["imageTag"] = id.tag;
    if (!id.digest.empty()) json["imageDigest"] = id.digest;
    return json;
}

Json request_for(const EcrRepository& repository, std::span<const EcrImageId> ids) {
    Json request{{"repositoryName", repository.name}, {"imageIds", Json::array()}};
    if (!repository.registry_id.empty()) request["registryId"] = repository.registry_id;
    for (const auto& id : ids) request["imageIds"].push_back(id_as_json(id));
    return request;
}

/// Says of which images, in which registry, and what is missing in whose policy.
Error explained(Error error, std::string_view operation, const EcrRepository& repository,
                std::span<const EcrImageId> ids, std::string_view region) {
    error.message += fmt::format(" ({} in {}{})", names_of(repository, ids), region,
                                 repository.registry_id.empty() ? "" : ", account " + repository.registry_id);
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format(
            " (needs ecr:{} on {}; in the registry of another account also a policy of the "
            "repository that allows it)",
            operation, arn_of(repository, region));
    return error;
}

}  // namespace

constinit const AwsService kEcrService{.name = "ecr",
                                       .title = "ECR",
                                       .host = "api.ecr",
                                       .dualstack_host = "ecr",
                                       .signing_name = "ecr",
                                       .endpoint_variable = "AWS_ENDPOINT_URL_ECR",
                                       .target_prefix = "AmazonEC2ContainerRegistry_V20150921.",
                                       .not_found_codes = kNotFoundCodes,
                                       .quotas = kQuotas};

EcrClient::EcrClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger)
    : client_(kEcrService, std::move(options), http, credentials, clock, sleeper, logger), http_(http), clock_(clock) {}

Result<std::vector<EcrImage>> EcrClient::describe_images(const EcrRepository& repository,
                                                         const std::vector<EcrImageId>& ids, Deadline deadline) {
    std::vector<EcrImage> images;
    for (std::span<const EcrImageId> rest(ids); !rest.empty();) {
        const auto asked = rest.first(std::min(rest.size(), kMaxImagesPerCall));
        rest = rest.subspan(asked.size());
        const auto answer = client_.read(kDescribeImages, request_for(repository, asked), deadline);
        if (!answer)
            return std::unexpected(
                explained(answer.error(), kDescribeImages, repository, asked, client_.options().region));
        TRY_ASSIGN(const auto* details, client_.require_array(*answer, "imageDetails"));
        for (const auto& detail : *details) {
            auto image = read_image(detail);
            if (std::ranges::find(images, image.digest, &EcrImage::digest) == images.end())
                images.push_back(std::move(image));
        }
    }
    return images;
}

Result<EcrManifest> EcrClient::get_manifest(const EcrRepository& repository, const EcrImageId& id, Deadline deadline) {
    const std::span<const EcrImageId> asked(&id, 1);
    auto request = request_for(repository, asked);
    request["acceptedMediaTypes"] = kMediaTypes;
    const auto explain = [&](Error error) {
        return std::unexpected(
            explained(std::move(error), kBatchGetImage, repository, asked, client_.options().region));
    };
    const auto answer = client_.read(kBatchGetImage, request, deadline);
    if (!answer) return explain(answer.error());
    if (const Json* images = find(*answer, "images"); images != nullptr && images->is_array() && !images->empty()) {
        auto manifest = read_manifest(images->front());
        if (!manifest) return explain(std::move(manifest).error());
        return manifest;
    }
    // What cannot be had is told with HTTP 200.
    if (const Json* failures = find(*answer, "failures");
        failures != nullptr && failures->is_array() && !failures->empty())
        return explain(with_context(read_failure_to_get(failures->front()), fmt::format("ecr {}", kBatchGetImage)));
    return explain(
        {.kind = ErrorKind::kProtocol, .message = "ECR's answer to BatchGetImage has neither images nor failures"});
}

Result<EcrImageConfig> EcrClient::get_config(const EcrRepository& repository, const std::string& digest,
                                             Deadline deadline) {
    const EcrImageId config{.tag = {}, .digest = digest};
    const std::span<const EcrImageId> asked(&config, 1);
    const auto explain = [&](Error error) {
        return std::unexpected(
            explained(std::move(error), kGetDownloadUrl, repository, asked, client_.options().region));
    };
    Json request{{"repositoryName", repository.name}, {"layerDigest", digest}};
    if (!repository.registry_id.empty()) request["registryId"] = repository.registry_id;
    const auto answer = client_.read(kGetDownloadUrl, request, deadline);
    if (!answer) return explain(answer.error());
    auto url = find_string(*answer, "downloadUrl");
    if (!url)
        return explain(
            {.kind = ErrorKind::kProtocol, .message = "ECR's answer to GetDownloadUrlForLayer has no downloadUrl"});
    HttpRequest get{.method = "GET",
                    .url = Secret(*std::move(url)),  // it has a signature
                    .log_name = "ecr image config",
                    .headers = {},
                    .body = {},
                    .signing = {},
                    .trust = client_.options().endpoint || !signed_by_amazon(client_.options().region)
                                 ? Trust::kSystem
                                 : Trust::kAmazonRoots};
    get.body_in_log = &size_only;
    get.max_response_bytes = kLargestConfig;
    if (const auto left = deadline.remaining(clock_)) get.timeout = std::min(get.timeout, *left);
    const auto response = http_.send(get);
    if (!response) return explain(with_context(response.error(), "the image's config"));
    if (response->status != 200)
        return explain({.kind = ErrorKind::kProtocol,
                        .message = fmt::format("the image's config: HTTP {}: {}", response->status,
                                               body_in_words(response->body, 200))});
    if (sha256_digest_of(response->body) != digest)
        return explain(
            {.kind = ErrorKind::kProtocol, .message = "the image's config: what was fetched has another digest"});
    auto read = read_config(response->body);
    if (!read) return explain(std::move(read).error());
    return read;
}

EcrClients::EcrClients(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                       const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : options_(std::move(options)),
      http_(http),
      credentials_(credentials),
      clock_(clock),
      sleeper_(sleeper),
      logger_(logger) {}

EcrApi& EcrClients::in(std::string_view region) {
    const std::scoped_lock lock(mutex_);
    auto found = clients_.find(region);
    if (found == clients_.end()) {
        auto options = options_;
        options.region = region;
        found = clients_
                    .emplace(std::string(region), std::make_unique<EcrClient>(std::move(options), http_, credentials_,
                                                                              clock_, sleeper_, logger_))
                    .first;
    }
    return *found->second;
}

}  // namespace ci_lambda
