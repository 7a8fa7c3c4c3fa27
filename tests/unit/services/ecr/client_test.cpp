#include "services/ecr/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/json.hpp"
#include "net/sha256.hpp"
#include "services/aws/environment.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";

/// BatchGetImage's answer with this manifest, which it has as a text.
std::string answer_with(const std::string& manifest, std::string_view media_type) {
    return dump_json({{"images",
                       {{{"registryId", "123456789012"},
                         {"repositoryName", "shop_api"},
                         {"imageId", {{"imageDigest", "sha256:aa"}, {"imageTag", "v7"}}},
                         {"imageManifest", manifest},
                         {"imageManifestMediaType", media_type}}}},
                      {"failures", Json::array()}});
}

class EcrClientTest : public ::testing::Test {
protected:
    Result<std::vector<EcrImage>> describe(const std::vector<EcrImageId>& ids) {
        return client_.describe_images(repository_, ids, Deadline::none());
    }
    Result<EcrManifest> manifest() { return client_.get_manifest(repository_, {.tag = "v7"}, Deadline::none()); }
    EcrManifest manifest_of(const std::string& text, std::string_view media_type) {
        FakeHttp http;
        http.then(200, answer_with(text, media_type));
        EcrClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        auto read = client.get_manifest(repository_, {.tag = "v7"}, Deadline::none());
        EXPECT_THAT(read, IsOk());
        return read ? *read : EcrManifest{};
    }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    EcrClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
    EcrRepository repository_{.name = "shop_api", .registry_id = "123456789012"};
};

TEST_F(EcrClientTest, AsksForTagsAndDigestsAndReadsAllThatCountsOfAnImage) {
    http_.then(200, R"({"imageDetails":[{"registryId":"123456789012","repositoryName":"shop_api",
        "imageDigest":"sha256:aa","imageTags":["v7","latest"],"imageSizeInBytes":1,"imagePushedAt":1.7356896005E9,
        "imageManifestMediaType":"application/vnd.oci.image.index.v1+json",
        "artifactMediaType":"application/vnd.oci.image.config.v1+json","imageStatus":"ARCHIVED"}]})");
    const auto images = describe({{.tag = "v7"}, {.digest = "sha256:aa"}});
    ASSERT_THAT(images, IsOk());
    ASSERT_THAT(*images, SizeIs(1));
    const auto& image = images->front();
    EXPECT_EQ(image.digest, "sha256:aa");
    EXPECT_THAT(image.tags, ElementsAre("v7", "latest"));
    EXPECT_EQ(format_rfc3339(image.pushed_at), "2025-01-01T00:00:00.500Z");
    EXPECT_EQ(image.media_type, "application/vnd.oci.image.index.v1+json");
    EXPECT_EQ(image.artifact_media_type, "application/vnd.oci.image.config.v1+json");
    EXPECT_EQ(image.status, EcrImageStatus::kArchived);

    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.url.reveal(), "https://api.ecr.eu-west-1.amazonaws.com/");
    EXPECT_EQ(sent.headers.at(1).value, "AmazonEC2ContainerRegistry_V20150921.DescribeImages");
    EXPECT_EQ(sent.signing->service, "ecr");
    EXPECT_TRUE(sent.idempotent);
    EXPECT_EQ(
        sent.body,
        R"({"imageIds":[{"imageTag":"v7"},{"imageDigest":"sha256:aa"}],"registryId":"123456789012","repositoryName":"shop_api"})");
}

TEST_F(EcrClientTest, ReadsEachStatusAndTakesOneThatItDoesNotKnowForAnother) {
    http_.then(200, R"({"imageDetails":[{"imageDigest":"a"},{"imageDigest":"b","imageStatus":"ACTIVE"},
        {"imageDigest":"c","imageStatus":"ACTIVATING"},{"imageDigest":"d","imageStatus":"MELTED"},
        {"imageDigest":"e","imagePushedAt":"soon","imageTags":[1]},{"imageDigest":"f","imagePushedAt":1e300}]})");
    const auto images = describe({{.tag = "v7"}});
    ASSERT_THAT(images, IsOk());
    std::vector<EcrImageStatus> statuses;
    for (const auto& image : *images) statuses.push_back(image.status);
    using enum EcrImageStatus;
    EXPECT_THAT(statuses, ElementsAre(kActive, kActive, kActivating, kOther, kActive, kActive));
    EXPECT_EQ(images->back().pushed_at, WallTime{});
}

TEST_F(EcrClientTest, AsksForAHundredImagesACallAndAnswersEachDigestOnce) {
    std::vector<EcrImageId> ids;
    for (int i = 0; i < 101; ++i) ids.push_back({.tag = "v" + std::to_string(i)});
    http_.then(200, R"({"imageDetails":[{"imageDigest":"sha256:aa"},{"imageDigest":"sha256:bb"}]})");
    http_.then(200, R"({"imageDetails":[{"imageDigest":"sha256:bb"}]})");
    const auto images = describe(ids);
    ASSERT_THAT(images, IsOk());
    EXPECT_THAT(*images, SizeIs(2));
    ASSERT_THAT(http_.requests(), SizeIs(2));
    EXPECT_THAT((*parse_json(http_.requests()[0].body))["imageIds"], SizeIs(100));
    EXPECT_THAT((*parse_json(http_.requests()[1].body))["imageIds"], SizeIs(1));
}

TEST_F(EcrClientTest, AsksNothingAboutNoImages) {
    const auto images = describe({});
    ASSERT_THAT(images, IsOk());
    EXPECT_THAT(*images, IsEmpty());
    EXPECT_THAT(http_.requests(), IsEmpty());
}

TEST_F(EcrClientTest, NamesTheImageOrTheRepositoryThatIsNotThere) {
    http_.then(400, R"({"__type":"ImageNotFoundException","message":"The image with imageId {..} does not exist"})");
    EXPECT_THAT(describe({{.tag = "v7"}, {.tag = "v8", .digest = "sha256:bb"}}),
                IsErr(ErrorKind::kNotFound,
                      AllOf(HasSubstr("ecr DescribeImages: ImageNotFoundException: The image with imageId"),
                            HasSubstr("(shop_api:v7, shop_api:v8@sha256:bb in eu-west-1, account 123456789012)"))));
    FakeHttp http;
    http.then(400, R"({"__type":"com.amazonaws.ecr#RepositoryNotFoundException","message":"no"})");
    EcrClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
    EXPECT_THAT(client.describe_images({.name = "other"}, {{.digest = "sha256:cc"}}, Deadline::none()),
                IsErr(ErrorKind::kNotFound, HasSubstr("(other@sha256:cc in eu-west-1)")));
    EXPECT_THAT(http.requests().front().body, Not(HasSubstr("registryId")));
}

TEST_F(EcrClientTest, NamesTheFirstOfManyImages) {
    http_.then(400, R"({"__type":"ImageNotFoundException","message":"no"})");
    std::vector<EcrImageId> ids;
    for (int i = 0; i < 20; ++i) ids.push_back({.tag = "v" + std::to_string(i)});
    EXPECT_THAT(describe(ids),
                IsErr(ErrorKind::kNotFound, HasSubstr("shop_api:v3, shop_api:v4 and 15 more in eu-west-1")));
}

TEST_F(EcrClientTest, NamesThePermissionThatIsMissingAndOnWhat) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"no"})");
    EXPECT_THAT(describe({{.tag = "v7"}}),
                IsErr(ErrorKind::kAccessDenied,
                      HasSubstr("needs ecr:DescribeImages on arn:aws:ecr:eu-west-1:123456789012:repository/shop_api")));
    EXPECT_THAT(manifest(), IsErr(ErrorKind::kAccessDenied, HasSubstr("needs ecr:BatchGetImage on arn:aws:ecr:")));
}

TEST_F(EcrClientTest, SaysThatAnAnswerIsNotUnderstood) {
    http_.then(200, "{}").then(200, "<html>").then(200, "{}");
    EXPECT_THAT(describe({{.tag = "v7"}}), IsErr(ErrorKind::kProtocol, HasSubstr("imageDetails")));
    EXPECT_THAT(describe({{.tag = "v7"}}), IsErr(ErrorKind::kProtocol, HasSubstr("DescribeImages")));
    EXPECT_THAT(manifest(), IsErr(ErrorKind::kProtocol, HasSubstr("neither images nor failures")));
}

TEST_F(EcrClientTest, AsksForEveryKindOfManifestSoThatAnIndexIsAnsweredWithItself) {
    http_.then(200, answer_with("{}", kOciManifest));
    EXPECT_THAT(manifest(), IsOk());
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.headers.at(1).value, "AmazonEC2ContainerRegistry_V20150921.BatchGetImage");
    const auto body = *parse_json(sent.body);
    EXPECT_THAT(body["acceptedMediaTypes"], SizeIs(4));
    EXPECT_EQ(body["acceptedMediaTypes"][0], "application/vnd.oci.image.index.v1+json");
    EXPECT_EQ(dump_json(body["imageIds"]), R"([{"imageTag":"v7"}])");
    EXPECT_THAT(sent.body_in_log(answer_with(R"({"annotations":{"x":"hunter2"}})", kOciManifest)),
                Not(HasSubstr("hunter2")));
}

TEST_F(EcrClientTest, ReadsThePlatformsOfAnIndexWithoutItsAttestations) {
    const std::string index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
        {"mediaType":"m","digest":"sha256:11","size":1,"platform":{"architecture":"amd64","os":"linux"}},
        {"mediaType":"m","digest":"sha256:22","size":1,"platform":{"architecture":"arm","os":"linux","variant":"v7"}},
        {"mediaType":"m","digest":"sha256:33","size":1,"platform":{"architecture":"unknown","os":"unknown"},
         "annotations":{"vnd.docker.reference.type":"attestation-manifest"}}],
        "annotations":{"org.opencontainers.image.revision":"abc","odd":7}})";
    for (const std::string media_type :
         {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}) {
        const auto read = manifest_of(index, media_type);
        EXPECT_EQ(read.id, (EcrImageId{.tag = "v7", .digest = "sha256:aa"}));
        EXPECT_EQ(read.media_type, media_type);
        EXPECT_TRUE(read.is_index);
        EXPECT_TRUE(read.is_image);
        EXPECT_THAT(
            read.platforms,
            ElementsAre(EcrPlatform{.os = "linux", .architecture = "amd64", .variant = "", .digest = "sha256:11"},
                        EcrPlatform{.os = "linux", .architecture = "arm", .variant = "v7", .digest = "sha256:22"}));
        EXPECT_THAT(read.annotations, ElementsAre(Pair("org.opencontainers.image.revision", "abc")));
        EXPECT_EQ(read.config_digest, "");
    }
}

TEST_F(EcrClientTest, ReadsASingleImage) {
    const auto oci = manifest_of(R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",
        "digest":"sha256:cc","size":7},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip"}],
        "annotations":{"org.opencontainers.image.version":"1.2"}})",
                                 kOciManifest);
    EXPECT_FALSE(oci.is_index);
    EXPECT_TRUE(oci.is_image);
    EXPECT_EQ(oci.config_digest, "sha256:cc");
    EXPECT_THAT(oci.annotations, SizeIs(1));
    EXPECT_THAT(oci.platforms, IsEmpty());
    const auto docker = manifest_of(
        R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
        "config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:dd"},"layers":[]})",
        "application/vnd.docker.distribution.manifest.v2+json");
    EXPECT_TRUE(docker.is_image);
    EXPECT_EQ(docker.config_digest, "sha256:dd");
}

TEST_F(EcrClientTest, TakesForNoImageWhatNoContainerCanBeStartedFrom) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"a signature", R"({"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:c"},
            "subject":{"mediaType":"m","digest":"sha256:aa","size":1}})"},
        {"a chart", R"({"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:c"}})"},
        {"an artifact", R"({"artifactType":"application/spdx+json",
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:c"}})"},
        {"an attestation", R"({"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:c"},
            "layers":[{"mediaType":"application/vnd.in-toto+json","digest":"sha256:d","size":1}]})"},
        {"nothing", "{}"}};
    for (const auto& [what, text] : table) EXPECT_FALSE(manifest_of(text, kOciManifest).is_image) << what;
    const std::string index_type = "application/vnd.oci.image.index.v1+json";
    const auto only_attestations = manifest_of(
        R"({"manifests":[{"digest":"sha256:1","platform":{"architecture":"unknown","os":"unknown"}}]})", index_type);
    EXPECT_FALSE(only_attestations.is_image);
    // BuildKit's cache: descriptors without a platform.
    EXPECT_FALSE(manifest_of(R"({"manifests":[{"digest":"sha256:1"}]})", index_type).is_image);
}

TEST_F(EcrClientTest, FindsTheKindOfAManifestThatNamesNoMediaType) {
    const auto index =
        manifest_of(R"({"manifests":[{"digest":"sha256:1","platform":{"architecture":"amd64","os":"linux"}}]})", "");
    EXPECT_TRUE(index.is_index);
    EXPECT_THAT(index.platforms, SizeIs(1));
    EXPECT_EQ(manifest_of(R"({"mediaType":"application/vnd.oci.image.manifest.v1+json"})", "").media_type,
              kOciManifest);
}

TEST_F(EcrClientTest, RefusesAManifestThatIsNone) {
    for (const std::string text : {"", "[]", "<html>", "7"}) {
        FakeHttp http;
        http.then(200, answer_with(text, kOciManifest));
        EcrClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        EXPECT_THAT(client.get_manifest(repository_, {.tag = "v7"}, Deadline::none()),
                    IsErr(ErrorKind::kProtocol, AllOf(HasSubstr("no JSON object"), HasSubstr("shop_api:v7"))))
            << text;
    }
    http_.then(200, R"({"images":[{"imageId":{}}]})");
    EXPECT_THAT(manifest(), IsErr(ErrorKind::kProtocol, HasSubstr("no manifest")));
}

TEST_F(EcrClientTest, TakesTheFailuresOfASuccessfulAnswerForErrors) {
    const auto failure = [](const std::string& code) {
        return dump_json({{"images", Json::array()},
                          {"failures",
                           {{{"imageId", {{"imageTag", "v7"}}},
                             {"failureCode", code},
                             {"failureReason", "Requested image not found"}}}}});
    };
    http_.then(200, failure("ImageNotFound")).then(200, failure("ImageInaccessible")).then(200, failure("KmsError"));
    const auto missing = manifest();
    EXPECT_THAT(missing, IsErr(ErrorKind::kNotFound,
                               AllOf(HasSubstr("ecr BatchGetImage: ImageNotFound: Requested image not found"),
                                     HasSubstr("shop_api:v7 in eu-west-1"))));
    EXPECT_EQ(missing.error().code, "ImageNotFound");
    EXPECT_THAT(manifest(), IsErr(ErrorKind::kRejected, HasSubstr("archived")));
    EXPECT_THAT(manifest(), IsErr(ErrorKind::kRejected, HasSubstr("KmsError")));
}

TEST_F(EcrClientTest, SaysThatAThrottledCallMayBeMadeAgain) {
    http_.then(400, R"({"__type":"ThrottlingException","message":"slow down"})");
    const auto throttled = manifest();
    EXPECT_THAT(throttled, IsErr(ErrorKind::kThrottled, HasSubstr("slow down")));
    EXPECT_TRUE(throttled.error().retryable());
    EXPECT_FALSE(throttled.error().outcome_unknown);
}

TEST(EcrEndpoint, IsWhereBotocoreFindsItInEachVariant) {
    EXPECT_EQ(aws_endpoint(kEcrService, {.region = "cn-north-1"}), "https://api.ecr.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(aws_endpoint(kEcrService, {.region = "us-east-1", .fips = true}),
              "https://api.ecr-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcrService, {.region = "us-gov-west-1", .fips = true}),
              "https://api.ecr-fips.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(aws_endpoint(kEcrService, {.region = "eu-west-1", .dualstack = true}), "https://ecr.eu-west-1.api.aws");
    EXPECT_EQ(aws_endpoint(kEcrService, {.region = "us-west-2", .fips = true, .dualstack = true}),
              "https://ecr-fips.us-west-2.api.aws");
}

TEST(EcrEndpoint, IsOverriddenByItsOwnVariableBeforeTheOneForAll) {
    const FakeEnvironment environment({{"AWS_REGION", "eu-west-1"},
                                       {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                                       {"AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:2/"}});
    const auto options = endpoint_options_from(environment, kEcrService);
    ASSERT_THAT(options, IsOk());
    EXPECT_EQ(options->endpoint, "http://127.0.0.1:2");
}

TEST_F(EcrClientTest, FetchesTheConfigOfAnImageWithoutCredentialsAndChecksItsDigest) {
    const std::string config =
        R"({"architecture":"arm64","os":"linux","variant":"v8","config":{"Labels":{"org.opencontainers.image.revision":"c0ffee"}}})";
    const auto digest = sha256_digest_of(config);
    http_.then(200, R"({"downloadUrl":"https://blobs.example.com/x?X-Amz-Signature=s3cr3t","layerDigest":"d"})");
    http_.then(200, config);
    const auto read = client_.get_config(repository_, digest, Deadline::none());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->architecture, "arm64");
    EXPECT_EQ(read->os, "linux");
    EXPECT_EQ(read->variant, "v8");
    EXPECT_EQ(read->labels.at("org.opencontainers.image.revision"), "c0ffee");
    ASSERT_THAT(http_.requests(), SizeIs(2));
    EXPECT_THAT(http_.requests()[0].body, AllOf(HasSubstr(digest), HasSubstr("123456789012")));
    EXPECT_EQ(http_.requests()[1].method, "GET");
    EXPECT_EQ(http_.requests()[1].url.reveal(), "https://blobs.example.com/x?X-Amz-Signature=s3cr3t");
    EXPECT_FALSE(http_.requests()[1].signing) << "its URL has a signature already";
}

TEST_F(EcrClientTest, TakesNothingElseForAConfig) {
    const auto error_of = [&](int status, const std::string& body, const std::string& digest) {
        FakeHttp http;
        http.then(200, R"({"downloadUrl":"https://blobs.example.com/x"})");
        http.then(status, body);
        EcrClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        const auto read = client.get_config(repository_, digest, Deadline::none());
        return read ? "no error" : read.error().message;
    };
    EXPECT_THAT(error_of(200, "{}", "sha256:aa"), HasSubstr("has another digest"));
    EXPECT_THAT(error_of(403, "<html><title>no</title></html>", "sha256:aa"),
                HasSubstr("HTTP 403: a page with the title"));
    EXPECT_THAT(error_of(200, "[]", sha256_digest_of("[]")), HasSubstr("no JSON object"));
    EXPECT_THAT(error_of(200, "{", sha256_digest_of("{")), AllOf(HasSubstr("no JSON object"), HasSubstr("shop_api@")));
    http_.then(200, "{}");
    EXPECT_THAT(client_.get_config(repository_, "sha256:aa", Deadline::none()),
                IsErr(ErrorKind::kProtocol, HasSubstr("no downloadUrl")));
}

TEST_F(EcrClientTest, ReadsConfigsWithoutLabels) {
    for (const std::string config : {R"({"os":"linux"})", R"({"config":{"Labels":null}})", R"({"config":[]})"}) {
        FakeHttp http;
        http.then(200, R"({"downloadUrl":"https://blobs.example.com/x"})");
        http.then(200, config);
        EcrClient client({.region = "eu-west-1"}, http, credentials_, log_.clock, sleeper_, log_.logger);
        const auto read = client.get_config(repository_, sha256_digest_of(config), Deadline::none());
        ASSERT_THAT(read, IsOk()) << config;
        EXPECT_THAT(read->labels, IsEmpty());
    }
}

TEST(EcrClients, AreOneForEachRegion) {
    FakeHttp http;
    FakeCredentials credentials;
    RecordingLog log;
    FakeSleeper sleeper(log.clock);
    EcrClients clients({.region = "eu-west-1"}, http, credentials, log.clock, sleeper, log.logger);
    EXPECT_EQ(&clients.in("us-east-1"), &clients.in("us-east-1"));
    EXPECT_NE(&clients.in("us-east-1"), &clients.in("eu-west-1"));
    http.then(200, R"({"imageDetails":[]})");
    ASSERT_THAT(clients.in("us-east-1").describe_images({.name = "shop_api"}, {{.tag = "v1"}}, Deadline::none()),
                IsOk());
    EXPECT_EQ(http.requests().front().url.reveal(), "https://api.ecr.us-east-1.amazonaws.com/");
}

}  // namespace
}  // namespace ci_lambda::testing
