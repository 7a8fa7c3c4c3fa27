#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/text.hpp"

namespace ci_lambda::cli {

// `ci_lambda diff`: two revisions of a task definition, member by member, for people and for machines. Pure.

/// One member that is not the same.
struct Difference {
    std::string place;  ///< "image", "environment LOG_LEVEL", "runtimePlatform.cpuArchitecture"
    std::string before;
    std::string after;
    enum class Kind { kChanged, kAdded, kRemoved } kind = Kind::kChanged;
    /// Its values may be secrets: they are not in here.
    bool hidden = false;
    friend bool operator==(const Difference&, const Difference&) = default;
};

struct ContainerDifference {
    std::string container;
    Difference::Kind kind = Difference::Kind::kChanged;
    std::vector<Difference> differences;  ///< of one that is in both; of the others its image
    friend bool operator==(const ContainerDifference&, const ContainerDifference&) = default;
};

struct DefinitionDifference {
    std::vector<Difference> task;                 ///< of what is not of a container
    std::vector<ContainerDifference> containers;  ///< those that differ, in the order of the newer one
    [[nodiscard]] bool empty() const { return task.empty() && containers.empty(); }
};

/// Both are `taskDefinition` of DescribeTaskDefinition, as JSON. What only answers have (revision, registeredAt, ..)
/// does not count. Of environment variables, commands, labels, options of drivers and all that is not known, only that
/// they differ is said: people keep secrets there.
[[nodiscard]] Result<DefinitionDifference> compare_definitions(std::string_view before, std::string_view after);

/// The definition with these images, by the containers' names.
[[nodiscard]] Result<std::string> with_images(std::string_view definition,
                                              const std::map<std::string, std::string>& images);

/// The image of each container, by its name.
[[nodiscard]] std::map<std::string, std::string> images_in(std::string_view definition);

/// The tag that a container names stands for another image than the one that runs: a deployment brings that.
void add_moved_tag(DefinitionDifference& difference, const std::string& container, const std::string& running_digest,
                   const std::string& next_digest);

/// What a deployment of a service would change.
struct ServiceDifference {
    std::string service;
    std::string running;  ///< revision, for people: `shop-api:42`
    std::string next;     ///< the same; "a copy of shop-api:43" where it is still to be registered
    DefinitionDifference definition;
    std::vector<std::string> notes;  ///< a sentence each
    [[nodiscard]] bool changes() const { return !definition.empty(); }
};

/// `columns`: at most so many; 0: as many as it takes.
[[nodiscard]] std::vector<Line> diff_lines(const ServiceDifference& difference, std::size_t columns);
[[nodiscard]] std::string diff_json(const std::vector<ServiceDifference>& differences);

}  // namespace ci_lambda::cli
