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

/// The image under another tag and digest, as Docker writes it: `REGISTRY/REPOSITORY:TAG@DIGEST`, without what is
/// empty. Where there are both, the digest decides what is pulled, and the tag is for people.
[[nodiscard]] std::string with_tag_and_digest(const ImageReference& image, std::string_view tag,
                                              std::string_view digest);

// What the parts may be (distribution, reference grammar). Reading takes anything; this is for what people write.

/// Slashes between lower-case words, which have single `.`, `_`, `__` or any number of `-` in them.
[[nodiscard]] bool is_repository_name(std::string_view text);
/// At most 128 letters, digits, `_`, `.` and `-`, the first of them neither `.` nor `-`.
[[nodiscard]] bool is_image_tag(std::string_view text);
/// `sha256:` and 64 lower-case hexadecimal digits, the only algorithm that ECS takes.
[[nodiscard]] bool is_image_digest(std::string_view text);

/// Whose registry of Amazon ECR it is, and where.
struct EcrRegistry {
    std::string_view account;
    std::string_view region;
    friend bool operator==(const EcrRegistry&, const EcrRegistry&) = default;
};
/// Reads the registry of an image: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, also the names for FIPS (`dkr.ecr-fips`),
/// for IPv6 (`ACCOUNT.dkr-ecr.REGION.on.aws`) and of the other partitions (`.amazonaws.com.cn`, ..); `nullopt` for any
/// other host. Two images are of one repository when account, region and repository are the same, whatever the host is.
[[nodiscard]] std::optional<EcrRegistry> parse_ecr_registry(std::string_view host);

/// Whether two hosts are the same registry: of ECR by account and region, else by name.
[[nodiscard]] bool is_same_registry(std::string_view a, std::string_view b);

/// The image's name without its tag and digest: registry and repository.
[[nodiscard]] std::string_view image_name(std::string_view image);

/// An image's tag and the beginning of its digest, for a person, as far as it has them: "v1.43",
/// "v1.43@sha256:0123456789ab"; "latest" where it has neither.
[[nodiscard]] std::string short_image(std::string_view image);

/// The region in `arn:PARTITION:SERVICE:REGION:..`; empty for what is no ARN, and in those of S3, which have none.
[[nodiscard]] std::string_view region_of_arn(std::string_view arn);
/// The account in `arn:PARTITION:SERVICE:REGION:ACCOUNT:..`, likewise.
[[nodiscard]] std::string_view account_of_arn(std::string_view arn);

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
