#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's Secrets Manager keeps: plain data.

inline constexpr std::string_view kCurrentStage = "AWSCURRENT";
inline constexpr std::string_view kPreviousStage = "AWSPREVIOUS";
inline constexpr std::string_view kPendingStage = "AWSPENDING";

/// The value of a secret: a text, or bytes, which are kept as the base64 that they came in.
struct SecretValue {
    std::string content;
    bool binary = false;
    friend bool operator==(const SecretValue&, const SecretValue&) = default;
};

struct SecretVersion {
    std::string id;
    SecretValue value;
    WallTime created_at{};
};

struct StoredSecret {
    std::string name;
    std::string suffix;  ///< the six characters at the end of its ARN
    std::string description = {};
    std::string kms_key_id = {};
    std::string rotation_function = {};  ///< ARN; empty: it is not rotated
    int rotation_days = 0;
    std::string tags = "[]";  ///< as they came: JSON
    WallTime created_at{};
    WallTime changed_at{};
    std::optional<WallTime> rotated_at = {};
    std::optional<WallTime> deleted_at = {};         ///< when it will be gone: nobody may use it until it is restored
    std::vector<SecretVersion> versions = {};        ///< in the order of their creation; each id once
    std::map<std::string, std::string> stages = {};  ///< the version that holds each: a stage is at one version only

    /// nullptr when it is not there.
    [[nodiscard]] const SecretVersion* with_id(std::string_view id) const;
    [[nodiscard]] const SecretVersion* with_stage(const std::string& stage) const;
    [[nodiscard]] std::vector<std::string> stages_of(std::string_view id) const;
};

struct SecretsManagerState {
    std::string account;
    std::string region;
    std::map<std::string, StoredSecret> secrets = {};  ///< by name

    [[nodiscard]] std::string arn_of(const StoredSecret& secret) const;
    /// By its name, its ARN, or its ARN without the six characters; nullptr when it is not there.
    [[nodiscard]] StoredSecret* find(std::string_view id);
};

/// Lets the version hold the stage, and no other one. Where AWSCURRENT moves, AWSPREVIOUS goes to the version that held
/// it (Secrets Manager API reference, UpdateSecretVersionStage).
void move_stage(StoredSecret& secret, const std::string& stage, const std::string& version);

}  // namespace ci_lambda::sandbox
