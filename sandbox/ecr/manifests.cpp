#include "sandbox/ecr/manifests.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";

Json descriptor(std::string_view media_type, std::string digest, std::int64_t size) {
    return {{"mediaType", media_type}, {"digest", std::move(digest)}, {"size", size}};
}

Json manifest_of(Json config, Json layer) {
    return {{"schemaVersion", 2},
            {"mediaType", kOciManifestType},
            {"config", std::move(config)},
            {"layers", Json::array({std::move(layer)})}};
}

Json descriptor_of(const BuiltManifest& built, std::string_view os, std::string_view architecture) {
    auto json = descriptor(built.media_type, sha256_digest(built.text), static_cast<std::int64_t>(built.text.size()));
    json["platform"] = {{"os", os}, {"architecture", architecture}};
    return json;
}

BuiltManifest built(const Json& manifest, std::string config = {}) {
    return {.text = dump_json(manifest),
            .media_type = find_string(manifest, "mediaType").value_or(""),
            .config = std::move(config)};
}

/// OCI image-spec, config.md.
std::string config_of(std::string_view architecture, std::string_view layer, const ImageLabels& labels) {
    Json config{{"architecture", architecture},
                {"os", "linux"},
                {"config", {{"Cmd", {"/app"}}}},
                {"rootfs", {{"type", "layers"}, {"diff_ids", {layer}}}}};
    if (!labels.empty()) config["config"]["Labels"] = labels;
    return dump_json(config);
}

Json descriptor_of_config(const std::string& config) {
    return descriptor(kConfigType, sha256_digest(config), static_cast<std::int64_t>(config.size()));
}

}  // namespace

std::string sha256_digest(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1) return {};
    std::string digest = "sha256:";
    for (unsigned int i = 0; i < size; ++i) digest += fmt::format("{:02x}", hash.at(i));
    return digest;
}

std::vector<BuiltManifest> build_image(std::string_view content, const ImageLabels& labels) {
    std::vector<BuiltManifest> all;
    Json listed = Json::array();
    Json attestations = Json::array();
    for (const std::string_view architecture : {"amd64", "arm64"}) {
        const auto part = [&](std::string_view name) {
            return sha256_digest(fmt::format("{} {} {}", content, architecture, name));
        };
        auto config = config_of(architecture, part("layer"), labels);
        all.push_back(
            built(manifest_of(descriptor_of_config(config), descriptor(kLayerType, part("layer"), 3'408'729)), config));
        auto image = descriptor_of(all.back(), "linux", architecture);
        const auto image_digest = image["digest"];
        auto statement = descriptor(kInTotoType, part("provenance"), 5102);
        statement["annotations"] = {{"in-toto.io/predicate-type", "https://slsa.dev/provenance/v0.2"}};
        config = config_of("unknown", part("provenance"), {});
        all.push_back(built(manifest_of(descriptor_of_config(config), std::move(statement)), config));
        auto attestation = descriptor_of(all.back(), "unknown", "unknown");
        attestation["annotations"] = {{"vnd.docker.reference.digest", image_digest},
                                      {"vnd.docker.reference.type", "attestation-manifest"}};
        listed.push_back(std::move(image));
        attestations.push_back(std::move(attestation));
    }
    for (auto& attestation : attestations) listed.push_back(std::move(attestation));
    all.push_back(built({{"schemaVersion", 2}, {"mediaType", kOciIndexType}, {"manifests", std::move(listed)}}));
    return all;
}

std::vector<std::string> listed_digests(std::string_view manifest) {
    std::vector<std::string> digests;
    const auto json = parse_json(manifest);
    const Json* manifests = json ? find(*json, "manifests") : nullptr;
    if (manifests == nullptr || !manifests->is_array()) return digests;
    for (const auto& one : *manifests) digests.push_back(find_string(one, "digest").value_or(""));
    return digests;
}

std::string media_type_of(const Json& manifest) {
    if (const auto said = find_string(manifest, "mediaType")) return *said;
    if (find(manifest, "manifests") != nullptr) return std::string(kOciIndexType);
    if (find(manifest, "config") != nullptr) return std::string(kOciManifestType);
    return {};
}

std::string artifact_media_type_of(const Json& manifest) {
    if (const auto said = find_string(manifest, "artifactType")) return *said;
    const Json* config = find(manifest, "config");
    return config == nullptr ? "" : find_string(*config, "mediaType").value_or("");
}

std::int64_t size_of(const Json& manifest) {
    std::int64_t sum = 0;
    const auto add = [&](const Json& one) {
        const Json* size = find(one, "size");
        if (size != nullptr && size->is_number_integer()) sum += size->get<std::int64_t>();
    };
    for (const std::string_view list : {"layers", "manifests"})
        if (const Json* items = find(manifest, list); items != nullptr && items->is_array())
            for (const auto& item : *items) add(item);
    if (const Json* config = find(manifest, "config")) add(*config);
    return sum;
}

}  // namespace ci_lambda::sandbox
