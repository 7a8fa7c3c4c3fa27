#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"

namespace ci_lambda {

struct DeploymentTarget;

/// A cluster, wherever it is: its name means something in one region of one account only.
struct ClusterRef {
    std::string account;  ///< twelve digits; empty: that of the credentials
    std::string region;
    ClusterName name;
    friend auto operator<=>(const ClusterRef&, const ClusterRef&) = default;
};

/// Everything that ECS needs to know about one of our services.
struct EcsTarget {
    ServiceId id;
    ClusterName cluster;
    EcsServiceName service;
    TaskFamily family;
    std::string region = {};
    std::string account = {};            ///< as in `ClusterRef`
    std::string deployment_target = {};  ///< its name, where there are several; else empty

    /// "api", or "api in us" where there are several deployment targets.
    [[nodiscard]] std::string label() const;
    /// What services that can be asked for together have in common.
    [[nodiscard]] ClusterRef cluster_ref() const { return {.account = account, .region = region, .name = cluster}; }
    friend bool operator==(const EcsTarget&, const EcsTarget&) = default;
};

/// A name pattern: text with `{project}`, `{env}` and `{name}`.
class NamePattern {
public:
    /// Fails on a placeholder other than the three, an unbalanced brace, an empty text, and, where
    /// `needs_name` is set, on a pattern without `{name}`: two services would share one name.
    [[nodiscard]] static Result<NamePattern> parse(std::string_view text, bool needs_name);

    /// The name with the placeholders filled in. For the backend (`kBackend`), `_{name}`, `{name}_` or `{name}`
    /// is removed instead: `{project}_service_{name}_{env}` -> `shop_service_dev`.
    [[nodiscard]] std::string expand(std::string_view project, std::string_view env, const ServiceId& id) const;

    [[nodiscard]] const std::string& text() const { return text_; }
    friend bool operator==(const NamePattern&, const NamePattern&) = default;

private:
    explicit NamePattern(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// The canonical id of the backend service.
inline constexpr std::string_view kBackend = "backend";

/// True for text made of letters, digits, `_`, `-` and `.` only, not empty, and no longer than ECS's own names (255).
[[nodiscard]] bool is_valid_service_id(std::string_view text);

/// True for the twelve digits of an AWS account.
[[nodiscard]] bool is_account(std::string_view text);
/// True for what can be the name of a region, `us-east-1`; which there are is not known here.
[[nodiscard]] bool is_region(std::string_view text);
/// The account of a role, `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`; `nullopt` for all other text.
[[nodiscard]] std::optional<std::string> account_of_role(std::string_view arn);

/// The family of the copies that a rollback registers. Not the service's own, whose newest revision is what the next
/// event deploys.
[[nodiscard]] TaskFamily rollback_family(const TaskFamily& family);

/// Service ids <-> ECS names, by map or by pattern. Immutable.
class Names {
public:
    struct MapEntry {
        EcsServiceName service;
        TaskFamily family;
        bool by_pattern = false;  ///< nobody wrote the service's name; the pattern made it
        friend bool operator==(const MapEntry&, const MapEntry&) = default;
    };
    struct Options {
        std::string project;
        std::string environment;
        std::string region = {};
        std::string account = {};            ///< empty: nobody has said
        std::string deployment_target = {};  ///< as in `EcsTarget`
        std::string backend_service_name;    ///< BACKEND_SERVICE_NAME; may be empty
        NamePattern cluster_pattern;
        NamePattern service_pattern;
        NamePattern family_pattern;
        std::optional<ClusterName> cluster_name;    ///< ECS_CLUSTER_NAME
        std::map<ServiceId, MapEntry> service_map;  ///< ECS_SERVICE_MAP, or the document's services where any has a
                                                    ///< name; keys canonical; empty = use the patterns
        /// All that is in the clusters, where that was looked at (DISCOVERY): there is nothing else then.
        std::optional<std::map<ServiceId, EcsTarget>> discovered = {};
        friend bool operator==(const Options&, const Options&) = default;
    };
    explicit Names(Options options) : options_(std::move(options)) {}

    /// `""`, `backend` and BACKEND_SERVICE_NAME are the backend; any other valid text is itself; `nullopt` for text
    /// that cannot be an id.
    [[nodiscard]] std::optional<ServiceId> canonical(std::string_view text) const;
    [[nodiscard]] static std::optional<ServiceId> canonical(std::string_view text, std::string_view backend_name);

    /// The ECS names of a canonical id; `nullopt` when there is a service map and the id is not in it: not ours.
    [[nodiscard]] std::optional<EcsTarget> target(const ServiceId& id) const;

    /// The id whose ECS service has this name; `nullopt` when it is none of ours. `target(*result)->service == name`.
    [[nodiscard]] std::optional<ServiceId> id_of(const EcsServiceName& name) const;

    /// A name taken apart by the pattern, as another project's or environment's.
    struct Reading {
        std::string project;
        std::string environment;
        ServiceId id;
    };
    /// How else the name of an ECS service can be read: as that of one of `ids` elsewhere. Other projects always count,
    /// as their clusters may have been named without a pattern. Other environments of our project do not count where
    /// the pattern of the cluster tells them apart, nor for the backend, which would make an environment `api_dev` of
    /// every service `api`. None for a name that a service map has in so many words: there is nothing left to read.
    [[nodiscard]] std::optional<Reading> read_elsewhere(const EcsServiceName& name,
                                                        const std::vector<ServiceId>& ids) const;

    [[nodiscard]] ClusterName cluster() const;
    /// BACKEND_SERVICE_NAME is set.
    [[nodiscard]] bool has_backend_name() const { return !options_.backend_service_name.empty(); }
    [[nodiscard]] bool has_service_map() const { return !options_.service_map.empty(); }
    [[nodiscard]] const std::map<ServiceId, MapEntry>& service_map() const { return options_.service_map; }
    /// The ids of the service map and of what was discovered, sorted; empty when the patterns are used.
    [[nodiscard]] std::vector<std::string> mapped_ids() const;

    /// The same names of another environment of the project: what has a name of its own, whatever the environment,
    /// keeps it. Without what was discovered.
    [[nodiscard]] Names in_environment(std::string environment) const;

    /// The same names in a deployment target, which is called so; empty where there is only one. Without what was
    /// discovered.
    [[nodiscard]] Names in_target(const DeploymentTarget& target, const std::string& called) const;

    /// The same names with what is in the clusters, by ids that `discovered_id` gave.
    [[nodiscard]] Names with_discovered(std::map<ServiceId, EcsTarget> discovered) const;
    /// What a service of a cluster is called: in the project's own cluster as the map or the patterns have it, else by
    /// its name in ECS; in another one by `CLUSTER.NAME`. What was discovered before plays no part.
    [[nodiscard]] ServiceId discovered_id(const ClusterName& cluster, const EcsServiceName& name) const;
    /// Whether all that there is was looked at.
    [[nodiscard]] bool are_discovered() const { return options_.discovered.has_value(); }
    [[nodiscard]] const std::map<ServiceId, EcsTarget>& discovered() const;
    /// The service that has this name in this cluster.
    [[nodiscard]] std::optional<ServiceId> id_of(const ClusterName& cluster, const EcsServiceName& name) const;
    [[nodiscard]] const std::string& region() const { return options_.region; }
    [[nodiscard]] const std::string& account() const { return options_.account; }
    [[nodiscard]] const std::string& deployment_target() const { return options_.deployment_target; }

    friend bool operator==(const Names&, const Names&) = default;

private:
    /// By the map alone, and by the map or the patterns.
    [[nodiscard]] std::optional<ServiceId> mapped_id_of(const EcsServiceName& name) const;
    [[nodiscard]] std::optional<ServiceId> configured_id_of(const EcsServiceName& name) const;

    Options options_;
};

}  // namespace ci_lambda
