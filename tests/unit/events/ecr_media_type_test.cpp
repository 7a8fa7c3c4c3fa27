#include <string>

#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

EcrImageAction push_with(const std::string& members) {
    const auto event = decode_event(
        R"({"source":"aws.ecr","detail-type":"ECR Image Action","detail":{"action-type":"PUSH","result":"SUCCESS",)"
        R"("repository-name":"shop/api","image-tag":"v7")" +
        members + "}}");
    EXPECT_THAT(event, IsOk());
    const auto* push = event ? std::get_if<EcrImageAction>(&event->body) : nullptr;
    EXPECT_NE(push, nullptr);
    return push == nullptr ? EcrImageAction{} : *push;
}

TEST(DecodeEcrMediaTypes, TakesBothTypesOrNone) {
    const auto both = push_with(R"(,"manifest-media-type":"application/vnd.oci.image.manifest.v1+json",)"
                                R"("artifact-media-type":"application/vnd.buildkit.cacheconfig.v0")");
    EXPECT_EQ(both.manifest_media_type, "application/vnd.oci.image.manifest.v1+json");
    EXPECT_EQ(both.artifact_media_type, "application/vnd.buildkit.cacheconfig.v0");
    for (const std::string members : {"", R"(,"manifest-media-type":null,"artifact-media-type":7)"}) {
        const auto none = push_with(members);
        EXPECT_EQ(none.manifest_media_type, std::nullopt) << members;
        EXPECT_EQ(none.artifact_media_type, std::nullopt) << members;
    }
}

}  // namespace
}  // namespace ci_lambda::testing
