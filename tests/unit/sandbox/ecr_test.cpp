#include "sandbox/ecr/ecr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "sandbox/ecr/manifests.hpp"
#include "sandbox/shop/shop.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EcrTest : public ::testing::Test {
protected:
    Json call(std::string_view operation, const Json& request) {
        const auto answer = ecr_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << operation << ": " << answer.body;
        return parse_json(answer.body).value_or(Json());
    }
    /// "Type: message"
    std::string error(std::string_view operation, const Json& request) {
        const auto answer = ecr_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 400) << answer.body;
        const auto body = parse_json(answer.body).value_or(Json());
        return find_string(body, "__type").value_or("") + ": " + find_string(body, "message").value_or("");
    }
    std::string digest_of(const std::string& tag) {
        return call("DescribeImages", about({{{"imageTag", tag}}}))["imageDetails"][0]["imageDigest"];
    }
    static Json about(const Json& ids) { return {{"repositoryName", kApi}, {"imageIds", ids}}; }
    /// The manifests that a push put, by what their events say.
    std::vector<std::string> tags_of_events() const {
        std::vector<std::string> tags;
        for (const auto& event : events_)
            tags.push_back(find_string(event["detail"], "image-tag").value_or("(no tag)"));
        return tags;
    }
    Json put(const std::string& manifest, const Json& more = Json::object()) {
        Json request{{"repositoryName", kApi}, {"imageManifest", manifest}};
        request.update(more);
        return request;
    }

    static constexpr const char* kApi = "shop_service_api";
    testing::FakeClock clock_;
    Ids ids_{1};
    std::vector<Json> events_;
    Ecr ecr_{{.state = shop_registry(clock_.now()),
              .on_event = [this](const std::string& event) { events_.push_back(parse_json(event).value_or(Json())); }},
             ids_,
             clock_};
};

TEST_F(EcrTest, APushTellsEachManifestWithoutATagAndLastTheIndexWithIt) {
    const auto push = ecr_.push(kApi, "v1.43");
    ASSERT_TRUE(push.has_value());
    EXPECT_EQ(push->image, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.43");
    EXPECT_EQ(push->manifests, 5U);
    EXPECT_THAT(tags_of_events(), ElementsAre("(no tag)", "(no tag)", "(no tag)", "(no tag)", "v1.43"));
    const auto& event = events_.back();
    EXPECT_EQ(event["source"], "aws.ecr");
    EXPECT_EQ(event["detail-type"], "ECR Image Action");
    EXPECT_EQ(event["account"], "123456789012");
    EXPECT_EQ(event["region"], "us-east-1");
    EXPECT_EQ(event["resources"], Json::array());
    EXPECT_EQ(event["detail"]["action-type"], "PUSH");
    EXPECT_EQ(event["detail"]["result"], "SUCCESS");
    EXPECT_EQ(event["detail"]["repository-name"], kApi);
    EXPECT_EQ(event["detail"]["image-digest"], push->digest);
    EXPECT_EQ(event["detail"]["manifest-media-type"], kOciIndexType);
    EXPECT_EQ(events_.front()["detail"]["manifest-media-type"], kOciManifestType);
    EXPECT_EQ(events_.front()["detail"]["artifact-media-type"], "application/vnd.oci.image.config.v1+json");
}

TEST_F(EcrTest, APushedIndexListsWhatWasPushedBeforeItForTwoPlatformsAndTheirAttestations) {
    ASSERT_TRUE(ecr_.push(kApi, "v1.43").has_value());
    const auto image = call("BatchGetImage", about({{{"imageTag", "v1.43"}}}))["images"][0];
    const auto text = image["imageManifest"].get<std::string>();
    EXPECT_EQ(image["imageId"]["imageDigest"], sha256_digest(text)) << "a digest is the hash of the manifest";
    std::vector<std::string> platforms;
    const auto index = *parse_json(text);
    for (const auto& one : index["manifests"]) {
        platforms.push_back(one["platform"]["os"].get<std::string>() + "/" +
                            one["platform"]["architecture"].get<std::string>());
        const auto child = call("BatchGetImage", about({{{"imageDigest", one["digest"]}}}))["images"][0];
        EXPECT_EQ(child["imageManifest"].get<std::string>().size(), one["size"].get<std::size_t>());
    }
    EXPECT_THAT(platforms, ElementsAre("linux/amd64", "linux/arm64", "unknown/unknown", "unknown/unknown"));
}

TEST_F(EcrTest, AReplicatedImageTellsOneReplicationAndNoPush) {
    const auto arrived = ecr_.replicate(kApi, "v1.43", "eu-west-1");
    ASSERT_TRUE(arrived.has_value());
    EXPECT_EQ(digest_of("v1.43"), arrived->digest);
    EXPECT_EQ(arrived->manifests, 5U);
    EXPECT_EQ(arrived->events, 1U);
    ASSERT_THAT(events_, SizeIs(1));
    const auto& event = events_[0];
    EXPECT_EQ(event["detail-type"], "ECR Replication Action");
    EXPECT_EQ(event["region"], "us-east-1") << "where it came to";
    EXPECT_EQ(event["resources"], Json({"arn:aws:ecr:us-east-1:123456789012:repository/shop_service_api"}));
    EXPECT_EQ(event["detail"], Json({{"result", "SUCCESS"},
                                     {"repository-name", kApi},
                                     {"image-digest", arrived->digest},
                                     {"source-account", "123456789012"},
                                     {"action-type", "REPLICATE"},
                                     {"source-region", "eu-west-1"},
                                     {"image-tag", "v1.43"}}));
}

TEST_F(EcrTest, AReplicatedImageWhoseTagMayNotBeMovedArrivesWithoutIt) {
    call("PutImageTagMutability", {{"repositoryName", kApi}, {"imageTagMutability", "IMMUTABLE"}});
    const auto old = digest_of("v1.42");
    const auto arrived = ecr_.replicate(kApi, "v1.42", "eu-west-1");
    ASSERT_TRUE(arrived.has_value());
    EXPECT_FALSE(arrived->tagged);
    EXPECT_EQ(digest_of("v1.42"), old);
    EXPECT_FALSE(events_.back()["detail"].contains("image-tag"));
    EXPECT_FALSE(ecr_.replicate("nothing", "v1", "eu-west-1").has_value());
}

TEST_F(EcrTest, EveryPushIsAnotherImageAndTheTagMovesToIt) {
    const auto old = digest_of("v1.42");
    const auto push = ecr_.push(kApi, "v1.42");
    ASSERT_TRUE(push.has_value());
    EXPECT_NE(push->digest, old);
    EXPECT_EQ(digest_of("v1.42"), push->digest);
    const auto before = call("DescribeImages", about({{{"imageDigest", old}}}))["imageDetails"][0];
    EXPECT_FALSE(before.contains("imageTags")) << "what was pushed before is there without its tag";
}

TEST_F(EcrTest, DescribesAnImageByEachOfItsTagsAndItsDigestOnce) {
    const auto digest = digest_of("v1.42");
    const auto manifest =
        call("BatchGetImage", about({{{"imageTag", "v1.42"}}}))["images"][0]["imageManifest"].get<std::string>();
    const auto pushed_at = call("DescribeImages", about({{{"imageTag", "v1.42"}}}))["imageDetails"][0]["imagePushedAt"];
    call("PutImage", put(manifest, {{"imageTag", "stable"}}));
    const auto details =
        call("DescribeImages", about({{{"imageTag", "stable"}},
                                      {{"imageDigest", digest}},
                                      {{"imageTag", "v1.42"}, {"imageDigest", digest}}}))["imageDetails"];
    ASSERT_THAT(details, SizeIs(1));
    EXPECT_EQ(details[0]["imageTags"], Json({"stable", "v1.42"}));
    EXPECT_EQ(details[0]["imagePushedAt"], pushed_at) << "another tag is no push of the digest";
    EXPECT_EQ(details[0]["imageStatus"], "ACTIVE");
    EXPECT_THAT(tags_of_events(), ElementsAre("stable"));
}

TEST_F(EcrTest, AnImmutableTagIsRefusedAndTellsNothingOfTheIndex) {
    call("PutImageTagMutability", {{"repositoryName", kApi}, {"imageTagMutability", "IMMUTABLE"}});
    const auto old = digest_of("v1.42");
    const auto refused = ecr_.push(kApi, "v1.42");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().type, "ImageTagAlreadyExistsException");
    EXPECT_THAT(refused.error().message, HasSubstr("'v1.42' already exists in the 'shop_service_api' repository"));
    EXPECT_EQ(digest_of("v1.42"), old);
    EXPECT_THAT(tags_of_events(), ElementsAre("(no tag)", "(no tag)", "(no tag)", "(no tag)"))
        << "as with docker push, the manifests before it are there";
    EXPECT_TRUE(ecr_.push(kApi, "v1.43").has_value()) << "a new tag is allowed";
}

TEST_F(EcrTest, PutImageRefusesWhatEcrRefuses) {
    const auto manifest =
        call("BatchGetImage", about({{{"imageTag", "v1.42"}}}))["images"][0]["imageManifest"].get<std::string>();
    EXPECT_THAT(error("PutImage", put(manifest, {{"imageTag", "v1.42"}})), HasSubstr("ImageAlreadyExistsException"));
    EXPECT_THAT(error("PutImage", put(manifest)), HasSubstr("ImageAlreadyExistsException"));
    EXPECT_THAT(error("PutImage", put(manifest, {{"imageTag", "a b"}})), HasSubstr("InvalidParameterException"));
    EXPECT_THAT(error("PutImage", put(manifest, {{"imageTag", "x"}, {"imageDigest", "sha256:00"}})),
                HasSubstr("ImageDigestDoesNotMatchException"));
    EXPECT_THAT(error("PutImage", put("<html>")), HasSubstr("Invalid JSON"));
    EXPECT_THAT(error("PutImage", put("{}")), HasSubstr("no manifest"));
    EXPECT_THAT(error("PutImage", put(R"({"manifests":[{"digest":"sha256:11"}]})", {{"imageTag", "x"}})),
                AllOf(HasSubstr("ReferencedImagesNotFoundException"), HasSubstr("sha256:11")));
    EXPECT_THAT(error("PutImage", {{"repositoryName", kApi}}), HasSubstr("imageManifest"));
    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(EcrTest, BatchGetImageTellsWhatIsMissingBesideWhatIsThere) {
    const auto answer = call("BatchGetImage", about({{{"imageTag", "v1.42"}},
                                                     {{"imageTag", "v9"}},
                                                     {{"imageDigest", "7"}},
                                                     {{"imageTag", "v1.9"}, {"imageDigest", digest_of("v1.42")}},
                                                     Json::object()}));
    EXPECT_THAT(answer["images"], SizeIs(1));
    std::vector<std::string> codes;
    for (const auto& failure : answer["failures"]) codes.push_back(failure["failureCode"]);
    EXPECT_THAT(
        codes, ElementsAre("ImageNotFound", "InvalidImageDigest", "ImageTagDoesNotMatchDigest", "MissingDigestAndTag"));
    EXPECT_EQ(answer["failures"][0]["imageId"]["imageTag"], "v9");
}

TEST_F(EcrTest, WhoDoesNotTakeAnIndexGetsOnePlatformWithADigestOfItsOwn) {
    auto request = about({{{"imageTag", "v1.42"}}});
    request["acceptedMediaTypes"] = {kOciManifestType};
    const auto image = call("BatchGetImage", request)["images"][0];
    EXPECT_EQ(image["imageManifestMediaType"], kOciManifestType);
    EXPECT_NE(image["imageId"]["imageDigest"], digest_of("v1.42"));
    request["acceptedMediaTypes"] = {kOciManifestType, kOciIndexType};
    EXPECT_EQ(call("BatchGetImage", request)["images"][0]["imageManifestMediaType"], kOciIndexType);
}

TEST_F(EcrTest, NamesTheImageAndTheRepositoryThatAreNotThere) {
    EXPECT_THAT(error("DescribeImages", about({{{"imageTag", "v1.42"}}, {{"imageTag", "v9"}}})),
                "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist "
                "within the repository with name 'shop_service_api' in the registry with id '123456789012'");
    EXPECT_THAT(error("DescribeImages", {{"repositoryName", "other"}}),
                "RepositoryNotFoundException: The repository with name 'other' does not exist in the registry with id "
                "'123456789012'");
    EXPECT_THAT(error("ListImages", {{"repositoryName", kApi}, {"registryId", "999999999999"}}),
                HasSubstr("in the registry with id '999999999999'"));
    EXPECT_THAT(error("DescribeImages", Json::object()), HasSubstr("repositoryName"));
    EXPECT_THAT(error("GetLifecyclePolicy", Json::object()), HasSubstr("UnknownOperationException"));
}

TEST_F(EcrTest, ListsByTagStatusPageByPage) {
    const auto all = call("ListImages", {{"repositoryName", kApi}});
    EXPECT_THAT(all["imageIds"], SizeIs(15)) << "three images of five manifests";
    const Json tagged{{"repositoryName", kApi}, {"filter", {{"tagStatus", "TAGGED"}}}, {"maxResults", 2}};
    auto page = call("ListImages", tagged);
    EXPECT_THAT(page["imageIds"], SizeIs(2));
    auto next = tagged;
    next["nextToken"] = page["nextToken"];
    page = call("ListImages", next);
    EXPECT_THAT(page["imageIds"], SizeIs(1));
    EXPECT_FALSE(page.contains("nextToken"));
    EXPECT_THAT(
        call("DescribeImages", {{"repositoryName", kApi}, {"filter", {{"tagStatus", "UNTAGGED"}}}})["imageDetails"],
        SizeIs(12));
    EXPECT_THAT(error("ListImages", {{"repositoryName", kApi}, {"maxResults", 1001}}), HasSubstr("1 to 1000"));
}

TEST_F(EcrTest, ARepositoryIsMadeOnceAndDescribed) {
    const auto made = call("CreateRepository", {{"repositoryName", "tools/ci"}, {"imageTagMutability", "IMMUTABLE"}});
    EXPECT_EQ(made["repository"]["repositoryUri"], "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools/ci");
    EXPECT_EQ(made["repository"]["repositoryArn"], "arn:aws:ecr:us-east-1:123456789012:repository/tools/ci");
    EXPECT_THAT(error("CreateRepository", {{"repositoryName", "tools/ci"}}),
                HasSubstr("RepositoryAlreadyExistsException"));
    EXPECT_THAT(error("CreateRepository", {{"repositoryName", "Tools"}}), HasSubstr("InvalidParameterException"));
    EXPECT_THAT(call("DescribeRepositories", Json::object())["repositories"], SizeIs(5));
    const auto named = call("DescribeRepositories", {{"repositoryNames", {"tools/ci"}}})["repositories"];
    EXPECT_EQ(named[0]["imageTagMutability"], "IMMUTABLE");
    EXPECT_THAT(error("DescribeRepositories", {{"repositoryNames", {"other"}}}), HasSubstr("RepositoryNotFound"));
}

TEST_F(EcrTest, DeletesATagAndWithTheLastOneTheImageButNothingThatAnIndexLists) {
    const auto digest = digest_of("v1.42");
    const auto text =
        call("BatchGetImage", about({{{"imageTag", "v1.42"}}}))["images"][0]["imageManifest"].get<std::string>();
    call("PutImage", put(text, {{"imageTag", "stable"}}));
    events_.clear();
    call("BatchDeleteImage", about({{{"imageTag", "stable"}}}));
    EXPECT_EQ(digest_of("v1.42"), digest);
    const auto child = listed_digests(text).front();
    const auto kept = call("BatchDeleteImage", about({{{"imageDigest", child}}, {{"imageTag", "v9"}}}));
    EXPECT_EQ(kept["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    EXPECT_EQ(kept["failures"][1]["failureCode"], "ImageNotFound");
    call("BatchDeleteImage", about({{{"imageDigest", digest}}}));
    EXPECT_THAT(error("DescribeImages", about({{{"imageDigest", digest}}})), HasSubstr("ImageNotFoundException"));
    call("BatchDeleteImage", about({{{"imageDigest", child}}}));
    EXPECT_THAT(tags_of_events(), ElementsAre("stable", "v1.42", "(no tag)"));
    for (const auto& event : events_) EXPECT_EQ(event["detail"]["action-type"], "DELETE");
}

TEST_F(EcrTest, ResolvesTheNamesThatTaskDefinitionsHave) {
    const std::string host = ecr_.host();
    const auto digest = digest_of("v1.42");
    EXPECT_EQ(ecr_.resolve(host + "/shop_service_api:v1.42").digest, digest);
    EXPECT_EQ(ecr_.resolve(host + "/shop_service_api@" + digest).digest, digest);
    EXPECT_EQ(ecr_.resolve(host + "/shop_service_api:gone@" + digest).digest, digest) << "the digest decides";
    for (const std::string missing : {"/shop_service_api:v9", "/shop_service_api", "/other:v1.42",
                                      "/shop_service_api:v1.42@sha256:0000000000000000"}) {
        const auto found = ecr_.resolve(host + missing);
        EXPECT_TRUE(found.is_ours) << missing;
        EXPECT_EQ(found.digest, "") << missing;
    }
    EXPECT_FALSE(ecr_.resolve("nginx:1").is_ours);
    EXPECT_FALSE(ecr_.resolve("999999999999.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.42").is_ours);
}

TEST_F(EcrTest, WhatIsReplacedForAScenarioIsToldToNobody) {
    const auto image = ecr_.host() + "/shop_service_api:v1.42";
    const auto before = ecr_.resolve(image).digest;
    ecr_.replace(image);
    EXPECT_NE(ecr_.resolve(image).digest, before);
    ecr_.replace(ecr_.host() + "/other:v1");
    ecr_.replace("nginx:1");
    ecr_.replace(image + "@" + before);
    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(EcrTest, KeepsTheConfigsOfImagesThatWereMadeHereWithTheirLabels) {
    ecr_.listen_at("http://127.0.0.1:1");
    const auto index =
        call("BatchGetImage", about({{{"imageTag", "v1.42"}}}))["images"][0]["imageManifest"].get<std::string>();
    const auto child = listed_digests(index).front();
    const auto manifest =
        call("BatchGetImage", about({{{"imageDigest", child}}}))["images"][0]["imageManifest"].get<std::string>();
    const auto digest = Json::parse(manifest)["config"]["digest"].get<std::string>();
    const auto answer =
        call("GetDownloadUrlForLayer", {{"repositoryName", "shop_service_api"}, {"layerDigest", digest}});
    EXPECT_EQ(answer["downloadUrl"], "http://127.0.0.1:1/sandbox/blobs/shop_service_api/" + digest);
    const auto blob = ecr_.blob("shop_service_api", digest);
    ASSERT_TRUE(blob);
    EXPECT_EQ(sha256_digest(*blob), digest);
    const auto config = Json::parse(*blob);
    EXPECT_EQ(config["architecture"], "amd64");
    EXPECT_EQ(config["config"]["Labels"]["org.opencontainers.image.version"], "v1.42");
    EXPECT_EQ(config["config"]["Labels"]["org.opencontainers.image.revision"].get<std::string>().size(), 40U);
    EXPECT_THAT(error("GetDownloadUrlForLayer", {{"repositoryName", "shop_service_api"}, {"layerDigest", "sha256:0"}}),
                HasSubstr("LayersNotFoundException"));
    EXPECT_FALSE(ecr_.blob("other", digest));
}

}  // namespace
}  // namespace ci_lambda::sandbox
