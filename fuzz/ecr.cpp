// What ECR answers, and the manifests in it. The first byte chooses the call, the second one the HTTP status; the first
// line goes on with the media type of a manifest. For a manifest (`m`) or the config of an image (`c`), what follows
// the line is that; for the other calls each line is the body of one answer.

#include <array>

#include "base/json.hpp"
#include "fuzz/support.hpp"
#include "services/ecr/client.hpp"
#include "services/ecr/decode.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

const EcrRepository kRepository{.name = "shop_api", .registry_id = "123456789012"};
const EcrImageId kId{.tag = "v7", .digest = {}};

constexpr std::array kStatuses{200, 200, 200, 400, 403, 404, 429, 500, 302};

void check_manifest(const EcrManifest& manifest) {
    for (const auto& platform : manifest.platforms) {
        require(manifest.is_index, "only an index has platforms");
        require(!platform.os.empty() && platform.os != "unknown", "attestations are left out");
    }
    if (manifest.is_image) require(manifest.subject_digest.empty(), "what is about another image is none");
    if (manifest.is_image && manifest.is_index) require(!manifest.platforms.empty(), "an image runs somewhere");
}

Status look_at_images(EcrApi& ecr) {
    TRY_ASSIGN(const auto images, ecr.describe_images(kRepository, {kId}, Deadline::none()));
    for (const auto& image : images)
        require(std::ranges::count(images, image.digest, &EcrImage::digest) == 1, "each digest once", image.digest);
    return {};
}

Status look_at_manifest(EcrApi& ecr) {
    TRY_ASSIGN(const auto manifest, ecr.get_manifest(kRepository, kId, Deadline::none()));
    check_manifest(manifest);
    return {};
}

std::string answer_with(std::string_view manifest, std::string_view media_type) {
    return dump_json(
        {{"images",
          {{{"imageId", {{"imageTag", "v7"}}}, {"imageManifest", manifest}, {"imageManifestMediaType", media_type}}}}});
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const auto line_end = input.find('\n');
    if (size < 2 || line_end == std::string_view::npos || line_end < 2) return 0;
    const auto rest = input.substr(line_end + 1);

    testing::FakeHttp http;
    if (data[0] == 'c') {
        if (const auto config = read_config(rest); !config)
            fuzzing::require_readable(config.error().message, "an error");
        return 0;
    }
    if (data[0] == 'm') {
        http.then(200, fuzzing::answer_with(rest, input.substr(2, line_end - 2)));
    } else {
        const int status = fuzzing::kStatuses[data[1] % fuzzing::kStatuses.size()];
        for (const auto& body : split(rest, '\n')) http.then(status, body);
    }
    testing::FakeCredentials credentials;
    testing::RecordingLog log;
    testing::FakeSleeper sleeper(log.clock);
    EcrClient ecr({.region = "eu-west-1"}, http, credentials, log.clock, sleeper, log.logger);
    const auto done = data[0] % 2 == 0 ? fuzzing::look_at_images(ecr) : fuzzing::look_at_manifest(ecr);
    if (!done) fuzzing::require_readable(done.error().message, "an error");
    return 0;
}
