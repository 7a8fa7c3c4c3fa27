#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include "base/references.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// Signatures, attestations and bills of materials are pushed beside the image, tagged with the image's digest:
/// `sha256-<hex>.sig` (Sigstore's cosign, SIGNATURE_SPEC.md).
bool is_attachment(std::string_view tag) {
    constexpr std::string_view kPrefix = "sha256-";
    constexpr std::array<std::string_view, 3> kSuffixes{".sig", ".att", ".sbom"};
    if (!tag.starts_with(kPrefix)) return false;
    tag.remove_prefix(kPrefix.size());
    const auto digits = std::min(tag.find_first_not_of("0123456789abcdef"), tag.size());
    return digits > 0 && std::ranges::find(kSuffixes, tag.substr(digits)) != kSuffixes.end();
}

/// `{project}_backend` or `{project}_service_{name}`, the whole of it.
std::vector<ServiceId> services_by_name(std::string_view repository, const Config& config) {
    if (repository == config.project + "_backend") return {ServiceId{std::string(kBackend)}};
    const std::string prefix = config.project + "_service_";
    if (!repository.starts_with(prefix)) return {};
    const auto name = repository.substr(prefix.size());
    // Without this check, an empty name would mean the backend.
    if (!is_valid_service_id(name)) return {};
    const auto id = config.names.canonical(name);
    return id ? std::vector{*id} : std::vector<ServiceId>{};
}

std::vector<ServiceId> services_of(const std::string& repository, const Config& config) {
    if (config.ecr_repositories.empty()) return services_by_name(repository, config);
    const auto found = config.ecr_repositories.find(repository);
    return found == config.ecr_repositories.end() ? std::vector<ServiceId>{} : found->second;
}

std::string not_our_repository(const std::string& repository, const Config& config) {
    if (!config.ecr_repositories.empty())
        return fmt::format("repository {} is not in {}", repository, config.called("ECR_REPO_MAP"));
    return fmt::format("repository {0} is not one of {1}: neither {1}_backend nor {1}_service_NAME", repository,
                       config.project);
}

}  // namespace

Decision decide_ecr(const EcrImageAction& push, const Config& config) {
    if (!config.ecr_enabled) return ignore("pushed images do not deploy (ENABLE_ECR_MONITORING is off)");
    const bool replicated = push.action == "REPLICATE";
    if (push.action != "PUSH" && !replicated)
        return ignore(fmt::format("action {} on an image is not a push", push.action));
    if (push.result != "SUCCESS")
        return ignore(fmt::format("the {} did not succeed ({})", replicated ? "replication" : "push", push.result));
    const auto how = replicated ? "replicated" : "pushed";
    if (!push.tag || push.tag->empty())
        return ignore(fmt::format("an image without a tag was {} to {}: part of another image, most likely", how,
                                  push.repository));
    if (is_attachment(*push.tag))
        return ignore(fmt::format("{}:{} is a signature or attestation, not an image", push.repository, *push.tag));

    auto services = services_of(push.repository, config);
    if (services.empty()) return ignore(not_our_repository(push.repository, config));
    auto decision = deploy_automatically(std::move(services),
                                         fmt::format("image {}:{} was {}", push.repository, *push.tag, how), config);
    if (auto* deploy = std::get_if<Deploy>(&decision))
        for (auto& request : deploy->requests) {
            // What no registry would take is not put into a task definition.
            const bool digest = push.digest && is_image_digest(*push.digest);
            request.images = {
                {.repository = push.repository, .tag = *push.tag, .digest = digest ? *push.digest : std::string()}};
            request.image_mode = config.image_mode_of(request.target.id);
            request.image_pin = config.image_pin;
        }
    return decision;
}

}  // namespace ci_lambda
