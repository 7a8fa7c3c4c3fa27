#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/references.hpp"
#include "config/config.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// What a service uses, and whether a change is one of that. Pure.

/// Where something of AWS is; empty texts are not known and fit everything.
struct Place {
    std::string account;
    std::string region;
    friend bool operator==(const Place&, const Place&) = default;
};

/// Where an ARN says that it is.
[[nodiscard]] Place place_of_arn(std::string_view arn);

/// A repository of Amazon ECR that a container's image is of.
struct RepositoryUse {
    std::string repository;
    Place place;
    friend bool operator==(const RepositoryUse&, const RepositoryUse&) = default;
};

/// A parameter of Parameter Store whose newest value a task gets when it starts.
struct ParameterUse {
    std::string name;  ///< without a slash in front
    Place place;
    friend bool operator==(const ParameterUse&, const ParameterUse&) = default;
};

/// A secret of Secrets Manager of which a task gets what a stage of it holds when it starts.
struct SecretUse {
    std::string name;   ///< with or without the six characters that Secrets Manager appends in ARNs
    std::string stage;  ///< AWSCURRENT, unless the task definition names another one
    Place place;
    friend bool operator==(const SecretUse&, const SecretUse&) = default;
};

/// What the tasks of a service take from outside of their task definition when they start.
struct ServiceUses {
    std::vector<RepositoryUse> repositories;
    std::vector<ParameterUse> parameters;
    std::vector<SecretUse> secrets;
    std::vector<S3File> files;
    friend bool operator==(const ServiceUses&, const ServiceUses&) = default;
};

/// `home`: where the task runs, for what is named without an ARN. What cannot change is left out: images of other
/// registries than ECR, parameters and secrets of a fixed version.
///
/// Shapes of the names: ECS developer guide, "Pass Secrets Manager secrets through Amazon ECS environment variables"
/// and its neighbours on Parameter Store, on files and on private registries.
[[nodiscard]] ServiceUses uses_of(const EcsReferences& references, const Place& home);

// `place`: where it happened.

/// `replica_region`: where there is a replica that counts as well; empty for nowhere.
[[nodiscard]] bool uses_repository(const ServiceUses& uses, std::string_view repository, const Place& place,
                                   std::string_view replica_region = {});
/// `name`: as in the event, with or without a slash in front.
[[nodiscard]] bool uses_parameter(const ServiceUses& uses, std::string_view name, const Place& place);
/// `secret`: an ARN, of which the end may be missing, or a name; `stages`: those that hold another value now.
[[nodiscard]] bool uses_secret(const ServiceUses& uses, std::string_view secret, const std::vector<std::string>& stages,
                               const Place& place);
[[nodiscard]] bool uses_file(const ServiceUses& uses, const S3File& file);

/// The name in a secret's ARN, with what Secrets Manager appended to it; other text as it is.
[[nodiscard]] std::string_view secret_name(std::string_view secret);

/// `arn:PARTITION:s3:::BUCKET/KEY`; `nullopt` for what names no object.
[[nodiscard]] std::optional<S3File> parse_object_arn(std::string_view arn);

}  // namespace ci_lambda
