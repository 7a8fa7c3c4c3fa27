#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda {

/// An image that was pushed.
struct PushedImage {
    std::string repository;  ///< without the registry
    std::string tag;
    std::string digest = {};   ///< `sha256:..`; empty where the event does not say
    std::string account = {};  ///< of the registry; empty where nobody says
    std::string region = {};
    WallTime at{};              ///< when it was pushed
    std::string registry = {};  ///< host, where a person has named it: only what is in that registry is meant
    /// A range of versions has let its tag in: never older than what runs.
    bool by_version = false;
    /// The region whose registry has it by replication, where that one counts as the same; empty: none does.
    std::string replica_region = {};
    friend bool operator==(const PushedImage&, const PushedImage&) = default;
};

/// `REPOSITORY:TAG`, for people.
[[nodiscard]] std::string name_of(const PushedImage& pushed);

/// Whether what is in a registry of `region` counts as what was pushed to one of `pushed_in`: there itself, or its
/// replica, which has the same repository, tag and digest (ECR user guide, "Private image replication"). A region that
/// nobody knows is any.
[[nodiscard]] bool counts_in(std::string_view region, std::string_view pushed_in, std::string_view replica_region);

/// Whether `image`, of a container, is of the repository that this was pushed to: the same name, and the same registry
/// where both are known, or that of its replica.
[[nodiscard]] bool is_of_repository(std::string_view image, const PushedImage& pushed);

/// Whether `image` is of the replica's repository, which may get later what was pushed.
[[nodiscard]] bool is_of_replica(std::string_view image, const PushedImage& pushed);

/// The same image by its digest, in the same repository.
[[nodiscard]] bool is_same_image(const PushedImage& pushed, std::string_view image, std::string_view digest);

/// Whether it is by version, and `tag`, of another image of the repository, is a higher one.
[[nodiscard]] bool is_older_version(const PushedImage& pushed, std::string_view tag);

/// The last one that was pushed to the repository of `image`, of a container, or, of those by version, the highest one;
/// nullptr for none.
[[nodiscard]] const PushedImage* newest_for(std::string_view image, const std::vector<PushedImage>& images);

}  // namespace ci_lambda
