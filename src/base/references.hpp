#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda {

// Names that are made of others. Views into the text that was given.

/// `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`; what is not there is empty. The first part is a registry only when it has a
/// dot or a port, or is `localhost` (distribution, reference grammar).
struct ImageReference {
    std::string_view registry;
    std::string_view repository;
    std::string_view tag;
    std::string_view digest;  ///< `sha256:..`
};
[[nodiscard]] ImageReference parse_image(std::string_view image);

/// Whose registry of Amazon ECR a host is: `ACCOUNT.dkr.ecr.REGION.SUFFIX`, also by its FIPS and dual-stack names;
/// `nullopt` for others (Amazon ECR user guide, "Amazon ECR private registry").
struct EcrRegistry {
    std::string_view account;
    std::string_view region;
};
[[nodiscard]] std::optional<EcrRegistry> parse_ecr_registry(std::string_view host);

/// The image's name without its tag and digest: registry and repository.
[[nodiscard]] std::string_view image_name(std::string_view image);

/// The region in `arn:PARTITION:SERVICE:REGION:..`; empty for what is no ARN, and in those of S3, which have none.
[[nodiscard]] std::string_view region_of_arn(std::string_view arn);

/// A task definition's revision.
struct RevisionName {
    std::string_view family;
    unsigned long long number = 0;
};
/// Reads `arn:PARTITION:ecs:REGION:ACCOUNT:task-definition/FAMILY:NUMBER` and `FAMILY:NUMBER`; `nullopt` for what names
/// no revision.
[[nodiscard]] std::optional<RevisionName> parse_revision(std::string_view task_definition);

/// `FAMILY:NUMBER` of a revision's ARN, for a person.
[[nodiscard]] std::string short_name(std::string_view task_definition_arn);

}  // namespace ci_lambda
