#include "discovery/uses.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "images/pushed_image.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kCurrent = "AWSCURRENT";
/// Parameter Store shows secrets as parameters of this name (Systems Manager user guide, "Referencing AWS Secrets
/// Manager secrets").
constexpr std::string_view kSecretAsParameter = "aws/reference/secretsmanager/";

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; the resource may have colons.
struct Arn {
    std::string_view service;
    std::string_view region;
    std::string_view account;
    std::string_view resource;

    [[nodiscard]] Place place() const { return {.account = std::string(account), .region = std::string(region)}; }
};

std::optional<Arn> parse_arn(std::string_view text) {
    constexpr std::size_t kParts = 5;  // in front of the resource
    std::array<std::string_view, kParts> parts;
    for (auto& part : parts) {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        part = text.substr(0, colon);
        text.remove_prefix(colon + 1);
    }
    if (parts[0] != "arn") return std::nullopt;
    return Arn{.service = parts[2], .region = parts[3], .account = parts[4], .resource = text};
}

std::string_view without_slash(std::string_view name) {
    if (name.starts_with('/')) name.remove_prefix(1);
    return name;
}

bool fits(const std::string& a, const std::string& b) { return a.empty() || b.empty() || a == b; }

/// The two can be the same place.
bool fits(const Place& a, const Place& b) { return fits(a.account, b.account) && fits(a.region, b.region); }

void add_parameter(std::string_view name, const Place& place, ServiceUses& uses) {
    name = without_slash(name);
    if (name.starts_with(kSecretAsParameter)) {
        name.remove_prefix(kSecretAsParameter.size());
        uses.secrets.push_back(
            {.name = std::string(name.substr(0, name.find(':'))), .stage = std::string(kCurrent), .place = place});
        return;
    }
    // No name has a colon: behind it stand a version or a label, which new values do not change.
    if (name.empty() || name.contains(':')) return;
    uses.parameters.push_back({.name = std::string(name), .place = place});
}

/// `secret:NAME[:JSON-KEY[:STAGE[:VERSION]]]`, each part but the name may be empty.
void add_secret(const Arn& arn, ServiceUses& uses) {
    constexpr std::size_t kName = 1;
    constexpr std::size_t kStage = 3;
    constexpr std::size_t kVersion = 4;
    const auto parts = split(arn.resource, ':');
    if (parts.size() <= kName || parts[0] != "secret" || parts[kName].empty()) return;
    if (parts.size() > kVersion && !parts[kVersion].empty()) return;  // it stays as it is
    const bool has_stage = parts.size() > kStage && !parts[kStage].empty();
    uses.secrets.push_back(
        {.name = parts[kName], .stage = has_stage ? parts[kStage] : std::string(kCurrent), .place = arn.place()});
}

void add_value(std::string_view value, const Place& home, ServiceUses& uses) {
    constexpr std::string_view kParameter = "parameter";
    const auto arn = parse_arn(value);
    if (!arn)
        add_parameter(value, home, uses);
    else if (arn->service == "secretsmanager")
        add_secret(*arn, uses);
    else if (arn->service == "ssm" && arn->resource.starts_with(kParameter))
        add_parameter(arn->resource.substr(kParameter.size()), arn->place(), uses);
}

void add_image(std::string_view image, ServiceUses& uses) {
    const auto parts = parse_image(image);
    const auto registry = parse_ecr_registry(parts.registry);
    if (!registry) return;
    RepositoryUse use{.repository = std::string(parts.repository),
                      .place = {.account = std::string(registry->account), .region = std::string(registry->region)}};
    if (std::ranges::find(uses.repositories, use) == uses.repositories.end())
        uses.repositories.push_back(std::move(use));
}

/// Secrets Manager appends a hyphen and six characters to the name in ARNs.
std::string_view without_suffix(std::string_view name) {
    constexpr std::size_t kSuffix = 7;
    if (name.size() <= kSuffix || name[name.size() - kSuffix] != '-') return name;
    const auto suffix = name.substr(name.size() - kSuffix + 1);
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return std::ranges::all_of(suffix, is_plain) ? name.substr(0, name.size() - kSuffix) : name;
}

/// One of the two may be without what Secrets Manager appends.
bool is_same_secret(std::string_view a, std::string_view b) {
    return a == b || without_suffix(a) == b || a == without_suffix(b);
}

}  // namespace

Place place_of_arn(std::string_view arn) {
    return {.account = std::string(account_of_arn(arn)), .region = std::string(region_of_arn(arn))};
}

ServiceUses uses_of(const EcsReferences& references, const Place& home) {
    ServiceUses uses;
    for (const auto& image : references.images) add_image(image, uses);
    for (const auto& value : references.values) add_value(value, home, uses);
    for (const auto& file : references.files)
        if (auto object = parse_object_arn(file)) uses.files.push_back(*std::move(object));
    return uses;
}

bool uses_repository(const ServiceUses& uses, std::string_view repository, const Place& place,
                     std::string_view replica_region) {
    return std::ranges::any_of(uses.repositories, [&](const RepositoryUse& use) {
        return use.repository == repository && fits(use.place.account, place.account) &&
               counts_in(use.place.region, place.region, replica_region);
    });
}

bool uses_parameter(const ServiceUses& uses, std::string_view name, const Place& place) {
    name = without_slash(name);
    return std::ranges::any_of(uses.parameters,
                               [&](const ParameterUse& use) { return use.name == name && fits(use.place, place); });
}

bool uses_secret(const ServiceUses& uses, std::string_view secret, const std::vector<std::string>& stages,
                 const Place& place) {
    const auto name = secret_name(secret);
    return std::ranges::any_of(uses.secrets, [&](const SecretUse& use) {
        return is_same_secret(use.name, name) && fits(use.place, place) &&
               std::ranges::find(stages, use.stage) != stages.end();
    });
}

bool uses_file(const ServiceUses& uses, const S3File& file) {
    return std::ranges::find(uses.files, file) != uses.files.end();
}

std::string_view secret_name(std::string_view secret) {
    constexpr std::string_view kSecret = "secret:";
    const auto arn = parse_arn(secret);
    if (!arn || !arn->resource.starts_with(kSecret)) return secret;
    const auto name = arn->resource.substr(kSecret.size());
    return name.substr(0, name.find(':'));
}

std::optional<S3File> parse_object_arn(std::string_view text) {
    const auto arn = parse_arn(text);
    if (!arn || arn->service != "s3") return std::nullopt;
    const auto slash = arn->resource.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == arn->resource.size()) return std::nullopt;
    return S3File{.bucket = std::string(arn->resource.substr(0, slash)),
                  .key = std::string(arn->resource.substr(slash + 1))};
}

}  // namespace ci_lambda
